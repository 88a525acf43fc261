"""Draft orders as facts: read like the chart's own entries, taken to start today, never another patient's."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cds.core.chart import ExposureStatus, Told
from cds.errors import BadCall
from cds.fhir.reading.drafts import Drafts, read_drafts

Json = dict[str, Any]
TODAY = dt.date(2026, 6, 15)


def request(**more: object) -> Json:
    whole: Json = {
        "resourceType": "MedicationRequest",
        "id": "1",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": "Patient/pat-1"},
        "medicationCodeableConcept": {"text": "Itraconazole"},
    }
    return {key: value for key, value in (whole | more).items() if value is not ...}


def read(*resources: object) -> Drafts:
    return read_drafts(resources, "pat-1", ZoneInfo("UTC"), TODAY)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"status": "active", "intent": "proposal"},
        {"status": ...},
        {"subject": ...},
        {"subject": {"reference": "https://fhir.example.org/r4/Patient/pat-1"}},
        {"authoredOn": "2027-01-01"},
        {"dosageInstruction": [{"timing": {"repeat": {"boundsPeriod": {"start": "2026-07-01"}}}}]},
    ],
    ids=range(7),
)
def test_an_order_is_taken_to_start_today(more: Json) -> None:
    (order,) = read(request(**more)).orders
    (taken,) = order.exposures
    assert (order.reference, order.label) == ("MedicationRequest/1", "Itraconazole")
    assert (taken.status, taken.told, str(taken.start and taken.start.earliest)) == (
        ExposureStatus.ACTIVE,
        Told.DRAFTED,
        "2026-06-15",
    )
    assert taken.end is None
    assert [each.code for each in order.vaccinations] == [taken.code]


def test_how_long_it_is_taken_counts_from_today() -> None:
    lasts = {"timing": {"repeat": {"boundsDuration": {"value": 5, "unit": "d"}}}}
    ((taken,),) = (each.exposures for each in read(request(dosageInstruction=[lasts])).orders)
    assert str(taken.end and taken.end.latest) == "2026-06-19"


def test_the_drug_may_stand_beside_or_inside_the_order() -> None:
    drug = {"resourceType": "Medication", "id": "m", "code": {"text": "Clarithromycin"}}
    inside = request(
        medicationCodeableConcept=..., medicationReference={"reference": "#m"}, contained=[drug | {"id": "m"}]
    )
    beside = request(medicationCodeableConcept=..., medicationReference={"reference": "Medication/m"})
    assert [each.label for each in read(inside, beside, drug).orders] == ["Clarithromycin"] * 2


@pytest.mark.parametrize(
    "order",
    [
        request(status="cancelled"),
        request(status="entered-in-error"),
        request(status="stopped"),
        request(status="on-hold"),
        request(doNotPerform=True),
        {"resourceType": "NutritionOrder", "id": "1", "status": "draft"},
        {"resourceType": ["MedicationRequest"]},
        "MedicationRequest/1",
        None,
    ],
    ids=range(9),
)
def test_what_starts_nothing_is_passed_over(order: object) -> None:
    assert read(order) == Drafts()


def test_a_service_is_taken_for_done_today() -> None:
    order = {"resourceType": "ServiceRequest", "id": "s", "status": "draft", "code": {"text": "Radiotherapy"}}
    (read_order,) = read(order).orders
    (done,) = read_order.procedures
    assert (done.code.text, str(done.start and done.start.earliest)) == ("Radiotherapy", "2026-06-15")
    by_reference = order | {"code": {"concept": {"text": "Radiotherapy"}}}
    assert [each.label for each in read(by_reference).orders] == ["Radiotherapy"]


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (request(medicationCodeableConcept=...), "it does not say which drug"),
        (request(medicationCodeableConcept=..., medicationReference={"reference": "Medication/9"}), "was not sent"),
        ({"resourceType": "ServiceRequest", "id": "1", "status": "draft"}, "it does not say what is ordered"),
    ],
)
def test_what_cannot_be_read_is_named(order: Json, why: str) -> None:
    (lost,) = read(order).lost
    assert why in lost.why


def test_an_order_of_another_patient_is_refused() -> None:
    with pytest.raises(BadCall, match="holds an order that is not of the patient") as caught:
        read(request(subject={"reference": "Patient/SECRET"}))
    assert "SECRET" not in str(caught.value)
