"""The terminology server's four operations by their R4 shapes, what is kept, and that a failure tells nothing."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from itertools import count

import httpx
import pytest
import respx

from cds.core.codes import RXNORM, Code
from cds.terms.server import Limits, TerminologyServer, Visit
from tests.mappings.snomed import BASE, ROOT, Server, code, parameters

pytestmark = pytest.mark.anyio
PARENT, CHILD, OTHER, NOBODY = (code(each) for each in ("100014", "100022", "100033", "100046"))
TREE = {ROOT: (), PARENT.value: (ROOT,), CHILD.value: (PARENT.value,), OTHER.value: (ROOT,)}
ANCESTORS = "http://snomed.info/sct?fhir_vs=ecl/>100022"


@dataclass
class Clock:
    now: float = 0

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    fake: Server
    client: httpx.AsyncClient
    clock: Clock

    def server(self, **limits: float) -> TerminologyServer:
        return TerminologyServer(self.client, BASE + "/", limits=Limits(**limits), clock=self.clock)  # type: ignore[arg-type]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    fake = Server(TREE)
    async with respx.mock(assert_all_called=False) as router, httpx.AsyncClient() as client:
        router.route(host="tx.example.org").mock(side_effect=fake)
        yield World(fake, client, Clock())


def visit_of(server: TerminologyServer, deadline_s: float = 5) -> Visit:
    visit = server.begin(deadline_s)
    assert visit is not None
    return visit


async def test_the_four_operations(world: World) -> None:
    server = world.server()
    visit = visit_of(server)
    assert await server.validate_code(CHILD, visit) is True
    assert await server.validate_code(NOBODY, visit) is False
    assert await server.subsumes(PARENT, CHILD, visit) is True
    assert await server.subsumes(PARENT, PARENT, visit) is True
    assert await server.subsumes(CHILD, PARENT, visit) is False
    assert await server.subsumes(OTHER, CHILD, visit) is False
    assert await server.parents(CHILD, visit) == frozenset({PARENT})
    assert await server.expand(ANCESTORS, visit, at_most=9) == frozenset({PARENT, code(ROOT)})
    assert visit == Visit(visit.until, visit.gate, asked=7, answered=7)  # a code is its own equal, unasked
    told = {f"{each.method} {each.url}" for each in world.fake.seen}
    assert {
        f"GET {BASE}/CodeSystem/$validate-code?url=http%3A%2F%2Fsnomed.info%2Fsct&code=100022",
        f"GET {BASE}/CodeSystem/$subsumes?system=http%3A%2F%2Fsnomed.info%2Fsct&codeA=100014&codeB=100022",
        f"GET {BASE}/CodeSystem/$lookup?system=http%3A%2F%2Fsnomed.info%2Fsct&code=100022&property=parent",
        f"GET {BASE}/ValueSet/$expand?url=http%3A%2F%2Fsnomed.info%2Fsct%3Ffhir_vs%3Decl%2F%3E100022&count=9",
    } <= told
    assert {each.headers["accept"] for each in world.fake.seen} == {"application/fhir+json"}


async def test_codes_of_two_systems_are_not_compared(world: World) -> None:
    server = world.server()
    assert await server.subsumes(Code(RXNORM, "1"), CHILD, visit_of(server)) is None
    assert world.fake.seen == []


async def test_parents_may_come_as_words_or_as_codings(world: World) -> None:
    body = parameters(name_valueString="SNOMED CT")
    values = ({"valueString": "100014"}, {"valueCoding": {"code": "100033"}})
    body["parameter"] += [
        {"name": "property", "part": [{"name": "code", "valueCode": "parent"}, {"name": "value", **each}]}
        for each in values
    ]
    body["parameter"].append(
        {"name": "property", "part": [{"name": "code", "valueCode": "child"}, {"name": "value", "valueCode": "7"}]}
    )
    world.fake.replies["$lookup"] = httpx.Response(200, json=body)
    server = world.server()
    assert await server.parents(CHILD, visit_of(server)) == frozenset({PARENT, OTHER})


@pytest.mark.parametrize(
    "other",
    [{"valueBoolean": True}, {"valueCoding": {"code": "100033", "system": PARENT.system + "/900000000000207008"}}],
)
async def test_with_one_way_up_missing_none_is_told(world: World, other: dict[str, object]) -> None:
    """A parent under another spelling of the system may be the one on which a bar stands."""
    body = parameters(name_valueString="SNOMED CT")
    body["parameter"] += [
        {"name": "property", "part": [{"name": "code", "valueCode": "parent"}, {"name": "value", **each}]}
        for each in ({"valueString": "100014"}, other)
    ]
    world.fake.replies["$lookup"] = httpx.Response(200, json=body)
    server = world.server()
    assert await server.parents(CHILD, visit_of(server)) is None


def expansion(*values: str, **more: object) -> httpx.Response:
    contains = [{"system": "http://snomed.info/sct", "code": each} for each in values]
    return httpx.Response(200, json={"resourceType": "ValueSet", "expansion": {"contains": contains, **more}})


@pytest.mark.parametrize(
    "reply",
    [
        expansion("100014", total=2),
        expansion("100014", "100014", total=2),
        expansion(*map(str, range(100_100, 100_109))),  # nine were asked for, and how many there are is not said
        httpx.Response(200, json={"resourceType": "ValueSet"}),
        httpx.Response(200, json={"resourceType": "ValueSet", "expansion": {"contains": [{"code": "100014"}]}}),
        httpx.Response(200, json={"resourceType": "Parameters", "expansion": {}}),
    ],
    ids=map(str, count()),
)
async def test_an_expansion_that_is_not_whole_is_not_told(world: World, reply: httpx.Response) -> None:
    world.fake.replies["$expand"] = reply
    server = world.server()
    assert await server.expand(ANCESTORS, visit_of(server), at_most=9) is None


Ask = Callable[[TerminologyServer, Visit], Awaitable[object]]
ASKS: list[Ask] = [
    lambda server, visit: server.validate_code(CHILD, visit),
    lambda server, visit: server.subsumes(PARENT, CHILD, visit),
    lambda server, visit: server.parents(CHILD, visit),
    lambda server, visit: server.expand(ANCESTORS, visit, at_most=9),
]
OPERATIONS = ("$validate-code", "$subsumes", "$lookup", "$expand")
BROKEN = [
    httpx.Response(500),
    httpx.Response(503),
    httpx.Response(401),
    httpx.Response(429),
    httpx.Response(302, headers={"location": "https://evil.example/"}),
    httpx.Response(200, text="<html>Sign in</html>"),
    httpx.Response(200, content=b"[" * 100_000),
    httpx.Response(200, content=b" " * 2_000_001),
]
UNTOLD = [
    httpx.Response(404, json={"resourceType": "OperationOutcome"}),
    httpx.Response(422),
    httpx.Response(501),
    httpx.Response(200, json=[]),
    httpx.Response(200, json={"resourceType": "OperationOutcome"}),
    httpx.Response(200, json={"resourceType": "Parameters", "parameter": "outcome"}),
]
TWICE = {"resourceType": "Parameters", "parameter": [{"name": "outcome", "valueCode": "subsumes"}] * 2}


@pytest.mark.parametrize("ask", range(4), ids=OPERATIONS)
@pytest.mark.parametrize("reply", range(len(BROKEN + UNTOLD)))
async def test_every_failure_tells_nothing(world: World, ask: int, reply: int) -> None:
    world.fake.replies[OPERATIONS[ask]] = (BROKEN + UNTOLD)[reply]
    server = world.server()
    visit = visit_of(server)
    assert await ASKS[ask](server, visit) is None
    assert visit.broken is (reply < len(BROKEN))
    assert {each.url.host for each in world.fake.seen} == {"tx.example.org"}


@pytest.mark.parametrize(
    "outcome", [TWICE, parameters(outcome_valueCode="perhaps"), parameters(outcome_valueString="subsumes")]
)
async def test_an_outcome_that_is_none_of_the_four_is_not_told(world: World, outcome: object) -> None:
    world.fake.replies["$subsumes"] = httpx.Response(200, json=outcome)
    server = world.server()
    assert await server.subsumes(PARENT, CHILD, visit_of(server)) is None


async def test_once_it_failed_it_is_not_asked_again_in_the_call(world: World) -> None:
    world.fake.replies["$validate-code"] = httpx.Response(500)
    server = world.server()
    visit = visit_of(server)
    assert [await server.validate_code(each, visit) for each in (CHILD, OTHER)] == [None, None]
    assert await server.subsumes(PARENT, CHILD, visit) is None
    assert world.fake.asked() == 1


async def test_no_connection_tells_nothing() -> None:
    async with respx.mock as router, httpx.AsyncClient() as client:
        router.route(host="tx.example.org").mock(side_effect=httpx.ConnectError("refused"))
        server = TerminologyServer(client, BASE)
        visit = visit_of(server)
        assert await server.validate_code(CHILD, visit) is None
        assert visit.broken


@pytest.mark.parametrize(("times", "told"), [(1, True), (2, None)])
async def test_an_answer_packed_twice_is_not_unpacked(times: int, told: bool | None) -> None:  # noqa: FBT001 - what is told
    body = httpx.Response(200, json=parameters(result_valueBoolean=True)).content
    for _ in range(times):
        body = gzip.compress(body)

    async def sent() -> AsyncIterator[bytes]:
        yield body

    def reply(request: httpx.Request) -> httpx.Response:
        del request
        return httpx.Response(200, headers={"content-encoding": ", ".join(["gzip"] * times)}, content=sent())

    async with httpx.AsyncClient(transport=httpx.MockTransport(reply)) as client:
        server = TerminologyServer(client, BASE)
        assert await server.validate_code(CHILD, visit_of(server)) is told


async def test_answers_are_kept_for_a_day_and_refusals_for_ten_minutes(world: World) -> None:
    world.fake.replies["$expand"] = httpx.Response(404)
    server = world.server()

    async def ask() -> tuple[object, object, int]:
        visit = visit_of(server)
        told = await server.subsumes(OTHER, CHILD, visit), await server.expand(ANCESTORS, visit, at_most=9)
        return *told, visit.asked

    assert [await ask(), await ask()] == [(False, None, 2), (False, None, 0)]
    world.clock.now = 600
    assert await ask() == (False, None, 1)
    world.clock.now = 86_400
    assert await ask() == (False, None, 2)


async def test_the_least_used_answers_are_forgotten_first(world: World) -> None:
    server = world.server(kept=2)
    visit = visit_of(server)
    for each in (CHILD, OTHER, CHILD, PARENT):
        await server.validate_code(each, visit)
    assert (visit.asked, visit.remembered) == (3, 1)
    await server.validate_code(CHILD, visit)
    assert (visit.asked, visit.remembered) == (3, 2)
    await server.validate_code(OTHER, visit)
    assert visit.asked == 4


async def test_failures_are_not_kept(world: World) -> None:
    world.fake.replies["$validate-code"] = httpx.Response(500)
    server = world.server()
    assert await server.validate_code(CHILD, visit_of(server)) is None
    world.fake.replies.clear()
    assert await server.validate_code(CHILD, visit_of(server)) is True


async def test_all_questions_of_a_call_share_one_deadline(world: World) -> None:
    world.fake.wait_s = 60
    server = world.server()
    visit = visit_of(server, 0.1)
    began = time.perf_counter()
    told = await asyncio.gather(*(server.subsumes(PARENT, code(str(each)), visit) for each in range(100_100, 100_140)))
    assert time.perf_counter() - began < 2
    assert set(told) == {None}
    assert world.fake.asked() <= Limits().parallel


async def call(server: TerminologyServer) -> object:
    visit = server.begin(5)
    if visit is None:
        return "left alone"
    told = await server.validate_code(CHILD, visit)
    server.end(visit)
    return told


async def test_a_server_that_keeps_failing_is_left_alone_for_a_while(world: World) -> None:
    world.fake.replies["$validate-code"] = httpx.Response(503)
    server = world.server(failures=3, rest_s=60)
    assert [await call(server) for _ in range(5)] == [None, None, None, "left alone", "left alone"]
    world.clock.now = 60
    assert [await call(server), await call(server)] == [None, "left alone"]
    world.clock.now = 120
    world.fake.replies.clear()
    assert [await call(server), await call(server)] == [True, True]
    assert world.fake.asked() == 5


async def test_one_good_call_ends_a_row_of_failures(world: World) -> None:
    server = world.server(failures=2, keep_s=0)
    for reply in (503, 200, 503, 200, 503):
        world.fake.replies = {"$validate-code": httpx.Response(503)} if reply == 503 else {}
        assert await call(server) != "left alone"
    assert server.begin(5) is not None


async def test_a_server_that_answers_some_is_not_left_alone(world: World) -> None:
    server = world.server(failures=1, keep_s=0)
    for _ in range(2):
        visit = visit_of(server)
        world.fake.replies.clear()
        assert await server.validate_code(CHILD, visit) is True
        world.fake.replies["$lookup"] = httpx.Response(503)
        assert await server.parents(CHILD, visit) is None
        server.end(visit)
    assert server.begin(5) is not None
