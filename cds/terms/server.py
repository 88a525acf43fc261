"""A client of one FHIR R4 terminology server: four operations, each answer kept for a while, every failure a ``None``.

What leaves this program is a code and its system, never what they were found in. ``None`` always means "not told":
the server failed, took too long, does not offer this or does not know the code. Nothing may be concluded from it.
Shapes: https://hl7.org/fhir/R4/codesystem-operations.html and https://hl7.org/fhir/R4/valueset-operations.html.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import httpx
import msgspec

from cds.circuit import Circuit
from cds.core.codes import Code
from cds.terms.answers import Answers, Properties

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cds.terms.answers import Answer, Question

Json = dict[str, object]
Asked: TypeAlias = "Mapping[str, str | tuple[str, ...]]"
AnswerT = TypeVar("AnswerT", bound="Answer")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is asked of a server, and for how long its answers are kept.

    After ``failures`` calls in a row in which it answered nothing, it is left alone for ``rest_s`` seconds.
    Terminologies change a few times a year: answers are kept for a day, that something cannot be told for ten minutes.
    """

    parallel: int = 8
    kept: int = 50_000
    keep_s: float = 86_400
    keep_untold_s: float = 600
    failures: int = 3
    rest_s: float = 60
    bytes: int = 2_000_000


@dataclass(slots=True)
class Visit:
    """All that is asked within one call: until when, and what came of it, in counts.

    Once the server has failed, it is not asked again in the same call.
    """

    until: float
    gate: asyncio.Semaphore
    asked: int = 0
    answered: int = 0
    remembered: int = 0
    broken: bool = False


class _FailedError(Exception):
    """The server failed; asking it again in this call would only cost time."""


class TerminologyServer:
    """The terminology server of a site."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        base: str,
        *,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Use this HTTP client, without its request log: which codes are asked about belongs to no log."""
        limits = limits or Limits()
        self._client, self._base, self._limits = client, base.rstrip("/"), limits
        self._answers = Answers(limits.kept, clock)
        self._circuit = Circuit(limits.failures, limits.rest_s, clock)
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)

    def begin(self, deadline_s: float) -> Visit | None:
        """Begin a call with one deadline for all that is asked in it; nothing while the server is left alone."""
        if self._circuit.open():
            return None
        return Visit(asyncio.get_running_loop().time() + deadline_s, asyncio.Semaphore(self._limits.parallel))

    def end(self, visit: Visit) -> None:
        """End a call: a server that answered nothing in several of them in a row is left alone for a while.

        One that was merely too slow for a long chart is not: what it did answer is kept, and the next call goes on.
        """
        if visit.asked or visit.broken:
            self._circuit.note(failed=visit.broken and not visit.answered)

    async def validate_code(self, code: Code, visit: Visit) -> bool | None:
        """Say whether the server holds a code (``CodeSystem/$validate-code``)."""
        asked = {"url": code.system, "code": code.value}
        return await self._ask("CodeSystem/$validate-code", asked, visit, _result)

    async def subsumes(self, above: Code, below: Code, visit: Visit) -> bool | None:
        """Say whether one code of a system stands above another or is its equal (``CodeSystem/$subsumes``)."""
        if above.system != below.system:
            return None
        if above == below:  # HAPI would say not-subsumed
            return True
        asked = {"system": above.system, "codeA": above.value, "codeB": below.value}
        return await self._ask("CodeSystem/$subsumes", asked, visit, _outcome)

    async def parents(self, code: Code, visit: Visit) -> frozenset[Code] | None:
        """Give the codes directly above a code, as ``CodeSystem/$lookup`` tells them in the property ``parent``."""
        asked = {"system": code.system, "code": code.value, "property": "parent"}
        return await self._ask("CodeSystem/$lookup", asked, visit, lambda body: _parents(body, code.system))

    async def properties(self, code: Code, names: tuple[str, ...], visit: Visit) -> Properties | None:
        """Give a code's name and what it has of these properties (``CodeSystem/$lookup``)."""
        asked: Asked = {"system": code.system, "code": code.value, "property": names}
        return await self._ask("CodeSystem/$lookup", asked, visit, lambda body: _properties(body, code.system))

    async def expand(self, value_set: str, visit: Visit, *, at_most: int) -> frozenset[Code] | None:
        """Give all codes of a value set (``ValueSet/$expand``); one that is larger, or not given whole, is not told."""
        asked = {"url": value_set, "count": str(at_most)}
        return await self._ask("ValueSet/$expand", asked, visit, lambda body: _contents(body, at_most))

    async def _ask(
        self, path: str, asked: Asked, visit: Visit, read: Callable[[Json], AnswerT | None]
    ) -> AnswerT | None:
        question: Question = path, tuple(asked.items())
        kept = self._answers.get(question)
        if kept is not None:
            visit.remembered += 1
            return kept.answer  # type: ignore[return-value] # what this same operation answered before
        try:
            body = await self._get(path, asked, visit)
            answer = None if body is None else read(body)
        except Exception:  # noqa: BLE001 - whatever a server does, a code stays unmapped and the call goes on
            visit.broken = True
            return None
        visit.answered += 1
        keep_s = self._limits.keep_untold_s if answer is None else self._limits.keep_s
        self._answers.keep(question, answer, keep_s)
        return answer

    async def _get(self, path: str, asked: Asked, visit: Visit) -> Json | None:
        """Ask once. Redirects are not followed: the site named one server, and none other is asked."""
        async with asyncio.timeout_at(visit.until), visit.gate:
            if visit.broken:
                raise _FailedError
            visit.asked += 1
            headers = {"accept": "application/fhir+json", "accept-encoding": "gzip"}
            request = self._client.build_request("GET", f"{self._base}/{path}", params=asked, headers=headers)
            response = await self._client.send(request, stream=True, follow_redirects=False)
            try:
                return await self._read(response)
            finally:
                await response.aclose()

    async def _read(self, response: httpx.Response) -> Json | None:
        """Give what was answered; nothing where the server does not know the code or does not offer the operation."""
        if response.status_code in _CANNOT_TELL:
            return None
        packed = response.headers.get("content-encoding", "").strip().lower()
        if not response.is_success or packed not in _UNPACKED:
            raise _FailedError
        taken = bytearray()
        async for chunk in response.aiter_bytes():
            taken += chunk
            if len(taken) > self._limits.bytes:
                raise _FailedError
        try:
            body = msgspec.json.decode(bytes(taken))
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise _FailedError from None
        return body if isinstance(body, dict) else None


