"""Feedback over HTTP: what is taken, what is refused, and what is answered where it cannot be kept."""

import asyncio
import base64
import datetime as dt
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI

from cds.api.build import build
from cds.api.feedback import LONGEST_FEEDBACK, period
from cds.app import create_app
from cds.errors import BadSetting, StoreDown
from cds.hooks.requests import PATIENT_VIEW
from cds.memory import Memory
from cds.settings import Settings
from cds.store.store import Store
from cds.store.values import ToldCard
from tests.api.calls import HOOK, ORIGIN, diagnostics, post, send
from tests.service import world
from tests.service.test_memory import OLD, Broken
from tests.service.world import SERVER, hook_body
from tests.shipped import read_once

pytestmark = pytest.mark.anyio
FEEDBACK = HOOK + "/feedback"
SUMMARY = "/api/feedback/summary"
AT = "2026-06-15T09:30:00Z"
CARD = "9368d37b-283f-44a0-93ea-547cebab93ed"


def app(memory: Memory | None) -> FastAPI:
    service = world.service(memory=memory, hooks=(PATIENT_VIEW,))
    return build(service, Settings(authentication="off", allow_origins=(ORIGIN,)), {}, door=world.DOOR)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path / 'cards.sqlite3'}")
    yield opened
    opened.close()


@pytest.fixture
def ours(store: Store) -> FastAPI:
    return app(Memory(store, OLD, patience_s=5))


def overridden(card: str = CARD, code: str = "patient-refuses", **changes: object) -> dict[str, Any]:
    item = {"card": card, "outcome": "overridden", "outcomeTimestamp": AT}
    return {"feedback": [item | {"overrideReason": {"reason": {"code": code}}} | changes]}


async def told(the_app: FastAPI) -> list[dict[str, Any]]:
    cards: list[dict[str, Any]] = (await post(HOOK, hook_body(fhirServer=SERVER), the_app)).json()["cards"]
    return cards


@pytest.mark.parametrize("path", [FEEDBACK, FEEDBACK + "/"])
async def test_an_override_is_taken_and_heeded(ours: FastAPI, path: str) -> None:
    (card,) = await told(ours)
    answer = await post(path, overridden(card["uuid"]), ours)
    assert (answer.status_code, answer.json()) == (200, {"new": 1, "repeated": 0, "orphaned": 0})
    assert await told(ours) == []


async def test_another_process_heeds_it_too(ours: FastAPI, tmp_path: Path) -> None:
    second = Store.open(f"sqlite:///{tmp_path / 'cards.sqlite3'}")
    theirs = app(Memory(second, OLD, patience_s=5))
    (card,) = await told(theirs)
    assert (await post(FEEDBACK, overridden(card["uuid"]), ours)).json()["orphaned"] == 0
    assert await told(theirs) == []
    second.close()


async def test_a_batch_with_repeats_and_orphans(ours: FastAPI) -> None:
    (card,) = await told(ours)
    batch = {"feedback": [*overridden(card["uuid"])["feedback"] * 2, *overridden()["feedback"]]}
    assert (await post(FEEDBACK, batch, ours)).json() == {"new": 2, "repeated": 1, "orphaned": 1}
    assert (await post(FEEDBACK, batch, ours)).json() == {"new": 0, "repeated": 3, "orphaned": 1}
    assert (await post(FEEDBACK, {"feedback": []}, ours)).json() == {"new": 0, "repeated": 0, "orphaned": 0}


BAD: dict[str, tuple[object, str]] = {
    "not JSON": (b"<html>", "the body is not JSON"),
    "no feedback": ({}, "feedback: is missing"),
    "no outcome": ({"feedback": [{"card": CARD, "outcomeTimestamp": AT}]}, "feedback[0].outcome: is missing"),
    "a wrong moment": (overridden(outcomeTimestamp="yesterday"), "feedback[0].outcomeTimestamp: must be a time stamp"),
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_batches_are_refused_whole(ours: FastAPI, store: Store, name: str) -> None:
    (card,) = await told(ours)
    body, words = BAD[name]
    if isinstance(body, dict) and "feedback" in body:
        body = {"feedback": [*overridden(card["uuid"])["feedback"], *body["feedback"]]}
        words = words.replace("[0]", "[1]")
    assert words in diagnostics(await post(FEEDBACK, body, ours), 400, "invalid")
    (summary,) = await store.summary()
    assert summary.overridden == 0


async def test_too_long_a_body(ours: FastAPI) -> None:
    answer = await post(FEEDBACK, b" " * (LONGEST_FEEDBACK + 1), ours)
    assert "larger than" in diagnostics(answer, 413, "too-costly")


@pytest.mark.parametrize("memory", [Memory(Broken(StoreDown("the store does not answer"))), None], ids=["down", "none"])
async def test_what_cannot_be_kept_is_not_acknowledged(memory: Memory | None) -> None:
    the_app = app(memory)
    for answer in (await post(FEEDBACK, overridden(), the_app), await send("GET", SUMMARY, None, the_app)):
        diagnostics(answer, 503, "transient")
        assert answer.headers["retry-after"] == "30"
    assert len(await told(the_app)) == 1


async def test_a_store_that_hangs_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cds.api.feedback.LONGEST_KEEP_S", 0.05)
    answer = await post(FEEDBACK, overridden(), app(Memory(Broken(None, wait_s=60))))
    assert "in time" in diagnostics(answer, 503, "transient")
    assert answer.headers["retry-after"] == "30"


async def test_only_services_that_are_offered_take_feedback(ours: FastAPI) -> None:
    diagnostics(await post("/cds-services/nothing/feedback", overridden(), ours), 404, "not-found")
    diagnostics(await post("/cds-services/trialcards-order-sign/feedback", overridden(), ours), 404, "not-found")
    diagnostics(await send("GET", FEEDBACK, None, ours), 405, "not-supported")


async def test_the_summary(ours: FastAPI) -> None:
    (card,) = await told(ours)
    await told(ours)
    await post(FEEDBACK, overridden(card["uuid"]), ours)
    counts = {"told": 2, "accepted": 0, "overridden": 1, "reasons": {"patient-refuses": 1}, "unanswered": 1}
    expected = {"topic": "NCT00000001", **counts}
    assert (await send("GET", SUMMARY, None, ours)).json() == {"trials": [expected]}
    day = "?since=2026-06-15&until=2026-06-15"
    assert (await send("GET", SUMMARY + day, None, ours)).json() == {
        "since": "2026-06-15",
        "until": "2026-06-15",
        "trials": [expected],
    }
    for other in ("?since=2026-06-16", "?until=2026-06-14"):
        assert (await send("GET", SUMMARY + other, None, ours)).json()["trials"] == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?since=yesterday", "since: must be a day"),
        ("?until=2026-13-01", "until: must be a day"),
        ("?until=20260601", "until: must be a day"),
        ("?until=9999-12-31", "until: must be a day"),
        ("?since=2026-06-02&until=2026-06-01", "until: must not lie before since"),
    ],
)
async def test_days_that_are_none(ours: FastAPI, query: str, words: str) -> None:
    assert words in diagnostics(await send("GET", SUMMARY + query, None, ours), 400, "invalid")


