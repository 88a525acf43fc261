"""Tokens are good once: which have been used, until they would have expired anyway."""

from __future__ import annotations

import asyncio
import datetime as dt
import heapq
from collections import Counter
from collections.abc import Callable
from typing import Protocol

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
    tokens that it saw itself.
    """

    def __init__(self, own: Replays, shared: Replays, patience_s: float = 1.0) -> None:
        self._own = own
        self._shared = shared
        self._patience_s = patience_s

    async def first_use(self, issuer: str, jti: str, until: dt.datetime) -> bool:
        """Remember a token in both places, and say whether this is its first use in either."""
        if not await self._own.first_use(issuer, jti, until):
            return False
        try:
            async with asyncio.timeout(self._patience_s):
                return await self._shared.first_use(issuer, jti, until)
        except (StoreDown, TimeoutError):
            event("replays-are-not-shared")
            return True
