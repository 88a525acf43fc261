"""Bulk exports of HAPI: what comes is what its patients have; resumed by the command, cancelled, refused.

HAPI asks for two minutes between two questions, whatever there is to export, and is ready within seconds: here nobody
waits for longer than one.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from cds.cli import main
from cds.cli.access import LongAccess
from cds.core.chart import Extent
from cds.errors import ExportFailed, ExportGone
from cds.fhir.backend.scopes import READ
from cds.population.bulk.account import ACCOUNT, Account, is_unfinished, read_account
from cds.population.bulk.asking import begin, end, ready
from cds.population.bulk.client import Client, Wanted
from cds.population.bulk.folder import Folder
from cds.population.bulk.order import Level, Order
from cds.population.bulk.waiting import Waiting
from cds.population.bulk.wire import Wire
from tests.golden.cases import case
from tests.live.hapi import Hapi
from tests.live.terminology import STORABLE

pytestmark = [pytest.mark.anyio, pytest.mark.live]
SLUGS = STORABLE[:3]
TYPES = tuple(each for each in READ if each != "Medication")


@dataclass
class Impatient:
    """The machine's time, of which no more than a second is waited at once; ``asked`` is what was to be waited."""

    asked: list[float] = field(default_factory=list)

    def now(self) -> dt.datetime:
        return dt.datetime.now(tz=dt.UTC)  # noqa: TID251 - dates of a real server

    def elapsed_s(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        await asyncio.sleep(min(seconds, 1.0))


class Unwatched:
    def waiting(self, progress: str, seconds: float) -> None:
        pass

    def fetching(self, done: int, total: int, taken_bytes: int) -> None:
        pass


class KilledError(BaseException):
    """The process ends here."""


@pytest.fixture(scope="module")
def group(charts: Hapi) -> str:
    """A Group of the first golden patients."""
    members = [{"entity": {"reference": f"Patient/{case(slug).patient_id}"}} for slug in SLUGS]
    made = {"resourceType": "Group", "id": "exported", "type": "person", "actual": True, "member": members}
    charts.put([made])
    return "exported"


@pytest.fixture
def export(charts: Hapi, tmp_path: Path) -> Callable[..., Account]:
    def exported(order: Order, folder: str = "out", time: Impatient | None = None) -> Account:
        async def run() -> Account:
            async with httpx.AsyncClient(trust_env=False) as http:
                wire = Wire(http, charts.base, LongAccess(charts.base))
                where = Folder(tmp_path / folder)
                waiting = Waiting(time or Impatient(), 600)
                with where.opened():
                    return await Client(wire, waiting, where, Unwatched()).export(Wanted(order))

        return asyncio.run(run())

    return exported


def lines(folder: Path) -> Counter[tuple[str, str]]:
    """Every entry of the files, by type and id."""
    read = (json.loads(line) for each in folder.glob("*.ndjson") for line in each.read_bytes().splitlines())
    return Counter((each["resourceType"], each["id"]) for each in read)


def test_the_patients_of_a_group_come_whole(
    charts: Hapi, group: str, export: Callable[..., Account], tmp_path: Path
) -> None:
    time = Impatient()
    account = export(Order(charts.base, TYPES, Level.GROUP, group), time=time)
    resources = [each for slug in SLUGS for each in case(slug).resources if each["resourceType"] in TYPES]
    assert lines(tmp_path / "out") == Counter((each["resourceType"], each["id"]) for each in resources)
    assert account.complete
    assert {account.extent(each) for each in TYPES} == {Extent.COMPLETE}
    assert read_account(tmp_path / "out") == account
    assert time.asked[0] == 120
    told = {each.type: each.lines for each in account.files}
    assert told == Counter(each["resourceType"] for each in resources)
    assert set(account.without_entries) == set(TYPES) - set(told)


def test_a_type_of_no_patient_is_refused_at_the_level_of_patients(charts: Hapi, export: Callable[..., Account]) -> None:
    account = export(Order(charts.base, ("Medication", "Patient")))
    assert (account.asked, account.refused, account.complete) == (("Patient",), ("Medication",), False)
    patients = charts.ask("Patient", _summary="count")["total"]
    assert sum(each.lines for each in account.files) == patients


def test_the_level_of_the_system_gives_what_is_of_no_patient(
    charts: Hapi, group: str, export: Callable[..., Account], tmp_path: Path
) -> None:
    account = export(Order(charts.base, ("Group", "Patient"), Level.SYSTEM))
    assert account.complete
    assert ("Group", group) in lines(tmp_path / "out")


def test_nothing_has_changed_since_now(charts: Hapi, group: str, export: Callable[..., Account]) -> None:
    """HAPI minds the moment at the levels of system and group; at that of all patients it gives everything again."""
    first = export(Order(charts.base, ("Condition", "Patient"), Level.GROUP, group))
    for level, named in ((Level.SYSTEM, ""), (Level.GROUP, group)):
        order = Order(charts.base, ("Condition", "Patient"), level, named, since=first.transaction_time)
        again = export(order, f"again-{level.value}")
        assert (again.files, again.complete, again.extent("Condition")) == ((), True, Extent.PARTIAL)


def test_a_type_that_hapi_does_not_know_begins_no_export(charts: Hapi, export: Callable[..., Account]) -> None:
    with pytest.raises(ExportFailed, match=r"^no export was begun: the FHIR server answered 400: processing$"):
        export(Order(charts.base, ("Patient", "Planet")))
    with pytest.raises(ExportFailed, match=r"no export here|answered 4"):
        export(Order(charts.base, ("Patient",), Level.GROUP, "nobody"), "nobody")


async def test_a_cancelled_export_is_known_no_more(charts: Hapi) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        wire, waiting = Wire(http, charts.base, LongAccess(charts.base)), Waiting(Impatient(), 60)
        accepted = await begin(Order(charts.base, ("Patient",)), wire, waiting, Unwatched())
        assert await end(accepted.status_url, wire)
        with pytest.raises(ExportGone):
            await ready(accepted.status_url, ("Patient",), wire, waiting, Unwatched())


def test_the_command_goes_on_with_what_was_begun(
    charts: Hapi, group: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    types = ("Condition", "Flag", "Patient")
    words = ["population", "export", charts.base, str(out), "--group", group, "--type", ",".join(types)]

    async def begun() -> None:
        async with httpx.AsyncClient(trust_env=False) as http:
            wire, folder = Wire(http, charts.base, LongAccess(charts.base)), Folder(out)
            order = Order(charts.base, types, Level.GROUP, group)

            class Killed(Impatient):
                async def sleep(self, seconds: float) -> None:
                    del seconds
                    raise KilledError

            with folder.opened():
                await Client(wire, Waiting(Killed(), 600), folder, Unwatched()).export(Wanted(order))

    with pytest.raises(KilledError):
        asyncio.run(begun())
    assert is_unfinished(out)
    time.sleep(5)  # so that the first question finds it ready, and nobody waits for two minutes
    assert main(words) == 0
    told = capsys.readouterr()
    conditions = sum(each["resourceType"] == "Condition" for slug in SLUGS for each in case(slug).resources)
    assert told.out.splitlines()[:3] == [
        f"Condition: {conditions} entries in 1 file",
        "Flag: no entries given",
        "Patient: 3 entries in 1 file",
    ]
    assert told.err == ""
    assert {each.name for each in out.iterdir()} == {"Condition.000.ndjson", "Patient.000.ndjson", ACCOUNT}
