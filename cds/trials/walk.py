"""Rules looked through for the linter: which concepts they name in which place, and limits that exclude each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from cds.core.criteria import (
    Age,
    AllergicTo,
    AllOf,
    AnyOf,
    Asked,
    Diagnosis,
    Exposed,
    HasCondition,
    IfThen,
    Measured,
    Not,
    PerformanceStatus,
    Readings,
    SexIs,
    Underwent,
    Vaccinated,
    leaves,
)
from cds.core.vocabulary import ConceptKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from cds.core.criteria import Limit, Rule
    from cds.core.vocabulary import Vocabulary

_DRUGS = (ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS)
_ECOG_WORST = 5


def misfits(rule: Rule, vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    """Give each concept that is of another kind than its place in a rule asks for, with the kind asked for."""
    for leaf in leaves(rule):
        for names, kinds in _named(leaf):
            for name in names:
                concept = vocabulary.concepts.get(name)
                if concept is None or concept.kind not in kinds:
                    yield name, " or ".join(kind.value for kind in kinds)


def _named(
    rule: Rule,
) -> tuple[tuple[tuple[str, ...], tuple[ConceptKind, ...]], ...]:
    match rule:
        case Diagnosis():
            sites = rule.sites + rule.except_sites
            return (rule.histologies, (ConceptKind.HISTOLOGY,)), (sites, (ConceptKind.SITE,))
        case HasCondition():
            return ((rule.concepts, (ConceptKind.CONDITION,)),)
        case Measured():
            return ((rule.concepts, (ConceptKind.MEASUREMENT,)),)
        case Exposed():
            return ((rule.drugs + rule.but_not, _DRUGS),)
        case Underwent():
            return ((rule.procedures, (ConceptKind.PROCEDURE,)),)
        case Vaccinated():
            return ((rule.vaccines, (ConceptKind.VACCINE,)),)
        case AllergicTo():
            return ((rule.substances, (*_DRUGS, ConceptKind.SUBSTANCE)),)
        case _:
            return ()


def contradiction(rule: Rule, vocabulary: Vocabulary) -> str | None:
    """Say why no patient, or every one, could satisfy a part of a rule; nothing where that is not so."""
    return next((reason for leaf in leaves(rule) if (reason := _impossible(leaf, vocabulary))), None)


def _impossible(rule: Rule, vocabulary: Vocabulary) -> str | None:  # noqa: C901 - one line a node
    match rule:
        case Age(at_least=low, at_most=high):
            return "no age lies within the limits" if low is not None and high is not None and low > high else None
        case PerformanceStatus(at_most=high, at_least=low):
            return "no ECOG grade lies within the limits" if low > high or high > _ECOG_WORST else None
        case Measured():
            return _no_value_fits(rule, vocabulary)
        case Exposed():
            left = vocabulary.ingredients_of(rule.drugs).keys() - vocabulary.ingredients_of(rule.but_not).keys()
            return _window(rule.within_days) or (None if left else "but_not leaves no drug over")
        case HasCondition() | Underwent() | Vaccinated():
            return _window(rule.within_days)
        case Diagnosis():
            both = set(rule.except_sites) & vocabulary.narrower(rule.sites) if rule.sites else set()
            return f"{min(both)} is asked for and excepted" if both else None
        case SexIs() | AllergicTo() | Asked():
            return None
        case AllOf() | AnyOf() | Readings() | Not() | IfThen():
            raise AssertionError("a composite rule is no leaf")
    assert_never(rule)


def _window(days: int | None) -> str | None:
    return "a window of no days holds nothing" if days == 0 else None


def _no_value_fits(rule: Measured, vocabulary: Vocabulary) -> str | None:
    if rule.low is None or rule.high is None or rule.low.against is not rule.high.against:
        return None
    for name in rule.concepts:
        low, high = _canonical(rule.low, name, vocabulary), _canonical(rule.high, name, vocabulary)
        if low > high or (low == high and not (rule.low.inclusive and rule.high.inclusive)):
            return "no value lies within the limits"
    return None


def _canonical(limit: Limit, concept: str, vocabulary: Vocabulary) -> Fraction:
    scale = vocabulary.concepts[concept].scale
    return limit.value * scale.factors.get(limit.unit, 1) if scale else limit.value
