"""What becomes of every way a FHIR server can fail, and that nothing of the call leaks into what is said of it."""

import asyncio
import gzip
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from typing import Any

import httpx
import msgspec
import pytest

from cds.core.chart import Kind
from cds.fhir.answer import Answer, AnswerState
from cds.fhir.asking.client import FhirRecords, Limits
from cds.fhir.searches import PATIENT, Search

pytestmark = pytest.mark.anyio

BASE = "https://ehr.example/fhir/r4"
TOKEN = "tok-SECRET"
WHO = "pat-SECRET"
LABS = Search("laboratory", "Observation", Kind.MEASUREMENT, (("category", "laboratory"),))
DRUGS = Search("medicationRequests", "MedicationRequest", Kind.MEDICATION, includes="MedicationRequest:medication")
COMPLETE, PARTIAL, FAILED, NOT_OFFERED = (
    AnswerState.COMPLETE,
    AnswerState.PARTIAL,
    AnswerState.FAILED,
    AnswerState.NOT_OFFERED,
)

ELSEWHERE = "the next page is said to be on another server, which is not asked"
REDIRECTED = "the FHIR server points elsewhere (302), which is not followed"
NOT_FHIR = "the FHIR server sent something that is not FHIR"
BUSY = "the FHIR server is asked too much at the moment (429)"

Reply = Callable[[httpx.Request], object]


