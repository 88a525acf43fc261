"""How much is taken on: calls at a time, and calls of one caller. Beyond that, an answer that says when to come back.

A service that takes on everything answers nobody in time. One that says *not now* at once lets an EHR go on, and what
it does answer is whole.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from cds.api.outcomes import told
from cds.errors import Overloaded, TooManyCalls
from cds.hooks.callers.caller import ANONYMOUS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Gate", "Rates", "share_of"]

_FULL = "as many calls are being answered as this service takes at a time, or as many of this caller"


class Gate:
    """Lets so many calls in that carry a chart (POST); more are answered with 503 before their body is read.

    ``share`` is how many of them may be one caller's: what it leaves over, no caller can take from the others.
    """

    def __init__(self, app: ASGIApp, most: int, share: int | None = None) -> None:
        self._app = app
        self._most = most
        self._share = most if share is None else share
        self._inside: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call, or say that it is too many."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        caller = scope["state"].get("caller", ANONYMOUS).id
        if self._inside.total() >= self._most or self._inside[caller] >= self._share:
            await told(Overloaded(_FULL))(scope, receive, send)
            return
        self._inside[caller] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside[caller] -= 1


def share_of(most: int) -> int:
    """Say how many of the places one caller may have where there are others: three quarters, and never none."""
    return most - most // 4


class Rates:
    """Holds each caller to the number of calls a second that was agreed with it, with as many at once to begin with.

    A bucket per caller: it holds ``rate`` calls but at least one, and fills at ``rate`` a second. Callers are those
    that the site lists, so there are never many buckets.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def check(self, caller: str, rate_per_s: float | None) -> None:
        """Count one call of this caller; raise ``TooManyCalls`` if it is one too many. No rate: no limit."""
        if rate_per_s is None:
            return
        now = self._clock()
        size = max(rate_per_s, 1.0)
        left, at = self._left.get(caller, (size, now))
        left = min(size, left + (now - at) * rate_per_s)
        if left < 1:
            self._left[caller] = left, now
            raise TooManyCalls(math.ceil((1 - left) / rate_per_s))
        self._left[caller] = left - 1, now
