"""Rules and criteria written as the blocks of YAML or JSON that :mod:`cds.trials.rules` reads: its exact inverse.

Every scalar is text or a flag, as in the files. What the form cannot hold is refused: a rule that would be read back as
another one, or not at all, never reaches a file. Whether concepts and units exist is for the reader to say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, assert_never

from cds.core.chart import Sex
from cds.core.criteria import (
    Age,
    AllergicTo,
    AllOf,
    AnyOf,
    Asked,
    Cycles,
    Diagnosis,
    Exposed,
    HasCondition,
    IfThen,
    Lines,
    Measured,
    Not,
    OtherMalignancy,
    PerformanceStatus,
    Progressed,
    Readings,
    Reason,
    Received,
    SexIs,
    Underwent,
    Undetectable,
    Vaccinated,
)
from cds.core.limits import Against
from cds.errors import BadTrial
from cds.files import Block

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from cds.core.criteria import Criterion, Rule
    from cds.core.limits import DailyDose, HalfLives, Limit, Spared

__all__ = ["Written", "block_of", "written_criterion", "written_rule"]

Written = dict[str, object]
_SEXES = {Sex.MALE: "male", Sex.FEMALE: "female"}
_NOT_TEXT = frozenset({"", "null", "~"})
_LARGEST = 999_999_999
_SCALE = re.compile(r"[a-z0-9-]+")


def block_of(value: object) -> object:
    """Give what was written in the form that a reader takes: mappings that know their line, every number as text."""
    if isinstance(value, dict):
        block = Block()
        block.update((name, block_of(each)) for name, each in value.items())
        return block
    if isinstance(value, list):
        return [block_of(each) for each in value]
    return ("false", "true")[value] if isinstance(value, bool) else str(value)


def written_criterion(criterion: Criterion) -> Written:
    """Write a criterion as a definition holds it."""
    told: Written = {"id": _text(criterion.id), "label": _text(criterion.label), "section": criterion.section.value}
    told["lines"] = [_whole(each) for each in criterion.lines]
    if criterion.span is not None:
        told["span"] = [_whole(each) for each in criterion.span]
    if criterion.disease:
        told["disease"] = True
    match criterion.rule:
        case Not(rule=rule):
            told["forbid"] = written_rule(rule)
        case Asked():
            told.update(written_rule(criterion.rule))
        case rule:
            told["require"] = written_rule(rule)
    for name, text in (("note", criterion.note), ("plain", criterion.plain)):
        if text:
            told[name] = _text(text)
    return told


def written_rule(rule: Rule) -> Written:  # noqa: C901, PLR0911, PLR0912 - one line a node
    """Write a rule; raise :class:`BadTrial` for one that the form cannot hold."""
    match rule:
        case Age():
            return {"age": _ends(rule.at_least, rule.at_most)}
        case SexIs():
            return {"sex": _one(_SEXES.get(rule.sex), "a sex that no definition names")}
        case Diagnosis():
            return {"diagnosis": _diagnosis(rule)}
        case HasCondition():
            return {"condition": _condition(rule)}
        case Measured():
            return {"measured": _measured(rule)}
        case Undetectable():
            return {"undetectable": {"of": _names(rule.concepts), **_days(rule.within_days)}}
        case PerformanceStatus():
            least = {"at_least": _whole(rule.at_least)} if rule.at_least else {}
            return {"ecog": {"at_most": _whole(rule.at_most), **least, **_days(rule.within_days)}}
        case Exposed():
            return {"exposed": _exposed(rule)}
        case Received():
            amount = f"{_decimal(rule.at_least)} mg/m2 {_scale(rule.scale)}"
            return {"received": {"of": _names(rule.drugs), "at_least": amount}}
        case Lines():
            since = {"since": _diagnosis(rule.since)} if rule.since is not None else {}
            return {"lines": {"of": _names(rule.drugs), **_but(rule.but_not), **_ends_of(rule), **since}}
        case Cycles():
            return {"cycles": {"of": _names(rule.drugs), **_ends_of(rule)}}
        case Progressed():
            line = {"line": _whole(rule.line)} if rule.line is not None else {}
            return {"progressed": {"after": _names(rule.after), **line}}
        case OtherMalignancy():
            return {"other_malignancy": _other_malignancy(rule)}
        case Underwent():
            return {"underwent": {"of": _names(rule.procedures), **_days(rule.within_days)}}
        case Vaccinated():
            return {"vaccinated": {"with": _names(rule.vaccines), **_days(rule.within_days)}}
        case AllergicTo():
            return {"allergic": {"to": _names(rule.substances)}}
        case Asked():
            return {"ask" if rule.reason is Reason.JUDGEMENT else "review": _text(rule.question, blank=False)}
        case AllOf():
            return {"all": _rules(rule.rules)}
        case AnyOf():
            return {"any": _rules(rule.rules)}
        case Not():
            return {"not": written_rule(rule.rule)}
        case IfThen():
            return {
                "if": written_rule(rule.condition),
                "then": written_rule(rule.then),
                "else": written_rule(rule.otherwise),
            }
        case Readings():
            return {"readings": _rules(rule.rules)}
    assert_never(rule)


# --------------------------------------------------------------------------------------------------------- node by node
def _diagnosis(rule: Diagnosis) -> Written:
    told = _given(histology=rule.histologies, site=rule.sites, except_site=rule.except_sites)
    if not rule.histologies and not rule.sites:
        raise BadTrial("cannot be written: a diagnosis of neither histology nor site")
    return told


def _condition(rule: HasCondition) -> Written:
    told: Written = {"of": _names(rule.concepts), **_flags(active=rule.active, listed=rule.listed)}
    return {**told, **_days(rule.within_days), **_but(rule.but_not)}


def _measured(rule: Measured) -> Written:
    names = _names(rule.concepts)
    told: Written = {"concept": names[0]} if len(names) == 1 else {"concepts": names}
    if rule.low is None and rule.high is None:
        raise BadTrial("cannot be written: a measurement without a limit")
    for limit, inclusive, strict in ((rule.low, "at_least", "above"), (rule.high, "at_most", "below")):
        if limit is not None:
            told[inclusive if limit.inclusive else strict] = _limit(limit)
    told |= _days(rule.within_days)
    if rule.computed:
        told["computed"] = [each.value for each in rule.computed]
    if rule.clear_of is not None:
        told["clear_of"] = {"drugs": _names(rule.clear_of.drugs), "days": _whole(rule.clear_of.days)}
    return told


def _exposed(rule: Exposed) -> Written:
    if rule.ongoing and rule.within_days is not None:
        raise BadTrial("cannot be written: what is ongoing, and within days besides")
    if (rule.half_lives is not None and rule.within_days is None) or (
        rule.stable_days is not None and not rule.ongoing
    ):
        raise BadTrial("cannot be written: half-lives without days, or a stable dose of what is not ongoing")
    told: Written = {"to": _names(rule.drugs), **_but(rule.but_not), **_flags(ongoing=rule.ongoing)}
    told |= _days(rule.within_days)
    if rule.half_lives is not None:
        told["half_lives"] = _half_lives(rule.half_lives)
    told |= _flags(systemic=rule.systemic)
    if rule.above is not None:
        told["above"] = _daily_dose(rule.above)
    if rule.stable_days is not None:
        told["stable_days"] = _whole(rule.stable_days)
    return told


def _half_lives(told: HalfLives) -> str:
    return f"{_whole(told.count)} {told.whichever.value}"


def _daily_dose(dose: DailyDose) -> str:
    return f"{_decimal(dose.mg)} mg {_scale(dose.scale)}"


def _other_malignancy(rule: OtherMalignancy) -> Written:
    told: Written = {"than": [_diagnosis(each) for each in rule.than]}
    if rule.spared:
        told["spared"] = [_spared(each) for each in rule.spared]
    return {**told, **_days(rule.within_days)}


def _spared(spared: Spared) -> Written:
    told = _given(histology=spared.histologies, site=spared.sites, behaviour=spared.behaviours)
    if not told:
        raise BadTrial("cannot be written: a kind of tumour that is spared, and says nothing")
    return told


# ------------------------------------------------------------------------------------------------------------- pieces
def _rules(rules: Sequence[Rule]) -> list[Written]:
    if len(rules) < 2:  # noqa: PLR2004 - as the reader asks
        raise BadTrial("cannot be written: one rule that is joined to nothing")
    return [written_rule(each) for each in rules]


def _given(**names: tuple[str, ...]) -> Written:
    return {key: _names(each) for key, each in names.items() if each}


def _names(concepts: Sequence[str]) -> list[str]:
    if not concepts or len(set(concepts)) != len(concepts):
        raise BadTrial("cannot be written: no concept, or one that stands twice")
    return [_text(each, blank=False) for each in concepts]


def _but(concepts: Sequence[str]) -> Written:
    return {"but_not": _names(concepts)} if concepts else {}


def _flags(**told: bool) -> Written:
    return {name: True for name, flag in told.items() if flag}


def _days(within: int | None) -> Written:
    return {} if within is None else {"within_days": _whole(within)}


def _ends_of(rule: Lines | Cycles) -> Written:
    return _ends(rule.at_least, rule.at_most)


def _ends(low: int | None, high: int | None) -> Written:
    told: Written = {name: _whole(end) for name, end in (("at_least", low), ("at_most", high)) if end is not None}
    if not told:
        raise BadTrial("cannot be written: limits of which there is none")
    return told


def _limit(limit: Limit) -> str:
    amount = _decimal(limit.value)
    if limit.against is not Against.UNIT:
        if limit.unit:
            raise BadTrial("cannot be written: a multiple of a limit of normal with a unit")
        return f"{amount} × {limit.against.value.upper()}"
    unit = _text(limit.unit)
    return f"{amount} {unit}" if unit else amount


def _decimal(value: Fraction) -> str:
    """Write a number exactly, without an exponent."""
    digits = 0
    while (value * 10**digits).denominator != 1:
        digits += 1
        if digits > _FINEST:
            raise BadTrial(f"cannot be written: {value} is no decimal number")
    whole = int(abs(value) * 10**digits)
    told = str(whole).rjust(digits + 1, "0")
    return ("-" if value < 0 else "") + (f"{told[:-digits]}.{told[-digits:]}" if digits else told)


_FINEST = 30


def _whole(number: int) -> int:
    if not 0 <= number <= _LARGEST:
        raise BadTrial(f"cannot be written: {number} is no number of a definition")
    return number


def _scale(name: str) -> str:
    if not _SCALE.fullmatch(name):
        raise BadTrial(f"cannot be written: {name!r} is no name of a scale of doses")
    return name


def _text(text: str, *, blank: bool = True) -> str:
    """Give a text that is read back as it is: no blanks but single ones, and no word that stands for nothing."""
    told = " ".join(text.split())
    if told != text or (text in _NOT_TEXT and not (blank and not text)):
        raise BadTrial(f"cannot be written: the text {text[:60]!r} would be read as another one")
    return text


def _one(name: str | None, what: str) -> str:
    if name is None:
        raise BadTrial(f"cannot be written: {what}")
    return name
