"""Criteria in words: what a rule asks, as a clinician would say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from cds.core.criteria import (
    Against,
    Age,
    AllergicTo,
    AllOf,
    AnyOf,
    Asked,
    Diagnosis,
    Exposed,
    HasCondition,
    IfThen,
    Limit,
    Measured,
    Not,
    PerformanceStatus,
    Readings,
    SexIs,
    Underwent,
    Vaccinated,
)
from cds.core.quantities import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cds.core.criteria import Rule
    from cds.core.vocabulary import Vocabulary

_SHOWN_NAMES = 3
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
        case Measured():
            return "measurement"
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
    """Say in words what a rule states of the patient, without a full stop."""
    match rule:
        case Age():
            return _age(rule)
        case SexIs():
            return f"sex {rule.sex.value}"
        case Diagnosis():
            return _diagnosis(rule, vocabulary)
        case HasCondition():
            when = _window(rule.within_days)
            return f"{'active ' if rule.active else ''}{names(rule.concepts, vocabulary)}{when}"
        case Measured():
            return f"{names(rule.concepts[:1], vocabulary)} {limits(rule, vocabulary)}"
        case PerformanceStatus():
            return f"ECOG {rule.at_least} to {rule.at_most}"
        case Exposed():
            spared = f", {names(rule.but_not, vocabulary)} apart" if rule.but_not else ""
            now = "current " if rule.ongoing else ""
            return f"{now}{names(rule.drugs, vocabulary)}{_window(rule.within_days)}{spared}"
        case Underwent():
            return f"{names(rule.procedures, vocabulary)}{_window(rule.within_days)}"
        case Vaccinated():
            return f"{names(rule.vaccines, vocabulary)}{_window(rule.within_days)}"
        case AllergicTo():
            return f"allergy to {names(rule.substances, vocabulary)}"
        case Asked():
            return rule.question.rstrip("?.")
        case AllOf():
            return " and ".join(describe(part, vocabulary) for part in rule.rules)
        case AnyOf():
            return " or ".join(describe(part, vocabulary) for part in rule.rules)
        case Not():
            return f"no {describe(rule.rule, vocabulary)}"
        case IfThen():
            then, otherwise = describe(rule.then, vocabulary), describe(rule.otherwise, vocabulary)
            return f"{then} with {describe(rule.condition, vocabulary)}, otherwise {otherwise}"
        case Readings():
            return ", or read otherwise: ".join(describe(part, vocabulary) for part in rule.rules)
    assert_never(rule)


def names(concepts: Iterable[str], vocabulary: Vocabulary) -> str:
    """Give concepts by name, the first few of them."""
    every = [vocabulary.display(name) for name in concepts]
    shown = ", ".join(every[:_SHOWN_NAMES])
    return shown if len(every) <= _SHOWN_NAMES else f"{shown} or {len(every) - _SHOWN_NAMES} more"


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
    return f"{plain(limit.value * scale.factors[limit.unit])} {scale.unit_display or scale.unit}".rstrip()


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


def _window(days: int | None) -> str:
    return "" if days is None else f" in the last {days} days"
