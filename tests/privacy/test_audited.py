"""Words of a patient, sent through every route and failure, turn up in no audit line; and nothing else of them does."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from cds.api.audit import Appended
from cds.api.build import build
from cds.hooks.callers.authenticate import Anyone
from cds.memory import Memory
from cds.settings import Settings
from cds.store.store import Store
from tests.api.calls import HOOK, ORIGIN, post
from tests.api.test_hooks import FAULTS
from tests.privacy.test_canaries import BAD_BODIES, ID, TOKEN, assert_clean, body, entry, log, person, sent
from tests.service import world
from tests.service.test_memory import OLD
from tests.service.world import ScriptedRecords

pytestmark = pytest.mark.anyio
__all__ = ["log"]
Json = dict[str, Any]
IN_A_CALL = {
    "logger",
    "time",
    "event",
    "call_id",
    "caller",
    "route",
    "status",
    "outcome",
    "software",
    "tables",
    "definitions",
    "every",
    "trials",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def application(path: Path, records: object = None, **chosen: Any) -> FastAPI:  # noqa: ANN401 - any part of a service
    settings = Settings(authentication="off", allow_origins=(ORIGIN,), max_body_bytes=1_000_000)
    service = world.service(records, deadline_s=0.3, **chosen)
    return build(service, settings, {}, door=Anyone(world.CALLER), audit=Appended(path))


def calls(path: Path) -> list[Json]:
    """Give the lines of calls, none of which holds a planted word or an element that is not told."""
    written = path.read_text("utf-8")
    assert_clean(written)
    found = [json.loads(line) for line in written.splitlines()]
    assert [each["event"] for each in found] == ["loaded", *("call" for _ in found[1:])]
    for each in found[1:]:
        assert set(each) == IN_A_CALL
        assert all(set(trial) <= {"nctId", "version", "sha256", "draft"} for trial in each["trials"])
    return found[1:]


async def test_a_good_call_writes_which_trials_and_nothing_of_the_patient(path: Path, log: io.StringIO) -> None:
    answer = await post(HOOK, body(sent()), application(path))
    assert answer.status_code == 200
    (line,) = calls(path)
    assert [each["nctId"] for each in line["trials"]] == ["NCT00000001", "NCT00000002"]
    assert_clean(log.getvalue())


async def test_assessments_and_feedback_write_nothing_of_the_patient(path: Path) -> None:
    the_app = application(path, memory=Memory(Store.open("sqlite://"), OLD, patience_s=5))
    chart = world.collection(person(), *(entry(each) for each in (world.CANCER, *world.RESULTS)))
    assert (await post("/api/assessments", {"bundle": chart, "trials": ["NCT00000001"]}, the_app)).status_code == 200
    assert (await post("/api/assessments", chart, the_app)).status_code == 200
    card = (await post(HOOK, body(sent()), the_app)).json()["cards"][0]["uuid"]
    said = {"card": card, "outcome": "overridden", "outcomeTimestamp": "2026-06-15T09:30:00Z"}
    said |= {"overrideReason": {"userComment": f"CANARY Moreau {ID}"}}
    assert (await post(HOOK + "/feedback", {"feedback": [said]}, the_app)).status_code == 200
    lines = calls(path)
    assert [each["outcome"] for each in lines] == ["trials-told", "trials-told", "trials-told", "taken"]
    assert card not in json.dumps(lines)


async def test_why_a_patient_is_told_nothing_is_not_written(path: Path) -> None:
    """That somebody has died is a fact about them; so is that they look at their own chart."""
    the_app = application(path)
    dead = {**person(), "deceasedBoolean": True}
    own = {"patientId": ID, "userId": f"Patient/{ID}", "encounterId": "CANARY"}
    for given in (body(sent() | {"patient": dead}), body(sent(), context=own)):
        answer = await post(HOOK, given, the_app)
        assert (answer.status_code, answer.json()["cards"]) == (200, [])
    died, looked = ({**each, "call_id": ""} for each in calls(path))
    assert died == looked
    assert died["outcome"] == "no-trial-told"


@pytest.mark.parametrize("name", [*FAULTS, "raise"])
async def test_a_failing_server_leaves_nothing_in_the_audit(name: str, path: Path, log: io.StringIO) -> None:
    records: object = world.FhirServer({"*": FAULTS.get(name, FAULTS["500"])}).records()
    if name == "raise":
        records = ScriptedRecords(problem=RuntimeError(f"CANARY {TOKEN} Patient/{ID}"))
    the_app = application(path, records)
    for request in (body({}), body({"patient": person()})):
        await post(HOOK, request, the_app)
    assert len(calls(path)) == 2
    assert_clean(log.getvalue())


@pytest.mark.parametrize("where", [HOOK, "/api/assessments", "/getClinicalTrial", "/CANARY-31415?patient=CANARY"])
async def test_a_refusal_leaves_nothing_in_the_audit(where: str, path: Path) -> None:
    the_app = application(path)
    for name in BAD_BODIES:
        await post(where, BAD_BODIES[name], the_app)
    lines = calls(path)
    assert len(lines) == len(BAD_BODIES)
    assert {each["outcome"] for each in lines} == {"bad-call"}
