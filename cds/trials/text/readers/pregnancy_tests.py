"""Tests for pregnancy: "negative serum pregnancy test within 14 days", of women who can become pregnant.

Read as the curated trials write them: men, women from 61 years on, and those who by their records cannot become
pregnant need none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cds.core.childbearing import CONDITIONS, PROCEDURES, cannot_conceive
from cds.core.criteria import AnyOf, Measured, Rule, Section
from cds.trials.text.effects import Effect, effects_of
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers.pregnancy import FROM_AGE
from cds.trials.text.readers.presence import ABSENT, PRESENT
from cds.trials.text.readers.windows import window_behind
from cds.trials.text.reading import Part, Reading, ReadingKind
from cds.trials.text.tokens import covering

__all__ = ["read_pregnancy_test"]

_TEST = "pregnancy-test"

_PEOPLE = (
    r"(?:females?|wom[ae]n|girls?|persons?|people|patients?|participants?|subjects?|individuals?|WOCBP|WCBP|FCBP|FOCBP)"
)
_BEARING = (
    r"(?: (?:of|with) (?:reproductive age|child[- ]?bearing (?:potential|age|capacity)|reproductive potential)"
    r"(?: ?\((?:WOCBP|WCBP|FCBP|FOCBP|POCBP|IOCBP)\))?)?"
)
_WHO = (
    rf"(?:(?:an?|any|all|the|adult|female|pre-?menopausal) ){{0,2}}{_PEOPLE}(?: {_PEOPLE})?{_BEARING}"
    r"(?: only)?[:,]?(?:,? (?:who|that))?"
)
_SAMPLE = r"(?:serum|urine|blood|plasma)"
_KIND = (
    rf"(?:(?:{_SAMPLE}|or|and/or|/|highly sensitive|sensitive|β-?|beta[- ]?|human chorionic gonadotropin|"
    r"β?-?h?CG|\(β?-?h?CG\)|screening|baseline)[ -]{0,2}){0,8}"
)
_NAME = rf"{_KIND}pregnancy tests?(?: results?)?(?: \({_SAMPLE}(?:(?: or |/){_SAMPLE})?\))?"
_MUST = r"(?:must|should|shall|will|is required to|are required to|to)"
_FOR = rf"(?: \(?(?:for|in|if) (?:all )?(?:{_WHO}|female|applicable)\)?|,? \(?(?:if female|if applicable)\)?)?"
_NEGATIVE = re.compile(
    rf"\W{{0,3}}(?:(?:for )?{_WHO},? )?(?:{_MUST} )?(?:have |has |having |had )?(?:an? )?"
    rf"(?:confirmed |documented )?(?:negative (?:results? (?:on|for|of) )?(?:an? )?{_NAME}|"
    rf"{_NAME} (?:(?:{_MUST} be|is) )?negative){_FOR}",
    re.IGNORECASE,
)
_POSITIVE = re.compile(
    rf"\W{{0,3}}(?:{_WHO},? )?(?:with )?(?:have |has |having )?(?:an? )?"
    rf"positive (?:results? (?:on|for|of) )?(?:an? )?{_NAME}",
    re.IGNORECASE,
)
_LONGEST = 1500


def read_pregnancy_test(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
    """Read a sentence that begins with the pregnancy test it asks for, or with the one that shuts out."""
    text = part.plain[:_LONGEST]
    if "pregnancy test" not in text or not _is_known(lexicon):
        return ()
    effects = effects_of([], part.text)
    forbids = Effect.SHUTS_OUT in effects or (part.section is Section.EXCLUSION and Effect.DEMANDS not in effects)
    found = (_POSITIVE if forbids else _NEGATIVE).match(text)
    if found is None:
        return ()
    days, end = _window(text, found.end())
    rule, told = _positive(days) if forbids else _negative(days)
    _, behind = covering(part.tokens, 0, end)
    says = f"Read as {told}{f', within {days} days' if days else ''}."
    return (Reading(ReadingKind.PREGNANCY, rule, 0, behind, says),)


def _is_known(lexicon: Lexicon) -> bool:
    return all(each in lexicon.vocabulary.concepts for each in (_TEST, *CONDITIONS, *PROCEDURES))


def _positive(days: int | None) -> tuple[Rule, str]:
    return Measured((_TEST,), low=PRESENT, within_days=days), "a positive pregnancy test"


def _negative(days: int | None) -> tuple[Rule, str]:
    """Ask for the test of whoever needs one: as ``cannot_conceive`` of the curated trials has it."""
    tested = Measured((_TEST,), high=ABSENT, within_days=days)
    told = f"a negative pregnancy test of a woman under {FROM_AGE} who can become pregnant"
    return AnyOf((*cannot_conceive(FROM_AGE).rules, tested)), told


_DONE = re.compile(
    r"(?: \(?(?:performed|done|obtained|documented|completed|taken|collected|at screening),?)?", re.IGNORECASE
)
_HOURS = re.compile(
    r"(?P<lead>\s?\(?(?:within|≤) ?(?:the last )?)(?P<hours>\d{2,3}) ?(?:hours?|hrs?|h)\b", re.IGNORECASE
)
_IN_A_DAY = 24


def _window(text: str, end: int) -> tuple[int | None, int]:
    """Give how old the test may be, if that is said right behind it, and where the sentence goes on.

    Hours are read as whole days, rounded up: a result's hour is seldom on record.
    """
    done = _DONE.match(text, end)
    start = done.end() if done else end
    shorter, hours = 0, _HOURS.match(text, start)
    if hours is not None:
        days = f"{hours['lead']}{-(-int(hours['hours']) // _IN_A_DAY)} days"
        text, shorter = text[:start] + days + text[hours.end() :], hours.end() - start - len(days)
    window, behind = window_behind(text, start)
    return (None, end) if window is None else (window, behind + shorter)
