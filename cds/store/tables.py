"""The tables as the code of today sees them; how a database gets there is in :mod:`cds.store.migrations`.

Moments are kept as whole microseconds since 1970 (UTC): exact, comparable, and the same in every database.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, Column, Index, MetaData, String, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


class Moment(TypeDecorator[dt.datetime]):
    """A moment with its time zone, kept as a number."""

    impl = BigInteger  # type: ignore[mutable-override] # how SQLAlchemy documents it
    cache_ok = True  # type: ignore[mutable-override] # the same

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:  # noqa: ANN401 - SQLAlchemy's type
        """Give the microseconds of a moment."""
        del dialect
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:  # noqa: ANN401 - SQLAlchemy's type
        """Give the moment back, in UTC."""
        del dialect
        return None if value is None else _EPOCH + int(value) * _MICROSECOND


METADATA = MetaData()

TOLD = Table(
    "told_cards",
    METADATA,
    Column("uuid", String(36), primary_key=True),
    Column("nct_id", String(32), nullable=False),
    Column("service", String(64), nullable=False),
    Column("caller", String(64), nullable=False),
    Column("patient", String(96), nullable=False),
    Column("viewer", String(96), nullable=False),
    Column("told_at", Moment, nullable=False),
    Column("fingerprint", String(96), nullable=False),
    Index("told_cards_patient", "patient"),
    Index("told_cards_told_at", "told_at"),
)

FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("card", String(36), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("caller", String(64), nullable=False),
    Column("reason_system", String(255)),
    Column("reason_code", String(64)),
    Column("comment", Text),
    Column("accepted", Text, nullable=False),
    Index("feedback_card", "card"),
    Index("feedback_received_at", "received_at"),
)

USED_TOKENS = Table(
    "used_tokens",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("until", Moment, nullable=False),
    Index("used_tokens_until", "until"),
)
