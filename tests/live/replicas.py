"""Two replicas of the service behind nginx with one database: real processes, and the configuration that is shipped.

Nothing listens but on this machine. The service itself is started as a site starts it, `trialcards serve`; callers are
told apart by tokens, each good for one call.
"""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, select

from cds.app import RandomIds, SystemClock
from cds.fhir.backend.keys import OwnKey, new_key, public_set
from cds.store.tables import FEEDBACK
from cds.web.charts import load_charts
from cds.web.cut import prefetch_of, read_templates
from tests.store.postgres import NotToBeHad, Server, database

Json = dict[str, Any]
REPOSITORY = Path(__file__).resolve().parents[2]
CONF = REPOSITORY / "deploy" / "nginx" / "nginx.conf"
ISSUER = "https://rehearsal.example.org"
FHIR = "https://fhir.rehearsal.example.org/r4"
HOOK = "/cds-services/trialcards-patient-view"
_PATIENCE_S = 30.0


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def nginx() -> str:
    """Find nginx; raises ``NotToBeHad``."""
    found = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if found is None:
        raise NotToBeHad("no nginx: neither PATH nor /usr/sbin has it (Debian: nginx-light)")
    return found


def conf_here(folder: Path, port: int, replicas: list[int]) -> str:
    """Give the shipped configuration for this machine: without TLS, and with these ports and this folder."""
    text = CONF.read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.strip().startswith("ssl_")]
    text = "\n".join(lines).replace("/tmp/", f"{folder}/") + "\n"  # noqa: S108 - it is taken out
    text = text.replace("/dev/stderr", str(folder / "error.log"))
    for shipped, here in (
        ("listen 8443 ssl;", f"listen 127.0.0.1:{port};"),
        ("listen 127.0.0.1:8081;", f"listen 127.0.0.1:{free_port()};"),
        ("server 172.28.0.11:8000", f"server 127.0.0.1:{replicas[0]}"),
        ("server 172.28.0.12:8000", f"server 127.0.0.1:{replicas[-1]}" if len(replicas) > 1 else "#"),
        ("/dev/stdout", str(folder / "access.log")),
    ):
        assert text.count(shipped) == 1, shipped
        text = text.replace(shipped, here)
    return text


