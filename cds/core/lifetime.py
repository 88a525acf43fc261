"""Lifetime doses: how much of a kind of drug has been given in all, per square metre of body surface."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from fractions import Fraction
from typing import TYPE_CHECKING

from cds.core.chart import Extent, Kind, Told
from cds.core.courses import courses_of, evidence_of
from cds.core.doses import ANYTHING, NOTHING, Amount, equivalent, in_milligrams, times
from cds.core.equations import bsa_mosteller
from cds.core.finding import Basis, Cause, Finding, Wanted
from cds.core.presence import silence
from cds.core.quantities import Bound, Interval
from cds.core.results import usable
from cds.core.scales import plausible_amount, scale_of
from cds.core.truth import Truth

if TYPE_CHECKING:
    from cds.core.courses import Course
    from cds.core.criteria import Received
    from cds.core.dates import PartialDate
    from cds.core.finding import Evidence
    from cds.core.quantities import Quantity
    from cds.core.recognise import Case

_PER_SURFACE = frozenset({"mg/m2", "mg/m²", "mg/m^2"})
_NEAR_DAYS = 183
"""How far from a dose a weight, or a body surface, may have been measured and still be the patient's at the time."""


def received(rule: Received, case: Case, *, forbidden: bool) -> Finding:
    """Decide whether a lifetime dose has been reached.

    Only doses recorded as given add up; of two alike on one day, the second may be the first told again. Doses in
    milligrams take the body surface measured, or computed (Mosteller), nearest to their day and not more than half a
    year from it. What was only ordered, dispensed or stated may add anything. That the dose has not been reached is
    known only as far as silence about further doses speaks.
    """
    courses = courses_of(rule.drugs, (), case)
    body = _Body(case)
    total = NOTHING
    for course in courses:
        total = total + _given(course, rule.scale, body, case)
    evidence = tuple(dict.fromkeys(seen for course in courses for seen in _shown(course, case)))
    unrecognised = case.unrecognised.get(Kind.MEDICATION, 0)
    if total.least >= rule.at_least:
        truth = Truth.UNMET if forbidden else Truth.MET
        basis = Basis.DOCUMENTED if all(_plain(course, rule.scale) for course in courses) else Basis.ASSUMED
        return Finding(rule, truth, basis, evidence=evidence, unrecognised=unrecognised, forbidden=forbidden)
    cause = silence(case, Kind.MEDICATION, rule.drugs, forbidden=forbidden)
    below = total.most is not None and total.most < rule.at_least
    if below and cause is None:
        return Finding(
            rule, Truth.MET, Basis.NO_RECORD, evidence=evidence, unrecognised=unrecognised, forbidden=forbidden
        )
    whole = case.chart.extent(Kind.MEDICATION) is Extent.COMPLETE
    why = Cause.NOT_READ if not whole else (cause or Cause.NO_RECORD) if below else _why(courses)
    question = f"Lifetime dose of {', '.join(map(case.vocabulary.display, rule.drugs))}, in mg/m² of {rule.scale}?"
    return Finding(
        rule,
        Truth.UNKNOWN,
        cause=why,
        evidence=evidence,
        wanted=Wanted(question, Kind.MEDICATION, rule.drugs),
        unrecognised=unrecognised,
        forbidden=forbidden,
    )


def _why(courses: tuple[Course, ...]) -> Cause:
    return next((course.doubt for course in courses if course.doubt is not None), Cause.TOO_GENERAL)


def _plain(course: Course, scale: str) -> bool:
    """Say whether a dose counts as recorded, with nothing converted and no body surface taken for it."""
    dose = course.entry.dose
    return course.name == scale and dose is not None and not _PER_SURFACE.isdisjoint(dose.units)


def _shown(course: Course, case: Case) -> tuple[Evidence, ...]:
    dose = course.entry.dose
    return evidence_of(course, case, f"{course.entry.told.value}, {'dose not told' if dose is None else dose}")


def _given(course: Course, scale: str, body: _Body, case: Case) -> Amount:
    """Give what a course adds, in mg/m² of a scale's drug."""
    entry = course.entry
    if entry.told is not Told.GIVEN or entry.dose is None:
        return ANYTHING
    amount = times(_per_surface(entry.dose, course, body), equivalent(course.name, scale, case))
    once = entry.start is not None and (entry.end is None or (entry.end.latest - entry.start.earliest).days <= 1)
    most = amount.most * course.doses if once and amount.most is not None else None
    return Amount(amount.least if course.doubt is None else Fraction(0), most)


def _per_surface(dose: Quantity, course: Course, body: _Body) -> Amount:
    if not _PER_SURFACE.isdisjoint(dose.units):
        value = Interval.of(Fraction(dose.value), dose.comparator)
        return Amount(value.low.at if value.low else Fraction(0), value.high.at if value.high else None)
    milligrams = in_milligrams(dose)
    surface = None if milligrams.most is None else body.surface(course.entry.start)
    if milligrams.most is None or surface is None or surface.low is None or surface.high is None:
        return ANYTHING
    return Amount(milligrams.least / surface.high.at, milligrams.most / surface.low.at)


class _Body:
    """The body size of the patient as it was measured over the years, looked up once for all doses."""

    __slots__ = ("_height", "_of_size", "_surface", "_weight")

    def __init__(self, case: Case) -> None:
        """Read what was measured."""
        self._surface = _measured("body-surface-area", "m2", case)
        self._weight = _measured("body-weight", "kg", case)
        self._height = _measured("body-height", "cm", case)
        self._of_size: dict[tuple[Interval, Interval], Interval] = {}

    def surface(self, start: PartialDate | None) -> Interval | None:
        """Give the body surface in m² measured nearest to a dose, or else the one its weight and height give."""
        if start is None or not start.exact:
            return None
        return self._on(start.earliest)

    def _on(self, day: dt.date) -> Interval | None:
        measured = _nearest(self._surface, day, _NEAR_DAYS)
        if measured is not None:
            return measured
        weight, height = _nearest(self._weight, day, _NEAR_DAYS), _nearest(self._height, day, None)
        if weight is None or height is None:
            return None
        if (weight, height) not in self._of_size:
            self._of_size[weight, height] = bsa_mosteller(weight, height)
        return self._of_size[weight, height]


_ByDay = list[tuple[dt.date, Interval]]


def _measured(concept: str, unit: str, case: Case) -> _ByDay:
    """Give what was measured, in a unit, by its day; of several of one day, the first by its reference."""
    found: dict[dt.date, tuple[str, Interval]] = {}
    for known in usable(case, (concept,)):
        date, scale, value = known.entry.date, scale_of(known, case), plausible_amount(known, case)
        if date is None or not date.exact or not known.meaning.counts or scale is None:
            continue
        factor = scale.factors.get(unit)
        if factor is None or not isinstance(value, Interval) or value.low is None or value.high is None:
            continue
        if value.low.at > 0:
            low, high = (Bound(end.at / factor, end.inclusive) for end in (value.low, value.high))
            told = known.entry.reference, Interval(low, high)
            found[date.earliest] = min(found.get(date.earliest, told), told, key=lambda each: each[0])
    return [(day, found[day][1]) for day in sorted(found)]


def _nearest(measured: _ByDay, day: dt.date, within: int | None) -> Interval | None:
    """Give what was measured nearest to a day; of two as near, the earlier."""
    place = bisect_left(measured, day, key=lambda each: each[0])
    near = [(abs((on - day).days), value) for on, value in measured[max(place - 1, 0) : place + 1]]
    far, value = min(near, key=lambda each: each[0], default=(0, None))
    return value if within is None or far <= within else None
