"""``trialcards population export`` against a server on a real socket: whole, killed, stopped, let in or not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from cds.cli.exits import Exit
from cds.fhir.backend.keys import private_jwk
from cds.population.bulk.account import ACCOUNT, JOURNAL, read_account
from tests.cli.bulk_server import Site, planted, serving
from tests.fhir.backend.authority import CLIENT, ES
from tests.population.bulk.server import STATUS, contents, ndjson, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Run = Callable[..., Any]

TYPES = ("--type", "Condition,Observation,Patient")


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as running:
        yield running


@pytest.fixture
def key(tmp_path: Path) -> tuple[str, ...]:
    (tmp_path / "key.json").write_text(private_jwk(ES))
    return "--client-id", CLIENT, "--key", str(tmp_path / "key.json")


def started(*words: str | Path) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    command = [sys.executable, "-m", "cds", "population", "export", *map(str, words)]
    return subprocess.Popen(command, env=kept, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_an_export_is_brought_in_and_told(run: Run, site: Site, tmp_path: Path) -> None:
    ran = run("population", "export", site.base, tmp_path / "out", *TYPES)
    assert (ran.code, ran.err) == (Exit.OK, "")
    assert ran.out.splitlines() == [
        "Condition: 4 entries in 2 files",
        "Observation: no entries given",
        "Patient: 2 entries in 1 file",
        "as of 2026-11-20T03:00:00.000Z",
    ]
    assert contents(tmp_path / "out")["Condition.000.ndjson"] == ndjson("Condition", 3)
    assert site.bulk.urls("DELETE") == [STATUS]


def test_what_the_trials_need_is_asked_for(
    run: Run, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDS_OPT_OUT", "http://example.org/flags|no-research")
    monkeypatch.setenv("CDS_READ_CONSENT", "true")
    run("population", "export", site.base, tmp_path / "out")
    types = {
        *("AllergyIntolerance", "Condition", "Consent", "Flag", "Immunization", "Medication"),
        *("MedicationAdministration",),
        *("MedicationDispense", "MedicationRequest", "MedicationStatement", "Observation", "Patient", "Procedure"),
    }
    assert set(site.bulk.asked[0].url.params["_type"].split(",")) == types
    account = read_account(tmp_path / "out")
    assert account is not None
    # Not in the statement of this server, and nothing came of them.
    assert account.not_offered == ("Consent", "Flag", "Medication")


def test_anything_that_is_lacking_is_told_and_the_words_of_the_server_are_not(
    run: Run, site: Site, tmp_path: Path
) -> None:
    issue = planted(site)
    site.bulk.output[1]["count"] = 5
    site.bulk.holds("Encounter", b"{}\n")
    site.bulk.holds("../../Planted", b"{}\n")
    ran = run("population", "export", site.base, tmp_path / "out", *TYPES)
    assert ran.code == Exit.FAULTS
    assert ran.out.splitlines()[3:] == [
        "Condition.000.ndjson: 3 entries, 5 were announced",
        "left, as nobody asked for them: (other), Encounter",
        "the server tells of 1 fault: error, processing",
        "as of 2026-11-20T03:00:00.000Z",
    ]
    assert "Planted" not in ran.out + ran.err + "".join(map(str, contents(tmp_path / "out").values()))
    assert issue["diagnostics"] not in ran.out


def test_tokens_are_had_by_the_site_s_key(run: Run, site: Site, key: tuple[str, ...], tmp_path: Path) -> None:
    site.closed = True
    without = run("population", "export", site.base, tmp_path / "without", *TYPES)
    assert (without.code, without.out) == (Exit.SERVER, "")
    assert "does not accept our authorisation (401)" in without.err
    ran = run("population", "export", site.base, tmp_path / "out", *TYPES, *key)
    assert (ran.code, ran.err) == (Exit.OK, "")
    (form,) = site.authority.forms
    assert form["scope"] == "system/Condition.rs system/Observation.rs system/Patient.rs"
    assert "secret" not in ran.out + "".join(map(str, contents(tmp_path / "out").values()))


def test_types_that_are_not_granted_are_told(run: Run, site: Site, key: tuple[str, ...], tmp_path: Path) -> None:
    site.authority.scope = "system/Patient.read system/Condition.rs"
    ran = run("population", "export", site.base, tmp_path / "out", *TYPES, *key)
    assert ran.code == Exit.FAULTS
    assert "the server does not let us read Observation" in ran.out
    assert site.bulk.asked[0].url.params["_type"] == "Condition,Patient"


def test_a_token_in_a_file_may_change_on_the_way(run: Run, site: Site, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("secret-of-today")
    site.closed = True
    ran = run("population", "export", site.base, tmp_path / "out", *TYPES, "--token-file", file)
    assert ran.code == Exit.OK
    assert {each.headers["authorization"] for each in site.bulk.asked} == {"Bearer secret-of-today"}


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("http://ehr.example.org/fhir",), Exit.INPUT, "http would send charts in the clear"),
        (("nowhere",), Exit.INPUT, "must be the web address"),
        (("https://ehr.example.org", "--since", "yesterday"), Exit.INPUT, "--since: must be a moment"),
        (("https://ehr.example.org", "--type", "Patient,../x"), Exit.INPUT, "--type: must be"),
        (("https://ehr.example.org", "--type", ""), Exit.INPUT, "--type: must be"),
        (("https://ehr.example.org", "--group", "a/b"), Exit.INPUT, "--group: must be"),
        (("https://ehr.example.org", "--group", "a", "--system"), Exit.USAGE, "not allowed with"),
        (("https://ehr.example.org", "--patience", "nan"), Exit.USAGE, "must be a number above 0"),
        (("https://ehr.example.org", "--at-once", "0"), Exit.USAGE, "must be a whole number from 1 to 20"),
        (("https://ehr.example.org", "--files-from", "http://files.example.org"), Exit.INPUT, "in the clear"),
    ],
)
def test_what_is_called_wrongly_is_said(
    run: Run, tmp_path: Path, words: tuple[str, ...], code: Exit, says: str
) -> None:
    ran = run("population", "export", *words[:1], tmp_path / "out", *words[1:])
    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err


def test_a_server_that_is_not_there_or_is_of_an_old_release_is_told(run: Run, site: Site, tmp_path: Path) -> None:
    site.statement["fhirVersion"] = "3.0.2"
    old = run("population", "export", site.base, tmp_path / "out", *TYPES)
    assert (old.code, "STU3" in old.err) == (Exit.SERVER, True)
    down = run("population", "export", "http://127.0.0.1:9/fhir", tmp_path / "out", *TYPES)
    assert (down.code, "cannot be reached" in down.err) == (Exit.SERVER, True)


@pytest.mark.parametrize("at", ["/status/7", "/files/0", "/files/2"])
def test_a_run_that_is_killed_goes_on_where_it_stopped(run: Run, site: Site, tmp_path: Path, at: str) -> None:
    site.stuck, out = at, tmp_path / "out"
    process = started(site.base, out, *TYPES, "--at-once", "1")
    assert site.reached.wait(60)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert JOURNAL in contents(out)
    assert ACCOUNT not in contents(out)
    site.stuck = ""
    site.go.set()
    ran = run("population", "export", site.base, out, *TYPES)
    assert (ran.code, ran.out.splitlines()[0]) == (Exit.OK, "Condition: 4 entries in 2 files")
    assert sum("$export" in each for each in site.bulk.urls()) == 1
    assert set(contents(out)) == {"Condition.000.ndjson", "Condition.001.ndjson", "Patient.000.ndjson", ACCOUNT}


def test_ctrl_c_cancels_the_export(site: Site, tmp_path: Path) -> None:
    site.stuck, out = "/files/2", tmp_path / "out"
    process = started(site.base, out, *TYPES, "--at-once", "1")
    assert site.reached.wait(60)
    process.send_signal(signal.SIGINT)
    said_out, said_err = process.communicate(timeout=60)
    assert (process.returncode, said_out, said_err) == (130, "", "")
    assert site.bulk.urls("DELETE") == [STATUS]
    assert contents(out) == {}


def test_an_export_that_is_gone_says_what_to_do(run: Run, site: Site, tmp_path: Path) -> None:
    site.bulk.statuses = [said(410)]
    ran = run("population", "export", site.base, tmp_path / "out", *TYPES)
    assert (ran.code, "begin again with --anew" in ran.err) == (Exit.SERVER, True)
    assert run("population", "export", site.base, tmp_path / "out", *TYPES, "--anew").code == Exit.OK
