"""The transcripts in the docs are what a user sees: the commands, run against the real server.

REWRITE=1 writes them anew, to be reviewed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.golden.cases import case
from tests.live.hapi import Hapi
from tests.live.loading import load_own

pytestmark = pytest.mark.live

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "transcripts"
SHOWN_BASE = "http://127.0.0.1:8080/fhir"
WIDTH = 120
SYNTHEA = "synthea-shaped"
"""Stands for the id that the server gives the patient of that chart."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A transcript: its file, the command, and the exit code that is to be seen."""

    file: str
    words: str
    code: int = 0


TRANSCRIPTS = (
    Shown("server-check.txt", f"server check {SHOWN_BASE}"),
    Shown(
        "server-check-patient.txt",
        f"server check {SHOWN_BASE} --patient {case('pancreas-lcnec-clean').patient_id}",
    ),
    Shown("server-check-synthea-shaped.txt", f"server check {SHOWN_BASE} --patient {SYNTHEA}"),
    Shown(
        "screen-server.txt",
        f"screen --server {SHOWN_BASE} --patient {case('colon-nec-near').patient_id} --as-of 2026-06-15 "
        "--trial NCT07328490",
    ),
    Shown("screen-no-patient.txt", f"screen --server {SHOWN_BASE} --patient nobody", code=3),
)


@pytest.fixture(scope="session")
def synthea_id(charts: Hapi) -> str:
    """The id of our own chart in the shape of Synthea's, loaded as its maker wrote it."""
    chart = load_own(charts, "synthea-shaped.json")
    return chart.on_server(chart.patients[0])


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    return subprocess.run(
        [sys.executable, "-m", "cds", *words],
        cwd=ROOT,
        env={**kept, "COLUMNS": str(WIDTH), "NO_COLOR": "1", "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )


def normalised(text: str, base: str) -> str:
    """Put a fixed address in the place of this run's, and signs in the place of its times, as wide as they are."""
    lines = text.replace(base, SHOWN_BASE).splitlines()
    told = [re.sub(r"^(Slowest: ).*$", r"\1(differs from run to run)", line) for line in lines]
    told = [re.sub(r"\b\d+\.\d\d$", lambda found: "#.##".rjust(len(found[0])), line) for line in told]
    return "\n".join(line.rstrip() for line in told) + "\n"


@pytest.mark.parametrize("shown", TRANSCRIPTS, ids=lambda shown: shown.file)
def test_a_transcript_is_what_the_command_says(
    charts: Hapi,
    synthea_id: str,
    shown: Shown,
    rewrite: bool,  # noqa: FBT001 - a fixture's value
) -> None:
    ran = run(shown.words.replace(SHOWN_BASE, charts.base).replace(SYNTHEA, synthea_id).split())
    ending = "" if ran.returncode == 0 else f"(exit code {ran.returncode})\n"
    seen = f"$ trialcards {shown.words}\n{normalised(ran.stdout, charts.base)}{ending}"
    file = FOLDER / shown.file
    if rewrite:
        file.write_text(seen, "utf-8")
    assert ran.returncode == shown.code, ran.stdout
    assert file.read_text("utf-8") == seen


def test_the_table_from_the_server_is_the_table_from_the_file(charts: Hapi) -> None:
    """The very same words, but for what a file cannot say of the types that are not in it."""
    slug, options = "colon-nec-near", ["--as-of", "2026-06-15"]
    by_file = run(["screen", str(ROOT / "tests" / "golden" / slug / "chart.json"), *options, "--covered", "complete"])
    by_server = run(["screen", "--server", charts.base, "--patient", case(slug).patient_id, *options])
    assert by_server.returncode == by_file.returncode == 0
    assert by_server.stdout == by_file.stdout


def test_no_file_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {each.file for each in TRANSCRIPTS}
