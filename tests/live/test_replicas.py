"""Two replicas behind nginx with one PostgreSQL: what one knows the other knows, and the end of one loses nothing."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.live.replicas import HOOK, Load, Replica, Site, dismissal, site
from tests.store.postgres import NotToBeHad

pytestmark = [pytest.mark.anyio, pytest.mark.live]
Json = dict[str, Any]
FEEDBACK = f"{HOOK}/feedback"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The running site; skipped where nginx or PostgreSQL cannot be had."""
    running = site(tmp_path_factory.mktemp("site"))
    try:
        made = running.__enter__()
    except NotToBeHad as problem:
        pytest.skip(str(problem))
    try:
        yield made
    finally:
        running.__exit__(None, None, None)


@pytest.fixture
async def body(here: Site) -> bytes:
    """A call that is told several cards."""
    return await here.request("pancreas-lcnec-clean")


def topics(answered: tuple[int, bytes]) -> set[str]:
    """Give what the cards of an answer are about."""
    status, answer = answered
    assert status == 200
    return {each["source"]["topic"]["code"] for each in json.loads(answer)["cards"]}


# ------------------------------------------------------------------------------------------------------- what is shared


def test_replicas_that_loaded_the_same_say_so(here: Site) -> None:
    one, other = (each.ready() for each in here.replicas)
    assert one == other
    assert one[0] == 200
    assert (one[1]["store"], one[1]["stored_trials"]) == ("up", "read")
    assert re.fullmatch("[0-9a-f]{12}", one[1]["edition"])


async def test_a_token_that_was_used_at_one_is_refused_at_the_other(here: Site, body: bytes) -> None:
    one, other = (each.port for each in here.replicas)
    token = here.token(HOOK)
    assert [(await here.call("POST", HOOK, body, port, token))[0] for port in (one, other)] == [200, 401]


async def test_what_is_dismissed_at_one_is_quiet_at_the_other(here: Site) -> None:
    one, other = (each.port for each in here.replicas)
    body = await here.request("kidney-nec-hiv")
    answered = await here.call("POST", HOOK, body, one)
    said = dismissal(json.loads(answered[1])["cards"], "patient-refuses")
    status, told = await here.call("POST", FEEDBACK, said, one)
    assert (status, json.loads(told)) == (200, {"new": len(said["feedback"]), "repeated": 0, "orphaned": 0})
    assert topics(answered)
    assert not topics(answered) & topics(await here.call("POST", HOOK, body, other))
    assert json.loads((await here.call("POST", FEEDBACK, said, other))[1])["repeated"] == len(said["feedback"])


# ------------------------------------------------------------------------------------------------ the end of a replica


async def test_a_rolling_restart_loses_no_call(here: Site, body: bytes) -> None:
    def work() -> None:
        for each in here.replicas:
            time.sleep(0.5)
            assert each.end() == 0
            each.start()

    load = Load(here, body)
    await load.during(work)
    assert len(load.dismissed) > 50
    assert (load.failed, load.lost()) == ({}, set())


async def test_a_killed_replica_costs_no_call_that_is_sent_again(here: Site, body: bytes) -> None:
    def work() -> None:
        time.sleep(0.5)
        for each in here.replicas:
            each.end(signal.SIGKILL)
            time.sleep(0.5)
            each.start()

    load = Load(here, body)
    await load.during(work)
    assert len(load.dismissed) > 50
    assert set(load.failed) <= {502}
    assert (load.failed_twice, load.lost()) == ({}, set())


async def test_told_to_end_it_says_so_and_still_answers(here: Site, body: bytes) -> None:
    leaving = Replica(here.replicas[0].settings | {"CDS_DRAIN_S": "300"}, here.folder)
    leaving.start()
    assert leaving.process is not None
    leaving.process.send_signal(signal.SIGTERM)
    for _ in range(500):
        if leaving.ready()[0] != 200:
            break
        await asyncio.sleep(0.02)
    status, told = leaving.ready()
    assert (status, told["resourceType"]) == (503, "OperationOutcome")
    assert told["issue"][0]["diagnostics"].startswith("draining")
    assert topics(await here.call("POST", HOOK, body, leaving.port))
    began = time.monotonic()
    assert leaving.end() == 128 + signal.SIGTERM  # the second signal does not wait
    assert time.monotonic() - began < 200


