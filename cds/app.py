"""The composition root: settings in, application out. The only place with the real clock and the real id source."""

from __future__ import annotations

import datetime as dt
import gc
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from cds.api.build import build
from cds.core.plan import Plan
from cds.core.vocabulary import Vocabulary
from cds.fhir.client import FhirRecords
from cds.service import Service
from cds.settings import Settings
from cds.terms.descent import ServerTerminology
from cds.terms.load import load_vocabulary
from cds.terms.server import TerminologyServer
from cds.trials.load import load_trials
from cds.trials.records import load_records
from cds.web import demo_day, demo_router, load_charts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from cds.service import Clock, Ids, Records, Terminology


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


def load_plan(settings: Settings) -> Plan:
    """Read the tables and the trial definitions; raise ``BadMapping`` or ``BadTrial`` with file, place and reason."""
    vocabulary = load_vocabulary(settings.mappings, settings.mappings_overlay)
    return Plan.of(load_trials(settings.trials, vocabulary), vocabulary, near_days=settings.near_days)


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
        fhir_servers=settings.fhir_servers,
        deadline_s=settings.deadline_s,
        max_cards=settings.max_cards,
        show_drafts=settings.show_drafts,
        relevant_only=True,
        opt_out=frozenset(settings.opt_out),
        terminology=terminology,
    )


def create_app(
    settings: Settings, *, clock: Clock | None = None, ids: Ids | None = None, records: Records | None = None
) -> FastAPI:
    """Give the whole application; what is not passed in is the real thing. Raises ``DefinitionError``."""
    plan = load_plan(settings)
    registry = load_records(settings.records) if settings.records else {}
    charts = load_charts(settings.demo_charts) if settings.demo_charts else ()
    if charts:
        clock = clock or StoppedClock(demo_day(charts), settings.time_zone)
    client = _http_client()
    reader = records or FhirRecords(client, allowed=settings.fhir_servers)
    terminology = _terminology(settings, client)
    service = make_service(settings, plan, records=reader, clock=clock, ids=ids, terminology=terminology)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        del app
        async with client:
            yield

    pages = (demo_router(charts, service.templates, service.today()),) if charts else ()
    return build(service, settings, registry, lifespan, pages)


def _terminology(settings: Settings, client: httpx.AsyncClient) -> Terminology | None:
    """Give what asks the site's terminology server, if it has one."""
    if settings.terminology_url is None:
        return None
    return ServerTerminology(TerminologyServer(client, settings.terminology_url), settings.terminology_deadline_s)


def settle_memory() -> None:
    """Tell the garbage collector that what is loaded now stays: tables and trials are not looked through again.

    A call makes tens of thousands of small values that all die with it; looking for cycles among them every few hundred
    allocations costs more than the call. Thresholds are set so that a collection comes about once in a few calls.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)


def _http_client() -> httpx.AsyncClient:
    """Give a client that sends nothing but what it is told: no proxies or passwords out of the environment."""
    return httpx.AsyncClient(trust_env=False, follow_redirects=False)


def openapi_document() -> dict[str, Any]:
    """Give the published contract. It depends on neither settings nor trials."""
    empty = Plan.of((), Vocabulary({}))
    settings = Settings()
    records = FhirRecords(_http_client(), allowed=())
    return build(make_service(settings, empty, records=records), settings, {}).openapi()
