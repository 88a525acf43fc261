"""How the web server ends: calls that it was given are answered first, and a second signal ends it at once.

SIGTERM begins the drain: readiness says 503 so that load balancers take this replica out, every answer closes its
connection, and calls are still taken for as long as the site has set. Then the address is let go of. What was connected
by then is answered too: the web server alone would drop connections that wait to be accepted, or whose call has not
been read yet. SIGINT (Ctrl-C) does the same without the wait.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import uvicorn

if TYPE_CHECKING:
    import socket
    from types import FrameType

    from cds.api.operations import Drain

__all__ = ["LONGEST_FINISH_S", "Departing"]

LONGEST_FINISH_S: Final = 30
"""Seconds that calls may take to finish; longer than a body may take to come, and its chart to be read and screened."""
_LONGEST_BEGIN_S: Final = 1.0
"""Seconds that a connection may take, once the address is let go of, to begin its first call."""
_LOOKS: Final = 50
_CLOSE: Final = (b"connection", b"close")


class Departing(uvicorn.Server):
    """The web server; ``drain`` is told when it begins to end, ``drain_s`` how long it then still takes calls."""

    def __init__(self, config: uvicorn.Config, drain: Drain, drain_s: float = 0.0) -> None:
        super().__init__(config)
        self._drain = drain
        self._drain_s = drain_s
        self._until = 0.0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; if that was said before, end at once, whatever is left."""
        del frame
        if self._drain.begun:
            os._exit(128 + sig)
        self._drain.begun = True
        self._until = time.monotonic() + (self._drain_s if sig == signal.SIGTERM else 0.0)

    async def on_tick(self, counter: int) -> bool:
        """Say, ten times a second, whether it is time to let go of the address."""
        due = await super().on_tick(counter)
        if not self._drain.begun:
            return due
        if _CLOSE not in self.server_state.default_headers:
            self.server_state.default_headers = [*self.server_state.default_headers, _CLOSE]
        return due or time.monotonic() >= self._until

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take what has connected, let go of the address, and wait for what was begun."""
        for each in await self._taken(sockets or []):
            with suppress(OSError):  # who has hung up by now needs no answer
                await asyncio.get_running_loop().connect_accepted_socket(self._protocol, each)
        for _ in range(_LOOKS):
            if not self._expects_a_call():
                break
            await asyncio.sleep(_LONGEST_BEGIN_S / _LOOKS)
        await super().shutdown(sockets)

    async def _taken(self, listening: list[socket.socket]) -> list[socket.socket]:
        """Give the connections that nobody has accepted yet; after them, new ones are refused.

        The loop stops accepting first, and is given a few turns for what it has accepted already: a connection that it
        has not handed over when its server closes would fail.
        """
        loop = asyncio.get_running_loop()
        for each in listening:
            loop.remove_reader(each)
        for _ in range(5):
            await asyncio.sleep(0)
        taken: list[socket.socket] = []
        for each in listening:
            with suppress(OSError):  # none is left
                while True:
                    taken.append(each.accept()[0])
        for server in self.servers:
            server.close()
        return taken

    def _expects_a_call(self) -> bool:
        return any(getattr(each, "cycle", None) is None for each in self.server_state.connections)

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg] # as the class above makes it
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made
