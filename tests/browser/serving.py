"""Applications on real sockets of this machine, as a browser meets them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import httpx
import uvicorn

from cds.app import create_app

if TYPE_CHECKING:
    from cds.ports import Clock
    from cds.settings import Settings

__all__ = ["OURS", "App", "running", "serving"]

OURS: Final[set[str]] = set()
"""The origins that are served at this moment: a page may ask no other."""
_PATIENCE_S = 20


App = Callable[..., Awaitable[None]]


@contextmanager
def serving(make: Callable[[str], App]) -> Iterator[str]:
    """Serve an application on a free port, and give its address without a slash; ``make`` is told the address."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{door.getsockname()[1]}"
        config = uvicorn.Config(make(address), log_config=None, access_log=False, ws="none", http="h11")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        _await(lambda: server.started or not thread.is_alive())
        assert server.started, "the application does not start"
        OURS.add(address)
        try:
            yield address
        finally:
            OURS.discard(address)
            server.should_exit = True
            thread.join(_PATIENCE_S)
            server.force_exit = True


@contextmanager
def running(
    settings: Settings, clock: Clock | None = None, around: Callable[[App], App] = lambda app: app
) -> Iterator[str]:
    """Serve Trialcards, which itself reaches what ``serving`` serves and nothing else, with something put before it."""
    with serving(lambda _: around(create_app(settings, clock=clock, network=_Near()))) as address:
        yield address


class _Near(httpx.AsyncHTTPTransport):
    """Carries what a service asks for (the keys of id tokens) to the servers of these tests alone."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        if f"{url.scheme}://{url.host}:{url.port}" not in OURS:
            raise httpx.ConnectError("no test asks anybody outside this machine")
        return await super().handle_async_request(request)


def _await(done: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE_S
    while not done():
        assert time.monotonic() < until, "the application took too long to start"
        time.sleep(0.02)
