from collections.abc import Callable
from typing import Any

import pytest

from cds.core.chart import Chart, Exposure, ExposureStatus, Extent, Kind, Told
from cds.core.codes import NAME, RXNORM, SNOMED, Code, Coded
from cds.fhir.reading.medications import Drugs
from cds.fhir.reading.versions import Entry

Read = Callable[..., Chart]
CISPLATIN = {"coding": [{"system": RXNORM, "code": "2555", "display": "cisplatin"}], "text": "Cisplatin  IV"}
CODES = (Code(RXNORM, "2555"), Code(NAME, "cisplatin iv"), Code(NAME, "cisplatin"))


def statement(**members: object) -> dict[str, Any]:
    told = {} if {"medicationReference", "medication"} & set(members) else {"medicationCodeableConcept": CISPLATIN}
    return {"resourceType": "MedicationStatement", "id": "1", "status": "active", **told, **members}


def one(chart: Read, *others: dict[str, Any], **members: object) -> Exposure:
    (found,) = chart(statement(**members), *others).exposures
    return found


def test_words_become_names_beside_the_codes(chart: Read) -> None:
    assert one(chart).code == Coded(CODES, "Cisplatin  IV")
    local = {"coding": [{"system": "urn:local", "code": "Warfarin"}]}
    assert one(chart, medicationCodeableConcept=local).code.codes == (
        Code("urn:local", "Warfarin"),
        Code(NAME, "warfarin"),
    )


MEDICATION = {"resourceType": "Medication", "id": "m", "code": CISPLATIN}
MIXTURE = {
    "resourceType": "Medication",
    "id": "m",
    "ingredient": [
        {"itemCodeableConcept": {"text": "saline"}, "isActive": False},
        {"itemCodeableConcept": {"text": "etoposide"}},
        {"itemReference": {"reference": "Medication/m2"}},
        {"item": {"concept": {"text": "mesna"}}},
    ],
}


@pytest.mark.parametrize(
    ("members", "others"),
    [
        ({"medicationReference": {"reference": "#m"}, "contained": [MEDICATION]}, []),
        ({"medicationReference": {"reference": "Medication/m"}}, [MEDICATION]),
        ({"medicationReference": {"reference": "https://ehr.example/fhir/Medication/m/_history/3"}}, [MEDICATION]),
        ({"medicationReference": {"reference": "urn:uuid:m"}}, [MEDICATION]),
        ({"medication": {"reference": {"reference": "Medication/m"}}}, [MEDICATION]),
        ({"medication": {"reference": "Medication/m"}}, [MEDICATION]),
        ({"medication": {"concept": CISPLATIN}}, []),
        ({"medication": CISPLATIN}, []),
    ],
)
def test_the_drug_is_found_wherever_it_stands(chart: Read, members: dict[str, Any], others: list[Any]) -> None:
    assert one(chart, *others, **members).code == Coded(CODES, "Cisplatin  IV")


def test_ingredients_of_mixtures(chart: Read) -> None:
    inner = MEDICATION | {"id": "m2", "ingredient": [{"itemReference": {"reference": "Medication/m"}}]}
    found = one(chart, MIXTURE, inner, medicationReference={"reference": "Medication/m"}).code.codes
    assert found == (Code(NAME, "etoposide"), *CODES, Code(NAME, "mesna"))


def test_a_display_alone_is_the_drug_even_where_another_one_came_along_without_an_address(chart: Read) -> None:
    found = one(chart, MEDICATION, medicationReference={"display": "Lisinopril 10 mg"})
    assert found.code == Coded((Code(NAME, "lisinopril 10 mg"),), "Lisinopril 10 mg")


