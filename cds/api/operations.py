"""For the site's operators: does it run, can it answer, and what was counted. None of it holds patient data."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from cds.api.models import Health
from cds.api.outcomes import answers, errors, outcome, reply
from cds.errors import NotAuthenticated, UnknownService
from cds.metrics import CONTENT_TYPE

if TYPE_CHECKING:
    from cds.metrics import Metrics
    from cds.service import Service

_EXAMPLE = 'trialcards_calls_total{caller="anonymous",route="/cds-services",status="200"} 1.0'

StoreUp = Callable[[], Awaitable[bool]]


def health_routes(service: Service, store_up: StoreUp | None = None) -> APIRouter:
    """Give the health checks. ``store_up`` says whether what must be kept can be kept; none: nothing is kept here."""
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
        responses=answers(Health, "it can", {"status": "ready", "trials": 3, "store": "up"}) | errors(405, 500, 503),
    )
    async def ready() -> Response:
        """Say whether there are trials to hold charts against, and whether feedback can be kept.

        Without its store the service still answers with cards, so it stays ready and says that the store is down.
        """
        if not loaded:
            return outcome(503, "transient", "no trials are loaded")
        store = "none" if store_up is None else "up" if await store_up() else "down"
        return reply({"status": "ready", "trials": loaded, "store": store})

    return routes


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
