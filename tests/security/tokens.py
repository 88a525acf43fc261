"""Callers' tokens, good and forged, and a site that lists whose they may be: all keys are made when the tests run."""

from __future__ import annotations

import base64
import datetime as dt
import itertools
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fastapi import FastAPI
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from cds.app import create_app
from cds.settings import Settings
from tests.service import world

Json = dict[str, Any]

PUBLIC = "https://cards.example.org/trials"
DISCOVERY = "/cds-services"
HOOK = "/cds-services/trialcards-patient-view"
FEEDBACK = f"{HOOK}/feedback"
SANDBOX, NORTH, SOUTH, STATIC = (
    "https://sandbox.example.org",
    "https://north.example.org/fhir",
    "https://south.example.org",
    "urn:static",
)
JKU = {
    SANDBOX: "https://sandbox.example.org/.well-known/jwks.json",
    NORTH: "https://north.example.org/keys",
    SOUTH: "https://south.example.org/jwks",
}
TYPED_AUDIENCE = "https://cards.example.org/typed by hand"


@cache
def private(name: str) -> Any:  # noqa: ANN401 - a private key of any kind
    """Give the private key of this name, made once: its first word says of which kind."""
    match name.partition("-")[0]:
        case "rsa":
            return rsa.generate_private_key(65537, 2048)
        case "weak":
            return rsa.generate_private_key(65537, 1024)  # noqa: S505 - that it is refused is the point
        case "p256":
            return ec.generate_private_key(ec.SECP256R1())
        case "p384":
            return ec.generate_private_key(ec.SECP384R1())
        case "p521":
            return ec.generate_private_key(ec.SECP521R1())
        case _:
            raise ValueError(name)


def jwk(name: str, kid: str | None = None, **more: object) -> Json:
    """Give the public half of a key as it stands in a key set."""
    public = private(name).public_key()
    how = RSAAlgorithm if isinstance(public, rsa.RSAPublicKey) else ECAlgorithm
    return how.to_jwk(public, as_dict=True) | {"kid": kid or name, "use": "sig"} | more


def jwks(*keys: Json) -> bytes:
    return json.dumps({"keys": keys}).encode()


def pem(name: str) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - used once

    told: bytes = private(name).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return told


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


_numbers = itertools.count(1)
NOW = int(world.NOW.timestamp())


def header(**changes: Any) -> Json:  # noqa: ANN401 - any claim
    given: Json = {"alg": "ES384", "typ": "JWT", "kid": "p384-sandbox", "jku": JKU[SANDBOX]} | changes
    return {name: value for name, value in given.items() if value is not ...}


def claims(path: str = HOOK, **changes: Any) -> Json:  # noqa: ANN401 - any claim
    given: Json = {
        "iss": SANDBOX,
        "aud": PUBLIC + path,
        "exp": NOW + 300,
        "iat": NOW,
        "jti": f"token-{next(_numbers)}",
    } | changes
    return {name: value for name, value in given.items() if value is not ...}


def signed(head: Json, body: Json, key: str = "p384-sandbox") -> str:
    return raw(json.dumps(head).encode(), json.dumps(body).encode(), head["alg"], key)


def raw(head: bytes, body: bytes, algorithm: str, key: str) -> str:
    """Sign any bytes at all, so that nothing a token library would refuse to write goes untried."""
    said = f"{b64(head)}.{b64(body)}"
    how = jwt.algorithms.get_default_algorithms()[algorithm]
    return f"{said}.{b64(how.sign(said.encode(), private(key)))}"


def token(path: str = HOOK, head: Json | None = None, key: str = "p384-sandbox", **changes: Any) -> str:  # noqa: ANN401 - any claim
    """Give a token as the sandbox makes it, with changes."""
    return signed(header(**(head or {})), claims(path, **changes), key)


LIST = f"""\
callers:
  - id: sandbox
    profile: sandbox
    issuer: {SANDBOX}
    jku: [{JKU[SANDBOX]}]
    fhir_servers: [{world.SERVER}]
  - id: north-hospital
    profile: epic-shaped
    issuer: {NORTH}
    jku: [{JKU[NORTH]}]
    audiences: ["{TYPED_AUDIENCE}"]
  - id: south-hospital
    issuer: {SOUTH}
    jku: [{JKU[SOUTH]}]
    tenants: [ward-1, ward-2]
    algorithms: [ES384, ES256, ES512, PS384, RS384]
  - id: by-file
    issuer: {STATIC}
    keys: static.json
"""


async def pieces(document: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    """Send a document as a server does, piece by piece."""
    for start in range(0, len(document), size):
        yield document[start : start + size]


@dataclass
class Network:
    """Stands for everything outside: serves the callers' keys, and counts who was asked."""

    served: dict[str, Callable[[], httpx.Response]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        return self.served[str(request.url)]() if str(request.url) in self.served else httpx.Response(404)

    def serve(self, url: str, *keys: Json) -> None:
        self.served[url] = lambda: httpx.Response(200, content=pieces(jwks(*keys)))


@dataclass
class Clock:
    moment: dt.datetime = world.NOW

    def now(self) -> dt.datetime:
        return self.moment

    def wait(self, seconds: float) -> None:
        self.moment += dt.timedelta(seconds=seconds)


@dataclass
class Site:
    """The real application of a site that lists four callers."""

    app: FastAPI
    network: Network
    clock: Clock

    async def call(self, path: str, authorization: str | None, body: object = None) -> httpx.Response:
        """Post a body, or get the page if there is none."""
        sent = [(b"origin", b"https://ehr.example.org")]
        if authorization is not None:
            sent.append((b"authorization", authorization.encode("latin-1")))
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as ehr:
            return await ehr.request("GET" if body is None else "POST", path, json=body, headers=sent)

    async def hook(self, a_token: str) -> httpx.Response:
        return await self.call(HOOK, f"Bearer {a_token}", world.hook_body({"patient": world.patient()}))


def key_network() -> Network:
    network = Network()
    network.serve(
        JKU[SANDBOX],
        jwk("p384-sandbox"),
        jwk("p256-sandbox"),
        jwk("rsa-sandbox"),
        jwk("p384-enc", use="enc"),
        jwk("p384-bound", alg="ES256"),
        jwk("p384-leaked", d="AAAA"),
    )
    network.serve(JKU[NORTH], jwk("rsa-north"), jwk("weak-north"), jwk("p384-north"))
    network.serve(JKU[SOUTH], jwk("p384-south"), jwk("p256-south"), jwk("p521-south"), jwk("rsa-south"))
    return network


def make_site(
    folder: Path,
    network: Network | None = None,
    store_url: str = "sqlite://",
    callers: str = LIST,
    launch: str | None = None,
) -> Site:
    """Give a site with a list of callers, and of EHRs from which its page may be opened if there is one."""
    (folder / "callers.yaml").write_text(callers, "utf-8")
    if launch is not None:
        (folder / "launch.yaml").write_text(launch, "utf-8")
    (folder / "static.json").write_bytes(jwks(jwk("p384-static")))
    settings = Settings(
        public_url=PUBLIC,
        callers=folder / "callers.yaml",
        launch_servers=None if launch is None else folder / "launch.yaml",
        allow_origins=("https://ehr.example.org",),
        store_url=store_url,
        metrics_token="monitoring",
    )
    network, clock = network or key_network(), Clock()
    return Site(create_app(settings, clock=clock, network=httpx.MockTransport(network)), network, clock)
