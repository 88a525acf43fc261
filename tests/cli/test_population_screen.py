"""``trialcards population screen``: from an export to results and words, and what is said where it cannot be done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bench.copies import lines_of_bundle
from cds.cli.exits import Exit
from cds.population import regroup
from tests.cli.conftest import GOLDEN
from tests.population.world import export, rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Ran

    Run = Callable[..., Ran]

DAY = ("--as-of", "2026-06-15", "--processes", "1")
FEW = ("pancreas-lcnec-clean", "sclc-deceased", "breast-sparse", "colon-nec-near")
TRIALS = ("NCT06893783", "NCT07328490", "NCT07343453")


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four of the golden charts as one export, a file a type."""
    folder = tmp_path_factory.mktemp("charts") / "export"
    charts = (json.loads((GOLDEN / slug / "chart.json").read_text("utf-8")) for slug in FEW)
    return export(folder, (json.loads(text) for chart in charts for _, text in lines_of_bundle(chart)))


def expected(slug: str) -> dict[str, str]:
    verdicts: dict[str, str] = json.loads((GOLDEN / slug / "case.json").read_text("utf-8"))["verdicts"]
    return {nct_id: verdict for nct_id, verdict in verdicts.items() if nct_id in TRIALS}


def test_an_export_is_screened_from_end_to_end(charts: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "out"
    ran = run("population", "screen", charts, "--out", out, *DAY, "--trial", *TRIALS, "--criteria", "--all")
    assert (ran.code, ran.err) == (Exit.OK, "")
    assert ran.out.startswith("Screened for 2026-06-15: 4 patients, ")
    assert "- Of 1 patient no trial is told: they have died." in ran.out.splitlines()
    assert ran.out.splitlines()[-1] == f"4 patients screened now; results in {out}"
    assert ran.out.startswith((out / "summary.md").read_text("utf-8").rstrip("\n"))
    verdicts: dict[str, dict[str, str]] = {}
    for each in rows(out, "trials"):
        verdicts.setdefault(each["patient"], {})[each["trial"]] = each["verdict"]
    told = [expected(slug) for slug in FEW if slug != "sclc-deceased"]
    assert sorted(map(sorted, (each.items() for each in verdicts.values()))) == sorted(
        sorted(each.items()) for each in told
    )
    assert len(rows(out, "criteria")) > len(rows(out, "trials")) * 5
    assert [each["withheld"] for each in rows(out, "patients") if each["withheld"]] == ["deceased"]


def test_the_same_command_again_does_nothing_and_says_the_same(charts: Path, tmp_path: Path, run: Run) -> None:
    command = ("population", "screen", charts, "--out", tmp_path / "out", *DAY, "--trial", TRIALS[0])
    first, again = run(*command), run(*command)
    assert (first.code, again.code) == (Exit.OK, Exit.OK)
    assert again.out == first.out.replace("4 patients screened now", "0 patients screened now")


def test_of_an_earlier_run_what_has_not_changed_is_taken_over(charts: Path, tmp_path: Path, run: Run) -> None:
    earlier = ("population", "screen", charts, "--out", tmp_path / "one", *DAY, "--trial", TRIALS[0])
    assert run(*earlier).code == Exit.OK
    later = ("population", "screen", charts, "--as-of", "2026-06-22", "--since", tmp_path / "one", "--processes", "1")
    ran = run(*later, "--out", tmp_path / "two", "--trial", TRIALS[0])
    assert (ran.code, ran.err) == (Exit.OK, "")
    assert "1 patient screened now, 3 taken over from --since; results in" in ran.out
    assert "- 3 patients unchanged: their rows are of an earlier day." in ran.out.splitlines()
    other = run(*later, "--out", tmp_path / "three", "--trial", TRIALS[1])
    assert other.code == Exit.OK
    assert "4 patients screened now; results in" in other.out
    assert "--since: that run was of other trials, tables, settings or coverage" in other.err


def test_results_go_to_a_folder_named_by_the_day(
    charts: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("population", "screen", charts / "Patient.000.ndjson", *DAY, "--trial", TRIALS[0])
    assert ran.code == Exit.OK
    assert (tmp_path / "population-2026-06-15" / "summary.md").exists()


# ------------------------------------------------------------------------------------------------- what cannot be done


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "the following arguments are required: EXPORT"),
        (("{charts}", "--as-of", "June"), "argument --as-of: must be a date of the form YYYY-MM-DD"),
        (("{charts}", "--processes", "0"), "argument --processes: "),
        (("{charts}", "--memory", "much"), "argument --memory: "),
        (("{charts}", "--engine", "abacus"), "argument --engine: invalid choice: 'abacus'"),
        (("{charts}", "--trial", "NCT99999999"), "NCT99999999: no such trial is loaded"),
        (("{charts}", "--since", "{tmp}/nowhere"), "--since: must name the folder of a finished run"),
    ],
)
def test_a_call_that_makes_no_sense_is_misuse(
    charts: Path, tmp_path: Path, run: Run, arguments: tuple[str, ...], said: str
) -> None:
    filled = [each.format(charts=charts, tmp=tmp_path) for each in arguments]
    ran = run("population", "screen", "--out", tmp_path / "out", *filled)
    assert ran.code == Exit.USAGE
    assert said in ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["gone", "gone.ndjson"])
def test_an_export_that_is_not_there_is_named(tmp_path: Path, run: Run, name: str) -> None:
    ran = run("population", "screen", tmp_path / name, "--out", tmp_path / "out")
    assert (ran.code, ran.out) == (Exit.INPUT, "")
    assert f"{name}: there is no such file or folder" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_folder_without_files_is_said(tmp_path: Path, run: Run) -> None:
    ran = run("population", "screen", tmp_path, "--out", tmp_path / "out")
    assert ran.code == Exit.INPUT
    assert "no file of an export is there" in ran.err


def test_a_folder_of_another_run_is_refused(charts: Path, tmp_path: Path, run: Run) -> None:
    command = ("population", "screen", charts / "Patient.000.ndjson", "--out", tmp_path / "out", *DAY, "--trial")
    assert run(*command, TRIALS[0]).code == Exit.OK
    ran = run(*command, TRIALS[1])
    assert ran.code == Exit.INPUT
    assert "out: is of a run with other trials, tables or settings; name another folder" in ran.err


def test_a_full_disk_stops_the_run_and_the_same_command_goes_on(
    charts: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("population", "screen", charts, "--out", tmp_path / "out", *DAY, "--trial", TRIALS[0])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "/patients/of/mine")

    with monkeypatch.context() as patched:
        patched.setattr(regroup, "take_in", full)  # the processes of the run are forks of this one
        ran = run(*command)
    assert (ran.code, ran.out) == (Exit.STOPPED, "")
    assert "out: the disk is full, or a limit is reached; the same command goes on from here" in ran.err
    assert run(*command).code == Exit.OK


def test_without_duckdb_it_is_said_how_to_have_it(
    charts: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "duckdb" else name)
    ran = run("population", "screen", charts, "--out", tmp_path / "out")
    assert ran.code == Exit.DEFINITIONS
    assert "population: DuckDB is not installed; pip install 'trialcards[population]'" in ran.err
    assert not (tmp_path / "out").exists()
