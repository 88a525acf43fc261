"""The registry's records in the store: each trial's newest, every version before it, and what was drafted from it.

Every method waits until it is done and may be called from any thread; what it returns from is on the disk. Raises
``StoreDown`` where the store does not answer.
"""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import and_, delete, select, text, update

from cds.store.records import Asked, Became, Head, NewRecord, SavedDraft, StoredRecord
from cds.store.tables import DRAFTS, QUERIES, RECORDS, VERSIONS

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row, Select

    from cds.store.store import Store

__all__ = ["Studies"]

ItemT = TypeVar("ItemT")
_BATCH: Final = 500
"""So many trials are read at a time: few enough to hold, and fewer than a statement of SQLite may name."""


class Studies:
    """What one store holds of the registry."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # ------------------------------------------------------------------------------------------------------- records

    def keep(
        self, records: Sequence[NewRecord], at: dt.datetime, asked: Asked | None = None, *, seen: bool
    ) -> tuple[tuple[str, Became], ...]:
        """Keep records, all or none, and with them how far a question came; say what became of each, in their order.

        A record that says the same as the one held makes no version; one that was posted before it is passed over.
        Where the records were ``seen`` in the registry, their trials are not gone, whatever became of the records; a
        file may hold what the registry has no more.
        """

        def work(connection: Connection) -> tuple[tuple[str, Became], ...]:
            _lock(connection)
            told: list[tuple[str, Became]] = []
            for batch in _batches(records):
                told += _kept(connection, batch, at)
            if seen:
                _see(connection, (each.nct_id for each in batch), at)
            if asked is not None:
                _note(connection, asked)
            return tuple(told)

        return self._store.write_now(work)

    def current(self, nct_ids: Collection[str] | None = None) -> Iterator[StoredRecord]:
        """Give each trial's newest record, by number, of all or of these; records are read some hundreds at a time."""
        newest = and_(RECORDS.c.nct_id == VERSIONS.c.nct_id, RECORDS.c.number == VERSIONS.c.number)
        wanted = select(VERSIONS).join(RECORDS, newest).order_by(VERSIONS.c.nct_id)
        for row in self._rows(wanted, VERSIONS.c.nct_id, nct_ids):
            yield _stored(row)

    def heads(self) -> Mapping[str, Head]:
        """Say where each trial stands, without the records themselves."""
        wanted = select(RECORDS).order_by(RECORDS.c.nct_id)
        rows = self._store.read_now(lambda connection: connection.execute(wanted).all())
        return {row.nct_id: Head(*row) for row in rows}

    def versions(self, nct_id: str) -> tuple[StoredRecord, ...]:
        """Give every version of one trial's record, the oldest first."""
        wanted = select(VERSIONS).where(VERSIONS.c.nct_id == nct_id).order_by(VERSIONS.c.number)
        rows = self._store.read_now(lambda connection: connection.execute(wanted).all())
        return tuple(_stored(row) for row in rows)

    def seen(self, nct_ids: Iterable[str], at: dt.datetime) -> None:
        """Note that these trials were found in the registry, unchanged."""
        self._store.write_now(lambda connection: _see(connection, nct_ids, at))

    def gone(self, nct_ids: Iterable[str], at: dt.datetime) -> None:
        """Note that the registry has these trials no more. What is held of them stays."""
        self._store.write_now(lambda connection: _set(connection, nct_ids, {"gone_at": at}))

    # ----------------------------------------------------------------------------------------------------- questions

    def asked(self) -> tuple[Asked, ...]:
        """Give what was asked of the registry so far."""
        wanted = select(QUERIES).order_by(QUERIES.c.query)
        rows = self._store.read_now(lambda connection: connection.execute(wanted).all())
        return tuple(Asked(*row) for row in rows)

    def note(self, asked: Asked) -> None:
        """Keep how far a question came."""

        def work(connection: Connection) -> None:
            _lock(connection)
            _note(connection, asked)

        self._store.write_now(work)

    def forget(self, key: str) -> None:
        """Let go of a question, so that it is asked no more. What it brought stays."""
        self._store.write_now(lambda connection: connection.execute(delete(QUERIES).where(QUERIES.c.id == key)))

    # -------------------------------------------------------------------------------------------------------- drafts

    def drafts(self, nct_ids: Collection[str] | None = None) -> Iterator[SavedDraft]:
        """Give the drafts by number, of all trials or of these; they are read some hundreds at a time."""
        wanted = select(DRAFTS).order_by(DRAFTS.c.nct_id)
        for row in self._rows(wanted, DRAFTS.c.nct_id, nct_ids):
            yield SavedDraft(row.nct_id, row.record_sha256, row.made_with, gzip.decompress(row.body).decode())

    def drafted(self) -> Mapping[str, tuple[str, str]]:
        """Say of which record each draft was made, and with what: ``(record_sha256, made_with)`` by number."""
        wanted = select(DRAFTS.c.nct_id, DRAFTS.c.record_sha256, DRAFTS.c.made_with)
        rows = self._store.read_now(lambda connection: connection.execute(wanted).all())
        return {row.nct_id: (row.record_sha256, row.made_with) for row in rows}

    def keep_drafts(self, drafts: Sequence[SavedDraft]) -> None:
        """Keep drafts, all or none; one takes the place of what was drafted of its trial before."""
        rows = {each.nct_id: _draft_row(each) for each in drafts}

        def work(connection: Connection) -> None:
            _lock(connection)
            for batch in _batches(rows):
                connection.execute(delete(DRAFTS).where(DRAFTS.c.nct_id.in_(batch)))
                connection.execute(DRAFTS.insert(), [rows[each] for each in batch])

        if rows:
            self._store.write_now(work)

    def _rows(self, wanted: Select[Any], column: Any, among: Collection[str] | None) -> Iterator[Row[Any]]:  # noqa: ANN401 - a column of any table
        """Read rows in the order of a column of NCT numbers, each batch in a transaction of its own."""
        if among is not None:
            for batch in _batches(sorted(set(among))):
                yield from self._store.read_now(_reading(wanted.where(column.in_(batch))))
            return
        last = ""
        while rows := self._store.read_now(_reading(wanted.where(column > last).limit(_BATCH))):
            yield from rows
            last = rows[-1].nct_id


