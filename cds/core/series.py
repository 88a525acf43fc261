"""What a rule measures: a concept in a unit between limits; and the results of it over time, to be drawn."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from cds.core.computed import shown
from cds.core.criteria import Measured, PerformanceStatus
from cds.core.limits import Against
from cds.core.measures import candidates
from cds.core.performance import ECOG, grades, scores
from cds.core.quantities import Interval
from cds.core.ranges import normal_end
from cds.core.scales import Derived, plausible_amount, scale_of, shown_unit

if TYPE_CHECKING:
    from cds.core.chart import Measurement
    from cds.core.finding import Cause
    from cds.core.limits import Limit
    from cds.core.recognise import Case, Known
    from cds.core.vocabulary import Scale, Vocabulary

__all__ = ["MOST_POINTS", "Edge", "Gauge", "Point", "Series", "gauge_of", "series_of"]

MOST_POINTS = 50
"""As many results are drawn; the newest ones."""
_PART = r"(?:10\*\d{1,2}|[munpkd]?(?:g|L|mol|m|s|kat|eq|U)|cm|h|min|d|\[IU\]|%|\{\w+\})"
_UCUM = re.compile(rf"{_PART}?(?:/{_PART})*")
"""What most units of laboratories look like in UCUM, to tell them from other spellings of the same."""
_BOTH_USUAL = ("10*9/L", "10*3/uL")
"""Two spellings of one unit, each of which is the usual one of some countries."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One end of what a rule allows: a number in the gauge's unit, or a multiple of what ``times`` names."""

    value: Fraction
    inclusive: bool = True
    times: str = ""


@dataclass(frozen=True, slots=True)
class Gauge:
    """What a rule measures: the first of its concepts, in the unit of its sentences, between its ends.

    ``units`` are the spellings to choose from where a result is to be entered: one for each unit that can be compared,
    the gauge's own first. ``shown`` is how it reads; blank for a score.
    """

    concept: str
    name: str
    unit: str
    shown: str
    units: tuple[str, ...]
    low: Edge | None = None
    high: Edge | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """A result in the gauge's unit, on its day as precisely as that is known.

    ``comparator`` is blank for an exact value. ``low`` and ``high`` are what the rule asked of this result, where its
    ends are multiples of a limit of normal; ``normal`` are those limits themselves. ``own``: it is a record of the very
    concept, neither computed nor converted nor said by a person.
    """

    reference: str
    date: str
    value: Fraction
    comparator: str = ""
    low: Fraction | None = None
    high: Fraction | None = None
    normal: tuple[Fraction | None, Fraction | None] = (None, None)
    own: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Series:
    """The results that could decide a rule, newest last.

    ``left`` counts those that are not drawn as they cannot be compared or dated, ``older`` those for which there is no
    room.
    """

    points: tuple[Point, ...]
    left: int = 0
    older: int = 0


def gauge_of(rule: Measured | PerformanceStatus, vocabulary: Vocabulary) -> Gauge | None:
    """Say what a rule measures; nothing where the tables do not say how its results are read."""
    if isinstance(rule, PerformanceStatus):
        name, (low, high) = ECOG, _grades_allowed(rule)
    else:
        name, (low, high) = rule.concepts[0], (None, None)
    concept = vocabulary.concepts.get(name)
    scale = concept.scale if concept is not None else None
    if concept is None or scale is None:
        return None
    if isinstance(rule, Measured):
        low, high = (_edge(limit, scale) for limit in (rule.low, rule.high))
    return Gauge(name, concept.display, scale.unit, shown_unit(scale.unit, scale), _units(scale), low, high)


def series_of(rule: Measured | PerformanceStatus, gauge: Gauge, case: Case) -> Series:
    """Give the results that a rule looks at over time, each in the gauge's unit."""
    every = scores(case) if isinstance(rule, PerformanceStatus) else candidates(rule, case)
    drawn = [(known, point) for known in every if (point := _point(rule, known, gauge, case)) is not None]
    drawn.sort(key=lambda each: (_when(each[0]), each[0].entry.reference), reverse=True)
    points = tuple(point for _, point in reversed(drawn[:MOST_POINTS]))
    return Series(points, len(every) - len(drawn), max(0, len(drawn) - MOST_POINTS))


def _grades_allowed(rule: PerformanceStatus) -> tuple[Edge | None, Edge]:
    return Edge(Fraction(rule.at_least)) if rule.at_least else None, Edge(Fraction(rule.at_most))


def _edge(limit: Limit | None, scale: Scale) -> Edge | None:
    if limit is None:
        return None
    if limit.against is not Against.UNIT:
        return Edge(limit.value, limit.inclusive, limit.against.name)
    at = scale.factors.get(limit.unit)
    return None if at is None else Edge(limit.value * at, limit.inclusive)


def _units(scale: Scale) -> tuple[str, ...]:
    """Give one spelling for each unit that can be compared, as UCUM writes it where it is there; the own one first."""
    best: dict[Fraction, str] = {}
    for spelling in sorted(scale.factors, key=lambda each: (_UCUM.fullmatch(each) is None, len(each), each)):
        best.setdefault(scale.factors[spelling], spelling)
    if scale.unit in scale.factors:
        best[scale.factors[scale.unit]] = scale.unit
    also = _BOTH_USUAL if scale.unit in _BOTH_USUAL else ()
    others = {*best.values(), *(each for each in also if each in scale.factors)} - {scale.unit}
    return (scale.unit, *sorted(others))


def _point(rule: Measured | PerformanceStatus, known: Known[Measurement], gauge: Gauge, case: Case) -> Point | None:
    """Draw a result, if it may decide, has a day and can be brought into the unit."""
    entry = known.entry
    if entry.date is None or not known.meaning.counts:
        return None
    amount = grades(known, case) if isinstance(rule, PerformanceStatus) else plausible_amount(known, case)
    place, scale = _place(amount), scale_of(known, case)
    if place is None or scale is None:
        return None
    own = known.meaning.concept == gauge.concept and not isinstance(entry, Derived) and entry.attested is None
    if isinstance(rule, PerformanceStatus):
        return Point(entry.reference, str(entry.date), *place, own=own)
    factor = scale.factors.get(gauge.unit)
    if factor is None:
        return None
    value, comparator = place
    ends = (normal_end(known, scale, case, upper=upper) for upper in (False, True))
    below, above = (None if end is None else end / factor for end in ends)

    def asked(edge: Edge | None) -> Fraction | None:
        end = {"LLN": below, "ULN": above}.get(edge.times) if edge is not None else None
        return None if edge is None or end is None else edge.value * end

    return Point(
        entry.reference,
        str(entry.date),
        value / factor,
        comparator,
        asked(gauge.low),
        asked(gauge.high),
        (below, above),
        own,
    )


def _place(amount: Interval | Cause) -> tuple[Fraction, str] | None:
    """Give the number at which an amount is drawn and how it stands to it; a wide span has no such place."""
    if not isinstance(amount, Interval):
        return None
    low, high = amount.low, amount.high
    if low is not None and high is not None:
        narrow = low.at == high.at or " to " not in shown(amount)
        return (low.at, "") if narrow else None
    if low is not None:
        return low.at, ">=" if low.inclusive else ">"
    return (high.at, "<=" if high.inclusive else "<") if high is not None else None


def _when(known: Known[Measurement]) -> tuple[int, int]:
    date = known.entry.date
    return (0, 0) if date is None else (date.latest.toordinal(), date.earliest.toordinal())
