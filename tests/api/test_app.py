"""The whole application out of settings, and the published contract."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from cds.app import StoppedClock, create_app, openapi_document
from cds.hooks.requests import HookRequest
from cds.settings import Settings
from tests.api.calls import HOOK
from tests.service import world
from tests.shipped import read_once

pytestmark = pytest.mark.anyio
GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def refs(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(refs, value.values()))
    return set().union(*map(refs, value)) if isinstance(value, list) else set()


def test_the_contract_is_whole() -> None:
    document = openapi_document()
    schemas = document["components"]["schemas"]
    assert {name.rpartition("/")[2] for name in refs(document)} <= set(schemas)
    assert {"HookRequest", "HookResponse", "Discovery", "AssessmentRequest", "AssessmentOut"} <= set(schemas)
    assert "HTTPValidationError" not in schemas
    assert json.dumps(document) == json.dumps(openapi_document())


def test_every_answer_in_the_contract_has_words_and_an_example() -> None:
    for path, methods in openapi_document()["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                place = (path, method, status)
                assert answer["description"], place
                if status == "401":
                    assert "content" not in answer, "who is not let in learns nothing"
                    continue
                (told,) = answer["content"].values()
                assert told["example"] is not None, place
                assert told.get("schema") or "text/plain" in answer["content"], place


def test_the_example_call_is_one_that_is_understood() -> None:
    operation: dict[str, Any] = openapi_document()["paths"][HOOK]["post"]
    HookRequest.model_validate(operation["requestBody"]["content"]["application/json"]["example"])


async def test_the_real_thing_starts_and_answers() -> None:
    app = create_app(Settings(authentication="off", store_url="sqlite://"), clock=world.FixedClock())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://testserver") as caller:
        services = (await caller.get("/cds-services")).json()["services"]
        answer = await caller.post(HOOK, json=world.hook_body({"patient": world.patient()}))
        ready = (await caller.get("/health/ready")).json()
    assert services[0]["prefetch"]["conditions"] == "Condition?patient={{context.patientId}}"
    assert ready["status"] == "ready"
    (card,) = answer.json()["cards"]
    assert "possible: what was read does not show whether they fit" in card["summary"]
    assert "the EHR did not send it" in card["detail"]


async def test_the_demo_plays_its_charts_day(monkeypatch: pytest.MonkeyPatch) -> None:
    read_once(monkeypatch)
    app = create_app(Settings(demo_charts=GOLDEN), ids=world.CountingIds(), records=world.ScriptedRecords())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://testserver") as caller:
        assert (await caller.get("/")).status_code == 200
        today = (await caller.get("/demo/charts")).json()["today"]
        told = await caller.post("/api/assessments", json=world.collection(world.patient()))
    assert told.json()["asOf"] == today


def test_a_stopped_clock_stands_on_its_day() -> None:
    zone = Settings.read({"CDS_TIME_ZONE": "Pacific/Kiritimati"}).time_zone
    now = StoppedClock(world.NOW.date(), zone).now()
    assert now.astimezone(zone).date() == world.NOW.date()
