"""Results against limits: the newest one decides, in its own unit, against its own reference range."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from cds.core.chart import Extent, Kind, Measurement, ResultStatus
from cds.core.codes import NAME, Code, Coded, normalised_code, normalised_name
from cds.core.criteria import PERFORMANCE_SCORES, Against, Limit, Measured, PerformanceStatus
from cds.core.dates import PartialDate, days_later
from cds.core.finding import Basis, Cause, Evidence, Finding, Wanted
from cds.core.quantities import Bound, Comparator, Interval, Quantity, plain
from cds.core.recognise import Results
from cds.core.truth import Truth, all_of

if TYPE_CHECKING:
    import datetime as dt

    from cds.core.chart import ReferenceRange
    from cds.core.recognise import Case, Known
    from cds.core.vocabulary import Scale

_SKIPPED = frozenset({ResultStatus.ENTERED_IN_ERROR, ResultStatus.CANCELLED})
ECOG, *STAND_INS = PERFORMANCE_SCORES


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one result says of the rule: settled, or unknown by a cause."""

    truth: Truth
    cause: Cause | None = None
    basis: Basis = Basis.DOCUMENTED


_Judge = Callable[["Known[Measurement]"], _Answer]
_Rule = Measured | PerformanceStatus


def measured(rule: Measured, case: Case) -> Finding:
    """Decide whether the newest usable result of a concept lies within the limits."""
    results = case.results.get(rule.concepts)
    if results is None:
        results = case.results[rule.concepts] = _results(_usable(case, rule.concepts), case)
    return _decide(rule, case, results, lambda known: _within(rule, known, case), rule.concepts)


def performance_status(rule: PerformanceStatus, case: Case) -> Finding:
    """Decide the ECOG grade by the newest score; where that is a Karnofsky score, by the crosswalk, as *assumed*."""
    direct = _usable(case, (ECOG,))
    converted = _usable(case, tuple(STAND_INS))
    ecog_days = {known.entry.date for known in direct}
    results = direct + [known for known in converted if known.entry.date not in ecog_days]
    return _decide(rule, case, _results(results, case), lambda known: _grade(rule, known, case), PERFORMANCE_SCORES)


def _usable(case: Case, concepts: tuple[str, ...]) -> list[Known[Measurement]]:
    """Give the results of the concepts that may decide: not withdrawn, not empty, not dated after the records' day."""
    found: dict[int, Known[Measurement]] = {}
    for concept in sorted(case.vocabulary.narrower(concepts)):
        for known in case.measurements.get(concept, ()):
            result = known.entry
            if result.status in _SKIPPED or result.absent or result.value is None:
                continue
            if result.date is not None and result.date.earliest > case.known_on:
                continue
            if id(result) not in found or known.meaning.counts:
                found[id(result)] = known
    return sorted(found.values(), key=_age)


def _age(known: Known[Measurement]) -> tuple[int, str]:
    """Sort newest first, undated ones last, those of one day by their reference: never by the order they came in."""
    date = known.entry.date
    return (-date.latest.toordinal() if date is not None else 1), known.entry.reference


def _decide(
    rule: _Rule,
    case: Case,
    results: Results,
    judge: _Judge,
    concepts: tuple[str, ...],
) -> Finding:
    """Let the newest result answer; if several share that day, let them answer together."""

    def unknown(cause: Cause, shown: tuple[Evidence, ...]) -> Finding:
        return Finding(rule, Truth.UNKNOWN, cause=cause, evidence=shown, wanted=_wanted(rule, case, concepts))

    newest = results.newest
    if results.cause is not None:
        return unknown(results.cause, _evidence(results.every[:1], case))
    answers = [_in_time(rule, known, case) or judge(known) for known in newest]
    evidence = _evidence(newest, case)
    met = any(answer.truth is Truth.MET for answer in answers)
    unmet = any(answer.truth is Truth.UNMET for answer in answers)
    if met and unmet:
        exact = all(known.entry.date is not None and known.entry.date.exact for known in newest)
        return unknown(Cause.CONFLICTING if exact else Cause.DATE_IMPRECISE, evidence)
    for answer in answers:
        if answer.cause is Cause.TOO_OLD:
            return unknown(answer.cause, evidence)
        if answer.cause is not None:
            return unknown(answer.cause, evidence + _evidence(_older(results, rule, judge, case), case))
    assumed = any(answer.basis is Basis.ASSUMED for answer in answers)
    return Finding(
        rule,
        Truth.MET if met else Truth.UNMET,
        basis=Basis.ASSUMED if assumed else Basis.DOCUMENTED,
        evidence=evidence,
        turns=_lapses(rule, newest, case),
    )


