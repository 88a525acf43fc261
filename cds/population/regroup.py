"""An export by type of resource, regrouped by patient: DuckDB parts it, and spills to disk what it cannot hold.

Of each file the lines lie in ``work/rows/FILE/part=N/`` as Parquet; a file's folder gets its name once all of it is
there, so that a run that was stopped goes on with the files that are missing.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import duckdb
import msgspec

from cds.population.disk import write_whole
from cds.population.intake import take_in
from cds.population.lines import SHARED, Account, Row
from cds.population.storing import database, parquet, quoted, reading_stopped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import TextIOWrapper
    from pathlib import Path

    from cds.population.job import Job

__all__ = ["account_of", "bring_drugs", "discard", "entries_of", "is_taken", "take_file"]

_CHUNK_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES_A_PART = 256 * 1024
"""Each chunk makes a file in each part; so many parts, so large the chunks."""
_COLUMNS = {
    "part": "INTEGER",
    "patient": "VARCHAR",
    "type": "VARCHAR",
    "id": "VARCHAR",
    "url": "VARCHAR",
    "drugs": "VARCHAR",
    "line": "VARCHAR",
    "origin": "INTEGER",
}
_SEPARATOR = "\x1f"
"""Stands in no JSON text and in no id that is taken in."""


def take_file(job: Job, number: int) -> Account:
    """Take one file of the export in, unless that was done before, and give its account.

    Raises ``RunStopped`` where the disk is full.
    """
    done = account_of(job, number)
    if done is not None and is_taken(job, number):
        return done
    source, name = job.sources[number], f"{number:05d}"
    into, unfinished = job.work / "rows" / name, job.work / "rows" / f"{name}.unfinished"
    with reading_stopped(job.out):
        shutil.rmtree(into, ignore_errors=True)
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True, mode=0o700)
        with _Keeping.into(unfinished, job) as keeping:
            account = take_in(source, job.parts, keeping.keep)
        unfinished.rename(into)
        write_whole(_account_file(job, number), msgspec.json.encode(account))
    return account


def account_of(job: Job, number: int) -> Account | None:
    """Give the account of a file that was taken in, or nothing; its rows may be gone again, as a run discards them."""
    try:
        return msgspec.json.decode(_account_file(job, number).read_bytes(), type=Account)
    except FileNotFoundError:
        return None


def is_taken(job: Job, number: int) -> bool:
    """Say whether a file's rows are there, and its account."""
    return _account_file(job, number).exists() and (job.work / "rows" / f"{number:05d}").exists()


def _account_file(job: Job, number: int) -> Path:
    return job.out / "accounts" / f"{number:05d}.json"


class _Keeping:
    """Rows on their way into parts: written to a file of some size, which DuckDB then splits."""

    def __init__(self, folder: Path, job: Job) -> None:
        self._folder = folder
        self._job = job
        self._chunk = folder / "chunk.csv"
        self._stream: TextIOWrapper = self._chunk.open("w", encoding="utf-8", newline="")
        self._size = self._number = 0

    @classmethod
    @contextmanager
    def into(cls, folder: Path, job: Job) -> Iterator[Self]:
        """Keep rows in parts of a folder; those at hand are split in the end."""
        keeping = cls(folder, job)
        try:
            yield keeping
            keeping._split()
        finally:
            keeping._stream.close()
            keeping._chunk.unlink(missing_ok=True)

    def keep(self, row: Row) -> None:
        """Keep a row."""
        self._stream.write(_SEPARATOR.join(map(str, row)))
        self._stream.write("\n")
        self._size += len(row.line)
        if self._size >= max(_CHUNK_BYTES, self._job.parts * _CHUNK_BYTES_A_PART):
            self._split()

    def _split(self) -> None:
        self._stream.close()
        if self._size:
            with database(self._job) as connection:
                connection.execute(
                    f"COPY (FROM read_csv({quoted(self._chunk)}, columns = {_COLUMNS}, delim = '{_SEPARATOR}', "
                    "quote = '', escape = '', header = false, auto_detect = false, new_line = '\\n', "
                    "strict_mode = false, max_line_size = 1073741824, allow_quoted_nulls = false, "
                    "nullstr = '\x1e', hive_partitioning = false)) "
                    f"TO {quoted(self._folder)} (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (part), "
                    f"WRITE_PARTITION_COLUMNS, APPEND, FILENAME_PATTERN 'rows-{self._number:05d}-{{uuid}}')"
                )
        self._number += 1
        self._size = 0
        self._stream = self._chunk.open("w", encoding="utf-8", newline="")


def bring_drugs(job: Job) -> None:
    """Copy the drugs that a patient's entries refer to, and what these are made of, to the patient's part.

    Raises ``RunStopped`` where the disk is full.
    """
    into, unfinished = job.work / "drugs", job.work / "drugs.unfinished"
    if into.exists():
        return
    with reading_stopped(job.out), database(job) as connection:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True, mode=0o700)
        shared = _files(job, SHARED)
        if shared:
            connection.execute(f"CREATE VIEW rows AS FROM {parquet(*_every(job))} WHERE part >= 0")
            connection.execute(f"CREATE VIEW drugs AS FROM {parquet(*shared)}")
            connection.execute(
                "CREATE TEMP TABLE asked AS SELECT DISTINCT part, patient, unnest(string_split(drugs, ' ')) AS drug "
                "FROM rows WHERE drugs <> ''"
            )
            connection.execute(
                "CREATE TEMP TABLE within AS SELECT DISTINCT a.part, a.patient, unnest(string_split(d.drugs, ' ')) "
                "AS drug FROM asked a JOIN drugs d ON d.id = a.drug WHERE d.drugs <> ''"
            )
            connection.execute(
                "COPY (SELECT DISTINCT a.part, a.patient, d.type, d.id, d.url, '' AS drugs, d.line, d.origin "
                "FROM (FROM asked UNION FROM within) a JOIN drugs d ON d.id = a.drug) "
                f"TO {quoted(unfinished)} (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (part), APPEND)"
            )
        unfinished.rename(into)


def entries_of(job: Job, part: int, connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, list[Row]]]:
    """Give the patients of a part, in the order of their ids, each with all that is known to be theirs."""
    files = [*_files(job, part), *sorted((job.work / "drugs").glob(f"part={part}/*.parquet"))]
    if not files:
        return
    found = connection.execute(f"SELECT patient, type, id, url, line, origin FROM {parquet(*files)} ORDER BY patient")
    patient, rows = "", list[Row]()
    while batch := found.fetchmany(2048):
        for whose, name, identity, url, line, origin in batch:
            if whose != patient and rows:
                yield patient, sorted(rows)
                rows = []
            patient = whose
            rows.append(Row(part, whose, name, identity, url, "", line, origin))
    if rows:
        yield patient, sorted(rows)


def _files(job: Job, part: int) -> list[Path]:
    return sorted((job.work / "rows").glob(f"[0-9][0-9][0-9][0-9][0-9]/part={part}/*.parquet"))


def _every(job: Job) -> list[Path]:
    return sorted((job.work / "rows").glob("[0-9][0-9][0-9][0-9][0-9]/part=*/*.parquet"))


def discard(job: Job) -> None:
    """Take away what the export was regrouped into, once it is of no more use."""
    shutil.rmtree(job.work, ignore_errors=True)
    os.sync()
