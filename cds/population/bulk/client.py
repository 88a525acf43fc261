"""One bulk export from beginning to end: asked for, waited for, brought into a folder, accounted for, ended.

A run that is killed leaves its journal, and the same command goes on where it stopped; one that a person stops tells
the server that nothing more is wanted.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.errors import ExportFailed
from cds.population.bulk.account import Account, counted, write_account
from cds.population.bulk.asking import begin, end, ready
from cds.population.bulk.fetching import Fetching, issues_of
from cds.population.bulk.journal import Begun, Journal

if TYPE_CHECKING:
    from cds.population.bulk.asking import Watch
    from cds.population.bulk.folder import Folder
    from cds.population.bulk.manifest import Manifest
    from cds.population.bulk.order import Order
    from cds.population.bulk.waiting import Waiting
    from cds.population.bulk.wire import Wire

__all__ = ["Client", "Wanted"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a site wants of a server, and which types it says beforehand that it does not have, or does not give us."""

    order: Order
    not_offered: tuple[str, ...] = ()
    not_granted: tuple[str, ...] = ()

    @property
    def granted(self) -> Order:
        """The order without what is not given to us. Raises ``ExportFailed`` where that leaves nothing."""
        if set(self.order.types) <= set(self.not_granted):
            raise ExportFailed("the authorisation server grants none of the types that are needed")
        return self.order.without(self.not_granted)


@dataclass(frozen=True, slots=True)
class Client:
    """Exports from one server into one folder, which must be open. ``keep``: the server is not told to forget it."""

    wire: Wire
    waiting: Waiting
    folder: Folder
    watch: Watch
    at_once: int = 5
    keep: bool = False

    async def export(self, wanted: Wanted) -> Account:
        """Export, or go on with what was begun. Raises ``RecordsError``, ``BadCall``, ``RunStopped``.

        Whoever cancels it has the export cancelled at the server, unless it is to be kept, and the folder emptied.
        """
        journal = Journal(self.folder)
        begun = journal.of(wanted.order) or await self._begun(wanted, journal)
        try:
            account = await self._fetched(begun, wanted.order, journal)
        except asyncio.CancelledError:
            if not self.keep:
                await end(begun.status_url, self.wire)
                self.folder.clear()
            raise
        write_account(self.folder, account)
        if not self.keep:
            await end(begun.status_url, self.wire)
        journal.end()
        return account

    async def _begun(self, wanted: Wanted, journal: Journal) -> Begun:
        order = wanted.granted
        accepted = await begin(order, self.wire, self.waiting, self.watch, wanted.not_offered)
        left = set(order.types) - {*accepted.order.types, *wanted.not_offered}
        begun = Begun(
            wanted=wanted.order.url,
            status_url=accepted.status_url,
            request=accepted.order.url,
            asked=accepted.order.types,
            not_offered=wanted.not_offered,
            refused=tuple(sorted(left)),
            not_granted=wanted.not_granted,
        )
        journal.begin(begun)
        return begun

    async def _fetched(self, begun: Begun, order: Order, journal: Journal) -> Account:
        async def manifest() -> Manifest:
            return await ready(begun.status_url, begun.asked, self.wire, self.waiting, self.watch)

        first = await manifest()
        fetching = Fetching(self.wire, self.waiting, self.folder, journal, self.watch, self.at_once)
        await fetching.all(first, manifest)
        errors = [fetching.kept[each.name] for each in first.errors]
        issues, unread = issues_of(self.folder, errors)
        for each in errors:
            self.folder.remove(each.name)
        files = tuple(fetching.kept[each.name] for each in first.output)
        # A type that the server says it does not have, and gave nothing of, was not read.
        lacking = {*begun.not_offered} - {each.type for each in files}
        return Account(
            server=self.wire.base,
            level=order.level.value,
            request=begun.request,
            transaction_time=first.transaction_time,
            asked=tuple(each for each in begun.asked if each not in lacking),
            not_offered=tuple(sorted(lacking)),
            refused=begun.refused,
            not_granted=begun.not_granted,
            filtered=order.filtered,
            since=order.since,
            files=files,
            deleted=tuple(fetching.kept[each.name] for each in first.deleted),
            issues=counted(issues),
            unread_errors=unread,
            unasked=first.unasked,
            doubles=first.doubles,
        )
