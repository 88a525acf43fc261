"""The files: whole or not there, asked for where they may be, and every oddity told in the account."""

from __future__ import annotations

import hashlib
import json
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from cds.core.chart import Extent
from cds.errors import BadCall, ExportFailed, ExportGone, RunStopped, Unreachable
from cds.network import GuardedTransport
from cds.population.bulk.account import ACCOUNT, JOURNAL, Issue, read_account
from tests.population.bulk.server import (
    BASE,
    MOMENT,
    STATUS,
    Run,
    Server,
    Stream,
    contents,
    ndjson,
    outcome,
    said,
    small,
)

pytestmark = pytest.mark.anyio
FILE = f"{BASE}/files/0"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def server() -> Server:
    return small()


@pytest.fixture
def run(server: Server, tmp_path: Path) -> Run:
    return Run(server, tmp_path / "out")


async def test_an_export_comes_whole_with_its_account(run: Run, server: Server) -> None:
    account = await run()
    there = contents(run.path)
    assert list(there) == ["Condition.000.ndjson", "Condition.001.ndjson", "Patient.000.ndjson", ACCOUNT]
    assert there["Condition.000.ndjson"] == ndjson("Condition", 3)
    assert read_account(run.path) == account
    kept = account.files[1]
    assert (kept.name, kept.type, kept.lines, kept.expected) == ("Condition.000.ndjson", "Condition", 3, 3)
    assert kept.sha256 == hashlib.sha256(ndjson("Condition", 3)).hexdigest()
    assert (account.complete, account.transaction_time, account.without_entries) == (True, MOMENT, ("Observation",))
    assert run.seen.done[-1] == (3, 3)
    assert max(server.times(each["url"]) for each in server.output) == 1


async def test_patient_data_is_its_owner_s_alone(run: Run) -> None:
    run.path.mkdir(mode=0o755)
    await run()
    assert stat.S_IMODE(run.path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in run.path.iterdir()} == {0o600}


async def test_files_come_packed_or_not(run: Run, server: Server) -> None:
    server.packed = True
    account = await run()
    assert server.asked[2].headers["accept-encoding"] == "gzip"
    assert contents(run.path)["Condition.000.ndjson"] == ndjson("Condition", 3)
    assert account.complete


@pytest.mark.parametrize("damage", ["cut-packing", "no-packing"])
async def test_a_packing_that_is_cut_or_none_is_fetched_again(run: Run, server: Server, damage: str) -> None:
    server.packed = True
    whole = server._file(server.files[FILE]).stream  # noqa: SLF001 - as it would be sent
    assert isinstance(whole, Stream)
    bad = whole.content[:-9] if damage == "cut-packing" else b"not gzip"
    server.given[FILE] = [said(200, bad, content_encoding="gzip")]
    assert (await run()).complete
    assert server.times(FILE) == 2


async def test_unknown_packings_are_refused(run: Run, server: Server) -> None:
    server.given[FILE] = [said(200, b"x", content_encoding="br")]
    with pytest.raises(ExportFailed, match="packed"):
        await run()


async def test_a_file_that_breaks_off_is_begun_again(run: Run, server: Server) -> None:
    server.files[FILE] = ndjson("Patient", 200)
    server.given[FILE] = [httpx.Response(200, stream=Stream(server.files[FILE], cut=3000)), said(502), said(500)]
    account = await run()
    assert account.complete
    assert contents(run.path)["Patient.000.ndjson"] == ndjson("Patient", 200)
    assert len(run.clock.waits) == 3


async def test_a_file_that_always_breaks_off_leaves_nothing_under_its_name(run: Run, server: Server) -> None:
    server.given[FILE] = [httpx.Response(200, stream=Stream(ndjson("Patient", 99), cut=50)) for _ in range(20)]
    with pytest.raises(Unreachable, match="run the same command again"):
        await run()
    assert server.times(FILE) == 6
    assert not {"Patient.000.ndjson", "Patient.000.ndjson.part", ACCOUNT} & set(contents(run.path))
    server.given = {}
    assert (await Run(server, run.path)()).complete


async def test_a_server_that_is_asked_too_much_holds_everybody_back(run: Run, server: Server) -> None:
    server.given[FILE] = [said(429, retry_after="45") for _ in range(9)]
    run.at_once = 1
    assert (await run()).complete
    assert run.clock.waits == [45] * 9


@pytest.mark.parametrize("count", [1, 3])
async def test_another_number_of_entries_than_announced_is_told(run: Run, server: Server, count: int) -> None:
    server.output[0]["count"] = count
    account = await run()
    assert server.times(FILE) == 2
    assert (account.files[0].lines, account.files[0].expected) == (2, count)
    assert [account.extent(each) for each in ("Patient", "Condition")] == [Extent.PARTIAL, Extent.COMPLETE]
    assert not account.complete