def test_a_drug_that_was_not_sent_is_called_by_its_display_or_lost(chart: Read) -> None:
    shown = one(chart, medicationReference={"reference": "Medication/x", "display": "Cisplatin"})
    assert shown.code == Coded((Code(NAME, "cisplatin"),), "Cisplatin")
    read = chart(statement(medicationReference={"reference": "Medication/x"}), statement(id="2"))
    assert [(each.reference, each.why) for each in read.lost] == [
        ("MedicationStatement/1", "the drug it refers to was not sent")
    ]
    assert read.extent(Kind.MEDICATION) is Extent.PARTIAL


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"status": "active"}, ExposureStatus.ACTIVE),
        ({"status": "Completed "}, ExposureStatus.ENDED),
        ({"status": "stopped"}, ExposureStatus.ENDED),
        ({"status": "on-hold"}, ExposureStatus.ON_HOLD),
        ({"status": "not-taken"}, ExposureStatus.NEVER),
        ({"status": "intended"}, ExposureStatus.NEVER),
        ({"status": "unknown"}, ExposureStatus.UNKNOWN),
        ({"status": None}, ExposureStatus.UNKNOWN),
        ({"status": "recorded", "adherence": {"code": {"coding": [{"code": "taking"}]}}}, ExposureStatus.ACTIVE),
        ({"status": "active", "taken": "n"}, ExposureStatus.NEVER),
        ({"status": "active", "wasNotTaken": True}, ExposureStatus.NEVER),
        ({"resourceType": "MedicationRequest", "status": "cancelled"}, ExposureStatus.NEVER),
        ({"resourceType": "MedicationRequest", "status": "draft"}, ExposureStatus.NEVER),
        ({"resourceType": "MedicationRequest", "status": "active", "doNotPerform": True}, ExposureStatus.NEVER),
        ({"resourceType": "MedicationRequest", "status": "active", "intent": "plan"}, ExposureStatus.ACTIVE),
        ({"resourceType": "MedicationAdministration", "status": "in-progress"}, ExposureStatus.ACTIVE),
        ({"resourceType": "MedicationAdministration", "status": "not-done"}, ExposureStatus.NEVER),
        ({"resourceType": "MedicationAdministration", "status": "completed", "notGiven": True}, ExposureStatus.NEVER),
        (
            {"resourceType": "MedicationAdministration", "status": "completed", "wasNotGiven": True},
            ExposureStatus.NEVER,
        ),
        ({"resourceType": "MedicationAdministration", "status": "completed", "notGiven": False}, ExposureStatus.ENDED),
        ({"resourceType": "MedicationDispense", "status": "completed", "notDone": True}, ExposureStatus.NEVER),
        ({"resourceType": "MedicationDispense", "status": "completed"}, ExposureStatus.UNKNOWN),
        ({"resourceType": "MedicationDispense", "status": "preparation"}, ExposureStatus.NEVER),
        ({"resourceType": "MedicationDispense", "status": "in-progress"}, ExposureStatus.NEVER),
    ],
)
def test_statuses(chart: Read, members: dict[str, Any], status: ExposureStatus) -> None:
    assert one(chart, **members).status is status


@pytest.mark.parametrize(
    "members",
    [
        {"status": "entered-in-error"},
        {"resourceType": "MedicationRequest", "intent": "proposal"},
        {"resourceType": "MedicationRequest", "intent": "option"},
    ],
)
def test_errors_and_proposals_are_read_and_are_no_exposure(chart: Read, members: dict[str, Any]) -> None:
    read = chart(statement(**members))
    assert (read.exposures, read.lost) == ((), ())
    assert read.read == {"Patient": 1, members.get("resourceType", "MedicationStatement"): 1}


@pytest.mark.parametrize("shown", ["Carboplatin", "carboplatin 10 MG/ML Injectable Solution"])
def test_the_words_beside_a_reference_are_read_as_those_of_a_concept(chart: Read, shown: str) -> None:
    pointer = {"reference": "Medication/unsent", "display": shown}
    (found,) = chart(statement(medicationCodeableConcept=None, medicationReference=pointer)).exposures
    assert Code(NAME, "carboplatin") in found.code.codes


