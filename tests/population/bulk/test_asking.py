"""An export asked for and waited for: what is sent, how patiently, and which refusals are the end of it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from cds.errors import BadCall, ExportFailed, ExportGone, RecordsError, TooSlow, Unreachable
from cds.population.bulk.account import ACCOUNT, JOURNAL
from cds.population.bulk.order import Level, Order
from tests.population.bulk.server import BASE, MOMENT, ORDER, STATUS, Run, Server, contents, outcome, said, small

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def server() -> Server:
    return small()


@pytest.fixture
def run(server: Server, tmp_path: Path) -> Run:
    return Run(server, tmp_path / "out")


# ------------------------------------------------------------------------------------------------------- what is asked
async def test_the_request_is_as_the_guide_has_it(run: Run, server: Server) -> None:
    await run()
    first = server.asked[0]
    assert str(first.url) == (
        f"{BASE}/Patient/$export?_outputFormat=application/fhir%2Bndjson&_type=Condition,Observation,Patient"
    )
    assert (first.method, first.headers["accept"], first.headers["prefer"]) == (
        "GET",
        "application/fhir+json",
        "respond-async",
    )
    assert first.headers["authorization"] == "Bearer secret-1"


def test_levels_moments_and_filters_are_written_out() -> None:
    order = Order(BASE, ("Observation",), Level.GROUP, "g.1", "2026-11-01T00:00:00+01:00", ("Observation?code=a,b",))
    assert order.url == (
        f"{BASE}/Group/g.1/$export?_outputFormat=application/fhir%2Bndjson&_type=Observation"
        "&_since=2026-11-01T00%3A00%3A00%2B01%3A00&_typeFilter=Observation%3Fcode%3Da%2Cb"
    )
    assert replace(order, level=Level.SYSTEM, group="").endpoint == f"{BASE}/$export"


@pytest.mark.parametrize(
    "wrong",
    [
        {"types": ()},
        {"types": ("Patient", "../etc")},
        {"types": ("Patient\n",)},
        {"level": Level.GROUP},
        {"group": "g"},
        {"level": Level.GROUP, "group": "a/b"},
        {"since": "2026-11-01"},
        {"filters": ("Condition?code=x",)},
        {"filters": ("Patient",)},
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_not_asked(wrong: dict[str, object]) -> None:
    with pytest.raises(BadCall):
        replace(Order(BASE, ("Patient",)), **wrong)  # type: ignore[arg-type] # whatever a person may write


async def test_a_server_that_takes_no_get_is_asked_by_post(run: Run, server: Server) -> None:
    server.kick_offs = [said(405)]
    await run()
    posted = server.asked[1]
    assert (posted.method, str(posted.url)) == ("POST", f"{BASE}/Patient/$export")
    assert json.loads(posted.content)["parameter"][1] == {
        "name": "_type",
        "valueString": "Condition,Observation,Patient",
    }


async def test_a_type_of_no_patient_is_left_out_where_it_is_refused(run: Run, server: Server) -> None:
    order = replace(ORDER, types=("Condition", "Medication", "Patient"))
    server.kick_offs = [said(400, outcome(("error", "processing")))]
    account = await run(order)
    assert (account.asked, account.refused, account.complete) == (("Condition", "Patient"), ("Medication",), False)
    assert "Medication" not in server.urls()[1]


async def test_types_that_the_server_does_not_list_are_asked_for_all_the_same(run: Run, server: Server) -> None:
    account = await run(not_offered=("Observation", "Condition"))
    assert "Observation" in server.urls()[0]
    assert (account.asked, account.not_offered) == (("Condition", "Patient"), ("Observation",))


async def test_types_that_the_server_does_not_list_are_left_out_where_the_request_is_refused(
    run: Run, server: Server
) -> None:
    server.kick_offs = [said(400)]
    account = await run(not_offered=("Observation",))
    assert server.urls()[1].endswith("_type=Condition,Patient")
    assert (account.not_offered, account.refused) == (("Observation",), ())


async def test_types_that_are_not_granted_are_not_asked_for(run: Run, server: Server) -> None:
    account = await run(not_granted=("Observation",))
    assert (account.asked, account.not_granted) == (("Condition", "Patient"), ("Observation",))
    assert "Observation" not in server.urls()[0]
    with pytest.raises(ExportFailed, match="grants none"):
        await Run(server, run.path.parent / "other")(not_granted=ORDER.types)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (said(200, {}), "answered 200"),
        (said(400, outcome(("error", "processing"))), r"answered 400: processing$"),
        (said(401), "does not accept our authorisation"),
        (said(403), "does not let us"),
        (said(404), "no export here"),
        (said(302, location="https://elsewhere.example.org"), "points elsewhere"),
        (said(500, b"<html>Mrs. Planted</html>"), "answered 500$"),
        (said(202), "at another server, or nowhere"),
        (said(202, content_location="https://elsewhere.example.org/status"), "at another server, or nowhere"),
        (said(202, content_location="http://ehr.example.org/fhir/status"), "at another server, or nowhere"),
    ],
)
async def test_refusals_are_told_in_our_words(run: Run, server: Server, answer: httpx.Response, words: str) -> None:
    server.kick_offs = [answer, said(answer.status_code)]
    with pytest.raises(RecordsError, match=words) as told:
        await run()
    assert not {"Planted", "secret", "elsewhere.example"} & set(str(told.value).replace(".org", "").split())
    assert JOURNAL not in contents(run.path)


async def test_where_the_export_is_told_of_may_be_relative_or_at_a_named_server(run: Run, server: Server) -> None:
    server.location = "status/7"
    await run()
    assert server.times(STATUS) == 1
    other = Run(server, run.path.parent / "other", trusted=("https://files.example.org",))
    server.location = "https://files.example.org/status"
    server.given["https://files.example.org/status"] = [said(200, server.manifest())]
    await other()
    assert server.shown("https://files.example.org/status")[0] == "Bearer secret-1"


async def test_an_export_under_way_is_waited_for_as_long_as_the_server_says(run: Run, server: Server) -> None:
    server.kick_offs = [said(429, retry_after="600"), said(503, retry_after="30")]
    await run()
    assert run.clock.waits[:2] == [600, 30]


# ------------------------------------------------------------------------------------------------- how it is waited for
async def test_the_server_says_when_to_ask_again_in_seconds_or_by_a_date(run: Run, server: Server) -> None:
    dated = {"retry_after": "Fri, 20 Nov 2026 04:01:30 GMT", "date": "Fri, 20 Nov 2026 04:00:00 GMT"}
    server.statuses = [
        said(202, retry_after="120", x_progress="50% done"),
        said(202, **dated),
        said(429, retry_after="7"),
    ]
    await run()
    assert run.clock.waits == [120, 90, 7]
    assert run.seen.lines[0] == "50% done 120"


async def test_without_a_word_the_waits_grow_up_to_a_ceiling(run: Run, server: Server) -> None:
    server.statuses = [said(202) for _ in range(10)]
    await run()
    assert run.clock.waits == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


@pytest.mark.parametrize(("sent", "waits"), [("0", 0.5), ("999999", 3600), ("soon", 2), ("-5", 2), ("²", 2)])
async def test_odd_waits_are_bounded(run: Run, server: Server, sent: str, waits: float) -> None:
    server.statuses = [said(202, retry_after=sent)]
    run.patience_s = 1e6
    await run()
    assert run.clock.waits == [waits]


async def test_patience_has_an_end_and_the_same_command_goes_on(run: Run, server: Server) -> None:
    server.statuses = [said(202, retry_after="600") for _ in range(10)]
    run.patience_s = 1500
    with pytest.raises(TooSlow, match="run the same command again"):
        await run()
    assert sum(run.clock.waits) == 1200
    server.statuses = []
    account = await Run(server, run.path)()
    assert account.complete
    assert sum("$export" in each for each in server.urls()) == 1


async def test_passing_failures_are_lived_through(run: Run, server: Server) -> None:
    server.statuses = [
        said(503),
        httpx.ConnectError("down"),
        httpx.ReadTimeout("slow"),
        said(500, outcome(("error", "transient"))),
        said(202),
        said(502),
    ]
    assert (await run()).complete


async def test_an_answer_between_failures_begins_their_count_anew(run: Run, server: Server) -> None:
    server.statuses = [*(said(503) for _ in range(9)), said(202), *(said(503) for _ in range(9))]
    run.patience_s = 1e6
    assert (await run()).complete


async def test_passing_failures_without_end_are_the_end(run: Run, server: Server) -> None:
    server.statuses = [said(503) for _ in range(50)]
    run.patience_s = 1e6
    with pytest.raises(Unreachable, match="time and again"):
        await run()
    assert server.times(STATUS) == 11
    assert JOURNAL in contents(run.path)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (said(500, outcome(("fatal", "exception"))), ExportFailed, "the export failed: .* 500: exception"),
        (said(400, outcome(("error", "Planted"))), ExportFailed, "answered 400$"),
        (said(404), ExportGone, "--anew"),
        (said(410), ExportGone, "--anew"),
        (said(200, b"<html>"), ExportFailed, "no list of its files"),
        (said(200, {"output": []}), ExportFailed, "up to which moment"),
        (said(200, {"output": [{"type": "Patient"}], "transactionTime": MOMENT}), ExportFailed, "without an address"),
        (
            said(200, {"output": [{"type": "Patient", "url": "file:///etc/passwd"}], "transactionTime": MOMENT}),
            ExportFailed,
            "without an address",
        ),
        (
            said(200, {"output": [{"url": "https://me:secret@ehr.example.org/1"}], "transactionTime": MOMENT}),
            ExportFailed,
            "without an address",
        ),
    ],
)
async def test_an_export_that_fails_is_told(
    run: Run, server: Server, answer: httpx.Response, kind: type[Exception], words: str
) -> None:
    server.statuses = [answer]
    with pytest.raises(kind, match=words) as told:
        await run()
    assert "Planted" not in str(told.value)
    assert ACCOUNT not in contents(run.path)


async def test_a_token_that_has_ended_is_had_anew(run: Run, server: Server) -> None:
    server.statuses = [said(202), said(401)]
    await run()
    assert server.shown(STATUS)[:3] == ["Bearer secret-1", "Bearer secret-1", "Bearer secret-2"]


async def test_a_manifest_of_several_pages_is_read_to_its_end(run: Run, server: Server) -> None:
    page = {**server.manifest(), "output": server.output[2:], "link": []}
    server.given[f"{BASE}/status/7/2"] = [said(200, page)]
    server.more = {"link": [{"relation": "next", "url": f"{BASE}/status/7/2"}], "output": server.output[:2]}
    account = await run()
    assert [each.name for each in account.files] == [
        "Patient.000.ndjson",
        "Condition.000.ndjson",
        "Condition.001.ndjson",
    ]


async def test_a_manifest_that_goes_round_in_a_circle_is_refused(run: Run, server: Server) -> None:
    server.more = {"link": [{"relation": "next", "url": STATUS}]}
    with pytest.raises(ExportFailed, match="circle"):
        await run()


# --------------------------------------------------------------------------------------------------------- how it ends
async def test_the_server_is_told_that_the_export_can_be_deleted(run: Run, server: Server) -> None:
    await run()
    assert server.urls("DELETE") == [STATUS]
    assert server.asked[-1].method == "DELETE"
    kept = Run(server, run.path.parent / "kept", keep=True)
    await kept()
    assert server.urls("DELETE") == [STATUS]


async def test_a_server_that_deletes_nothing_changes_nothing(run: Run, server: Server) -> None:
    async def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE":
            raise httpx.ConnectError("down")
        return server(request)

    run.transport = httpx.MockTransport(answer)
    assert (await run()).complete
    assert JOURNAL not in contents(run.path)


@pytest.mark.parametrize("keep", [False, True])
async def test_who_stops_it_cancels_the_export(run: Run, server: Server, keep: bool) -> None:  # noqa: FBT001 - a case
    reached = asyncio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        if str(request.url).endswith("/files/2"):
            reached.set()
            await asyncio.sleep(60)
        return server(request)

    run.transport, run.keep = httpx.MockTransport(answer), keep
    task = asyncio.ensure_future(run())
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    left = set(contents(run.path))
    assert not any(each.endswith(".part") for each in left)
    assert (server.urls("DELETE"), JOURNAL in left) == (([], True) if keep else ([STATUS], False))
    assert left or not keep
