"""The registry in memory on a real socket, answering packed, as the real one does."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from tests.registry.fake import FakeRegistry


@contextmanager
def served(fake: FakeRegistry) -> Iterator[str]:
    """Give the base address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = fake(httpx.Request("GET", f"http://127.0.0.1{self.path}"))
            body = gzip.compress(answer.content)
            self.send_response(answer.status_code)
            self.send_header("content-type", "application/json")
            self.send_header("content-encoding", "gzip")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/v2"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
