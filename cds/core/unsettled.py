"""Criteria that nothing can be said of because a kind of entry was not read, counted by trial and kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.finding import Cause
from cds.core.needs import needs_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from cds.core.chart import Kind
    from cds.core.criteria import Criterion
    from cds.core.plan import Plan
    from cds.core.trial import Trial
    from cds.core.verdict import Verdict

__all__ = ["Unsettled", "resting_on", "unsettled"]


@dataclass(frozen=True, slots=True)
class Unsettled:
    """How many criteria of a trial are open for want of reading, and by which kinds of entry; some read several."""

    nct_id: str
    criteria: int
    kinds: Mapping[Kind, int]


def unsettled(verdicts: Iterable[Verdict], lacking: Collection[Kind]) -> tuple[Unsettled, ...]:
    """Count what a screen left unknown because it was *not read*, by trial; trials without any are left out."""
    counted = (
        _counted(
            each.trial,
            [found.criterion for found in each.findings if found.finding.cause is Cause.NOT_READ],
            lacking,
        )
        for each in verdicts
    )
    return tuple(sorted((each for each in counted if each.criteria), key=lambda each: each.nct_id))


def resting_on(plan: Plan, lacking: Collection[Kind]) -> tuple[Unsettled, ...]:
    """Count the criteria that look for entries of these kinds, by trial: without them none is sure to be settled."""
    counted = (_counted(trial, _reading(trial, lacking), lacking) for trial in plan.trials)
    return tuple(sorted((each for each in counted if each.criteria), key=lambda each: each.nct_id))


def _reading(trial: Trial, lacking: Collection[Kind]) -> list[Criterion]:
    every = (*trial.criteria, *(each for cohort in trial.cohorts for each in cohort.criteria))
    return [each for each in every if needs_of(each.rule).keys() & set(lacking)]


def _counted(trial: Trial, criteria: Collection[Criterion], lacking: Collection[Kind]) -> Unsettled:
    kinds = Counter(kind for each in criteria for kind in needs_of(each.rule) if kind in lacking)
    return Unsettled(trial.nct_id, len(criteria), dict(kinds))