@pytest.mark.parametrize(
    ("shown", "extent"),
    [
        ("CARBOplatin 450 MG/45ML IV SOLN", Extent.PARTIAL),
        ("carboplatin 10 MG/ML Injectable Solution", Extent.COMPLETE),
        ("carboplatin", Extent.COMPLETE),
    ],
)
def test_a_product_that_did_not_come_and_whose_name_says_nothing_leaves_silence_open(
    chart: Read, shown: str, extent: Extent
) -> None:
    pointer = {"reference": "Medication/unsent", "display": shown}
    read = chart(statement(medicationCodeableConcept=None, medicationReference=pointer))
    assert (len(read.exposures), read.extent(Kind.MEDICATION)) == (1, extent)
    told = chart(statement(medicationCodeableConcept={"text": shown}))
    assert told.extent(Kind.MEDICATION) is Extent.COMPLETE


def mixed(*ingredients: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Medication", "id": "m", "code": {"text": "bag 12"}, "ingredient": list(ingredients)}


@pytest.mark.parametrize(
    ("ingredient", "extent"),
    [
        ({"itemReference": {"reference": "Medication/unsent"}}, Extent.PARTIAL),
        ({"item": {"reference": {"reference": "Medication/unsent"}}}, Extent.PARTIAL),
        ({"strength": {}}, Extent.PARTIAL),
        ({"itemReference": {"reference": "Medication/unsent", "display": "carboplatin"}}, Extent.COMPLETE),
        ({"itemCodeableConcept": {"text": "carboplatin"}}, Extent.COMPLETE),
        ({"itemReference": {"reference": "Medication/unsent"}, "isActive": False}, Extent.COMPLETE),
    ],
)
def test_a_mixture_whose_ingredient_did_not_come_leaves_silence_open(
    chart: Read, ingredient: dict[str, Any], extent: Extent
) -> None:
    sent = statement(medicationCodeableConcept=None, medicationReference={"reference": "Medication/m"})
    read = chart(sent, mixed(ingredient, {"itemCodeableConcept": {"text": "etoposide"}}))
    (found,) = read.exposures
    assert Code(NAME, "etoposide") in found.code.codes
    assert (Code(NAME, "carboplatin") in found.code.codes) is ("carboplatin" in str(ingredient))
    assert read.extent(Kind.MEDICATION) is extent


def bounded(**bounds: object) -> list[dict[str, Any]]:
    return [{"timing": {"repeat": bounds}}]


REQUEST = {"resourceType": "MedicationRequest", "authoredOn": "2026-05-01"}
FOR_THREE_WEEKS = bounded(boundsDuration={"value": 3, "code": "wk"})
IN_MAY = bounded(boundsPeriod={"start": "2026-05-03", "end": "2026-05-20"})


@pytest.mark.parametrize(
    ("members", "start", "end"),
    [
        ({"effectivePeriod": {"start": "2026-05", "end": "2026-06-13"}}, "2026-05", "2026-06-13"),
        ({"effectiveDateTime": "2026-05-01"}, "2026-05-01", "None"),
        ({"effectiveDateTime": "2026-05-01", "status": "completed"}, "2026-05-01", "2026-05-01"),
        ({"dosage": IN_MAY}, "2026-05-03", "2026-05-20"),
        (REQUEST, "2026-05-01", "None"),
        (REQUEST | {"dosageInstruction": FOR_THREE_WEEKS}, "2026-05-01", "2026-05-21"),
        (REQUEST | {"dosageInstruction": IN_MAY}, "2026-05-03", "2026-05-20"),
        (REQUEST | {"dosageInstruction": [*IN_MAY, {"text": "then as needed"}]}, "2026-05-03", "None"),
        (REQUEST | {"dispenseRequest": {"validityPeriod": {"end": "2026-05-02"}}}, "2026-05-01", "None"),
        (
            {"resourceType": "MedicationAdministration", "effectiveDateTime": "2026-05-01T10:00Z"},
            "2026-05-01",
            "2026-05-01",
        ),
        (
            {
                "resourceType": "MedicationAdministration",
                "effectivePeriod": {"start": "2026-05-01", "end": "2026-05-02"},
            },
            "2026-05-01",
            "2026-05-02",
        ),
        ({"resourceType": "MedicationAdministration", "occurenceDateTime": "2026-05-01"}, "2026-05-01", "2026-05-01"),
        ({"resourceType": "MedicationDispense", "whenHandedOver": "2026-05-01"}, "2026-05-01", "None"),
        (
            {"resourceType": "MedicationDispense", "whenHandedOver": "2026-05-01", "daysSupply": {"value": 30}},
            "2026-05-01",
            "2026-05-30",
        ),
        ({}, "None", "None"),
    ],
)
def test_times(chart: Read, members: dict[str, Any], start: str, end: str) -> None:
    found = one(chart, **members)
    assert (str(found.start), str(found.end)) == (start, end)


def test_a_supply_that_has_an_end_is_taken_to_end_then(chart: Read) -> None:
    supply = {"resourceType": "MedicationDispense", "status": "completed", "daysSupply": {"value": 30}}
    assert one(chart, **supply, whenHandedOver="2026-05-01").status is ExposureStatus.ENDED


def test_route_and_what_was_said(chart: Read) -> None:
    found = one(chart, dosage=[{"text": "?"}, {"route": {"text": "IV"}}])
    assert (found.route, found.said) == (Coded((), "IV"), "active")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("MedicationStatement", Told.STATED),
        ("MedicationRequest", Told.ORDERED),
        ("MedicationDispense", Told.DISPENSED),
        ("MedicationAdministration", Told.GIVEN),
    ],
)
def test_how_it_was_told(chart: Read, name: str, told: Told) -> None:
    assert one(chart, resourceType=name).told is told


