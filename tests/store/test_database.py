"""The database itself: made from nothing, by one of several processes that start at once, and safe on the disk."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from cds.errors import BadSetting
from cds.store.database import address, engine_for, migrate
from cds.store.tables import METADATA

REPOSITORY = Path(__file__).resolve().parents[2]
START = """
import sys
from cds.store.database import address, engine_for, migrate
sys.stdin.read(1)
migrate(engine_for(address(sys.argv[1])))
print("up")
"""


def version(url: str) -> list[str]:
    engine = engine_for(address(url))
    with engine.connect() as connection:
        rows = [row[0] for row in connection.execute(text("SELECT version_num FROM alembic_version"))]
    engine.dispose()
    return rows


def test_the_steps_lead_to_the_tables_of_today_and_may_be_run_again(url: str) -> None:
    engine = engine_for(address(url))
    migrate(engine)
    migrate(engine)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), METADATA)
    engine.dispose()
    assert differences == []
    assert version(url) == ["v2"]


def test_processes_that_start_at_once_make_the_tables_once(url: str) -> None:
    command = [sys.executable, "-c", START, url]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
        for _ in range(4)
    ]
    for each in started:
        assert each.stdin is not None
        each.stdin.write("x")
        each.stdin.flush()
    assert [each.communicate(timeout=60)[0] for each in started] == ["up\n"] * 4
    assert version(url) == ["v2"]


def test_a_file_of_sqlite_is_set_to_lose_nothing(tmp_path: Path) -> None:
    engine = engine_for(address(f"sqlite:///{tmp_path / 'x.sqlite3'}"))
    migrate(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
    engine.dispose()


def test_nobody_but_its_owner_may_read_a_new_file(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        engine = engine_for(address(f"sqlite:///{tmp_path / 'x.sqlite3'}"))
        migrate(engine)
        found = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert found.keys() >= {"x.sqlite3", "x.sqlite3-wal"}
    assert set(found.values()) == {0o600}
    engine.dispose()


@pytest.mark.parametrize("url", ["postgresql://user:secret@host:port/x", "postgresql://user:secret@[::1/x"])
def test_an_address_that_cannot_be_read_is_not_repeated(url: str) -> None:
    with pytest.raises(BadSetting, match=r"^CDS_STORE_URL: must be an address such as sqlite:///trialcards.sqlite3$"):
        address(url)


@pytest.mark.parametrize("name", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_goes_by_any_of_its_names(name: str) -> None:
    assert address(f"{name}://user:secret@host/cards").drivername == "postgresql+psycopg"


def test_postgresql_commits_to_the_disk_whatever_its_default(postgresql: str) -> None:
    engine = engine_for(address(postgresql))
    with engine.connect() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar_one() == "on"
    engine.dispose()
