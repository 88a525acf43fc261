"""The commands: what they print, and how they end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cds.cli import screen as screen_command
from cds.cli.exits import Exit

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    Run = Callable[..., Any]


def test_help_names_every_command_and_exit_code(run: Run) -> None:
    ran = run("--help")

    assert ran.code == 0
    for word in ("serve", "screen", "server", "chart", "trials", "mappings", "prefetch", "config", "openapi"):
        assert f"\n    {word} " in ran.out
    for each in Exit:
        assert f"  {each.value}  {each.meaning}\n" in ran.out


@pytest.mark.parametrize(
    "command",
    [
        "serve",
        "screen",
        "server check",
        "chart check",
        "trials lint",
        "trials coverage",
        "mappings lint",
        "mappings coverage",
        "prefetch",
        "config",
        "openapi",
    ],
)
def test_every_command_has_help(run: Run, command: str) -> None:
    ran = run(*command.split(), "--help")

    assert ran.code == 0
    assert f"usage: trialcards {command} " in ran.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "trialcards: the following arguments are required: COMMAND; see trialcards --help"),
        (["screen"], "trialcards screen: give FILE, or --server URL with --patient ID; see trialcards screen --help"),
        (
            ["screen", "x.json", "--as-of", "15.6.2026"],
            "trialcards screen: argument --as-of: must be a date of the form YYYY-MM-DD; see trialcards screen --help",
        ),
        (
            ["screen", "x.json", "--as-of", "2026-02-30"],
            "trialcards screen: argument --as-of: there is no such day; see trialcards screen --help",
        ),
    ],
)
def test_wrong_usage_is_one_sentence(run: Run, arguments: list[str], sentence: str) -> None:
    ran = run(*arguments)

    assert (ran.code, ran.out, ran.err) == (2, "", f"{sentence}\n")


def test_a_chart_as_a_table(run: Run, golden: Path) -> None:
    ran = run("screen", golden / "thymoma-prior-irinotecan" / "chart.json", "--as-of", "2026-06-15")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("As of 2026-06-15  Read AllergyIntolerance 1, Condition ")
    for trial in ("NCT06893783", "NCT07328490", "NCT07343453"):
        assert f"\n{trial} " in ran.out
    details = ran.out.partition("\nNCT07343453: ")[2].partition("\nNCT")[0]
    assert "✗" in details
    assert "<MedicationStatement/" in details
    assert "✓" not in details


def test_a_named_trial_is_told_in_full(run: Run, golden: Path) -> None:
    chart = golden / "colon-nec-near" / "chart.json"
    ran = run("screen", chart, "--as-of", "2026-06-15", "--trial", "NCT06893783")

    assert "\nNCT06893783: " in ran.out
    assert "NCT07328490" not in ran.out
    assert "✓ Age 19 or older" in ran.out
    assert "Evidence: Platelets 92 10*3/uL (range 150-400) 2026-06-12 <Observation/ashgrove-plt-20260612>" in ran.out
    assert "[Condition?code=http://snomed.info/sct|" in ran.out


def test_json_is_what_the_api_answers(run: Run, golden: Path) -> None:
    chart = golden / "colon-nec-near" / "chart.json"
    ran = run("screen", chart, "--as-of", "2026-06-15", "--json", "--trial", "NCT07328490")

    told = json.loads(ran.out)
    assert sorted(told) == ["asOf", "chart", "trials"]
    assert told["asOf"] == "2026-06-15"
    assert [trial["nctId"] for trial in told["trials"]] == ["NCT07328490"]
    assert told["chart"]["covered"]["Condition"] == "complete"


def test_kinds_that_are_not_in_the_file_were_not_read_unless_it_is_the_whole_record(run: Run, tmp_path: Path) -> None:
    chart = tmp_path / "chart.json"
    patient = {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1960-01-01"}
    chart.write_text(json.dumps({"resourceType": "Bundle", "entry": [{"resource": patient}]}), "utf-8")

    present = json.loads(run("screen", chart, "--json").out)["chart"]["covered"]
    whole = json.loads(run("screen", chart, "--json", "--covered", "complete").out)["chart"]["covered"]

    assert present == {"Patient": "complete"}
    assert whole["Procedure"] == "complete"
    assert set(whole.values()) == {"complete"}


def test_a_deceased_patient_is_told_no_trial(run: Run, golden: Path) -> None:
    ran = run("screen", golden / "sclc-deceased" / "chart.json", "--as-of", "2026-06-15")

    assert ran.code == 0
    assert "This patient is deceased: no trial is told." in ran.out
    assert "NCT0" not in ran.out


def test_of_several_patients_one_must_be_named(run: Run, tmp_path: Path) -> None:
    chart = tmp_path / "two.ndjson"
    lines = [{"resourceType": "Patient", "id": name, "birthDate": "1960-01-01"} for name in ("p1", "p2")]
    chart.write_text("\n".join(map(json.dumps, lines)), "utf-8")

    assert run("screen", chart).code == Exit.INPUT
    assert run("screen", chart, "--patient", "p2").code == Exit.OK


def test_an_unknown_trial_is_wrong_usage(run: Run, golden: Path) -> None:
    ran = run("screen", golden / "breast-sparse" / "chart.json", "--trial", "NCT00000000")

    assert ran.code == Exit.USAGE
    assert ran.err.startswith("trialcards: NCT00000000: no such trial is loaded (there are NCT00569127, ")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "trialcards: jane-doe.json: it is not JSON"),
        ('{"resourceType": "Bundle", "entry": []}', "trialcards: bundle: holds no Patient"),
    ],
)
def test_unreadable_input_ends_with_its_own_code(run: Run, tmp_path: Path, content: str, sentence: str) -> None:
    chart = tmp_path / "jane-doe.json"
    chart.write_text(content, "utf-8")

    ran = run("screen", chart)

    assert (ran.code, ran.out) == (Exit.INPUT, "")
    assert ran.err.startswith(sentence)
    assert ran.err.count("\n") == 1


def test_a_wrong_setting_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDS_PORT", "many")

    ran = run("config")

    expected = "trialcards: CDS_PORT: must be a whole number from 1 to 65535\n"
    assert (ran.code, ran.out, ran.err) == (Exit.DEFINITIONS, "", expected)


def test_a_fault_of_our_own_keeps_what_it_knows_of_the_chart(
    run: Run, golden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(chosen: Namespace) -> None:
        del chosen
        raise RuntimeError("Jane Doe has C7A.1")

    monkeypatch.setattr(screen_command, "_assessed", lambda chosen, service: broken(chosen or service))

    ran = run("screen", golden / "breast-sparse" / "chart.json")

    assert ran.code == Exit.INTERNAL
    assert ran.err.startswith("trialcards: internal fault: RuntimeError at test_commands.py:")
    assert "Jane" not in ran.err