@dataclass
class Replica:
    """One process of the service; it may be ended and started again, at the same address."""

    settings: dict[str, str]
    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
        environment = clean | self.settings | {"CDS_PORT": str(self.port)}
        command = [sys.executable, "-m", "cds", "serve"]
        with (self.folder / f"{self.port}.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=log, stderr=log)
        for _ in range(600):
            with suppress(OSError):
                if self.ready()[0] == 200:
                    return
            assert self.process.poll() is None, self.log()
            time.sleep(0.05)
        raise AssertionError(self.log())

    def ready(self) -> tuple[int, Json]:
        """Ask whether it is ready."""
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            asking.request("GET", "/health/ready")
            answer = asking.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            asking.close()

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it, and give the exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(60)

    def log(self) -> str:
        """Give what it has logged."""
        return (self.folder / f"{self.port}.log").read_text("utf-8", "replace")


@dataclass
class Site:
    """The whole: database, replicas, and the address of nginx before them."""

    folder: Path
    store: Server
    replicas: list[Replica]
    port: int
    key: OwnKey

    def token(self, path: str) -> str:
        """Sign a token for one call to this path."""
        now = int(SystemClock().now().timestamp())
        claims = {"iss": ISSUER, "aud": f"http://127.0.0.1:{self.port}{path}", "iat": now, "exp": now + 300}
        return "Bearer " + self.key.signed({**claims, "jti": RandomIds().new()}, {})

    async def call(
        self, method: str, path: str, body: object = None, port: int | None = None, token: str | None = None
    ) -> tuple[int, bytes]:
        """Call nginx, or a replica by its port; status 0 says that there was no answer."""
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: site\r\nConnection: close\r\nContent-Type: application/json\r\n"
        head += f"Authorization: {token or self.token(path.partition('?')[0])}\r\nContent-Length: {len(sent)}\r\n\r\n"
        try:
            async with asyncio.timeout(_PATIENCE_S):
                reader, writer = await asyncio.open_connection("127.0.0.1", port or self.port, limit=2**22)
                writer.write(head.encode() + sent)
                answer = await reader.read()
                writer.close()
        except (OSError, TimeoutError):
            return 0, b""
        top, _, rest = answer.partition(b"\r\n\r\n")
        return (int(top.split(b" ", 2)[1]), rest) if top else (0, b"")

    async def request(self, slug: str) -> bytes:
        """Make the hook call of a golden chart, with the prefetch that discovery asks for."""
        status, told = await self.call("GET", "/cds-services")
        assert status == 200, status
        (service,) = json.loads(told)["services"]
        chart = next(each for each in load_charts(REPOSITORY / "tests" / "golden") if each.slug == slug)
        call = {
            "hook": service["hook"],
            "hookInstance": RandomIds().new(),
            "fhirServer": FHIR,
            "context": {"userId": "Practitioner/example", "patientId": chart.patient_id},
            "prefetch": prefetch_of(chart.bundle, chart.patient_id, read_templates(service["prefetch"])),
        }
        return json.dumps(call).encode()


def dismissal(cards: list[Json], code: str | None = None) -> Json:
    """Override cards, for this reason or for none."""
    said: Json = {"outcome": "overridden", "outcomeTimestamp": SystemClock().now().isoformat()}
    if code is not None:
        system = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
        said["overrideReason"] = {"reason": {"system": system, "code": code}}
    return {"feedback": [{"card": each["uuid"]} | said for each in cards]}


@contextmanager
def site(folder: Path, *, replicas: int = 2, **settings: str) -> Iterator[Site]:
    """Start all of it; raises ``NotToBeHad`` where nginx or PostgreSQL cannot be had."""
    program = nginx()
    key = new_key("ES384")
    (folder / "ehr.json").write_text(json.dumps(public_set([key])))
    (folder / "callers.yaml").write_text(
        f"callers:\n  - id: rehearsal\n    issuer: {ISSUER}\n    keys: ehr.json\n    fhir_servers: [{FHIR}]\n"
    )
    port = free_port()
    with ExitStack() as stack:
        store = stack.enter_context(database())
        store.start()
        chosen = {
            "CDS_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "CDS_CALLERS": str(folder / "callers.yaml"),
            "CDS_STORE_URL": store.url,
            "CDS_PSEUDONYM_KEYS": "k1:" + base64.b64encode(os.urandom(32)).decode(),
        } | settings
        here = Site(folder, store, [Replica(chosen, folder) for _ in range(replicas)], port, key)
        stack.callback(_end, here.replicas)
        for each in here.replicas:
            each.start()
        stack.enter_context(_front(program, here))
        yield here


def _end(replicas: list[Replica]) -> None:
    for each in replicas:
        if each.process is not None and each.process.poll() is None:
            each.end(signal.SIGKILL)


@contextmanager
def _front(program: str, here: Site) -> Iterator[None]:
    conf = here.folder / "nginx.conf"
    conf.write_text(conf_here(here.folder, here.port, [each.port for each in here.replicas]))
    how = "daemon off; user root;" if os.geteuid() == 0 else "daemon off;"  # whose folder it is
    command = [program, "-c", str(conf), "-g", how, "-e", str(here.folder / "error.log")]
    with subprocess.Popen(command) as running:
        try:
            for _ in range(200):
                with suppress(OSError), socket.create_connection(("127.0.0.1", here.port), 1):
                    break
                assert running.poll() is None, "nginx does not start"
                time.sleep(0.02)
            yield
        finally:
            running.terminate()


# ---------------------------------------------------------------------------------------------------------------- load


@dataclass
class Load:
    """Callers that call without a pause until they are told to stop, and dismiss every card that they are told.

    An EHR's one retry, with a new token, is made where a call failed.
    """

    site: Site
    body: bytes
    callers: int = 4
    calls: int = 0
    failed: Counter[int] = field(default_factory=Counter)
    failed_twice: Counter[int] = field(default_factory=Counter)
    dismissed: set[str] = field(default_factory=set)
    over: bool = False

    async def during(self, work: Callable[[], object]) -> None:
        """Keep the callers busy for as long as this work takes, in a thread of its own."""
        busy = [asyncio.create_task(self._busy()) for _ in range(self.callers)]
        try:
            await asyncio.to_thread(work)
        finally:
            self.over = True
            await asyncio.gather(*busy)
            self.over = False

    async def _busy(self) -> None:
        while not self.over:
            # A clinician of its own for every call: for whoever dismissed a card, its trial is quiet.
            self.calls += 1
            status, answer = await self._tried(HOOK, self.body.replace(b"/example", f"/{self.calls}".encode()))
            if status != 200:
                continue
            cards = json.loads(answer)["cards"]
            self.calls += 1
            if cards and (await self._tried(f"{HOOK}/feedback", dismissal(cards)))[0] == 200:
                self.dismissed |= {each["uuid"] for each in cards}

    async def _tried(self, path: str, body: object) -> tuple[int, bytes]:
        status, answer = await self.site.call("POST", path, body)
        if status != 200:
            self.failed[status] += 1
            await asyncio.sleep(0.2)
            status, answer = await self.site.call("POST", path, body)
            if status != 200:
                self.failed_twice[status] += 1
        return status, answer

    def lost(self) -> set[str]:
        """Give the cards whose feedback was answered 200 and is not in the database."""
        engine = create_engine(self.site.store.url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.connect() as connection:
            kept = set(connection.execute(select(FEEDBACK.c.card)).scalars())
        engine.dispose()
        return self.dismissed - kept
