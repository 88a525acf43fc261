"""The audit line of each call: what stands in it, that it is there before the answer, and what a bad disk does."""

import json
import logging
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from cds import __version__
from cds.api.audit import Appended, Audit, Lines, Outcome, StandardError, audit_lines, named_in
from cds.api.build import build
from cds.api.guard import Guard
from cds.app import create_app
from cds.core.plan import Plan
from cds.errors import BadSetting, NotAuthenticated, Overloaded, TooManyCalls
from cds.hooks.callers.caller import ANONYMOUS, Caller
from cds.memory import Memory
from cds.metrics import Metrics
from cds.settings import Settings
from cds.store.store import Store
from cds.trials.editions import Editions, edition_of
from tests.api.calls import HOOK, ORIGIN, post, send
from tests.core.builders import VOCABULARY
from tests.service import world
from tests.service.world import SERVER, ScriptedRecords, hook_body, prefetch
from tests.shipped import read_once

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
ASSESS = "/api/assessments"


class Kept:
    """Keeps lines in memory; a head comes first, as everywhere."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.problem: OSError | None = None

    def append(self, line: bytes, head: Callable[[], bytes]) -> None:
        """Keep a line, or fail."""
        if self.problem is not None:
            raise self.problem
        if not self.written:
            self.written.append(head())
        self.written += [line] if line else []

    @property
    def lines(self) -> list[Json]:
        """The lines of calls."""
        return [json.loads(each) for each in self.written[1:]]


def app(lines: Lines, *, door: Any = world.DOOR, records: object = None, **chosen: Any) -> FastAPI:  # noqa: ANN401 - ports
    settings = Settings(authentication="off", allow_origins=(ORIGIN,), max_body_bytes=100_000)
    service = world.service(records, **chosen)
    return build(service, settings, {}, door=door, audit=lines, tables="f" * 64)


async def line_of(path: str, body: object, **given: Any) -> Json:  # noqa: ANN401 - ports
    kept = Kept()
    await post(path, body, app(kept, **given))
    (line,) = kept.lines
    return line


async def test_a_line_says_who_called_what_was_told_and_by_which_rules() -> None:
    kept = Kept()
    answer = await post(HOOK, hook_body(prefetch()), app(kept))
    assert kept.lines == [
        {
            "logger": "cds.audit",
            "time": "2026-06-15T09:00:00.000+00:00",
            "event": "call",
            "call_id": answer.headers["x-call-id"],
            "caller": "anonymous",
            "route": HOOK,
            "status": 200,
            "outcome": "trials-told",
            "software": __version__,
            "tables": "f" * 16,
            "definitions": Editions(world.PLAN.trials, "").definitions[:16],
            "every": False,
            "trials": [{"nctId": "NCT00000001", "version": "1", "sha256": edition_of(world.NEC).sha256[:16]}],
        }
    ]


async def test_the_first_line_tells_every_loaded_definition() -> None:
    kept, draft = Kept(), replace(world.LUNG, draft=True)
    app(kept, plan=Plan.of((world.NEC, draft), VOCABULARY))
    (head,) = map(json.loads, kept.written)
    assert (head["event"], head["software"], head["tables"]) == ("loaded", __version__, "f" * 16)
    assert head["trials"] == [
        {"nctId": "NCT00000001", "version": "1", "sha256": edition_of(world.NEC).sha256[:16]},
        {"nctId": "NCT00000002", "version": "", "sha256": edition_of(draft).sha256[:16], "draft": True},
    ]


async def test_a_card_of_several_trials_tells_each_that_it_names() -> None:
    plan = world.twins(6)
    line = await line_of(HOOK, hook_body(prefetch()), plan=plan)
    assert [each["nctId"] for each in line["trials"]] == [f"NCT9000{number:04d}" for number in range(6)]
    assert line["every"] is False


async def test_an_assessment_tells_every_trial_or_those_that_were_asked_for() -> None:
    chart = world.collection(world.patient(), world.CANCER)
    line = await line_of(ASSESS, chart)
    assert (line["route"], line["outcome"], line["every"], len(line["trials"])) == (ASSESS, "trials-told", False, 2)
    for count, every in ((49, False), (50, True)):
        line = await line_of(ASSESS, chart, plan=world.twins(count))
        assert (line["every"], len(line["trials"])) == (every, 0 if every else count + 1)
    most = {"bundle": chart, "trials": [f"NCT9000{number:04d}" for number in range(59)]}
    line = await line_of(ASSESS, most, plan=world.twins(60))
    assert (line["every"], len(line["trials"])) == (False, 59)
    asked = await line_of(ASSESS, {"bundle": chart, "trials": ["NCT00000002"]})
    assert (asked["every"], [each["nctId"] for each in asked["trials"]]) == (False, ["NCT00000002"])


async def test_a_matching_call_tells_its_matches() -> None:
    chart = world.collection(world.patient(), world.CANCER, {"resourceType": "Parameters", "parameter": []})
    kept = Kept()
    answer = await post("/getClinicalTrial", chart, app(kept))
    (line,) = kept.lines
    assert (answer.status_code, line["route"], line["outcome"]) == (200, "/getClinicalTrial", "trials-told")
    assert [each["nctId"] for each in line["trials"]] == ["NCT00000001"]


async def test_calls_that_send_nothing_have_no_line() -> None:
    kept = Kept()
    the_app = app(kept)
    for path in ("/cds-services", "/api/trials", "/api/about", "/health/live", "/metrics", "/nowhere"):
        await send("GET", path, the_app=the_app)
    assert kept.lines == []


# ------------------------------------------------------------------------------------------------------------ outcomes
class Shut:
    """A door at which every call ends in one way."""

    def __init__(self, problem: Exception) -> None:
        self._problem = problem

    async def caller(self, header: str | None, address: str) -> Caller:
        """Let nobody in."""
        del header, address
        raise self._problem


DEAD = hook_body(prefetch(patient=world.patient(deceasedBoolean=True)))
ENDS: dict[str, tuple[Outcome, int, str, object, Json]] = {
    "nothing to tell": (Outcome.NONE_TOLD, 200, HOOK, DEAD, {}),
    "silent": (Outcome.KEPT_BACK, 200, HOOK, hook_body(prefetch()), {"silent": True}),
    "malformed": (Outcome.BAD, 400, HOOK, b"{", {}),
    "too large": (Outcome.BAD, 413, HOOK, b" " * 200_000, {}),
    "no patient": (Outcome.BAD, 412, HOOK, hook_body({}), {}),
    "no such trial": (Outcome.BAD, 404, ASSESS, {"bundle": world.collection(world.patient()), "trials": ["x"]}, {}),
    "a stranger": (Outcome.REFUSED, 401, HOOK, hook_body(), {"door": Shut(NotAuthenticated("no-token"))}),
    "too often": (Outcome.BUSY, 429, HOOK, hook_body(), {"door": Shut(TooManyCalls(1))}),
    "no room": (Outcome.BUSY, 503, HOOK, hook_body(), {"door": Shut(Overloaded("full"))}),
    "our fault": (
        Outcome.FAILED,
        500,
        HOOK,
        hook_body({}, fhirServer=SERVER),
        {"records": ScriptedRecords(problem=RuntimeError("x"))},
    ),
    "nowhere": (Outcome.BAD, 404, "/CANARY", {}, {}),
}


@pytest.mark.parametrize("name", ENDS)
async def test_what_became_of_a_call_is_one_word(name: str) -> None:
    outcome, status, path, body, given = ENDS[name]
    line = await line_of(path, body, **given)
    assert (line["outcome"], line["status"], line["trials"], line["every"]) == (outcome.value, status, [], False)
    known = path in {HOOK, ASSESS} and "door" not in given
    assert line["route"] == (path if known else "unmatched")
    assert line["caller"] == ("nobody" if "door" in given else "anonymous")


async def test_feedback_is_taken() -> None:
    memory = Memory(Store.open("sqlite://"), patience_s=5)
    body = {"feedback": [{"card": "x", "outcome": "overridden", "outcomeTimestamp": "2026-06-15T09:30:00Z"}]}
    line = await line_of(HOOK + "/feedback", body, memory=memory)
    assert (line["outcome"], line["route"], line["trials"]) == ("taken", HOOK + "/feedback", [])


async def guarded(audit: Audit, send_it: Any, inner: Any) -> None:  # noqa: ANN401 - ASGI
    guard = Guard(inner, world.CountingIds(), Metrics("1", 0), audit=audit)
    scope: Json = {"type": "http", "method": "POST", "path": "/", "headers": []}
    await guard(scope, None, send_it)  # type: ignore[arg-type] # nothing is received


async def test_a_caller_that_left_has_a_line() -> None:
    class Left(BaseException):
        """As a cancelled task ends."""

    async def inner(*_: object) -> None:
        raise Left

    async def send_it(_: object) -> None:
        """Never called."""

    kept = Kept()
    with pytest.raises(Left):
        await guarded(Audit.started(kept, Editions((), "1"), world.FixedClock().now), send_it, inner)
    (line,) = kept.lines
    assert (line["outcome"], line["status"]) == ("gone", 0)


async def test_the_line_is_written_before_the_answer_leaves() -> None:
    kept, seen = Kept(), []

    async def inner(_: object, __: object, send_on: Any) -> None:  # noqa: ANN401 - ASGI
        await send_on({"type": "http.response.start", "status": 200, "headers": []})
        await send_on({"type": "http.response.body", "body": b""})

    async def send_it(_: object) -> None:
        seen.append(len(kept.lines))

    await guarded(Audit.started(kept, Editions((), "1"), world.FixedClock().now), send_it, inner)
    assert seen == [1, 1]


def test_every_outcome_is_tried() -> None:
    others = {Outcome.TOLD, Outcome.TAKEN, Outcome.GONE}
    assert {each[0] for each in ENDS.values()} | others == set(Outcome)


def test_only_whole_numbers_are_named() -> None:
    assert named_in("NCT00000001, see NCT00000002x; NCT123, nct00000003") == {"NCT00000001", "NCT00000002"}


def test_a_number_that_is_not_loaded_is_not_written() -> None:
    """A card shows words of the chart, which may speak of other trials."""
    kept = Kept()
    audit = Audit.started(kept, Editions((world.NEC, world.LUNG), "1"), world.FixedClock().now)
    state: Json = {"counts": {}, "trials_told": named_in("NCT00000001 after NCT77777777")}
    assert audit.call("x", {"method": "POST", "state": state}, 200) is True
    assert [each["nctId"] for each in kept.lines[0]["trials"]] == ["NCT00000001"]
    state["trials_told"] = named_in("NCT77777777")
    audit.call("x", {"method": "POST", "state": state}, 200)
    assert (kept.lines[1]["outcome"], kept.lines[1]["trials"]) == ("no-trial-told", [])


# ------------------------------------------------------------------------------------------------------ disks that fail
def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.__dict__["fields"]["state"] for each in caplog.records if each.msg == "audit"]


async def test_a_disk_that_fails_keeps_no_answer_back_is_counted_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "cds")
    kept = Kept()
    the_app = app(kept)
    kept.problem = OSError(28, "No space left on device")
    for _ in range(3):
        answer = await post(HOOK, hook_body(prefetch()), the_app)
        assert (answer.status_code, len(answer.json()["cards"])) == (200, 1)
    assert told(caplog) == ["cannot-be-written"]
    assert "trialcards_calls_unaudited_total 3.0" in (await send("GET", "/metrics", the_app=the_app)).text
    kept.problem = None
    for _ in range(2):
        await post(HOOK, hook_body(prefetch()), the_app)
    assert told(caplog) == ["cannot-be-written", "written-again"]
    assert len(kept.lines) == 2
    assert "trialcards_calls_unaudited_total 3.0" in (await send("GET", "/metrics", the_app=the_app)).text


@pytest.mark.parametrize("place", ["/dev/full", ".", "missing/audit.jsonl"])
def test_a_file_that_cannot_be_written_stops_the_start(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadSetting, match=r"^CDS_AUDIT_LOG: cannot be written: [a-z ]+$"):
        app(Appended(Path(place)))


# ----------------------------------------------------------------------------------------------------------- the file
def head() -> bytes:
    return b'{"event":"loaded"}\n'


def events(path: Path) -> list[str]:
    return [json.loads(line)["event"] for line in path.read_text("utf-8").splitlines()]


def test_a_new_file_is_its_owner_s_alone_and_an_old_one_stays_as_it_is(tmp_path: Path) -> None:
    new, old = tmp_path / "new.jsonl", tmp_path / "old.jsonl"
    Appended(new).append(b"", head)
    assert stat.S_IMODE(new.stat().st_mode) == 0o600
    old.write_text('{"event":"older"}\n', "utf-8")
    old.chmod(0o640)
    Appended(old).append(b"", head)
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert events(old) == ["older", "loaded"]


def test_a_file_that_was_moved_away_is_made_anew_with_its_head(tmp_path: Path) -> None:
    path, moved = tmp_path / "audit.jsonl", tmp_path / "audit.jsonl.1"
    lines = Appended(path)
    for event in ("a", "b"):
        lines.append(f'{{"event":"{event}"}}\n'.encode(), head)
    path.rename(moved)
    lines.append(b'{"event":"c"}\n', head)
    path.unlink()
    lines.append(b'{"event":"d"}\n', head)
    lines.close()
    lines.append(b'{"event":"e"}\n', head)
    lines.close()
    assert events(moved) == ["loaded", "a", "b"]
    assert events(path) == ["loaded", "d", "e"]


@contextmanager
def room_for(more: int, path: Path) -> Iterator[None]:
    """Let no file grow beyond what this one is, and a little."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_torn_line_tears_no_other(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    lines = Appended(path)
    lines.append(b'{"event":"a"}\n', head)
    with room_for(5, path), pytest.raises(OSError, match="could not be written whole"):
        lines.append(b'{"event":"torn"}\n', head)
    with room_for(0, path), pytest.raises(OSError, match="large"):
        lines.append(b'{"event":"lost"}\n', head)
    lines.append(b'{"event":"b"}\n', head)
    lines.append(b'{"event":"c"}\n', head)
    with room_for(5, path), pytest.raises(OSError, match="could not be written whole"):
        lines.append(b'{"event":"torn"}\n', head)
    moved = path.rename(tmp_path / "audit.jsonl.1")
    lines.append(b'{"event":"d"}\n', head)
    lines.close()
    assert events(path) == ["loaded", "d"]
    written = moved.read_text("utf-8").splitlines()
    assert written == ['{"event":"loaded"}', '{"event":"a"}', '{"eve', '{"event":"b"}', '{"event":"c"}', '{"eve']


