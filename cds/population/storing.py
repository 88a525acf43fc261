"""DuckDB as it is used here: held to the memory it is given, spilling beside the results; and full disks told."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from cds.errors import RunStopped
from cds.population.disk import FULL, NO_ROOM

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cds.population.job import Job

__all__ = ["database", "parquet", "quoted", "reading_stopped"]


@contextmanager
def database(job: Job) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a database in memory that spills to the run's folder, on one thread: runs make processes, not threads."""
    spill = job.work / "spill"
    spill.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{job.memory_mb}MB",
        "temp_directory": str(spill),
        "threads": 1,
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
    }
    with duckdb.connect(config=settings) as connection:
        yield connection


def quoted(path: Path) -> str:
    """Write a path as a literal of SQL."""
    return "'" + str(path).replace("'", "''") + "'"


def parquet(*files: Path) -> str:
    """Write Parquet files as a table of SQL; what the names of their folders look like says nothing of the rows."""
    return f"read_parquet([{', '.join(map(quoted, files))}], hive_partitioning = false)"


@contextmanager
def reading_stopped(out: Path) -> Iterator[None]:
    """Say of a full disk, and of a folder that takes no files, that the run stopped and how it goes on.

    Raises ``RunStopped``.
    """
    try:
        yield
    except OSError as fault:
        why = NO_ROOM if fault.errno in FULL else "cannot be read or written"
        raise RunStopped(f"{out.name}: {why}; the same command goes on from here") from None
    except duckdb.IOException as fault:
        full = "No space left" in str(fault)
        why = NO_ROOM if full else "the disk cannot be read or written"
        raise RunStopped(f"{out.name}: {why}; the same command goes on from here") from None
    except duckdb.OutOfMemoryException:
        raise RunStopped(f"{out.name}: DuckDB may hold too little; allow it more by --memory") from None
    except duckdb.Error as fault:  # its words may quote a line
        raise RunStopped(f"{out.name}: DuckDB cannot go on ({type(fault).__name__})") from None
