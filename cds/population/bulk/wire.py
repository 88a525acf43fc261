"""Requests to the server of an export: with a token where it may go, without one anywhere else, answers within bounds.

The token goes to the server's own origin and to those that the site has named. What goes wrong becomes a sentence; none
holds an address, a token or a word that a server sent, but for the codes of FHIR's own list.
Source: https://hl7.org/fhir/uv/bulkdata/STU2/export.html; codes: https://hl7.org/fhir/R4/valueset-issue-type.html.
"""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Final, Protocol

import httpx
import msgspec

from cds.errors import BadCall, ExportFailed, Unreachable
from cds.fhir.addresses import origin_of
from cds.fhir.values import many, part, word
from cds.fhir.wire import decode
from cds.settings.readers import in_clear

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from cds.fhir.values import Json

__all__ = ["Answered", "Tokens", "Wire", "issues_in", "refusal"]

PACKED: Final = frozenset({"", "identity", "gzip", "x-gzip"})
_LONGEST_ANSWER: Final = 200_000_000
_LONGEST_REFUSAL: Final = 64_000
_MOST_STEPS: Final = 3
_UNAUTHORISED: Final = 401
_BUSY: Final = frozenset({429, 502, 503, 504})
_PASSING: Final = frozenset({"transient", "throttled", "lock-error", "timeout", "no-store"})
_SEVERITIES: Final = frozenset({"fatal", "error", "warning", "information"})
_CODES: Final = frozenset(
    (
        *("invalid", "structure", "required", "value", "invariant", "security"),
        *("login", "unknown", "expired", "forbidden", "suppressed", "processing"),
        *("not-supported", "duplicate", "multiple-matches", "not-found", "deleted", "too-long"),
        *("code-invalid", "extension", "too-costly", "business-rule", "conflict", "transient"),
        *("lock-error", "no-store", "exception", "timeout", "incomplete", "throttled"),
        *("informational",),
    )
)
_UNKNOWN: Final = "(other)"
_SAID: Final = {
    401: "does not accept our authorisation (401)",
    403: "does not let us do this (403): is the scope granted, and bulk export allowed for this client?",
    404: "has no such export (404)",
    405: "does not take this request (405)",
    410: "has this export no more (410)",
    429: "is asked too much (429)",
}


class Tokens(Protocol):
    """Gives the token to ask with."""

    async def token(self) -> str | None:
        """Give a token that is good now; nothing for an open server. Raises ``NoAccess``."""
        ...

    def forget(self) -> None:
        """Take it that the last one is good no more."""
        ...


@dataclass(frozen=True, slots=True)
class Answered:
    """A server's answer, read whole. ``issues`` are severity and code of what an OperationOutcome tells."""

    status: int
    headers: Mapping[str, str]
    body: object
    issues: tuple[tuple[str, str], ...] = ()

    @property
    def passing(self) -> bool:
        """Whether the server may well answer otherwise a little later."""
        told = {code for _, code in self.issues}
        return self.status in _BUSY or (self.status >= httpx.codes.INTERNAL_SERVER_ERROR and bool(told & _PASSING))


