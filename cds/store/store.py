"""The store: what is kept between calls and between processes, in one SQLite file or one PostgreSQL database.

What a method has returned from is on the disk. Whatever goes wrong beneath raises ``StoreDown``: hook calls then do
without, feedback is answered 503 so that the EHR sends it again. Statements run on a few threads of their own.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Self, TypeVar

from sqlalchemy import and_, delete, exists, select, text
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.exc import SQLAlchemyError

from cds.errors import StoreDown
from cds.store.database import THREADS, WRITES, address, engine_for, in_memory, migrate
from cds.store.dismissed import dismissals_in
from cds.store.summaries import summaries
from cds.store.tables import FEEDBACK, TOLD, USED_TOKENS
from cds.store.values import Dismissal, GivenFeedback, Recorded, Shown, ToldCard, TrialSummary

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table

ResultT = TypeVar("ResultT")


class Store:
    """One database. Opening it is cheap: the tables are made, or brought up to date, before the first statement."""

    def __init__(self, engine: Engine, threads: int) -> None:
        self._engine = engine
        self._writing = engine.execution_options(**{WRITES: True})
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="store")
        self._migrating = threading.Lock()
        self._migrated = False

    @classmethod
    def open(cls, url: str) -> Self:
        """Give the store at an address; raises ``BadSetting`` where that is no address of a database."""
        where = address(url)
        return cls(engine_for(where), 1 if in_memory(where) else THREADS)

    def close(self) -> None:
        """Finish what runs, and let go of the database."""
        self._threads.shutdown()
        self._engine.dispose()

    async def ready(self) -> bool:
        """Say whether the database answers and its tables are up to date."""
        try:
            await self._read(lambda connection: connection.execute(text("SELECT 1")).scalar_one())
        except StoreDown:
            return False
        return True

    async def first_use(self, issuer: str, jti: str, until: dt.datetime) -> bool:
        """Say whether a token's id is used for the first time, by any process; remember it until the token expires."""
        row = {"id": _digest(issuer, jti), "until": until}
        return await self._write(lambda connection: _added(connection, USED_TOKENS, row))

    async def told(self, cards: Sequence[ToldCard]) -> None:
        """Keep cards that are about to leave."""
        rows = [
            {
                "uuid": each.uuid,
                "nct_id": each.nct_id,
                "service": each.service,
                "caller": each.caller,
                "patient": each.patient,
                "viewer": each.viewer,
                "told_at": each.told_at,
                "fingerprint": each.fingerprint,
            }
            for each in cards
        ]
        if rows:
            await self._write(lambda connection: connection.execute(TOLD.insert(), rows))

    async def record(self, feedback: Sequence[GivenFeedback]) -> Recorded:
        """Keep a batch of feedback, whole or not at all; what was sent before is not kept twice.

        Feedback is the same where caller, card, outcome, moment and accepted suggestions are.
        """
        return await self._write(lambda connection: _record(connection, feedback)) if feedback else Recorded()

    async def dismissals(self, patients: Sequence[str]) -> tuple[Dismissal, ...]:
        """Give what was overridden for a patient, known by these keyed hashes, by whom and on what findings.

        Of what was said to one card the last counts, so that a slip can be mended (:mod:`cds.store.dismissed`).
        """
        wanted = (
            select(TOLD, FEEDBACK.c.outcome, FEEDBACK.c.reason_code, FEEDBACK.c.at, FEEDBACK.c.received_at)
            .join(FEEDBACK, and_(FEEDBACK.c.card == TOLD.c.uuid, FEEDBACK.c.caller == TOLD.c.caller))
            .where(TOLD.c.patient.in_(_named(patients)))
        )
        rows = await self._read(lambda connection: connection.execute(wanted).all())
        return dismissals_in(rows)

    async def shown(self, patients: Sequence[str], viewers: Sequence[str], since: dt.datetime) -> tuple[Shown, ...]:
        """Give what was told since a moment to a viewer for a patient, both known by these keyed hashes."""
        wanted = select(TOLD).where(
            TOLD.c.patient.in_(_named(patients)), TOLD.c.viewer.in_(_named(viewers)), TOLD.c.told_at >= since
        )
        rows = await self._read(lambda connection: connection.execute(wanted).all())
        return tuple(Shown(each.nct_id, each.patient, each.viewer, each.told_at, each.fingerprint) for each in rows)

    async def summary(
        self,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        caller: str | None = None,
        topic: str | None = None,
    ) -> tuple[TrialSummary, ...]:
        """Count per topic how the cards fared that were told from ``since`` until before ``until``, to one or all.

        With a ``topic``, such as a trial's number, its cards alone.
        """
        return await self._read(lambda connection: summaries(connection, since, until, caller, topic))

    async def forget(self, now: dt.datetime, keep: dt.timedelta) -> int:
        """Delete what is older than it is kept, and the ids of tokens that have expired; give the number of rows."""
        return await self._write(lambda connection: _forget(connection, now, now - keep))

    def read_now(self, work: Callable[[Connection], ResultT]) -> ResultT:
        """Do a piece of reading and wait for it: for the start of a process, and for threads of one's own."""
        return self._threads.submit(self._in_transaction, self._engine, work).result()

    def write_now(self, work: Callable[[Connection], ResultT]) -> ResultT:
        """Do a piece of writing and wait for it; what this returns from is on the disk."""
        return self._threads.submit(self._in_transaction, self._writing, work).result()

    async def _read(self, work: Callable[[Connection], ResultT]) -> ResultT:
        return await self._run(self._engine, work)

    async def _write(self, work: Callable[[Connection], ResultT]) -> ResultT:
        return await self._run(self._writing, work)

    async def _run(self, engine: Engine, work: Callable[[Connection], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._in_transaction, engine, work)

    def _in_transaction(self, engine: Engine, work: Callable[[Connection], ResultT]) -> ResultT:
        """Do a piece of work in one transaction, which is on the disk when this returns."""
        try:
            self._bring_up_to_date()
            with engine.begin() as connection:
                return work(connection)
        except (SQLAlchemyError, sqlite3.Error, OSError) as problem:
            raise StoreDown("the store does not answer") from problem

    def _bring_up_to_date(self) -> None:
        with self._migrating:
            if not self._migrated:
                migrate(self._engine)
                self._migrated = True


def _named(hashes: Sequence[str]) -> list[str]:
    """Leave the empty hash out: it stands for nobody, and would bring all others of whom nothing is known together."""
    return [each for each in hashes if each]


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _added(connection: Connection, table: Table, row: dict[str, object]) -> bool:
    """Add a row unless one with its id is there; say whether it was added."""
    insert = insert_postgresql if connection.dialect.name == "postgresql" else insert_sqlite
    added = insert(table).values(**row).on_conflict_do_nothing().returning(table.c.id)
    return connection.execute(added).first() is not None


def _record(connection: Connection, feedback: Sequence[GivenFeedback]) -> Recorded:
    new = sum(_added(connection, FEEDBACK, _row(each)) for each in feedback)
    cards = {each.card for each in feedback}
    known = select(TOLD.c.uuid, TOLD.c.caller).where(TOLD.c.uuid.in_(cards))
    ours = {(each.uuid, each.caller) for each in connection.execute(known)}
    orphaned = sum((each.card, each.caller) not in ours for each in feedback)
    return Recorded(new, len(feedback) - new, orphaned)


def _row(given: GivenFeedback) -> dict[str, object]:
    accepted = json.dumps(sorted(given.accepted))
    return {
        "id": _digest(given.caller, given.card, given.outcome, given.at.astimezone(dt.UTC).isoformat(), accepted),
        "card": given.card,
        "outcome": given.outcome,
        "at": given.at,
        "received_at": given.received_at,
        "caller": given.caller,
        "reason_system": given.reason_system,
        "reason_code": given.reason_code,
        "comment": given.comment,
        "accepted": accepted,
    }


def _forget(connection: Connection, now: dt.datetime, oldest: dt.datetime) -> int:
    """Delete old rows; a card stays as long as there is feedback on it that stays."""
    answered = exists().where(FEEDBACK.c.card == TOLD.c.uuid)
    steps = (
        delete(FEEDBACK).where(FEEDBACK.c.received_at < oldest),
        delete(TOLD).where(TOLD.c.told_at < oldest, ~answered),
        delete(USED_TOKENS).where(USED_TOKENS.c.until < now),
    )
    return sum(connection.execute(step).rowcount for step in steps)
