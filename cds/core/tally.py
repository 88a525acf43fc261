"""What the trials of a plan came to for one patient of many: standings and the criteria behind them, by their ids.

The same screen as :func:`cds.core.screen.screen`, without words and evidence, for those who count patients.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.answers import MET, UNKNOWN, UNMET, Answers
from cds.core.criteria import Asked
from cds.core.recognise import recognise
from cds.core.screen import weighed
from cds.core.truth import Truth
from cds.core.verdict import Standing, Terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cds.core.chart import Chart
    from cds.core.finding import CriterionFinding
    from cds.core.plan import Laid, Plan
    from cds.core.trial import Trial

__all__ = ["Tally", "concerned", "tally"]


@dataclass(frozen=True, slots=True)
class Tally:
    """A trial for one patient, told by the best of its open cohorts, as its verdict is.

    ``disease``: whether the patient has the trial's disease; nothing where the records rule it out. ``unmet`` and
    ``unknown`` are the criteria that came to that, in the trial's order, without those that only a person can settle,
    which ``for_a_person`` counts. ``findings`` are those of the cohort, made when somebody looks at them.
    """

    trial: Trial
    standing: Standing
    disease: Truth | None
    cohort: str
    earliest: dt.date | None
    met: int
    unmet: tuple[str, ...]
    unknown: tuple[str, ...]
    for_a_person: int
    findings: Sequence[CriterionFinding]


def tally(chart: Chart, plan: Plan, as_of: dt.date, *, everything: bool = False) -> Iterator[Tally]:
    """Hold a chart against the trials of a plan and give those that concern the patient, in the plan's order.

    Left out are trials whose disease the records rule out, and those whose disease no entry speaks for: where a person
    could still know of it, they would be *possible* for everybody. ``everything``: none is left out. ``as_of`` stands
    for the first dose.
    """
    asked = _asked(chart, plan, as_of)
    for laid in plan.laid:
        if everything or _concerns(laid, asked):
            yield _tallied(laid, asked)


def concerned(chart: Chart, plan: Plan, as_of: dt.date) -> bool:
    """Say whether any trial of a plan concerns the patient: a chart of what its diseases read is enough."""
    asked = _asked(chart, plan, as_of)
    return any(_concerns(laid, asked) for laid in plan.laid)


def _asked(chart: Chart, plan: Plan, as_of: dt.date) -> Answers:
    return Answers(recognise(chart, plan.vocabulary, as_of), plan, Terms(as_of, plan.near_days, plan.vocabulary))


def _concerns(laid: Laid, asked: Answers) -> bool:
    """Say whether a cohort is about a disease that the patient has, or may have by what the records say."""
    diseases = {group.disease for group in laid.groups}
    return any(asked.suspected(each) and asked.disease(each) is not None for each in diseases)


def _tallied(laid: Laid, asked: Answers) -> Tally:
    """Give what a trial came to, by the cohort that its verdict is told by."""
    verdict = weighed(laid, asked).verdict
    told_by = next(place for place, each in enumerate(verdict.cohorts) if each.findings is verdict.findings)
    group = laid.groups[told_by]
    asking = [each.id for each in group.criteria if not isinstance(each.rule, Asked)]
    found = [(name, asked.answers[place]) for name, place in zip(asking, group.records, strict=True)]
    unmet = tuple([name for name, answer in found if answer == UNMET])
    unknown = tuple([name for name, answer in found if answer == UNKNOWN])
    met = sum(asked.answers[place] == MET and asked.settled(place) for place in group.records)
    return Tally(
        trial=laid.trial,
        standing=verdict.standing,
        disease=asked.disease(group.disease),
        cohort=group.cohort.id,
        earliest=verdict.earliest,
        met=met,
        unmet=unmet,
        unknown=unknown,
        for_a_person=len(group.criteria) - met - len(unmet) - len(unknown),
        findings=verdict.findings,
    )
