"""The CDS Hooks routes: discovery and the ``patient-view`` service. Source: https://cds-hooks.hl7.org/2.0/."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from cds.api.body import body_of, read_body
from cds.api.guard import count
from cds.api.outcomes import JSON, answers, errors, reply
from cds.fhir.wire import decode
from cds.hooks.wire import (
    SERVICE_ID,
    Card,
    Coding,
    Discovery,
    HookRequest,
    HookResponse,
    Link,
    ServiceEntry,
    Source,
    read_request,
)
from cds.service import Call, answer

if TYPE_CHECKING:
    from cds.service import Answered, Service

_LARGE_BYTES = 2_000_000
"""Bodies from here on are decoded beside the loop, so that other calls go on."""

_TITLE = "Trialcards: clinical trials for the patient whose chart is open"
_DESCRIPTION = (
    "Holds the chart against the eligibility criteria of open clinical trials and tells which ones the patient may "
    "fit, what stands in the way, what is not known, and on what evidence."
)
_USAGE = (
    "Needs the patient; the other prefetch keys are used as far as they are sent, and what is missing is read from the "
    "FHIR server if this installation lists it. What could not be read is named on the cards."
)
_EXAMPLE_CALL: dict[str, Any] = {
    "hook": "patient-view",
    "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    "context": {"userId": "Practitioner/example", "patientId": "1288992"},
    "prefetch": {
        "patient": {"resourceType": "Patient", "id": "1288992", "gender": "female", "birthDate": "1960-05-02"},
        "conditions": {"resourceType": "Bundle", "type": "searchset", "total": 0},
    },
}
_EXAMPLE_CARDS = HookResponse(
    cards=(
        Card(
            uuid="9368d37b-283f-44a0-93ea-547cebab93ed",
            summary="Candidate trial: Example of a trial in neuroendocrine carcinoma (NCT00000000), 3 to check",
            indicator="info",
            detail="**Candidate.** Nothing that was read speaks against this trial.",
            source=Source(
                label="Trialcards, from ClinicalTrials.gov",
                url="https://clinicaltrials.gov",
                topic=Coding(system="https://clinicaltrials.gov", code="NCT00000000"),
            ),
            links=(
                Link(label="NCT00000000 on ClinicalTrials.gov", url="https://clinicaltrials.gov/study/NCT00000000"),
            ),
        ),
    )
)


def discovery(service: Service) -> Discovery:
    """Say which service there is and what the EHR is asked to send along."""
    entry = ServiceEntry(
        title=_TITLE,
        description=_DESCRIPTION,
        id=SERVICE_ID,
        prefetch=dict(service.templates),
        usageRequirements=_USAGE,
    )
    return Discovery(services=(entry,))


def hook_routes(service: Service, max_body_bytes: int) -> APIRouter:
    """Give the routes of CDS Hooks."""
    routes = APIRouter(tags=["CDS Hooks"])
    offered = discovery(service).model_dump(exclude_none=True)

    @routes.get("/cds-services/", include_in_schema=False)
    @routes.get(
        "/cds-services",
        summary="Discovery",
        operation_id="discover",
        responses=answers(Discovery, "the services", offered) | errors(405, 500),
    )
    async def discover() -> Response:
        """Tell which services there are, and which prefetch each asks for."""
        return reply(offered)

    @routes.post(f"/cds-services/{SERVICE_ID}/", include_in_schema=False)
    @routes.post(
        f"/cds-services/{SERVICE_ID}",
        summary="patient-view",
        operation_id="patientView",
        responses=answers(
            HookResponse,
            "the cards; none means that no trial fits and everything that matters was read",
            _EXAMPLE_CARDS.model_dump(mode="json", exclude_none=True),
        )
        | errors(400, 405, 412, 413, 500),
        openapi_extra=body_of(HookRequest, example=_EXAMPLE_CALL),
    )
    async def patient_view(request: Request) -> Response:
        """Answer the opening of a chart with trial cards."""
        sent = await read_body(request, max_body_bytes)
        body = decode(sent) if len(sent) < _LARGE_BYTES else await asyncio.to_thread(decode, sent)
        answered = await answer(Call.of(read_request(body)), service)
        count(request, **_counts(answered))
        told = HookResponse(cards=answered.cards).model_dump_json(exclude_none=True)
        return Response(told, media_type=JSON)

    return routes


def _counts(answered: Answered) -> dict[str, object]:
    return {
        "cards": len(answered.cards),
        "read": dict(answered.chart.read),
        "lost": len(answered.chart.lost),
        "searches": dict(Counter(state.value for state in answered.states.values())),
        "verdicts": dict(Counter(verdict.standing.value for verdict in answered.verdicts)),
    }
