"""Orders that are not signed yet, held against the trials a patient may fit: which ones an order would close.

A criterion is closed by an order if it was met or unknown without it and is unmet with it. A trial is closed if that
happens in every cohort that was open to the patient; as long as one stays, nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cds.core.dates import PartialDate
from cds.core.screen import screen
from cds.core.truth import Truth
from cds.core.verdict import Standing

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cds.core.chart import Chart, Exposure, Procedure, Vaccination
    from cds.core.codes import Coded
    from cds.core.finding import CriterionFinding
    from cds.core.plan import Plan
    from cds.core.verdict import CohortVerdict, Verdict

MOST_SCREENS = 12
"""So many orders are tried one by one at most; where it would take more, they are told together."""

_FITTING = frozenset({Standing.CANDIDATE, Standing.NEAR, Standing.POSSIBLE})


@dataclass(frozen=True, slots=True)
class Draft:
    """An order that is not signed yet, as the facts its chart would hold if it were carried out today."""

    reference: str
    label: str
    exposures: tuple[Exposure, ...] = ()
    procedures: tuple[Procedure, ...] = ()
    vaccinations: tuple[Vaccination, ...] = ()

    @property
    def codes(self) -> tuple[Coded, ...]:
        """What is ordered, as each of its facts says it."""
        drugs, done = (each.code for each in self.exposures), (each.code for each in self.procedures)
        return (*drugs, *done, *(each.code for each in self.vaccinations))


@dataclass(frozen=True, slots=True)
class Closing:
    """A criterion that orders would make unmet: what it would come to, and by which of them.

    ``together``: none of the orders does it alone, or there were too many to try each. ``passes_after_end``: were what
    is ordered without an end to end today, a day could be told on which time removes the obstacle.
    """

    found: CriterionFinding
    drafts: tuple[Draft, ...]
    together: bool = False
    passes_after_end: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    """A trial that the patient may fit now and would not with the orders; ``verdict`` is the one without them."""

    verdict: Verdict
    closings: tuple[Closing, ...]


def with_orders(chart: Chart, drafts: Iterable[Draft]) -> Chart:
    """Give the chart as it would be if the orders were carried out."""
    every = tuple(drafts)
    return replace(
        chart,
        exposures=chart.exposures + tuple(fact for each in every for fact in each.exposures),
        procedures=chart.procedures + tuple(fact for each in every for fact in each.procedures),
        vaccinations=chart.vaccinations + tuple(fact for each in every for fact in each.vaccinations),
    )


def closed_by(
    drafts: Sequence[Draft], chart: Chart, plan: Plan, as_of: dt.date, before: Sequence[Verdict]
) -> tuple[Closed, ...]:
    """Give the trials that the orders would close, in the order of the verdicts without them.

    ``before`` are the verdicts on the chart as it is. Trials that are not relevant or do not fit already are passed
    over. An order is tried alone only where the evidence leaves open which one it was.
    """
    fitting = [each for each in before if worth_saying(each)]
    known = [each for each in drafts if _means_something(each, plan)]
    if not fitting or not known:
        return ()
    narrowed = plan.only(frozenset(each.trial.nct_id for each in fitting))
    after = _unmet(screen(with_orders(chart, known), narrowed, as_of))
    closed = {each.trial.nct_id: _closed_criteria(each, after[each.trial.nct_id]) for each in fitting}
    if not any(closed.values()):
        return ()
    tried = _Tried({}, _unmet(screen(with_orders(chart, _ended(known, as_of)), narrowed, as_of)))
    suspects = _unsure({found.criterion.id: found for each in closed.values() for found in each}.values(), known)
    if len(suspects) <= MOST_SCREENS:
        alone = {each.reference: _unmet(screen(with_orders(chart, (each,)), narrowed, as_of)) for each in suspects}
        tried = replace(tried, alone=alone)
    return tuple(
        Closed(each, tuple(_closing(found, each.trial.nct_id, known, tried) for found in closed[each.trial.nct_id]))
        for each in fitting
        if closed[each.trial.nct_id]
    )


def _ended(drafts: Iterable[Draft], today: dt.date) -> Iterator[Draft]:
    """Give the orders as if each that names no end ended today."""
    end = PartialDate.on(today)
    for each in drafts:
        yield replace(each, exposures=tuple(replace(drug, end=drug.end or end) for drug in each.exposures))


def _means_something(draft: Draft, plan: Plan) -> bool:
    """Say whether the tables know what is ordered: an order that nobody recognises changes no answer."""
    return any(plan.vocabulary.meanings(code) for code in draft.codes)


def _seen(found: CriterionFinding, drafts: Iterable[Draft]) -> list[Draft]:
    """Give the orders among the evidence of a finding."""
    references = {each.reference for each in found.finding.evidence}
    return [each for each in drafts if each.reference in references]


def _unsure(findings: Iterable[CriterionFinding], drafts: Sequence[Draft]) -> list[Draft]:
    """Give the orders of which it takes a try to tell whether one alone makes some criterion unmet."""
    if len(drafts) == 1:
        return []
    unsure: dict[str, Draft] = {}
    for found in findings:
        seen = _seen(found, drafts)
        if len(seen) != 1:
            unsure |= {each.reference: each for each in seen or drafts}
    return list(unsure.values())


_Unmet = dict[str, dict[str, dict[str, "CriterionFinding"]]]
"""What is unmet, by trial, cohort and criterion."""


@dataclass(frozen=True, slots=True)
class _Tried:
    """What would be unmet with each order alone, by its reference, and with all of them if they ended today."""

    alone: Mapping[str, _Unmet]
    ended: _Unmet


def _unmet(verdicts: Iterable[Verdict]) -> _Unmet:
    return {each.trial.nct_id: {cohort.id: _obstacles(cohort) for cohort in each.cohorts} for each in verdicts}


def _obstacles(cohort: CohortVerdict) -> dict[str, CriterionFinding]:
    return {each.criterion.id: each for each in cohort.findings if each.finding.truth is Truth.UNMET}


def worth_saying(verdict: Verdict) -> bool:
    """Say whether a trial is near enough to the patient that losing it matters.

    Where nothing on record speaks of the disease (an empty problem list, say), every trial is possible: an order is no
    news there.
    """
    if verdict.standing is not Standing.POSSIBLE:
        return verdict.standing in _FITTING
    diseases = [each.finding for each in verdict.findings if each.criterion.disease]
    return bool(diseases) and all(each.truth is Truth.MET or each.evidence for each in diseases)


def _fitting_cohorts(verdict: Verdict) -> Iterator[CohortVerdict]:
    return (each for each in verdict.cohorts if each.open and each.standing in _FITTING)


def _closed_criteria(verdict: Verdict, after: dict[str, dict[str, CriterionFinding]]) -> tuple[CriterionFinding, ...]:
    """Give the criteria that became unmet, or none as long as a cohort is left in which none did."""
    found: dict[str, CriterionFinding] = {}
    for cohort in _fitting_cohorts(verdict):
        already = _obstacles(cohort)
        new = {name: each for name, each in after[cohort.id].items() if name not in already}
        if not new:
            return ()
        found |= new
    return tuple(found.values())


def _closing(found: CriterionFinding, nct_id: str, drafts: Sequence[Draft], tried: _Tried) -> Closing:
    """Say which orders make a criterion unmet: the one that is its evidence, those that do it alone, or all of them."""
    seen = _seen(found, drafts) if len(drafts) > 1 else list(drafts)
    passes = _passes(found, tried.ended[nct_id])
    if len(seen) == 1:
        return Closing(found, tuple(seen), passes_after_end=passes)
    able = tuple(
        draft
        for draft in seen or drafts
        if any(
            found.criterion.id in obstacles
            for obstacles in tried.alone.get(draft.reference, {}).get(nct_id, {}).values()
        )
    )
    return Closing(found, able or tuple(seen or drafts), together=not able, passes_after_end=passes)


def _passes(found: CriterionFinding, ended: Mapping[str, Mapping[str, CriterionFinding]]) -> bool:
    """Say whether the criterion would open again at a known day, wherever it is still unmet once the orders ended."""
    left = [cohort[found.criterion.id].finding for cohort in ended.values() if found.criterion.id in cohort]
    return all(each.resolves_on is not None or each.clears_on is not None for each in left)
