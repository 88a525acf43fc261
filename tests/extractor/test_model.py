"""The language model that a site names: asked in the form its servers know, and whatever it does, nothing breaks."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator

import httpx
import pytest
import respx

from cds.extractor.model import Limits, Model, Visit
from cds.network import GuardedTransport

pytestmark = pytest.mark.anyio

BASE = "https://llm.example.org/v1"
ADDRESS = f"{BASE}/chat/completions"


@pytest.fixture
def respx_mock() -> Iterator[respx.MockRouter]:
    """Stand in for the network, also where respx's plugin is not loaded (tests/mutants.py)."""
    with respx.mock as router:
        yield router


def completion(content: object) -> dict[str, object]:
    message = {"role": "assistant", "content": content}
    return {"id": "c1", "object": "chat.completion", "choices": [{"index": 0, "message": message}], "usage": {}}


async def ask(
    *, key: str | None = None, limits: Limits | None = None, times: int = 1, deadline_s: float = 5
) -> tuple[list[str | None], Visit]:
    async with httpx.AsyncClient() as client:
        model = Model(client, f"{BASE}/", "some/model-7b", key, limits=limits)
        visit = model.begin(deadline_s)
        return [await model.answer("Read.", "The lines.", visit) for _ in range(times)], visit


async def test_it_is_asked_as_openai_s_api_is(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(ADDRESS).respond(json=completion("An answer."))
    answers, visit = await ask(key="sesame")
    (sent,) = route.calls
    assert json.loads(sent.request.content) == {
        "model": "some/model-7b",
        "messages": [{"role": "system", "content": "Read."}, {"role": "user", "content": "The lines."}],
        "temperature": 0,
    }
    assert sent.request.headers["authorization"] == "Bearer sesame"
    assert answers == ["An answer."]
    assert (visit.asked, visit.answered, visit.problem) == (1, 1, "")


async def test_without_a_key_it_is_asked_without_one(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(ADDRESS).respond(json=completion("An answer."))
    await ask()
    assert "authorization" not in route.calls[0].request.headers


async def test_a_model_that_takes_no_temperature_is_asked_without_one_from_then_on(
    respx_mock: respx.MockRouter,
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "temperature" in json.loads(request.content):
            return httpx.Response(400, json={"error": {"message": "Unsupported value", "param": "temperature"}})
        return httpx.Response(200, json=completion("An answer."))

    route = respx_mock.post(ADDRESS).mock(side_effect=answer)
    answers, _ = await ask(times=2)
    assert answers == ["An answer.", "An answer."]
    assert route.call_count == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 302])
async def test_a_refusal_that_will_not_pass_ends_the_visit(respx_mock: respx.MockRouter, status: int) -> None:
    route = respx_mock.post(ADDRESS).respond(status, headers={"location": "https://elsewhere.example.org/"})
    answers, visit = await ask(times=3)
    assert answers == [None] * 3
    assert route.call_count == (2 if status == 400 else 1)
    assert (visit.problem, visit.answered) == (f"answered {status}", 0)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_another_question_may_be_answered_after_a_failure_that_passes(
    respx_mock: respx.MockRouter, status: int
) -> None:
    respx_mock.post(ADDRESS).mock(
        side_effect=[httpx.Response(status), httpx.Response(200, json=completion("An answer."))]
    )
    answers, visit = await ask(times=2)
    assert answers == [None, "An answer."]
    assert visit.problem == f"answered {status}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{}",
        b'{"choices": []}',
        b'{"choices": [{}]}',
        b'{"choices": [{"message": {}}]}',
        b'{"choices": [{"message": {"content": null}}]}',
        b'{"choices": [{"message": {"content": ""}}]}',
        b'{"choices": [{"message": {"content": [1]}}]}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
async def test_what_is_no_answer_is_none(respx_mock: respx.MockRouter, body: bytes) -> None:
    respx_mock.post(ADDRESS).respond(content=body)
    answers, visit = await ask()
    assert answers == [None]
    assert visit.problem.startswith("sent ")


async def test_no_more_is_read_than_is_taken(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(ADDRESS)
    route.respond(json=completion("x" * 3000))
    assert (await ask(limits=Limits(bytes=2000)))[0] == [None]
    assert (await ask(limits=Limits(bytes=4000)))[0] == ["x" * 3000]
    packed = gzip.compress(gzip.compress(json.dumps(completion("x")).encode()))
    route.respond(content=packed, headers={"content-encoding": "gzip, gzip"})
    answers, visit = await ask()
    assert (answers, visit.problem) == ([None], "sent its answer packed in a way that is not taken")


async def test_a_server_that_cannot_be_reached_is_not_asked_again(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(ADDRESS).mock(side_effect=httpx.ConnectError("no"))
    answers, visit = await ask(times=2)
    assert (answers, route.call_count) == ([None, None], 1)
    assert visit.problem == "cannot be reached (ConnectError)"


@pytest.mark.parametrize(
    "problem",
    [
        OSError("of the system"),
        httpx.InvalidURL("no address"),
        httpx.StreamConsumed(),
        httpx.DecodingError("not gzip"),
        httpx.ReadError("broke off"),
    ],
)
async def test_however_it_fails_nothing_breaks(respx_mock: respx.MockRouter, problem: Exception) -> None:
    respx_mock.post(ADDRESS).mock(side_effect=problem)
    answers, visit = await ask(times=2)
    assert (answers, visit.over) == ([None, None], True)
    assert visit.problem == f"cannot be reached ({type(problem).__name__})"


@pytest.mark.parametrize("host", ["a..example", f"{'a' * 64}.example"])
async def test_a_name_that_can_be_none_breaks_nothing(host: str) -> None:
    async with httpx.AsyncClient(transport=GuardedTransport()) as client:
        model = Model(client, f"https://{host}/v1", "some/model-7b", None)
        visit = model.begin(5)
        assert await model.answer("Read.", "The lines.", visit) is None
    assert visit.problem.startswith("cannot be reached")


async def test_no_answer_is_waited_for_beyond_the_deadline(respx_mock: respx.MockRouter) -> None:
    asked: list[httpx.Request] = []

    async def never(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    respx_mock.post(ADDRESS).mock(side_effect=never)
    async with asyncio.timeout(10):
        answers, visit = await ask(times=2, deadline_s=0.2)
    assert (answers, visit.problem, visit.over) == ([None, None], "took longer than it may", True)
    assert len(asked) == 1
