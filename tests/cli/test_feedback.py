"""``trialcards feedback report``: the counts of a store, as a table and as JSON."""

import asyncio
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cds.store.store import Store
from cds.store.values import GivenFeedback, ToldCard
from tests.cli.conftest import Ran

NOW = dt.datetime(2026, 6, 15, 9, 0, tzinfo=dt.UTC)


async def fill(store: Store) -> None:
    cards = [ToldCard(f"card-{number}", "NCT00000001", "svc", "ehr", "", "", NOW, "") for number in range(3)]
    await store.told([*cards, ToldCard("card-9", "NCT00000002", "svc", "other", "", "", NOW, "")])
    await store.record([GivenFeedback("card-0", "overridden", NOW, NOW, "ehr", reason_code="patient-refuses")])
    await store.record([GivenFeedback("card-1", "accepted", NOW, NOW, "ehr", accepted=("s",))])
    store.close()


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'cards.sqlite3'}"
    monkeypatch.setenv("CDS_STORE_URL", url)
    asyncio.run(fill(Store.open(url)))


@pytest.mark.usefixtures("filled")
def test_the_table(run: Callable[..., Ran]) -> None:
    shown = run("feedback", "report")
    rows = [[cell.strip() for cell in line.split("│")] for line in shown.out.splitlines() if line.startswith("NCT")]
    assert shown.code == 0
    assert rows == [
        ["NCT00000001", "3", "1", "1", "1", "patient-refuses 1"],
        ["NCT00000002", "1", "0", "0", "1", ""],
    ]


@pytest.mark.usefixtures("filled")
def test_json_and_days(run: Callable[..., Ran]) -> None:
    shown = run("feedback", "report", "--json", "--since", "2026-06-15", "--until", "2026-06-15")
    told = json.loads(shown.out)
    assert (told["since"], told["until"]) == ("2026-06-15", "2026-06-15")
    assert [each["told"] for each in told["trials"]] == [3, 1]
    assert json.loads(run("feedback", "report", "--json", "--since", "2026-06-16").out) == {
        "since": "2026-06-16",
        "trials": [],
    }
    assert run("feedback", "report", "--until", "2026-06-14").out == "No card was told in this time.\n"


def test_what_cannot_be_reported(run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDS_STORE_URL", "sqlite:////nowhere/at/all/cards.sqlite3")
    down = run("feedback", "report")
    assert (down.code, down.out, down.err) == (3, "", "trialcards: the store does not answer\n")
    assert "since: must be a day" in run("feedback", "report", "--since", "June").err
    monkeypatch.setenv("CDS_STORE_URL", "mysql://user:secret@host/x")
    refused = run("feedback", "report")
    assert refused.code == 4
    assert "secret" not in refused.err


def test_secrets_of_the_store_are_not_shown(run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDS_STORE_URL", "postgresql://cards:hunter2@db.example.org/cards")
    monkeypatch.setenv("CDS_PSEUDONYM_KEYS", "k1:c2VjcmV0")
    shown = run("config").out
    assert "postgresql://cards:(set, not shown)@db.example.org/cards" in shown
    assert "hunter2" not in shown
    assert "c2VjcmV0" not in shown
