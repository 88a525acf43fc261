"""The EHR's side: what is asked of the chart, what the service is sent, and what is made of one that misbehaves."""

import asyncio
import json
from typing import Any

import httpx
import jwt
import pytest

from cds.ehr.calling import Event, Signer
from cds.ehr.conformance import Weight
from cds.ehr.discovery import read_address
from cds.ehr.exchange import Limits
from cds.ehr.from_files import FromFiles
from cds.ehr.templates import Scene
from cds.errors import BadCall, NoAnswer, UnknownService
from cds.fhir.backend.keys import new_key
from tests.conformance import invariants
from tests.ehr.world import BASE, CARD, ENTRY, SERVICE, Service, rehearsal
from tests.service.world import NOW, PATIENT_ID, SERVER, patient

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
SCENE = Scene(PATIENT_ID, "Practitioner/7")
VIEW = Event("patient-view", SCENE)
ADDRESS = read_address(BASE)
SECRET = "planted-in-the-chart"


FILES = FromFiles((patient(),))


# ----------------------------------------------------------------------------------------------------------- addresses
@pytest.mark.parametrize(
    ("typed", "base", "service_id"),
    [
        (BASE, BASE, None),
        (f"{BASE}/", BASE, None),
        (f"{BASE}/cds-services", BASE, None),
        (f"{BASE}/cds-services/", BASE, None),
        (SERVICE, BASE, "greeter"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000", None),
    ],
)
def test_base_discovery_and_service_addresses_are_taken(typed: str, base: str, service_id: str | None) -> None:
    address = read_address(typed)
    assert (address.base, address.service_id) == (base, service_id)


@pytest.mark.parametrize(
    "typed", ["", "cds.example.org", "ftp://x/", "https://u:p@x/", "https://x/?a=b", f"{SERVICE}/feedback"]
)
def test_what_is_no_address_of_a_service_is_refused(typed: str) -> None:
    with pytest.raises(BadCall, match="--service"):
        read_address(typed)


# ------------------------------------------------------------------------------------------------------------ the call
async def test_the_call_is_as_the_specification_has_it() -> None:
    service = Service()
    grant = {
        "access_token": "t",
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/*.rs",
        "subject": "c",
        "patient": PATIENT_ID,
    }
    event = Event("patient-view", SCENE, server=SERVER, grant=grant)
    (called,), findings = await rehearsal(service).fire(ADDRESS, event, FILES)
    assert (called.conforms, called.status, findings) == (True, 200, ())
    assert called.answer == {"cards": [CARD]}
    assert [(each.method, str(each.url)) for each in service.seen] == [
        ("GET", f"{BASE}/cds-services"),
        ("POST", SERVICE),
    ]
    assert list(invariants.faults_of_request(service.body)) == []
    assert service.body["prefetch"] == {"patient": patient()}
    assert service.body["context"] == {"userId": "Practitioner/7", "patientId": PATIENT_ID}
    assert service.body["fhirServer"] == SERVER
    assert service.body["fhirAuthorization"] == grant
    assert "authorization" not in service.seen[-1].headers


async def test_without_a_source_nothing_empty_is_sent() -> None:
    service = Service()
    await rehearsal(service).fire(ADDRESS, VIEW, None)
    assert service.body.keys() == {"hook", "hookInstance", "context"}


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
async def test_each_call_is_signed_for_its_own_address(algorithm: str) -> None:
    key, service = new_key(algorithm), Service()
    signer = Signer("https://ehr.example.org", key, "https://ehr.example.org/jwks", "ward-1")
    await rehearsal(service, signer).fire(ADDRESS, VIEW, None)
    public = jwt.PyJWK(key.public()).key
    ids = set()
    for request in service.seen:
        token = request.headers["authorization"].removeprefix("Bearer ")
        head = jwt.get_unverified_header(token)
        assert head == {"alg": algorithm, "kid": key.kid, "typ": "JWT", "jku": "https://ehr.example.org/jwks"}
        said = jwt.decode(
            token, public, [algorithm], audience=str(request.url), options={"verify_exp": False, "verify_iat": False}
        )
        assert (said["iss"], said["tenant"], said["iat"]) == ("https://ehr.example.org", "ward-1", int(NOW.timestamp()))
        assert said["exp"] - said["iat"] == 300
        ids.add(said["jti"])
    assert len(ids) == len(service.seen) == 2


async def test_every_service_of_the_hook_is_called_or_the_one_that_is_named() -> None:
    services = [ENTRY, ENTRY | {"id": "second"}, ENTRY | {"id": "third", "hook": "order-sign"}]
    service = Service(discovery=lambda _: httpx.Response(200, json={"services": services}))
    called, _ = await rehearsal(service).fire(ADDRESS, VIEW, None)
    assert [each.service.id for each in called] == ["greeter", "second"]
    (one,), _ = await rehearsal(service).fire(read_address(f"{BASE}/cds-services/second"), VIEW, None)
    assert one.service.id == "second"
    with pytest.raises(UnknownService, match=r"no service of the hook order-select .* third \(order-sign\)"):
        await rehearsal(service).fire(ADDRESS, Event("order-select", SCENE), None)


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (httpx.Response(404, text=SECRET), "answers discovery with 404: there is no such service"),
        (httpx.Response(401), "answers discovery with 401: it does not accept who calls"),
        (httpx.Response(302, headers={"location": "/"}), "points elsewhere"),
        (httpx.Response(200, text=f"<html>{SECRET}"), "is not that of a CDS service: for discovery it sent no JSON"),
        (httpx.Response(200, json={"x": SECRET}), "is not that of a CDS service: its discovery document"),
        (httpx.Response(200, content=b"x" * 5000), "sent more than 4000 bytes"),
    ],
)
async def test_what_is_no_cds_service_is_said_in_a_sentence(reply: httpx.Response, sentence: str) -> None:
    with pytest.raises((NoAnswer, BadCall), match=sentence) as raised:
        await rehearsal(Service(discovery=lambda _: reply), limits=Limits(most_bytes=4000)).fire(ADDRESS, VIEW, FILES)
    assert SECRET not in str(raised.value)
    assert PATIENT_ID not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "does not accept who calls"),
        (403, "not let this caller"),
        (412, "could not have the FHIR data"),
        (503, "not available"),
        (500, "failed"),
        (418, "refuses"),
        (204, ""),
    ],
)
async def test_a_refusal_is_told(status: int, sentence: str) -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"details": {"text": "no patient"}}]}
    (called,), _ = await rehearsal(Service(lambda _: httpx.Response(status, json=outcome))).fire(ADDRESS, VIEW, FILES)
    assert f"answered {status}" in called.problem
    assert sentence in called.problem
    assert not called.conforms


async def test_a_service_that_takes_too_long_is_left() -> None:
    async def slow(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0 if request.method == "GET" else 5)
        return httpx.Response(200, json={"services": [ENTRY]})

    with pytest.raises(NoAnswer, match=r"took longer than 0.03 s"):
        await rehearsal(slow, limits=Limits(seconds=0.03)).fire(ADDRESS, VIEW, FILES)  # type: ignore[arg-type]


async def test_an_answer_of_another_type_is_noted() -> None:
    text = json.dumps({"cards": []})
    (called,), _ = await rehearsal(Service(lambda _: httpx.Response(200, text=text))).fire(ADDRESS, VIEW, FILES)
    assert [(each.weight, each.where) for each in called.findings] == [(Weight.SHOULD, "Content-Type")]
    (broken,), _ = await rehearsal(Service(lambda _: httpx.Response(200, text="{"))).fire(ADDRESS, VIEW, FILES)
    assert broken.problem.startswith("the service sent no JSON")
