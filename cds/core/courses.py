"""Entries about drugs put together to courses: an order, its dispenses and what the medication list says of them.

Charts tell one treatment several times. Entries are put together only where nothing real can be lost by it:

* Entries of one drug that agree in beginning, end, dose, times a day, route and state are one course, told twice.
* An order or dispense without an end is the course that a statement of the drug tells as ended, if that statement
  begins with it or up to four weeks later: it was stopped when the statement says. One that is not active is it as
  well if it lies within the statement's days.
* An order that is still active beside a statement that ended, where neither of these holds and their days may
  overlap, contradicts it: that settles nothing. Entries that give different doses are never put together.

Administrations (``Told.GIVEN``) never end an order: each is one dose of it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cds.core.chart import Exposure, ExposureStatus, Told
from cds.core.dates import PartialDate, days_later
from cds.core.finding import Cause, Evidence
from cds.core.presence import clip, doubt_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cds.core.recognise import Case, Known

_BEGINS_WITH_DAYS = 28
"""How long after an order a statement of the drug may begin and still be taken for what came of it."""
_OPEN = frozenset({Told.ORDERED, Told.DISPENSED})
_FIRMEST = (Told.GIVEN, Told.STATED, Told.ORDERED, Told.DISPENSED, Told.DRAFTED)


@dataclass(frozen=True, slots=True)
class Course:
    """One course of one ingredient, with every entry that tells of it.

    ``entry`` is the course as all of them together tell it. ``doubt`` is the cause why its codes settle nothing.
    ``conflicting`` says that another entry tells it as ended in a way that cannot be made to agree.
    """

    name: str
    entry: Exposure
    entries: tuple[Exposure, ...]
    doubt: Cause | None = None
    conflicting: bool = False

    @property
    def doses(self) -> int:
        """The most doses that its entries may be: two administrations alike may be two doses or one told twice."""
        return max(1, len({entry.reference for entry in self.entries if entry.told is Told.GIVEN}))


def courses_of(drugs: tuple[str, ...], but_not: tuple[str, ...], case: Case) -> tuple[Course, ...]:
    """Give the courses of the drugs, and of the members of the classes, that have begun by the records' day."""
    spared = case.vocabulary.ingredients_of(but_not)
    looked_for = case.vocabulary.ingredients_of(drugs)
    found: list[Course] = []
    for name in sorted(case.exposures.keys() & ((looked_for.keys() | set(drugs)) - spared.keys())):
        unverified = None if looked_for.get(name, True) else Cause.UNMAPPED
        courses = case.courses.get((name, unverified))
        if courses is None:
            courses = case.courses[name, unverified] = _of_one(case.exposures[name], unverified, case)
        found += courses
    return tuple(found)


def _of_one(knowns: Iterable[Known[Exposure]], unverified: Cause | None, case: Case) -> tuple[Course, ...]:
    """Give the courses of one ingredient; entries that settle nothing are kept apart from those that do."""
    by_doubt: dict[Cause | None, list[Known[Exposure]]] = defaultdict(list)
    for known in knowns:
        by_doubt[doubt_of(known.meaning) or unverified].append(known)
    found = [
        each if doubt is None else replace(each, doubt=doubt)
        for doubt, told in by_doubt.items()
        for each in standing(told, case)
    ]
    return tuple(sorted(found, key=lambda course: _order(course.entry)))


def standing(knowns: Iterable[Known[Exposure]], case: Case) -> tuple[Course, ...]:
    """Put the entries of one ingredient together to courses; those that never were, or begin later, are left out."""
    by_claim: dict[object, list[tuple[str, Exposure]]] = defaultdict(list)
    for known in knowns:
        entry = known.entry
        later = entry.start is not None and entry.start.earliest > case.known_on
        if entry.status is not ExposureStatus.NEVER and not later:
            by_claim[_claim(entry)].append((known.meaning.concept, entry))
    told = [_one(each) for each in by_claim.values()]
    told.sort(key=lambda course: _order(course.entry))
    return tuple(_joined(told))


def _order(entry: Exposure) -> tuple[str, str, str, str]:
    """Sort entries by where they come from, and those of one reference by what they say: never by the order sent."""
    return entry.reference, str(entry.start), str(entry.end), f"{entry.told.value} {entry.status.value}"


def _claim(entry: Exposure) -> object:
    """Give what two entries must agree in to be one; each administration of an order keeps its own day."""
    return entry.start, entry.end, entry.status, entry.dose, entry.per_day, entry.route.codes


def _one(told: list[tuple[str, Exposure]]) -> Course:
    """Put entries that claim the same together; what only one of them says (intent, why it ended) is kept."""
    if len(told) == 1:
        return Course(told[0][0], told[0][1], (told[0][1],))
    entries = sorted((entry for _, entry in told), key=_order)
    first = entries[0]
    kinds = {entry.told for entry in entries}
    whole = replace(
        first,
        told=next(kind for kind in _FIRMEST if kind in kinds),
        intent=next((entry.intent for entry in entries if entry.intent.codes or entry.intent.text), first.intent),
        stopped_for=tuple(dict.fromkeys(reason for entry in entries for reason in entry.stopped_for)),
    )
    return Course(told[0][0], whole, tuple(dict.fromkeys(entries)))


