"""The composition root: settings in, application out. The only place with the real clock and the real id source."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cds import __version__
from cds.api.audit import audit_lines
from cds.api.build import build
from cds.api.needs import scopes_of
from cds.api.operations import Drain, Readiness, StoredTrials
from cds.catalogue.loading import make_drafting, stored_trials
from cds.catalogue.reading import HeldStudies, news_of
from cds.core.plan import Plan
from cds.core.vocabulary import Vocabulary
from cds.errors import StoreDown
from cds.fhir.asking.client import FhirRecords
from cds.fhir.backend.keys import keys_in
from cds.hooks.callers.fetching import over_http
from cds.hooks.callers.replays import MemoryReplays
from cds.hooks.steps import Steps
from cds.hooks.wire import Coding
from cds.plugs import (
    forget_daily,
    http_client,
    launch_servers,
    listed_callers,
    make_door,
    make_memory,
    make_terminology,
    store_url,
)
from cds.safety import check_safety
from cds.service import Service
from cds.settings import HOOKS, RequestCode, Settings
from cds.store.store import Store
from cds.store.studies import Studies
from cds.telemetry import event
from cds.terms.digest import tables_sha256
from cds.terms.load import load_vocabulary
from cds.traces import traces_to
from cds.trials.load import load_definitions
from cds.trials.records import load_studies, record_of
from cds.trials.remarks import Curated, Remarks
from cds.web import Told, demo_day, demo_router, load_charts, page_router

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    import httpx
    from fastapi import APIRouter, FastAPI

    from cds.core.trial import Trial
    from cds.hooks.callers.launch import LaunchServer
    from cds.ports import Clock, Ids, Records, Terminology
    from cds.trials.layering import Flag
    from cds.web import DemoChart


class SystemClock:
    """The machine's clock."""

    def now(self) -> dt.datetime:
        """Give this moment in UTC."""
        return dt.datetime.now(tz=dt.UTC)


@dataclass(frozen=True, slots=True)
class StoppedClock:
    """A clock that stands at noon of one day: the day the demo's charts were made for."""

    day: dt.date
    zone: dt.tzinfo

    def now(self) -> dt.datetime:
        """Give that noon."""
        return dt.datetime.combine(self.day, dt.time(12), tzinfo=self.zone)


class RandomIds:
    """Random UUIDs (version 4)."""

    def new(self) -> str:
        """Give a new one."""
        return str(uuid.uuid4())


def load_plan(settings: Settings, *, store_needed: bool = False) -> Plan:
    """Read the tables and the trial definitions; raise ``BadMapping`` or ``BadTrial`` with file, place and reason.

    ``store_needed``: where the store, in which there may be more trials, does not answer, raise ``StoreDown``.
    """
    plan, _, stored = _load(settings)
    if store_needed and stored == "not-read":
        raise StoreDown("the trials in the store cannot be read")
    return plan


def _load(settings: Settings) -> tuple[Plan, Curated, StoredTrials]:
    """Give the plan, the definitions as their files say them, and what became of the trials in the store."""
    vocabulary = load_vocabulary(settings.mappings, settings.mappings_overlay)
    trials, curated, stored = _trials(settings, vocabulary)
    return Plan.of(trials, vocabulary, near_days=settings.near_days), curated, stored


def _trials(settings: Settings, vocabulary: Vocabulary) -> tuple[tuple[Trial, ...], Curated, StoredTrials]:
    """Give the curated trials, brought up to the records of the store, then the drafts of those nobody curated.

    With them, what is flagged in the curated ones, and whether the store was read.

    A store that does not answer keeps nobody from the curated trials, and a record that cannot be used keeps nobody
    from the others; both are logged.
    """
    definitions = load_definitions(settings.trials, vocabulary)
    curated = tuple(each.trial for each in definitions)
    by_number = {each.trial.nct_id: each for each in definitions}
    flags: dict[str, tuple[Flag, ...]] = {}
    known = Curated(by_number, flags, settings.trials)
    heard: list[str] = []
    try:
        with stored_trials(store_url(settings), settings, vocabulary, heard.append) as stored:
            if stored is None:
                return curated, known, "none"
            layers = stored.brought_up_to_date(definitions)
            curated = tuple(each.trial for each in layers)
            flags.update({each.trial.nct_id: each.flags for each in layers})
            drafts = tuple(stored.drafted(settings.statuses, {each.nct_id for each in curated}))
    except StoreDown:
        event("trials", curated=len(curated), drafts="the-store-does-not-answer")
        return curated, known, "not-read"
    if heard:
        event("trials", curated=len(curated), drafts=len(drafts), complaints=len(heard))
    return (*curated, *drafts), known, "read"


