from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cds.core.chart import Allergy, Chart, Extent, Kind, Person, Procedure, Sex, Vaccination
from cds.core.codes import CVX, NAME, Code, Coded
from cds.core.dates import PartialDate
from cds.fhir.reading.read import chart_of_bundle

Read = Callable[..., Chart]


def procedure(**members: object) -> dict[str, Any]:
    return {"resourceType": "Procedure", "id": "1", "status": "completed", "code": {"text": "lobectomy"}, **members}


def test_procedures(chart: Read) -> None:
    sent = procedure(performedPeriod={"start": "2026-01-01", "end": "2026-01-02"}, bodySite=[{"text": "lung"}])
    days = PartialDate.parse("2026-01-01"), PartialDate.parse("2026-01-02")
    assert chart(sent).procedures == (Procedure(Coded((), "lobectomy"), "Procedure/1", *days, (Coded((), "lung"),)),)
    for members in (
        {"performedDateTime": "2026-01"},
        {"occurrenceDateTime": "2026-01"},
        {"performedString": "2026-01"},
    ):
        (found,) = chart(procedure(**members)).procedures
        assert (str(found.start), str(found.end)) == ("2026-01", "2026-01")


def test_what_a_procedure_is_for(chart: Read) -> None:
    url = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-procedure-intent"
    sent = procedure(extension=[{"url": "x"}, {"url": url, "valueCodeableConcept": {"text": "Palliative"}}])
    assert [each.intent for each in chart(sent, procedure(id="2")).procedures] == [Coded((), "Palliative"), Coded()]


@pytest.mark.parametrize("status", ["not-done", "entered-in-error", "Preparation "])
def test_procedures_that_were_not_done_are_read_and_dropped(chart: Read, status: str) -> None:
    read = chart(procedure(status=status))
    assert (read.procedures, read.lost, read.read["Procedure"]) == ((), (), 1)


def vaccination(**members: object) -> dict[str, Any]:
    code = {"coding": [{"system": CVX, "code": "94"}], "text": "MMRV"}
    return {"resourceType": "Immunization", "id": "1", "status": "completed", "vaccineCode": code, **members}


def test_vaccinations(chart: Read) -> None:
    read = chart(vaccination(occurrenceDateTime="2026-05-20"))
    code = Coded((Code(CVX, "94"), Code(NAME, "mmrv")), "MMRV")
    assert read.vaccinations == (Vaccination(code, "Immunization/1", PartialDate.parse("2026-05-20")),)
    assert chart(vaccination(occurrenceString="last spring")).vaccinations[0].date is None
    assert chart(vaccination(status="not-done")).vaccinations == ()
    lost = chart(vaccination(status=None))
    assert (lost.lost[0].why, lost.extent(Kind.IMMUNIZATION)) == (
        "it does not say whether the vaccine was given",
        Extent.PARTIAL,
    )


def allergy(**members: object) -> dict[str, Any]:
    return {"resourceType": "AllergyIntolerance", "id": "1", **members}


def test_allergies(chart: Read) -> None:
    sent = allergy(
        code={"text": "Platinum"},
        verificationStatus={"coding": [{"code": "unconfirmed"}]},
        reaction=[{"substance": {"text": "Cisplatin"}}, {"manifestation": []}],
    )
    names = (Code(NAME, "platinum"), Code(NAME, "cisplatin"))
    assert chart(sent).allergies == (Allergy(Coded(names, "Platinum"), "AllergyIntolerance/1", confirmed=False),)
    assert chart(allergy(code={"text": "x"}, verificationStatus="refuted")).allergies == ()
    assert chart(allergy(reaction=[{"substance": {"text": "x"}}])).allergies[0].confirmed
    assert chart(allergy()).lost[0].why == "it does not say to what"


@pytest.mark.parametrize(
    ("members", "person"),
    [
        ({"gender": "Female", "birthDate": "1960"}, Person(PartialDate.parse("1960"), Sex.FEMALE)),
        ({"gender": "M", "birthDate": "1960-13-01"}, Person(None, Sex.MALE)),
        ({"gender": {"x": 1}, "birthDate": 1960}, Person()),
        ({"birthDate": None, "deceasedBoolean": True}, Person(deceased=True)),
        ({"birthDate": None, "deceasedBoolean": False}, Person()),
        ({"birthDate": None, "deceasedDateTime": "2025-01"}, Person(deceased=True, died=PartialDate.parse("2025-01"))),
        ({"birthDate": None, "deceasedDateTime": "last year"}, Person(deceased=True)),
    ],
)
def test_the_patient(chart: Read, members: dict[str, Any], person: Person) -> None:
    found = chart(patient=members).person
    assert (found.born, found.sex, found.deceased, found.died) == (
        person.born,
        person.sex,
        person.deceased,
        person.died,
    )


RESEARCH = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "research"}]}


@pytest.mark.parametrize(
    ("members", "refused"),
    [
        ({"scope": RESEARCH, "provision": {"type": "deny"}}, True),
        ({"scope": RESEARCH, "policyRule": {"coding": [{"code": "OPTOUT"}]}}, True),
        ({"category": [RESEARCH], "decision": "deny"}, True),
        ({"scope": RESEARCH, "provision": {"type": "permit"}}, False),
        ({"scope": RESEARCH, "provision": {"type": "deny"}, "status": "inactive"}, False),
        ({"scope": {"coding": [{"code": "treatment"}]}, "provision": {"type": "deny"}}, False),
        ({"scope": RESEARCH, "provision": {"type": "deny"}, "patient": {"reference": "Patient/else"}}, False),
    ],
)
def test_a_standing_refusal_of_research(chart: Read, members: dict[str, Any], *, refused: bool) -> None:
    consent = {"resourceType": "Consent", "id": "c", "status": "active", **members}
    assert chart(consent).person.opted_out is refused


def test_a_sites_own_label_for_opting_out(zone: ZoneInfo) -> None:
    patient = {
        "resourceType": "Patient",
        "id": "p",
        "meta": {"security": [{"system": "urn:site", "code": "NO-RESEARCH"}]},
    }
    bundle = {"resourceType": "Bundle", "entry": [{"resource": patient}]}
    for labels, expected in ((frozenset({Code("urn:site", "NO-RESEARCH")}), True), (frozenset[Code](), False)):
        read = chart_of_bundle(bundle, patient_id=None, covered=None, zone=zone, opt_out=labels)
        assert read.person.opted_out is expected
