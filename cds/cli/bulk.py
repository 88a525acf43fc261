"""``trialcards population export``: the records of many patients out of a FHIR server, by Bulk Data Access."""

from __future__ import annotations

import argparse
import asyncio
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cds.cli.access import LongAccess, access_addresses, add_access, long_access
from cds.cli.exits import Exit
from cds.cli.words import Commands, command

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    import httpx

    from cds.cli.calling import Watched
    from cds.population.bulk.account import Account
    from cds.population.bulk.asking import Watch
    from cds.population.bulk.client import Wanted
    from cds.population.bulk.folder import Folder
    from cds.population.bulk.order import Order
    from cds.settings import Settings

__all__ = ["add_to"]

_ABOUT: Final = (
    "URL is where the server's FHIR API begins, DIR a folder that is new or empty. The types that the loaded trials "
    "need are asked for, of all patients, and brought into DIR with an account of what came, for `population screen`. "
    "A run that is killed goes on where it stopped when the same command is given again; one that is stopped by Ctrl-C "
    "cancels the export at the server. docs/bulk.md tells more. The exit code is 1 if anything of what was wanted is "
    "lacking."
)
_PATIENCE_H: Final = 24.0
_DEADLINE_S: Final = 60.0
_LONGEST_PROGRESS: Final = 100


def add_to(population: Commands) -> None:
    """Add the command to those of ``trialcards population``."""
    made = command(population, "export", _export, "have a FHIR server export its patients' records", _ABOUT)
    made.add_argument("url", metavar="URL", help="base address of the server")
    made.add_argument("folder", metavar="DIR", type=Path, help="the folder to write to, for its owner alone")
    whose = made.add_mutually_exclusive_group()
    whose.add_argument("--group", metavar="ID", default="", help="the patients of this Group alone")
    whose.add_argument("--system", action="store_true", help="everything the server has, also what is of no patient")
    made.add_argument("--type", metavar="TYPES", help="types of resources, with commas; default: what trials need")
    made.add_argument("--since", metavar="TIME", help="only what has changed since then, as 2026-11-01T00:00:00Z")
    made.add_argument("--filter", metavar="SEARCH", action="append", default=[], help="part of a type (_typeFilter)")
    made.add_argument("--anew", action="store_true", help="delete what an earlier run left in DIR, and begin again")
    made.add_argument("--keep", action="store_true", help="never tell the server that the export can be deleted")
    made.add_argument("--at-once", metavar="N", type=_few, default=5, help="files fetched at a time (default: 5)")
    made.add_argument(
        "--files-from",
        metavar="URL",
        action="append",
        default=[],
        help="another server that files are had from, which may see the token",
    )
    _add_times(made)
    add_access(made)


def _add_times(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--patience",
        metavar="HOURS",
        type=_positive,
        default=_PATIENCE_H,
        help=f"how long all of it may take (default: {_PATIENCE_H:g})",
    )
    made.add_argument(
        "--deadline",
        metavar="SECONDS",
        type=_positive,
        default=_DEADLINE_S,
        help=f"how long the server may be silent in one answer (default: {_DEADLINE_S:g})",
    )


def _positive(text: str) -> float:
    from math import isfinite

    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not (isfinite(found) and found > 0):
        raise argparse.ArgumentTypeError("must be a number above 0")
    return found


