import pytest

from cds.fhir.strict import Fault, check_file

FORM = "the value is not of the form that R4B asks for"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_faults_name_resource_element_and_reason_but_never_the_value() -> None:
    sent = [
        {"resourceType": "Observation", "id": "1", "status": "SECRET ", "code": {"text": "x"}, "SECRET": 1},
        {
            "resourceType": "Observation",
            "id": "2",
            "code": {"text": "x"},
            "component": [{"code": {}, "valueQuantity": {"value": "SECRET"}}],
        },
        {"resourceType": "Patient", "birthDate": "SECRET", "deceasedBoolean": "SECRET"},
        {
            "resourceType": "Condition",
            "id": "4",
            "subject": {"reference": "Patient/1"},
            "contained": [{"resourceType": "Foo"}],
        },
        {"resourceType": "Condition", "id": "5", "subject": {"reference": "Patient/1"}},
        "SECRET",
        {"resourceType": "SECRET1"},
    ]
    found = check_file(sent)
    assert Fault("Observation/1 status", FORM) in found
    assert Fault("Observation/2 component[0].valueQuantity.value", FORM) in found
    assert Fault("Patient/(entry 3) birthDate", FORM) in found
    assert Fault("Patient/(entry 3) deceasedBoolean", "must be true or false") in found
    assert Fault("Condition/4", "its type, or the type of a resource within it, is not one of R4B") in found
    assert Fault("entry 6", "is not a FHIR resource: resourceType is missing") in found
    assert not [each for each in found if each.place.startswith("Condition/5")]
    assert [each for each in found if "SECRET" in each.reason or "SECRET" in each.place.replace(" SECRET", "")] == []
