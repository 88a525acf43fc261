"""A run that was cut short goes on where it stopped; folders of others, and of other exports, are left alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from cds.errors import BadCall, ExportGone
from cds.population.bulk.account import ACCOUNT, JOURNAL, is_unfinished, read_account
from cds.population.bulk.folder import Folder
from tests.population.bulk.server import BASE, MOMENT, ORDER, STATUS, Run, Server, contents, ndjson, said, small

pytestmark = pytest.mark.anyio


class KilledError(BaseException):
    """The process ends here, whatever it was about to do."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def server() -> Server:
    return small()


def killed_at(server: Server, number: int) -> httpx.MockTransport:
    """A network that ends the process at the n-th request."""

    def answer(request: httpx.Request) -> httpx.Response:
        if len(server.asked) == number:
            server.asked.append(request)
            raise KilledError
        return server(request)

    return httpx.MockTransport(answer)


@pytest.mark.parametrize("at", range(1, 7))
async def test_wherever_it_is_killed_the_next_run_ends_in_the_same_files(
    server: Server, tmp_path: Path, at: int
) -> None:
    whole = await Run(server, tmp_path / "whole")()
    server.asked.clear()
    server.statuses = [said(202)]
    path = tmp_path / "out"
    with pytest.raises(KilledError):
        await Run(server, path, transport=killed_at(server, at), at_once=1)()
    assert is_unfinished(path) or ACCOUNT in contents(path)
    if at < 6:
        server.statuses = []
        assert await Run(server, path)() == whole
    assert {name: text for name, text in contents(path).items() if name != JOURNAL} == contents(tmp_path / "whole")
    assert sum("$export" in each for each in server.urls()) == 1
    assert all(server.times(each["url"]) <= 1 + (number + 3 == at) for number, each in enumerate(server.output))


async def test_the_journal_holds_no_token_and_is_its_owner_s_alone(server: Server, tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        await Run(server, tmp_path / "out", transport=killed_at(server, 4), at_once=1)()
    journal = tmp_path / "out" / JOURNAL
    assert b"secret" not in journal.read_bytes()
    assert journal.stat().st_mode & 0o077 == 0
    assert len(journal.read_bytes().splitlines()) == 3


async def test_a_last_line_that_was_cut_costs_one_file_and_nothing_else(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "out"
    with pytest.raises(KilledError):
        await Run(server, path, transport=killed_at(server, 4), at_once=1)()
    journal = path / JOURNAL
    journal.write_bytes(journal.read_bytes()[:-20])
    (path / "Condition.001.ndjson.part").write_bytes(b"half")
    with pytest.raises(KilledError):
        await Run(server, path, transport=killed_at(server, 7), at_once=1)()
    before = len(server.asked)
    assert (await Run(server, path)()).complete
    assert [str(each.url) for each in server.asked[before:]] == [STATUS, f"{BASE}/files/2", STATUS]
    assert not any(each.endswith(".part") for each in contents(path))


@pytest.mark.parametrize("change", ["size", "moment", "links"])
async def test_what_is_not_the_same_file_any_more_is_fetched_again(server: Server, tmp_path: Path, change: str) -> None:
    path = tmp_path / "out"
    with pytest.raises(KilledError):
        await Run(server, path, transport=killed_at(server, 4), at_once=1)()
    if change == "size":
        (path / "Condition.000.ndjson").write_bytes(b"{}\n")
    elif change == "moment":
        server.more = {"transactionTime": "2026-11-20T05:00:00Z"}
    else:
        first, second = server.output[1]["url"], server.output[2]["url"]
        server.output[1].update(url=second, count=1)
        server.output[2].update(url=first, count=3)
    before = server.times(server.output[1]["url"]) + server.times(f"{BASE}/files/0")
    account = await Run(server, path)()
    assert account.complete
    again = server.times(server.output[1]["url"]) + server.times(f"{BASE}/files/0") - before
    assert again == {"size": 1, "moment": 2, "links": 1}[change]
    last = ("Condition.000.ndjson", ndjson("Condition", 1, first=3) if change == "links" else ndjson("Condition", 3))
    assert contents(path)[last[0]] == last[1]


async def test_files_that_differ_by_their_query_alone_are_told_apart(tmp_path: Path) -> None:
    server, path = Server(), tmp_path / "out"
    for number in range(3):
        server.holds("Condition", ndjson("Condition", 1, first=number), f"{BASE}/file?id={number}")
    with pytest.raises(KilledError):
        await Run(server, path, transport=killed_at(server, 4), at_once=1)()
    server.output = [server.output[number] for number in (1, 0, 2)]
    account = await Run(server, path)()
    names = [f"Condition.00{number}.ndjson" for number in range(3)]
    assert [each.name for each in account.files] == names
    assert b"".join(sorted(contents(path)[name] for name in names)) == ndjson("Condition", 3)


async def test_the_token_is_not_shown_to_a_server_that_is_named_no_more(server: Server, tmp_path: Path) -> None:
    path, other = tmp_path / "out", "https://other.example.org/status"
    server.location = other
    server.given[other] = [said(202), said(200, server.manifest())]
    named = Run(server, path, trusted=("https://other.example.org",), transport=killed_at(server, 2))
    with pytest.raises(KilledError):
        await named()
    await Run(server, path)()
    assert server.shown(other) == ["Bearer secret-1", "Bearer secret-1", None, None]


async def test_an_export_that_the_server_forgot_is_told_and_begun_anew_when_asked(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "out"
    with pytest.raises(KilledError):
        await Run(server, path, transport=killed_at(server, 4))()
    server.statuses = [said(404)]
    with pytest.raises(ExportGone, match="--anew"):
        await Run(server, path)()
    assert (await Run(server, path, anew=True)()).complete
    assert sum("$export" in each for each in server.urls()) == 2


async def test_another_order_does_not_go_on_with_it(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "out"
    with pytest.raises(KilledError):
        await Run(server, path, transport=killed_at(server, 4))()
    with pytest.raises(BadCall, match="part of another export"):
        await Run(server, path)(replace(ORDER, since=MOMENT))


@pytest.mark.parametrize("journal", [b"{}", b"not json\n", b'{"form": 2}\n', b"\xff\n"])
async def test_a_journal_of_nobody_s_is_refused(server: Server, tmp_path: Path, journal: bytes) -> None:
    (tmp_path / JOURNAL).write_bytes(journal)
    with pytest.raises(BadCall, match="--anew"):
        await Run(server, tmp_path)()


async def test_folders_with_something_in_them_are_left_alone(server: Server, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    for anew in (False, True):
        with pytest.raises(BadCall, match="is not empty"):
            await Run(server, tmp_path, anew=anew)()
    assert (tmp_path / "thesis.txt").read_text() == "mine"
    done = Run(server, tmp_path / "out")
    await done()
    with pytest.raises(BadCall, match="holds a finished export"):
        await done()
    assert (await Run(server, tmp_path / "out", anew=True)()).complete


async def test_two_runs_do_not_share_a_folder(server: Server, tmp_path: Path) -> None:
    with Folder(tmp_path).opened(), pytest.raises(BadCall, match="another run"):
        await Run(server, tmp_path)()
    assert (await Run(server, tmp_path)()).complete


async def test_a_finished_folder_is_not_unfinished(server: Server, tmp_path: Path) -> None:
    await Run(server, tmp_path)()
    assert not is_unfinished(tmp_path)
    account = read_account(tmp_path)
    assert account is not None
    assert account.request.startswith(f"{BASE}/Patient/$export?")