WRITER = """
import json, pathlib, sys
from cds.api.audit import Appended
lines = Appended(pathlib.Path(sys.argv[1]))
for number in range(300):
    line = json.dumps({"event": f"{sys.argv[2]}{number}", "pad": "x" * 3000}).encode()
    lines.append(line + b"\\n", lambda: b'{"event":"loaded"}\\n')
"""


def test_several_processes_share_a_file_and_no_line_is_lost_or_torn(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    every = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name]) for name in "ab"]
    assert [each.wait() for each in every] == [0, 0]
    found = events(path)
    assert found.count("loaded") == 2
    for name in "ab":
        assert [each for each in found if each.startswith(name)] == [f"{name}{number}" for number in range(300)]


def test_a_pipe_gets_its_head_once(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    lines = Appended(path)
    lines.append(b'{"event":"a"}\n', head)
    lines.append(b'{"event":"b"}\n', head)
    lines.close()
    assert os.read(reading, 1000) == head() + b'{"event":"a"}\n{"event":"b"}\n'
    os.close(reading)


def test_an_emptied_file_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    lines = Appended(path)
    lines.append(b'{"event":"a"}\n', head)
    path.write_text("", "utf-8")
    lines.append(b'{"event":"b"}\n', head)
    lines.close()
    assert events(path) == ["loaded", "b"]


def test_the_setting_says_where_lines_go(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit_lines(None) is None
    assert isinstance(audit_lines(tmp_path / "x"), Appended)
    lines = audit_lines(Path("-"))
    assert isinstance(lines, StandardError)
    lines.append(b"", head)
    lines.append(b'{"event":"a"}\n', head)
    assert capsys.readouterr().err == '{"event":"loaded"}\n{"event":"a"}\n'


async def test_the_application_writes_what_it_loaded_and_every_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_once(monkeypatch)
    path = tmp_path / "audit.jsonl"
    chosen = Settings(authentication="off", store_url="sqlite://", audit_log=path, allow_origins=(ORIGIN,))
    the_app = create_app(chosen)
    await post(HOOK, b"{", the_app)
    loaded, call = map(json.loads, path.read_text("utf-8").splitlines())
    assert (loaded["event"], len(loaded["trials"])) == ("loaded", 13)
    assert (call["outcome"], call["definitions"]) == ("bad-call", loaded["definitions"])
    about = (await send("GET", "/api/about", the_app=the_app)).json()
    assert len(call["tables"]) == 16
    assert about["software"]["tables"][:16] == call["tables"] == loaded["tables"]
    assert about["definitions"]["sha256"][:16] == call["definitions"]
    assert [each["sha256"][:16] for each in about["trials"]] == [each["sha256"] for each in loaded["trials"]]


def test_the_anonymous_caller_has_the_name_that_lines_give_it() -> None:
    assert ANONYMOUS.id == "anonymous"
