"""How long the web server waits for a caller to begin: connections that say nothing whole are closed.

The web server itself sets no such limit, so that a few hundred connections of one stranger, each with half a header,
would keep everybody else out.
"""

from __future__ import annotations

from asyncio import TimerHandle, Transport
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["Impatient"]


class Impatient(H11Protocol):
    """Closes a connection on which no call has come, line and headers, so long after it was opened or last answered.

    While a call is being answered it does not matter; how long its body may take is settled where it is read.
    """

    longest_wait_s: ClassVar[float] = 10.0
    _waiting: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as the class above has it
        """Begin to wait for the first call."""
        super().connection_made(transport)
        self._wait()

    def on_response_complete(self) -> None:
        """Begin to wait for the next call; of a body that nobody read, the rest may come no longer either."""
        super().on_response_complete()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._wait_no_more()
        self._waiting = self.loop.call_later(self.longest_wait_s, self._give_up)

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        if getattr(self.cycle, "response_complete", True):  # before the first call there is no cycle
            self.transport.close()