def _results(every: list[Known[Measurement]], case: Case) -> Results:
    """Tell apart the results that may be the newest one, or give the cause for there being none to decide."""
    if not every:
        whole = case.chart.extent(Kind.MEASUREMENT) is Extent.COMPLETE
        return Results(every, [], Cause.NO_RECORD if whole else Cause.NOT_READ)
    exact_enough = [known for known in every if known.meaning.counts or not known.meaning.verified]
    if not exact_enough:
        return Results(every, [], Cause.TOO_GENERAL)
    dated = [(known, known.entry.date) for known in exact_enough if known.entry.date is not None]
    if not dated:
        return Results(every, [], Cause.DATE_IMPRECISE)
    surely_by = max(date.earliest for _, date in dated)
    newest = [known for known, date in dated if min(date.latest, case.known_on) >= surely_by]
    undated = [known for known in exact_enough if known.entry.date is None]
    return Results(every, newest + undated, None)


def _older(results: Results, rule: _Rule, judge: _Judge, case: Case) -> list[Known[Measurement]]:
    """Give the newest older result that can be interpreted, to be shown beside one that cannot."""
    passed = {id(known) for known in results.newest}
    for known in results.every:
        if id(known) in passed or known.entry.date is None:
            continue
        late = _in_time(rule, known, case)
        if late is not None and late.cause is Cause.TOO_OLD:
            return []
        if late is None and judge(known).cause is None:
            return [known]
    return []


def _days(rule: _Rule, known: Known[Measurement], case: Case) -> int | None:
    scale = _scale(known, case)
    return rule.within_days if rule.within_days is not None else scale.freshness_days if scale else None


def _scale(known: Known[Measurement], case: Case) -> Scale | None:
    concept = case.vocabulary.concepts.get(known.meaning.concept)
    return concept.scale if concept else None


def _in_time(rule: _Rule, known: Known[Measurement], case: Case) -> _Answer | None:
    """Say that a result is too old or may be, or nothing where it is recent enough."""
    days, date = _days(rule, known, case), known.entry.date
    if days is None or date is None:
        return None
    today = case.as_of if case.ageing else case.known_on
    match _clipped(date, case).on_or_after(days_later(today, -days)):
        case Truth.MET:
            return None
        case Truth.UNMET:
            return _Answer(Truth.UNKNOWN, Cause.TOO_OLD)
        case Truth.UNKNOWN:
            return _Answer(Truth.UNKNOWN, Cause.DATE_IMPRECISE)


def _clipped(date: PartialDate, case: Case) -> PartialDate:
    """A result that is in the records cannot be from after the day they were read."""
    return PartialDate(date.earliest, max(date.earliest, min(date.latest, case.known_on)))


def _lapses(rule: _Rule, newest: list[Known[Measurement]], case: Case) -> tuple[dt.date, ...]:
    """Give the days on which the results may begin to be too old."""
    ends = []
    for known in newest:
        days, date = _days(rule, known, case), known.entry.date
        if days is not None and date is not None:
            ends += [days_later(day, days + 1) for day in (date.earliest, date.latest)]
    return tuple(ends)