def _stored(row: Row[Any]) -> StoredRecord:
    return StoredRecord(row.nct_id, row.number, row.sha256, row.updated, row.imported_at, row.body)


def _reading(wanted: Select[Any]) -> Callable[[Connection], Sequence[Row[Any]]]:
    return lambda connection: connection.execute(wanted).all()


def _batches(items: Iterable[ItemT]) -> Iterator[list[ItemT]]:
    left = iter(items)
    while batch := list(islice(left, _BATCH)):
        yield batch


def _lock(connection: Connection) -> None:
    """Let one process write at a time: of two that found a trial new, one would fail. SQLite does so by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE registry_records IN SHARE ROW EXCLUSIVE MODE"))


def _kept(connection: Connection, records: Sequence[NewRecord], at: dt.datetime) -> list[tuple[str, Became]]:
    wanted = select(RECORDS.c.nct_id, RECORDS.c.number, RECORDS.c.sha256, RECORDS.c.updated)
    rows = connection.execute(wanted.where(RECORDS.c.nct_id.in_({each.nct_id for each in records})))
    held = {row.nct_id: (row.number, row.sha256, row.updated) for row in rows}
    known = set(held)
    told: list[tuple[str, Became]] = []
    versions: list[dict[str, object]] = []
    for each in records:
        number, sha256, updated = held.get(each.nct_id, (0, "", ""))
        became = _became(each, sha256, updated)
        told.append((each.nct_id, became))
        if became in {Became.NEW, Became.CHANGED}:
            held[each.nct_id] = (number + 1, each.sha256, each.updated)
            versions.append(_version_row(each, number + 1, at))
    if versions:
        connection.execute(VERSIONS.insert(), versions)
    _move_heads(connection, known, versions, at)
    return told


def _became(record: NewRecord, sha256: str, updated: str) -> Became:
    if not sha256:
        return Became.NEW
    if record.sha256 == sha256:
        return Became.SAME
    return Became.OLDER if record.updated < updated else Became.CHANGED


def _version_row(record: NewRecord, number: int, at: dt.datetime) -> dict[str, object]:
    return {
        "nct_id": record.nct_id,
        "number": number,
        "sha256": record.sha256,
        "updated": record.updated,
        "imported_at": at,
        "body": record.packed,
    }


def _move_heads(
    connection: Connection, known: Collection[str], versions: Iterable[dict[str, object]], at: dt.datetime
) -> None:
    newest = {str(row["nct_id"]): row for row in versions}
    names = ("nct_id", "number", "sha256", "updated")
    heads = [{name: row[name] for name in names} | {"changed_at": at} for row in newest.values()]
    first = {"first_seen": at, "seen_at": at, "gone_at": None}
    fresh = [row | first for row in heads if row["nct_id"] not in known]
    if fresh:
        connection.execute(RECORDS.insert(), fresh)
    for row in heads:
        if row["nct_id"] in known:
            connection.execute(update(RECORDS).where(RECORDS.c.nct_id == row["nct_id"]).values(**row))


def _see(connection: Connection, nct_ids: Iterable[str], at: dt.datetime) -> None:
    _set(connection, nct_ids, {"seen_at": at, "gone_at": None})


def _set(connection: Connection, nct_ids: Iterable[str], values: Mapping[str, dt.datetime | None]) -> None:
    for batch in _batches(nct_ids):
        connection.execute(update(RECORDS).where(RECORDS.c.nct_id.in_(batch)).values(**values))


def _note(connection: Connection, asked: Asked) -> None:
    connection.execute(delete(QUERIES).where(QUERIES.c.id == asked.key))
    row = {
        "id": asked.key,
        "query": asked.query,
        "began_at": asked.began_at,
        "page_token": asked.page_token,
        "taken": asked.taken,
        "newest": asked.newest,
        "since": asked.since,
        "finished_at": asked.finished_at,
    }
    connection.execute(QUERIES.insert(), row)


def _draft_row(draft: SavedDraft) -> dict[str, object]:
    return {
        "nct_id": draft.nct_id,
        "record_sha256": draft.record_sha256,
        "made_with": draft.made_with,
        "body": gzip.compress(draft.text.encode(), 6, mtime=0),
    }
