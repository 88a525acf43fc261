"""What was learned of each FHIR server, kept in the process: what it says of itself, and how it wants to be asked.

It holds nothing of any patient or caller, and one entry a server of the site's list. It is forgotten after an hour, so
that a server that was changed is met anew, and with the process.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.errors import RecordsError
from cds.fhir.asking.capability import UNSAID, Capability

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

__all__ = ["Learned", "Servers"]

KEPT_S = 3600.0
RETRY_S = 300.0
"""How long a statement that could not be had is not asked for again, so that its lack costs calls nothing."""


@dataclass(frozen=True, slots=True)
class Learned:
    """The way of asking that worked for a search, and how many codes its server takes at once."""

    way: str
    at_once: int


@dataclass(frozen=True, slots=True)
class _Statement:
    capability: Capability
    until: float
    problem: str = ""


class Servers:
    """The servers that were asked so far."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin knowing nothing."""
        self._clock = clock
        self._statements: dict[str, _Statement] = {}
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._learned: dict[tuple[str, str], tuple[Learned, float]] = {}

    # ------------------------------------------------------------------------------------ what it says of itself
    def known(self, base: str) -> Capability:
        """Give what the server said of itself, as far as that is known by now."""
        kept = self._kept(base)
        return kept.capability if kept else UNSAID

    def problem(self, base: str) -> str:
        """Say why its statement could not be had; nothing where it was."""
        kept = self._kept(base)
        return kept.problem if kept else "the FHIR server took too long"

    def begin(self, base: str, read: Callable[[], Awaitable[Capability]]) -> asyncio.Task[None] | None:
        """See to it that the statement is being read, once for all who ask meanwhile; nothing where it is known.

        ``read`` raises ``RecordsError``. The task never does, and outlives the call that began it.
        """
        if self._kept(base) is not None:
            return None
        task = self._reading.get(base)
        if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
            task = self._reading[base] = asyncio.create_task(self._read(base, read))
        return task

    async def _read(self, base: str, read: Callable[[], Awaitable[Capability]]) -> None:
        try:
            kept = _Statement(await read(), self._clock() + KEPT_S)
        except RecordsError as problem:
            kept = _Statement(UNSAID, self._clock() + RETRY_S, str(problem))
        self._statements[base] = kept

    def _kept(self, base: str) -> _Statement | None:
        kept = self._statements.get(base)
        return kept if kept is not None and self._clock() < kept.until else None

    # ------------------------------------------------------------------------------------ how it wants to be asked
    def way(self, base: str, key: str) -> Learned | None:
        """Give the way that worked for this search there, if any was tried within the hour."""
        learned, until = self._learned.get((base, key), (None, 0.0))
        return learned if self._clock() < until else None

    def learn(self, base: str, key: str, learned: Learned) -> None:
        """Remember what worked; the hour begins when it is first found, not with every use."""
        if self.way(base, key) != learned:
            self._learned[base, key] = (learned, self._clock() + KEPT_S)

    def ways(self, base: str) -> Mapping[str, Learned]:
        """Give all that is remembered of a server, by the key of the search."""
        now = self._clock()
        return {key: each for (at, key), (each, until) in self._learned.items() if at == base and now < until}
