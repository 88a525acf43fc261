"""The FHIR client: a patient's searches in parallel, paged, under one deadline, and every failure an answer.

Nothing it says or raises holds the token, the patient or a URL.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING

import httpx

from cds.errors import RecordsError, Refused, TooSlow, Unreachable, Unreadable
from cds.fhir.addresses import base_of
from cds.fhir.answer import Answer, AnswerState
from cds.fhir.asking.attempts import TOO_SLOW, Attempts
from cds.fhir.asking.capability import Capability, read_capability
from cds.fhir.asking.drugs import read_drugs
from cds.fhir.asking.pages import PACKED, Stopped, Visit, get
from cds.fhir.asking.servers import Learned, Servers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cds.fhir.searches import Search

__all__ = ["FhirRecords", "Limits"]

_ELSEWHERE = "this FHIR server is not one that may be asked"
_STATEMENT_S = 10.0
"""How long the reading of a server's statement may take, which goes on beside the calls that wait for it no more."""
_STATEMENT_BYTES = 8_000_000
"""HAPI's is above one megabyte."""
_WAIT_SHARE = 0.25
"""Of a call's deadline: so much longer than its own searches a call waits for the statement that it began to read."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken from a server for one patient: searches at a time, pages of each, bytes altogether."""

    parallel: int = 6
    pages: int = 100
    total_bytes: int = 64_000_000


class FhirRecords:
    """Patients' records on FHIR servers, of which only those in ``allowed`` are ever asked."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        allowed: Iterable[str],
        limits: Limits | None = None,
        servers: Servers | None = None,
    ) -> None:
        """Use this HTTP client, without its request log, which would hold patients' ids, and without cookies.

        A cookie would carry one caller's session into another caller's requests.
        """
        self._client = client
        self._allowed = frozenset(filter(None, map(base_of, allowed)))
        self._limits = limits or Limits()
        self._servers = servers or Servers()
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    async def fetch(
        self, searches: Iterable[Search], *, server: str, token: str | None, patient_id: str, deadline_s: float
    ) -> Mapping[str, Answer]:
        """Run the searches for one patient and answer each by its key, all within ``deadline_s`` seconds.

        Never raises for what a server does: each failure is an answer with its reason. The first call on a server reads
        its statement beside the searches, and may wait for it a quarter of the deadline longer than for them: a server
        whose resources have another shape (STU3) must not be taken for one of ours.
        """
        wanted = tuple(searches)
        visit = self._visit(server, token, deadline_s)
        if visit is None:
            return _all_failed(wanted, _ELSEWHERE)
        statement = self._begin(visit.base)
        capability = self._servers.known(visit.base)
        if capability.refusal:
            return _all_failed(wanted, capability.refusal)
        attempts = Attempts(visit, patient_id, self._servers, capability)
        try:
            answers = await asyncio.gather(*(attempts.answer(search) for search in wanted))
        finally:
            attempts.close()
        if statement is not None:
            left_s = visit.until - asyncio.get_running_loop().time()
            await asyncio.wait({statement}, timeout=max(0.0, min(left_s, deadline_s * _WAIT_SHARE)))
        refusal = self._servers.known(visit.base).refusal
        if refusal:
            return _all_failed(wanted, refusal)
        return dict(zip((search.key for search in wanted), _each_once(answers), strict=True))

    async def read(self, references: Iterable[str], *, server: str, token: str | None, deadline_s: float) -> Answer:
        """Read the Medications that entries refer to, as far as they are on this very server.

        The answer is complete where each of them came. Never raises for what a server does.
        """
        visit = self._visit(server, token, deadline_s)
        if visit is None:
            return Answer(AnswerState.FAILED, why=_ELSEWHERE)
        refusal = self._servers.known(visit.base).refusal
        if refusal:
            return Answer(AnswerState.FAILED, why=refusal)
        return await read_drugs(tuple(dict.fromkeys(references)), visit, self._servers)

    async def capability(self, server: str, *, deadline_s: float) -> Capability:
        """Give what a server says of itself, asked without a token; raises ``RecordsError`` with a sentence.

        It is kept for an hour, and its lack for five minutes.
        """
        base = base_of(server)
        if base is None or base not in self._allowed:
            raise RecordsError(_ELSEWHERE)
        statement = self._begin(base)
        if statement is not None:
            _, waiting = await asyncio.wait({statement}, timeout=deadline_s)
            if waiting:
                raise TooSlow(TOO_SLOW)
        problem = self._servers.problem(base)
        if problem:
            raise RecordsError(problem)
        return self._servers.known(base)

    def ways(self, server: str) -> Mapping[str, Learned]:
        """Give the way of asking that was found to work on a server, by the key of the search."""
        return self._servers.ways(base_of(server) or "")

    def _visit(self, server: str, token: str | None, deadline_s: float) -> Visit | None:
        base = base_of(server)
        if base is None or base not in self._allowed:
            return None
        headers = {"accept": "application/fhir+json", "accept-encoding": PACKED}
        headers |= {"authorization": f"Bearer {token}"} if token else {}
        until, limits = asyncio.get_running_loop().time() + deadline_s, self._limits
        gate = asyncio.Semaphore(limits.parallel)
        return Visit(self._client, base, headers, until, limits.total_bytes, limits.pages, gate)

    def _begin(self, base: str) -> asyncio.Task[None] | None:
        return self._servers.begin(base, lambda: self._statement(base))

    async def _statement(self, base: str) -> Capability:
        visit = self._visit(base, None, _STATEMENT_S)
        if visit is None:
            raise RecordsError(_ELSEWHERE)
        visit.bytes_left = _STATEMENT_BYTES
        try:
            async with asyncio.timeout_at(visit.until):
                return read_capability(await get(f"{base}/metadata", visit))
        except TimeoutError:
            raise TooSlow(TOO_SLOW) from None
        except Stopped as stop:
            raise (Refused(stop.status) if stop.status else Unreadable(str(stop))) from None
        except Exception:  # noqa: BLE001 - whatever it is, calls go on without the statement
            raise Unreachable("the FHIR server cannot be reached, or broke off") from None


def _all_failed(searches: Iterable[Search], why: str) -> dict[str, Answer]:
    return {search.key: Answer(AnswerState.FAILED, why=why) for search in searches}


def _each_once(answers: Iterable[Answer]) -> list[Answer]:
    """Give the answers, with what came by a request that several searches share in the first of them only."""
    seen: set[int] = set()
    told = []
    for answer in answers:
        kept = tuple(each for each in answer.resources if id(each) not in seen or not isinstance(each, dict))
        seen.update(map(id, kept))
        told.append(replace(answer, resources=kept))
    return told
