"""How long one hook call takes and how much memory the service needs: ratios and megabytes, no pass or fail.

Posts a warm ``patient-view`` call with the prefetch of a large chart, in process and over HTTP on the loopback, and
gives each time as a multiple of ``orjson.loads`` of the same body, measured in turn with it, so that the figures mean
the same on a slow machine. ``make bench`` runs it; ``--help`` tells the options.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import http.client
import json
import platform
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from bench.chart import bench_chart, golden_day
from cds.app import create_app, settle_memory
from cds.settings import Settings
from cds.web.cut import patient_id_of, prefetch_of, read_templates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fastapi import FastAPI

PATH = "/cds-services/trialcards-patient-view"
WARM_UP = 30


@dataclass(frozen=True, slots=True)
class Noon:
    """A clock that stands, so that the chart is as old in every run."""

    def now(self) -> dt.datetime:
        """Give noon of the chart's day."""
        return dt.datetime.combine(golden_day(), dt.time(12), tzinfo=dt.UTC)


def application(store: str = "sqlite://", *, drafts: bool = False) -> FastAPI:
    """Give the service as it is shipped, but for the clock, without callers to prove, and with this store."""
    return create_app(Settings(authentication="off", store_url=store, show_drafts=drafts), clock=Noon())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, default=1000, help="size of the chart (default: 1000)")
    parser.add_argument("--rounds", type=int, default=300, help="calls that are measured (default: 300)")
    parser.add_argument("--serve", type=int, metavar="PORT", help=argparse.SUPPRESS)
    parser.add_argument("--store", default="sqlite://", help=argparse.SUPPRESS)
    parser.add_argument("--drafts", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        serve(chosen.serve, application(chosen.store, drafts=chosen.drafts))
        return
    app = application()
    body = request_body(app, chosen.resources)
    print(f"{chosen.resources} resources, {len(body) / 1024:.0f} KiB; {chosen.rounds} calls, warm; ", end="")
    print(f"Python {platform.python_version()}, {platform.machine()}")
    in_process(app, body, chosen.rounds)
    over_http(body, chosen.rounds)


def request_body(app: FastAPI, size: int) -> bytes:
    """Make the call: the prefetch that the discovery document asks for, cut from the chart."""
    status, answer = asyncio.run(called(app, "GET", "/cds-services", b""))
    assert status == 200, status  # noqa: S101 - a bench of a broken service means nothing
    chart = bench_chart(size)
    patient = patient_id_of(chart)
    request = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/bench", "patientId": patient},
        "prefetch": prefetch_of(chart, patient, read_templates(json.loads(answer)["services"][0]["prefetch"])),
    }
    return json.dumps(request, separators=(",", ":")).encode()


async def called(app: FastAPI, method: str, path: str, body: bytes) -> tuple[int, bytes]:
    """Call an ASGI application with nothing in between."""
    status, parts = 0, []
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())],
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:  # noqa: ANN401 - ASGI's own type
        nonlocal status
        status = message.get("status", status)
        parts.append(message.get("body", b""))

    await app(scope, receive, send)
    return status, b"".join(parts)


def in_process(app: FastAPI, body: bytes, rounds: int) -> None:
    """Measure calls of the ASGI application."""

    async def run() -> tuple[list[float], list[float]]:
        status, answer = await called(app, "POST", PATH, body)
        for _ in range(WARM_UP):
            await called(app, "POST", PATH, body)
        print(f"Answer {status} with {len(json.loads(answer)['cards'])} cards, {len(answer) / 1024:.1f} KiB\n")
        yardstick, calls = [], []
        for _ in range(rounds):
            yardstick.append(loads_once(body))
            began = time.perf_counter()
            await called(app, "POST", PATH, body)
            calls.append(time.perf_counter() - began)
        return yardstick, calls

    yardstick, calls = asyncio.run(run())
    print(f"{'':34}{'p50':>10}{'p95':>10}{'p50':>9}{'p95':>9}")
    report("orjson.loads of the body", yardstick, yardstick)
    report("in process (ASGI)", calls, yardstick)


def over_http(body: bytes, rounds: int, *served_with: str) -> None:
    """Measure calls over one connection to a server process, and that process's memory."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryFile() as log:
        command = [sys.executable, "-m", "bench.hook", "--serve", str(port), *served_with]
        server = subprocess.Popen(command, stderr=log, cwd=Path(__file__).resolve().parent.parent)
        try:
            connection = connected(port)
            idle = memory(server.pid)
            ask = asker(connection, body)
            for _ in range(WARM_UP):
                ask()
            yardstick, calls = [], []
            for _ in range(rounds):
                yardstick.append(loads_once(body))
                calls.append(ask())
            busy = memory(server.pid)
        finally:
            server.terminate()
            server.wait()
        log.seek(0)
        lines = [json.loads(line) for line in log if line.startswith(b"{")]
    inside = [line["duration_ms"] / 1000 for line in lines if line.get("route") == PATH][-rounds:]
    report("over HTTP, as the server logs it", inside, yardstick)
    report("over HTTP, as the caller sees it", calls, yardstick)
    print(f"\nmemory of the server process (RSS): {idle} when started, {busy} after {rounds + WARM_UP} calls")


def connected(port: int) -> http.client.HTTPConnection:
    """Wait until the server answers, and keep the connection."""
    for _ in range(240):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", "/health/live")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.25)
        else:
            return connection
    raise SystemExit("the server does not come up")


def asker(connection: http.client.HTTPConnection, body: bytes) -> Callable[[], float]:
    """Give a function that makes the call once and says how long it took."""

    def ask() -> float:
        began = time.perf_counter()
        connection.request("POST", PATH, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        took = time.perf_counter() - began
        assert answer.status == 200, answer.status  # noqa: S101 - a bench of a broken service means nothing
        return took

    return ask


def loads_once(body: bytes) -> float:
    """Time the yardstick once."""
    import orjson  # noqa: PLC0415 - the server process, whose memory is measured, must not have it

    began = time.perf_counter()
    orjson.loads(body)
    return time.perf_counter() - began


def report(what: str, times: Sequence[float], yardstick: Sequence[float]) -> None:
    """Print the median and the 95th percentile, in milliseconds and as multiples of the yardstick's median."""
    unit = median(yardstick)
    p50, p95 = median(times), quantiles(times, n=20)[-1]
    print(f"{what:34}{p50 * 1000:7.2f} ms{p95 * 1000:7.2f} ms{p50 / unit:7.1f} ×{p95 / unit:7.1f} ×")


def memory(pid: int) -> str:
    """Say how much memory a process holds now and held at most, where the system tells it."""
    try:
        told = Path(f"/proc/{pid}/status").read_text("ascii")
    except OSError:
        kib = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True).stdout  # noqa: S607
        return f"{int(kib) / 1024:.0f} MiB"
    fields = dict(line.split(":", 1) for line in told.splitlines())
    now, most = (int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return f"{now:.0f} MiB (at most {most:.0f})"


def serve(port: int, app: FastAPI) -> None:
    """Be the server that is measured."""
    import uvicorn  # noqa: PLC0415 - only the server process needs it

    from cds.telemetry import start_logging  # noqa: PLC0415 - the same

    start_logging(Settings().log_threshold)
    settle_memory()
    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
