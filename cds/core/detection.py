"""Viral loads that are not detected: the newest result decides, be it a number, a comparator or an answer in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.core.deciding import Answer, decide, unknown, wanted_of
from cds.core.finding import Cause
from cds.core.quantities import Interval
from cds.core.results import newest_of, usable
from cds.core.scales import plausible_amount, scale_of
from cds.core.truth import Truth
from cds.core.wording import PRESENCE

if TYPE_CHECKING:
    from fractions import Fraction

    from cds.core.chart import Measurement
    from cds.core.criteria import Undetectable
    from cds.core.finding import Finding
    from cds.core.recognise import Case, Known


def undetectable(rule: Undetectable, case: Case) -> Finding:
    """Decide whether a virus was not detected, or its load lies below what every assay in use can measure."""
    results = case.results.get(rule.concepts)
    if results is None:
        results = case.results[rule.concepts] = newest_of(usable(case, rule.concepts), case)
    return decide(
        rule, case, results, lambda known: _undetected(known, case), lambda: wanted_of(rule, case, rule.concepts)
    )


def _undetected(known: Known[Measurement], case: Case) -> Answer:
    """Read one result: nought or "not detected" is met; what an assay can measure, or "detected", is unmet.

    "Below 20" is met where every assay in use can measure 20; a number under that may be an assay's noise or a trace,
    which one laboratory calls detected and another does not.
    """
    if not known.meaning.verified:
        return unknown(Cause.UNMAPPED)
    load = plausible_amount(known, case)
    if not isinstance(load, Interval):
        return unknown(load)
    scale = scale_of(known, case)
    present = scale is not None and scale.unit == PRESENCE
    truth = _below(load, scale.quantifiable_from if scale else None, present=present)
    return Answer(truth, Cause.TOO_GENERAL if truth is Truth.UNKNOWN else None)


def _below(load: Interval, measurable: Fraction | None, *, present: bool) -> Truth:
    low, high = load.low, load.high
    if high is not None and high.at <= 0:
        return Truth.MET
    if present:
        return Truth.UNMET if low is not None and low.at > 0 else Truth.UNKNOWN
    if measurable is None:
        return Truth.UNKNOWN
    if low is not None and low.at >= measurable:
        return Truth.UNMET
    return Truth.MET if low is None and high is not None and high.at <= measurable else Truth.UNKNOWN
