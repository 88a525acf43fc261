"""What came of treatment: how many lines and cycles were given, and whether the disease progressed.

How courses become lines is told in ``cds.core.lines``, what shows a progression in ``cds.core.progressions``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.chart import Extent, Kind, Told, Verification
from cds.core.counting import Count, counted
from cds.core.courses import courses_of, evidence_of, span
from cds.core.dates import PartialDate, days_later
from cds.core.finding import Basis, Cause, Evidence, Finding, Wanted
from cds.core.lines import REGIMEN_DAYS, lined
from cds.core.needs import ANTICANCER
from cds.core.progressions import DISEASE_STATUS, progressions
from cds.core.recognise import tumour_of
from cds.core.truth import Truth
from cds.core.tumours import matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cds.core.courses import Course
    from cds.core.criteria import Cycles, Diagnosis, Lines, Progressed
    from cds.core.lines import Lined, Placed
    from cds.core.progressions import Progression
    from cds.core.recognise import Case

CYCLE_DAYS = 14
_LONGEST_DAYS = 36525
_PROGRESSION_KINDS = (Kind.MEDICATION, Kind.MEASUREMENT, Kind.CONDITION)


def lines(rule: Lines, case: Case, *, forbidden: bool) -> Finding:
    """Decide how many lines of systemic treatment were given: *assumed*, as counting them is an opinion."""
    key = rule.drugs, rule.but_not, rule.since, case.as_of, case.ageing
    count = case.lines.get(key)
    if count is None:
        count = case.lines[key] = _count_of_lines(rule, case)
    return counted(rule, count, case, forbidden=forbidden)


def _count_of_lines(rule: Lines, case: Case) -> Count:
    """Count the lines that a rule speaks of, whatever number it asks for."""
    courses = courses_of(rule.drugs, rule.but_not, case)
    since = None if rule.since is None else _diagnosed(rule.since, case)
    found = lined(courses, progressions(courses, case), case, since)
    shown = [_placed(placed, case) for placed in found.placed]
    evidence = [first for first, *_ in shown] + [seen for _, *rest in shown for seen in rest]
    evidence += [seen for course in found.undated for seen in evidence_of(course, case, "no beginning told")]
    what = f"lines of {_names(rule.drugs, case)}"
    return Count(found.fewest, found.most, tuple(dict.fromkeys(evidence)), _why(found), what)


def _placed(placed: Placed, case: Case) -> list[Evidence]:
    """Show an episode's entries with the line they were counted to; the first of each drug is shown before the rest."""
    low, high = max(placed.fewest, 1), placed.most
    line = (
        f"line {high}" if placed.fewest == high else f"line {low} or {high}" if low < high else f"perhaps line {high}"
    )
    return [seen for course in placed.episode.courses for seen in evidence_of(course, case, line)]


def _why(found: Lined) -> Cause:
    """Say what most leaves a count of lines open: dates, then codes, then what lay between two treatments."""
    episodes = [placed.episode for placed in found.placed]
    if found.undated or any(not episode.start.exact for episode in episodes):
        return Cause.DATE_IMPRECISE
    doubts = [course.doubt for episode in episodes for course in episode.courses if course.doubt is not None]
    if doubts:
        return doubts[0]
    vague = any(episode.vague or not episode.sure for episode in episodes)
    return Cause.TOO_GENERAL if vague else Cause.CONDITION_UNKNOWN


def _diagnosed(rule: Diagnosis, case: Case) -> PartialDate:
    """Give the days on which such a tumour was first diagnosed; one that was only recorded, any day up to that.

    Treatment is also begun before the report is in: up to four weeks before the onset told it may count. An entry that
    may be such a tumour may be the first; without any, nothing is known.
    """
    sure: list[PartialDate] = []
    maybe: list[PartialDate] = []
    for entry in case.listed:
        tumour = tumour_of(entry, case.vocabulary)
        if tumour is None:
            continue
        truth, cause = matches(rule, tumour, case)
        anywhen = PartialDate(
            dt.date.min, min(entry.recorded.latest, case.known_on) if entry.recorded else case.known_on
        )
        resolved = cause is Cause.CONDITION_UNKNOWN and entry.verification is Verification.CONFIRMED
        if truth is Truth.MET or resolved:
            sure.append(entry.onset or anywhen)
        elif truth is Truth.UNKNOWN:
            maybe.append(entry.onset or anywhen)
    latest = min((each.latest for each in sure), default=case.known_on)
    earliest = min((each.earliest for each in (*sure, *maybe)), default=dt.date.min)
    return PartialDate(days_later(min(earliest, latest), -REGIMEN_DAYS), latest)