def extension(name: str, code: str) -> dict[str, Any]:
    concept = {"coding": [{"system": SNOMED, "code": code}]}
    return {"url": f"http://hl7.org/fhir/us/mcode/StructureDefinition/{name}", "valueCodeableConcept": concept}


CURATIVE, PALLIATIVE = extension("mcode-procedure-intent", "373808002"), "363676003"


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [
        ([{"url": "x", "valueCodeableConcept": {"text": "curative"}}, CURATIVE], Coded((Code(SNOMED, "373808002"),))),
        ([extension("mcode-treatment-intent", "373808002")], Coded((Code(SNOMED, "373808002"),))),
        ([CURATIVE, CURATIVE], Coded((Code(SNOMED, "373808002"),))),
        ([CURATIVE, extension("mcode-procedure-intent", PALLIATIVE)], Coded()),
        ([{"url": 7}, None], Coded()),
        (None, Coded()),
    ],
)
def test_what_it_is_for_unless_two_intents_are_told(chart: Read, extensions: object, expected: Coded) -> None:
    assert one(chart, extension=extensions).intent == expected


PROGRESSION = {"text": "progression"}
ENDED = extension("mcode-treatment-termination-reason", "407563006")


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"status": "stopped", "statusReason": [PROGRESSION]}, ["progression"]),
        ({"resourceType": "MedicationRequest", "status": "stopped", "statusReason": PROGRESSION}, ["progression"]),
        ({"status": "completed", "extension": [ENDED]}, [f"{SNOMED}|407563006"]),
        ({"status": "on-hold", "statusReason": [PROGRESSION]}, []),
        ({"status": "active", "statusReason": [PROGRESSION]}, []),
        ({"status": "stopped", "statusReason": [7, {}]}, []),
    ],
)
def test_why_it_was_ended_and_not_why_it_is_on_hold(chart: Read, members: dict[str, Any], expected: list[str]) -> None:
    assert list(map(str, one(chart, **members).stopped_for)) == expected


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("Medication/m", True),
        ("https://ehr.example/fhir/Medication/m", True),
        ("https://ehr.example/fhir/Medication/m/_history/2", True),
        ("https://other.example/fhir/Medication/m", False),
        ("urn:uuid:m", True),
    ],
)
def test_a_drug_on_another_server_is_another_drug(reference: str, found: bool) -> None:  # noqa: FBT001 - a table
    for sent, server in ((("", "https://ehr.example/fhir")), ("https://ehr.example/fhir/Medication/m", "")):
        drugs = Drugs([Entry(MEDICATION, "Medication/m", sent)], server)
        assert (drugs.find(reference, None) is not None) is found
