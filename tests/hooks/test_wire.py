"""Requests are read leniently where vendors differ, and refused by element where they cannot be answered."""

from typing import Any

import pytest

from cds.errors import BadCall
from cds.hooks.requests import HookRequest, read_request
from tests.service.world import hook_body

GRANT = {"access_token": "t0ken", "token_type": "Bearer", "expires_in": 300, "scope": "patient/*.rs", "subject": "x"}


def read(**changes: Any) -> HookRequest:  # noqa: ANN401 - any member of a call
    return read_request({key: value for key, value in hook_body(**changes).items() if value is not ...})


def test_vendors_own_members_are_left_alone() -> None:
    request = read(
        extension={"com.epic.cdshooks.request.bpa-trigger-action": "60"},
        user="Practitioner/1",
        context={"patientId": "1", "userId": "PractitionerRole/7", "extension": {"x": 1}, "encounterId": None},
        prefetch=None,
        fhirAuthorization={**GRANT, "expires_in": "300", "extension": {}},
    )
    assert (request.context.patientId, request.context.userId, request.prefetch) == ("1", "PractitionerRole/7", None)


def test_a_reference_is_taken_for_the_patients_id() -> None:
    assert read(context={"patientId": "Patient/a-1.B", "userId": "Practitioner/7"}).context.patientId == "a-1.B"


@pytest.mark.parametrize("instance", ["d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "00000000-007B-9F33-E810-E841A57C502C"])
def test_any_uuid_will_do(instance: str) -> None:
    assert read(hookInstance=instance).hookInstance == instance


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"hook": ...}, "hook: is missing"),
        ({"hook": "order-sign"}, "hook: this service answers patient-view only"),
        ({"hookInstance": "SECRET"}, "hookInstance: does not have the form it must have"),
        ({"context": ...}, "context: is missing"),
        ({"context": "SECRET"}, "context: Input should be a valid dictionary or instance of PatientViewContext"),
        ({"context": {"userId": "Practitioner/7"}}, "context.patientId: is missing"),
        ({"context": {"patientId": "1"}}, "context.userId: is missing"),
        (
            {"context": {"patientId": "../SECRET", "userId": "x"}},
            "context.patientId: must be an id: letters, digits, '-', '.' and '_'",
        ),
        (
            {"context": {"patientId": "..", "userId": "x"}},
            "context.patientId: must be an id: letters, digits, '-', '.' and '_'",
        ),
        ({"prefetch": []}, "prefetch: Input should be a valid dictionary"),
        ({"fhirAuthorization": {"token_type": "Bearer"}}, "fhirAuthorization.access_token: is missing"),
        (
            {"fhirAuthorization": {**GRANT, "token_type": "SECRET"}},
            "fhirAuthorization.token_type: does not have the form it must have",
        ),
        (
            {"fhirAuthorization": {**GRANT, "patient": "SECRET"}},
            "fhirAuthorization.patient: is not the patient named in context.patientId",
        ),
    ],
)
def test_what_cannot_be_answered_is_refused_by_element(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadCall) as caught:
        read(**changes)
    assert str(caught.value) == complaint


def test_a_token_is_not_shown_in_a_request() -> None:
    assert "t0ken" not in repr(read(fhirAuthorization=GRANT))
    assert "t0ken" not in str(read(fhirAuthorization=GRANT))


@pytest.mark.parametrize("body", [[], "x", None, 1])
def test_a_body_is_an_object(body: object) -> None:
    with pytest.raises(BadCall, match="must be a JSON object"):
        read_request(body)