def cycles(rule: Cycles, case: Case, *, forbidden: bool) -> Finding:
    """Decide how many cycles were given.

    Days on which the drugs were given, or courses of them begun, are one cycle where less than two weeks lie between.
    Where a cycle's days go on beyond two weeks from its first (a dose every week) it may be several. A course that
    lasts from one day to another is at least one cycle, and at most one for every two weeks of it.
    """
    courses = courses_of(rule.drugs, (), case)
    days = [_days(course, case) for course in courses]
    sure = sorted({each.first for each in days if each.exact and each.sure})
    fewest = max(_chained(sure), 1 if any(each.sure for each in days) else 0)
    most: int | None = None
    if all(each.course.entry.start is not None and each.countable for each in days):
        every = sorted({day for each in days if each.exact for day in each.every()})
        most = _stepped(every) + sum(len(each.every()) for each in days if not each.exact)
    evidence = tuple(dict.fromkeys(seen for course in courses for seen in evidence_of(course, case)))
    doubts = [course.doubt for course in courses if course.doubt is not None]
    given = all(course.entry.told is Told.GIVEN for course in courses)
    count = Count(
        fewest,
        most,
        evidence,
        doubts[0] if doubts else Cause.DATE_IMPRECISE,
        f"cycles of {_names(rule.drugs, case)}",
        Basis.DOCUMENTED if given else Basis.ASSUMED,
    )
    return counted(rule, count, case, forbidden=forbidden)


@dataclass(frozen=True, slots=True)
class _Days:
    """The days a course took: from its beginning (as exactly as it is told) to its end."""

    course: Course
    first: dt.date
    last: dt.date

    @property
    def exact(self) -> bool:
        """Whether the day of beginning is known."""
        start = self.course.entry.start
        return start is not None and start.exact

    @property
    def sure(self) -> bool:
        """Whether the course counts for certain."""
        return self.course.doubt is None

    @property
    def countable(self) -> bool:
        """Whether it lasted no longer than treatment can: a day that is centuries off says nothing."""
        return (self.last - self.first).days <= _LONGEST_DAYS

    def every(self) -> tuple[dt.date, ...]:
        """Give its first day, and one in every two weeks after it that a further cycle may have begun."""
        steps = (self.last - self.first).days // CYCLE_DAYS
        return tuple(days_later(self.first, step * CYCLE_DAYS) for step in range(steps + 1))


def _days(course: Course, case: Case) -> _Days:
    """Give the days of a course; one dose that was given on a day is that day, whether its end is told or not."""
    entry = course.entry
    start = entry.start or PartialDate.on(case.known_on)
    if entry.told is Told.GIVEN and entry.end is None:
        return _Days(course, start.earliest, start.earliest)
    last = min(span(entry, case)[0].latest, case.known_on)
    return _Days(course, start.earliest, max(last, start.earliest))


def _chained(days: Sequence[dt.date]) -> int:
    """Count the groups of days that lie less than two weeks apart, each from the one before it."""
    return sum(place == 0 or (day - days[place - 1]).days >= CYCLE_DAYS for place, day in enumerate(days))


def _stepped(days: Iterable[dt.date]) -> int:
    """Count the groups of days of which each lies less than two weeks after the group's first."""
    count, first = 0, dt.date.min
    for day in days:
        if not count or (day - first).days >= CYCLE_DAYS:
            count, first = count + 1, day
    return count


def progressed(rule: Progressed, case: Case, *, forbidden: bool) -> Finding:
    """Decide whether the disease progressed or came back on or after one of the drugs: met, or not known.

    Nobody records that it did not. A later regimen is no proof either. With a line, the drug must belong to that line
    for certain, and the progression must lie before anything begun that may belong to the next; all drugs against
    cancer are counted for that, and all of them must have been read.
    """
    courses = courses_of(rule.after, (), case)
    every = courses if rule.line is None else courses_of((*ANTICANCER, *rule.after), (), case)
    events = progressions(every, case)
    limits = _any_time(courses) if rule.line is None else _in_line(rule.line, every, events, courses, case)
    pairs = [(course, event, _after(course, event, limits)) for course in courses for event in events]
    sure = [(course, event) for course, event, truth in pairs if truth is Truth.MET]
    telling = sure or [(course, event) for course, event, truth in pairs if truth is Truth.UNKNOWN]
    evidence = _pairs_shown(telling, case)
    if sure:
        basis = Basis.DOCUMENTED if rule.line is None else Basis.ASSUMED
        truth = Truth.UNMET if forbidden else Truth.MET
        return Finding(rule, truth, basis, evidence=evidence, forbidden=forbidden)
    return _not_shown(rule, evidence, [course for course, _ in telling], case, forbidden=forbidden)