_UNPACKED = frozenset({"", "identity", "gzip"})
"""What is packed twice would unpack to any size before it could be counted."""
_CANNOT_TELL = frozenset({400, 404, 405, 422, 501})
"""The server answers, but not this: a code or value set that it does not know, an operation that it does not offer."""


def _parts(value: object) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _parameters(body: Json) -> list[Json]:
    """Give the parameters of a ``Parameters`` resource; none of anything else."""
    return _parts(body.get("parameter")) if body.get("resourceType") == "Parameters" else []


def _single(body: Json, name: str, member: str) -> object:
    """Give the value of a parameter that stands exactly once."""
    values = [each.get(member) for each in _parameters(body) if each.get("name") == name]
    return values[0] if len(values) == 1 else None


def _result(body: Json) -> bool | None:
    result = _single(body, "result", "valueBoolean")
    return result if isinstance(result, bool) else None


_OUTCOMES = {"subsumes": True, "equivalent": True, "subsumed-by": False, "not-subsumed": False}
"""http://hl7.org/fhir/concept-subsumption-outcome: A *subsumes* B; A is *subsumed-by* B; and so on."""


def _outcome(body: Json) -> bool | None:
    outcome = _single(body, "outcome", "valueCode")
    return _OUTCOMES.get(outcome) if isinstance(outcome, str) else None


def _parents(body: Json, system: str) -> frozenset[Code] | None:
    """Give the parents; nothing is told where one of them is of another system, as a way up would be missing."""
    told = _properties(body, system)
    parents = frozenset() if told is None else told.values.get("parent", frozenset())
    return None if told is None or "" in parents else frozenset(Code(system, each) for each in parents)


def _properties(body: Json, system: str) -> Properties | None:
    """Read every ``property``: parts ``code`` and ``value``, the latter a code, a string or a Coding of this system.

    Names of properties are compared in lower case and with underscores, however a server spells them.
    """
    if not _parameters(body):
        return None
    values: dict[str, set[str]] = defaultdict(set)
    for parts in (_parts(each.get("part")) for each in _parameters(body) if each.get("name") == "property"):
        named = {part.get("name"): part for part in parts}
        name = _value(named.get("code"), system).casefold().replace("-", "_").replace(" ", "_")
        values[name].add(_value(named.get("value"), system))
    display = _single(body, "display", "valueString")
    return Properties(
        display if isinstance(display, str) else "", {name: frozenset(each) for name, each in values.items()}
    )


def _value(part: Json | None, system: str) -> str:
    coding = (part or {}).get("valueCoding")
    if isinstance(coding, dict) and coding.get("system", system) != system:
        return ""
    told = coding.get("code") if isinstance(coding, dict) else None
    told = told or (part or {}).get("valueCode") or (part or {}).get("valueString")
    return told if isinstance(told, str) else ""


def _contents(body: Json, at_most: int) -> frozenset[Code] | None:
    """Read an expansion, which must be whole: as many codes as it says there are, and none without its system.

    Where it does not say how many (HAPI often does not), as many codes as were asked for may be the first of more.
    """
    expansion = body.get("expansion")
    if body.get("resourceType") != "ValueSet" or not isinstance(expansion, dict):
        return None
    entries = _parts(expansion.get("contains"))
    found = frozenset(
        Code(str(each["system"]), str(each["code"])) for each in entries if {"system", "code"} <= each.keys()
    )
    total = expansion.get("total", len(entries) if len(entries) < at_most else None)
    return found if len(found) == len(entries) == total else None
