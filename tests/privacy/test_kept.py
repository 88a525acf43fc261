"""Nothing that is kept names anyone: neither the files of the database nor the logs and answers around it."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from cds.api.build import build
from cds.errors import StoreDown
from cds.memory import Memory
from cds.settings import Settings
from cds.store.store import Store
from tests.api.calls import HOOK, ORIGIN, post
from tests.privacy.test_canaries import ID, TOKEN, WORDS, assert_clean, body, log, sent
from tests.service import world
from tests.service.test_memory import OLD, Broken

pytestmark = pytest.mark.anyio
__all__ = ["log"]
FEEDBACK = HOOK + "/feedback"


def application(memory: Memory) -> Any:  # noqa: ANN401 - an application
    return build(world.service(memory=memory), Settings(allow_origins=(ORIGIN,)), {}, door=world.DOOR)


def held(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.iterdir())


def item(card: str, **changes: object) -> dict[str, object]:
    whole: dict[str, object] = {
        "card": card,
        "outcome": "overridden",
        "outcomeTimestamp": "2026-06-15T09:30:00Z",
        "overrideReason": {
            "reason": {"system": "urn:CANARY", "code": "CANARY-31415", "display": "Mrs Moreau CANARY"},
            "userComment": f"CANARY Moreau, born 1961-07-09, {ID}",
        },
        "extension": {"CANARY": TOKEN},
    }
    return whole | changes


async def test_the_database_holds_nobodys_name(tmp_path: Path, log: io.StringIO) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'cards.sqlite3'}")
    memory = Memory(store, OLD, patience_s=5)
    the_app = application(memory)
    cards = (await post(HOOK, body(sent()), the_app)).json()["cards"]
    assert cards
    batch = [item(each["uuid"]) for each in cards] + [item("CANARY-31415 Moreau"), item(f"urn:uuid:{ID}")]
    answer = await post(FEEDBACK, {"feedback": batch}, the_app)
    assert answer.json() == {"new": len(cards), "repeated": 0, "orphaned": 2}
    await store.first_use("https://CANARY.example.org", "eyJ-CANARY-31415", world.NOW)
    assert_clean(answer.text)
    assert_clean(log.getvalue())
    kept = held(tmp_path)
    store.close()
    kept += held(tmp_path)
    assert cards[0]["uuid"].encode() in kept
    assert [word for word in WORDS if word.encode() in kept] == []
    assert [
        word for word in ("Practitioner", "Observation", "pat-1", "fhir.example.org") if word.encode() in kept
    ] == []


BAD: dict[str, object] = {
    "malformed": b'{"feedback": "CANARY-31415',
    "no list": {"feedback": "CANARY"},
    "bad outcome": {"feedback": [item("CANARY", outcome="CANARY")]},
    "bad moment": {"feedback": [item("CANARY", outcomeTimestamp="CANARY 31415")]},
    "bad suggestion": {"feedback": [item("CANARY", outcome="accepted", acceptedSuggestions=[{"id": "CANARY"}])]},
    "bad comment": {"feedback": [item("CANARY", overrideReason={"userComment": {"CANARY": "Moreau"}})]},
    "too large": b"CANARY" * 200_000,
}


@pytest.mark.parametrize("name", BAD)
async def test_refused_feedback_is_not_repeated(name: str, log: io.StringIO) -> None:
    answer = await post(FEEDBACK, BAD[name], application(Memory(Broken(None), OLD)))
    assert 400 <= answer.status_code < 500
    assert_clean(answer.text)
    assert_clean(log.getvalue())


@pytest.mark.parametrize("problem", [StoreDown("the store does not answer"), RuntimeError(f"CANARY {TOKEN}")])
async def test_a_failing_store_tells_nothing(problem: Exception, log: io.StringIO) -> None:
    the_app = application(Memory(Broken(problem), OLD))
    for answer in (
        await post(HOOK, body(sent()), the_app),
        await post(FEEDBACK, {"feedback": [item("9368d37b-283f-44a0-93ea-547cebab93ed")]}, the_app),
    ):
        if answer.status_code != 200:
            assert answer.status_code in {500, 503}
            assert_clean(answer.text)
    assert_clean(log.getvalue())


async def test_a_database_that_fails_is_logged_without_its_address(log: io.StringIO) -> None:
    down = Store.open("postgresql://CANARY:CANARY31415@127.0.0.1:1/CANARY")
    answer = await post(
        FEEDBACK, {"feedback": [item("9368d37b-283f-44a0-93ea-547cebab93ed")]}, application(Memory(down))
    )
    down.close()
    assert answer.status_code == 503
    assert_clean(answer.text)
    assert_clean(log.getvalue())
    assert [json.loads(line)["status"] for line in log.getvalue().splitlines() if '"call"' in line] == [503]
