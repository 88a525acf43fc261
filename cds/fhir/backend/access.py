"""Tokens for FHIR servers by SMART Backend Services: a signed assertion goes out, a short-lived token comes back.

A token is kept until shortly before it ends and shared by all who ask meanwhile. Neither assertions nor tokens stand in
anything that is raised, logged or shown.
Source: https://hl7.org/fhir/smart-app-launch/backend-services.html; RFC 6749 sections 4.4 and 5, RFC 7523.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from cds.errors import NoAccess
from cds.fhir.addresses import base_of
from cds.fhir.backend.discovery import Endpoint, discover, trusted
from cds.fhir.backend.exchange import Exchange
from cds.fhir.backend.scopes import READ, lacking, scopes_for

if TYPE_CHECKING:
    import httpx

    from cds.fhir.backend.keys import OwnKey
    from cds.fhir.values import Json

__all__ = ["BackendAccess", "Grant", "Registration", "client_assertion", "is_token"]

LIFETIME_S: Final = 240
"""Seconds for which an assertion holds. Five minutes are allowed, by the server's clock, which may be behind."""

_AUTHORISATION: Final = "the authorisation server"
_JWT_BEARER: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST_ANSWER: Final = 100_000
_LONGEST_TOKEN: Final = 16_000
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_SPARE: Final = dt.timedelta(seconds=30)
_LONGEST_KEPT_S: Final = 3600
_FAULTS: Final = {
    "invalid_client": "does not take this client id with this key; is the key registered, is the clock right?",
    "invalid_scope": "does not grant these scopes; ask for those that are registered",
    "unauthorized_client": "does not let this client have tokens in this way",
    "unsupported_grant_type": "gives no tokens to backend services",
    "invalid_request": "does not understand the request",
    "invalid_grant": "does not take the client assertion",
    "access_denied": "denies access",
    "server_error": "failed",
    "temporarily_unavailable": "is not available at the moment",
}
"""The codes that may be told. Any other text of an answer may hold anything, and stays untold."""
_ELSEWHERE: Final = (
    "the FHIR server says that tokens are had on another host than its own; if that is right, name the address by "
    "--token-url"
)
"""A server that lies about it could be handed the token of another EHR that knows this site by the same key."""


@dataclass(frozen=True, slots=True)
class Registration:
    """How an EHR knows this site: its client id, the keys that may sign, and what may be asked for.

    ``scope`` takes the place of what the ``types`` of resources need; ``token_url`` of what the FHIR server says;
    ``jku`` is the address of the published keys, exactly as it was registered, where assertions are to name it.
    """

    client_id: str
    keys: tuple[OwnKey, ...]
    types: tuple[str, ...] = READ
    scope: str = ""
    token_url: str = ""
    jku: str = ""
    allow_http: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """A token, until when it is good, and which scopes were asked for and not granted (nothing: none, or unsaid).

    ``granted`` is what was granted in the server's own words; empty: it did not say, which means what was asked for.
    """

    token: str = field(repr=False)
    good_until: dt.datetime
    lacking: tuple[str, ...] = ()
    granted: str = field(default="", repr=False)


