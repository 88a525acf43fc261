"""The web server as it is started: who opens a connection and does not begin is let go; who is answered is not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from cds.cli.patience import Impatient

pytestmark = pytest.mark.anyio


class Hasty(Impatient):
    longest_wait_s = 0.2


async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's own
    """Answer after a while; on /unread without reading the body."""
    if scope["path"] != "/unread":
        while (await receive()).get("more_body"):
            pass
        await asyncio.sleep(0.6)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    config, state = uvicorn.Config(app, log_config=None), ServerState()
    server = await asyncio.get_running_loop().create_server(lambda: Hasty(config, state, {}), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        async with asyncio.timeout(4):
            yield reader, writer
    finally:
        writer.close()
        server.close()


async def drip(writer: asyncio.StreamWriter, piece: bytes) -> None:
    """Send a little again and again, until the other end is closed."""
    while not writer.is_closing():
        writer.write(piece)
        await asyncio.sleep(0.05)


GET = b"GET / HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"", b""),
        (b"GET", b"T"),
        (GET, b"X: y\r\n"),
        (GET + b"\r\n" + GET, b"X: y\r\n"),
        (b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", b"{"),
    ],
    ids=["nothing", "half a line", "headers without end", "the next call without end", "a body that nobody reads"],
)
async def test_a_connection_on_which_no_call_comes_is_closed(first: bytes, piece: bytes) -> None:
    async with connected() as (reader, writer):
        writer.write(first)
        dripping = asyncio.create_task(drip(writer, piece))
        try:
            answers = await reader.read()
        except ConnectionError:
            answers = b""
        dripping.cancel()
        assert answers.count(b"200 OK") <= 1


async def test_a_call_is_answered_however_long_that_takes_and_the_next_one_too() -> None:
    async with connected() as (reader, writer):
        for _ in range(2):
            writer.write(GET + b"\r\n")
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 OK")
            await asyncio.sleep(0.1)
