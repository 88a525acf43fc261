"""Daily doses in the equivalents of one drug, and whether together they exceed what a trial allows.

Each course of a day gives a range: the dose at one time × the times a day × the equivalent, of which published sets
give a lowest and a highest value. A dose, a number of times or an equivalent that is not known leaves the range open.

Courses of different drugs add up. Courses of one drug may be one treatment told several times, by its order, its
dispenses and the medication list. Lowest: what the list states adds up (each dose once), as does what was given on a
day; of orders, and of dispenses, the greatest counts alone; and of these four sums the greatest. Highest: all that are
not the same dose told by another kind of entry add up. A dispense without a dose adds nothing beside an entry with one.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from cds.core.chart import ExposureStatus, Kind, Told
from cds.core.courses import courses_of, evidence_of, span
from cds.core.dates import PartialDate, days_later
from cds.core.finding import Basis, Cause, Wanted
from cds.core.presence import Sight, settle
from cds.core.quantities import Interval, Quantity, plain
from cds.core.routes import systemic
from cds.core.truth import Truth
from cds.core.washouts import Washout, not_over

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cds.core.chart import Exposure
    from cds.core.courses import Course
    from cds.core.criteria import Exposed
    from cds.core.finding import Finding
    from cds.core.limits import DailyDose
    from cds.core.recognise import Case

MILLIGRAMS = {
    "mg": Fraction(1),
    "g": Fraction(1000),
    "ug": Fraction(1, 1000),
    "mcg": Fraction(1, 1000),
    "µg": Fraction(1, 1000),
    "\N{GREEK SMALL LETTER MU}g": Fraction(1, 1000),
}


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount between two ends; ``most`` of none is open for ever."""

    least: Fraction
    most: Fraction | None

    def __add__(self, other: Amount) -> Amount:
        """Add ends."""
        most = None if self.most is None or other.most is None else self.most + other.most
        return Amount(self.least + other.least, most)

    def __or__(self, other: Amount) -> Amount:
        """Give the greater: both ends of whichever is more."""
        most = None if self.most is None or other.most is None else max(self.most, other.most)
        return Amount(max(self.least, other.least), most)


NOTHING = Amount(Fraction(0), Fraction(0))
ANYTHING = Amount(Fraction(0), None)


@dataclass(frozen=True, slots=True)
class _Part:
    """A course as it counts on one day: its daily amount, and whether it is sure that it counts."""

    course: Course
    amount: Amount
    sure: bool


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Days on which the same courses may have been taken: what they come to, up to which day, and since when open."""

    parts: tuple[_Part, ...]
    truth: Truth
    last: dt.date
    ongoing: bool


def in_milligrams(dose: Quantity | None) -> Amount:
    """Give a dose in milligrams; one in tablets, drops or units can be anything."""
    if dose is None:
        return ANYTHING
    factor = next((MILLIGRAMS[unit] for unit in dose.units if unit in MILLIGRAMS), None)
    return ANYTHING if factor is None else _scaled(dose, factor)


def _scaled(dose: Quantity, factor: Fraction) -> Amount:
    value = Interval.of(Fraction(dose.value) * factor, dose.comparator)
    return Amount(value.low.at if value.low else Fraction(0), value.high.at if value.high else None)


def equivalent(name: str, scale: str, case: Case) -> Amount:
    """Give how many milligrams of a scale's drug a milligram of a drug stands for; not in the table: anything."""
    if name == scale:
        return Amount(Fraction(1), Fraction(1))
    known = case.vocabulary.equivalents.get(scale, {}).get(name)
    return ANYTHING if known is None or not known.verified else Amount(known.low, known.high)


def times(one: Amount, other: Amount) -> Amount:
    """Multiply two amounts."""
    return Amount(one.least * other.least, None if one.most is None or other.most is None else one.most * other.most)


def daily(course: Course, scale: str, case: Case) -> Amount:
    """Give the daily dose of a course in milligrams of a scale's drug.

    The same dose given several times on one day is at least one dose, and at most as many as there are entries.
    """
    entry = course.entry
    often = None if entry.per_day is None else Amount(entry.per_day, entry.per_day)
    if entry.told is Told.GIVEN and _one_day(entry):
        told = Amount(Fraction(0 if often else 1), Fraction(course.doses))
        often = told if often is None else often | told
    if often is None:
        return ANYTHING
    return times(times(in_milligrams(entry.dose), often), equivalent(course.name, scale, case))


