"""The FHIR client: a patient's searches in parallel, paged, under one deadline, and every failure an answer.

Nothing it says or raises holds the token, the patient or a URL.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING

import httpx

from cds.errors import BadCall
from cds.fhir.addresses import base_of, is_below, origin_of
from cds.fhir.answer import Answer, AnswerState
from cds.fhir.sorting import announced, matches
from cds.fhir.values import Json, many, part, word
from cds.fhir.wire import decode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from decimal import Decimal

    from cds.fhir.searches import Search

_LOG = logging.getLogger(__name__)
_TOO_SLOW = "the FHIR server took too long"
_ELSEWHERE = "this FHIR server is not one that may be asked"
_SAID = {
    401: "the FHIR server does not accept the caller's authorisation (401)",
    403: "the caller's authorisation does not cover this (403)",
    429: "the FHIR server is asked too much at the moment (429)",
    503: "the FHIR server is not available at the moment (503)",
}
_BUSY = frozenset({429, 503})
_NOT_OFFERED = frozenset({404, 405, 501})
_PACKED = "gzip"
_UNPACKED_BY_US = frozenset({"", "identity", _PACKED})
"""One packing at most: what is packed twice unpacks a thousand times a thousand fold before it can be counted."""
_SHORTEST_WAIT_S = 0.2


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken from a server for one patient: searches at a time, pages of each, bytes altogether."""

    parallel: int = 6
    pages: int = 100
    total_bytes: int = 64_000_000


class _StopError(Exception):
    """This search ends here; the message is for people."""

    def __init__(self, why: str, status: int = 0, *, not_offered: bool = False) -> None:
        super().__init__(why)
        self.status = status
        self.not_offered = not_offered


@dataclass(slots=True)
class _Visit:
    """One call on one server: what to send with each request, until when, and how many bytes may still come."""

    base: str
    headers: Mapping[str, str]
    until: float
    bytes_left: int
    gate: asyncio.Semaphore


@dataclass(slots=True)
class _Pages:
    """What the pages of one search have given so far."""

    resources: list[object] = field(default_factory=list)
    matches: int = 0
    total: float | Decimal | None = None
    seen: set[str] = field(default_factory=set)

    def take(self, bundle: Json) -> None:
        """Add a page."""
        self.resources.extend(part(entry, "resource") for entry in many(bundle.get("entry")))
        self.matches += matches(bundle)
        total = announced(bundle)
        self.total = self.total if total is None else total


