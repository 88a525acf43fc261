"""Whatever a vendor does to a resource, reading it never raises and never loses it in silence."""

import copy
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.core.chart import Extent
from cds.fhir.answer import Answer, AnswerState
from cds.fhir.names import KIND_OF
from cds.fhir.reading.read import chart_of, chart_of_bundle
from cds.fhir.searches import PATIENT, Search

UTC = ZoneInfo("UTC")
CONCEPT = {"coding": [{"system": "http://loinc.org", "code": "777-3", "display": "x"}], "text": "x"}
SUBJECT = {"subject": {"reference": "Patient/p"}}
VALID: list[dict[str, Any]] = [
    {
        "resourceType": "Observation",
        "id": "1",
        "status": "final",
        "code": CONCEPT,
        **SUBJECT,
        "effectivePeriod": {"start": "2026-06-10T10:00:00Z", "end": "2026-06-11"},
        "valueQuantity": {"value": 1, "unit": "mg/dL", "comparator": "<"},
        "referenceRange": [
            {"low": {"value": 1}, "text": "1-2", "type": CONCEPT, "appliesTo": [CONCEPT]},
            {"text": "M: 13-17 F: 12-16", "age": {"low": {"value": 18, "code": "a"}, "high": {"value": 64}}},
        ],
        "interpretation": [CONCEPT],
        "component": [{"code": CONCEPT, "valueRatio": {"numerator": {"value": 1}}}],
        "meta": {"lastUpdated": "2026-06-10T10:00:00Z", "versionId": "1"},
    },
    {
        "resourceType": "Condition",
        "id": "1",
        "code": CONCEPT,
        **SUBJECT,
        "clinicalStatus": CONCEPT,
        "verificationStatus": CONCEPT,
        "bodySite": [CONCEPT],
        "onsetAge": {"value": 3, "code": "a"},
        "abatementRange": {"low": {"value": 3, "code": "mo"}, "high": {"value": 3, "code": "mo"}},
        "extension": [{"url": "mcode-histology-morphology-behavior", "valueCodeableConcept": CONCEPT}],
        "stage": [{"summary": CONCEPT, "type": CONCEPT}],
    },
    {
        "resourceType": "MedicationRequest",
        "id": "1",
        "status": "active",
        "intent": "order",
        **SUBJECT,
        "medicationReference": {"reference": "#m", "display": "x"},
        "contained": [{"resourceType": "Medication", "id": "m", "ingredient": [{"itemCodeableConcept": CONCEPT}]}],
        "dosageInstruction": [
            {
                "sequence": 1,
                "route": CONCEPT,
                "timing": {
                    "code": CONCEPT,
                    "repeat": {
                        "boundsDuration": {"value": 3, "code": "wk"},
                        "frequency": 1,
                        "period": 1,
                        "when": ["HS"],
                    },
                },
                "doseAndRate": [{"type": CONCEPT, "doseQuantity": {"value": 5, "code": "mg"}}],
            },
            {"sequence": 1, "asNeededBoolean": False, "doseQuantity": {"value": 5, "code": "mg"}},
        ],
        "statusReason": CONCEPT,
        "extension": [{"url": "mcode-procedure-intent", "valueCodeableConcept": CONCEPT}],
        "authoredOn": "2026-06",
    },
    {
        "resourceType": "MedicationDispense",
        "id": "1",
        "status": "completed",
        **SUBJECT,
        "medication": {"concept": CONCEPT},
        "whenHandedOver": "2026-06",
        "daysSupply": {"value": 30},
    },
    {
        "resourceType": "MedicationAdministration",
        "id": "1",
        "status": "completed",
        **SUBJECT,
        "medicationCodeableConcept": CONCEPT,
        "effectiveTiming": {"event": ["2026-06-10"]},
        "dosage": {"route": CONCEPT, "dose": {"value": 5, "unit": "mg"}},
        "statusReason": [CONCEPT],
    },
    {
        "resourceType": "MedicationStatement",
        "id": "1",
        "status": "recorded",
        **SUBJECT,
        "medication": {"reference": {"reference": "Medication/m"}},
        "adherence": {"code": CONCEPT},
    },
    {
        "resourceType": "Procedure",
        "id": "1",
        "status": "completed",
        **SUBJECT,
        "code": CONCEPT,
        "performedPeriod": {"start": "2026", "end": "2026-02"},
        "bodySite": [CONCEPT],
    },
    {
        "resourceType": "Immunization",
        "id": "1",
        "status": "completed",
        "patient": {"reference": "Patient/p"},
        "vaccineCode": CONCEPT,
        "occurrenceDateTime": "2026-06-10",
    },
    {
        "resourceType": "AllergyIntolerance",
        "id": "1",
        "patient": {"reference": "Patient/p"},
        "verificationStatus": CONCEPT,
        "code": CONCEPT,
        "reaction": [{"substance": CONCEPT}],
    },
]
PERSON = {
    "resourceType": "Patient",
    "id": "p",
    "birthDate": "1960-05",
    "gender": "male",
    "deceasedDateTime": "2026",
    "meta": {},
}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=True, allow_infinity=True)
    | st.floats()
    | st.sampled_from(
        ["", " ", "2026-06-31", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "<", "#", "Patient/q"]
    )
    | st.sampled_from([Decimal("1e999999999"), 10**100, "1e400", "⁵", "\x00"])
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["coding", "code", "system", "text", "value", "unit", "reference", "start", "end", "id", "entry"]
            )
            | st.text(max_size=3),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for name, inner in members for place in ((*path, name), *places(inner, (*path, name)))]


@st.composite
def broken(draw: st.DrawFn, resource: dict[str, Any]) -> dict[str, Any]:
    """The resource with one to three of its elements replaced or taken away."""
    found = copy.deepcopy(resource)
    for _ in range(draw(st.integers(1, 3))):
        choices = [each for each in places(found) if each != ("resourceType",)]
        if not choices:
            break
        *way, last = draw(st.sampled_from(choices))
        target: Any = found
        for step in way:
            target = target[step]
        if draw(st.booleans()):
            target[last] = draw(json_values)
        else:
            del target[last]
    return found


@pytest.mark.parametrize("valid", VALID, ids=lambda each: each["resourceType"])
@given(data=st.data())
def test_no_mutation_of_a_resource_raises_or_vanishes(valid: dict[str, Any], data: st.DataObject) -> None:
    resource, person = data.draw(broken(valid)), data.draw(broken(PERSON) | st.just(PERSON))
    name = valid["resourceType"]
    entries = [{"resource": person}, {"resource": resource}]
    read = chart_of_bundle({"resourceType": "Bundle", "entry": entries}, patient_id=None, covered=None, zone=UTC)
    assert read.read.get(name, 0) + len(read.lost) == 1
    if read.lost:
        assert read.extent(KIND_OF[name]) is Extent.PARTIAL
        assert read.gaps[KIND_OF[name]]


@given(st.lists(json_values, max_size=4), st.lists(json_values, max_size=4))
def test_no_garbage_in_answers_raises_or_vanishes(people: list[Any], conditions: list[Any]) -> None:
    kind = KIND_OF["Condition"]
    searches = (PATIENT, Search("conditions", "Condition", kind))
    answers = {
        "patient": Answer(AnswerState.COMPLETE, tuple(people)),
        "conditions": Answer(AnswerState.COMPLETE, tuple(conditions)),
    }
    read = chart_of(answers, searches, patient_id="p", zone=UTC)
    assert len(read.lost) == len(people) + len(conditions)
    assert read.extent(kind) is (Extent.PARTIAL if conditions else Extent.COMPLETE)