@dataclass(slots=True)
class Wire:
    """The client, the server, the tokens, and whom they may be shown to besides the server itself."""

    client: httpx.AsyncClient
    base: str
    tokens: Tokens
    trusted: tuple[str, ...] = ()
    allow_http: bool = False
    deadline_s: float = 60.0
    _origins: frozenset[tuple[str, str, int]] = field(init=False)

    def __post_init__(self) -> None:
        """Work out whom tokens may be shown to; keep no cookies, and nothing in the log of requests."""
        self._origins = frozenset(map(origin_of, (self.base, *self.trusted)))
        self.client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)

    def is_trusted(self, url: str) -> bool:
        """Say whether the token may be shown there."""
        return origin_of(url) in self._origins

    def own(self, url: str) -> str:
        """Give an address that the server named, in full; raise ``ExportFailed`` where the token may not go there."""
        try:
            found = str(httpx.URL(self.base + "/").join(url))
            known = bool(url) and self.is_trusted(found)
        except (httpx.InvalidURL, ValueError):
            known, found = False, ""
        if not known:
            raise ExportFailed(
                "the FHIR server says that its export is told of at another server, or nowhere; if that is right, name "
                "the other one by --files-from"
            )
        return found

    async def ask(self, method: str, url: str, *, headers: Mapping[str, str], json: Json | None = None) -> Answered:
        """Ask once, anew with another token where that was the fault. Raises ``Unreachable``, ``NoAccess``."""
        answered = await self._ask(method, url, headers, json)
        if answered.status == _UNAUTHORISED:
            self.tokens.forget()
            answered = await self._ask(method, url, headers, json)
        return answered

    async def _ask(self, method: str, url: str, headers: Mapping[str, str], json: Json | None) -> Answered:
        sent = {**headers, **await self._shown(url)}
        if json is not None:
            sent["content-type"] = "application/fhir+json"
        content = None if json is None else msgspec.json.encode(json)
        try:
            async with self.client.stream(
                method, url, headers=sent, content=content, timeout=self.deadline_s, follow_redirects=False
            ) as response:
                good = response.is_success
                body = await _read(response, _LONGEST_ANSWER if good else _LONGEST_REFUSAL)
                return Answered(response.status_code, response.headers, body, () if good else issues_in(body))
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError):
            raise Unreachable("the FHIR server cannot be reached, or broke off") from None

    @asynccontextmanager
    async def fetch(self, url: str, *, needs_token: bool, headers: Mapping[str, str]) -> AsyncIterator[httpx.Response]:
        """Begin to read a file, a few steps further where the server points. Raises ``ExportFailed`` and like httpx.

        The token is shown to nobody but those it may be shown to, and not at all where no file needs it.
        """
        for _ in range(_MOST_STEPS + 1):
            if in_clear(url, allow_http=self.allow_http):
                raise ExportFailed("a file is said to be had over http, in the clear; it is not asked for there")
            shown = await self._shown(url) if needs_token and self.is_trusted(url) else {}
            request = self.client.build_request("GET", url, headers={**headers, **shown}, timeout=self.deadline_s)
            response = await self.client.send(request, stream=True, follow_redirects=False)
            try:
                if not (response.has_redirect_location and response.status_code != httpx.codes.NOT_MODIFIED):
                    yield response
                    return
                url = str(response.url.join(response.headers["location"]))
            finally:
                await response.aclose()
        raise ExportFailed("the address of a file points elsewhere, and on and on")

    async def _shown(self, url: str) -> dict[str, str]:
        token = await self.tokens.token() if self.is_trusted(url) else None
        return {"authorization": f"Bearer {token}"} if token else {}


async def _read(response: httpx.Response, most: int) -> object:
    """Read an answer as JSON; nothing for what is none, is too long or is packed in an unknown way."""
    if response.headers.get("content-encoding", "").strip().lower() not in PACKED:
        return None
    taken = bytearray()
    async for piece in response.aiter_bytes():
        taken += piece
        if len(taken) > most:
            return None
    with suppress(BadCall):
        return decode(bytes(taken))
    return None


def issues_in(outcome: object) -> tuple[tuple[str, str], ...]:
    """Give severity and code of each issue of an OperationOutcome, in FHIR's own words alone."""
    if part(outcome, "resourceType") != "OperationOutcome":
        return ()
    told = ((word(part(each, "severity")), word(part(each, "code"))) for each in many(part(outcome, "issue")))
    return tuple(
        (kind if kind in _SEVERITIES else "error", code if code in _CODES else _UNKNOWN) for kind, code in told
    )


def refusal(answered: Answered) -> str:
    """Say in a sentence how a server refused."""
    if httpx.codes.is_redirect(answered.status):
        return f"the FHIR server points elsewhere ({answered.status}), which is not followed"
    codes = ", ".join(dict.fromkeys(code for _, code in answered.issues if code != _UNKNOWN))
    said = _SAID.get(answered.status, f"answered {answered.status}")
    return f"the FHIR server {said}{f': {codes}' if codes else ''}"