async def test_a_file_that_ends_within_a_line_is_told(run: Run, server: Server) -> None:
    server.files[FILE] = ndjson("Patient", 2)[:-8]
    account = await run()
    assert (account.files[0].whole, account.files[0].lines) == (False, 2)
    assert account.extent("Patient") is Extent.PARTIAL


@pytest.mark.parametrize(
    "content",
    [
        b"<html>\n<p>please sign in\n",
        b'{"resourceType": "Binary", "data": "eyJyZXNvdXJjZVR5cGUiOiAiUGF0aWVudCJ9"}',
        b"{}\n",
    ],
)
async def test_something_else_than_entries_is_no_whole_file(run: Run, server: Server, content: bytes) -> None:
    server.files[FILE] = content
    account = await run()
    assert (account.files[0].whole, account.extent("Patient")) == (False, Extent.PARTIAL)
    assert server.times(FILE) == 2


async def test_an_empty_file_is_whole(run: Run, server: Server) -> None:
    server.files[FILE] = b"\n"
    account = await run()
    assert (account.files[0].lines, account.extent("Patient")) == (0, Extent.COMPLETE)


async def test_a_last_line_without_a_break_is_a_line(run: Run, server: Server) -> None:
    server.files[FILE] = b"\n \n" + ndjson("Patient", 2)[:-1]
    account = await run()
    assert (account.files[0].whole, account.files[0].lines, account.complete) == (True, 2, True)


# --------------------------------------------------------------------------------------------------------- whose links
@pytest.mark.parametrize(
    ("needs_token", "trusted", "shown"),
    [(False, (), None), (True, ("https://files.example.org",), "Bearer secret-1"), (True, (), None)],
)
async def test_the_token_goes_only_where_it_may(
    run: Run,
    server: Server,
    needs_token: bool,  # noqa: FBT001 - a case
    trusted: tuple[str, ...],
    shown: str | None,
) -> None:
    url = server.holds("Observation", ndjson("Observation", 1), "https://files.example.org/o?sig=abc")
    server.more, run.trusted = {"requiresAccessToken": needs_token}, trusted
    await run()
    assert server.shown(url) == [shown]
    assert server.shown(FILE) == ["Bearer secret-1" if needs_token else None]


async def test_a_redirect_is_followed_without_the_token(run: Run, server: Server) -> None:
    server.files["https://bucket.example.org/p"] = server.files[FILE]
    server.given[FILE] = [said(307, location="https://bucket.example.org/p")]
    assert (await run()).complete
    assert (server.shown(FILE), server.shown("https://bucket.example.org/p")) == (["Bearer secret-1"], [None])


async def test_a_file_that_points_on_and_on_is_refused(run: Run, server: Server) -> None:
    server.given[FILE] = [said(302, location=FILE) for _ in range(9)]
    with pytest.raises(ExportFailed, match="on and on"):
        await run()


@pytest.mark.parametrize("how", ["link", "redirect"])
async def test_nothing_is_fetched_in_the_clear(run: Run, server: Server, how: str) -> None:
    if how == "link":
        server.holds("Observation", b"", "http://files.example.org/o")
    else:
        server.given[FILE] = [said(302, location="http://files.example.org/o")]
    with pytest.raises(ExportFailed, match="in the clear"):
        await run()
    assert not any("files.example.org" in each for each in server.urls())


async def test_links_into_private_networks_are_not_followed(run: Run, server: Server) -> None:
    server.holds("Observation", b"{}\n", "https://inside.example.org/o")

    async def look_up(host: str, port: int) -> list[str]:
        return ["10.1.2.3" if host.startswith("inside") else f"93.184.216.{port % 200}"]

    async def pass_on(request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(host=request.headers["host"])
        return server(request)

    run.transport = GuardedTransport(look_up=look_up, inner=lambda: httpx.MockTransport(pass_on))
    with pytest.raises(ExportFailed, match="CDS_PRIVATE_NETWORKS"):
        await run()


async def test_relative_links_are_taken_from_where_the_manifest_lies(run: Run, server: Server) -> None:
    server.output[0]["url"] = "../files/0"
    assert (await run()).complete


async def test_doubles_are_fetched_once(run: Run, server: Server) -> None:
    server.output.append(dict(server.output[0]))
    account = await run()
    assert (server.times(FILE), len(account.files), account.doubles) == (1, 3, 1)


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "Patient/../..", "Encounter", "", None, 7, "\x1b[2Jx"])
async def test_types_that_nobody_asked_for_become_no_files(run: Run, server: Server, name: object) -> None:
    url = server.holds("", b"{}\n")
    server.output[-1]["type"] = name
    account = await run()
    assert (len(account.files), server.times(url)) == (3, 0)
    assert account.unasked == {"Encounter" if name == "Encounter" else "(other)": 1}
    assert len(contents(run.path)) == 4
    assert [each.name for each in run.path.parent.iterdir()] == ["out"]


