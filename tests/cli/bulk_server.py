"""The hand-made bulk server on a real socket, with the authorisation server that gives its tokens."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from cds.app import SystemClock
from tests.cli.fhir_server import statement
from tests.fhir.backend.authority import Authority, Clock
from tests.population.bulk.server import BASE, Server, said, small

Json = dict[str, Any]


@dataclass
class Site:
    """The running server: ``base`` is where its API begins. ``stuck`` is a path that is not answered before ``go``."""

    base: str
    bulk: Server
    authority: Authority
    stuck: str = ""
    reached: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    statement: Json = field(default_factory=lambda: statement("4.0.1"))
    closed: bool = False

    @property
    def root(self) -> str:
        return self.base.removesuffix("/fhir")

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/fhir/metadata":
            return said(200, self.statement)
        if path == "/fhir/.well-known/smart-configuration":
            return said(200, {"token_endpoint": f"{self.root}/token", "capabilities": ["permission-v2"]})
        if path == "/token":
            return self.authority(request)
        if self.closed and not request.headers.get("authorization", "").startswith("Bearer secret"):
            return said(401)
        if self.stuck and path.endswith(self.stuck):
            self.reached.set()
            self.go.wait(30)
        with self.lock:
            return self.bulk(request)


async def _drained(response: httpx.Response) -> bytes:
    return b"".join([piece async for piece in response.aiter_raw()])


@contextmanager
def serving() -> Iterator[Site]:
    """Serve until the block ends."""
    site: Site

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length", 0)))
            url = BASE.removesuffix("/fhir") + self.path
            answer = site.answer(httpx.Request(self.command, url, headers=list(self.headers.items()), content=sent))
            body = asyncio.run(_drained(answer)).replace(BASE.encode(), site.base.encode())
            self.send_response(answer.status_code)
            for name, text in answer.headers.items():
                self.send_header(name, text.replace(BASE, site.base))
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _do  # noqa: N815 - http.server names them so

        def log_message(self, *words: object) -> None:
            del words

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *words: object) -> None:
            del words

    server = Quiet(("127.0.0.1", 0), Handler)
    root = f"http://127.0.0.1:{server.server_address[1]}"
    site = Site(f"{root}/fhir", small(), Authority(Clock(SystemClock().now()), url=f"{root}/token"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.go.set()
        server.shutdown()
        server.server_close()
        thread.join()


def planted(site: Site) -> Json:
    """An error file with words that nobody may see, put into the manifest."""
    url = f"{BASE}/errors/1"
    issue = {"severity": "error", "code": "processing", "diagnostics": "Mrs. Planted, born 1950"}
    site.bulk.files[url] = json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}).encode()
    site.bulk.errors = [{"type": "OperationOutcome", "url": url}]
    return issue