def _few(text: str) -> int:
    from cds.settings.readers import whole

    try:
        return whole(1, 20)(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


class _Machine:
    """This machine's time."""

    def now(self) -> dt.datetime:
        from cds.app import SystemClock

        return SystemClock().now()

    def elapsed_s(self) -> float:
        import time

        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _types_needed(settings: Settings) -> tuple[str, ...]:
    """Give the types that the loaded trials need, those that tell of refusals, and the drugs that entries refer to."""
    from cds.app import load_plan
    from cds.fhir.reading.refusals import refusal_searches
    from cds.fhir.searches import searches_for

    plan = load_plan(settings)
    refusals = refusal_searches(frozenset(settings.opt_out), consents=settings.read_consent)
    searches = (*searches_for(plan.needs, plan.vocabulary), *refusals)
    drugs = {"Medication"} if any(each.includes for each in searches) else set()
    return tuple(sorted({each.resource_type for each in searches} | drugs))


def _export(chosen: argparse.Namespace) -> int:
    from cds.cli.brought import tell
    from cds.population.bulk.folder import Folder
    from cds.settings import Settings

    settings = Settings.read(os.environ)
    folder = Folder(chosen.folder)
    order = _order(chosen, settings)
    with folder.opened(anew=chosen.anew), _watching() as watch:
        account = asyncio.run(_exported(chosen, settings, order, folder, watch))
    tell(account)
    return Exit.OK if account.complete else Exit.FAULTS


def _order(chosen: argparse.Namespace, settings: Settings) -> Order:
    from cds.cli.calling import address
    from cds.population.bulk.order import Level, Order

    named = tuple(dict.fromkeys(each.strip() for each in (chosen.type or "").split(",") if each.strip()))
    return Order(
        address(chosen.url, settings),
        _types_needed(settings) if chosen.type is None else named,
        Level.GROUP if chosen.group else Level.SYSTEM if chosen.system else Level.PATIENT,
        chosen.group,
        chosen.since,
        tuple(chosen.filter),
    )


async def _exported(
    chosen: argparse.Namespace, settings: Settings, order: Order, folder: Folder, watch: Watch
) -> Account:
    from cds.cli.calling import address, client_for
    from cds.population.bulk.client import Client
    from cds.population.bulk.waiting import Waiting
    from cds.population.bulk.wire import Wire

    others = tuple(address(each, settings) for each in chosen.files_from)
    client, watched = client_for(settings, order.base, (*others, *access_addresses(chosen)))
    async with client:
        wanted, access = await _wanted(chosen, order, client, watched)
        wire = Wire(client, order.base, access, others, allow_http=settings.allow_http, deadline_s=chosen.deadline)
        waiting = Waiting(_Machine(), chosen.patience * 3600)
        return await Client(wire, waiting, folder, watch, chosen.at_once, keep=chosen.keep).export(wanted)


async def _wanted(
    chosen: argparse.Namespace, order: Order, client: httpx.AsyncClient, watched: Watched
) -> tuple[Wanted, LongAccess]:
    """Say what is wanted, and what of it the server is known not to have or not to give; what was named is wanted."""
    from cds.cli.calling import ServerFault, sentences
    from cds.errors import RecordsError
    from cds.fhir.asking.capability import UNSAID
    from cds.fhir.asking.client import FhirRecords
    from cds.population.bulk.client import Wanted

    with sentences(watched):
        try:
            offered = await FhirRecords(client, allowed=(order.base,)).capability(
                order.base, deadline_s=chosen.deadline
            )
        except RecordsError:
            if not watched.status("metadata"):
                raise
            offered = UNSAID  # some servers tell it to nobody without a token
        if offered.refusal:
            raise ServerFault(offered.refusal)
    access = long_access(chosen, client, order.base, order.types)
    not_granted = await access.not_granted(order.types)
    lacking = () if chosen.type else tuple(each for each in order.types if offered.offers(each) is False)
    return Wanted(order, tuple(each for each in lacking if each not in not_granted), not_granted), access


@contextmanager
def _watching() -> Iterator[Watch]:
    """Show a bar while the server is at work and files come in, where somebody sees it."""
    from rich.markup import escape

    from cds.cli.bars import progress_bar

    with progress_bar() as progress:
        task = progress.add_task("asking", total=None)

        class Bar:
            def waiting(self, said: str, seconds: float) -> None:
                shown = "".join(each for each in said if each.isprintable())[:_LONGEST_PROGRESS]
                later = f", asked again after {seconds:.0f} s" if seconds else ""
                progress.update(task, description=escape(f"waiting{f': {shown}' if shown else ''}{later}"))

            def fetching(self, done: int, total: int, taken_bytes: int) -> None:
                described = f"fetching, {taken_bytes / 1_000_000:.1f} MB"
                progress.update(task, description=described, completed=done, total=total)

        yield Bar()
