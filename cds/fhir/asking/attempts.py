"""One patient's searches put to one server: each in the way that is known to work there, or in one after the other.

The answer of a search that takes several requests is whole only where each of them was answered whole. A request that
two searches need is made once.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from cds.core.chart import Kind
from cds.fhir.answer import Answer, AnswerState
from cds.fhir.asking.pages import Pages, Stopped, Visit, absolute, get, walk
from cds.fhir.asking.servers import Learned, Servers
from cds.fhir.asking.ways import Way, questions, ways_for
from cds.fhir.searches import CODES_PER_SEARCH, Search

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from cds.fhir.asking.capability import Capability
    from cds.fhir.values import Json

__all__ = ["Attempts", "Part", "within"]

_LOG = logging.getLogger(__name__)
TOO_SLOW = "the FHIR server took too long"
_SHORT = "the FHIR server counts more entries than it sent"
_ASKS_OTHERWISE = frozenset({400, 422})
_TURNED_AWAY = frozenset({400, 403, 422})
_TOO_LONG = frozenset({413, 414, 431})
_TOO_MUCH = frozenset({"too-long", "too-costly"})
_MAIN_MEDICATION = ("MedicationRequest", "MedicationStatement")


@dataclass(frozen=True, slots=True)
class Part:
    """What one request, with its pages, came to; ``stop`` says what ended it before it was whole."""

    answer: Answer
    stop: Stopped | None = None

    @property
    def refused(self) -> bool:
        """Whether the server wants to be asked in another way: it gave nothing, and said that the question is wrong.

        401, 403 and 429 are about who asks, and 404 about what there is; no other question would help.
        """
        if self.stop is None or self.answer.resources:
            return False
        return self.stop.status in _ASKS_OTHERWISE or "required" in self.stop.issues or self.too_long

    @property
    def turned_away(self) -> bool:
        """Whether the server gave nothing and will give nothing of this type to this caller."""
        return self.stop is not None and not self.answer.resources and self.stop.status in _TURNED_AWAY

    @property
    def too_long(self) -> bool:
        """Whether the server takes no question of this length."""
        stop = self.stop
        return stop is not None and (stop.status in _TOO_LONG or bool(_TOO_MUCH & stop.issues))


async def within(visit: Visit, pages: Pages, work: Callable[[], Awaitable[None]]) -> Part:
    """Do one request's work within the visit's deadline. Never raises; what came before a failure is kept."""
    why, state, stopped = "", AnswerState.FAILED, None
    try:
        async with asyncio.timeout_at(visit.until), visit.gate:
            await work()
    except TimeoutError:
        why = TOO_SLOW
    except Stopped as stop:
        why, stopped = str(stop), stop
        state = AnswerState.NOT_OFFERED if stop.not_offered and not pages.turned else state
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError):
        why = "the FHIR server cannot be reached, or broke off"
    except Exception as fault:  # noqa: BLE001 - one search never takes the others with it
        _LOG.warning("a search of a FHIR server failed: %s", type(fault).__name__)
        why = "the FHIR server could not be asked"
    found = tuple(pages.resources)
    if why:
        return Part(Answer(AnswerState.PARTIAL if found else state, found, why), stopped)
    return Part(Answer(AnswerState.PARTIAL, found, _SHORT) if pages.short else Answer(AnswerState.COMPLETE, found))


@dataclass(slots=True)
class Attempts:
    """The searches of one call; :meth:`close` it, so that nothing goes on after the call."""

    visit: Visit
    patient_id: str
    servers: Servers
    capability: Capability
    asked: dict[str, asyncio.Task[Part]] = field(default_factory=dict)

    async def answer(self, search: Search) -> Answer:
        """Answer one search. Never raises."""
        if search.resource_type == "Patient":
            return await self._patient(search)
        return await self._searched(search)

    def close(self) -> None:
        """Leave every request that is still under way."""
        for task in self.asked.values():
            task.cancel()

    async def _searched(self, search: Search) -> Answer:
        """Try one way after the other until one is not refused; a refusal of all is the first one's."""
        learned = self.servers.way(self.visit.base, search.key) or Learned("", CODES_PER_SEARCH)
        first, required = None, ""
        for way in ways_for(search, self.capability, learned.way):
            if way.name == f"{required}, plainly":
                continue
            parts, at_once = await self._put(way, search, learned.at_once)
            if not all(each.refused for each in parts):
                if not way.lacks and any(each.answer.state is AnswerState.COMPLETE for each in parts):
                    self.servers.learn(self.visit.base, search.key, Learned(way.name, at_once))
                return self._told(search, parts, way.lacks)
            first = first or self._told(search, parts, "")
            required = way.name if any(each.stop and "required" in each.stop.issues for each in parts) else ""
        return first or Answer(AnswerState.FAILED, why="the FHIR server could not be asked")

    def _told(self, search: Search, parts: Sequence[Part], lacks: str) -> Answer:
        """Put the parts together, and say what this way of asking may have left out."""
        if _left_out(search, self.capability) and all(each.turned_away for each in parts):
            return Answer(AnswerState.NOT_OFFERED, why="the FHIR server's own statement does not list this type")
        answer = _joined([each.answer for each in parts])
        if not lacks or answer.state is not AnswerState.COMPLETE:
            return answer
        return Answer(AnswerState.PARTIAL, answer.resources, lacks)

    async def _put(self, way: Way, search: Search, at_once: int) -> tuple[Sequence[Part], int]:
        """Put a search in one way, with ever shorter lists of codes where they are too long for the server."""
        follow = self.capability.includes(search.resource_type, search.includes) is not False
        while True:
            asked = questions(way, search, at_once)
            urls = (search.url_with(self.patient_id, each, plain=way.plain, follow=follow) for each in asked)
            parts = await asyncio.gather(*(asyncio.shield(self._once(url)) for url in urls))
            lists_codes = way.by_codes or (not way.param and search.by_codes)
            if not (lists_codes and at_once > 1 and any(each.too_long for each in parts)):
                return parts, at_once
            at_once //= 2

    def _once(self, url: str) -> asyncio.Task[Part]:
        task = self.asked.get(url)
        if task is None:
            task = self.asked[url] = asyncio.create_task(self._walked(url))
        return task

    async def _walked(self, url: str) -> Part:
        pages = Pages()
        return await within(self.visit, pages, lambda: walk(url, self.visit, pages))

    async def _patient(self, search: Search) -> Answer:
        pages = Pages()

        async def read() -> None:
            pages.resources.append(await _read_patient(search.url(self.patient_id), self.visit))

        return (await within(self.visit, pages, read)).answer


