"""The real command over a population made of golden charts, in processes of its own that can be killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from bench.copies import copied, golden_lines, written

REPOSITORY = Path(__file__).resolve().parents[2]
TABLES = {"patients": "patient", "trials": "patient, trial", "criteria": "patient, trial, criterion"}
HANGS_S = 300
Done = Mapping[str, tuple[int, int]]
"""What a run has come to: its files that are there for good, by name, and what tells each from one made anew."""


def export_of_people(folder: Path, copies: int) -> int:
    """Write an export of so many copies of the golden charts, each under ids of its own; give how many people it is."""
    charts = golden_lines(REPOSITORY / "tests" / "golden")
    for number in range(copies):
        written(copied(charts, number), folder)
    return copies * sum(name == "Patient" for name, _ in charts)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a run is killed: when so much of it is done, and so long after; ``writing``: as some part is written.

    ``alone``: only its first process is killed, and the others must go by themselves.
    """

    after: int
    later_s: float = 0.0
    writing: bool = False
    alone: bool = False


@contextmanager
def running(export: Path, out: Path, *options: str) -> "Iterator[subprocess.Popen[bytes]]":
    """Run the command; eight processes make sixteen parts, so that there is something to be killed between."""
    command = [sys.executable, "-m", "cds", "population", "screen", str(export), "--out", str(out), "--criteria"]
    settings = ["--as-of", "2026-06-15", "--processes", "8", *options]
    with subprocess.Popen(
        [*command, *settings], cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def finished(export: Path, out: Path, *options: str) -> None:
    """Run the command to its end."""
    with running(export, out, *options) as process:
        _, said = process.communicate()
    assert process.returncode == 0, said.decode()


def done_in(out: Path) -> Done:
    there = [*out.glob("accounts/*.json"), *out.glob("patients/*.parquet")]
    return {f"{each.parent.name}/{each.name}": (each.stat().st_ino, each.stat().st_mtime_ns) for each in there}


def killed(process: "subprocess.Popen[bytes]", out: Path, moment: Moment) -> Done:
    """Kill a run at some moment; give what was there then, for good."""
    while process.poll() is None and len(done_in(out)) < moment.after:
        time.sleep(0.01)
    time.sleep(moment.later_s)
    while moment.writing and process.poll() is None and not is_writing(out):
        pass
    with suppress(ProcessLookupError):  # it had come to its end
        (os.kill if moment.alone else os.killpg)(process.pid, signal.SIGKILL)
    process.communicate(timeout=HANGS_S)  # its other processes hold the stream until they have gone too
    return done_in(out)


def is_writing(out: Path) -> bool:
    """Say whether some part's tables are there in part."""
    return len({frozenset(each.name for each in out.glob(f"{table}/*.parquet")) for table in TABLES}) > 1


def sorted_rows(out: Path, table: str) -> bytes:
    """Give a table of a run as one Parquet file, sorted."""
    file = out.with_name(f"{out.name}-{table}.parquet")
    with duckdb.connect() as connection:
        rows = f"FROM read_parquet('{out}/{table}/*.parquet') ORDER BY {TABLES[table]}"
        connection.execute(f"COPY ({rows}) TO '{file}' (FORMAT parquet)")
    return file.read_bytes()


def patients_in(out: Path) -> list[str]:
    """Give the ids that have a row."""
    with duckdb.connect() as connection:
        return [whose for (whose,) in connection.execute(f"SELECT patient FROM '{out}/patients/*.parquet'").fetchall()]  # noqa: S608 - our own names
