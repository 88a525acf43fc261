"""An export begun, waited for, and ended: the conversation with the server but for the files themselves.

Source: https://hl7.org/fhir/uv/bulkdata/STU2/export.html, its four requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import httpx

from cds.errors import ExportFailed, ExportGone, RecordsError, Unreachable
from cds.population.bulk.manifest import Manifest, joined, read_manifest
from cds.population.bulk.wire import refusal

if TYPE_CHECKING:
    from collections.abc import Collection

    from cds.population.bulk.order import Order
    from cds.population.bulk.waiting import Waiting
    from cds.population.bulk.wire import Answered, Wire

__all__ = ["Accepted", "Watch", "begin", "end", "ready"]

_OUTSIDE: Final = "Medication"
"""Not of any patient: some servers give it with patients' entries, others refuse the whole request for it."""
_KICK_OFF: Final = {"accept": "application/fhir+json", "prefer": "respond-async"}
_STATUS: Final = {"accept": "application/json, application/fhir+json;q=0.5"}
_REFUSED_TYPES: Final = frozenset({400, 422, 501})
_GONE: Final = frozenset({404, 410})
_MOST_FAILURES: Final = 10
_MOST_PAGES: Final = 10_000


class Watch(Protocol):
    """Sees how an export comes along; nothing it is told is kept or logged."""

    def waiting(self, progress: str, seconds: float) -> None:
        """The server is at work, and says so in words of its own; it is asked again after so many seconds."""
        ...

    def fetching(self, done: int, total: int, taken_bytes: int) -> None:
        """So many files are there, of so many."""
        ...


@dataclass(frozen=True, slots=True)
class Accepted:
    """An export that the server has begun: the order that it took, and where it tells how that stands."""

    order: Order
    status_url: str


async def begin(order: Order, wire: Wire, waiting: Waiting, watch: Watch, doubtful: Collection[str] = ()) -> Accepted:
    """Ask for an export, patiently where another one is under way. Raises ``RecordsError``.

    A server that refuses the request is asked without the ``doubtful`` types, and then without the one that is of no
    patient: one type that it does not know can be reason enough.
    """
    answered = await _patiently(order, wire, waiting, watch)
    for left in (set(doubtful), {_OUTSIDE}):
        if answered.status in _REFUSED_TYPES and left & set(order.types) and not left >= set(order.types):
            order = order.without(left)
            answered = await _patiently(order, wire, waiting, watch)
    if answered.status in _GONE:
        raise ExportFailed(f"the FHIR server offers no export here ({answered.status}): see --group and --system")
    if answered.status != httpx.codes.ACCEPTED:
        raise ExportFailed(f"no export was begun: {refusal(answered)}")
    return Accepted(order, wire.own(answered.headers.get("content-location", "").strip()))


async def _patiently(order: Order, wire: Wire, waiting: Waiting, watch: Watch) -> Answered:
    """Ask until the server is not too busy to begin; by POST where it takes no GET."""
    method, failures = "GET", 0
    while True:
        if method == "GET":
            answered = await wire.ask("GET", order.url, headers=_KICK_OFF)
        else:
            answered = await wire.ask("POST", order.endpoint, headers=_KICK_OFF, json=order.parameters)
        if answered.status == httpx.codes.METHOD_NOT_ALLOWED and method == "GET":
            method = "POST"
            continue
        busy = answered.status == httpx.codes.TOO_MANY_REQUESTS
        failures += not busy
        if not (busy or answered.passing) or failures > _MOST_FAILURES:
            return answered
        wait_s = waiting.asked_s(answered.headers)
        watch.waiting("the server begins no other export now", wait_s or 0.0)
        await waiting.between(failures, wait_s)


async def ready(status_url: str, asked: Collection[str], wire: Wire, waiting: Waiting, watch: Watch) -> Manifest:
    """Wait until an export is ready, and give its manifest. Raises ``ExportFailed``, ``ExportGone``, ``TooSlow``."""
    turn, failures = 0, 0
    while True:
        answered = await _status(status_url, wire)
        if answered is not None and answered.status == httpx.codes.OK:
            return await _manifest(answered, status_url, asked, wire)
        failures = _counted(answered, failures)
        wait_s = waiting.asked_s(answered.headers) if answered is not None else None
        watch.waiting(answered.headers.get("x-progress", "") if answered is not None else "", wait_s or 0.0)
        await waiting.between(max(turn, failures), wait_s)
        turn += 1


async def _status(url: str, wire: Wire) -> Answered | None:
    """Ask how an export stands; nothing where the connection broke, which tells nothing of the export."""
    try:
        return await wire.ask("GET", url, headers=_STATUS)
    except Unreachable:
        return None


def _counted(answered: Answered | None, failures: int) -> int:
    """Give how many failures there were in a row, or raise where that is the end of it."""
    if answered is not None:
        if answered.status in {httpx.codes.ACCEPTED, httpx.codes.TOO_MANY_REQUESTS}:
            return 0
        if answered.status in _GONE:
            raise ExportGone(f"the FHIR server knows this export no more ({answered.status}): begin again with --anew")
        if not answered.passing:
            raise ExportFailed(f"the export failed: {refusal(answered)}")
    if failures + 1 > _MOST_FAILURES:
        raise Unreachable(
            "the FHIR server does not answer how the export stands, time and again; run the same command again to go on"
        )
    return failures + 1


async def _manifest(answered: Answered, url: str, asked: Collection[str], wire: Wire) -> Manifest:
    """Read the manifest, and the pages that it goes on in."""
    pages = [read_manifest(answered.body, url, asked)]
    seen = {url}
    while pages[-1].following:
        url = wire.own(pages[-1].following)
        if url in seen or len(seen) >= _MOST_PAGES:
            raise ExportFailed("the pages of the FHIR server's list of files go round in a circle, or on and on")
        seen.add(url)
        further = await wire.ask("GET", url, headers=_STATUS)
        if further.status != httpx.codes.OK:
            raise ExportFailed(f"a page of the list of files is lacking: {refusal(further)}")
        pages.append(read_manifest(further.body, url, asked))
    return joined(pages)


async def end(status_url: str, wire: Wire) -> bool:
    """Tell the server that nothing more is wanted of an export; give whether it said yes. Never raises."""
    try:
        answered = await wire.ask("DELETE", status_url, headers={"accept": "application/fhir+json"})
    except RecordsError:
        return False
    return 200 <= answered.status < 300  # noqa: PLR2004 - HTTP's range of success
