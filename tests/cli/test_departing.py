"""The web server's end: what was connected is answered, nothing new is taken, and a second signal does not wait."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn

from cds.api.operations import Drain
from cds.cli.departing import Departing

CALL = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


class Slow:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go_on = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's own types
        if scope["type"] == "lifespan":
            for word in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{word}.complete"})
            return
        self.begun.set()
        await asyncio.to_thread(self.go_on.wait, 30)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


class Running:
    """The server in a thread of its own, and the address it listens on."""

    def __init__(self, app: Slow, drain_s: float) -> None:
        self.drain = Drain()
        listening = socket.create_server(("127.0.0.1", 0))
        self.address = listening.getsockname()
        config = uvicorn.Config(app, log_config=None, access_log=False, http="h11", timeout_graceful_shutdown=20)
        self.server = Departing(config, self.drain, drain_s)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listening]})
        self.thread.start()

    def connected(self) -> socket.socket:
        """Connect and send a call."""
        made = socket.create_connection(self.address, 10)
        made.sendall(CALL)
        return made

    def told(self, what: signal.Signals = signal.SIGTERM) -> None:
        """Tell it to end, as a signal would."""
        self.server.handle_exit(what, None)


@contextmanager
def running(app: Slow, drain_s: float = 0.0) -> Iterator[Running]:
    made = Running(app, drain_s)
    try:
        yield made
    finally:
        app.go_on.set()
        made.server.should_exit = True
        made.thread.join(30)
        assert not made.thread.is_alive()


def answer(asked: socket.socket) -> bytes:
    """Read until the server closes."""
    with asked:
        asked.settimeout(20)
        said = b""
        while more := asked.recv(65536):
            said += more
        return said


@pytest.mark.anyio
@pytest.mark.parametrize("turns", range(8))
async def test_who_has_connected_is_answered(turns: int) -> None:
    """Whether a connection waits to be accepted, was accepted, or its call is about to be read: so many turns later."""
    app = Slow()
    app.go_on.set()
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False, http="h11", timeout_graceful_shutdown=20)
    server = Departing(config, Drain())
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listening])
    asked = [socket.create_connection(listening.getsockname(), 10) for _ in range(20)]
    for each in asked:
        each.sendall(CALL)
    for _ in range(turns):
        await asyncio.sleep(0)
    await server.shutdown([listening])
    answers = [await asyncio.to_thread(answer, each) for each in asked]
    assert all(each.startswith(b"HTTP/1.1 200 ") and each.endswith(b"ok") for each in answers)


def test_after_that_nobody_is_let_in() -> None:
    app = Slow()
    with running(app) as here:
        asked = here.connected()
        assert app.begun.wait(10)
        here.told()
        for _ in range(500):
            try:
                socket.create_connection(here.address, 10).close()
            except ConnectionRefusedError:
                break
            time.sleep(0.01)
        else:
            pytest.fail("it still takes connections")
        app.go_on.set()
        assert answer(asked).endswith(b"ok")


def test_while_it_drains_it_takes_calls_and_closes_each_connection() -> None:
    app = Slow()
    app.go_on.set()
    with running(app, drain_s=300) as here:
        first = here.connected()
        assert app.begun.wait(10)
        here.told()
        assert here.drain.begun
        for _ in range(500):
            if (b"connection", b"close") in here.server.server_state.default_headers:
                break
            time.sleep(0.01)
        assert b"connection: close" in answer(here.connected())
        assert here.thread.is_alive()
        first.close()


def test_ctrl_c_does_not_wait_for_load_balancers() -> None:
    app = Slow()
    with running(app, drain_s=300) as here:
        asked = here.connected()
        assert app.begun.wait(10)
        here.told(signal.SIGINT)
        app.go_on.set()
        assert answer(asked).endswith(b"ok")
        here.thread.join(30)
        assert not here.thread.is_alive()


def test_a_second_signal_ends_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    server = Departing(uvicorn.Config(Slow()), Drain(), 300)
    server.handle_exit(signal.SIGTERM, None)
    assert ended == []
    server.handle_exit(signal.SIGTERM, None)
    assert ended == [128 + signal.SIGTERM]
