"""``trialcards trials import``, ``sync`` and ``searches``: the registry's records into the store, and what changed."""

from __future__ import annotations

import asyncio
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from cds.cli.exits import Exit
from cds.cli.words import Commands, command, counted, write

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable, Iterator

    import httpx

    from cds.catalogue.taking import Taking, Tally, Watch
    from cds.ports import Drafter
    from cds.registry.client import Registry
    from cds.registry.queries import Query
    from cds.settings import Settings
    from cds.store.studies import Studies

Work: TypeAlias = "Callable[[Taking, Registry], Awaitable[None]]"
_IMPORT = (
    "Trials are named by NCT number, found by condition in the registry (CDS_REGISTRY_URL), or read out of files: one "
    "record, a list or a page of the API as JSON, or one record per line (.jsonl), also compressed with gzip, or a "
    "folder of such files. A search brings trials of the statuses that cards tell (CDS_STATUSES) unless --status says "
    "otherwise; it is remembered for `sync`, and goes on where it stopped if it was cut short. What is kept is in the "
    "database of CDS_STORE_URL, with every earlier version. The exit code is 1 if a record was bad, or could not be "
    "drafted; the others are in."
)
_SYNC = (
    "Asks the registry for what was posted anew since the last time: by every search that was imported, and of every "
    "trial that is held. Trials that the registry has no more are told; what is held of them stays."
)


def add_to(trials: Commands) -> None:
    """Add the commands to those of ``trialcards trials``."""
    made = command(trials, "import", _import, "bring trials in from the registry or from files", _IMPORT)
    made.add_argument("numbers", metavar="NCT", nargs="*", help="NCT numbers of single trials")
    made.add_argument("--query", metavar="CONDITION", help="what the trials are about, as one would type it there")
    made.add_argument("--term", metavar="WORDS", help="other words of the search, such as a drug")
    made.add_argument("--status", metavar="STATUSES", help="the registry's statuses, separated by commas, or: any")
    made.add_argument("--file", metavar="PATH", type=Path, action="append", default=[], help="a file or folder")
    command(trials, "sync", _sync, "bring what was imported up to date", _SYNC)
    searches = command(trials, "searches", _searches, "list the searches that sync asks again, or let go of one")
    searches.add_argument("--forget", metavar="NUMBER", type=int, help="ask this one no more; its trials stay")


def _searches(chosen: argparse.Namespace) -> int:
    from cds.cli.imported import imported
    from cds.errors import BadCall
    from cds.registry.queries import read_query
    from cds.settings import Settings

    with imported(Settings.read(os.environ)) as studies:
        found = studies.asked()
        if chosen.forget is not None:
            if not 0 < chosen.forget <= len(found):
                raise BadCall(f"--forget: must be the number of a search, from 1 to {len(found)}")
            studies.forget(found[chosen.forget - 1].key)
            found = studies.asked()
    for number, each in enumerate(found, start=1):
        state = f"asked {each.finished_at:%Y-%m-%d}" if each.finished_at else "cut short"
        write(f"{number}  {read_query(each.query)}: {counted(each.taken, 'trial')}, {state}")
    if not found:
        write("No search was imported.")
    return Exit.OK


def _import(chosen: argparse.Namespace) -> int:
    from cds.catalogue.loading import studies_in
    from cds.cli.imported import there
    from cds.errors import BadCall
    from cds.plugs import store_url
    from cds.registry.queries import numbers
    from cds.settings import Settings

    settings = Settings.read(os.environ)
    nct_ids, query = numbers(chosen.numbers), _query(chosen, settings)
    missing = next((each for each in chosen.file if not each.exists()), None)
    if missing is not None:
        raise BadCall(f"{missing.name}: there is no such file")
    if not (nct_ids or query or chosen.file):
        raise BadCall("nothing was named: give NCT numbers, --query or --file")

    async def work(taking: Taking, registry: Registry) -> None:
        from cds.catalogue.importing import import_files, import_numbers, import_query

        import_files(taking, chosen.file)
        await import_numbers(taking, registry, nct_ids)
        if query is not None:
            await import_query(taking, registry, query)

    with studies_in(store_url(settings), make=True) as studies:
        return _told(_run(settings, there(studies), work, "importing"))


def _sync(chosen: argparse.Namespace) -> int:
    from cds.catalogue.syncing import sync
    from cds.cli.imported import imported
    from cds.settings import Settings

    del chosen
    settings = Settings.read(os.environ)
    with imported(settings) as studies:
        return _told(_run(settings, studies, sync, "syncing"))


def _query(chosen: argparse.Namespace, settings: Settings) -> Query | None:
    from cds.errors import BadCall
    from cds.registry.queries import Query
    from cds.trials.filters import STATUSES

    condition, words = (chosen.query or "").strip(), (chosen.term or "").strip()
    if not (condition or words):
        if chosen.status is not None or chosen.query is not None or chosen.term is not None:
            raise BadCall("--query: must name a condition, or --term other words")
        return None
    if chosen.status is None:
        return Query(condition, words, settings.statuses)
    named = [part.strip().upper().replace(" ", "_") for part in chosen.status.split(",") if part.strip()]
    strange = next((each for each in named if each not in {*STATUSES, "ANY"}), None)
    if strange is not None or not named:
        raise BadCall(f"--status: must be any, or out of {', '.join(STATUSES)}")
    return Query(condition, words, () if "ANY" in named else tuple(sorted(set(named))))


def _run(settings: Settings, studies: Studies, work: Work, what: str) -> Tally:
    """Open the registry, do the work, and say how it ended, also where it ends early."""
    from cds.app import SystemClock
    from cds.catalogue.taking import Taking
    from cds.registry.client import Registry

    async def worked(taking: Taking) -> None:
        async with _client(settings) as client:
            await work(taking, Registry(client, settings.registry_url))

    with _watched(what) as watch:
        taking = Taking(studies, SystemClock().now, _drafter(settings), watch)
        try:
            asyncio.run(worked(taking))
        except BaseException:
            if taking.tally.taken:
                write(f"kept before it stopped: {taking.tally}")
            raise
    return taking.tally


def _client(settings: Settings) -> httpx.AsyncClient:
    from cds.errors import BadSetting
    from cds.plugs import http_client
    from cds.settings.readers import in_clear

    if in_clear(settings.registry_url, allow_http=settings.allow_http):
        raise BadSetting(
            "CDS_REGISTRY_URL: over http anyone on the way could change criteria; use https, or allow http"
        )
    return http_client(settings, callers=(settings.registry_url,))


def _drafter(settings: Settings) -> Drafter:
    """Give what drafts the records that come in."""
    from cds.catalogue.loading import make_drafts
    from cds.terms import load_vocabulary

    return make_drafts(settings, load_vocabulary(settings.mappings, settings.mappings_overlay))


@contextmanager
def _watched(what: str) -> Iterator[Watch]:
    """Show a bar while records come in, where somebody sees it; lines about bad records stand above it."""
    from cds.catalogue.taking import Watch
    from cds.cli.bars import progress_bar

    with progress_bar(foretold=True) as progress:
        task = progress.add_task(what, total=None)
        yield Watch(write, lambda done, total: progress.update(task, completed=done, total=total))


def _told(tally: Tally) -> int:
    for nct_id in tally.gone:
        write(f"{nct_id}: the registry has this trial no more")
    write(str(tally))
    if tally.drafted:
        write(counted(tally.drafted, "draft"))
    return Exit.FAULTS if tally.bad or tally.undrafted else Exit.OK
