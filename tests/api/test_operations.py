"""What operators see: health, counts, and headers that keep caches and browsers from doing more than they should."""

import asyncio

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cds.api import operations
from cds.api.operations import Drain, Readiness
from cds.core.plan import Plan
from tests.api.calls import HOOK, app, client, diagnostics, post, send
from tests.service import world
from tests.service.world import hook_body, prefetch

pytestmark = pytest.mark.anyio
PATHS = ("/cds-services", "/api/trials", "/health/live", "/metrics", "/nowhere")


def counts(text: str) -> dict[str, float]:
    return {
        f"{each.name}{sorted(each.labels.values())}": each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


async def test_calls_are_counted_by_route_caller_and_status() -> None:
    the_app = app()
    answer = await post(HOOK, hook_body(prefetch()), the_app)
    assert answer.status_code == 200
    assert (await post(HOOK, b"{", the_app)).status_code == 400
    told = counts((await send("GET", "/metrics", the_app=the_app)).text)
    calls = {name: value for name, value in told.items() if name.startswith("trialcards_calls_total")}
    assert sorted(calls.values()) == [1, 1]
    assert [HOOK in name and "'200'" in name for name in sorted(calls)].count(True) == 1
    assert told["trialcards_cards_total[]"] == len(answer.json()["cards"]) > 0
    assert told["trialcards_resources_read_total['Observation']"] == len(world.RESULTS)
    assert told["trialcards_trials_loaded[]"] == 2
    assert told[f"trialcards_call_seconds_count['{HOOK}']"] == 2


async def test_two_applications_share_no_counts() -> None:
    one, other = app(), app()
    await send("GET", "/health/live", the_app=one)
    told = (await send("GET", "/metrics", the_app=other)).text
    assert "/health/live" not in told


async def test_an_unknown_path_is_never_a_label() -> None:
    the_app = app()
    await send("GET", "/CANARY-31415", the_app=the_app)
    told = (await send("GET", "/metrics", the_app=the_app)).text
    assert "CANARY" not in told
    assert 'route="unmatched"' in told


@pytest.mark.parametrize("path", PATHS)
async def test_no_answer_is_kept_framed_or_guessed_at(path: str) -> None:
    headers = (await send("GET", path)).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers


async def test_a_public_https_address_is_https_only() -> None:
    headers = (await send("GET", "/health/live", the_app=app(public_url="https://cds.example.org"))).headers
    assert headers["strict-transport-security"].startswith("max-age=")


async def test_readiness_says_whether_feedback_can_be_kept() -> None:
    for up, word in ((True, "up"), (False, "down")):

        async def store_up(up: bool = up) -> bool:  # noqa: FBT001 - what the port answers
            return up

        async with client(app(readiness=Readiness(store_up))) as caller:
            ready = await caller.get("/health/ready")
            assert (ready.status_code, ready.json()["store"]) == (200, word)


async def test_a_store_that_hangs_is_down_before_a_probe_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "_LONGEST_LOOK_S", 0.01)
    ready = await send("GET", "/health/ready", the_app=app(readiness=Readiness(asyncio.Event().wait)))
    assert (ready.status_code, ready.json()["store"]) == (200, "down")


async def test_readiness_says_whether_the_stores_trials_are_loaded() -> None:
    words: tuple[operations.StoredTrials, ...] = ("read", "not-read", "none")
    for word in words:
        ready = await send("GET", "/health/ready", the_app=app(readiness=Readiness(stored_trials=word)))
        assert (ready.json()["stored_trials"], ready.json()["trials"]) == (word, 2)


async def test_processes_that_answer_alike_tell_the_same_edition() -> None:
    one, same, other = app(), app(), app(plan=Plan.of(world.PLAN.trials[:1], world.PLAN.vocabulary))
    told = [(await send("GET", "/health/ready", the_app=each)).json()["edition"] for each in (one, same, other)]
    assert len(told[0]) == 12
    assert told[0] == told[1] != told[2]


async def test_a_process_that_is_about_to_end_is_not_ready_but_answers() -> None:
    drain = Drain()
    the_app = app(readiness=Readiness(drain=drain))
    assert (await send("GET", "/health/ready", the_app=the_app)).status_code == 200
    drain.begun = True
    assert "about to end" in diagnostics(await send("GET", "/health/ready", the_app=the_app), 503, "transient")
    assert (await send("GET", "/health/live", the_app=the_app)).status_code == 200
    assert (await post(HOOK, hook_body(prefetch()), the_app)).json()["cards"]


async def test_counts_are_read_with_the_monitorings_token_alone() -> None:
    open_to_callers = app(authentication="jwt")
    assert (await send("GET", "/metrics", the_app=open_to_callers)).status_code == 404
    the_app = app(authentication="jwt", metrics_token="monitoring-31415")
    async with client(the_app) as caller:
        for header in ({}, {"authorization": "Bearer other"}, {"authorization": "Basic monitoring-31415"}):
            refused = await caller.get("/metrics", headers=header)
            assert (refused.status_code, refused.content) == (401, b"")
        for kind in ("Bearer", "bearer"):
            told = await caller.get("/metrics", headers={"authorization": f"{kind} monitoring-31415"})
            assert told.status_code == 200