class FhirRecords:
    """Patients' records on FHIR servers, of which only those in ``allowed`` are ever asked."""

    def __init__(self, client: httpx.AsyncClient, *, allowed: Iterable[str], limits: Limits | None = None) -> None:
        """Use this HTTP client, without its request log, which would hold patients' ids, and without cookies.

        A cookie would carry one caller's session into another caller's requests.
        """
        self._client = client
        self._allowed = frozenset(filter(None, map(base_of, allowed)))
        self._limits = limits or Limits()
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    async def fetch(
        self, searches: Iterable[Search], *, server: str, token: str | None, patient_id: str, deadline_s: float
    ) -> Mapping[str, Answer]:
        """Run the searches for one patient and answer each by its key, all within ``deadline_s`` seconds.

        Never raises for what a server does: each failure is an answer with its reason.
        """
        visit = self._visit(server, token, deadline_s)
        wanted = tuple(searches)
        if visit is None:
            return {search.key: Answer(AnswerState.FAILED, why=_ELSEWHERE) for search in wanted}
        answers = await asyncio.gather(*(self._search(search, patient_id, visit) for search in wanted))
        return {search.key: answer for search, answer in zip(wanted, answers, strict=True)}

    def _visit(self, server: str, token: str | None, deadline_s: float) -> _Visit | None:
        base = base_of(server)
        if base is None or base not in self._allowed:
            return None
        headers = {"accept": "application/fhir+json", "accept-encoding": _PACKED}
        headers |= {"authorization": f"Bearer {token}"} if token else {}
        until = asyncio.get_running_loop().time() + deadline_s
        return _Visit(base, headers, until, self._limits.total_bytes, asyncio.Semaphore(self._limits.parallel))

    async def _search(self, search: Search, patient_id: str, visit: _Visit) -> Answer:
        pages = _Pages()

        async def run() -> None:
            if search.resource_type == "Patient":
                pages.resources.append(await self._patient(search.url(patient_id), visit))
                return
            try:
                await self._walk(search.url(patient_id), visit, pages)
            except _StopError as stop:
                if stop.status != httpx.codes.BAD_REQUEST or pages.resources:
                    raise
                await self._walk(search.plain_url(patient_id), visit, pages)

        return await self._within_deadline(run, visit, pages)

    async def _within_deadline(self, work: Callable[[], Awaitable[None]], visit: _Visit, pages: _Pages) -> Answer:
        why, state = "", AnswerState.FAILED
        try:
            async with asyncio.timeout_at(visit.until), visit.gate:
                await work()
        except TimeoutError:
            why = _TOO_SLOW
        except _StopError as stop:
            why = str(stop)
            state = AnswerState.NOT_OFFERED if stop.not_offered else state
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError):
            why = "the FHIR server cannot be reached, or broke off"
        except Exception as fault:  # noqa: BLE001 - one search never takes the others with it
            _LOG.warning("a search of a FHIR server failed: %s", type(fault).__name__)
            why = "the FHIR server could not be asked"
        if why:
            return Answer(AnswerState.PARTIAL if pages.resources else state, tuple(pages.resources), why)
        if pages.total is not None and pages.total > pages.matches:
            short = "the FHIR server counts more entries than it sent"
            return Answer(AnswerState.PARTIAL, tuple(pages.resources), short)
        return Answer(AnswerState.COMPLETE, tuple(pages.resources))

    async def _patient(self, url: str, visit: _Visit) -> Json:
        try:
            resource = await self._get(_absolute(visit.base + "/", url), visit)
        except _StopError as stop:
            if stop.status in {404, 410}:
                raise _StopError(f"the FHIR server does not know the patient ({stop.status})") from None
            raise
        if resource.get("resourceType") != "Patient":
            raise _StopError("the FHIR server sent something else than the patient")
        return resource

    async def _walk(self, url: str, visit: _Visit, pages: _Pages) -> None:
        """Take page after page until there is none left."""
        following: str | None = url
        here = visit.base + "/"
        for _ in range(self._limits.pages):
            if following is None:
                return
            here = _absolute(here, following)
            if origin_of(here) != origin_of(visit.base):
                raise _StopError("the next page is said to be on another server, which is not asked")
            if not is_below(here, visit.base):
                raise _StopError("its next page lies elsewhere")
            if here in pages.seen:
                raise _StopError("the FHIR server's pages go round in a circle")
            pages.seen.add(here)
            bundle = await self._get(here, visit)
            if bundle.get("resourceType") != "Bundle":
                raise _StopError("the FHIR server sent something else than search results")
            pages.take(bundle)
            following = _following(bundle)
        if following is not None:
            raise _StopError(f"there are more than {self._limits.pages} pages")

    async def _get(self, url: str, visit: _Visit) -> Json:
        while True:
            outcome = await self._once(url, visit)
            if not isinstance(outcome, float):
                return outcome
            await asyncio.sleep(outcome)

    async def _once(self, url: str, visit: _Visit) -> Json | float:
        """Ask once; of a busy server that says when to come back, give the seconds to wait if they are left."""
        request = self._client.build_request("GET", url, headers=visit.headers, timeout=None)
        response = await self._client.send(request, stream=True, follow_redirects=False)
        try:
            if response.is_success:
                return _resource(await self._body(response, visit))
        finally:
            await response.aclose()
        wait_s = _retry_after_s(response) if response.status_code in _BUSY else None
        if wait_s is not None and asyncio.get_running_loop().time() + wait_s < visit.until:
            return max(wait_s, _SHORTEST_WAIT_S)
        raise _refused(response.status_code)

    async def _body(self, response: httpx.Response, visit: _Visit) -> bytes:
        if response.headers.get("content-encoding", "").strip().lower() not in _UNPACKED_BY_US:
            raise _StopError("the FHIR server sent its answer packed in a way that is not taken")
        taken = bytearray()
        async for chunk in response.aiter_bytes():
            visit.bytes_left -= len(chunk)
            if visit.bytes_left < 0:
                raise _StopError("the record is larger than is taken from a FHIR server")
            taken += chunk
        return bytes(taken)


def next_page(bundle: Json) -> str | None:
    """Give the URL of the page after this one, if one is named."""
    for link in many(bundle.get("link")):
        if word(part(link, "relation")) == "next":
            url = part(link, "url")
            return url if isinstance(url, str) and url else None
    return None


def _following(bundle: Json) -> str | None:
    url = next_page(bundle)
    if url is None and any(word(part(link, "relation")) == "next" for link in many(bundle.get("link"))):
        raise _StopError("the FHIR server names a next page without its address")
    return url


def _resource(body: bytes) -> Json:
    try:
        value = decode(body)
    except BadCall:
        raise _StopError("the FHIR server sent something that is not FHIR") from None
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise _StopError("the FHIR server sent something that is not FHIR")
    if value["resourceType"] == "OperationOutcome":
        raise _StopError("the FHIR server sent an error in place of results")
    return value


def _refused(status: int) -> _StopError:
    if httpx.codes.is_redirect(status):
        return _StopError(f"the FHIR server points elsewhere ({status}), which is not followed", status)
    if status in _NOT_OFFERED:
        return _StopError(f"the FHIR server does not offer this ({status})", status, not_offered=True)
    return _StopError(_SAID.get(status, f"the FHIR server answered {status}"), status)


def _retry_after_s(response: httpx.Response) -> float | None:
    sent = response.headers.get("retry-after", "").strip()
    return float(sent) if sent.isascii() and sent.isdigit() else None


def _absolute(base: str, url: str) -> str:
    try:
        found = str(httpx.URL(base).join(url))
        origin_of(found)
    except (httpx.InvalidURL, ValueError):
        raise _StopError("the FHIR server names a next page that is no URL") from None
    return found
