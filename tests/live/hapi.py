"""The HAPI FHIR server of ``tests/hapi``: built with Maven, started on a free port of the loopback interface, filled.

It holds what it is given in memory and ends with its standard input, so nothing of it outlives a test run. It gives ten
entries a page, whatever is asked for, unless it is started with another number.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec

Json = dict[str, Any]
PROJECT = Path(__file__).resolve().parents[1] / "hapi"
JAR = PROJECT / "target" / "hapi.jar"
LOG = PROJECT / "target" / "hapi.log"
PAGE = 10
_BUILD_S, _START_S, _STOP_S, _ANSWER_S = 1200, 300, 30, 300
_AT_A_TIME = 200
_JSON = msgspec.json.Encoder(decimal_format="number")
_JAVA = ("java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx2g")
"""The two switches cost peak speed, which no test reaches, and spare a third of the time to start."""


def missing() -> str:
    """Say what this machine lacks to run the server; nothing where it lacks nothing."""
    lacking = [tool for tool in ("java", "mvn") if shutil.which(tool) is None]
    return f"the live tests need a JDK of 17 or newer and Maven: no {' and no '.join(lacking)} here" if lacking else ""


def build() -> None:
    """Build the server, unless nothing has changed since it was built."""
    sources = [PROJECT / "pom.xml", *(each for each in (PROJECT / "src").rglob("*") if each.is_file())]
    if JAR.exists() and JAR.stat().st_mtime > max(each.stat().st_mtime for each in sources):
        return
    ran = subprocess.run(
        ["mvn", "-q", "-B", "package"], cwd=PROJECT, capture_output=True, text=True, timeout=_BUILD_S, check=False
    )
    if ran.returncode:
        raise RuntimeError(f"the HAPI server does not build:\n{ran.stdout[-4000:]}{ran.stderr[-4000:]}")


@dataclass(frozen=True, slots=True)
class Hapi:
    """The running server; ``base`` is where its FHIR API begins."""

    base: str
    process: subprocess.Popen[bytes]
    http: httpx.Client

    def put(self, resources: Iterable[Json]) -> list[str]:
        """Store resources under their own ids, so many in one transaction; give the status of each, in order."""
        waiting = list(resources)
        parts = [waiting[start : start + _AT_A_TIME] for start in range(0, len(waiting), _AT_A_TIME)]
        return [status for part in parts for status in self._transaction(part)]

    def _transaction(self, resources: Sequence[Json]) -> list[str]:
        entries = [{"resource": each, "request": {"method": "PUT", "url": _place(each)}} for each in resources]
        body = self.post("", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
        return [each["response"]["status"] for each in body["entry"]]

    def post(self, path: str, resource: Json) -> Json:
        """Send a resource, its numbers with the digits they have; what is refused fails with what the server says."""
        headers = {"content-type": "application/fhir+json"}
        sent = _JSON.encode(resource)
        return _said(self.http.post(f"{self.base}/{path}".rstrip("/"), content=sent, headers=headers))

    def send(self, bundle: Json) -> Json:
        """Send a transaction or a batch; of one that is refused as a whole give what the server says."""
        headers = {"content-type": "application/fhir+json"}
        body: Json = self.http.post(self.base, content=_JSON.encode(bundle), headers=headers).json()
        return body

    def refusal(self, resource: Json) -> str:
        """Store a resource under its own id; of one that is refused give the number of HAPI's reason."""
        headers = {"content-type": "application/fhir+json"}
        answer = self.http.put(f"{self.base}/{_place(resource)}", content=_JSON.encode(resource), headers=headers)
        if answer.is_success:
            return ""
        reason: str = answer.json()["issue"][0]["diagnostics"]
        return reason.partition(":")[0]

    def ask(self, path: str, **asked: str) -> Json:
        """Ask for one page or one operation's answer."""
        return _said(self.http.get(f"{self.base}/{path}", params=asked or None))

    def whole(self, search: str) -> Json:
        """Give all pages of a search as one bundle, as an EHR does that fills in a prefetch template."""
        body = _said(self.http.get(f"{self.base}/{search}"))
        if body["resourceType"] != "Bundle":
            return body
        entries, page = body.get("entry", []), body
        while following := [each["url"] for each in page.get("link", ()) if each["relation"] == "next"]:
            page = _said(self.http.get(following[0]))
            entries = [*entries, *page.get("entry", ())]
        links = [each for each in body.get("link", ()) if each["relation"] != "next"]
        return {**body, "entry": entries, "link": links}

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Keep the process from running: connections are taken, nothing is answered."""
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)


def _place(resource: Json) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _said(response: httpx.Response) -> Json:
    assert response.is_success, f"{response.request.url}: {response.status_code} {response.text[:2000]}"
    body: Json = response.json()
    return body


@contextmanager
def running(page: int = PAGE) -> Iterator[Hapi]:
    """Start the server, with so many entries a page, wait until it says where it is, and stop it in the end."""
    command = (*_JAVA, f"-Dtrialcards.page={page}", "-jar", str(JAR))
    with LOG.open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        try:
            with httpx.Client(timeout=_ANSWER_S, trust_env=False) as http:
                yield Hapi(_where(process), process, http)
        finally:
            _stop(process)


def _where(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], _START_S)
    base = process.stdout.readline().decode().strip() if ready else ""
    if not base:
        raise RuntimeError(f"the HAPI server does not start:\n{LOG.read_text('utf-8', 'replace')[-4000:]}")
    return base


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


def code_system(name: str, url: str, concepts: Sequence[Json]) -> Json:
    """Give a CodeSystem that holds these concepts and no others."""
    return {
        "resourceType": "CodeSystem",
        "id": name,
        "url": url,
        "version": "made-up",
        "status": "draft",
        "caseSensitive": True,
        "hierarchyMeaning": "is-a",
        "content": "complete",
        "property": [{"code": "parent", "type": "code"}],
        "concept": list(concepts),
    }