def _left_out(search: Search, capability: Capability) -> bool:
    """Say whether a type of medication entry is not listed, and others of its kind are offered in its place.

    A line that is missing proves nothing: the type is asked for all the same, and only where the server turns the
    question away as well is it taken at its word.
    """
    return (
        search.kind is Kind.MEDICATION
        and capability.offers(search.resource_type) is False
        and any(capability.offers(name) for name in _MAIN_MEDICATION)
    )


def _joined(answers: Iterable[Answer]) -> Answer:
    """Put the answers of several requests together: whole where each is, and never more than the worst of them says."""
    told = list(answers)
    if len(told) == 1:
        return told[0]
    states = {each.state for each in told}
    found = tuple(resource for each in told for resource in each.resources)
    if states == {AnswerState.COMPLETE}:
        return Answer(AnswerState.COMPLETE, found)
    why = next(each.why for each in told if each.state is not AnswerState.COMPLETE)
    if states & {AnswerState.COMPLETE, AnswerState.PARTIAL}:
        return Answer(AnswerState.PARTIAL, found, why)
    return Answer(states.pop() if len(states) == 1 else AnswerState.FAILED, found, why)


async def _read_patient(url: str, visit: Visit) -> Json:
    try:
        resource = await get(absolute(visit.base + "/", url), visit)
    except Stopped as stop:
        if stop.status in {404, 410}:
            raise Stopped(f"the FHIR server does not know the patient ({stop.status})") from None
        raise
    if resource.get("resourceType") != "Patient":
        raise Stopped("the FHIR server sent something else than the patient")
    return resource
