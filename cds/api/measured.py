"""What a finding was measured by, as JSON: the concept, the unit, the limits, and its results over time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cds.core.criteria import Measured, PerformanceStatus
from cds.core.series import gauge_of, series_of

if TYPE_CHECKING:
    from fractions import Fraction

    from cds.core.finding import Finding
    from cds.core.recognise import Case
    from cds.core.series import Edge, Gauge, Point, Series
    from cds.core.vocabulary import Vocabulary

__all__ = ["Gauges"]

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Gauges:
    """Tells what rules measure; each rule is looked at once, as rules outlive calls."""

    vocabulary: Vocabulary
    _known: dict[Measured | PerformanceStatus, tuple[Gauge, Json] | None] = field(default_factory=dict, repr=False)

    def tell(self, finding: Finding, case: Case | None) -> Json | None:
        """Tell what a finding's rule measures, if it does; with a case, also the results it looks at."""
        rule = finding.rule
        known = self._of(rule) if isinstance(rule, Measured | PerformanceStatus) else None
        if known is None or not isinstance(rule, Measured | PerformanceStatus):
            return None
        gauge, told = known
        barred = {"forbidden": True} if finding.forbidden else {}
        return told | barred | (_series(series_of(rule, gauge, case)) if case is not None else {})

    def _of(self, rule: Measured | PerformanceStatus) -> tuple[Gauge, Json] | None:
        if rule not in self._known:
            gauge = gauge_of(rule, self.vocabulary)
            self._known[rule] = None if gauge is None else (gauge, _gauge(gauge))
        return self._known[rule]


def _gauge(gauge: Gauge) -> Json:
    ends = {"low": _edge(gauge.low), "high": _edge(gauge.high)}
    return {
        "concept": gauge.concept,
        "name": gauge.name,
        "unit": gauge.unit,
        **({"unitShown": gauge.shown} if gauge.shown else {}),
        "units": list(gauge.units),
        **{name: end for name, end in ends.items() if end is not None},
    }


def _edge(edge: Edge | None) -> Json | None:
    if edge is None:
        return None
    times = {"times": edge.times} if edge.times else {}
    return {"value": _number(edge.value), "inclusive": edge.inclusive, **times}


def _series(series: Series) -> Json:
    counts = {"left": series.left, "older": series.older}
    return {"points": [_point(each) for each in series.points]} | {name: n for name, n in counts.items() if n}


def _point(point: Point) -> Json:
    return {
        "reference": point.reference,
        "date": point.date,
        "value": _number(point.value),
        **({"comparator": point.comparator} if point.comparator else {}),
        **_numbers(low=point.low, high=point.high),
        **({"normal": normal} if (normal := _numbers(low=point.normal[0], high=point.normal[1])) else {}),
        **({"own": True} if point.own else {}),
    }


def _numbers(**given: Fraction | None) -> Json:
    return {name: _number(value) for name, value in given.items() if value is not None}


def _number(value: Fraction) -> float:
    """Give a number to be drawn: whole where it is whole, else to seven digits."""
    return value.numerator if value.denominator == 1 else float(f"{float(value):.7g}")
