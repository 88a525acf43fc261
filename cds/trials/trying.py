"""Example patients held against their trial: whether it comes to what the example says, and what came in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.core.plan import Plan
from cds.core.screen import screen
from cds.core.truth import Truth

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cds.core.finding import CriterionFinding
    from cds.core.trial import Trial
    from cds.core.verdict import Verdict
    from cds.core.vocabulary import Vocabulary
    from cds.trials.examples import ExamplePatient


def disagreements(example: ExamplePatient, trial: Trial, vocabulary: Vocabulary) -> Iterator[str]:
    """Give each thing an example expects and the trial does not come to, with the findings that stand in the way.

    It is screened as a service screens, with the usual horizon of what is *near*, on the example's own day.
    """
    (verdict,) = screen(example.chart, Plan.of((trial,), vocabulary), example.as_of)
    if verdict.standing is not example.verdict:
        came = verdict.standing.value
        yield f"verdict: expected {example.verdict.value}, came to {came}{_reasons(verdict.findings)}"
    yield from _of_cohorts(example, verdict)
    yield from _of_findings(example, verdict)


def _of_cohorts(example: ExamplePatient, verdict: Verdict) -> Iterator[str]:
    cohorts = {cohort.id: cohort for cohort in verdict.cohorts if cohort.id}
    for name, expected in example.cohorts.items():
        cohort = cohorts.get(name)
        if cohort is None:
            yield f"cohorts: there is no cohort {name!r}{_there_are(cohorts)}"
        elif cohort.standing is not expected:
            came = cohort.standing.value
            yield f"cohorts: {name}: expected {expected.value}, came to {came}{_reasons(cohort.findings)}"


def _of_findings(example: ExamplePatient, verdict: Verdict) -> Iterator[str]:
    findings = {each.criterion.id: each for cohort in verdict.cohorts for each in cohort.findings}
    for name, expected in example.findings.items():
        found = findings.get(name)
        if found is None:
            yield f"findings: there is no criterion {name!r}"
        elif found.finding.truth is not expected:
            yield f"findings: {name}: expected {expected.value}, came to {found.finding.truth.value}{_why(found)}"


def _there_are(known: Mapping[str, object]) -> str:
    return f" (there are {', '.join(known)})" if known else " (there are none)"


def _reasons(findings: Sequence[CriterionFinding]) -> str:
    """Name the criteria that are unmet, and those that are unknown with their causes; questions to a person apart."""
    told = ""
    for truth in (Truth.UNMET, Truth.UNKNOWN):
        named = [f"{each.criterion.id}{_why(each)}" for each in findings if _tells(each, truth)]
        told += f"; {truth.value}: {', '.join(named)}" if named else ""
    return told


def _tells(each: CriterionFinding, truth: Truth) -> bool:
    cause = each.finding.cause
    return each.finding.truth is truth and not (cause is not None and cause.for_a_person)


def _why(each: CriterionFinding) -> str:
    return f" ({each.finding.cause.value})" if each.finding.cause is not None else ""
