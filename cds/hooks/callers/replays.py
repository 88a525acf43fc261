"""Tokens are good once: which have been used, until they would have expired anyway."""

from __future__ import annotations

import asyncio
import datetime as dt
import heapq
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from cds.circuit import Circuit
from cds.errors import Overloaded, StoreDown
from cds.telemetry import event

__all__ = ["MemoryReplays", "Replays", "SharedReplays"]


class Replays(Protocol):
    """Where used tokens are remembered. Processes that share one let no token in twice between them."""

    async def first_use(self, issuer: str, jti: str, until: dt.datetime) -> bool:
        """Remember a token until a moment, and say whether this is its first use. Both at once, or not at all."""
        ...


class MemoryReplays:
    """Remembers for one process alone, and no more than so many tokens of each issuer.

    When it is full of an issuer's tokens that have not expired, calls with more of them are answered with 503 rather
    than let in unremembered. Each issuer has room of its own: none can take it from another.
    """

    def __init__(self, now: Callable[[], dt.datetime], most: int = 200_000) -> None:
        self._now = now
        self._most = most
        self._used: set[tuple[str, str]] = set()
        self._held: Counter[str] = Counter()
        self._by_end: list[tuple[dt.datetime, tuple[str, str]]] = []

    async def first_use(self, issuer: str, jti: str, until: dt.datetime) -> bool:
        """Remember a token, and say whether this is its first use. Raises ``Overloaded``."""
        now = self._now()
        while self._by_end and self._by_end[0][0] < now:
            old = heapq.heappop(self._by_end)[1]
            self._used.discard(old)
            self._held[old[0]] -= 1
        token = issuer, jti
        if token in self._used:
            return False
        if self._held[issuer] >= self._most:
            raise Overloaded("more tokens are in use than can be remembered")
        self._used.add(token)
        self._held[issuer] += 1
        heapq.heappush(self._by_end, (until, token))
        return True


class SharedReplays:
    """Remembers in the memory of this process and in a store that others share.

    A store that is down, or slower than ``patience_s``, takes no cards away: until it is back, each process knows the
    tokens that it saw itself, and after three calls in a row none waits for it in vain. What the others missed is told
    to them when the store answers again, looked for every ``pause_s``: then what one process let in, all refuse.
    """

    def __init__(
        self,
        own: Replays,
        shared: Replays,
        now: Callable[[], dt.datetime],
        *,
        patience_s: float = 1.0,
        pause_s: float = 2.0,
    ) -> None:
        self._own = own
        self._shared = shared
        self._now = now
        self._patience_s = patience_s
        self._pause_s = pause_s
        self._circuit = Circuit(failures=3, rest_s=pause_s)
        self._owed: dict[tuple[str, str], dt.datetime] = {}
        self._telling: asyncio.Task[None] | None = None

    async def first_use(self, issuer: str, jti: str, until: dt.datetime) -> bool:
        """Remember a token in both places, and say whether this is its first use in either."""
        if not await self._own.first_use(issuer, jti, until):
            return False
        first = None if self._circuit.open() else await self._asked(issuer, jti, until)
        if first is not None:
            return first
        event("replays-are-not-shared")
        self._owed[issuer, jti] = until
        if self._telling is None or self._telling.done():
            self._telling = asyncio.get_running_loop().create_task(self._tell())
        return True

    async def _asked(self, issuer: str, jti: str, until: dt.datetime) -> bool | None:
        """Ask the store, and let it remember; nothing where it does not answer."""
        try:
            async with asyncio.timeout(self._patience_s):
                first = await self._shared.first_use(issuer, jti, until)
        except (StoreDown, TimeoutError):
            self._circuit.note(failed=True)
            return None
        self._circuit.note(failed=False)
        return first

    async def _tell(self) -> None:
        """Tell the store what it has missed, as long as that could be used, whenever it comes back."""
        while self._owed:
            token, until = next(iter(self._owed.items()))
            if await self._asked(*token, until) is None:
                await asyncio.sleep(self._pause_s)
                now = self._now()
                self._owed = {each: end for each, end in self._owed.items() if end > now}
            else:
                self._owed.pop(token, None)
