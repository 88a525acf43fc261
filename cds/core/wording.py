"""Criteria in words: what a rule asks, as a clinician would say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

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
    Received,
    SexIs,
    Underwent,
    Undetectable,
    Vaccinated,
)
from cds.core.derive import recipe
from cds.core.limits import Against, Limit
from cds.core.phrases import answered, inline, listed, series
from cds.core.quantities import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cds.core.criteria import Criterion, Rule
    from cds.core.vocabulary import Scale, Vocabulary

_SHOWN_NAMES = 3
_BOTH = 2
PRESENCE = "{presence}"
"""The unit of results that are 0 (not detected, negative) or 1 (detected, positive)."""


def kind_of(rule: Rule) -> str:  # noqa: C901, PLR0911, PLR0912 - one line a node
    """Give the one word for what a rule is about, as the API tells it."""
    match rule:
        case Age() | SexIs():
            return "demographic"
        case Diagnosis():
            return "diagnosis"
        case HasCondition():
            return "condition"
        case Measured() | Undetectable():
            return "measurement"
        case Received() | Lines() | Cycles() | Progressed():
            return "therapy"
        case OtherMalignancy():
            return "other-malignancy"
        case PerformanceStatus():
            return "performance-status"
        case Exposed():
            return "medication"
        case Underwent():
            return "procedure"
        case Vaccinated():
            return "vaccination"
        case AllergicTo():
            return "allergy"
        case Asked():
            return "question"
        case Not():
            return kind_of(rule.rule)
        case IfThen():
            return kind_of(rule.then)
        case AllOf() | AnyOf() | Readings():
            kinds = {kind_of(part) for part in rule.rules} - {"question"}
            return kinds.pop() if len(kinds) == 1 else "composite"
    assert_never(rule)


def describe(rule: Rule, vocabulary: Vocabulary) -> str:  # noqa: C901, PLR0911, PLR0912 - one line a node
    """Say in words what a rule states of the patient: a noun with all that belongs to it, without a full stop."""
    match rule:
        case Age():
            return _age(rule)
        case SexIs():
            return f"{rule.sex.value} sex"
        case Diagnosis():
            return _diagnosis(rule, vocabulary)
        case HasCondition():
            when = _window(rule.within_days) + _spared(rule.but_not, vocabulary)
            return f"{'active ' if rule.active else ''}{names(rule.concepts, vocabulary)}{when}"
        case Measured():
            return _measured(rule, vocabulary)
        case Undetectable():
            return f"undetectable {names(rule.concepts[:1], vocabulary)}"
        case PerformanceStatus():
            return f"ECOG {rule.at_least} to {rule.at_most}"
        case Exposed():
            return _exposed(rule, vocabulary)
        case Received():
            dose = f"{plain(rule.at_least)} mg/m² of {rule.scale} or its equivalent"
            return f"a lifetime dose of {dose} or more ({names(rule.drugs, vocabulary)})"
        case Lines():
            return _lines(rule, vocabulary)
        case Cycles():
            return f"{_count(rule.at_least, rule.at_most, 'cycle')} of {names(rule.drugs, vocabulary)}"
        case Progressed():
            line = "" if rule.line is None else f" in line {rule.line}"
            return f"progression or recurrence on or after {names(rule.after, vocabulary)}{line}"
        case OtherMalignancy():
            return f"another cancer{_window(rule.within_days)}"
        case Underwent():
            return f"{names(rule.procedures, vocabulary)}{_window(rule.within_days)}"
        case Vaccinated():
            return f"{names(rule.vaccines, vocabulary)}{_window(rule.within_days)}"
        case AllergicTo():
            return f"allergy to {names(rule.substances, vocabulary)}"
        case Asked():
            return rule.question.rstrip("?.")
        case AllOf():
            return _all(rule, vocabulary)
        case AnyOf():
            return series([_part(each, vocabulary) for each in _flat(rule)], "or")
        case Not():
            return _denied(rule.rule, vocabulary)
        case IfThen():
            then, otherwise = _part(rule.then, vocabulary), _part(rule.otherwise, vocabulary)
            return f"{then} {_in_case(rule.condition, vocabulary)}, otherwise {otherwise}"
        case Readings():
            first, *others = (describe(part, vocabulary) for part in rule.rules)
            return first + "".join(f", or, read otherwise, {other}" for other in others)
    assert_never(rule)


def asks(criterion: Criterion, vocabulary: Vocabulary) -> str:
    """Say in one sentence what a criterion asks of the patient, as a clinician would read it out."""
    match criterion.rule:
        case Asked(question=question):
            return question
        case Not(rule=inner) if not isinstance(inner, Asked | Not):
            return f"The trial excludes {describe(inner, vocabulary)}."
        case rule:
            return f"The trial asks for {describe(rule, vocabulary)}."


def _part(rule: Rule, vocabulary: Vocabulary) -> str:
    """Describe a part of a composite rule so that it is plain where it begins and ends."""
    match rule:
        case Asked():
            return answered(rule.question, yes=True)
        case AnyOf() if len(rule.rules) > 1:
            return f"either {describe(rule, vocabulary)}"
        case AllOf() if sum(not _is_asked(each) for each in rule.rules) > 1:
            said = describe(rule, vocabulary)
            return f"both {said}" if len(rule.rules) == _BOTH and "(" not in said else f"({said})"
        case IfThen() | Readings():
            return f"({describe(rule, vocabulary)})"
        case _:
            return describe(rule, vocabulary)


def _flat(rule: AnyOf) -> Iterator[Rule]:
    """Give the parts of an alternative, those of an alternative among them in its place."""
    for each in rule.rules:
        if isinstance(each, AnyOf):
            yield from _flat(each)
        else:
            yield each


def _is_asked(rule: Rule) -> bool:
    return isinstance(rule, Asked) or (isinstance(rule, Not) and isinstance(rule.rule, Asked))


def _all(rule: AllOf, vocabulary: Vocabulary) -> str:
    """Describe what must hold together: what the records tell, and with it the answers to questions."""
    told = [_part(each, vocabulary) for each in rule.rules if not _is_asked(each)]
    answers = [_part(each, vocabulary) for each in rule.rules if _is_asked(each)]
    if not told:
        return series(answers, "and")
    return f"{series(told, 'and')}{' with ' + series(answers, 'and') if answers else ''}"


def _denied(rule: Rule, vocabulary: Vocabulary) -> str:
    """Say in words that a rule does not hold."""
    match rule:
        case Asked():
            return answered(rule.question, yes=False)
        case Not():
            return describe(rule.rule, vocabulary)
        case AnyOf():
            return f"neither {series([_part(each, vocabulary) for each in _flat(rule)], 'nor')}"
        case AllOf() | IfThen() | Readings():
            return f"not ({describe(rule, vocabulary)})"
        case Age() | SexIs() | PerformanceStatus() | Lines() | Cycles():
            return f"not {describe(rule, vocabulary)}"
        case Measured():
            return _measured(rule, vocabulary, held=False)
        case OtherMalignancy():
            return f"no other cancer{_window(rule.within_days)}"
        case _:
            return f"no {describe(rule, vocabulary)}"


def _in_case(condition: Rule, vocabulary: Vocabulary) -> str:
    if isinstance(condition, Not) and isinstance(condition.rule, HasCondition | Exposed | Diagnosis | Underwent):
        return f"without {describe(condition.rule, vocabulary)}"
    return f"in case of {_part(condition, vocabulary)}"


def names(concepts: Iterable[str], vocabulary: Vocabulary) -> str:
    """Give concepts by name, the first few of them."""
    every = [inline(vocabulary.display(name)) for name in concepts]
    more = len(every) - _SHOWN_NAMES
    return listed([*every[:_SHOWN_NAMES], f"{more} more"] if more > 0 else every)


def _spared(concepts: tuple[str, ...], vocabulary: Vocabulary) -> str:
    return f" (other than {names(concepts, vocabulary)})" if concepts else ""


def _measured(rule: Measured, vocabulary: Vocabulary, *, held: bool = True) -> str:
    """Describe a measurement with its limits, or that it is not within them."""
    name, said = names(rule.concepts[:1], vocabulary), limits(rule, vocabulary)
    if PRESENCE in {limit.unit for limit in (rule.low, rule.high) if limit is not None}:
        return f"{'a' if held else 'no'} {said} result for {name.removesuffix(' test')}"
    of = " of" if said.startswith("at ") and held else "" if held else " not"
    return f"{name}{of} {said}{_provisos(rule, vocabulary)}"


def limits(rule: Measured, vocabulary: Vocabulary) -> str:
    """Give the limits of a measurement in words: ``at least 100 × 10⁹/L``; of one that is there or not, which."""
    if rule.low is not None and rule.low.unit == PRESENCE:
        return "positive"
    if rule.high is not None and rule.high.unit == PRESENCE:
        return "negative"
    if _is_normal(rule.low, Against.LLN) and _is_normal(rule.high, Against.ULN):
        return "within normal limits"
    said = []
    if rule.low is not None:
        said.append(f"{'at least' if rule.low.inclusive else 'above'} {_limit(rule.low, rule, vocabulary)}")
    if rule.high is not None:
        said.append(f"{'at most' if rule.high.inclusive else 'below'} {_limit(rule.high, rule, vocabulary)}")
    return " and ".join(said)


def _provisos(rule: Measured, vocabulary: Vocabulary) -> str:
    """Say by which equations a value may be computed, and how long after which drugs a result must be taken."""
    ways = " or ".join(recipe(formula).name for formula in rule.computed)
    after = ""
    if rule.clear_of is not None:
        after = f" taken {rule.clear_of.days} days or more after {names(rule.clear_of.drugs, vocabulary)}"
    return (f" (reported or computed: {ways})" if ways else "") + after


def _is_normal(limit: Limit | None, against: Against) -> bool:
    return limit is not None and limit.against is against and limit.value == 1


def _limit(limit: Limit, rule: Measured, vocabulary: Vocabulary) -> str:
    if limit.against is not Against.UNIT:
        name = "ULN" if limit.against is Against.ULN else "LLN"
        return name if limit.value == 1 else f"{plain(limit.value)} × {name}"
    concept = vocabulary.concepts.get(rule.concepts[0])
    scale = concept.scale if concept else None
    if scale is None or limit.unit not in scale.factors:
        return f"{plain(limit.value)} {limit.unit}".rstrip()
    return f"{plain(limit.value * scale.factors[limit.unit])}{_unit(scale)}"


def _unit(scale: Scale) -> str:
    """Write a unit after a number; a score's kind in braces is no unit to be read out, and a plus has no blank."""
    unit = scale.unit_display or scale.unit
    if unit.startswith("{") and unit.endswith("}"):
        return ""
    return unit if unit == "+" else f" {unit}".rstrip()