async def test_links_that_are_good_no_more_are_had_anew(run: Run, server: Server) -> None:
    server.files = {f"{url}?sig=2": content for url, content in server.files.items()}
    before, after = server.manifest(), server.manifest()
    before["output"] = [{**each, "url": f"{each['url']}?sig=1"} for each in server.output]
    after["output"] = [{**each, "url": f"{each['url']}?sig=2"} for each in server.output]
    server.statuses = [said(200, before), said(200, after)]
    account = await run()
    assert account.complete
    assert contents(run.path)["Condition.001.ndjson"] == ndjson("Condition", 1, first=3)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_links_that_stay_bad_are_the_end(run: Run, server: Server, status: int) -> None:
    server.given[FILE] = [said(status) for _ in range(9)]
    with pytest.raises(ExportGone, match="--anew"):
        await run()
    assert server.times(FILE) == 2
    assert JOURNAL in contents(run.path)


async def test_links_of_another_export_are_not_taken_for_those_of_this(run: Run, server: Server) -> None:
    server.given[FILE] = [said(410)]
    server.statuses = [
        said(200, server.manifest()),
        said(200, {**server.manifest(), "transactionTime": f"{MOMENT[:-5]}Z"}),
    ]
    with pytest.raises(ExportGone):
        await run()


# ------------------------------------------------------------------------------------------------------ partial failure
async def test_faults_that_the_server_tells_are_counted_and_their_words_kept_by_nobody(
    run: Run, server: Server
) -> None:
    lines = [outcome(("error", "processing"), ("warning", "not-supported")), outcome(("error", "processing"))]
    text = "".join(f"{json.dumps(each)}\n" for each in lines) + '{"resourceType": "Patient"}\nno json\n'
    server.files[f"{BASE}/errors/1"] = text.encode()
    server.errors = [{"type": "OperationOutcome", "url": f"{BASE}/errors/1"}]
    account = await run()
    assert account.issues == (
        Issue(severity="error", code="processing", count=2),
        Issue(severity="warning", code="not-supported", count=1),
    )
    assert (account.unread_errors, account.faults, account.complete) == (2, 4, False)
    assert [account.extent(each) for each in ("Patient", "Observation")] == [Extent.PARTIAL, Extent.PARTIAL]
    assert not any(b"Planted" in each for each in contents(run.path).values())
    assert list(contents(run.path)) == ["Condition.000.ndjson", "Condition.001.ndjson", "Patient.000.ndjson", ACCOUNT]


async def test_warnings_alone_leave_it_complete(run: Run, server: Server) -> None:
    server.files[f"{BASE}/errors/1"] = json.dumps(outcome(("information", "informational"))).encode()
    server.errors = [{"type": "OperationOutcome", "url": f"{BASE}/errors/1"}]
    account = await run()
    assert (account.complete, account.extent("Observation")) == (True, Extent.COMPLETE)


async def test_what_was_deleted_is_kept_apart(run: Run, server: Server) -> None:
    server.files[f"{BASE}/deleted/1"] = b'{"resourceType": "Bundle"}\n'
    server.deleted = [{"type": "../Bundle", "url": f"{BASE}/deleted/1"}]
    account = await run()
    assert [(each.name, each.type) for each in account.deleted] == [("deleted-000.bundles", "Bundle")]
    assert contents(run.path)["deleted-000.bundles"] == b'{"resourceType": "Bundle"}\n'


# ----------------------------------------------------------------------------------------------------------- full disk
@contextmanager
def little_room(limit: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_full_disk_leaves_no_half_file_and_the_run_goes_on_later(run: Run, server: Server) -> None:
    server.files[f"{BASE}/files/1"] = ndjson("Condition", 3000)
    server.output[1].pop("count")
    with little_room(20_000), pytest.raises(RunStopped, match=r"out: the disk is full"):
        await run()
    there = contents(run.path)
    assert not {"Condition.000.ndjson", "Condition.000.ndjson.part", ACCOUNT} & set(there)
    account = await Run(server, run.path)()
    assert account.complete
    assert (server.times(FILE), server.times(STATUS)) == (1, 2)
    assert not server.urls("DELETE")[1:]


async def test_a_folder_that_cannot_be_written_to_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BadCall, match=r"^file: cannot be written to$"):
        await Run(server, tmp_path / "file")()