async def test_the_summary_is_of_the_caller_that_asks(store: Store) -> None:
    ours = app(Memory(store, OLD, patience_s=5))
    await told(ours)
    await store.told([ToldCard("theirs", "NCT00000009", "s", "someone-else", "", "", world.NOW, "")])
    topics = [each["topic"] for each in (await send("GET", SUMMARY, None, ours)).json()["trials"]]
    assert topics == ["NCT00000001"]


async def test_a_summary_that_takes_too_long_is_not_our_fault(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    async def slow(*args: object) -> None:
        del args
        await asyncio.sleep(60)

    monkeypatch.setattr(store, "summary", slow)
    monkeypatch.setattr("cds.api.feedback.SUMMARY_S", 0.05)
    answer = await send("GET", SUMMARY, None, app(Memory(store, OLD)))
    diagnostics(answer, 503, "transient")
    assert answer.headers["retry-after"] == "30"


async def test_the_page_of_an_allowed_origin_may_send_feedback(ours: FastAPI) -> None:
    transport = httpx.ASGITransport(app=ours)
    headers = {
        "origin": ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as caller:
        answer = await caller.options(FEEDBACK, headers=headers)
    assert answer.headers["access-control-allow-origin"] == ORIGIN


def test_the_time_zone_of_the_site_decides_which_day_it_is() -> None:
    first, end = period("2026-06-15", "2026-06-15", ZoneInfo("Europe/Berlin"))
    assert first == dt.datetime(2026, 6, 14, 22, 0, tzinfo=dt.UTC)
    assert end == dt.datetime(2026, 6, 15, 22, 0, tzinfo=dt.UTC)


def _key() -> str:
    return "k1:" + base64.b64encode(hashlib.sha256(b"k1").digest()).decode()


async def test_the_real_thing_keeps_heeds_and_forgets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the whole application: old rows go at the start, and the store is closed at the end."""
    read_once(monkeypatch)
    url = f"sqlite:///{tmp_path / 'cards.sqlite3'}"
    before = Store.open(url)
    await before.told([ToldCard("old", "NCT00000009", "s", "anonymous", "", "", world.NOW - dt.timedelta(401), "")])
    settings = Settings(store_url=url, pseudonym_keys=_key(), authentication="off", allow_origins=(ORIGIN,))
    whole = create_app(settings, clock=world.FixedClock())
    async with whole.router.lifespan_context(whole):
        cards = await told(whole)
        batch = {"feedback": [overridden(each["uuid"])["feedback"][0] for each in cards]}
        assert (await post(FEEDBACK, batch, whole)).json() == {"new": len(cards), "repeated": 0, "orphaned": 0}
        assert cards
        assert await told(whole) == []
    assert "NCT00000009" not in [each.nct_id for each in await before.summary()]
    before.close()
    assert [each.name for each in await asyncio.to_thread(lambda: list(tmp_path.iterdir()))] == ["cards.sqlite3"]


def test_weak_keys_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    read_once(monkeypatch)
    with pytest.raises(BadSetting, match="CDS_PSEUDONYM_KEYS: key 1 is weak"):
        create_app(Settings(store_url="sqlite://", pseudonym_keys="k1:AAAA", authentication="off"))


async def test_it_is_counted_by_what_became_of_it(ours: FastAPI) -> None:
    assert (await post(FEEDBACK, overridden(), ours)).status_code == 200
    told = (await send("GET", "/metrics", the_app=ours)).text
    assert 'trialcards_feedback_total{fate="orphaned"} 1.0' in told
