"""The files of an export, some at a time: fetched, seen to be whole, tried again, and told of.

A file that breaks off is begun again, and again. One whose link is good no more is asked for by the link that the
server gives now; where there is none, a new export is needed.
Source: https://hl7.org/fhir/uv/bulkdata/STU2/export.html, "Bulk Data Output File Request".
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import httpx

from cds.errors import BadCall, ExportFailed, ExportGone, Unreachable
from cds.fhir.values import part, text
from cds.fhir.wire import decode
from cds.network import ForbiddenAddress
from cds.population.bulk.account import Kept
from cds.population.bulk.lines import Lines, Unpacked
from cds.population.bulk.order import FORMAT
from cds.population.bulk.wire import PACKED, issues_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from cds.population.bulk.asking import Watch
    from cds.population.bulk.folder import Folder
    from cds.population.bulk.journal import Journal
    from cds.population.bulk.manifest import Link, Manifest
    from cds.population.bulk.waiting import Waiting
    from cds.population.bulk.wire import Wire

__all__ = ["Fetching", "issues_of"]

_HEADERS: Final = {"accept": FORMAT, "accept-encoding": "gzip"}
_MOST_TRIES: Final = 6
_NO_MORE: Final = frozenset({401, 403, 404, 410})
_BUSY: Final = frozenset({429, 503})
_PIECE: Final = 1 << 18
_PRIVATE: Final = (
    "a file is said to be had in a private network: list that in CDS_PRIVATE_NETWORKS, if it is the server's own"
)
_ENDED: Final = "the links to files of this export are good no more, or not for us: begin again with --anew"


class _CutError(Exception):
    """The file did not come whole; another try may do better. ``seconds``: as the server asked to wait."""

    def __init__(self, seconds: float | None = None, *, busy: bool = False) -> None:
        super().__init__("a file did not come whole")
        self.seconds = seconds
        self.busy = busy


class _NoMoreError(Exception):
    """The link is good no more."""


@dataclass(slots=True)
class Fetching:
    """Brings the files of one export into a folder, at most ``at_once`` at a time."""

    wire: Wire
    waiting: Waiting
    folder: Folder
    journal: Journal
    watch: Watch
    at_once: int = 5
    kept: dict[str, Kept] = field(default_factory=dict)
    taken_bytes: int = 0

    async def all(self, manifest: Manifest, again: Callable[[], Awaitable[Manifest]]) -> None:
        """Fetch every file that is not there whole. Raises ``RecordsError`` and ``RunStopped``; what is whole stays.

        ``again`` gives the manifest as it is now, for links that are good no more.
        """
        for link in manifest.links:
            there = self.journal.done(link.key, link.name, manifest.transaction_time)
            if there is not None:
                self.kept[link.name] = there
        lost = await self._round(manifest, manifest.links)
        if lost:
            renewed = await again()
            if _shape(renewed) != _shape(manifest):
                raise ExportGone(_ENDED)
            keys = {each.key for each in lost}
            lost = await self._round(renewed, [each for each in renewed.links if each.key in keys])
        if lost:
            raise ExportGone(_ENDED)

    async def _round(self, manifest: Manifest, links: Sequence[Link]) -> list[Link]:
        """Fetch the files that are lacking; give those whose links are good no more."""
        waiting = deque(each for each in links if each.name not in self.kept)
        total = len(manifest.links)
        lost: list[Link] = []
        self.watch.fetching(len(self.kept), total, self.taken_bytes)

        async def work() -> None:
            while waiting:
                link = waiting.popleft()
                try:
                    kept = await self._patiently(link, needs_token=manifest.needs_token)
                except _NoMoreError:
                    lost.append(link)
                    continue
                self.journal.add(link.key, kept, manifest.transaction_time)
                self.kept[link.name] = kept
                self.watch.fetching(len(self.kept), total, self.taken_bytes)

        workers = [asyncio.create_task(work()) for _ in range(min(self.at_once, len(waiting)))]
        try:
            await asyncio.gather(*workers)
        finally:
            for each in workers:
                each.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        self.folder.keep_names()
        return lost

    async def _patiently(self, link: Link, *, needs_token: bool) -> Kept:
        """Fetch one file, anew where it broke off or is not as announced; what stays so is kept, and says so."""
        kept: Kept | None = None
        failures = 0
        while failures < _MOST_TRIES:
            await self.waiting.clear()
            try:
                kept = await self._once(link, needs_token=needs_token)
            except _CutError as cut:
                if cut.busy:
                    self.waiting.hold(failures, cut.seconds)
                else:
                    failures += 1
                    await self.waiting.between(failures, cut.seconds)
                continue
            if kept.as_announced:
                return kept
            failures += _MOST_TRIES // 2  # once more: a fault on the way is seldom the same twice
        if kept is None:
            raise Unreachable("a file of the export breaks off time and again: run the same command again to go on")
        return kept

    async def _once(self, link: Link, *, needs_token: bool) -> Kept:
        try:
            async with self.wire.fetch(link.url, needs_token=needs_token, headers=_HEADERS) as response:
                self._see(response)
                return await self._write(link, response)
        except ForbiddenAddress:
            raise ExportFailed(_PRIVATE) from None
        except (httpx.HTTPError, httpx.StreamError, ValueError):
            raise _CutError from None
        except httpx.InvalidURL:
            raise ExportFailed("the address of a file points to none") from None

    def _see(self, response: httpx.Response) -> None:
        """Look at the answer's head. Raises where no file follows."""
        status = response.status_code
        if status in _NO_MORE:
            if status == httpx.codes.UNAUTHORIZED:
                self.wire.tokens.forget()
            raise _NoMoreError
        if status in _BUSY:
            raise _CutError(self.waiting.asked_s(response.headers), busy=True)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise _CutError(self.waiting.asked_s(response.headers))
        if status != httpx.codes.OK:
            raise ExportFailed(f"a file of the export is not given: the server answered {status}")
        if response.headers.get("content-encoding", "").strip().lower() not in PACKED:
            raise ExportFailed("a file of the export is packed in a way that is not taken")

    async def _write(self, link: Link, response: httpx.Response) -> Kept:
        lines, unpacked = Lines(), Unpacked(response.headers.get("content-encoding", ""))
        with self.folder.new_file(link.name) as file:
            async for packed in response.aiter_raw(_PIECE):
                piece = unpacked.take(packed)
                lines.take(piece)
                file.write(piece)
                self.taken_bytes += len(piece)
            if not unpacked.whole:
                raise _CutError
            lines.end()
        return Kept(
            name=link.name,
            type=link.type,
            bytes=lines.bytes,
            sha256=lines.sha256,
            lines=lines.count,
            expected=link.expected,
            whole=lines.whole and (lines.count == 0 or _begins_with(link.type, lines.first)),
        )


def _begins_with(resource_type: str, line: bytes) -> bool:
    """Say whether a line is an entry of a type, and not a page of HTML, or the file wrapped into a Binary."""
    try:
        return text(part(decode(line), "resourceType")) == resource_type
    except BadCall:
        return False


def _shape(manifest: Manifest) -> tuple[str, list[tuple[str, str]]]:
    """Give what must not change when a manifest is had again: its moment, and its files by name and key."""
    return manifest.transaction_time, [(each.name, each.key) for each in manifest.links]


def issues_of(folder: Folder, kept: Iterable[Kept]) -> tuple[list[tuple[str, str]], int]:
    """Give severity and code of all faults in error files, and in how many places they could not be read."""
    found: list[tuple[str, str]] = []
    unread = 0
    for each in kept:
        unread += not each.as_announced
        for line in folder.lines(each.name):
            try:
                told = issues_in(decode(line))
            except BadCall:
                told = ()
            found += told
            unread += not told
    return found, unread
