"""``trialcards server check`` and ``screen --server``, against a FHIR server on a real socket."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest

from cds.cli.exits import Exit
from tests.cli.fhir_server import SLUG, TOKEN, Loopback, serving
from tests.golden.cases import case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    Run = Callable[..., Any]

PATIENT = case(SLUG).patient_id
DAY = ("--as-of", "2026-06-15")
ONE = (*DAY, "--trial", "NCT06893783")
"""For tests in which it does not matter which trial."""


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    with serving() as running:
        yield running


# ------------------------------------------------------------------------------------------------------ screen --server


def test_the_table_is_the_one_of_the_file(run: Run, golden: Path, server: Loopback) -> None:
    by_file = run("screen", golden / SLUG / "chart.json", *DAY, "--covered", "complete")
    by_server = run("screen", "--server", server.at("good"), "--patient", PATIENT, *DAY)

    assert (by_server.code, by_server.err) == (Exit.OK, "")
    assert by_server.out == by_file.out


def test_only_what_the_named_trials_need_is_asked(run: Run, server: Loopback) -> None:
    told = []
    for trials in ((), ("--trial", "NCT07328490")):
        server.seen.clear()
        ran = run("screen", "--server", server.at("good"), "--patient", PATIENT, *DAY, "--json", *trials)
        told.append((len(server.seen), [each["nctId"] for each in json.loads(ran.out)["trials"]]))
    (all_asked, every), (asked, named) = told
    assert named == ["NCT07328490"]
    assert set(named) < set(every)
    assert asked <= all_asked


def test_what_the_server_did_not_give_was_not_read(run: Run, server: Loopback) -> None:
    told = json.loads(run("screen", "--server", server.at("gap"), "--patient", PATIENT, *ONE, "--json").out)
    assert told["chart"]["covered"]["Procedure"] == "not-read"
    assert told["chart"]["covered"]["Condition"] == "complete"


def test_a_token_comes_out_of_a_file(run: Run, server: Loopback, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n", "utf-8")
    ask = ("screen", "--server", server.at("closed"), "--patient", PATIENT, *ONE)
    without, with_it = run(*ask), run(*ask, "--token-file", tmp_path / "token")
    assert (without.code, with_it.code) == (Exit.SERVER, Exit.OK)
    assert "(401): give access with --client-id and --key, or --token-file" in without.err


def test_refusals_that_cannot_be_read_leave_no_trial_to_be_told(
    run: Run, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = ("screen", "--server", server.at("secretive"), "--patient", PATIENT, *ONE)
    assert run(*ask).code == Exit.OK
    monkeypatch.setenv("CDS_READ_CONSENT", "true")
    ran = run(*ask)
    assert (ran.code, ran.out) == (Exit.SERVER, "")
    assert "whether the patient refuses research could not be read, so no trial is told (consents: " in ran.err
    assert run("screen", "--server", server.at("good"), "--patient", PATIENT, *ONE).code == Exit.OK


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "give FILE, or --server URL with --patient ID"),
        (["x.json", "--server", "http://127.0.0.1/fhir"], "FILE and --server: the chart comes from one of them"),
        (["--server", "http://127.0.0.1/fhir"], "--server: --patient ID must say whose chart is read"),
        (
            ["--server", "http://127.0.0.1/fhir", "--patient", "1", "--covered", "complete"],
            "--covered: is said of files; of a server it is seen how completely it answered",
        ),
    ],
)
def test_files_and_servers_are_not_mixed(run: Run, arguments: list[str], sentence: str) -> None:
    ran = run("screen", *arguments)
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert ran.err == f"trialcards screen: {sentence}; see trialcards screen --help\n"


# --------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("command", ["screen", "check"])
@pytest.mark.parametrize(
    ("way", "code", "sentence"),
    [
        ("html", Exit.SERVER, "the address holds no FHIR API"),
        ("nothing", Exit.SERVER, "the address holds no FHIR API"),
        ("stu3", Exit.SERVER, "this FHIR server speaks STU3 (3.0.2), which is not read"),
        ("closed", Exit.SERVER, "(401): give access with --client-id and --key, or --token-file"),
        ("good", Exit.INPUT, "the FHIR server has no such patient: --patient takes the id of the resource"),
    ],
)
def test_each_fault_is_one_sentence_that_says_what_to_do(
    run: Run, server: Loopback, command: str, way: str, code: Exit, sentence: str
) -> None:
    asked = {"screen": ("screen", "--server"), "check": ("server", "check")}[command]
    ran = run(*asked, server.at(way), "--patient", "jane-doe-77")
    assert (ran.code, ran.out) == (code, "")
    assert sentence in ran.err
    assert ran.err.count("\n") == 1
    assert "jane" not in ran.err


def test_nobody_there(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gone = f"http://127.0.0.1:{taken.getsockname()[1]}/fhir"
    for asked in (("screen", "--server", gone, "--patient", "1"), ("server", "check", gone)):
        ran = run(*asked)
        assert ran.code == Exit.SERVER
        assert ran.err.startswith("trialcards: the FHIR server cannot be reached: see that name and port are right")


def test_a_server_that_speaks_no_tls(run: Run, server: Loopback) -> None:
    ran = run("server", "check", server.at("good").replace("http:", "https:"))
    assert ran.code == Exit.SERVER
    assert ran.err.startswith("trialcards: the TLS handshake failed")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("fhir.example.org", "must be the web address at which its FHIR API begins"),
        ("https://me@fhir.example.org/r4", "must be the web address at which its FHIR API begins"),
        ("http://fhir.example.org/r4", "http would send charts in the clear"),
    ],
)
def test_addresses_that_are_not_asked(run: Run, url: str, sentence: str) -> None:
    ran = run("server", "check", url)
    assert ran.code == Exit.INPUT
    assert sentence in ran.err


# --------------------------------------------------------------------------------------------------------- server check


def test_by_its_statement_alone(run: Run, server: Loopback) -> None:
    ran = run("server", "check", server.at("good"), "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["usable"], told["faults"], told["gaps"]) == (Exit.OK, True, [], {})
    assert (told["software"], told["fhirVersion"], told["release"]) == ("Small 1", "4.0.1", "R4")
    assert told["tokenEndpoint"] == "https://auth.example.org/token"
    assert {each["listed"]["type"] for each in told["searches"]} == {True}
    assert "chart" not in told


def test_a_type_that_the_statement_leaves_out_is_lacking(run: Run, server: Loopback) -> None:
    ran = run("server", "check", server.at("gap"), "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["usable"]) == (Exit.FAULTS, False)
    assert told["gaps"].keys() == {"procedure"}
    assert all(each["kinds"] == {"procedure": each["criteria"]} for each in told["unsettled"])
    assert len(told["unsettled"]) > 2


def test_with_a_patient_each_search_is_run(run: Run, server: Loopback) -> None:
    ran = run("server", "check", server.at("good"), "--patient", PATIENT, "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["faults"]) == (Exit.OK, [])
    went = {each["key"]: each["went"] for each in told["searches"]}
    assert {each["state"] for each in went.values()} == {"complete"}
    assert went["conditions"]["entries"] == sum(each["resourceType"] == "Condition" for each in case(SLUG).resources)
    assert all(each["requests"] >= each["pages"] >= 1 for each in went.values())
    assert all(0 < each["seconds"] < 60 for each in went.values())
    assert told["chart"]["read"]["Patient"] == 1
    assert told["chart"]["codes"]


def test_a_way_that_had_to_be_found_is_named(run: Run, server: Loopback) -> None:
    told = json.loads(run("server", "check", server.at("plain"), "--patient", PATIENT, "--json").out)
    went = {each["key"]: each["went"] for each in told["searches"]}
    assert went["conditions"]["otherwise"] == "as it stands, plainly"
    assert went["conditions"]["requests"] == 2
    assert went["patient"]["otherwise"] == ""
    assert told["usable"] is True


def test_what_fails_is_told_with_the_criteria_that_it_leaves_open(run: Run, server: Loopback) -> None:
    ran = run("server", "check", server.at("gap"), "--patient", PATIENT)
    assert ran.code == Exit.FAULTS
    assert "  procedure: not read: procedures: the FHIR server answered 500\n" in ran.out
    assert "criteria would be unknown by it (procedure " in ran.out
    assert "\nNot all that the loaded trials need: 1 to mend.\n" in ran.out


def test_nothing_of_the_patient_is_in_the_report(run: Run, server: Loopback) -> None:
    words = {str(each["id"]) for each in case(SLUG).resources if len(str(each["id"])) > 6} | {"secret-7", "planted"}
    for options in ((), ("--json",)):
        ran = run("server", "check", server.at("odd"), "--patient", PATIENT, *options)
        assert "condition: it does not say which condition it is" in ran.out
        assert "Condition" in ran.out
        assert {each for each in words if each in ran.out + ran.err} == set()
