"""Codes that the tables do not hold, and what follows for one from the codes that stand above it in its terminology.

SNOMED CT has far more codes than tables can name. A code that a terminology server places below one of the tables' is
what that one is: below *malignant neoplasm of lung* it is malignant and of the lung, whatever else it says.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from cds.core.chart import Kind
from cds.core.codes import NDC, RXNORM, SNOMED, Code, Coded, fault_of
from cds.core.vocabulary import ConceptKind, Meaning, Relation

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from cds.core.chart import Chart
    from cds.core.vocabulary import Vocabulary


_SERVED = frozenset({SNOMED, RXNORM, NDC})
"""Systems too large for tables: diagnoses and procedures stand below others, products hold ingredients."""


def strange_codes(chart: Chart, vocabulary: Vocabulary, kinds: Collection[Kind]) -> tuple[Code, ...]:
    """Give the SNOMED CT, RxNorm and NDC codes of a chart of which the tables say nothing at all, each once, sorted.

    ``kinds`` are the kinds of entry that matter. Results are left out: a narrower test is another test, whose numbers
    and ranges need not compare. So is a code whose check digit is wrong: it is nobody's.
    """
    sent = {code for coded in _codeds(chart, kinds) for code in coded.codes}
    return tuple(
        sorted(
            code
            for code in {vocabulary.canonical(each) for each in sent}
            if code.system in _SERVED and fault_of(code) is None and not vocabulary.recognises(Coded((code,)))
        )
    )


def _codeds(chart: Chart, kinds: Collection[Kind]) -> Iterable[Coded]:
    if Kind.CONDITION in kinds:
        yield from chain.from_iterable((each.code, *each.histology, *each.sites) for each in chart.conditions)
    others: Mapping[Kind, Iterable[Coded]] = {
        Kind.MEDICATION: (each.code for each in chart.exposures),
        Kind.PROCEDURE: (each.code for each in chart.procedures),
        Kind.IMMUNIZATION: (each.code for each in chart.vaccinations),
        Kind.ALLERGY: (each.code for each in chart.allergies),
    }
    for kind, codeds in others.items():
        if kind in kinds:
            yield from codeds


def held(codes: Iterable[Code], vocabulary: Vocabulary) -> frozenset[Code]:
    """Give those codes that have a row of their own in the tables, if only one that says what they are not."""
    return frozenset(code for code in codes if code in vocabulary.exact or code in vocabulary.denied)


def legacies(above: Mapping[Code, frozenset[Code]], vocabulary: Vocabulary) -> Mapping[Code, tuple[Meaning, ...]]:
    """Give what a code means that stands below all of these, by the code that hands it down, each claim as *narrow*.

    ``above`` holds each of the tables' codes above it, with those above that one in turn. Only the nearest speak, for
    their rows are whole: a metastasis in the liver stands below *malignant neoplasm of liver* and has no site, since
    the site is the primary's. Of a nearest code that is itself too general or not verified, nothing follows; what any
    code above is stated not to mean, the code below it does not mean either, nor anything narrower.
    """
    denied = frozenset[str]().union(*(vocabulary.denied.get(code, frozenset()) for code in above))
    barred = vocabulary.narrower(sorted(denied))
    nearest = sorted(code for code in above if not any(code in above[other] for other in above if other != code))
    handed = {
        code: tuple(
            Meaning(each.concept, Relation.NARROW)
            for each in vocabulary.exact.get(code, ())
            if each.counts and each.concept not in barred and _hands_down(vocabulary.concepts[each.concept].kind)
        )
        for code in nearest
    }
    return {code: meanings for code, meanings in handed.items() if meanings}


def _hands_down(kind: ConceptKind) -> bool:
    """Say whether what stands below a code of this kind is of its concept too; a narrower test is another test."""
    return kind is not ConceptKind.MEASUREMENT
