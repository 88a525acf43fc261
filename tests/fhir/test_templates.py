"""Prefetch templates: ours keep to the subset of CDS Hooks 2.0.1, and what leaves it is seen."""

import pytest

from cds.fhir.searches import CODES_PER_SEARCH, searches_for
from tests.fhir.template_rules import template_faults
from tests.service import world
from tests.shipped import plan


def test_every_template_of_the_shipped_trials_is_of_the_subset() -> None:
    searches = searches_for(plan().needs, plan().vocabulary)
    assert len(searches) > 10
    assert {each.key: template_faults(each.template) for each in searches} == {each.key: [] for each in searches}
    assert all(each.template.count("|") <= CODES_PER_SEARCH for each in searches)


def test_every_template_asks_for_the_patient_of_the_call_and_nobody_else() -> None:
    for template in world.service().templates.values():
        assert template.count("{{context.patientId}}") == 1


@pytest.mark.parametrize(
    "template",
    [
        "Patient/{{context.patientId}}",
        "Observation?patient={{context.patientId}}&category=laboratory",
        "Observation?patient={{context.patientId}}&code=http://loinc.org|1234-5,http://loinc.org|6789-0",
        "Condition?patient={{context.patientId}}&code:in=https://example.org/ValueSet/1",
        "Observation?patient={{context.patientId}}&date=ge2026-01-01&_sort=-date&_count=50",
        "Practitioner/{{context.userId}}",
    ],
)
def test_what_an_ehr_must_understand_passes(template: str) -> None:
    assert template_faults(template) == []


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("Patient/{{ context.patientId }}", "is no token"),
        ("Patient/{{context.patient.id}}", "is no token"),
        ("Patient/{{patientId}}", "is no token"),
        ("Encounter/{{context.encounterId}}", "is no token that every hook has"),
        ("Observation?patient={{context.patientId}}&date=ge{{today()-30}}", "is no token"),
        ("Patient/{context.patientId}", "two braces"),
        ("Patient/{{context.patientId}", "two braces"),
        ("Observation?patient={{context.patientId}}&_include=Observation:subject", "parameter 2"),
        ("Patient?_has:Observation:patient:code=1", "parameter 1"),
        ("Observation?patient.birthdate=1960", "parameter 1"),
        ("Observation?code:not=1", "code:not"),
        ("Observation?code:text=x", "code:text"),
        ("Observation?date=ne2026-01-01", "compares"),
        ("Observation?date=sa2026-01-01", "compares"),
        ("Observation?date=ge2026-01-01&date=lt2026-02-01", "date is repeated"),
        ("Observation?_count=many", "_count"),
        ("Patient/1/_history/2", "neither"),
        ("$everything", "neither"),
        ("https://fhir.example.org/Patient/1", "neither"),
    ],
)
def test_what_an_ehr_need_not_understand_is_named(template: str, fault: str) -> None:
    (found,) = template_faults(template)
    assert fault in found
