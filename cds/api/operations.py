"""For the site's operators: does it run, can it answer, and what was counted. None of it holds patient data."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import anyio.to_thread
from fastapi import APIRouter, Request, Response

from cds.api.models import Health
from cds.api.outcomes import answers, errors, outcome, reply
from cds.errors import NotAuthenticated, UnknownService
from cds.metrics import CONTENT_TYPE

if TYPE_CHECKING:
    from cds.metrics import Metrics
    from cds.service import Service
    from cds.trials.editions import Editions

_READY = {"status": "ready", "trials": 3, "edition": "1f0a6c2b9d34", "store": "up", "stored_trials": "read"}
_EXAMPLE = 'trialcards_calls_total{caller="anonymous",route="/cds-services",status="200"} 1.0'

__all__ = ["Drain", "Readiness", "StoreUp", "StoredTrials", "health_routes", "metrics_routes"]

StoreUp = Callable[[], Awaitable[bool]]
StoredTrials = Literal["read", "not-read", "none"]
"""What a process made of the trials in the store when it started; not read: the store did not answer."""
_LONGEST_LOOK_S: Final = 1.0
"""A probe waits no longer for the store: who probes gives up after a few seconds, and would take the replica out."""


@dataclass(slots=True)
class Drain:
    """Whether this process is about to end: it still answers, and asks to be sent no more calls."""

    begun: bool = False


@dataclass(frozen=True, slots=True)
class Readiness:
    """What readiness depends on beside the trials, and what is told with it.

    ``store_up`` says whether what must be kept can be kept; none: nothing is kept here.
    """

    store_up: StoreUp | None = None
    stored_trials: StoredTrials = "none"
    drain: Drain = field(default_factory=Drain)

    async def store(self) -> Literal["up", "down", "none"]:
        """Say how the store is; one that does not answer in time is down."""
        if self.store_up is None:
            return "none"
        try:
            async with asyncio.timeout(_LONGEST_LOOK_S):
                return "up" if await self.store_up() else "down"
        except TimeoutError:
            return "down"


def health_routes(service: Service, editions: Editions, readiness: Readiness | None = None) -> APIRouter:
    """Give the health checks; ``editions`` is what answers are made with."""
    known = readiness or Readiness()
    routes = APIRouter(prefix="/health", tags=["Operations"])
    loaded = len(service.plan.trials)

    @routes.get(
        "/live",
        summary="Does it run?",
        operation_id="live",
        responses=answers(Health, "it runs", {"status": "alive"}) | errors(405, 500),
    )
    async def live() -> Response:
        """Say that the process answers."""
        return reply({"status": "alive"})

    @routes.get(
        "/ready",
        summary="Can it answer calls?",
        operation_id="ready",
        responses=answers(Health, "it can", _READY) | errors(405, 500, 503),
    )
    async def ready() -> Response:
        """Say whether there are trials to hold charts against, and whether feedback can be kept.

        Without its store the service still answers with cards, so it stays ready and says that the store is down.
        Where the store was down at the start, its trials are not among those that are loaded (`stored_trials`).
        Processes that answer alike tell the same `edition`. One that was told to end says 503, and still answers
        calls until it closes.
        """
        if known.drain.begun:
            return outcome(503, "transient", "draining: this process is about to end and asks to be sent no more calls")
        if not loaded:
            return outcome(503, "transient", "no trials are loaded")
        edition = await anyio.to_thread.run_sync(short_edition, editions)
        told = {"status": "ready", "trials": loaded, "edition": edition, "store": await known.store()}
        return reply(told | {"stored_trials": known.stored_trials})

    return routes


def short_edition(editions: Editions) -> str:
    """Tell program, tables and definitions in one short word that is the same where all of them are.

    The first time may take a while where there are hundreds of trials.
    """
    return editions.all_together[:12]


def metrics_routes(metrics: Metrics, token: str | None = None, *, closed: bool = False) -> APIRouter:
    """Give the route that Prometheus reads, with this token if there is one; ``closed``: without one, nobody reads it.

    With little traffic, the difference between two readings would tell a patient's verdicts.
    """
    routes = APIRouter(tags=["Operations"])

    @routes.get(
        "/metrics",
        summary="What was counted",
        operation_id="metrics",
        response_class=Response,
        responses={
            200: {"description": "counts in Prometheus' text form", "content": {"text/plain": {"example": _EXAMPLE}}},
            401: {"description": "not the site's monitoring; there is no body"},
            **errors(404, 405, 500),
        },
    )
    async def told(request: Request) -> Response:
        """Give the counts: calls, times, cards, verdicts, searches. Let only the site's own monitoring read them."""
        if closed and token is None:
            raise UnknownService("there is no such page")
        if token is not None and not _shown(request, token):
            raise NotAuthenticated("monitoring")
        return Response(metrics.told(), media_type=CONTENT_TYPE)

    return routes


def _shown(request: Request, token: str) -> bool:
    """Say whether a request shows the token, in a time that tells nothing about it."""
    kind, _, shown = request.headers.get("authorization", "").partition(" ")
    return kind.casefold() == "bearer" and hmac.compare_digest(shown.strip().encode(), token.encode())
