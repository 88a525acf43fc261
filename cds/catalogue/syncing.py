"""Keeping the catalogue current: what changed in the registry since it was last asked, what is new, what is gone.

Every search that was ever imported is asked again, for what was posted since; of every trial that is held the day of
its last posting is looked at, and only those that changed are had anew, whatever search they once came by.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from cds.catalogue.importing import import_listed, import_query, since_after
from cds.errors import NoSuchStudy, RegistryError
from cds.registry.files import Found, number_in, part, records_in
from cds.registry.queries import by_number, read_query

if TYPE_CHECKING:
    from cds.catalogue.taking import Taking
    from cds.registry.client import Registry
    from cds.store.records import Asked, Head

__all__ = ["sync"]

_FIELDS: Final = "NCTId|LastUpdatePostDate"
_FEW: Final = 20
"""So many trials may be missing without a doubt about the registry; of more, no more than half."""


async def sync(taking: Taking, registry: Registry) -> None:
    """Bring what is held up to date. Raises ``RegistryError``; what came before is kept, the rest comes next time.

    A trial counts as gone only when the registry, asked for it alone, says that it has none.
    """
    for asked in await asyncio.to_thread(taking.studies.asked):
        await _again(taking, registry, asked)
    held = await asyncio.to_thread(taking.studies.heads)
    left = {nct_id: head for nct_id, head in held.items() if nct_id not in taking.came}
    posted = await _postings(taking, registry, list(left))
    changed = [nct_id for nct_id, day in posted.items() if _changed(left[nct_id], day)]
    await asyncio.to_thread(taking.studies.seen, posted.keys() - set(changed), taking.now())
    await import_listed(taking, registry, changed)
    await _missing(taking, registry, [head for nct_id, head in left.items() if nct_id not in posted], len(held))


def _changed(held: Head, posted: str) -> bool:
    return held.gone_at is not None or not held.updated or posted != held.updated


async def _again(taking: Taking, registry: Registry, asked: Asked) -> None:
    """Ask a search for what was posted since it was asked last; one that was cut short is finished first."""
    query = read_query(asked.query)
    if asked.finished_at is None:
        await import_query(taking, registry, query)
        return
    began_at = taking.now()
    async with aclosing(registry.pages(query.asked(asked.since))) as pages:
        async for page in pages:
            records = list(records_in(list(page.studies), "the registry's page"))
            asked = await asyncio.to_thread(taking.take_page, records, partial(_seen, asked))
            taking.watch.step(taking.tally.taken, None)
    since, done_at = since_after(asked.newest, began_at), taking.now()
    done = replace(asked, began_at=began_at, since=since, finished_at=done_at)
    await asyncio.to_thread(taking.studies.note, done)


def _seen(asked: Asked, newest: str) -> Asked:
    return replace(asked, newest=max(asked.newest, newest))


async def _postings(taking: Taking, registry: Registry, nct_ids: Sequence[str]) -> Mapping[str, str]:
    """Give the day of the last posting of each of these trials that the registry shows."""
    posted: dict[str, str] = {}
    wanted = frozenset(nct_ids)
    for question in by_number(nct_ids):
        async with aclosing(registry.pages(question, fields=_FIELDS)) as pages:
            async for page in pages:
                told = (_posting(each) for each in page.studies)
                posted |= {nct_id: day for nct_id, day in told if nct_id in wanted}
        taking.watch.step(len(posted), len(nct_ids))
    return posted


def _posting(study: object) -> tuple[str, str]:
    """Read a number and a day; what is neither is empty, so that the trial is had anew."""
    status = part(part(study, "protocolSection"), "statusModule")
    day = part(part(status, "lastUpdatePostDateStruct"), "date")
    return number_in(study), day if isinstance(day, str) else ""


async def _missing(taking: Taking, registry: Registry, heads: Sequence[Head], held: int) -> None:
    """Ask for each trial that the registry did not show; tell those that it does not have, once.

    Of a study that was registered twice one number is left, and the registry answers for the other with that one.
    """
    lost = [head for head in heads if head.gone_at is None]
    if len(lost) > max(_FEW, held // 2):
        raise RegistryError(f"the registry shows {len(lost)} of {held} trials no more: none of them was taken for gone")
    gone = []
    for head in lost:
        try:
            record = await registry.study(head.nct_id)
        except NoSuchStudy:
            gone.append(head.nct_id)
        else:
            await asyncio.to_thread(taking.take, [Found(record, head.nct_id)])
            gone += [head.nct_id] if number_in(record) not in {"", head.nct_id} else []
    taking.tally.gone += gone
    await asyncio.to_thread(taking.studies.gone, gone, taking.now())
