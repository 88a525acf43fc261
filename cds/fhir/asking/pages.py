"""One conversation with a FHIR server: what is asked for, page after page, within bounds of time, bytes and place.

Nothing it says or raises holds the token, the patient or a URL. The deadline does not cover the decoding of a page that
has arrived: a page of the largest size that is taken holds the loop for as long as that takes.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from cds.errors import BadCall
from cds.fhir.addresses import is_below, origin_of
from cds.fhir.reading.sorting import announced, matches
from cds.fhir.values import Json, many, part, word
from cds.fhir.wire import decode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

__all__ = ["Pages", "Stopped", "Visit", "get", "walk"]

_SAID = {
    401: "the FHIR server does not accept the caller's authorisation (401)",
    403: "the caller's authorisation does not cover this (403)",
    429: "the FHIR server is asked too much at the moment (429)",
    503: "the FHIR server is not available at the moment (503)",
}
_BUSY = frozenset({429, 503})
_NOT_OFFERED = frozenset({404, 405, 501})
_EXPLAINED = frozenset({400, 403, 406, 409, 413, 414, 422, 431})
"""Refusals whose OperationOutcome may say what the server wants instead."""
_EXPLANATION_BYTES = 64_000
PACKED = "gzip"
_UNPACKED_BY_US = frozenset({"", "identity", PACKED})
"""One packing at most: what is packed twice unpacks a thousand times a thousand fold before it can be counted."""
_SHORTEST_WAIT_S = 0.2


class Stopped(Exception):
    """This search ends here; the message is for people. ``issues`` are the codes of the issues the server named."""

    def __init__(
        self, why: str, status: int = 0, *, not_offered: bool = False, issues: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(why)
        self.status = status
        self.not_offered = not_offered
        self.issues = issues


@dataclass(slots=True)
class Visit:
    """One call on one server: what to send with each request, until when, and how many bytes may still come."""

    client: httpx.AsyncClient
    base: str
    headers: Mapping[str, str]
    until: float
    bytes_left: int
    most_pages: int
    gate: asyncio.Semaphore


@dataclass(slots=True)
class Pages:
    """What the pages of one search have given so far."""

    resources: list[object] = field(default_factory=list)
    matches: int = 0
    total: float | Decimal | None = None
    seen: set[str] = field(default_factory=set)

    @property
    def turned(self) -> bool:
        """Whether a page after the first was asked for: one that is not there says nothing of the type."""
        return len(self.seen) > 1

    @property
    def short(self) -> bool:
        """Whether the server announced more than it sent."""
        return self.total is not None and self.total > self.matches

    def take(self, bundle: Json) -> None:
        """Add a page."""
        self.resources.extend(part(entry, "resource") for entry in many(bundle.get("entry")))
        self.matches += matches(bundle)
        total = announced(bundle)
        self.total = self.total if total is None else total


async def walk(url: str, visit: Visit, pages: Pages) -> None:
    """Take page after page until there is none left. Raises :class:`Stopped`; what came before it stays."""
    following: str | None = url
    here = visit.base + "/"
    for _ in range(visit.most_pages):
        if following is None:
            return
        here = absolute(here, following)
        if origin_of(here) != origin_of(visit.base):
            raise Stopped("the next page is said to be on another server, which is not asked")
        if not is_below(here, visit.base):
            raise Stopped("its next page lies elsewhere")
        if here in pages.seen:
            raise Stopped("the FHIR server's pages go round in a circle")
        pages.seen.add(here)
        bundle = await get(here, visit)
        if bundle.get("resourceType") != "Bundle":
            raise Stopped("the FHIR server sent something else than search results")
        pages.take(bundle)
        following = _following(bundle)
    if following is not None:
        raise Stopped(f"there are more than {visit.most_pages} pages")


async def get(url: str, visit: Visit) -> Json:
    """Give the resource at an address. Raises :class:`Stopped`, and what httpx raises when a connection fails."""
    while True:
        outcome = await _once(url, visit)
        if not isinstance(outcome, float):
            return outcome
        await asyncio.sleep(outcome)


def absolute(base: str, url: str) -> str:
    """Give a URL in full that may be relative to another one."""
    try:
        found = str(httpx.URL(base).join(url))
        origin_of(found)
    except (httpx.InvalidURL, ValueError):
        raise Stopped("the FHIR server names a next page that is no URL") from None
    return found


async def _once(url: str, visit: Visit) -> Json | float:
    """Ask once; of a busy server that says when to come back, give the seconds to wait if they are left."""
    request = visit.client.build_request("GET", url, headers=visit.headers, timeout=None)
    response = await visit.client.send(request, stream=True, follow_redirects=False)
    issues: frozenset[str] = frozenset()
    try:
        if response.is_success:
            return _resource(await _body(response, visit, visit.bytes_left))
        if response.status_code in _EXPLAINED:
            issues = await _issues(response, visit)
    finally:
        await response.aclose()
    wait_s = _retry_after_s(response) if response.status_code in _BUSY else None
    if wait_s is not None and asyncio.get_running_loop().time() + wait_s < visit.until:
        return max(wait_s, _SHORTEST_WAIT_S)
    raise _refused(response.status_code, issues)


async def _body(response: httpx.Response, visit: Visit, most: int) -> bytes:
    if response.headers.get("content-encoding", "").strip().lower() not in _UNPACKED_BY_US:
        raise Stopped("the FHIR server sent its answer packed in a way that is not taken")
    taken = bytearray()
    async for chunk in response.aiter_bytes():
        visit.bytes_left -= len(chunk)
        taken += chunk
        if visit.bytes_left < 0 or len(taken) > most:
            raise Stopped("the record is larger than is taken from a FHIR server")
    return bytes(taken)


async def _issues(response: httpx.Response, visit: Visit) -> frozenset[str]:
    """Give the codes of the issues in a refusal's OperationOutcome; a refusal need not come with one."""
    with suppress(Stopped, BadCall, httpx.HTTPError, httpx.StreamError):
        outcome = decode(await _body(response, visit, min(visit.bytes_left, _EXPLANATION_BYTES)))
        return frozenset(word(part(each, "code")) for each in many(part(outcome, "issue"))) - {""}
    return frozenset()


def _following(bundle: Json) -> str | None:
    """Give the URL of the page after this one, if one is named."""
    for link in many(bundle.get("link")):
        if word(part(link, "relation")) == "next":
            url = part(link, "url")
            if isinstance(url, str) and url:
                return url
            raise Stopped("the FHIR server names a next page without its address")
    return None


def _resource(body: bytes) -> Json:
    try:
        value = decode(body)
    except BadCall:
        raise Stopped("the FHIR server sent something that is not FHIR") from None
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise Stopped("the FHIR server sent something that is not FHIR")
    if value["resourceType"] == "OperationOutcome":
        raise Stopped("the FHIR server sent an error in place of results")
    return value


def _refused(status: int, issues: frozenset[str]) -> Stopped:
    if httpx.codes.is_redirect(status):
        return Stopped(f"the FHIR server points elsewhere ({status}), which is not followed", status)
    if status in _NOT_OFFERED:
        return Stopped(f"the FHIR server does not offer this ({status})", status, not_offered=True)
    return Stopped(_SAID.get(status, f"the FHIR server answered {status}"), status, issues=issues)


def _retry_after_s(response: httpx.Response) -> float | None:
    sent = response.headers.get("retry-after", "").strip()
    return float(sent) if sent.isascii() and sent.isdigit() else None