def _one_day(entry: Exposure) -> bool:
    return entry.start is not None and entry.start.exact and entry.end in {None, entry.start}


def taken_above(rule: Exposed, limit: DailyDose, case: Case, *, forbidden: bool) -> Finding:
    """Decide whether the daily doses of the drugs together exceed a limit: now, within the window, or ever."""
    parts = [
        _Part(course, daily(course, limit.scale, case), sure=course.doubt is None and where is Truth.MET)
        for course in courses_of(rule.drugs, rule.but_not, case)
        if (where := systemic(course, case) if rule.systemic else Truth.MET) is not Truth.UNMET
        and not (rule.ongoing and course.entry.status is ExposureStatus.ENDED)
    ]
    sights = _sights(rule, _stretches(parts, limit, _first_day(rule, case), case), case)
    finding = settle(rule, case, sights, Kind.MEDICATION, rule.drugs, forbidden=forbidden)
    return _told(finding, limit, parts, case)


def _first_day(rule: Exposed, case: Case) -> dt.date:
    """Give the first day on which a dose may still matter: today, the first of the window, or any day there was."""
    if rule.ongoing:
        return case.as_of
    if rule.within_days is None or rule.half_lives is not None:
        return dt.date.min
    return days_later(case.as_of, 1 - rule.within_days)


def _sights(rule: Exposed, stretches: list[_Stretch], case: Case) -> list[Sight]:
    """Let each course say what the stretches of days say that it was taken in; of one answer, the last of them."""
    heard: dict[tuple[int, Truth], tuple[_Part, Cause | None, tuple[dt.date, ...]]] = {}
    for stretch in stretches:
        if rule.ongoing and not stretch.ongoing:
            continue
        truth, turns = _in_time(rule, stretch, case)
        cause = _cause(stretch) if truth is Truth.UNKNOWN else None
        for part in stretch.parts:
            heard[id(part.course), truth] = part, cause, turns
    return [
        Sight(truth, seen, cause, turns)
        for (_, truth), (part, cause, turns) in heard.items()
        for seen in evidence_of(part.course, case, _value(part.course, case))
    ]


def _told(finding: Finding, limit: DailyDose, parts: list[_Part], case: Case) -> Finding:
    """Tell an answer that equivalents settled as assumed; ask for the doses where they leave it open."""
    if finding.truth is Truth.UNKNOWN and finding.evidence and finding.wanted is not None:
        shown = {seen.label for seen in finding.evidence}
        wanted = Wanted(f"Daily dose of {', '.join(sorted(shown))}?", Kind.MEDICATION, finding.wanted.concepts)
        return replace(finding, wanted=wanted)
    shown_names = {seen.label for seen in finding.evidence}
    converted = any(
        part.course.name != limit.scale and case.vocabulary.display(part.course.name) in shown_names for part in parts
    )
    return replace(finding, basis=Basis.ASSUMED) if finding.basis is Basis.DOCUMENTED and converted else finding


def _in_time(rule: Exposed, stretch: _Stretch, case: Case) -> tuple[Truth, tuple[dt.date, ...]]:
    """Say whether the stretch of days counts, and when it no longer will.

    Half-lives beside the days are not looked up for several drugs at once: what lies between is left open.
    """
    if rule.ongoing:
        ends = (part.course.entry.end for part in stretch.parts if part.course.entry.end is not None)
        return stretch.truth, tuple(
            sorted(days_later(end.earliest, 1) for end in ends if end.earliest >= case.known_on)
        )
    if rule.within_days is None:
        return stretch.truth, ()
    washout = Washout(rule.within_days, None if rule.half_lives is not None else rule.within_days)
    truth, _, turns = not_over(PartialDate.on(stretch.last), washout, case)
    goes_on = any(part.course.entry.end is None and span(part.course.entry, case)[1] for part in stretch.parts)
    return truth & stretch.truth, () if stretch.ongoing and goes_on else turns


def _cause(stretch: _Stretch) -> Cause:
    doubts = [part.course.doubt for part in stretch.parts if part.course.doubt is not None]
    if doubts:
        return doubts[0]
    if any(part.course.conflicting for part in stretch.parts):
        return Cause.CONFLICTING
    open_dose = any(part.amount.most is None for part in stretch.parts)
    unsure = any(not part.sure for part in stretch.parts)
    return Cause.DATE_IMPRECISE if unsure and not open_dose else Cause.TOO_GENERAL