def _within(rule: Measured, known: Known[Measurement], case: Case) -> _Answer:
    """Hold one result against both limits."""
    if not known.meaning.verified:
        return _Answer(Truth.UNKNOWN, Cause.UNMAPPED)
    scale = _scale(known, case)
    if scale is None:
        return _Answer(Truth.UNKNOWN, Cause.UNIT_NOT_COMPARABLE)
    sides = [
        _hold(known.entry, scale, limit, low=low)
        for limit, low in ((rule.low, True), (rule.high, False))
        if limit is not None
    ]
    truth = all_of(side.truth for side in sides)
    if truth is not Truth.UNKNOWN:
        return _Answer(truth)
    return next(side for side in sides if side.truth is Truth.UNKNOWN)


def _hold(result: Measurement, scale: Scale, limit: Limit, *, low: bool) -> _Answer:
    """Hold one result against one limit."""
    value = _amount(result.value, scale)
    if isinstance(value, Interval) and _implausible(value, scale):
        return _Answer(Truth.UNKNOWN, Cause.IMPLAUSIBLE)
    if limit.against is Against.UNIT:
        at = scale.factors.get(limit.unit)
        bound = None if at is None else Bound(limit.value * at, limit.inclusive)
    else:
        end = _range_end(result, upper=limit.against is Against.ULN)
        if end is None:
            cause = Cause.NO_REFERENCE_RANGE if isinstance(value, Interval) else value
            return _Answer(Truth.UNKNOWN, cause)
        value, bound = _in_one_unit(result, value, end, limit, scale)
    if not isinstance(value, Interval):
        return _Answer(Truth.UNKNOWN, value)
    if bound is None:
        return _Answer(Truth.UNKNOWN, Cause.UNIT_NOT_COMPARABLE)
    truth = value.at_least(bound) if low else value.at_most(bound)
    return _Answer(truth, Cause.TOO_GENERAL if truth is Truth.UNKNOWN else None)


def _amount(value: Quantity | Coded | str | None, scale: Scale) -> Interval | Cause:
    """Turn a result into canonical units, or say why that cannot be done."""
    match value:
        case Quantity():
            factor = _factor(value, scale)
            if factor is None:
                return Cause.UNIT_NOT_COMPARABLE
            return Interval.of(Fraction(value.value) * factor, value.comparator)
        case Coded():
            said = {*map(normalised_code, value.codes), Code(NAME, normalised_name(value.text))}
            scores = {scale.answers[code] for code in said if code in scale.answers}
            return Interval.exactly(scores.pop()) if len(scores) == 1 else Cause.UNMAPPED
        case str():
            score = scale.answers.get(Code(NAME, normalised_name(value)))
            return Cause.IMPLAUSIBLE if score is None else Interval.exactly(score)
        case None:
            return Cause.IMPLAUSIBLE


def _factor(quantity: Quantity, scale: Scale) -> Fraction | None:
    spellings = quantity.units or ("",)
    return next((scale.factors[unit] for unit in map(_spelling, spellings) if unit in scale.factors), None)


def _spelling(unit: str) -> str:
    return " ".join(unit.split())


def _implausible(value: Interval, scale: Scale) -> bool:
    if scale.plausible is None:
        return False
    low, high = scale.plausible
    return not value.overlaps(Interval(Bound(low), Bound(high)))


def _range_end(result: Measurement, *, upper: bool) -> Quantity | None:
    """Give the limit of normal sent with the result; none where there is none, or several that differ."""
    usable = [each for each in result.ranges if not each.specific] or list(result.ranges)
    ends = {end for each in usable if (end := each.high if upper else each.low) is not None}
    if len(ends) != 1:
        return None
    (end,) = ends
    return end if end.comparator is Comparator.EXACTLY and end.value > 0 else None