def _pairs_shown(telling: Sequence[tuple[Course, Progression]], case: Case) -> tuple[Evidence, ...]:
    """Show each progression with the last of the courses that it came on or after."""
    last: dict[Progression, Course] = {}
    for course, event in telling:
        if event not in last or _begun(course) > _begun(last[event]):
            last[event] = course
    shown = [seen for event, course in last.items() for seen in (event.evidence, *evidence_of(course, case))]
    return tuple(dict.fromkeys(shown))


def _begun(course: Course) -> tuple[dt.date, str]:
    start = course.entry.start
    return (start.earliest if start is not None else dt.date.min), course.entry.reference


def _not_shown(
    rule: Progressed, evidence: tuple[Evidence, ...], near: Sequence[Course], case: Case, *, forbidden: bool
) -> Finding:
    names = _names(rule.after, case)
    line = "" if rule.line is None else f" in line {rule.line}"
    wanted = Wanted(
        f"Did the disease progress or come back on or after {names}{line}, and when?",
        Kind.MEASUREMENT,
        (DISEASE_STATUS,),
    )
    whole = all(case.chart.extent(kind) is Extent.COMPLETE for kind in _PROGRESSION_KINDS)
    doubts = [course.doubt for course in near if course.doubt is not None]
    if near:
        cause = doubts[0] if doubts else Cause.DATE_IMPRECISE if rule.line is None else Cause.CONDITION_UNKNOWN
    else:
        cause = Cause.NO_RECORD if whole else Cause.NOT_READ
    return Finding(rule, Truth.UNKNOWN, cause=cause, evidence=evidence, wanted=wanted, forbidden=forbidden)


@dataclass(frozen=True, slots=True)
class _Limit:
    """Up to when a progression counts after a course (none: at any time), and whether the course counts for certain."""

    until: dt.date | None
    sure: bool


_Limits = dict[str, _Limit]


def _any_time(courses: Iterable[Course]) -> _Limits:
    return {course.entry.reference: _Limit(None, course.doubt is None) for course in courses}


def _in_line(
    line: int, every: Sequence[Course], events: Sequence[Progression], asked: Sequence[Course], case: Case
) -> _Limits:
    """Say which of the courses asked of are in a line, and up to which day a progression belongs to that line."""
    found = lined(every, events, case)
    whole = case.chart.extent(Kind.MEDICATION) is Extent.COMPLETE and not found.undated
    later = [placed.episode.start.earliest for placed in found.placed if placed.most > line]
    until = min(later, default=None)
    names = {(course.name, course.entry.reference) for course in asked}
    limits: _Limits = {}
    for placed in found.placed:
        if not placed.fewest <= line <= placed.most:
            continue
        sure = whole and placed.episode.sure and placed.fewest == placed.most
        for course in placed.episode.courses:
            if (course.name, course.entry.reference) in names:
                limits[course.entry.reference] = _Limit(until, sure)
    return limits


def _after(course: Course, event: Progression, limits: _Limits) -> Truth:
    """Say whether a progression lies on or after the first day of a course, and before the next line."""
    limit = limits.get(course.entry.reference)
    if limit is None:
        return Truth.UNMET
    ended_it = event.of == course.entry.reference
    if not ended_it and _apart(course.entry.start, event, limit):
        return Truth.UNMET
    begun = ended_it or (course.entry.start is not None and event.when.earliest >= course.entry.start.latest)
    before = limit.until is None or event.when.latest <= limit.until
    return Truth.MET if limit.sure and event.sure and begun and before else Truth.UNKNOWN


def _apart(start: PartialDate | None, event: Progression, limit: _Limit) -> bool:
    """Say whether a progression surely lies before a course, or after the next line began."""
    too_early = start is not None and event.when.latest < start.earliest
    return too_early or (limit.until is not None and event.when.earliest > limit.until)


def _names(concepts: tuple[str, ...], case: Case) -> str:
    return ", ".join(map(case.vocabulary.display, concepts))
