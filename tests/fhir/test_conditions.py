from collections.abc import Callable
from typing import Any

import pytest

from cds.core.chart import Chart, ClinicalStatus, Condition, Extent, Kind, Verification
from cds.core.codes import ICDO3, Code, Coded

Read = Callable[..., Chart]
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"


def condition(**members: object) -> dict[str, Any]:
    return {"resourceType": "Condition", "id": "1", "code": {"coding": [{"system": ICD10, "code": "C7A8"}]}, **members}


def one(chart: Read, **members: object) -> Condition:
    (found,) = chart(condition(**members)).conditions
    return found


def status(code: str) -> dict[str, Any]:
    return {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/x", "code": code}]}


def test_site_histology_and_code_as_sent(chart: Read) -> None:
    histology = {
        "url": "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-histology-morphology-behavior",
        "valueCodeableConcept": {"coding": [{"system": ICDO3, "code": "8246/3"}]},
    }
    found = one(chart, bodySite=[{"text": "pancreas"}], extension=[{"url": "x"}, histology])
    assert found.code == Coded((Code(ICD10, "C7A8"),))
    assert found.sites == (Coded((), "pancreas"),)
    assert found.histology == (Coded((Code(ICDO3, "8246/3"),)),)
    older = histology | {"url": "http://x/onco-core-HistologyMorphologyBehaviorExtension"}
    assert one(chart, extension=older).histology == found.histology


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, ClinicalStatus.UNKNOWN),
        ({"clinicalStatus": status("active")}, ClinicalStatus.ACTIVE),
        ({"clinicalStatus": status("recurrence")}, ClinicalStatus.ACTIVE),
        ({"clinicalStatus": status("remission")}, ClinicalStatus.INACTIVE),
        ({"clinicalStatus": "Resolved "}, ClinicalStatus.INACTIVE),
        ({"clinicalStatus": "no idea"}, ClinicalStatus.UNKNOWN),
        ({"abatementBoolean": True}, ClinicalStatus.INACTIVE),
    ],
)
def test_clinical_status(chart: Read, members: dict[str, Any], expected: ClinicalStatus) -> None:
    assert one(chart, **members).clinical is expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (None, Verification.CONFIRMED),
        (status("confirmed"), Verification.CONFIRMED),
        (status("provisional"), Verification.UNCONFIRMED),
        (status("differential"), Verification.UNCONFIRMED),
        ("unconfirmed", Verification.UNCONFIRMED),
        ("unknown", Verification.UNCONFIRMED),
        (status("refuted"), Verification.REFUTED),
        ("entered-in-error", Verification.ENTERED_IN_ERROR),
    ],
)
def test_verification(chart: Read, sent: object, expected: Verification) -> None:
    assert one(chart, verificationStatus=sent).verification is expected


@pytest.mark.parametrize(
    ("members", "onset"),
    [
        ({"onsetDateTime": "2024-05"}, "2024-05"),
        ({"onsetPeriod": {"start": "2024-05-01", "end": "2024-06"}}, "2024-05-01..2024-06-30"),
        ({"onsetPeriod": {"start": "2024-05-01", "end": "2023"}}, "2024-05-01"),
        ({"onsetString": "2024-05-03"}, "2024-05-03"),
        ({"onsetString": "in childhood"}, "None"),
        ({"onsetAge": {"value": 40, "code": "a"}}, "2000-02-29..2001-02-28"),
        ({"onsetAge": {"value": 3, "code": "wk"}}, "1960-03-21..1960-03-27"),
        (
            {"onsetRange": {"low": {"value": 40, "code": "a"}, "high": {"value": 41, "code": "a"}}},
            "2000-02-29..2002-02-28",
        ),
        ({"onsetAge": {"value": "old"}}, "None"),
    ],
)
def test_onset(chart: Read, members: dict[str, Any], onset: str) -> None:
    """The patient of these tests was born on 1960-02-29."""
    assert str(one(chart, **members).onset) == onset


def test_an_age_at_onset_says_nothing_of_a_patient_whose_birth_is_unknown(chart: Read) -> None:
    sent = condition(onsetAge={"value": 40, "code": "a"}, recordedDate="2025-01-01")
    (found,) = chart(sent, patient={"birthDate": None}).conditions
    assert (found.onset, str(found.recorded)) == (None, "2025-01-01")


def test_abatement(chart: Read) -> None:
    assert str(one(chart, abatementDateTime="2025-01-02").abated) == "2025-01-02"


def test_a_condition_that_does_not_say_what_it_is_is_lost(chart: Read) -> None:
    read = chart(condition(code={"coding": []}), condition(id="2"))
    assert [(each.reference, each.why) for each in read.lost] == [
        ("Condition/1", "it does not say which condition it is")
    ]
    assert read.extent(Kind.CONDITION) is Extent.PARTIAL
    assert read.gaps == {Kind.CONDITION: "an entry could not be read"}


def test_what_its_stage_was_recorded_as(chart: Read) -> None:
    stages = [{"summary": {"text": "Binet stage B"}}, {"assessment": [{"reference": "Observation/1"}]}, "IV"]
    assert one(chart, stage=stages).stage == (Coded((), "Binet stage B"),)
    assert one(chart, stage={"summary": {"coding": [{"system": "x", "code": "c3A"}]}}).stage == (
        Coded((Code("x", "c3A"),)),
    )
    assert one(chart).stage == ()


@pytest.mark.parametrize(
    ("sent", "recurred"),
    [
        (status("recurrence"), True),
        (status("relapse"), True),
        (status("active"), False),
        (status("remission"), False),
        (None, False),
    ],
)
def test_a_recurrence_is_what_the_sender_calls_one(chart: Read, sent: object, recurred: object) -> None:
    assert one(chart, clinicalStatus=sent).recurred is recurred
