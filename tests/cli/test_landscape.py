"""``trialcards trials landscape`` and ``changes``: what is imported, narrowed; what changed, in three forms."""

import csv
import datetime as dt
import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cds.cli.exits import Exit
from cds.store.records import new_record
from cds.store.store import Store
from cds.store.studies import Studies

Run = Callable[..., Any]
Json = dict[str, Any]
FIRST, SECOND = (dt.datetime(2026, month, 10, 12, tzinfo=dt.UTC) for month in (5, 6))


def record(number: int, **changes: Any) -> Json:  # noqa: ANN401 - any of the parts below
    told: Json = {
        "title": f"Trial {number}",
        "status": "RECRUITING",
        "phases": ["PHASE2"],
        "drugs": ["Pembrolizumab"],
        "text": "Inclusion Criteria:\n\n* Age 18 or over",
        "countries": ["Ruritania"],
    } | changes
    return {
        "protocolSection": {
            "identificationModule": {"nctId": f"NCT0000000{number}", "briefTitle": told["title"]},
            "statusModule": {
                "overallStatus": told["status"],
                "startDateStruct": {"date": "2026-01"},
                "lastUpdatePostDateStruct": {"date": "2026-05-04"},
            },
            "conditionsModule": {"conditions": ["Melanoma"]},
            "designModule": {"phases": told["phases"]},
            "armsInterventionsModule": {"interventions": [{"type": "DRUG", "name": each} for each in told["drugs"]]},
            "eligibilityModule": {"eligibilityCriteria": told["text"]},
            "contactsLocationsModule": {"locations": [{"city": "Hill", "country": each} for each in told["countries"]]},
            "sponsorCollaboratorsModule": {"leadSponsor": {"name": "=Example()"}},
        }
    }


def kept(at: dt.datetime, *records: Json) -> list[Any]:
    return [
        new_record(each["protocolSection"]["identificationModule"]["nctId"], at.date().isoformat(), each)
        for each in records
    ]


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studies:
    """Give a store with one trial that changed, one that is as it was, and one that came later."""
    url = f"sqlite:///{tmp_path / 'held.sqlite3'}"
    monkeypatch.setenv("CDS_STORE_URL", url)
    studies = Studies(Store.open(url))
    studies.keep(kept(FIRST, record(1), record(2, drugs=["Snake Oil"], phases=["PHASE3"])), FIRST, seen=True)
    changed = record(1, text="Inclusion Criteria:\n\n* Age 21 or over", countries=["Ruritania"] * 5)
    studies.keep(kept(SECOND, changed, record(3, title="\x1b[31mRed", status="COMPLETED")), SECOND, seen=True)
    return studies


@pytest.mark.usefixtures("held")
def test_the_landscape_is_a_table_of_what_is_asked_for(run: Run) -> None:
    ran = run("trials", "landscape", "--drug", "immune checkpoint inhibitor", "--status", "recruiting")
    assert (ran.code, ran.err) == (Exit.OK, "")
    assert "NCT00000001" in ran.out
    assert "NCT00000002" not in ran.out
    assert ran.out.endswith("\n1 trial\n")
    assert [each.strip() for each in ran.out.splitlines()[2].split("│")] == [
        "NCT00000001",
        "Trial 1",
        "2",
        "recruiting",
        "Pembrolizumab",
        "=Example()",
        "Ruritania",
        "5",
        "2026-01",
        "2026-05-04",
    ]


@pytest.mark.usefixtures("held")
def test_the_landscape_for_programs(run: Run) -> None:
    (row,) = json.loads(run("trials", "landscape", "--phase", "3", "--format", "json").out)["trials"]
    assert row == {
        "nctId": "NCT00000002",
        "title": "Trial 2",
        "overallStatus": "RECRUITING",
        "phases": ["PHASE3"],
        "drugs": ["Snake Oil"],
        "sponsor": "=Example()",
        "countries": ["Ruritania"],
        "sites": 1,
        "start": "2026-01",
        "updated": "2026-05-04",
    }


