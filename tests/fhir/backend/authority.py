"""An authorisation server of our own making: it verifies every assertion as SMART asks, and refuses each wrong one."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cds.fhir.backend.access import BackendAccess, Registration
from cds.fhir.backend.keys import OwnKey, new_key, public_set, read_keys

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
BASE = "https://ehr.example.org/fhir/R4"
TOKEN_URL = "https://ehr.example.org/tenants/north/token"
CLIENT = "trialcards-north"
ES = new_key("ES384")
RS = read_keys(generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))[0]
"""Of the least size that is taken, as it is made each time."""
_NUMBERS = itertools.count(1)
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CONFIGURATION = {"token_endpoint": TOKEN_URL, "capabilities": ["permission-v2", "client-confidential-asymmetric"]}


Page = Callable[[httpx.Request], httpx.Response]


class _Stream(httpx.AsyncByteStream):
    """A body as it comes off a network, unlike httpx's own, which is read before it is asked for."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


def sent(status: int, body: object, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """Give an answer with this JSON, or with these bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.Response(status, stream=_Stream(content), headers=headers)


@dataclass(frozen=True)
class _Fixed:
    """A page that is answered so each time."""

    status: int
    body: object
    headers: Mapping[str, str]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        del request
        return sent(self.status, self.body, self.headers)


def page(status: int, body: object, **headers: str) -> Page:
    """Give a page that is answered so each time."""
    return _Fixed(status, body, headers)


class RefusedError(Exception):
    """Why an assertion is not taken."""


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    moment: dt.datetime = NOW

    def now(self) -> dt.datetime:
        return self.moment

    def pass_(self, seconds: float) -> None:
        self.moment += dt.timedelta(seconds=seconds)


@dataclass
class Authority:
    """Knows clients by the key set that they registered; counts what it is asked."""

    clock: Clock
    registered: dict[str, Any] = field(default_factory=lambda: public_set([ES, RS]))
    jku: str | None = None
    url: str = TOKEN_URL
    lasts: object = 300
    scope: str | None = None
    forms: list[dict[str, str]] = field(default_factory=list)
    headers: list[httpx.Headers] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    refusals: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer at the token endpoint."""
        assert request.method == "POST"
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        form = dict(parse_qsl(request.content.decode(), strict_parsing=True))
        self.forms.append(form)
        self.headers.append(request.headers)
        try:
            self.verify(form["client_assertion"])
        except RefusedError as why:
            self.refusals.append(str(why))
            return sent(401, {"error": "invalid_client", "error_description": f"no {form}"})
        if form["grant_type"] != "client_credentials" or form["client_assertion_type"] != JWT_BEARER:
            return sent(400, {"error": "invalid_request"})
        said = {
            "access_token": f"secret.{len(self.forms)}",
            "token_type": "Bearer",
            "scope": self.scope or form["scope"],
        }
        return sent(200, said | ({} if self.lasts is None else {"expires_in": self.lasts}))

    def verify(self, assertion: str) -> None:
        """Hold an assertion against what SMART asks of it. Raises ``RefusedError``."""
        head = jwt.get_unverified_header(assertion)
        if head.get("typ") != "JWT" or head["alg"] not in {"RS384", "ES384"}:
            raise RefusedError("header")
        if "jku" in head and head["jku"] != self.jku:
            raise RefusedError("jku")
        (key,) = [each for each in self.registered["keys"] if each["kid"] == head.get("kid")] or (None,)
        if key is None:
            raise RefusedError("kid")
        options: Any = {"require": ["iss", "sub", "aud", "exp", "jti"], "verify_exp": False}
        try:
            said = jwt.decode(
                assertion, jwt.PyJWK(key).key, algorithms=[key["alg"]], audience=self.url, options=options
            )
        except jwt.InvalidTokenError as problem:
            raise RefusedError(type(problem).__name__) from None
        left_s = said["exp"] - self.clock.now().timestamp()
        if not 0 < left_s <= 300:
            raise RefusedError("exp")
        if not said["iss"] == said["sub"] == CLIENT:
            raise RefusedError("client")
        if said["jti"] in self.used:
            raise RefusedError("replayed")
        self.used.add(said["jti"])


@dataclass
class World:
    """A FHIR server and its authorisation server, by the addresses that are asked."""

    clock: Clock = field(default_factory=Clock)
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.authority = Authority(self.clock)
        self.pages = {
            f"{BASE}/.well-known/smart-configuration": page(200, CONFIGURATION),
            TOKEN_URL: self.authority,
            **self.pages,
        }
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        return self.pages.get(str(request.url), page(404, {}))(request)

    def access(
        self,
        *keys: OwnKey,
        client: str = CLIENT,
        ids: Callable[[], str] | None = None,
        **more: Any,  # noqa: ANN401 - whatever a registration has
    ) -> BackendAccess:
        who = Registration(client, keys or (ES,), **more)
        return BackendAccess(self.client, who, now=self.clock.now, new_id=ids or (lambda: f"jti-{next(_NUMBERS)}"))


def claims_of(form: dict[str, str]) -> dict[str, Any]:
    said: dict[str, Any] = jwt.decode(form["client_assertion"], options={"verify_signature": False})
    return said
