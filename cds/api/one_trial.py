"""``GET /api/trials/{nct_id}/lint`` and ``/feedback``: what whoever looks after one trial asks of it besides.

The linter takes a while, so it runs beside the loop, once for each trial. Counts are of cards: who the patients and
clinicians were is neither asked nor told.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import anyio.to_thread
from fastapi import APIRouter, Request, Response

from cds.api.door import caller_of
from cds.api.feedback import SUMMARY_S, memory_of
from cds.api.outcomes import answers, errors, reply
from cds.api.trial_examples import FEEDBACK, REMARKS
from cds.api.trial_models import FeedbackOnTrial, TrialRemarks
from cds.api.trials import NUMBER, asked_of
from cds.errors import StoreDown
from cds.hooks.reasons import reason_in_words
from cds.store.summaries import NO_REASON
from cds.store.values import TrialSummary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cds.api.loaded import Loaded
    from cds.api.texts import Texts
    from cds.service import Service
    from cds.trials.remarks import Remark, Remarks

__all__ = ["one_trial_routes"]

_UNSAID: Final = "No reason was given"


def one_trial_routes(service: Service, texts: Texts, loaded: Loaded, remarks: Remarks) -> APIRouter:
    """Give the routes that tell what the linter says of a trial, and how its cards fared."""
    routes = APIRouter(prefix="/api", tags=["Trials"])

    @routes.get(
        "/trials/{nct_id}/lint",  # noqa: FAST003 - read by hand, as the framework would add errors of its own shape
        summary="What the linter says of one trial",
        operation_id="lintOfTrial",
        responses=answers(TrialRemarks, "the remarks, errors first", REMARKS) | errors(400, 404, 405, 500, 503),
        openapi_extra={"parameters": [NUMBER]},
    )
    async def lint(request: Request) -> Response:
        """Say what is wrong with a definition or draft, and where the registry's record says otherwise today."""
        asked_of(request, ())
        trial = loaded.trial(request.path_params["nct_id"])

        def look() -> Response:
            found = remarks.of(trial, texts.of(trial))
            return reply({"nctId": trial.nct_id, "remarks": list(map(_remark, found))})

        return await anyio.to_thread.run_sync(look)

    @routes.get(
        "/trials/{nct_id}/feedback",  # noqa: FAST003 - as above
        summary="How the cards of one trial fared",
        operation_id="feedbackOnTrial",
        responses=answers(FeedbackOnTrial, "the counts", FEEDBACK) | errors(400, 404, 405, 500, 503),
        openapi_extra={"parameters": [NUMBER]},
    )
    async def feedback(request: Request) -> Response:
        """Count the cards that told a trial by what became of them: an EHR's own, and to the page all of the site."""
        asked_of(request, ())
        trial, caller = loaded.trial(request.path_params["nct_id"]), caller_of(request)
        whose = None if caller.page else caller.id
        try:
            async with asyncio.timeout(SUMMARY_S):
                found = await memory_of(service).ledger.summary(None, None, whose, trial.nct_id)
        except TimeoutError:
            raise StoreDown("the store does not answer in time") from None
        return reply(_counts(next(iter(found), TrialSummary(trial.nct_id))))

    return routes


def _remark(remark: Remark) -> Mapping[str, str]:
    return {"level": remark.level.value, "place": remark.place, "says": remark.says}


def _counts(summary: TrialSummary) -> dict[str, Any]:
    ordered = sorted(summary.reasons.items(), key=lambda each: (-each[1], each[0]))
    return {
        "nctId": summary.nct_id,
        "told": summary.told,
        "accepted": summary.accepted,
        "overridden": summary.overridden,
        "unanswered": summary.unanswered,
        "reasons": [
            {"code": code, "says": _UNSAID if code == NO_REASON else reason_in_words(code), "count": count}
            for code, count in ordered
        ],
    }