@pytest.mark.usefixtures("held")
def test_the_landscape_for_spreadsheets_holds_no_formula(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("trials", "landscape", "--format", "csv").out)))
    assert [each["trial"] for each in rows] == ["NCT00000002", "NCT00000001", "NCT00000003"]
    assert {each["sponsor"] for each in rows} == {"'=Example()"}
    assert rows[1]["countries"] == "Ruritania"


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_no_record_steers_a_terminal(run: Run, form: str) -> None:
    ran = run("trials", "landscape", "--format", form)
    assert (ran.code, "Red" in ran.out, "NCT00000003" in ran.out) == (Exit.OK, True, True)
    assert "\x1b" not in ran.out


@pytest.mark.usefixtures("held")
def test_nothing_found_is_said_and_a_wrong_filter_is_named(run: Run) -> None:
    assert run("trials", "landscape", "--condition", "gout").out == "No trial that is imported is so.\n"
    ran = run("trials", "landscape", "--phase", "nine")
    assert (ran.code, ran.err[:19]) == (Exit.INPUT, "trialcards: phase: ")


@pytest.mark.usefixtures("held")
def test_changes_are_told_for_people(run: Run) -> None:
    ran = run("trials", "changes", "--since", "2026-06-01")
    assert (ran.code, ran.err) == (Exit.OK, "")
    assert ran.out.splitlines()[:5] == [
        "2026-06-10  NCT00000001  Trial 1",
        "    site opened: Hill, Ruritania (not listed -> listed)",
        "    site opened: Hill, Ruritania (not listed -> listed)",
        "    site opened: Hill, Ruritania (not listed -> listed)",
        "    site opened: Hill, Ruritania (not listed -> listed)",
    ]
    assert "      + Age 21 or over" in ran.out
    assert "NCT00000003" in ran.out
    assert "NCT00000002" not in ran.out
    assert run("trials", "changes", "--since", "2026-06-11").out == "Nothing changed.\n"


def test_a_trial_that_the_registry_has_no_more_is_told(run: Run, held: Studies) -> None:
    held.gone(["NCT00000002"], dt.datetime(2026, 6, 20, tzinfo=dt.UTC))
    assert run("trials", "changes", "--since", "2026-06-15").out.splitlines() == [
        "2026-06-20  NCT00000002  Trial 2",
        "    record removed: the registry has this trial no more",
    ]
    assert "no more" not in run("trials", "changes", "--since", "2026-06-21").out


@pytest.mark.usefixtures("held")
def test_changes_as_a_feed_and_for_programs(run: Run) -> None:
    feed = ET.fromstring(run("trials", "changes", "--since", "2026-01-01", "--format", "atom").out)  # noqa: S314 - ours
    assert len(feed.findall("{http://www.w3.org/2005/Atom}entry")) == 4
    told = json.loads(run("trials", "changes", "--since", "2026-06-01", "--format", "json").out)
    assert told["since"] == "2026-06-01T00:00:00+00:00"
    assert [(each["nctId"], each["new"]) for each in told["news"]] == [("NCT00000001", False), ("NCT00000003", True)]


def test_a_day_begins_where_the_site_is(run: Run, held: Studies, monkeypatch: pytest.MonkeyPatch) -> None:
    late = dt.datetime(2026, 7, 1, 3, tzinfo=dt.UTC)
    held.keep(kept(late, record(4)), late, seen=True)
    monkeypatch.setenv("CDS_TIME_ZONE", "America/New_York")
    assert run("trials", "changes", "--since", "2026-07-01").out == "Nothing changed.\n"


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "20260601"])
def test_what_is_no_day_is_told(run: Run, day: str) -> None:
    ran = run("trials", "changes", "--since", day)
    assert (ran.code, ran.err) == (Exit.INPUT, "trialcards: since: must be a day written as YYYY-MM-DD\n")
