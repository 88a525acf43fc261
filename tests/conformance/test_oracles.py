"""The two oracles see what is wrong, and every answer of the suite passes them: a broken card turns tests red."""

import json
from typing import Any

import pytest

import cds.api.guard
from cds.api.guard import Guard
from cds.metrics import Metrics
from tests.api.calls import HOOK, app, post, send
from tests.conformance.inferno import complaints_of_discovery, complaints_of_response
from tests.conformance.invariants import (
    faults_of_discovery,
    faults_of_feedback,
    faults_of_request,
    faults_of_response,
)
from tests.conformance.watch import faults_of_answer, watching
from tests.service import world

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
UUID = "00000000-0000-4000-8000-000000000001"
CODING = {"system": "urn:x", "code": "1", "display": "x"}
ACTION = {"type": "create", "description": "Ask", "resource": {"resourceType": "ServiceRequest"}}
GOOD: Json = {
    "uuid": UUID,
    "summary": "A trial",
    "indicator": "info",
    "detail": "Words",
    "source": {"label": "Us", "url": "https://example.org", "topic": CODING},
    "suggestions": [{"label": "Ask", "uuid": UUID, "actions": [ACTION]}],
    "selectionBehavior": "any",
    "overrideReasons": [CODING],
    "links": [
        {"label": "More", "url": "https://example.org/1", "type": "absolute"},
        {"label": "App", "url": "https://example.org/launch", "type": "smart", "appContext": "1"},
    ],
    "extension": {"org.example.counts": {"met": 1}},
}
SUGGESTED = GOOD["suggestions"][0]


def suggestion(**changes: object) -> Json:
    return {"suggestions": [SUGGESTED | changes]}


def action(**changes: object) -> Json:
    return suggestion(actions=[{key: value for key, value in (ACTION | changes).items() if value is not ...}])


BROKEN: dict[str, tuple[Json, str, str]] = {
    "no summary": ({"summary": ...}, "model: summary", "6"),
    "blank summary": ({"summary": " "}, "model: summary", ""),
    "140 characters": ({"summary": "x" * 140}, "model: summary is too long", "7"),
    "70 emoji": ({"summary": "🧬" * 70}, "model: summary is too long", ""),
    "another indicator": ({"indicator": "success"}, "model: indicator", "8"),
    "no source": ({"source": ...}, "model: source", "6"),
    "a source without a label": ({"source": {"topic": CODING}}, "model: label", "9"),
    "a relative source": ({"source": {"label": "x", "topic": CODING, "url": "/x"}}, "model: source.url", ""),
    "a topic without a system": ({"source": {"label": "x", "topic": {"code": "1"}}}, "model: system", "9"),
    "null": ({"detail": None}, "model: detail is empty", "10"),
    "an empty list": ({"links": []}, "model: links is empty", "10"),
    "a strange element": ({"title": "x"}, "model: title is no element", ""),
    "an upper-case uuid": ({"uuid": UUID.replace("8000", "ABCD")}, "model: uuid", ""),
    "suggestions without behaviour": ({"selectionBehavior": ...}, "cds-resp-6", "11"),
    "another behaviour": ({"selectionBehavior": "all"}, "model: selectionBehavior", "11"),
    "two recommended of one": (
        {"selectionBehavior": "at-most-one", "suggestions": [SUGGESTED | {"isRecommended": True}] * 2},
        "cds-resp-1",
        "",
    ),
    "an action without words": (action(description=...), "cds-resp-5", "15"),
    "an action of another type": (action(type="replace"), "model: an action's type", "15"),
    "a creation of nothing": (action(resource=...), "model: an action's resource", "15"),
    "a deletion by resource": (action(type="delete"), "cds-resp-2", "15"),
    "an unknown choice of actions": (suggestion(actionSelectionBehavior="none"), "cds-resp-7", ""),
    "a suggestion without a label": ({"suggestions": [{"actions": [ACTION]}]}, "model: label", "14"),
    "no actions": (suggestion(actions=[]), "model: actions is empty", "14"),
    "a reason without words": ({"overrideReasons": [{"system": "urn:x", "code": "1"}]}, "cds-resp-4", "12"),
    "context on a plain link": ({"links": [GOOD["links"][0] | {"appContext": "x"}]}, "cds-resp-3", "13"),
    "a link to nowhere": ({"links": [GOOD["links"][0] | {"url": "launch"}]}, "model: a link's address", "13"),
    "a link of another type": ({"links": [GOOD["links"][0] | {"type": "x"}]}, "model: a link's type", "13"),
    "an extension that is no object": ({"extension": "x"}, "model: extension", ""),
    "an extension of a common name": ({"extension": {"counts": 1}}, "model: extension names", ""),
}


def card(changes: Json) -> Json:
    return {"cards": [{key: value for key, value in (GOOD | changes).items() if value is not ...}]}


def test_a_card_with_everything_passes_both() -> None:
    assert faults_of_response(card({})) == []
    assert complaints_of_response(card({})) == []
    assert faults_of_response({"cards": []}) == complaints_of_response({"cards": []}) == []


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_card_is_seen(name: str) -> None:
    changes, fault, check = BROKEN[name]
    faults = faults_of_response(card(changes))
    assert [each for each in faults if each.startswith(fault)], faults
    complaints = complaints_of_response(card(changes))
    assert bool(complaints) is bool(check), complaints
    assert not check or complaints[0].startswith(f"{check}: ")


@pytest.mark.parametrize("body", [None, [], {}, {"cards": None}, {"cards": {}}, {"cards": [1]}])
def test_what_is_no_answer_is_seen(body: object) -> None:
    assert faults_of_response(body)
    assert complaints_of_response(body)


