"""``POST …/feedback`` of each service, and ``GET /api/feedback/summary``: what clinicians did with the cards.

Source: https://cds-hooks.hl7.org/2.0/#feedback. What has been answered with 200 is kept; where the store does not
answer, the EHR is told to come back (503 with Retry-After), and sending a batch again counts nothing twice.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from cds.api.body import body_of, read_body
from cds.api.door import caller_of
from cds.api.guard import count
from cds.api.outcomes import answers, errors, reply
from cds.errors import BadCall, StoreDown
from cds.fhir.wire import decode
from cds.hooks.feedback import FeedbackRequest, read_feedback
from cds.hooks.services import OFFERS

if TYPE_CHECKING:
    from cds.memory import Memory
    from cds.service import Service
    from cds.store.values import TrialSummary

LONGEST_FEEDBACK: Final = 1_000_000
"""Bytes of a batch; 200 items with long comments are less."""

_EXAMPLE: dict[str, Any] = {
    "feedback": [
        {
            "card": "9368d37b-283f-44a0-93ea-547cebab93ed",
            "outcome": "overridden",
            "outcomeTimestamp": "2026-06-15T09:30:00Z",
            "overrideReason": {
                "reason": {
                    "system": "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes",
                    "code": "patient-refuses",
                }
            },
        }
    ]
}
_EXAMPLE_SUMMARY: dict[str, Any] = {
    "since": "2026-06-01",
    "trials": [
        {
            "topic": "NCT00000000",
            "told": 40,
            "accepted": 3,
            "overridden": 12,
            "reasons": {"limited-time": 7, "patient-ineligible": 5},
            "unanswered": 25,
        }
    ],
}
_COUNTED = {"new": 1, "repeated": 0, "orphaned": 0}


class FeedbackTaken(BaseModel):
    """What became of a batch."""

    model_config = ConfigDict(extra="forbid")

    new: int = Field(description="Kept now.")
    repeated: int = Field(description="Sent before; not counted again.")
    orphaned: int = Field(description="About cards that were not told here, or not to this caller; they quiet nothing.")


class TrialFeedback(BaseModel):
    """How the cards of one trial fared. Each told card counts once, as accepted, overridden or unanswered."""

    model_config = ConfigDict(extra="forbid")

    topic: str = Field(description="NCT number; for cards that are not about one trial alone, the card's own topic.")
    told: int
    accepted: int
    overridden: int
    reasons: dict[str, int] = Field(description="Overridden cards by HL7's code for the reason; `none`, `other`.")
    unanswered: int = Field(description="No feedback came. That is no rejection.")


class FeedbackSummary(BaseModel):
    """How the cards fared that were told in a time."""

    model_config = ConfigDict(extra="forbid")

    since: str | None = None
    until: str | None = None
    trials: list[TrialFeedback]


def feedback_routes(service: Service) -> APIRouter:
    """Give the feedback route of each service that this installation offers, and the summary."""
    routes = APIRouter()
    for hook in service.hooks:
        _add_feedback(routes, OFFERS[hook].id, service)
    _add_summary(routes, service)
    return routes


def _add_feedback(routes: APIRouter, name: str, service: Service) -> None:
    path = f"/cds-services/{name}/feedback"

    @routes.post(path + "/", include_in_schema=False)
    @routes.post(
        path,
        tags=["CDS Hooks"],
        summary=f"Feedback on cards of {name}",
        operation_id=f"feedback_{name}".replace("-", "_"),
        responses=answers(FeedbackTaken, "it is kept", _COUNTED) | errors(400, 405, 413, 500, 503),
        openapi_extra=body_of(FeedbackRequest, example=_EXAMPLE),
    )
    async def feedback(request: Request) -> Response:
        """Keep what clinicians did with cards; a batch is kept whole or not at all."""
        caller = caller_of(request).id
        sent = await read_body(request, LONGEST_FEEDBACK)
        said = read_feedback(decode(sent))
        try:
            async with asyncio.timeout(LONGEST_KEEP_S):
                recorded = await memory_of(service).hear(said, caller, service.clock.now())
        except TimeoutError:
            raise StoreDown("the store does not answer in time") from None
        counts = {"new": recorded.new, "repeated": recorded.repeated, "orphaned": recorded.orphaned}
        count(request, feedback=counts)
        return reply(counts)


def _add_summary(routes: APIRouter, service: Service) -> None:
    @routes.get(
        "/api/feedback/summary",
        tags=["Trials"],
        summary="How the cards fared, per trial",
        operation_id="feedbackSummary",
        responses=answers(FeedbackSummary, "the counts", _EXAMPLE_SUMMARY) | errors(400, 405, 500, 503),
        openapi_extra={"parameters": [_day_parameter("since", "from"), _day_parameter("until", "up to")]},
    )
    async def summary(request: Request) -> Response:
        """Count the cards that were told to this caller, per trial, by what became of them."""
        caller = caller_of(request).id
        since, until = request.query_params.get("since"), request.query_params.get("until")
        first, end = period(since, until, service.zone)
        try:
            async with asyncio.timeout(SUMMARY_S):
                trials = await memory_of(service).ledger.summary(first, end, caller)
        except TimeoutError:
            raise StoreDown("the store does not answer in time") from None
        return reply(told_summary(trials, since, until))


def _day_parameter(name: str, words: str) -> dict[str, Any]:
    """Describe a day in the address for the published contract; it is read by hand, for errors of our own shape."""
    says = f"Cards told {words} this day (YYYY-MM-DD, at the site)."
    return {"name": name, "in": "query", "description": says, "schema": {"type": "string", "format": "date"}}


LONGEST_KEEP_S: Final = 10.0
"""Seconds that the store may take to keep a batch; if it keeps it later all the same, sent again it counts once."""
SUMMARY_S: Final = 10
"""Seconds that the store may take to count."""


def memory_of(service: Service) -> Memory:
    """Give the memory; raises ``StoreDown`` in an installation that keeps nothing."""
    if service.memory is None:
        raise StoreDown("nothing is kept here")
    return service.memory


def period(since: str | None, until: str | None, zone: dt.tzinfo) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Read two days as the moments from which, and before which; raises ``BadCall`` for what are no days in order."""
    first = None if since is None else day_begins("since", since, zone)
    last = None if until is None else _day("until", until)
    if last is None:
        return first, None
    try:
        end = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), tzinfo=zone)
    except OverflowError:
        raise BadCall("until: must be a day written as YYYY-MM-DD") from None
    if first is not None and end <= first:
        raise BadCall("until: must not lie before since")
    return first, end


def day_begins(name: str, text: str, zone: dt.tzinfo) -> dt.datetime:
    """Read a day as the moment it begins at the site; raises ``BadCall`` that names it for what is no day."""
    return dt.datetime.combine(_day(name, text), dt.time(), tzinfo=zone)


def _day(name: str, text: str) -> dt.date:
    problem = BadCall(f"{name}: must be a day written as YYYY-MM-DD")
    if len(text) != len("YYYY-MM-DD"):
        raise problem
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise problem from None


def told_summary(trials: Sequence[TrialSummary], since: str | None, until: str | None) -> dict[str, Any]:
    """Give the counts as JSON, as the route and the command line tell them."""
    spans = {name: day for name, day in (("since", since), ("until", until)) if day is not None}
    counted = [
        {
            "topic": each.nct_id,
            "told": each.told,
            "accepted": each.accepted,
            "overridden": each.overridden,
            "reasons": dict(each.reasons),
            "unanswered": each.unanswered,
        }
        for each in trials
    ]
    return {**spans, "trials": counted}
