"""A server that exports in bulk, made by hand: it does as it is told, well or badly, and notes what it was asked."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from cds.population.bulk.client import Client, Wanted
from cds.population.bulk.folder import Folder
from cds.population.bulk.order import Order
from cds.population.bulk.waiting import Waiting
from cds.population.bulk.wire import Wire

Json = dict[str, Any]
BASE = "https://ehr.example.org/fhir"
STATUS = f"{BASE}/status/7"
MOMENT = "2026-11-20T03:00:00.000Z"
NOW = dt.datetime(2026, 11, 20, 4, tzinfo=dt.UTC)
ORDER = Order(BASE, ("Condition", "Observation", "Patient"))


class Stream(httpx.AsyncByteStream):
    """A body as it comes off a network, which may break after so many bytes."""

    def __init__(self, content: bytes, cut: int | None = None) -> None:
        self.content, self.cut = content, cut

    async def __aiter__(self) -> AsyncIterator[bytes]:
        content = self.content[: self.cut]
        for start in range(0, len(content), 1000):
            yield content[start : start + 1000]
        if self.cut is not None:
            raise httpx.RemoteProtocolError("peer closed connection")


def said(status: int, body: object = None, **headers: str | bytes) -> httpx.Response:
    """An answer with JSON, or with bytes; ``content_location`` is written Content-Location."""
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    sent = [
        (name.replace("_", "-").encode(), text.encode() if isinstance(text, str) else text)
        for name, text in headers.items()
    ]
    return httpx.Response(status, stream=Stream(content), headers=sent)


def outcome(*issues: tuple[str, str], text: str = "secret words about Mrs. Planted") -> Json:
    listed = [{"severity": kind, "code": code, "diagnostics": text} for kind, code in issues]
    return {"resourceType": "OperationOutcome", "issue": listed}


def ndjson(resource_type: str, count: int, first: int = 0) -> bytes:
    lines = [json.dumps({"resourceType": resource_type, "id": f"{first + each}"}) for each in range(count)]
    return "".join(f"{line}\n" for line in lines).encode()


@dataclass
class Clock:
    """A time that passes when somebody waits, and at no other time."""

    waits: list[float] = field(default_factory=list)

    def now(self) -> dt.datetime:
        return NOW + dt.timedelta(seconds=sum(self.waits))

    def elapsed_s(self) -> float:
        return sum(self.waits)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


@dataclass
class Token:
    """Tokens one after the other: the next one when the last was refused."""

    asked: int = 0
    number: int = 1

    async def token(self) -> str | None:
        self.asked += 1
        return f"secret-{self.number}"

    def forget(self) -> None:
        self.number += 1


@dataclass
class Seen:
    """What a watching person sees."""

    lines: list[str] = field(default_factory=list)
    done: list[tuple[int, int]] = field(default_factory=list)

    def waiting(self, progress: str, seconds: float) -> None:
        self.lines.append(f"{progress} {seconds:g}")

    def fetching(self, done: int, total: int, taken_bytes: int) -> None:
        assert taken_bytes >= 0
        self.done.append((done, total))


@dataclass
class Server:
    """The server. ``kick_offs``, ``statuses`` and ``given[url]`` are answers that come first, each once, in order.

    ``files`` are contents by URL; ``output``, ``deleted`` and ``errors`` are what the manifest lists.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    output: list[Json] = field(default_factory=list)
    deleted: list[Json] = field(default_factory=list)
    errors: list[Json] = field(default_factory=list)
    more: Json = field(default_factory=dict)
    kick_offs: list[httpx.Response] = field(default_factory=list)
    statuses: list[httpx.Response | Exception] = field(default_factory=list)
    given: dict[str, list[httpx.Response]] = field(default_factory=dict)
    packed: bool = False
    location: str = STATUS
    asked: list[httpx.Request] = field(default_factory=list)

    def holds(self, resource_type: str, content: bytes, url: str = "", **item: object) -> str:
        """Put a file into the manifest; give its URL."""
        url = url or f"{BASE}/files/{len(self.files)}"
        self.files[url] = content
        self.output.append({"type": resource_type, "url": url, **item})
        return url

    def manifest(self) -> Json:
        return {
            "transactionTime": MOMENT,
            "request": f"{BASE}/Patient/$export",
            "requiresAccessToken": True,
            "output": self.output,
            "deleted": self.deleted,
            "error": self.errors,
            **self.more,
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        url = str(request.url)
        if "$export" in url:
            return self.kick_offs.pop(0) if self.kick_offs else said(202, content_location=self.location)
        if url == STATUS and request.method == "DELETE":
            return said(202)
        if url == STATUS:
            first = self.statuses.pop(0) if self.statuses else said(200, self.manifest())
            if isinstance(first, Exception):
                raise first
            return first
        if self.given.get(url):
            return self.given[url].pop(0)
        if url not in self.files:
            return said(404, outcome(("error", "not-found")))
        return self._file(self.files[url])

    def _file(self, content: bytes) -> httpx.Response:
        if self.packed:
            return said(200, gzip.compress(content), content_encoding="gzip")
        return said(200, content)

    def urls(self, method: str = "GET") -> list[str]:
        """What was asked for, in order."""
        return [str(each.url) for each in self.asked if each.method == method]

    def times(self, url: str) -> int:
        return self.urls().count(url)

    def shown(self, url: str) -> list[str | None]:
        """The tokens that were shown at a URL."""
        return [each.headers.get("authorization") for each in self.asked if str(each.url) == url]


def small() -> Server:
    """A server with two patients and their entries in three files."""
    server = Server()
    server.holds("Patient", ndjson("Patient", 2))
    server.holds("Condition", ndjson("Condition", 3), count=3)
    server.holds("Condition", ndjson("Condition", 1, first=3), count=1)
    return server


@dataclass
class Run:
    """One run of the client against a server, into a folder."""

    server: Server
    path: Path
    clock: Clock = field(default_factory=Clock)
    tokens: Token = field(default_factory=Token)
    seen: Seen = field(default_factory=Seen)
    trusted: tuple[str, ...] = ()
    patience_s: float = 3600.0
    keep: bool = False
    anew: bool = False
    at_once: int = 2
    transport: httpx.AsyncBaseTransport | None = None

    def client(self) -> Client:
        http = httpx.AsyncClient(transport=self.transport or httpx.MockTransport(self.server))
        wire = Wire(http, BASE, self.tokens, self.trusted)
        waiting = Waiting(self.clock, self.patience_s)
        return Client(wire, waiting, Folder(self.path), self.seen, self.at_once, keep=self.keep)

    async def __call__(self, order: Order = ORDER, **wanted: tuple[str, ...]) -> Any:  # noqa: ANN401 - an Account
        client = self.client()
        with client.folder.opened(anew=self.anew):
            return await client.export(Wanted(order, **wanted))


def contents(path: Path) -> Mapping[str, bytes]:
    """What lies in a folder."""
    return {each.name: each.read_bytes() for each in sorted(path.iterdir())}