def _value(course: Course, case: Case) -> str:
    entry = course.entry
    dose = "dose not told" if entry.dose is None else str(entry.dose)
    often = f" × {plain(entry.per_day)} a day" if entry.per_day is not None else ""
    ongoing = span(entry, case)[1]
    return f"{'ongoing' if ongoing else entry.said or entry.status.value}, {dose}{often}"


def _stretches(parts: list[_Part], limit: DailyDose, since: dt.date, case: Case) -> list[_Stretch]:
    """Cut time where a course begins or ends, or may do so, and sum up what was taken in each stretch.

    What was over before the day since which doses matter is one stretch of its own, which exceeds nothing.
    """
    spans = [(part, *_days(part.course, case)) for part in parts]
    over = tuple(part for part, _, end in spans if end.latest < since)
    last = max((end.latest for _, _, end in spans if end.latest < since), default=since)
    found = [_Stretch(over, Truth.UNMET, last, ongoing=False)] if over else []
    waiting = sorted(
        (each for each in spans if each[2].latest >= since), key=lambda each: each[1].earliest, reverse=True
    )
    cuts = {since}
    for _, begun, end in waiting:
        cuts |= {begun.earliest, begun.latest, days_later(end.earliest, 1), days_later(end.latest, 1)}
    there: list[tuple[_Part, PartialDate, PartialDate]] = []
    for first, after in pairwise(sorted(cut for cut in cuts if cut >= since)):
        while waiting and waiting[-1][1].earliest <= first:
            there.append(waiting.pop())
        there = [each for each in there if each[2].latest >= first]
        if there:
            found.append(_stretch(there, limit, (first, days_later(after, -1)), case))
    return found


def _stretch(
    there: list[tuple[_Part, PartialDate, PartialDate]], limit: DailyDose, days: tuple[dt.date, dt.date], case: Case
) -> _Stretch:
    first, last = days
    parts = tuple(
        part if part.sure and begun.latest <= first and last <= end.earliest else replace(part, sure=False)
        for part, begun, end in there
    )
    return _Stretch(parts, _exceeds(_total(parts), limit.mg), last, ongoing=first <= case.as_of <= last)


def _days(course: Course, case: Case) -> tuple[PartialDate, PartialDate]:
    """Give when a course began and when it ended; one that contradicts another entry may have ended any day since."""
    entry = course.entry
    end, _ = span(entry, case)
    if course.conflicting and entry.start is not None:
        end = PartialDate(min(entry.start.earliest, end.latest), end.latest)
    begun = entry.start or PartialDate(dt.date.min, end.latest)
    return PartialDate(begun.earliest, min(begun.latest, max(end.latest, begun.earliest))), end


def _exceeds(total: Amount, limit: Fraction) -> Truth:
    if total.least > limit:
        return Truth.MET
    return Truth.UNKNOWN if total.most is None or total.most > limit else Truth.UNMET


def _total(parts: Iterable[_Part]) -> Amount:
    """Sum up the courses of some days, drug by drug."""
    by_drug: dict[str, list[_Part]] = defaultdict(list)
    for part in parts:
        by_drug[part.course.name].append(part)
    total = NOTHING
    for same_drug in by_drug.values():
        total = total + Amount(_least(same_drug), _most(same_drug))
    return total


def _least(parts: Sequence[_Part]) -> Fraction:
    sure = [part for part in parts if part.sure]

    def amounts(told: Told) -> list[Fraction]:
        return [part.amount.least for part in sure if part.course.entry.told is told]

    stated = {_dose(part): part.amount.least for part in sure if part.course.entry.told is Told.STATED}
    greatest = (max(amounts(told), default=Fraction(0)) for told in (Told.ORDERED, Told.DISPENSED, Told.DRAFTED))
    return max(sum(stated.values(), Fraction(0)), sum(amounts(Told.GIVEN), Fraction(0)), *greatest)


def _most(parts: Sequence[_Part]) -> Fraction | None:
    dosed = any(part.course.entry.dose is not None for part in parts if part.sure)
    by_dose: dict[object, dict[Told, Amount]] = defaultdict(dict)
    for part in parts:
        told = part.course.entry.told
        if told is Told.DISPENSED and part.course.entry.dose is None and dosed:
            continue
        kinds = by_dose[_dose(part)]
        kinds[told] = kinds.get(told, NOTHING) + part.amount
    total = NOTHING
    for kinds in by_dose.values():
        greatest = NOTHING
        for amount in kinds.values():
            greatest = greatest | amount
        total = total + greatest
    return total.most


def _dose(part: _Part) -> object:
    return part.course.entry.dose, part.course.entry.per_day
