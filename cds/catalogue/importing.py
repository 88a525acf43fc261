"""Bringing trials in: by number, by a search of the registry, out of files. A search that was cut short goes on."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from cds.errors import NoSuchStudy
from cds.registry.client import TokenRefused
from cds.registry.files import Found, number_in, read_files, records_in
from cds.registry.queries import by_number
from cds.store.records import Asked

if TYPE_CHECKING:
    from pathlib import Path

    from cds.catalogue.taking import Taking
    from cds.registry.client import Page, Registry
    from cds.registry.queries import Query

__all__ = ["import_files", "import_listed", "import_numbers", "import_query", "since_after"]

ItemT = TypeVar("ItemT")
_BATCH: Final = 100
_FEW: Final = 5
"""So many numbers are asked for one by one; more are asked for together, as a registry counts questions."""


def import_files(taking: Taking, paths: Sequence[Path]) -> None:
    """Take in every record of these files and folders."""
    for batch in _batches(each for path in paths for each in read_files(path)):
        taking.take(batch, seen=False)
        taking.watch.step(taking.tally.taken, None)


async def import_numbers(taking: Taking, registry: Registry, nct_ids: Sequence[str]) -> None:
    """Take in the trials of these numbers; one that the registry does not have is told. Raises ``RegistryError``."""
    shown = await import_listed(taking, registry, nct_ids) if len(nct_ids) > _FEW else frozenset()
    for nct_id in nct_ids:
        if nct_id in shown:
            continue
        try:
            record = await registry.study(nct_id)
        except NoSuchStudy as problem:
            taking.bad(str(problem))
        else:
            await asyncio.to_thread(taking.take, [Found(record, nct_id)])
        taking.watch.step(taking.tally.taken, len(nct_ids))


async def import_listed(taking: Taking, registry: Registry, nct_ids: Sequence[str]) -> frozenset[str]:
    """Take in what the registry lists of these numbers, some hundred in each question; give the numbers it listed."""
    shown: set[str] = set()
    for question in by_number(nct_ids):
        async with aclosing(registry.pages(question)) as pages:
            async for page in pages:
                shown |= {number_in(each) for each in page.studies}
                await asyncio.to_thread(taking.take, list(records_in(list(page.studies), "the registry's page")))
                taking.watch.step(taking.tally.taken, None)
    return frozenset(shown)


async def import_query(taking: Taking, registry: Registry, query: Query) -> None:
    """Take in what a search finds, and remember the search; one that was cut short goes on where it stopped.

    Raises ``RegistryError``; what came before it is kept.
    """
    asked = await asyncio.to_thread(_unfinished, taking, query)
    if asked.page_token is not None:
        try:
            await _pages(taking, registry, query, asked)
        except TokenRefused:
            asked = Asked(query.key, query.text, taking.now())
        else:
            return
    await _pages(taking, registry, query, asked)


def since_after(newest: str, began_at: dt.datetime) -> str:
    """Say from which day on a search is to be asked again: the last posting it found, or the day before it began.

    Whichever is earlier: what was posted while pages came may stand on one that had come already, and the registry's
    day (it is in the east of the United States) begins after the day in UTC.
    """
    day_before = (began_at.astimezone(dt.UTC).date() - dt.timedelta(days=1)).isoformat()
    return min(newest, day_before) if newest else day_before


def _unfinished(taking: Taking, query: Query) -> Asked:
    """Give how far the same search came, if it was cut short; else a new beginning."""
    begun = next((each for each in taking.studies.asked() if each.key == query.key), None)
    if begun is not None and begun.page_token is not None:
        return begun
    return Asked(query.key, query.text, taking.now())


async def _pages(taking: Taking, registry: Registry, query: Query, asked: Asked) -> None:
    total: int | None = None
    async with aclosing(registry.pages(query.asked(), token=asked.page_token)) as pages:
        async for page in pages:
            total = page.total if total is None else total
            records = list(records_in(list(page.studies), "the registry's page"))
            far = partial(_further, asked, page, taking.now)
            asked = await asyncio.to_thread(taking.take_page, records, far)
            taking.watch.step(asked.taken, total)


def _further(asked: Asked, page: Page, now: Callable[[], dt.datetime], newest: str) -> Asked:
    """Say how far a question is when a page has been kept."""
    newest = max(asked.newest, newest)
    moved = replace(asked, page_token=page.token, taken=asked.taken + len(page.studies), newest=newest)
    if page.token is not None:
        return moved
    return replace(moved, since=since_after(newest, asked.began_at), finished_at=now())


def _batches(items: Iterable[ItemT]) -> Iterator[list[ItemT]]:
    left = iter(items)
    while batch := list(islice(left, _BATCH)):
        yield batch
