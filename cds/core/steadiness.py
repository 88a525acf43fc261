"""Whether a drug has been taken for a while without a change of dose."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.courses import span
from cds.core.dates import PartialDate, days_later
from cds.core.finding import Cause
from cds.core.truth import Truth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cds.core.courses import Course
    from cds.core.recognise import Case


@dataclass(frozen=True, slots=True)
class Steady:
    """Whether an ongoing course is steady, why that cannot be told, and the day from which it is if nothing changes."""

    truth: Truth
    cause: Cause | None = None
    turn: dt.date | None = None


@dataclass(frozen=True, slots=True)
class History:
    """All courses of one drug, looked through once for the days before the first dose.

    ``since`` gives by entry the first day of the unbroken series of one dose that it goes on from. ``restless`` are the
    courses that began or ended, or may have, in those days, each with that day.
    """

    since: dict[int, PartialDate]
    restless: tuple[tuple[Course, PartialDate], ...]
    days: int


def history(same_drug: Sequence[Course], days: int, case: Case) -> History:
    """Look through the courses of one drug: a chart may hold one for each day of many years."""
    first = days_later(case.as_of, -days)
    restless = tuple(
        (course, event)
        for course in same_drug
        for event in _events(course, case)
        if event.on_or_before(first) is not Truth.MET
    )
    return History(_series(same_drug, case), restless, days)


def steady(course: Course, told: History, case: Case) -> Steady:
    """Say whether an ongoing course has gone on for so many days, and no other entry tells another dose in them.

    A course that takes up another of the same dose, with no more than a day between, goes on from that one's beginning.
    An entry without a dose that begins or ends in these days may be a change.
    """
    begun = told.since.get(id(course), course.entry.start)
    if begun is None:
        return Steady(Truth.UNKNOWN, Cause.DATE_IMPRECISE)
    first = days_later(case.as_of, -told.days)
    truth = begun.on_or_before(first)
    cause = Cause.DATE_IMPRECISE if truth is Truth.UNKNOWN else None
    last = begun.latest
    for other, event in told.restless:
        if other is course or _same_dose(other, course):
            continue
        dosed = _dosed(other) and _dosed(course)
        truth = truth & (event.on_or_before(first) if dosed else Truth.UNKNOWN)
        cause = cause or (Cause.DATE_IMPRECISE if dosed else Cause.TOO_GENERAL)
        last = max(last, event.latest)
    return Steady(truth, cause if truth is Truth.UNKNOWN else None, days_later(last, told.days))


def _series(same_drug: Sequence[Course], case: Case) -> dict[int, PartialDate]:
    """Give by course the first day of the series of the same dose, with no more than a day between, that it is in."""
    by_dose: dict[object, list[tuple[PartialDate, Course]]] = defaultdict(list)
    for course in same_drug:
        if course.entry.start is not None and _dosed(course):
            by_dose[course.entry.dose, course.entry.per_day].append((course.entry.start, course))
    found: dict[int, PartialDate] = {}
    for series in by_dose.values():
        first, last = PartialDate.on(dt.date.max), dt.date.min
        for start, course in sorted(series, key=lambda each: (each[0].earliest, each[0].latest)):
            if last < days_later(start.earliest, -1) or start.earliest == first.earliest:
                first = start
            found[id(course)] = first
            last = max(last, span(course.entry, case)[0].earliest)
    return found


def _events(course: Course, case: Case) -> tuple[PartialDate, ...]:
    """Give the days on which a course began and, if it is over, ended."""
    start = course.entry.start or PartialDate(dt.date.min, case.known_on)
    end, ongoing = span(course.entry, case)
    return (start,) if ongoing else (start, end)


def _dosed(course: Course) -> bool:
    return course.entry.dose is not None and course.entry.per_day is not None


def _same_dose(one: Course, other: Course) -> bool:
    """Say whether two entries tell the same dose; two that tell none may differ."""
    same = (one.entry.dose, one.entry.per_day) == (other.entry.dose, other.entry.per_day)
    return same and _dosed(one)
