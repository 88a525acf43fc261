"""The same store over both databases: a file of SQLite, and PostgreSQL started by the tests where it is installed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from cds.store.store import Store
from tests.store.postgres import NotToBeHad, server

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server that is ours; the test is skipped with the reason where there is none."""
    running = server()
    try:
        address = running.__enter__()
    except NotToBeHad as problem:
        pytest.skip(str(problem))
    try:
        yield address
    finally:
        running.__exit__(None, None, None)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'cards.sqlite3'}"
    root: str = request.getfixturevalue("postgresql")
    name = f"cards{next(_NUMBERS)}"
    engine = create_engine(root.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(root).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A store over that database."""
    opened = Store.open(url)
    yield opened
    opened.close()
