"""Performance status: the newest score decides, and a Karnofsky score stands in for ECOG by a published convention."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from cds.core.criteria import PERFORMANCE_SCORES, PerformanceStatus
from cds.core.deciding import Answer, decide, unknown, wanted_of
from cds.core.finding import Basis, Cause
from cds.core.quantities import Bound, Interval
from cds.core.results import newest_of, said_first, usable
from cds.core.scales import plausible_amount
from cds.core.truth import Truth

if TYPE_CHECKING:
    from cds.core.chart import Measurement
    from cds.core.finding import Finding
    from cds.core.recognise import Case, Known

ECOG, *STAND_INS = PERFORMANCE_SCORES


def performance_status(rule: PerformanceStatus, case: Case) -> Finding:
    """Decide the ECOG grade by the newest score; where that is a Karnofsky score, by the crosswalk, as *assumed*."""
    results = scores(case)
    wanted = wanted_of(rule, case, PERFORMANCE_SCORES)
    return decide(rule, case, newest_of(results, case), lambda known: _grade(rule, known, case), lambda: wanted)


def scores(case: Case) -> list[Known[Measurement]]:
    """Give the scores that may decide: one of another scale stands in only for a day that has no ECOG grade."""
    every = said_first(usable(case, (ECOG,)) + usable(case, tuple(STAND_INS)))
    ecog_days = {known.entry.date for known in every if known.meaning.concept == ECOG}
    return [known for known in every if known.meaning.concept == ECOG or known.entry.date not in ecog_days]


def _grade(rule: PerformanceStatus, known: Known[Measurement], case: Case) -> Answer:
    """Hold one score against the grades allowed; a Karnofsky score by the grades it may stand for."""
    if not known.meaning.verified:
        return unknown(Cause.UNMAPPED)
    score = grades(known, case)
    if not isinstance(score, Interval):
        return unknown(score)
    basis = Basis.DOCUMENTED if known.meaning.concept == ECOG else Basis.ASSUMED
    truth = score.at_least(Bound(Fraction(rule.at_least))) & score.at_most(Bound(Fraction(rule.at_most)))
    return Answer(truth, Cause.TOO_GENERAL if truth is Truth.UNKNOWN else None, basis)


def grades(known: Known[Measurement], case: Case) -> Interval | Cause:
    """Give the ECOG grades that a score tells or may stand for, or say why it settles nothing."""
    score = plausible_amount(known, case)
    if known.meaning.concept == ECOG or not isinstance(score, Interval):
        return score
    stood_for = _crosswalked(score, known.meaning.concept, case)
    return Cause.IMPLAUSIBLE if stood_for is None else stood_for


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
