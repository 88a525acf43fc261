"""Tests for viruses: "positive hepatitis B surface antigen", "undetectable HCV RNA", "HIV antibody negative".

An antigen or antibody is there or not; of a load, what is below what the assay measures counts as not detected, as in
the curated trials. Which treatment or which history excuses a positive test is left over, so that it stays a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cds.core.criteria import AllOf, AnyOf, Measured, Not, Rule, Section, Undetectable
from cds.trials.text.effects import Effect, effects_of
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers.presence import ABSENT, PRESENT
from cds.trials.text.reading import Part, Reading, ReadingKind
from cds.trials.text.tokens import covering

__all__ = ["read_viral_tests"]

_B = r"(?:(?:hepatitis B(?: virus)?|Hep ?B)(?: ?\(HBV\))?|HBV)"
_C = r"(?:(?:hepatitis C(?: virus)?|Hep ?C)(?: ?\(HCV\))?|HCV)"
_HIV = r"(?:human immunodeficiency virus(?: ?\(HIV\))?|HIV)(?:[ -]?1(?:/2)?)?"
_ABBREVIATED = r"(?: ?\((?:anti-?)?(?:HBsAg|HBs ?Ag|HCV ?Ab|HCV|HCV RNA|HBV DNA|RNA|DNA|Ab|HIV ?Ab)\))?"
_MARKERS = (
    (("hbsag",), rf"(?:{_B} surface antigen|HBs ?Ag){_ABBREVIATED}"),
    (("hcv-rna", "hcv-rna-detected"), rf"(?:{_C} (?:RNA|ribonucleic acid|viral load)){_ABBREVIATED}"),
    (("hbv-dna", "hbv-dna-detected"), rf"(?:{_B} (?:DNA|deoxyribonucleic acid|viral load)){_ABBREVIATED}"),
    (("hcv-antibody",), rf"(?:{_C} (?:antibody|antibodies|Ab)|anti-?HCV(?: antibody)?){_ABBREVIATED}"),
    (("hiv-viral-load", "hiv-rna-detected"), rf"(?:{_HIV} (?:RNA|viral load)){_ABBREVIATED}"),
    (("hiv-antibody",), rf"(?:{_HIV} (?:antibody|antibodies|Ab)|anti-?HIV(?: antibody)?){_ABBREVIATED}"),
)
_LOADS = frozenset({"hcv-rna", "hbv-dna", "hiv-viral-load"})
_MARKER = "|".join(f"(?P<m{at}>{form})" for at, (_, form) in enumerate(_MARKERS))
_ANY = "|".join(f"(?:{form})" for _, form in _MARKERS)
_TESTED = r"(?: (?:tests?|testing|results?|status|serology|levels?|PCR|by PCR|assay)){0,2}"
_THERE = r"(?:positive|reactive|detectable|detected)"
_GONE = r"(?:negative|non-?reactive|undetectable|not detect(?:ed|able)|absent)"
_LINK = r"(?:\s?(?:,|/)\s?(?:and/or |or |and )?|\s(?:and/or|or|and)\s)(?:for )?(?:an? |the )?"
_LIST = rf"(?:{_ANY}){_TESTED}(?:{_LINK}(?:{_ANY}){_TESTED}){{0,3}}"
_FORM = re.compile(
    rf"\b(?:(?P<before>{_THERE}|{_GONE}) (?:tests? |results? |serology |serum |blood |status |titers? )?"
    rf"(?:for |of )?(?:an? |the )?(?P<after>{_LIST})"
    rf"|(?P<first>{_LIST})[ -]{{1,2}}(?:(?:is|are|must be|was|be) )?(?P<behind>{_THERE}|{_GONE}))(?![\w-])",
    re.IGNORECASE,
)
_EACH = re.compile(_MARKER, re.IGNORECASE)
_ABSENT = re.compile(_GONE, re.IGNORECASE)
_TURNED = re.compile(
    r"\b(?:not|no|non|without|previously|false|formerly)[ -]{0,2}(?:a |an |have |be )?$", re.IGNORECASE
)
_LONGEST = 3000


def read_viral_tests(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
    """Read the tests that a sentence wants to be positive, or negative, all those of one list alike."""
    text = part.plain[:_LONGEST]
    if not _SPOKEN_OF.search(text):
        return ()
    return tuple(_readings(part, text, lexicon))


_SPOKEN_OF = re.compile(r"HB|HCV|HIV|hepatitis|hep ?[bc]\b|immunodeficiency virus", re.IGNORECASE)


def _readings(part: Part, text: str, lexicon: Lexicon) -> Iterator[Reading]:
    excludes = part.section is Section.EXCLUSION and Effect.DEMANDS not in effects_of([], part.text)
    for found in _FORM.finditer(text):
        gone = _ABSENT.fullmatch(found["before"] or found["behind"]) is not None
        if (gone and excludes) or _TURNED.search(text[max(0, found.start() - 30) : found.start()]):
            continue
        rule = _joined(found[0], [_rule(each, lexicon, gone=gone) for each in _concepts(found)], gone=gone)
        if rule is not None:
            first, behind = covering(part.tokens, *found.span())
            says = f"Read as {found['after'] or found['first']}: {'not ' if gone else ''}detected."
            yield Reading(ReadingKind.LAB, rule, first, behind, says)


def _concepts(found: re.Match[str]) -> Iterator[tuple[str, ...]]:
    """Give the concepts of each test of the list."""
    for each in _EACH.finditer(found["after"] or found["first"]):
        yield next(concepts for at, (concepts, _) in enumerate(_MARKERS) if each[f"m{at}"] is not None)


def _rule(concepts: tuple[str, ...], lexicon: Lexicon, *, gone: bool) -> Rule | None:
    if any(each not in lexicon.vocabulary.concepts for each in concepts):
        return None
    if _LOADS.intersection(concepts):
        return Undetectable(concepts) if gone else Not(Undetectable(concepts))
    return Measured(concepts, high=ABSENT) if gone else Measured(concepts, low=PRESENT)


def _joined(text: str, rules: Sequence[Rule | None], *, gone: bool) -> Rule | None:
    """Join several tests: any positive one, all negative ones; nothing where the words say otherwise."""
    known = tuple(dict.fromkeys(each for each in rules if each is not None))
    if not known or len(known) < len(set(rules)):
        return None
    if len(known) == 1:
        return known[0]
    if (_BOTH.search(text) is not None) is not gone:
        return None
    return AllOf(known) if gone else AnyOf(known)


_BOTH = re.compile(r"\sand\s", re.IGNORECASE)
