"""How many calls a second one process holds: a rising rate of large charts, with feedback on every card that is told.

Calls are sent when their time comes, whether or not earlier ones were answered, and each is timed from that moment, so
that waiting in a queue counts. Every answer is compared with the first one, but for the ids of its cards; every card
gets feedback, and at the end the store is asked how much of what was acknowledged it holds. `make bench` runs it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from bench.hook import PATH, application, connected, loads_once, memory, request_body

if TYPE_CHECKING:
    from collections.abc import Iterator

_UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_AIM_S = 0.5
_PATIENCE_S = 30.0


@dataclass
class Told:
    """What came of the calls of one stage."""

    times: list[float] = field(default_factory=list)
    busy: int = 0
    wrong: int = 0
    acknowledged: set[str] = field(default_factory=set)

    @property
    def p99(self) -> float:
        """The 99th percentile of the times, in seconds."""
        return quantiles(self.times, n=100)[-1] if len(self.times) > 1 else _PATIENCE_S


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, default=1000, help="size of the chart (default: 1000)")
    parser.add_argument("--seconds", type=float, default=8, help="length of a stage (default: 8)")
    parser.add_argument(
        "--rates", default="2,4,5,6,7,8,10,12,15,20,25,30,40,50,60,80,100", help="calls a second, stage by stage"
    )
    parser.add_argument("--serve", type=int, metavar="PORT", help=argparse.SUPPRESS)
    parser.add_argument("--store", default="sqlite://", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        serve(chosen.serve, chosen.store)
        return
    body = request_body(application(), chosen.resources)
    print(f"{chosen.resources} resources, {len(body) / 1024:.0f} KiB a call; one server process, SQLite in a file")
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as (port, pid):
        asyncio.run(run(body, [float(each) for each in chosen.rates.split(",")], chosen.seconds, port))
        print(f"memory of the server process (RSS): {memory(pid)}")


@contextmanager
def serving(folder: Path) -> Iterator[tuple[int, int]]:
    """Start the server that is measured; give its port and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = f"sqlite:///{folder / 'store.sqlite3'}"
    command = [sys.executable, str(Path(__file__).resolve()), "--serve", str(port), "--store", store]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stderr=log) as server:
        try:
            connected(port)
            yield port, server.pid
        finally:
            server.terminate()


async def run(body: bytes, rates: list[float], seconds: float, port: int) -> None:
    """Go through the stages and print each."""
    first = expected(await send(port, "POST", PATH, body))
    for _ in range(20):
        await send(port, "POST", PATH, body)
    print(f"\n{'calls/s':>8}{'answered':>10}{'busy':>6}{'wrong':>7}{'p50':>10}{'p99':>10}  feedback acknowledged")
    held, acknowledged = 0.0, set[str]()
    for rate in rates:
        told = await stage(body, first, rate, seconds, port)
        acknowledged |= told.acknowledged
        p50 = median(told.times) if told.times else _PATIENCE_S
        line = (
            f"{rate:8.0f}{len(told.times):10}{told.busy:6}{told.wrong:7}{p50 * 1000:7.0f} ms{told.p99 * 1000:7.0f} ms"
        )
        print(f"{line}  {len(told.acknowledged)}", flush=True)
        if told.p99 >= _AIM_S or told.busy or told.wrong:
            break
        held = rate
    decoding = median(loads_once(body) for _ in range(50))
    print(f"\nheld at p99 < {_AIM_S * 1000:.0f} ms: {held:.0f} calls a second", end="")
    print(f" (orjson.loads of so many bodies takes {held * decoding * 100:.0f} % of a second here)")
    _, answer = await send(port, "GET", "/api/feedback/summary", b"")
    kept = sum(each["overridden"] for each in json.loads(answer)["trials"])
    print(f"feedback acknowledged {len(acknowledged)}, held by the store {kept}, lost {len(acknowledged) - kept}")


async def stage(body: bytes, first: bytes, rate: float, seconds: float, port: int) -> Told:
    """Send at one rate for a while, and wait for the last answer."""
    told = Told()
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def one(number: int) -> None:
        due = began + number / rate
        await asyncio.sleep(due - loop.time())
        status, answer = await send(port, "POST", PATH, body)
        if status == 503:
            told.busy += 1
            return
        told.times.append(loop.time() - due)
        told.wrong += expected((status, answer)) != first
        told.acknowledged |= await dismissed(port, json.loads(answer)["cards"])

    await asyncio.gather(*(one(number) for number in range(int(rate * seconds))))
    return told


async def dismissed(port: int, cards: list[dict[str, Any]]) -> set[str]:
    """Send feedback on the cards of one answer; give those that were acknowledged."""
    items = [
        {"card": each["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-06-15T12:00:00Z"} for each in cards
    ]
    if not items:
        return set()
    status, _ = await send(port, "POST", f"{PATH}/feedback", json.dumps({"feedback": items}).encode())
    return {each["uuid"] for each in cards} if status == 200 else set()


def expected(answered: tuple[int, bytes]) -> bytes:
    """Give an answer without the ids of its cards, which are new each time."""
    status, answer = answered
    return str(status).encode() + _UUID.sub(b"", answer)


async def send(port: int, method: str, path: str, body: bytes) -> tuple[int, bytes]:
    """Make one call on a connection of its own, with as little of this process' time as can be."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    answer = await asyncio.wait_for(reader.read(), _PATIENCE_S)
    writer.close()
    top, _, rest = answer.partition(b"\r\n\r\n")
    return int(top.split(b" ", 2)[1]), rest


def serve(port: int, store: str) -> None:
    """Be the server that is measured."""
    import uvicorn  # noqa: PLC0415 - only the server process needs it

    from cds.app import settle_memory  # noqa: PLC0415 - the same
    from cds.settings import Settings  # noqa: PLC0415 - the same
    from cds.telemetry import start_logging  # noqa: PLC0415 - the same

    start_logging(Settings().log_threshold)
    app = application(store)
    settle_memory()
    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