class BackendAccess:
    """Gets tokens for the FHIR servers of one registration."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        registration: Registration,
        *,
        now: Callable[[], dt.datetime],
        new_id: Callable[[], str],
        deadline_s: float = 10.0,
    ) -> None:
        """Use this HTTP client; ``deadline_s`` holds for each of the at most three requests."""
        self._exchange = Exchange(client, deadline_s=deadline_s)
        self._who = registration
        self._now, self._new_id = now, new_id
        self._held: dict[str, Grant] = {}
        self._asking: dict[str, asyncio.Task[Grant]] = {}

    async def token(self, server: str) -> str:
        """Give a token for a FHIR server. Raises ``NoAccess``."""
        return (await self.grant(server)).token

    async def grant(self, server: str) -> Grant:
        """Give what a server's authorisation grants, asked anew only where what is held has ended. Raises ``NoAccess``.

        Whoever comes while it is asked waits for that answer, and one who goes away does not take it from the others.
        """
        base = base_of(server)
        if base is None:
            raise NoAccess("this is no address of a FHIR server")
        held = self._held.get(base)
        if held is not None and self._now() < held.good_until:
            return held
        task = self._asking.get(base)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._ask(base))
            self._asking[base] = task
            task.add_done_callback(lambda done: self._asked(base, done))
        return await asyncio.shield(task)

    def forget(self, server: str) -> None:
        """Let go of what is held for a server that takes the token no more, though its time is not over."""
        self._held.pop(base_of(server) or "", None)

    def _asked(self, base: str, done: asyncio.Task[Grant]) -> None:
        del self._asking[base]
        if not done.cancelled() and done.exception() is None:
            self._held[base] = done.result()

    async def _ask(self, base: str) -> Grant:
        trusted(base, allow_http=self._who.allow_http)
        endpoint = await self._endpoint(base)
        url = trusted(endpoint.url, allow_http=self._who.allow_http)
        if not self._who.token_url and urlsplit(url).hostname != urlsplit(base).hostname:
            raise NoAccess(_ELSEWHERE)
        scope = self._who.scope or scopes_for(self._who.types, granular=endpoint.granular)
        began = self._now()
        form = {
            "grant_type": "client_credentials",
            "scope": scope,
            "client_assertion_type": _JWT_BEARER,
            "client_assertion": client_assertion(
                _signing(self._who.keys, endpoint.algorithms),
                self._who.client_id,
                audience=url,
                now=began,
                jti=self._new_id(),
                jku=self._who.jku,
            ),
        }
        status, said = await self._exchange.post(url, _AUTHORISATION, _LONGEST_ANSWER, form)
        return _granted(status, said, asked=scope, began=began)

    async def _endpoint(self, base: str) -> Endpoint:
        """Say where tokens are had. An address that the site names needs no server to say it."""
        named = self._who.token_url
        if named and self._who.scope:
            return Endpoint(named)
        try:
            found = await discover(self._exchange, base)
        except NoAccess:
            if not named:
                raise
            return Endpoint(named)
        return Endpoint(named or found.url, found.granular, found.algorithms)


def client_assertion(key: OwnKey, client_id: str, *, audience: str, now: dt.datetime, jti: str, jku: str = "") -> str:
    """Give the signed token (JWT) by which this site says who it is, once, at one token endpoint.

    It holds what SMART asks for and nothing more: a time of issue could lie in the future of a server's clock.
    """
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "exp": int(now.timestamp()) + LIFETIME_S,
        "jti": jti,
    }
    return key.signed(claims, {"jku": jku} if jku else {})


def is_token(text: str) -> bool:
    """Say whether a text can stand in an ``Authorization`` header as a bearer token (RFC 6750 section 2.1)."""
    return len(text) <= _LONGEST_TOKEN and _TOKEN.fullmatch(text) is not None


def _signing(keys: tuple[OwnKey, ...], taken: frozenset[str]) -> OwnKey:
    """Give the first key that can sign, and whose signature the server takes where it says which it takes."""
    able = [key for key in keys if key.signs]
    if not able:
        raise NoAccess("no private key was given, so nothing can be signed")
    fitting = [key for key in able if not taken or key.algorithm in taken]
    if not fitting:
        raise NoAccess(
            f"{_AUTHORISATION} takes no signature by {able[0].algorithm}; make a key for the other algorithm"
        )
    return fitting[0]


def _granted(status: int, said: Json, *, asked: str, began: dt.datetime) -> Grant:
    """Read the answer of a token endpoint."""
    if status != 200:  # noqa: PLR2004 - OK
        raise NoAccess(_refusal(status, said))
    token, kind, scope = (said.get(name) for name in ("access_token", "token_type", "scope"))
    if not isinstance(token, str) or not is_token(token):
        raise NoAccess(f"{_AUTHORISATION} sent no token that can be used")
    if not isinstance(kind, str) or kind.casefold() != "bearer":
        raise NoAccess(f"{_AUTHORISATION} sent a token of another type than bearer")
    lasts = dt.timedelta(seconds=_seconds(said.get("expires_in")))
    return Grant(
        token,
        began + max(lasts - _SPARE, lasts / 2),
        lacking(asked, scope) if isinstance(scope, str) and scope else (),
        scope if isinstance(scope, str) else "",
    )


def _seconds(said: object) -> float:
    """Read how long a token is good; none that is not said to be is kept. Raises ``NoAccess`` for what is no time."""
    if said is None:
        return 0
    text = str(said) if isinstance(said, (int, str)) and not isinstance(said, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and int(text) > 0):  # noqa: PLR2004 - 30,000 years
        raise NoAccess(f"{_AUTHORISATION} does not say in seconds how long its token is good")
    return min(int(text), _LONGEST_KEPT_S)


def _refusal(status: int, said: Json) -> str:
    """Tell a refusal by its code, if that is one of those in the specification."""
    code = said.get("error")
    if isinstance(code, str) and code in _FAULTS:
        return f"{_AUTHORISATION} {_FAULTS[code]} ({code})"
    return f"{_AUTHORISATION} answered {status} and gives no reason that is known here"
