"""What keeps failing is left alone for a while, or every call would wait for it in turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Circuit"]


@dataclass(slots=True)
class Circuit:
    """Whether a server, or a store, that failed in several calls in a row is left alone.

    After the rest, one failure is enough.
    """

    failures: int
    rest_s: float
    clock: Callable[[], float] = time.monotonic
    row: int = field(default=0, init=False)
    since: float = field(default=0.0, init=False)

    def open(self) -> bool:
        """Say whether the server is left alone."""
        return self.row >= self.failures and self.clock() - self.since < self.rest_s

    def note(self, *, failed: bool) -> None:
        """Take in how a call that asked the server went."""
        self.row = self.row + 1 if failed else 0
        self.since = self.clock()
