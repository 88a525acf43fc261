"""How long to wait before asking again: as the server says, or ever longer, and not beyond the patience that was given.

Source: https://hl7.org/fhir/uv/bulkdata/STU2/export.html, "Bulk Data Status Request"; RFC 9110 section 10.2.3.
"""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, Protocol

from cds.errors import TooSlow

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Time", "Waiting", "retry_after_s"]

LONGEST_S: Final = 3600.0
"""Nobody is waited for longer than this between two questions, whatever a server says."""
_FIRST_S: Final = 2.0
_CEILING_S: Final = 300.0
_SHORTEST_S: Final = 0.5


class Time(Protocol):
    """A clock that can also be waited by."""

    def now(self) -> dt.datetime:
        """Give this moment, with its time zone."""
        ...

    def elapsed_s(self) -> float:
        """Give seconds that only ever go forward."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class Waiting:
    """The patience of one run: every wait of it goes through here."""

    def __init__(self, time: Time, patience_s: float) -> None:
        """Begin now."""
        self._time = time
        self._until_s = time.elapsed_s() + patience_s
        self._held_until_s = 0.0

    def asked_s(self, headers: Mapping[str, str]) -> float | None:
        """Give the seconds that a server asks to wait; nothing where it does not say, or not so that it can be read."""
        return retry_after_s(headers, self._time.now())

    async def wait(self, seconds: float) -> None:
        """Wait so long; raise ``TooSlow`` at once where that goes beyond the patience."""
        if self._time.elapsed_s() + seconds > self._until_s:
            raise TooSlow("the export was not finished in the time of --patience: run the same command again to go on")
        await self._time.sleep(seconds)

    async def between(self, turn: int, asked_s: float | None) -> float:
        """Wait before the next question, the ``turn``-th of a row (from 0); give how long that was."""
        waited_s = backoff_s(turn) if asked_s is None else min(max(asked_s, _SHORTEST_S), LONGEST_S)
        await self.wait(waited_s)
        return waited_s

    def hold(self, turn: int, asked_s: float | None) -> None:
        """Let everybody wait who is about to ask for a file: the server is asked too much."""
        waited_s = backoff_s(turn) if asked_s is None else min(max(asked_s, _SHORTEST_S), LONGEST_S)
        self._held_until_s = max(self._held_until_s, self._time.elapsed_s() + waited_s)

    async def clear(self) -> None:
        """Wait until nobody is held back."""
        while (left_s := self._held_until_s - self._time.elapsed_s()) > 0:
            await self.wait(left_s)


def backoff_s(turn: int) -> float:
    """Give two seconds first, then twice as many each time, up to five minutes."""
    return min(_FIRST_S * 2.0 ** min(turn, 20), _CEILING_S)


def retry_after_s(headers: Mapping[str, str], now: dt.datetime) -> float | None:
    """Read ``Retry-After``: seconds, or a date that is held against the server's own, as clocks differ."""
    sent = headers.get("retry-after", "").strip()
    if sent.isascii() and sent.isdigit():
        return float(sent[:9])
    until = _date(sent)
    if until is None:
        return None
    return max((until - (_date(headers.get("date", "")) or now)).total_seconds(), 0.0)


def _date(text: str) -> dt.datetime | None:
    try:
        read = parsedate_to_datetime(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=dt.UTC)
