"""The CDS Hooks routes over HTTP: discovery, cards, and every kind of bad input from callers and FHIR servers."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from cds.fhir.asking.client import FhirRecords
from tests.api.calls import HOOK, ORIGIN, app, client, diagnostics, post, send
from tests.service import world
from tests.service.world import SERVER, fhir, hook_body, prefetch, searchset

pytestmark = pytest.mark.anyio
GRANT = {"access_token": "t0ken", "token_type": "Bearer", "expires_in": 300, "scope": "patient/*.rs", "subject": "x"}
TO_FETCH = hook_body({"patient": world.patient()}, fhirServer=SERVER, fhirAuthorization=GRANT)


@pytest.mark.parametrize("path", ["/cds-services", "/cds-services/"])
async def test_discovery(path: str) -> None:
    response = await send("GET", path)
    assert response.status_code == 200
    (service,) = response.json()["services"]
    assert (service["hook"], service["id"]) == ("patient-view", "trialcards-patient-view")
    assert service["prefetch"]["patient"] == "Patient/{{context.patientId}}"
    assert service["prefetch"] == dict(world.service().templates)
    assert service["description"].strip()


@pytest.mark.parametrize("path", [HOOK, HOOK + "/"])
async def test_a_call_is_answered_with_cards(path: str) -> None:
    response = await post(path, hook_body())
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert [card["source"]["topic"]["code"] for card in response.json()["cards"]] == ["NCT00000001"]


async def test_nothing_to_tell_is_an_empty_list() -> None:
    other = prefetch(conditions=searchset(world.condition("adenocarcinoma-of-colon")))
    assert (await post(HOOK, hook_body(other))).json() == {"cards": []}


async def test_preflights_are_answered_for_listed_origins_only() -> None:
    wanted = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    async with client() as caller:
        ours = await caller.options(HOOK, headers=wanted)
        theirs = await caller.options(HOOK, headers={**wanted, "origin": "https://evil.example.org"})
    assert ours.status_code == 200
    assert ours.headers["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-origin" not in theirs.headers
    assert "access-control-allow-credentials" not in ours.headers


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in hook_body().items() if key != name}


NAN = json.dumps(hook_body(prefetch(laboratory=searchset(world.result("platelets", float("nan"), "10*9/L", 1)))))
BAD_CALLS: dict[str, tuple[object, str]] = {
    "empty": (b"", "the body is not JSON"),
    "malformed": (b'{"hook": "patient-view",', "the body is not JSON"),
    "not UTF-8": (b'{"hook": "\xff"}', "the body is not JSON"),
    "NaN": (NAN.encode(), "the body is not JSON"),
    "deep": (b"[" * 100_000 + b"]" * 100_000, "nested deeper"),
    "deep prefetch": (json.dumps(hook_body({"x": json.loads("[" * 200 + "]" * 200)})).encode(), "nested deeper"),
    "a list": (b"[]", "the body must be a JSON object"),
    "HTML": (b"<html>", "the body is not JSON"),
    "no hook": (without("hook"), "hook: is missing"),
    "wrong hook": (hook_body(hook="order-sign"), "hook: this service answers patient-view only"),
    "no instance": (without("hookInstance"), "hookInstance: is missing"),
    "no context": (without("context"), "context: is missing"),
    "no patient id": (hook_body(context={"userId": "Practitioner/7"}), "context.patientId: is missing"),
    "another patient": (hook_body(prefetch(patient=world.patient("pat-2"))), "prefetch.patient: is not the patient"),
    "another patient's token": (hook_body(fhirAuthorization={**GRANT, "patient": "9"}), "fhirAuthorization.patient"),
}


@pytest.mark.parametrize("name", BAD_CALLS)
async def test_bad_calls_are_refused_in_words(name: str) -> None:
    body, words = BAD_CALLS[name]
    assert words in diagnostics(await post(HOOK, body), 400, "invalid")


async def test_a_patient_who_cannot_be_had_is_412() -> None:
    words = diagnostics(await post(HOOK, hook_body({})), 412, "incomplete")
    assert words.startswith("the patient could not be read: ")


async def test_a_body_that_says_it_is_too_long_is_not_read() -> None:
    read: list[bytes] = []

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(50):
            read.append(b" " * 1_000_000)
            yield read[-1]

    async with client() as caller:
        declared = await caller.post(HOOK, content=endless(), headers={"content-length": "50000000"})
        assert read == []
        streamed = await caller.post(HOOK, content=endless())
    assert "1000000 bytes" in diagnostics(declared, 413, "too-costly")
    assert "1000000 bytes" in diagnostics(streamed, 413, "too-costly")
    assert len(read) < 5


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "not-found"),
        ("GET", "/cds-services/nothing", 404, "not-found"),
        ("POST", "/cds-services/nothing", 404, "not-found"),
        ("POST", "/cds-services/nothing/feedback", 404, "not-found"),
        ("GET", HOOK + "/feedback", 405, "not-supported"),
        ("GET", HOOK, 405, "not-supported"),
        ("DELETE", "/cds-services", 405, "not-supported"),
        ("GET", "/docs", 404, "not-found"),
    ],
)
async def test_pages_that_are_not_there(method: str, path: str, status: int, code: str) -> None:
    diagnostics(await send(method, path), status, code)


async def test_an_unforeseen_error_is_an_outcome_with_the_calls_id() -> None:
    broken = world.ScriptedRecords(problem=RuntimeError("the patient's name is Moreau"))
    response = await post(HOOK, TO_FETCH, app(broken))
    words = diagnostics(response, 500, "exception")
    assert words == f"internal error, call {response.headers['x-call-id']}"


# ------------------------------------------------------------------------------------- what a FHIR server may do wrong

Route = Callable[[httpx.Request], httpx.Response]


def html(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text="<html>Sign in</html>", headers={"content-type": "text/html"})


def status(code: int, **headers: str) -> Route:
    return lambda _: httpx.Response(code, json={"resourceType": "OperationOutcome"}, headers=headers)


def pages(next_url: str) -> Route:
    link = [{"relation": "next", "url": next_url}]
    return lambda _: fhir({"resourceType": "Bundle", "type": "searchset", "entry": [], "link": link})


def broken_off(_: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("connection reset for Patient/pat-1")


FAULTS: dict[str, Route] = {
    "HTML": html,
    "401": status(401),
    "403": status(403),
    "429": status(429, **{"retry-after": "3600"}),
    "500": status(500),
    "redirect": status(302, location="https://evil.example.org/"),
    "looping next": pages(f"{SERVER}/Condition?page=2"),
    "next to another host": pages("https://evil.example.org/r4/Condition?page=2"),
    "next that is no URL": pages("http://["),
    "broken off": broken_off,
    "an empty body": lambda _: httpx.Response(200),
    "a list": lambda _: fhir([]),
    "deep": lambda _: httpx.Response(200, content=b"[" * 5000 + b"]" * 5000),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_what_a_server_does_wrong_is_a_named_unknown(name: str) -> None:
    server = world.healthy_server()
    server.routes["Condition"] = FAULTS[name]
    response = await post(HOOK, TO_FETCH, app(server.records()))
    assert response.status_code == 200, response.text
    (card,) = response.json()["cards"]
    assert card["summary"].startswith("2 trials possible")
    assert "**Could not be read**\n\n- Problem list and diagnoses: conditions: " in card["detail"]
    assert "pat-1" not in response.text
    assert {request.url.host for request in server.seen} == {"fhir.example.org"}


@pytest.mark.parametrize("name", FAULTS)
async def test_what_a_server_does_wrong_to_the_patient_is_412(name: str) -> None:
    server = world.FhirServer({"*": FAULTS[name]})
    body = hook_body({}, fhirServer=SERVER, fhirAuthorization=GRANT)
    words = diagnostics(await post(HOOK, body, app(server.records())), 412, "incomplete")
    assert words.startswith("the patient could not be read: ")
    assert "pat-1" not in words
    assert "t0ken" not in words


async def test_a_hanging_server_ends_with_the_deadline() -> None:
    server = world.FhirServer(wait_s=60)
    response = await post(HOOK, TO_FETCH, app(server.records()))
    (card,) = response.json()["cards"]
    assert "the FHIR server took too long" in card["detail"]
    gone = await post(HOOK, hook_body({}, fhirServer=SERVER), app(world.FhirServer(wait_s=60).records()))
    assert "took too long" in diagnostics(gone, 412, "incomplete")


async def test_a_server_that_is_not_listed_hears_nothing() -> None:
    server = world.healthy_server()
    records = FhirRecords(httpx.AsyncClient(transport=httpx.MockTransport(server)), allowed=(SERVER,))
    body = {**TO_FETCH, "fhirServer": "https://evil.example.org/r4"}
    response = await post(HOOK, body, app(records))
    assert server.seen == []
    assert "its FHIR server is not on this service's list" in response.json()["cards"][0]["detail"].replace("\\", "")