# ---------------------------------------------------------------------------------------------- the end of the database


@pytest.fixture
async def without(here: Site) -> AsyncIterator[Site]:
    """The site while its database is down; afterwards it is up, and the replicas know it."""
    here.store.stop()
    try:
        yield here
    finally:
        if here.store.running is None:
            here.store.start()
        for each in here.replicas:
            await until_it_is_up(each)


async def until_it_is_up(replica: Replica) -> None:
    for _ in range(300):
        if replica.ready()[1].get("store") == "up":
            return
        await asyncio.sleep(0.1)
    raise AssertionError(replica.ready())


async def test_without_its_database_it_answers_with_cards_and_says_so(without: Site, body: bytes) -> None:
    one, other = without.replicas
    answered = await without.call("POST", HOOK, body)
    said = dismissal(json.loads(answered[1])["cards"])
    assert topics(answered)
    assert (await without.call("POST", FEEDBACK, said))[0] == 503
    for each in (one, other):
        status, told = each.ready()
        assert (status, told["store"], told["stored_trials"]) == (200, "down", "read")
    token = without.token(HOOK)
    tried = [await without.call("POST", HOOK, body, each.port, token) for each in (one, one, other)]
    assert [status for status, _ in tried] == [200, 401, 200]  # each knows what it saw itself

    used = [without.token(HOOK) for _ in range(100)]
    for token in used:
        assert (await without.call("POST", HOOK, b"{}", one.port, token))[0] == 400
    without.store.start()
    for each in (one, other):
        await until_it_is_up(each)
    assert (await without.call("POST", FEEDBACK, said))[0] == 200
    # Replicas look for the store every two seconds, and tell it what it has missed.
    statuses = [await after_a_while(without, other, token) for token in used]
    assert statuses[-1] == 401


async def after_a_while(here: Site, replica: Replica, token: str) -> int:
    status, _ = await here.call("POST", HOOK, b"{}", replica.port, token)
    await asyncio.sleep(0.2 if status == 400 else 0)
    return status


async def test_it_starts_without_its_database(without: Site, body: bytes) -> None:
    late = Replica(without.replicas[0].settings, without.folder)
    late.start()
    try:
        status, told = late.ready()
        assert (status, told["store"], told["stored_trials"]) == (200, "down", "not-read")
        answered = await without.call("POST", HOOK, body, late.port)
        assert topics(answered)
        without.store.start()
        await until_it_is_up(late)
        said = dismissal(json.loads(answered[1])["cards"])
        assert (await without.call("POST", FEEDBACK, said, late.port))[0] == 200
        assert late.ready()[1]["stored_trials"] == "not-read"
    finally:
        late.end(signal.SIGKILL)


# ------------------------------------------------------------------------------------------------------------ the proxy


async def test_the_proxy_keeps_to_the_form_of_errors_and_logs_no_address(here: Site) -> None:
    huge = b"x" * 20_000_001
    for method, path, sent, status in (
        ("GET", "/metrics?CANARY-31415", b"", 404),
        ("POST", f"{HOOK}?CANARY-31415", huge, 413),
        ("GET", "/CANARY-31415", b"", 404),
    ):
        got, answer = await here.call(method, path, sent)
        assert (got, json.loads(answer)["resourceType"]) == (status, "OperationOutcome")
    for each in here.replicas:
        each.end()
    try:
        got, answer = await here.call("POST", f"{HOOK}?CANARY-31415", {})
        assert (got, json.loads(answer)["issue"][0]["code"]) == (502, "transient")
    finally:
        for each in here.replicas:
            each.start()
    logs = "".join((here.folder / name).read_text() for name in ("access.log", "error.log"))
    assert '"status":"502"' in logs
    assert "CANARY" not in logs