def make_service(
    settings: Settings,
    plan: Plan,
    *,
    records: Records,
    clock: Clock | None = None,
    ids: Ids | None = None,
    terminology: Terminology | None = None,
) -> Service:
    """Put a service together from what the site has chosen, for the application and the command line alike."""
    return Service(
        plan=plan,
        records=records,
        clock=clock or SystemClock(),
        ids=ids or RandomIds(),
        zone=settings.time_zone,
        deadline_s=settings.deadline_s,
        max_cards=settings.max_cards,
        show_drafts=settings.show_drafts,
        relevant_only=True,
        opt_out=frozenset(settings.opt_out),
        terminology=terminology,
        hooks=settings.services,
        steps=Steps(_coding(settings.request_code), settings.app_url),
        silent=settings.silent,
        read_consent=settings.read_consent,
        statuses=frozenset(settings.statuses),
        facilities=settings.facilities,
    )


def _at_its_site(service: Service) -> Service:
    """Say how many trials are at the facilities that the site has named: none means that they are written otherwise."""
    if service.facilities:
        event("facilities", named=len(service.facilities), trials=len(service.here.own))
    return service


def _coding(order: RequestCode | None) -> Coding | None:
    return Coding(system=order.code.system, code=order.code.value, display=order.display) if order else None


def create_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    ids: Ids | None = None,
    records: Records | None = None,
    network: httpx.AsyncBaseTransport | None = None,
    drain: Drain | None = None,
) -> FastAPI:
    """Give the whole application; what is not passed in is the real thing. Raises ``DefinitionError``.

    ``drain`` is how whoever runs it says that it is about to end.
    """
    check_safety(settings)
    plan, curated, stored = _load(settings)
    files = load_studies(settings.records) if settings.records else {}
    charts = load_charts(settings.demo_charts) if settings.demo_charts else ()
    if charts:
        clock = clock or StoppedClock(demo_day(charts), settings.time_zone)
    callers, opened_from = listed_callers(settings), launch_servers(settings)
    servers = (*settings.fhir_servers, *(server for each in callers for server in each.fhir_servers))
    keys = (*(url for each in callers for url in each.jku), *(each.jwks for each in opened_from if each.jwks))
    client = http_client(settings, network, (*servers, *keys))
    reader = records or FhirRecords(client, allowed=servers)
    terminology = make_terminology(settings, client)
    store = Store.open(store_url(settings))
    memory = make_memory(settings, store)
    service = make_service(settings, plan, records=reader, clock=clock, ids=ids, terminology=terminology)
    service = _at_its_site(replace(service, memory=memory))
    traces = traces_to(settings.traces_url, __version__) if settings.traces_url else None

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        del app
        keep = dt.timedelta(days=settings.keep_days)
        forgetting = asyncio.create_task(forget_daily(store, memory, service.clock, keep))
        async with client:
            yield
        forgetting.cancel()
        await asyncio.to_thread(store.close)
        if traces is not None:
            await asyncio.to_thread(traces.stop)

    door = make_door(
        settings, callers, fetch=over_http(client), shared=store, now=service.clock.now, opened_from=opened_from
    )
    return build(
        service,
        settings,
        {nct_id: record_of(study) for nct_id, study in files.items()},
        door=door,
        lifespan=lifespan,
        pages=_pages(settings, service, opened_from, charts),
        readiness=Readiness(store.ready, stored, drain or Drain()),
        traces=traces,
        keys=keys_in(settings.client_keys),
        studies=HeldStudies(Studies(store), [each.nct_id for each in plan.trials], files),
        lexicon=lambda: make_drafting(settings, plan.vocabulary).lexicon,
        remarks=Remarks(plan.vocabulary, curated),
        news=lambda since: news_of(Studies(store), since, lambda _: None),
        tables=tables_sha256(settings.mappings, settings.mappings_overlay),
        audit=audit_lines(settings.audit_log),
    )


def _pages(
    settings: Settings, service: Service, opened_from: Sequence[LaunchServer], charts: Sequence[DemoChart]
) -> Iterator[APIRouter]:
    """Give the routes of the pages, and of the demo where there are charts for it."""
    demo, scopes = bool(charts), scopes_of(service.for_hooks().searches)
    told = Told(service.today, opened_from, settings.app_frames, settings.facilities, demo=demo, scopes=scopes)
    yield page_router(told)
    if charts:
        yield demo_router(charts, service.for_hooks().templates, service.today())


def settle_memory() -> None:
    """Tell the garbage collector that what is loaded now stays: tables and trials are not looked through again.

    A call makes tens of thousands of small values that all die with it; looking for cycles among them every few hundred
    allocations costs more than the call. Thresholds are set so that a collection comes about once in a few calls.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)


def openapi_document() -> dict[str, Any]:
    """Give the published contract, with every service there can be. It depends on neither settings nor trials."""
    empty = Plan.of((), Vocabulary({}))
    settings = Settings(services=HOOKS)
    client = http_client(settings)
    records = FhirRecords(client, allowed=())
    clock = SystemClock()
    door = make_door(settings, (), fetch=over_http(client), shared=MemoryReplays(clock.now), now=clock.now)
    return build(make_service(settings, empty, records=records), settings, {}, door=door).openapi()