def _joined(told: list[Course]) -> list[Course]:
    """Let statements that ended end the orders and dispenses they belong to."""
    ended = [each for each in told if _is_ended_statement(each.entry)]
    belonging: dict[int, list[Course]] = defaultdict(list)
    kept: list[Course] = []
    for course in told:
        if not _is_open(course.entry):
            kept.append(course)
            continue
        fitting = [each for each in ended if _belongs(course.entry, each.entry)]
        if fitting:
            last = max(fitting, key=lambda each: (_latest_end(each.entry), _order(each.entry)))
            belonging[id(last)].append(course)
        else:
            at_odds = any(_contradicts(course.entry, each.entry) for each in ended)
            kept.append(replace(course, conflicting=True) if at_odds else course)
    return [_with(course, belonging[id(course)]) if id(course) in belonging else course for course in kept]


def _with(statement: Course, orders: list[Course]) -> Course:
    """Give a statement's course together with the orders it ended: it began with the first of them."""
    starts = [each.entry.start for each in (statement, *orders) if each.entry.start is not None]
    first = min(starts, key=lambda start: (start.earliest, start.latest))
    entries = dict.fromkeys(entry for each in (statement, *orders) for entry in each.entries)
    return replace(
        statement,
        entry=replace(statement.entry, start=first),
        entries=tuple(sorted(entries, key=_order)),
    )


def _is_ended_statement(entry: Exposure) -> bool:
    return entry.told is Told.STATED and entry.status is ExposureStatus.ENDED


def _is_open(entry: Exposure) -> bool:
    return entry.told in _OPEN and entry.end is None and entry.start is not None


def _latest_end(entry: Exposure) -> dt.date:
    return entry.end.latest if entry.end is not None else dt.date.min


def _belongs(order: Exposure, statement: Exposure) -> bool:
    """Say whether an order without an end is surely the course that a statement tells as ended."""
    if order.start is None or statement.start is None or statement.end is None:
        return False
    begun, said, over = order.start, statement.start, statement.end
    if begun.latest <= said.earliest and said.latest <= days_later(begun.earliest, _BEGINS_WITH_DAYS):
        return not _differ(order, statement)
    within = said.latest <= begun.earliest and begun.latest <= over.earliest
    return within and order.status is not ExposureStatus.ACTIVE and not _differ(order, statement)


def _contradicts(order: Exposure, statement: Exposure) -> bool:
    """Say whether an order without an end, still active, and an ended statement may be about the same days."""
    if order.start is None or statement.start is None or order.status is not ExposureStatus.ACTIVE:
        return False
    later = statement.end is not None and statement.end.latest < order.start.earliest
    return not later and not _differ(order, statement)


def _differ(order: Exposure, statement: Exposure) -> bool:
    """Say whether both give a dose, or times a day, and these are not the same."""
    doses = {order.dose, statement.dose} - {None}
    times = {order.per_day, statement.per_day} - {None}
    return len(doses) > 1 or len(times) > 1


def span(entry: Exposure, case: Case) -> tuple[PartialDate, bool]:
    """Give the span in which an exposure ended, and whether it goes on as far as the records tell.

    Records contradict themselves: one that is active with an end in the past may have ended any day since; one that was
    stopped before its planned end, any day since its beginning.
    """
    begun = entry.start.earliest if entry.start is not None else dt.date.min
    somewhen = PartialDate(min(begun, case.known_on), case.known_on)
    if entry.end is None:
        return (PartialDate.on(case.as_of), True) if entry.status is ExposureStatus.ACTIVE else (somewhen, False)
    if entry.status is ExposureStatus.ENDED and entry.end.latest > case.known_on:
        return PartialDate(min(somewhen.earliest, entry.end.earliest), case.known_on), False
    if entry.end.earliest >= case.known_on:
        return entry.end, entry.end.earliest >= case.as_of
    if entry.status is ExposureStatus.ACTIVE:
        return PartialDate(entry.end.earliest, case.known_on), False
    return clip(entry.end, case), False


def evidence_of(course: Course, case: Case, value: str = "") -> tuple[Evidence, ...]:
    """Show every entry that tells of a course; ``value`` takes the place of its state."""
    return tuple(_shown(course.name, entry, case, value) for entry in course.entries)


def _shown(name: str, entry: Exposure, case: Case, value: str) -> Evidence:
    ongoing = span(entry, case)[1]
    date = entry.end or (None if ongoing else entry.start) or entry.start
    said = value or ("ongoing" if ongoing else entry.said or entry.status.value)
    return Evidence(entry.reference, case.vocabulary.display(name), said, date=str(date or ""))
