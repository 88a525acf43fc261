"""The golden charts in the shape of R5, and an empty problem list with an entry that says so: the same findings."""

from typing import Any

import pytest

from cds.assessment import Assessment, assess
from tests.fhir.releases import as_r5
from tests.golden.cases import SLUGS, case, screened, service_for

Json = dict[str, Any]


def decided(answer: Assessment) -> Json:
    """What every criterion of every trial came to, and the entries that decided it."""
    return {
        verdict.trial.nct_id: (
            verdict.standing,
            {
                each.criterion.id: (
                    each.finding.truth,
                    each.finding.basis,
                    each.finding.cause,
                    each.finding.resolves_on,
                    [seen.reference for seen in each.finding.evidence],
                )
                for each in verdict.findings
            },
        )
        for verdict in answer.verdicts
    }


@pytest.mark.parametrize("slug", SLUGS)
def test_a_golden_chart_in_the_shape_of_r5_gets_the_same_findings(slug: str) -> None:
    told = case(slug)
    newer = as_r5(told.bundle)
    assert newer != told.bundle
    answered = assess(told.question(newer), service_for(told))
    assert decided(answered) == decided(screened(told))
    assert answered.withheld is screened(told).withheld


def test_no_known_problems_leaves_the_problem_list_empty_and_a_problem_fills_it() -> None:
    """With nothing on the list, silence about a diagnosis settles nothing (DESIGN §3.3)."""
    told = case("empty-problem-list")

    def findings(system: str, code: str) -> Json:
        problem = {"resourceType": "Condition", "id": "none", "code": {"coding": [{"system": system, "code": code}]}}
        problem["subject"] = {"reference": f"Patient/{told.patient_id}"}
        bundle = told.bundle | {"entry": [*told.bundle["entry"], {"resource": problem}]}
        return decided(assess(told.question(bundle), service_for(told)))

    none_known = findings("http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips", "no-known-problems")
    assert none_known == decided(screened(told))
    assert findings("http://hl7.org/fhir/sid/icd-10-cm", "I10") != none_known