SERVICE: Json = {"hook": "patient-view", "description": "x", "id": "x", "prefetch": {"patient": "Patient/1"}}


@pytest.mark.parametrize(
    ("changes", "by_inferno"),
    [
        ({"hook": ...}, True),
        ({"id": 1}, True),
        ({"description": ""}, False),
        ({"prefetch": {}}, False),
        ({"prefetch": {" x": "Patient/1"}}, False),
        ({"name": "x"}, False),
    ],
)
def test_a_broken_discovery_is_seen(changes: Json, *, by_inferno: bool) -> None:
    body = {"services": [{key: value for key, value in (SERVICE | changes).items() if value is not ...}]}
    assert faults_of_discovery({"services": [SERVICE]}) == complaints_of_discovery({"services": [SERVICE]}) == []
    assert faults_of_discovery(body)
    assert bool(complaints_of_discovery(body)) is by_inferno
    assert faults_of_discovery({}) and complaints_of_discovery({})  # noqa: PT018 - both, of the same thing


# ----------------------------------------------------------------------------------------------- requests and feedback
GRANT = {"access_token": "t", "token_type": "Bearer", "expires_in": 300, "scope": "patient/*.rs", "subject": "x"}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, ""),
        ({"fhirServer": world.SERVER, "fhirAuthorization": GRANT | {"patient": "pat-1"}}, ""),
        ({"fhirAuthorization": GRANT | {"patient": "pat-1"}}, "cds-r-1"),
        ({"fhirServer": world.SERVER, "fhirAuthorization": GRANT}, "cds-r-2"),
        ({"hookInstance": "1"}, "model: hookInstance"),
        ({"context": None}, "model: context"),
    ],
)
async def test_calls_that_tests_make_are_calls_as_the_model_has_them(changes: Json, fault: str) -> None:
    """The service takes those that break a constraint without harm as well: it has no FHIR access then."""
    body = world.hook_body(**changes)
    faults = list(faults_of_request(body))
    assert len(faults) == bool(fault)
    assert all(each.startswith(fault) for each in faults)
    assert (await post(HOOK, body)).status_code == (400 if fault.startswith("model") else 200)


FEEDBACK: Json = {"card": UUID, "outcome": "overridden", "outcomeTimestamp": "2026-06-15T09:00:00Z"}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, ""),
        ({"outcome": "accepted", "acceptedSuggestions": [{"id": UUID}]}, ""),
        ({"overrideReason": {"reason": {"code": "1", "system": "urn:x"}}}, ""),
        ({"outcome": "ignored"}, "cds-fb-1"),
        ({"outcome": "accepted"}, "cds-fb-2"),
        ({"overrideReason": {"userComment": ""}}, "cds-fb-3"),
        ({"outcomeTimestamp": "yesterday"}, "model: outcomeTimestamp"),
        ({"card": "1"}, "model: card"),
    ],
)
def test_feedback_as_the_model_has_it(changes: Json, fault: str) -> None:
    faults = list(faults_of_feedback({"feedback": [FEEDBACK | changes]}))
    assert [each for each in faults if each.startswith(fault)] if fault else faults == []


# ----------------------------------------------------------------------------------------- what leaves the application
def test_the_watch_is_on_in_this_very_test() -> None:
    assert Guard.__call__.__module__ == "tests.conformance.watch"
    assert cds.api.guard.Guard is Guard


async def answered(status: int, body: bytes, kind: bytes = b"application/json") -> list[str]:
    """Send an answer through the application's outermost middleware and give the faults that were seen."""

    async def broken(scope: object, receive: object, send: Any) -> None:  # noqa: ANN401 - ASGI's own shape
        del scope, receive
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": body})

    async def unheard(message: object) -> None:
        del message

    async def nothing() -> Any:  # noqa: ANN401 - ASGI's own shape
        return {"type": "http.request", "body": b""}

    with watching() as faults:
        guard = Guard(broken, world.CountingIds(), Metrics("0", 0))
        await guard({"type": "http", "method": "POST", "path": HOOK, "headers": []}, nothing, unheard)
    return faults


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_card_that_leaves_the_application_turns_the_test_red(name: str) -> None:
    assert await answered(200, json.dumps(card(BROKEN[name][0])).encode())


@pytest.mark.parametrize(
    ("status", "body", "kind", "good"),
    [
        (200, b'{"cards": []}', b"application/json", True),
        (200, json.dumps(card({"source": {"label": "Us"}})).encode(), b"application/json", True),
        (200, b'{"cards": []}', b"text/html", False),
        (200, b'{"cards": [], "x": NaN}', b"application/json", False),
        (200, b'{"cards": [],}', b"application/json", False),
        (412, b'{"resourceType": "OperationOutcome"}', b"application/json", True),
        (500, b'{"detail": "x"}', b"application/json", False),
        (401, b"", b"application/json", True),
        (401, b'{"detail": "expired"}', b"application/json", False),
    ],
)
async def test_answers_are_seen_as_they_leave(status: int, body: bytes, kind: bytes, *, good: bool) -> None:
    assert (await answered(status, body, kind) == []) is good


async def test_real_answers_pass_by_the_watch() -> None:
    with watching() as faults:
        discovery = await send("GET", "/cds-services", None, app())
        cards = await post(HOOK, world.hook_body())
        outcome = await post(HOOK, {})
    assert (discovery.status_code, cards.status_code, outcome.status_code) == (200, 200, 400)
    assert faults == []
    assert faults_of_answer("POST", HOOK, 200, {b"content-type": b"application/json"}, cards.content) == []
