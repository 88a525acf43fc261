"""``trialcards trials coverage``: a row a trial, the sum, the lines unaccounted, and the exit code."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cds.cli.exits import Exit

Run = Callable[..., Any]
Folder = Callable[[str], Path]
DEFINITION = """
nct_id: NCT00000001
title: A trial
version: "1"
record: {{date: 2026-01-01, status: RECRUITING, lines: 4, blank: [], sha256: 00ff}}
complete: {complete}
headings: [1]
criteria:
  - {{id: consent, label: Consent, section: inclusion, lines: [2], disease: true, ask: Has the patient consented?}}
  - {{id: adult, label: Adult, section: inclusion, lines: [3], require: {{age: {{at_least: 18}}}}}}
"""
TABLE = """\
trial          lines  headings  computed  (in part)  judgement  not computable  unaccounted
{name}      4         1         1          0          1               0            1
sum                4         1         1          0          1               0            1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    def make(complete: str) -> Path:
        (tmp_path / "NCT00000001.yaml").write_text(DEFINITION.format(complete=complete), "utf-8")
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("complete", "marked"),
    [
        ("true", ("NCT00000001  ", "", Exit.FAULTS)),
        ("false", ("NCT00000001 *", "* not said to be complete\n", Exit.OK)),
    ],
)
def test_the_command_prints_a_row_a_trial(
    run: Run, folder: Folder, complete: str, marked: tuple[str, str, Exit]
) -> None:
    name, more, code = marked
    told = TABLE.format(name=name) + more + "NCT00000001: 1 line unaccounted: 4\n"
    ran = run("trials", "coverage", folder(complete))
    assert (ran.code, ran.out) == (code, told)


def test_a_folder_that_is_not_there_is_told(run: Run, tmp_path: Path) -> None:
    ran = run("trials", "coverage", tmp_path / "none")
    assert (ran.code, ran.err) == (Exit.INPUT, "trialcards: none: there is no such folder\n")


def test_the_command_prints_json(run: Run, folder: Folder) -> None:
    ran = run("trials", "coverage", "--json", folder("true"))
    counts = {"lines": 4, "headings": 1, "computed": 1, "computedInPart": 0, "judgement": 1, "notComputable": 0}
    assert ran.code == Exit.FAULTS
    assert json.loads(ran.out) == {
        "trials": [{"nctId": "NCT00000001", "complete": True, **counts, "unaccounted": [4]}],
        "sum": {**counts, "unaccounted": 1},
    }
