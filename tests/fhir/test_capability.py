"""What is believed of a CapabilityStatement, and that a poor one proves nothing."""

from typing import Any

import pytest

from cds.fhir.asking.capability import UNSAID, read_capability

Json = dict[str, Any]
WHOLE: Json = {
    "resourceType": "CapabilityStatement",
    "fhirVersion": "4.0.1",
    "software": {"name": "HAPI FHIR Server", "version": "8.4.0"},
    "rest": [
        {"mode": "client", "resource": [{"type": "Immunization"}]},
        {
            "mode": "server",
            "searchParam": [{"name": "_id"}],
            "resource": [
                {"type": "Patient"},
                {"type": "Observation", "searchParam": [{"name": "patient"}, {"name": "category"}, {}, "x"]},
                {"type": "MedicationRequest", "searchInclude": ["MedicationRequest.medication", 7]},
                {"type": "MedicationDispense", "searchInclude": ["*"]},
                {"type": "MedicationStatement", "searchInclude": ["MedicationStatement:context:Encounter"]},
            ],
        },
    ],
}


def test_what_a_whole_statement_says() -> None:
    said = read_capability(WHOLE)
    assert (said.version, said.release, said.software, said.refusal) == ("4.0.1", "R4", "HAPI FHIR Server 8.4.0", "")
    types = ("Patient", "Observation", "Immunization", "Consent")
    assert [said.offers(name) for name in types] == [True, True, False, False]
    params = ("patient", "category", "code", "_id")
    assert [said.searches_by("Observation", name) for name in params] == [True, True, False, True]
    assert said.searches_by("Patient", "name") is None
    assert said.searches_by("Immunization", "patient") is None
    followed = ("MedicationRequest", "MedicationDispense", "MedicationStatement", "Observation", "Consent")
    assert [said.includes(name, f"{name}:medication") for name in followed] == [True, True, False, None, None]


@pytest.mark.parametrize(
    ("version", "release", "refused"),
    [
        ("4.0.0", "R4", False),
        (" 4.0.1 ", "R4", False),
        ("4.0", "R4", False),
        ("4.3.0", "R4B", False),
        ("4.1.0", "R4B", False),
        ("5.0.0", "R5", False),
        ("5.0.0-ballot", "R5", False),
        ("4.6.0", "", False),
        ("6.0.0-ballot4", "", False),
        ("3.0.2", "STU3", True),
        ("3.0.1", "STU3", True),
        ("1.0.2", "DSTU2", True),
        ("R4", "", False),
        ("3", "", False),
        ("https://ehr.example/3.0.1", "", False),
        ("", "", False),
        (4.0, "", False),
        (None, "", False),
    ],
)
def test_releases(version: object, release: str, *, refused: bool) -> None:
    said = read_capability({"resourceType": "CapabilityStatement", "fhirVersion": version})
    assert said.release == release
    assert bool(said.refusal) is refused


def test_refusals_are_sentences_with_the_number_where_there_is_one() -> None:
    stu3 = read_capability({"resourceType": "CapabilityStatement", "fhirVersion": "3.0.2"})
    assert stu3.refusal == "this FHIR server speaks STU3 (3.0.2), which is not read"
    older = read_capability({"resourceType": "Conformance", "fhirVersion": {"x": 1}})
    assert older.refusal == "this FHIR server speaks DSTU2, which is not read"


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        "x",
        {},
        {"resourceType": "Bundle", "fhirVersion": "3.0.2"},
        {"resourceType": ["CapabilityStatement"]},
        {"resourceType": "OperationOutcome"},
    ],
)
def test_what_is_no_statement_says_nothing(sent: object) -> None:
    assert read_capability(sent) == UNSAID
    assert UNSAID.offers("Patient") is None
    assert UNSAID.refusal == ""


@pytest.mark.parametrize(
    "rest",
    [None, "x", 7, [None], {"resource": "x"}, [{"resource": [None, "x", {}, {"type": 7}, {"type": ["Patient"]}]}]],
)
def test_garbled_parts_say_nothing(rest: object) -> None:
    said = read_capability(WHOLE | {"rest": rest})
    assert (said.offers("Patient"), said.searches_by("Patient", "x"), said.includes("Patient", "x")) == (None,) * 3


@pytest.mark.parametrize("named", [["Patient"], ["Observation", "Condition"], ["Medication"]])
def test_a_statement_without_patients_and_observations_proves_no_absence(named: list[str]) -> None:
    said = read_capability(WHOLE | {"rest": {"resource": [{"type": each} for each in named]}})
    assert said.offers(named[0]) is True
    assert said.offers("MedicationStatement") is None


def test_what_a_server_calls_itself_is_kept_short_and_printable() -> None:
    said = read_capability(WHOLE | {"software": {"name": "a\x1b[31m\n" + "b" * 500, "version": 7}})
    assert said.software == ("a[31m" + "b" * 500)[:80]
