"""A FHIR server on a real socket, small and made for one process: below each path it behaves in another way."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.golden.cases import Ehr, case, str_of_decimal
from tests.service.world import SERVER

Json = dict[str, Any]
SLUG = "colon-nec-near"
TOKEN = "let-me-in"
_TYPES = (
    *("Patient", "Observation", "Condition", "MedicationStatement", "MedicationRequest", "MedicationAdministration"),
    *("MedicationDispense", "Procedure", "Immunization", "AllergyIntolerance"),
)


_FAILING = {("secretive", "Consent"): 403, ("gap", "Procedure"): 500}


def statement(version: str, lacking: str = "") -> Json:
    params = [{"name": name} for name in ("patient", "category", "code")]
    types = [{"type": name, "searchParam": params} for name in _TYPES if name != lacking]
    software = {"name": "Small", "version": "1"}
    rest = [{"mode": "server", "resource": types}]
    return {"resourceType": "CapabilityStatement", "fhirVersion": version, "software": software, "rest": rest}


@dataclass(slots=True)
class Loopback:
    """The running server: ``at(way)`` is the base address of one behaviour; ``seen`` what was asked, in order."""

    base: str
    seen: list[str] = field(default_factory=list)

    def at(self, way: str) -> str:
        return f"{self.base}/{way}"


def answered(way: str, rest: str, query: str, token: str) -> tuple[int, Json]:
    """Give status and body; ``rest`` is the path below the behaviour's base."""
    if rest == "metadata":
        said = statement("3.0.2" if way == "stu3" else "4.0.1", "Procedure" if way == "gap" else "")
        return (404, {}) if way == "nothing" else (200, said)
    if rest == ".well-known/smart-configuration":
        return 200, {"token_endpoint": "https://auth.example.org/token", "capabilities": []}
    if way == "closed" and token != f"Bearer {TOKEN}":
        return 401, {}
    if way == "plain" and "_count" in parse_qs(query):
        return 400, {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "not-supported"}]}
    if (way, rest) in _FAILING:
        return _FAILING[way, rest], {}
    found = Ehr(case(SLUG).resources).get(f"{SERVER}/{rest}?{query}" if query else f"{SERVER}/{rest}")
    if found and way == "odd" and rest == "Condition":
        found["entry"].append(
            {"resource": {"resourceType": "Condition", "id": "secret-7", "clinicalStatus": "planted"}}
        )
    return 200 if found else 404, found or {"resourceType": "OperationOutcome"}


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *said: object) -> None:
        """Say nothing of clients that leave in the middle of an answer: a command ends when it knows enough."""
        del said


@contextmanager
def serving() -> Iterator[Loopback]:
    """Serve until the block ends."""
    here = Loopback("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            way, _, rest = parts.path.strip("/").partition("/")
            here.seen.append(self.path)
            status, body = answered(way, rest, parts.query, self.headers.get("authorization", ""))
            sent = b"<html></html>" if way == "html" else json.dumps(body, default=str_of_decimal).encode()
            self.send_response(status)
            self.send_header("content-type", "application/fhir+json")
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *said: object) -> None:
            del said

    server = _Quiet(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    here.base = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
