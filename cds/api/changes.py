"""``GET /api/changes`` and ``/api/changes.atom``: what became of the trials since a day, as JSON and as a feed.

The same as ``trialcards trials changes`` tells, out of the versions of records that the store has kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from cds.api.feedback import day_begins
from cds.api.outcomes import answers, errors, reply
from cds.api.trials import asked_of
from cds.errors import BadCall, StoreDown
from cds.trials.changes import How, Matter
from cds.trials.news import News, as_atom, as_json

if TYPE_CHECKING:
    import datetime as dt

__all__ = ["NewsSince", "change_routes"]

NewsSince = Callable[["dt.datetime"], Sequence[News]]
"""Gives what became of the trials since a moment, the latest first; raises ``StoreDown``. It may take a while."""

Json = dict[str, Any]

_ATOM: Final = "application/atom+xml"
_SINCE: Final[Json] = {
    "name": "since",
    "in": "query",
    "required": True,
    "description": "What came from this day on (YYYY-MM-DD, at the site).",
    "schema": {"type": "string", "format": "date"},
}
_EXAMPLE: Final[Json] = {
    "since": "2026-06-01T00:00:00+00:00",
    "news": [
        {
            "nctId": "NCT00000000",
            "title": "Example of a trial in neuroendocrine carcinoma",
            "overallStatus": "RECRUITING",
            "seen": "2026-06-08T04:00:00+00:00",
            "posted": "2026-06-07",
            "version": "2557ffe3efccadfd7c9d0c13428cb01a658fe48c055d2859d9075f263da749c4",
            "new": False,
            "changes": [
                {"matter": "status", "how": "changed", "before": "NOT_YET_RECRUITING", "after": "RECRUITING"},
                {
                    "matter": "eligibility",
                    "how": "reworded",
                    "before": "Age 18 or over",
                    "after": "Age 16 or over",
                    "where": "inclusion",
                },
            ],
        }
    ],
}
_FEED: Final = (
    "<?xml version='1.0' encoding='us-ascii'?>\n"
    '<feed xmlns="http://www.w3.org/2005/Atom">'
    "<title>Trialcards: what changed in the registry's records</title></feed>\n"
)
_AT_A_TIME: Final = 1
"""All versions of what changed are read for one answer: with many trials that is much, and no answer is urgent."""


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ChangeOut(_Told):
    """One change of a record: what stood there before, and what stands there now."""

    matter: Matter
    how: How
    before: str | None = None
    after: str | None = None
    where: str | None = Field(None, description="Of a place, which it is; of a line, the part of the text it is in.")


class NewsOut(_Told):
    """One version of a trial's record, and what it changed."""

    nctId: str  # noqa: N815 - the contract's name
    title: str
    overallStatus: str  # noqa: N815 - the contract's name
    seen: str = Field(description="When it came here, at the site.")
    posted: str | None = Field(None, description="The day on which the registry posted it.")
    version: str = Field(description="The checksum of the record, which tells one version from another.")
    new: bool = Field(description="Whether nothing was held of the trial before.")
    changes: list[ChangeOut]


class Changes(_Told):
    """What became of the trials since a moment, the latest first."""

    since: str
    news: list[NewsOut]


def change_routes(news: NewsSince | None, zone: dt.tzinfo, address: str) -> APIRouter:
    """Give the routes that tell changes; with no ``news`` nothing is kept here, and they say so.

    Days are those of ``zone``; ``address`` is where this installation is reached, from which ids of the feed are made.
    """
    routes = APIRouter(prefix="/api", tags=["Trials"])
    limiter = anyio.CapacityLimiter(_AT_A_TIME)

    async def found(since: dt.datetime) -> Sequence[News]:
        if news is None:
            raise StoreDown("nothing is kept here")
        told = await anyio.to_thread.run_sync(news, since, limiter=limiter)
        return [_at_the_site(each, zone) for each in told]

    @routes.get(
        "/changes",
        summary="What became of the trials",
        operation_id="changes",
        responses=answers(Changes, "the changes, the latest first", _EXAMPLE) | errors(400, 405, 500, 503),
        openapi_extra={"parameters": [_SINCE]},
    )
    async def changes(request: Request) -> Response:
        """Tell what came and changed since a day: one entry for each version of a record."""
        since = _since(request, zone)
        return reply(as_json(await found(since), since))

    @routes.get(
        "/changes.atom",
        summary="What became of the trials, as a feed",
        operation_id="changesFeed",
        response_class=Response,
        responses={
            200: {"description": "an Atom feed", "content": {_ATOM: {"schema": {"type": "string"}, "example": _FEED}}},
            **errors(400, 405, 500, 503),
        },
        openapi_extra={"parameters": [_SINCE]},
    )
    async def feed(request: Request) -> Response:
        """Tell the same as a feed (RFC 4287), whose ids stay as long as this service's address does."""
        since = _since(request, zone)
        told = await found(since)
        return Response(await anyio.to_thread.run_sync(as_atom, told, since, address), media_type=_ATOM)

    return routes


def _since(request: Request, zone: dt.tzinfo) -> dt.datetime:
    days = asked_of(request, ("since",)).get("since", [])
    if len(days) != 1:
        raise BadCall("since: must be given once, a day written as YYYY-MM-DD")
    return day_begins("since", days[0], zone)


def _at_the_site(news: News, zone: dt.tzinfo) -> News:
    """Tell a moment in the site's time, whose days are asked for."""
    return replace(news, version=replace(news.version, seen=news.version.seen.astimezone(zone)))