def _in_one_unit(
    result: Measurement, value: Interval | Cause, end: Quantity, limit: Limit, scale: Scale
) -> tuple[Interval | Cause, Bound | None]:
    """Bring a result and its own limit of normal into one unit: the canonical one, or the one both were sent in."""
    factor = _factor(end, scale)
    if factor is not None and isinstance(value, Interval):
        if _implausible(Interval.exactly(Fraction(end.value) * factor), scale):
            return Cause.NO_REFERENCE_RANGE, None
        return value, Bound(limit.value * Fraction(end.value) * factor, limit.inclusive)
    sent = result.value
    if isinstance(sent, Quantity) and set(sent.units) == set(end.units) and sent.value >= 0:
        bound = Bound(limit.value * Fraction(end.value), limit.inclusive)
        return Interval.of(Fraction(sent.value), sent.comparator), bound
    return (Cause.UNIT_NOT_COMPARABLE if isinstance(sent, Quantity) else value), None


def _grade(rule: PerformanceStatus, known: Known[Measurement], case: Case) -> _Answer:
    """Hold one score against the grades allowed; a Karnofsky score by the grades it may stand for."""
    if not known.meaning.verified:
        return _Answer(Truth.UNKNOWN, Cause.UNMAPPED)
    scale = _scale(known, case)
    score = _amount(known.entry.value, scale) if scale else Cause.UNIT_NOT_COMPARABLE
    if not isinstance(score, Interval):
        return _Answer(Truth.UNKNOWN, score)
    if scale is not None and _implausible(score, scale):
        return _Answer(Truth.UNKNOWN, Cause.IMPLAUSIBLE)
    basis = Basis.DOCUMENTED
    if known.meaning.concept != ECOG:
        stood_for = _crosswalked(score, known.meaning.concept, case)
        if stood_for is None:
            return _Answer(Truth.UNKNOWN, Cause.IMPLAUSIBLE)
        score, basis = stood_for, Basis.ASSUMED
    truth = score.at_least(Bound(Fraction(rule.at_least))) & score.at_most(Bound(Fraction(rule.at_most)))
    return _Answer(truth, Cause.TOO_GENERAL if truth is Truth.UNKNOWN else None, basis)


def _crosswalked(score: Interval, source: str, case: Case) -> Interval | None:
    """Give the grades a score of another scale may stand for: between two steps those of both, outside all none."""
    steps = [step for step in case.vocabulary.crosswalks if step.source == source and step.target == ECOG]
    meant = [step for step in steps if score.overlaps(Interval(Bound(step.source_low), Bound(step.source_high)))]
    if not meant and score.low is not None and score.high is not None:
        at = score.low.at
        below = [step for step in steps if step.source_high < at]
        above = [step for step in steps if step.source_low > at]
        if below and above:
            meant = [max(below, key=lambda step: step.source_high), min(above, key=lambda step: step.source_low)]
    if not meant:
        return None
    return Interval(Bound(min(step.target_low for step in meant)), Bound(max(step.target_high for step in meant)))


def _wanted(rule: _Rule, case: Case, concepts: tuple[str, ...]) -> Wanted:
    name = case.vocabulary.display(concepts[0])
    days = rule.within_days
    if days is None:
        concept = case.vocabulary.concepts.get(concepts[0])
        days = concept.scale.freshness_days if concept and concept.scale else None
    since = f" since {days_later(case.as_of, -days)}" if days is not None else ""
    return Wanted(f"{name}{since}?", Kind.MEASUREMENT, concepts)


def _evidence(results: list[Known[Measurement]], case: Case) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            reference=known.entry.reference,
            label=case.vocabulary.display(known.meaning.concept) if known.meaning.counts else str(known.entry.code),
            value=_shown(known.entry.value),
            range=_shown_range(known.entry.ranges),
            date=str(known.entry.date or ""),
        )
        for known in sorted(results, key=lambda known: known.entry.reference)
    )


def _shown(value: Quantity | Coded | str | None) -> str:
    return "" if value is None else str(value)


def _shown_range(ranges: tuple[ReferenceRange, ...]) -> str:
    for each in ranges:
        low = plain(each.low.value) if each.low else ""
        high = plain(each.high.value) if each.high else ""
        if low and high:
            return f"{low}-{high}"
        if low or high:
            return f">= {low}" if low else f"<= {high}"
        if each.text:
            return each.text
    return ""