def _age(rule: Age) -> str:
    if rule.at_most is None:
        return f"age {rule.at_least} or over"
    if rule.at_least is None:
        return f"age {rule.at_most} or under"
    return f"age {rule.at_least} to {rule.at_most}"


def _diagnosis(rule: Diagnosis, vocabulary: Vocabulary) -> str:
    what = names(rule.histologies, vocabulary) if rule.histologies else "malignant tumour"
    where = f" of {names(rule.sites, vocabulary)}" if rule.sites else ""
    besides = f" not of {names(rule.except_sites, vocabulary)}" if rule.except_sites else ""
    return f"{what}{where}{besides}"


def _exposed(rule: Exposed, vocabulary: Vocabulary) -> str:
    drugs = names(rule.drugs, vocabulary)
    ever = not rule.ongoing and rule.within_days is None
    now = "current " if rule.ongoing else "earlier " if ever else ""
    where = "systemic " if rule.systemic and not drugs.startswith("systemic ") else ""
    window = _window(rule.within_days)
    if rule.half_lives is not None:
        window = f"{window} or {rule.half_lives.count} half-lives (whichever is {rule.half_lives.whichever.value})"
    dose = f" above {plain(rule.above.mg)} mg of {rule.above.scale} a day or its equivalent" if rule.above else ""
    stable = f" at a stable dose for {_days(rule.stable_days)}" if rule.stable_days is not None else ""
    return f"{now}{where}{drugs}{dose}{stable}{window}{_spared(rule.but_not, vocabulary)}"


def _lines(rule: Lines, vocabulary: Vocabulary) -> str:
    since = "" if rule.since is None else f" since the diagnosis of {describe(rule.since, vocabulary)}"
    drugs = names(rule.drugs, vocabulary) + _spared(rule.but_not, vocabulary)
    return f"{_count(rule.at_least, rule.at_most, 'line')} of {drugs}{since}"


def _count(low: int | None, high: int | None, what: str) -> str:
    """Say how many: ``at most 1 cycle``, ``1 to 3 lines``."""
    said = f"at least {low}" if high is None else f"at most {high}" if low is None else f"{low} to {high}"
    if low is not None and low == high:
        said = f"exactly {low}"
    return f"{said} {what}{'' if (low if high is None else high) == 1 else 's'}"


def _window(days: int | None) -> str:
    return "" if days is None else " in the last day" if days == 1 else f" in the last {_days(days)}"


def _days(days: int) -> str:
    return f"{days} day{'' if days == 1 else 's'}"
