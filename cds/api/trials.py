"""``GET /api/trials``: what is loaded."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Response

from cds.api.assessments import definition
from cds.api.models import TrialList
from cds.api.outcomes import answers, errors, reply
from cds.core.criteria import Asked, Section

if TYPE_CHECKING:
    from cds.core.trial import Trial
    from cds.service import Service

_EXAMPLE = {
    "trials": [
        {
            "nctId": "NCT00000000",
            "title": "Example of a trial in neuroendocrine carcinoma",
            "overallStatus": "RECRUITING",
            "url": "https://clinicaltrials.gov/study/NCT00000000",
            "definition": {"complete": True, "draft": False},
            "cohorts": [{"id": "1", "label": "First cohort", "open": True}],
            "criteria": {"inclusion": 20, "exclusion": 25, "questions": 9},
        }
    ]
}


def listed(trial: Trial) -> dict[str, Any]:
    """Tell one trial in short: title, status, definition, cohorts, and how many criteria of each sort."""
    criteria = list(chain(trial.criteria, *(cohort.criteria for cohort in trial.cohorts)))
    return {
        "nctId": trial.nct_id,
        "title": trial.title,
        "overallStatus": trial.status,
        "url": trial.url,
        "definition": definition(trial),
        "cohorts": [{"id": each.id, "label": each.label, "open": each.open} for each in trial.cohorts],
        "criteria": {
            "inclusion": sum(each.section is Section.INCLUSION for each in criteria),
            "exclusion": sum(each.section is Section.EXCLUSION for each in criteria),
            "questions": sum(isinstance(each.rule, Asked) for each in criteria),
        },
    }


def trial_routes(service: Service) -> APIRouter:
    """Give the route that lists the trials."""
    routes = APIRouter(prefix="/api", tags=["Trials"])
    told = {"trials": [listed(trial) for trial in service.plan.trials]}

    @routes.get(
        "/trials",
        summary="The trials that are loaded",
        operation_id="listTrials",
        responses=answers(TrialList, "the trials", _EXAMPLE) | errors(405, 500),
    )
    async def trials() -> Response:
        """List the trials that charts are held against."""
        return reply(told)

    return routes