class Server:
    """A FHIR server made of one function; it keeps what it was asked."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.asked: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/metadata"):
            return httpx.Response(404)
        self.asked.append(request)
        answer = self.reply(request)
        if asyncio.iscoroutine(answer):
            answer = await answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    @property
    def urls(self) -> list[str]:
        return [str(request.url) for request in self.asked]


def result(number: int) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": str(number)}


def page(*resources: object, following: str | None = None, **members: object) -> dict[str, Any]:
    links = {"link": [{"relation": "self", "url": "x"}, {"relation": "next", "url": following}]} if following else {}
    entries = [{"resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries, **links, **members}


async def ask(
    reply: Reply,
    *searches: Search,
    deadline_s: float = 5,
    server: str = BASE,
    limits: Limits | None = None,
    token: str | None = TOKEN,
) -> tuple[dict[str, Answer], Server]:
    fake = Server(reply)
    async with httpx.AsyncClient(transport=httpx.MockTransport(fake)) as client:
        records = FhirRecords(client, allowed=[BASE + "/"], limits=limits)
        found = await records.fetch(
            searches or (LABS,), server=server, token=token, patient_id=WHO, deadline_s=deadline_s
        )
    for answer in found.values():
        assert "SECRET" not in answer.why
        assert "ehr.example" not in answer.why
    return dict(found), fake


async def one(reply: Reply, deadline_s: float = 5, limits: Limits | None = None) -> Answer:
    found, _ = await ask(reply, LABS, deadline_s=deadline_s, limits=limits)
    return found["laboratory"]


@pytest.fixture(autouse=True)
def nothing_leaks_into_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    assert [each for each in caplog.get_records("call") if "SECRET" in each.getMessage()] == []


# ------------------------------------------------------------------------------------------------ when all is well
async def test_patient_and_searches() -> None:
    person = {"resourceType": "Patient", "id": WHO}

    def reply(request: httpx.Request) -> object:
        return person if request.url.path.endswith(f"/Patient/{WHO}") else page(result(1))

    found, server = await ask(reply, PATIENT, LABS)
    assert found == {"patient": Answer(COMPLETE, (person,)), "laboratory": Answer(COMPLETE, (result(1),))}
    assert sorted(server.urls) == [
        f"{BASE}/Observation?patient={WHO}&category=laboratory&_count=200",
        f"{BASE}/Patient/{WHO}",
    ]
    assert {request.headers["authorization"] for request in server.asked} == {f"Bearer {TOKEN}"}
    assert {request.headers["accept"] for request in server.asked} == {"application/fhir+json"}


async def test_without_a_token_none_is_sent() -> None:
    _, server = await ask(lambda _: page(), token=None)
    assert "authorization" not in server.asked[0].headers


async def test_pages_are_followed_to_the_end() -> None:
    def reply(request: httpx.Request) -> object:
        number = int(request.url.params.get("page", "1"))
        following = f"{BASE}?page={number + 1}" if number < 3 else None
        return page(result(number), following=following, total=3)

    assert await one(reply) == Answer(COMPLETE, (result(1), result(2), result(3)))


async def test_relative_next_links_are_followed() -> None:
    answer = await one(lambda request: page(result(2)) if "page" in request.url.params else page(following="?page=2"))
    assert answer == Answer(COMPLETE, (result(2),))


async def test_numbers_stay_exact() -> None:
    body = b'{"resourceType":"Bundle","entry":[{"resource":{"value":5.40}}]}'
    answer = await one(lambda _: httpx.Response(200, content=body))
    assert repr(answer.resources) == "({'value': Decimal('5.40')},)"


async def test_what_comes_along_is_not_counted_as_a_match() -> None:
    drug = {"resource": {"resourceType": "Medication"}, "search": {"mode": "include"}}
    bundle = page(result(1), total=2)
    bundle["entry"].append(drug)
    answer = await one(lambda _: bundle)
    assert (answer.state, answer.why) == (PARTIAL, "the FHIR server counts more entries than it sent")


async def test_a_server_that_refuses_extras_is_asked_plainly() -> None:
    def reply(request: httpx.Request) -> object:
        return httpx.Response(400) if "_include" in request.url.params else page(result(1))

    found, server = await ask(reply, DRUGS)
    assert found["medicationRequests"] == Answer(COMPLETE, (result(1),))
    assert server.urls[-1] == f"{BASE}/MedicationRequest?patient={WHO}"


async def test_searches_run_side_by_side() -> None:
    async def slow(_: httpx.Request) -> object:
        await asyncio.sleep(0.1)
        return page()

    searches = [Search(str(number), "Observation", None) for number in range(6)]
    began = time.perf_counter()
    await ask(slow, *searches)
    assert time.perf_counter() - began < 0.4


# ------------------------------------------------------------------------------------------------ when it is not
def status(code: int, **headers: str) -> Reply:
    return lambda _: httpx.Response(code, headers=headers, text=f"<html>{WHO}</html>")


@pytest.mark.parametrize(
    ("reply", "state", "why"),
    [
        (status(400), FAILED, "the FHIR server answered 400"),
        (status(401), FAILED, "the FHIR server does not accept the caller's authorisation (401)"),
        (status(403), FAILED, "the caller's authorisation does not cover this (403)"),
        (status(404), NOT_OFFERED, "the FHIR server does not offer this (404)"),
        (status(429), FAILED, BUSY),
        (status(429, **{"retry-after": "600"}), FAILED, BUSY),
        (status(429, **{"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}), FAILED, BUSY),
        (status(500), FAILED, "the FHIR server answered 500"),
        (status(503), FAILED, "the FHIR server is not available at the moment (503)"),
        (status(302, location="https://evil.example/"), FAILED, REDIRECTED),
        (status(200), FAILED, NOT_FHIR),
        (lambda _: [], FAILED, NOT_FHIR),
        (lambda _: {"resourceType": "OperationOutcome"}, FAILED, "the FHIR server sent an error in place of results"),
        (lambda _: {"resourceType": "Observation"}, FAILED, "the FHIR server sent something else than search results"),
    ],
    ids=map(str, count()),
)  # fmt: skip
async def test_refusals(reply: Reply, state: AnswerState, why: str) -> None:
    assert await one(reply) == Answer(state, (), why)


def broken_off(_: httpx.Request) -> object:
    raise httpx.ReadError(f"connection to {WHO} broke")


async def test_no_connection() -> None:
    assert await one(broken_off) == Answer(FAILED, (), "the FHIR server cannot be reached, or broke off")


async def test_a_patient_who_is_not_there_is_a_failure_and_not_a_type_that_is_not_offered() -> None:
    found, _ = await ask(status(404), PATIENT)
    assert found["patient"] == Answer(FAILED, (), "the FHIR server does not know the patient (404)")
    found, _ = await ask(lambda _: page(), PATIENT)
    assert found["patient"].why == "the FHIR server sent something else than the patient"


async def test_a_server_that_hangs_costs_no_more_than_the_deadline() -> None:
    async def hang(_: httpx.Request) -> None:
        await asyncio.sleep(60)

    searches = [Search(str(number), "Observation", None) for number in range(9)]
    began = time.perf_counter()
    found, _ = await ask(hang, *searches, deadline_s=0.2)
    assert time.perf_counter() - began < 2
    assert set(found.values()) == {Answer(FAILED, (), "the FHIR server took too long")}


async def test_pages_taken_before_the_deadline_are_kept() -> None:
    async def reply(request: httpx.Request) -> object:
        if "page" in request.url.params:
            await asyncio.sleep(60)
        return page(result(1), following=f"{BASE}?page=2")

    assert await one(reply, deadline_s=0.2) == Answer(PARTIAL, (result(1),), "the FHIR server took too long")


async def test_a_busy_server_is_asked_again_if_its_wait_fits() -> None:
    waits = iter([httpx.Response(429, headers={"retry-after": "0"}), httpx.Response(503, headers={"retry-after": "0"})])
    answer = await one(lambda _: next(waits, None) or page(result(1)))
    assert answer == Answer(COMPLETE, (result(1),))


def then(second: object, following: str = f"{BASE}?page=2") -> Reply:
    return lambda request: second if "page" in request.url.params else page(result(1), following=following)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (then(page(result(1), following=f"{BASE}?page=2")), "the FHIR server's pages go round in a circle"),
        (then(page(), "https://evil.example/fhir/r4?page=2"), ELSEWHERE),
        (then(page(), "http://ehr.example/fhir/r4?page=2"), ELSEWHERE),
        (then(page(), "https://ehr.example:8443/fhir/r4?page=2"), ELSEWHERE),
        (then(page(), "https://ehr.example@evil.example/?page=2"), ELSEWHERE),
        (then(page(), f"{BASE}/..;/admin?page=2"), "its next page lies elsewhere"),
        (then(page(), f"{BASE}/..%5Cadmin?page=2"), "its next page lies elsewhere"),
        (then(page(), "http://[::1"), "the FHIR server names a next page that is no URL"),
        (then(httpx.Response(200, content=b'{"resourceType":"Bundle","entry":[{"res')), NOT_FHIR),
        (then(httpx.Response(401)), "the FHIR server does not accept the caller's authorisation (401)"),
        (then(httpx.Response(404)), "the FHIR server does not offer this (404)"),
    ],
    ids=map(str, count()),
)  # fmt: skip
async def test_later_pages_that_fail_leave_the_earlier_ones(reply: Reply, why: str) -> None:
    answer = await one(reply)
    assert (answer.state, answer.why) == (PARTIAL, why)
    assert answer.resources[0] == result(1)


async def test_the_token_never_goes_to_another_host() -> None:
    _, server = await ask(then(page(), "https://evil.example/fhir/r4?page=2"))
    assert {request.url.host for request in server.asked} == {"ehr.example"}


async def test_pages_without_end_are_cut() -> None:
    def endless(request: httpx.Request) -> object:
        number = int(request.url.params.get("page", "1"))
        return page(result(number), following=f"{BASE}?page={number + 1}")

    answer = await one(endless, limits=Limits(pages=3))
    assert answer == Answer(PARTIAL, (result(1), result(2), result(3)), "there are more than 3 pages")


async def test_a_record_larger_than_is_taken_is_cut() -> None:
    answer = await one(lambda _: page(*map(result, range(999))), limits=Limits(total_bytes=1000))
    assert answer == Answer(FAILED, (), "the record is larger than is taken from a FHIR server")


@pytest.mark.parametrize("packed", ["gzip, gzip", "br", "zstd", "gzip,identity"])
async def test_an_answer_packed_twice_or_otherwise_is_not_unpacked(packed: str) -> None:
    async def sent() -> AsyncIterator[bytes]:
        yield gzip.compress(gzip.compress(msgspec.json.encode(page(result(1)))))

    answer = await one(lambda _: httpx.Response(200, headers={"content-encoding": packed}, content=sent()))
    assert answer == Answer(FAILED, (), "the FHIR server sent its answer packed in a way that is not taken")


async def test_an_outcome_among_the_entries_is_handed_on() -> None:
    warning = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning"}]}
    assert await one(lambda _: page(result(1), warning)) == Answer(COMPLETE, (result(1), warning))


@pytest.mark.parametrize(
    "server",
    [
        "https://evil.example/fhir/r4",
        "http://ehr.example/fhir/r4",
        "https://ehr.example/fhir/r4/other",
        "https://ehr.example/fhir",
        "https://ehr.example:8443/fhir/r4",
        "https://u:p@ehr.example/fhir/r4",
        "https://ehr.example/fhir/r4?x=1",
        "file:///etc/passwd",
        "https://[::1",
        "",
    ],
)
async def test_servers_that_are_not_allowed_are_not_asked(server: str) -> None:
    found, fake = await ask(lambda _: page(), server=server)
    assert found["laboratory"] == Answer(FAILED, (), "this FHIR server is not one that may be asked")
    assert fake.asked == []


@pytest.mark.parametrize("server", [BASE, BASE + "/", "HTTPS://EHR.example:443/fhir/r4/"])
async def test_other_spellings_of_an_allowed_base_are_the_same(server: str) -> None:
    found, fake = await ask(lambda _: page(), server=server)
    assert (found["laboratory"].state, fake.asked[0].url.host) == (COMPLETE, "ehr.example")


async def test_no_cookie_is_carried_from_one_call_to_the_next() -> None:
    server = Server(
        lambda _: httpx.Response(200, headers={"set-cookie": "session=SECRET"}, content=msgspec.json.encode(page()))
    )
    async with httpx.AsyncClient(transport=httpx.MockTransport(server)) as client:
        records = FhirRecords(client, allowed=[BASE])
        for _ in range(2):
            await records.fetch((LABS,), server=BASE, token=None, patient_id=WHO, deadline_s=5)
    assert [request.headers.get("cookie") for request in server.asked] == [None, None]
