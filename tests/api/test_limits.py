"""What is too much is answered at once, with when to come back; what is inside goes on undisturbed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from cds.api.body import read_body
from cds.api.limits import Gate, Rates, share_of
from cds.errors import TooManyCalls
from cds.hooks.callers.caller import ANONYMOUS
from tests.api.calls import HOOK, ORIGIN, app, client, diagnostics
from tests.service import world
from tests.service.world import SERVER, ScriptedRecords, hook_body


@pytest.mark.anyio
async def test_more_calls_than_are_taken_are_told_to_come_back() -> None:
    slow = ScriptedRecords(wait_s=0.2)
    body = hook_body({"patient": world.patient()}, fhirServer=SERVER)
    async with client(app(slow, max_calls=2)) as caller:
        answers = await asyncio.gather(*(caller.post(HOOK, json=body) for _ in range(5)))
        refused = [each for each in answers if each.status_code == 503]
        assert [each.status_code for each in answers].count(200) == 2
        assert len(refused) == 3
        for each in refused:
            diagnostics(each, 503, "transient")
            assert each.headers["retry-after"] == "1"
            assert each.headers["x-call-id"]
        assert (await caller.post(HOOK, json=body)).status_code == 200


@pytest.mark.anyio
async def test_a_full_house_still_says_that_it_lives() -> None:
    slow = ScriptedRecords(wait_s=0.2)
    async with client(app(slow, max_calls=1)) as caller:
        inside = asyncio.create_task(caller.post(HOOK, json=hook_body({"patient": world.patient()}, fhirServer=SERVER)))
        await asyncio.sleep(0.05)
        for path in ("/health/live", "/health/ready", "/metrics", "/cds-services"):
            assert (await caller.get(path)).status_code == 200
        assert (await caller.post(HOOK, content=b"{}")).status_code == 503
        assert (await inside).status_code == 200


@pytest.mark.anyio
async def test_a_call_that_fails_makes_room_again() -> None:
    broken = ScriptedRecords(problem=RuntimeError("broken"))
    async with client(app(broken, max_calls=1)) as caller:
        for _ in range(3):
            assert (await caller.post(HOOK, json=hook_body({}, fhirServer=SERVER))).status_code == 500
        preflight = {"origin": ORIGIN, "access-control-request-method": "POST"}
        assert (await caller.options(HOOK, headers=preflight)).status_code == 200


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def test_a_caller_is_held_to_its_rate_and_no_other_is() -> None:
    hand = Hand()
    rates = Rates(hand)
    for _ in range(3):
        rates.check("one", 3)
    with pytest.raises(TooManyCalls) as caught:
        rates.check("one", 3)
    assert caught.value.retry_after_s == 1
    rates.check("other", 3)
    hand.at += 0.34
    rates.check("one", 3)
    with pytest.raises(TooManyCalls):
        rates.check("one", 3)
    hand.at += 3600
    for _ in range(3):
        rates.check("one", 3)
    with pytest.raises(TooManyCalls):
        rates.check("one", 3)


def test_one_call_in_ten_seconds_is_a_rate_too() -> None:
    hand = Hand()
    rates = Rates(hand)
    rates.check("one", 0.1)
    with pytest.raises(TooManyCalls) as caught:
        rates.check("one", 0.1)
    assert caught.value.retry_after_s == 10
    hand.at += 10
    rates.check("one", 0.1)


def test_without_a_rate_there_is_no_limit() -> None:
    rates = Rates(Hand())
    for _ in range(1000):
        rates.check("one", None)


@pytest.mark.anyio
async def test_a_body_that_does_not_come_makes_room_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_body, "__defaults__", (0.1,))

    async def dripping() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.01)

    async with client(app(max_calls=1)) as caller, asyncio.timeout(5):
        for path in (HOOK, f"{HOOK}/feedback", "/api/assessments", "/getClinicalTrial"):
            answer = await caller.post(path, content=dripping())
            assert diagnostics(answer, 400, "invalid") == "the body was not whole within 0.1 seconds"
        assert (await caller.post(HOOK, json=hook_body({"patient": world.patient()}))).status_code == 200


@pytest.mark.anyio
async def test_one_caller_never_takes_every_place() -> None:
    inside, go_on = asyncio.Semaphore(0), asyncio.Event()
    statuses: list[int] = []

    async def answering(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's own
        del scope, receive
        inside.release()
        await go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def sent(message: Any) -> None:  # noqa: ANN401 - the same
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    gate = Gate(answering, most=4, share=share_of(4))

    def call(caller: str) -> asyncio.Task[None]:
        scope = {"type": "http", "method": "POST", "state": {"caller": replace(ANONYMOUS, id=caller)}}
        return asyncio.create_task(gate(scope, None, sent))  # type: ignore[arg-type] # nothing is received

    begun = [call("one") for _ in range(3)]
    async with asyncio.timeout(5):
        for _ in begun:
            await inside.acquire()
        await call("one")
        assert statuses == [503]
        begun.append(call("other"))
        await inside.acquire()
        await call("other")
        assert statuses == [503, 503]
        go_on.set()
        await asyncio.gather(*begun)
        await call("one")
    assert statuses == [503, 503, 200, 200, 200, 200, 200]
    assert (share_of(1), share_of(64)) == (1, 48)
