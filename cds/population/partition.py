"""A part of the population held against the trials, and its results as Parquet: there whole, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self, TypeAlias

import msgspec

from cds.population.regroup import entries_of
from cds.population.screening import CriterionRow, PatientRow, TrialRow, digest_of, screened
from cds.population.storing import database, parquet, quoted, reading_stopped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from io import BufferedWriter

    import duckdb

    from cds.population.coverage import Covered
    from cds.population.job import Job
    from cds.population.lines import Row
    from cds.population.screening import Rows

__all__ = ["TABLES", "Counts", "is_done", "screen_part"]

AnyRow: TypeAlias = PatientRow | TrialRow | CriterionRow
TABLES: dict[str, type[AnyRow]] = {"criteria": CriterionRow, "trials": TrialRow, "patients": PatientRow}
"""The tables of results, in the order they are written: a part is done when its patients are there."""

_ORDER = {"criteria": "patient, trial, criterion", "trials": "patient, trial", "patients": "patient"}
_TYPES = {
    "str": "VARCHAR",
    "str | None": "VARCHAR",
    "int": "INTEGER",
    "bool": "BOOLEAN",
    "dt.date": "DATE",
    "dt.date | None": "DATE",
    "tuple[str, ...]": "VARCHAR[]",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How many patients of a part were screened, and of how many the rows of an earlier run were taken over."""

    patients: int = 0
    taken_over: int = 0


def tables_of(job: Job) -> tuple[str, ...]:
    """Give the tables that a run writes."""
    return tuple(name for name in TABLES if name != "criteria" or job.criteria)


def is_done(job: Job, part: int) -> bool:
    """Say whether a part's results are there."""
    return (job.out / "patients" / job.part_name(part)).exists()


def screen_part(job: Job, part: int, covered: Covered, *, take_over: bool = False) -> Counts:
    """Screen the patients of a part and write what they came to.

    ``take_over``: of patients whose lines are those of the earlier run, its rows are written again. Raises
    ``RunStopped`` where the disk is full. A part whose results are there already is left as it is.
    """
    if is_done(job, part):
        return Counts()
    with reading_stopped(job.out), database(job) as connection, _Writing(job, part) as writing:
        earlier = _earlier(job, part, connection) if take_over else {}
        known, screened_now = set[str](), 0
        for patient, rows in entries_of(job, part, connection):
            if patient in earlier and earlier[patient] == digest_of(rows) and not _may_have_died(rows):
                known.add(patient)
            else:
                writing.write(screened(patient, rows, covered, job))
                screened_now += 1
        writing.finish(connection, known)
    return Counts(screened_now, len(known))


def _may_have_died(rows: Sequence[Row]) -> bool:
    """Say whether a patient's own resource speaks of death, which may lie between the earlier day and this one."""
    return any(each.type == "Patient" and '"deceased' in each.line for each in rows)


def _earlier(job: Job, part: int, connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Give the digests of a part's patients in an earlier run, of those that it could screen and that it has whole."""
    if job.earlier is None or not all((job.earlier / each / job.part_name(part)).exists() for each in tables_of(job)):
        return {}
    file = parquet(job.earlier / "patients" / job.part_name(part))
    return dict(connection.execute(f"SELECT patient, digest FROM {file} WHERE problem IS NULL").fetchall())


class _Writing:
    """The rows of one part on their way: first as JSON lines, in the end as Parquet."""

    def __init__(self, job: Job, part: int) -> None:
        self._job, self._part = job, part
        self._folder = job.work / "results" / f"part-{part:04d}"
        self._encode = msgspec.json.Encoder().encode
        self._streams: dict[str, BufferedWriter] = {}

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._streams = {name: (self._folder / f"{name}.json").open("wb") for name in tables_of(self._job)}
        return self

    def __exit__(self, *_: object) -> None:
        for name, stream in self._streams.items():
            stream.close()
            (self._folder / f"{name}.json").unlink(missing_ok=True)

    def write(self, rows: Rows) -> None:
        """Write the rows of one patient."""
        self._add("patients", (rows.patient,))
        self._add("trials", rows.trials)
        if "criteria" in self._streams:
            self._add("criteria", rows.criteria)

    def _add(self, name: str, rows: Iterable[AnyRow]) -> None:
        stream = self._streams[name]
        for row in rows:
            stream.write(self._encode(row))
            stream.write(b"\n")

    def finish(self, connection: duckdb.DuckDBPyConnection, known: set[str]) -> None:
        """Write the tables as Parquet, with the earlier rows of those who are known, each table whole at once."""
        connection.execute("CREATE TEMP TABLE known (patient VARCHAR)")
        if known:
            connection.executemany("INSERT INTO known VALUES (?)", [(each,) for each in sorted(known)])
        for name, stream in self._streams.items():
            stream.close()
            unfinished = self._folder / f"{name}.parquet"
            connection.execute(
                f"COPY ({self._query(name, known)}) TO {quoted(unfinished)} (FORMAT parquet, COMPRESSION zstd)"
            )
            unfinished.chmod(0o600)
            into = self._job.out / name
            into.mkdir(exist_ok=True, mode=0o700)
            unfinished.replace(into / self._job.part_name(self._part))

    def _query(self, name: str, known: set[str]) -> str:
        columns = columns_of(name)
        new = (
            f"SELECT {', '.join(columns)} FROM read_json({quoted(self._folder / f'{name}.json')}, "
            f"columns = {columns}, format = 'newline_delimited', maximum_object_size = 67108864, "
            "hive_partitioning = false)"
        )
        earlier = self._job.earlier / name / self._job.part_name(self._part) if self._job.earlier and known else None
        if earlier is None or not earlier.exists():
            return f"{new} ORDER BY {_ORDER[name]}"
        old = f"SELECT {', '.join(columns)} FROM {parquet(earlier)} SEMI JOIN known USING (patient)"
        return f"FROM ({new} UNION ALL {old}) ORDER BY {_ORDER[name]}"


def columns_of(name: str) -> dict[str, str]:
    """Give the columns of a table with their types in SQL."""
    return {each.name: _TYPES[str(each.type)] for each in fields(TABLES[name])}
