"""The connection to the database, SQLite or PostgreSQL, set so that what was committed survives a crash.

SQLite: write-ahead log, and every commit is on the disk before it returns (``synchronous = FULL``); who only reads does
not wait for who writes. PostgreSQL: ``synchronous_commit`` on, whatever the database's own default is.
Sources: https://www.sqlite.org/pragma.html#pragma_synchronous,
https://www.postgresql.org/docs/current/runtime-config-wal.html.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from cds.errors import BadSetting

if TYPE_CHECKING:
    from alembic.config import Config

WRITES: Final = "cds_writes"
"""Execution option of transactions that write. SQLite is told at their beginning, so that they queue, not collide."""

THREADS: Final = 4
_BUSY_MS: Final = 5000
_TRIES: Final = 100
_PAUSE_S: Final = 0.05
_MIGRATION_LOCK: Final = 0x747269616C63  # "trialc": any number will do that nobody else locks in this database
_NOTICES_SILENCE: Final[dict[str, int]] = {
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
}
"""Without these, a database whose machine is gone would hold the store's threads for a quarter of an hour and longer.

Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS (milliseconds, then seconds).
"""
_POSTGRESQL_OPTIONS: Final = "-c synchronous_commit=on -c statement_timeout=5000 -c lock_timeout=3000"


def address(url: str) -> URL:
    """Read the address of a database; raise ``BadSetting`` where it is none that can be used here."""
    try:
        read = make_url(url)
    except (ArgumentError, ValueError):
        raise BadSetting("CDS_STORE_URL: must be an address such as sqlite:///trialcards.sqlite3") from None
    if read.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return read.set(drivername="postgresql+psycopg")
    if read.drivername == "sqlite":
        return read
    raise BadSetting("CDS_STORE_URL: must be the address of an SQLite file or a PostgreSQL database")


def in_memory(url: URL) -> bool:
    """Say whether a database is gone when its process ends."""
    return url.drivername == "sqlite" and url.database in {None, "", ":memory:"}


def is_there(url: URL) -> bool:
    """Say whether there is a database that can be looked into; of one on a server that is taken for granted."""
    if url.drivername != "sqlite":
        return True
    return not in_memory(url) and Path((url.database or "").removeprefix("file:")).exists()


def engine_for(url: URL) -> Engine:
    """Make an engine; nothing is connected yet."""
    if url.drivername != "sqlite":
        return _postgresql(url)
    pool: dict[str, Any] = {"poolclass": StaticPool} if in_memory(url) else {"pool_size": THREADS, "max_overflow": 0}
    engine = create_engine(
        url, connect_args={"check_same_thread": False, "timeout": _BUSY_MS / 1000, "isolation_level": None}, **pool
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql(url: URL) -> Engine:
    try:
        return create_engine(
            url,
            pool_size=THREADS,
            max_overflow=0,
            pool_pre_ping=True,
            pool_timeout=5,
            connect_args={"connect_timeout": 3, "options": _POSTGRESQL_OPTIONS, **_NOTICES_SILENCE},
        )
    except ModuleNotFoundError:
        raise BadSetting("CDS_STORE_URL: for PostgreSQL install trialcards[postgres]") from None


def _set_up_sqlite(connection: Any, entry: ConnectionPoolEntry) -> None:  # noqa: ANN401 - the driver's own object
    del entry
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def migrate(engine: Engine) -> None:
    """Bring the tables up to date; of several processes that start at once, one does it and the others wait."""
    from alembic import command  # noqa: PLC0415 - takes as long to load as the database layer, and is needed once

    if engine.dialect.name == "sqlite":
        _make_private(engine.url)
        _switch_to_wal(engine)
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MIGRATION_LOCK})
        command.upgrade(_config(connection), "head")


def _config(connection: Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _make_private(url: URL) -> None:
    """Make a new file one that its owner alone may read, before anything stands in it.

    SQLite gives the files that it keeps beside a database the same permissions. A file that is there is left as it is.
    """
    if not in_memory(url) and url.database and not url.database.startswith("file:"):
        with suppress(FileExistsError):
            os.close(os.open(url.database, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _switch_to_wal(engine: Engine) -> None:
    """Turn the write-ahead log on; this one statement does not wait for other processes by itself, so it is retried."""
    for tries_left in reversed(range(_TRIES)):
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as problem:
            if not tries_left or problem.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(_PAUSE_S)
        else:
            return
        finally:
            connection.close()
