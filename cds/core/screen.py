"""The one entry to the core: a chart against all trials, on one day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cds.core.answers import UNKNOWN, UNMET, Answers, Weight, weight_of
from cds.core.finding import Attestation, Basis, Cause, CriterionFinding, Finding, Wanted
from cds.core.findings import Findings
from cds.core.recognise import recognise
from cds.core.sketches import sketched
from cds.core.truth import Truth
from cds.core.verdict import (
    CohortVerdict,
    Standing,
    Terms,
    Verdict,
    Weighed,
    Withheld,
    disease_of,
    place_of,
    ranked,
    standing_of,
    standing_with,
)

if TYPE_CHECKING:
    import datetime as dt

    from cds.core.chart import Chart
    from cds.core.criteria import Criterion
    from cds.core.plan import Group, Laid, Plan
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
    asked = Answers(recognise(chart, plan.vocabulary, as_of), plan, Terms(as_of, plan.near_days, plan.vocabulary))
    said: dict[str, dict[str, Attestation]] = {}
    for each in attestations:
        said.setdefault(each.trial, {})[each.criterion] = each
    return ranked([weighed(laid, asked, said.get(laid.trial.nct_id), brief=relevant_only) for laid in plan.laid])


def withheld(chart: Chart, as_of: dt.date) -> Withheld | None:
    """Say why no cards may be told of this patient, if so: deceased by that day, or opted out of research."""
    person = chart.person
    if person.died is not None:
        if person.died.on_or_before(as_of) is not Truth.UNMET:
            return Withheld.DECEASED
    elif person.deceased:
        return Withheld.DECEASED
    return Withheld.OPTED_OUT if person.opted_out else None


def weighed(laid: Laid, asked: Answers, said: dict[str, Attestation] | None = None, *, brief: bool = False) -> Weighed:
    """Give one trial's verdict, told by the best of its cohorts, with what decides its place among others."""
    cohorts = [_cohort(group, laid.trial, asked, said, brief=brief) for group in laid.groups]
    chosen, unmet, unknown = cohorts[0] if len(cohorts) == 1 else min(cohorts, key=lambda each: place_of(*each[:2]))
    every = tuple([each for each, _, _ in cohorts])
    return Weighed(Verdict(laid.trial, chosen.standing, every, chosen.findings, chosen.earliest), unmet, unknown)


_Counted = tuple[CohortVerdict, int, int]
"""A cohort's verdict, how many findings are unmet, and how many unknown to the records."""


def _cohort(
    group: Group, trial: Trial, asked: Answers, said: dict[str, Attestation] | None, *, brief: bool
) -> _Counted:
    if said:
        return _told_by_people(group, trial, asked, said, brief=brief)
    disease = asked.disease(group.disease)
    if disease is None and brief:
        return _passed_over(group, Findings(group.about, asked.find), asked.weight(group.disease))
    answers, unmet, unknown = asked.answers, [], 0
    for place in group.records:
        answer = answers[place] or asked.answer(place)
        if answer == UNKNOWN:
            unknown += 1
        elif answer == UNMET:
            unmet.append(asked.finding(place))
    standing, earliest = standing_with(disease, unmet, complete=trial.complete, terms=asked.terms)
    findings = Findings(group.criteria, asked.find)
    return _verdict_of(group, standing, findings, earliest), len(unmet), unknown


def _passed_over(group: Group, findings: Sequence[CriterionFinding], weight: Weight) -> _Counted:
    """Give the verdict of a cohort that is about another disease, and no more than it takes to say so."""
    return _verdict_of(group, Standing.NOT_RELEVANT, findings, None), *weight


def _told_by_people(
    group: Group, trial: Trial, asked: Answers, said: dict[str, Attestation], *, brief: bool
) -> _Counted:
    """Give the verdict of a cohort of which people attested something: their word stands in for the records."""

    def find(criterion: Criterion) -> CriterionFinding:
        finding, attestation = asked.find(criterion), said.get(criterion.id)
        return CriterionFinding(criterion, finding if attestation is None else _attested(finding, attestation))

    about = tuple(map(find, group.about))
    if brief and disease_of([each.finding for each in about]) is None:
        return _passed_over(group, about, weight_of(sketched(each.finding) for each in about))
    findings = tuple(map(find, group.criteria))
    standing, earliest = standing_of(findings, complete=trial.complete, terms=asked.terms)
    return _verdict_of(group, standing, findings, earliest), *weight_of(sketched(each.finding) for each in findings)


def _verdict_of(
    group: Group, standing: Standing, findings: Sequence[CriterionFinding], earliest: dt.date | None
) -> CohortVerdict:
    cohort = group.cohort
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
        answered=True,
    )
