"""The one entry to the core: a chart against all trials, on one day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from cds.core.evaluate import evaluate
from cds.core.finding import Attestation, Basis, Cause, CriterionFinding, Finding, Wanted
from cds.core.recognise import recognise
from cds.core.trial import Cohort
from cds.core.truth import Truth
from cds.core.verdict import CohortVerdict, Standing, Terms, Verdict, Withheld, best, ranked, standing_of

if TYPE_CHECKING:
    import datetime as dt

    from cds.core.chart import Chart
    from cds.core.criteria import Criterion
    from cds.core.plan import Plan
    from cds.core.trial import Trial


def screen(
    chart: Chart,
    plan: Plan,
    as_of: dt.date,
    attestations: tuple[Attestation, ...] = (),
    *,
    relevant_only: bool = False,
) -> tuple[Verdict, ...]:
    """Hold a chart against every trial of a plan and give one verdict each, best first.

    ``as_of`` stands for the first dose. What a person attested of a criterion takes the place of what records give.
    ``relevant_only`` leaves everything but the disease undecided for cohorts that are not relevant, of which nothing
    is told anyway. The result depends on the arguments alone: not on the order of entries, and on no clock.
    """
    case = recognise(chart, plan.vocabulary, as_of)
    terms = Terms(as_of, plan.near_days, plan.vocabulary)
    shared: dict[int, Finding] = {}
    said = {(each.trial, each.criterion): each for each in attestations}

    def find(trial: Trial, criterion: Criterion) -> CriterionFinding:
        known = id(criterion.rule)
        if known not in shared:
            shared[known] = evaluate(criterion.rule, case)
        finding = shared[known]
        attestation = said.get((trial.nct_id, criterion.id))
        return CriterionFinding(criterion, finding if attestation is None else _attested(finding, attestation))

    return ranked(_verdict(trial, partial(find, trial), terms, relevant_only=relevant_only) for trial in plan.trials)


def withheld(chart: Chart, as_of: dt.date) -> Withheld | None:
    """Say why no cards may be told of this patient, if so: deceased by that day, or opted out of research."""
    person = chart.person
    if person.died is not None:
        if person.died.on_or_before(as_of) is not Truth.UNMET:
            return Withheld.DECEASED
    elif person.deceased:
        return Withheld.DECEASED
    return Withheld.OPTED_OUT if person.opted_out else None


_Find = Callable[["Criterion"], CriterionFinding]


def _verdict(trial: Trial, find: _Find, terms: Terms, *, relevant_only: bool) -> Verdict:
    cohorts = tuple(
        _cohort_verdict(cohort, trial, find, terms, relevant_only=relevant_only)
        for cohort in trial.cohorts or (Cohort("", ""),)
    )
    chosen = best(cohorts)
    return Verdict(trial, chosen.standing, cohorts, chosen.findings, chosen.earliest)


def _cohort_verdict(cohort: Cohort, trial: Trial, find: _Find, terms: Terms, *, relevant_only: bool) -> CohortVerdict:
    criteria = (*trial.criteria, *cohort.criteria)
    findings = tuple(find(each) for each in criteria if each.disease)
    standing, earliest = standing_of(findings, complete=trial.complete, terms=terms)
    if not (relevant_only and standing is Standing.NOT_RELEVANT):
        findings = tuple(map(find, criteria))
        standing, earliest = standing_of(findings, complete=trial.complete, terms=terms)
    return CohortVerdict(cohort.id, cohort.label, cohort.open, standing, findings, earliest)


def _attested(finding: Finding, attestation: Attestation) -> Finding:
    """Put a person's word in the place of what the records give; what the records show stays as evidence."""
    unknown = attestation.truth is Truth.UNKNOWN
    return replace(
        finding,
        truth=attestation.truth,
        basis=None if unknown else Basis.ATTESTED,
        cause=Cause.JUDGEMENT if unknown else None,
        wanted=(finding.wanted or Wanted(attestation.note or "What would settle it?")) if unknown else None,
        resolves_on=None,
        clears_on=None,
        expires_on=None,
        ruled_out=False,
        note=attestation.note,
        parts=(),
    )
