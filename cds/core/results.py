"""Which results may decide: those that stand, the newest of them, and how long they count."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from cds.core.chart import Extent, Kind, Measurement, ResultStatus
from cds.core.criteria import Measured, PerformanceStatus, Undetectable
from cds.core.dates import PartialDate, days_later
from cds.core.finding import Cause
from cds.core.recognise import Results
from cds.core.scales import Derived, scale_of
from cds.core.truth import Truth

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cds.core.recognise import Case, Known

Asked = Measured | Undetectable | PerformanceStatus
"""The rules that the newest result decides."""
_SKIPPED = frozenset({ResultStatus.ENTERED_IN_ERROR, ResultStatus.CANCELLED})


def usable(case: Case, concepts: tuple[str, ...]) -> list[Known[Measurement]]:
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
    return sorted(said_first(found.values()), key=age_of)


def said_first(results: Iterable[Known[Measurement]]) -> list[Known[Measurement]]:
    """Leave out the records of a day for which a person said the result: whoever says it has looked at them."""
    every = list(results)
    days = {known.entry.date for known in every if known.entry.attested is not None}
    return [known for known in every if known.entry.attested is not None or known.entry.date not in days]


def age_of(known: Known[Measurement]) -> tuple[int, str]:
    """Sort newest first, undated ones last, those of one day by their reference: never by the order they came in."""
    date = known.entry.date
    return (-date.latest.toordinal() if date is not None else 1), known.entry.reference


def newest_of(every: list[Known[Measurement]], case: Case) -> Results:
    """Tell apart the results that may be the newest one, or give the cause for there being none to decide.

    What a person said gives way to a record of a later day, not to one that may be of the same day at most.
    """
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
    said_on = max((date.latest for known, date in dated if known.entry.attested is not None), default=dt.date.min)
    newest = [
        known
        for known, date in dated
        if (last := min(date.latest, case.known_on)) >= surely_by
        and (last > said_on or known.entry.attested is not None)
    ]
    undated = [known for known in exact_enough if known.entry.date is None]
    return Results(every, _final_first(newest) + undated, None)


def _final_first(newest: list[Known[Measurement]]) -> list[Known[Measurement]]:
    """Leave out a preliminary result where a final one of the same thing and the same single day is there."""
    final = {
        (known.meaning.concept, known.entry.date)
        for known in newest
        if known.meaning.counts and known.entry.status is ResultStatus.FINAL and _exact(known)
    }
    return [
        known
        for known in newest
        if known.entry.status is not ResultStatus.PRELIMINARY or (known.meaning.concept, known.entry.date) not in final
    ]


def _exact(known: Known[Measurement]) -> bool:
    return known.entry.date is not None and known.entry.date.exact


def in_time(rule: Asked, known: Known[Measurement], case: Case) -> Cause | None:
    """Give the cause where a result is too old or may be, or nothing where it is recent enough.

    A computed value is as old as its leading input, and counts no longer than each of its other inputs.
    """
    today = case.as_of if case.ageing else case.known_on
    spans = _spans(rule, known, case)
    late = [counts_on(today, date, days, case) for date, days in spans]
    if Truth.UNMET in late:
        return Cause.TOO_OLD
    return Cause.DATE_IMPRECISE if Truth.UNKNOWN in late else None


def counts_on(today: dt.date, date: PartialDate, days: int, case: Case) -> Truth:
    """Say whether a result of a date is recent enough on a day. None in the records is from after they were read."""
    clipped = PartialDate(date.earliest, max(date.earliest, min(date.latest, case.known_on)))
    return clipped.on_or_after(days_later(today, -days))


def lapses(rule: Asked, newest: list[Known[Measurement]], case: Case) -> tuple[dt.date, ...]:
    """Give the days on which the results may begin to be too old."""
    return tuple(
        days_later(day, days + 1)
        for known in newest
        for date, days in _spans(rule, known, case)
        for day in (date.earliest, date.latest)
    )


def _spans(rule: Asked, known: Known[Measurement], case: Case) -> list[tuple[PartialDate, int]]:
    """Give the dates a result depends on, each with the days for which what is of that date counts."""
    scale = scale_of(known, case)
    days = rule.within_days if rule.within_days is not None else scale.freshness_days if scale else None
    spans = [(known.entry.date, days)]
    if isinstance(known.entry, Derived):
        spans += [(each.entry.date, _usual_days(each, case)) for each in known.entry.others]
    return [(date, days) for date, days in spans if date is not None and days is not None]


def _usual_days(known: Known[Measurement], case: Case) -> int | None:
    scale = scale_of(known, case)
    return scale.freshness_days if scale else None
