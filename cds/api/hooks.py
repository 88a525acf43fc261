"""The CDS Hooks routes: discovery and the services that are offered. Source: https://cds-hooks.hl7.org/2.0/."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from cds.api.audit import named_in, trials_told
from cds.api.body import body_of, read_body
from cds.api.door import caller_of
from cds.api.guard import count
from cds.api.outcomes import JSON, answers, errors, reply
from cds.fhir.wire import decode
from cds.hooks.requests import APPOINTMENT_BOOK, ENCOUNTER_START, ORDER_SELECT, ORDER_SIGN, REQUESTS, read_request
from cds.hooks.services import OFFERS
from cds.hooks.wire import Card, Coding, Discovery, HookResponse, Link, Source
from cds.service import Call, answer

if TYPE_CHECKING:
    from cds.hooks.services import Offer
    from cds.service import Answered, Service

_LARGE_BYTES = 2_000_000
"""Bodies from here on are decoded beside the loop, so that other calls go on."""

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


_EXAMPLE_ORDERS: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {
            "resource": {
                "resourceType": "MedicationRequest",
                "id": "order-1",
                "status": "draft",
                "intent": "order",
                "subject": {"reference": "Patient/1288992"},
                "medicationCodeableConcept": {"text": "itraconazole"},
            }
        }
    ],
}
_EXAMPLE_CONTEXTS: dict[str, dict[str, Any]] = {
    ORDER_SELECT: {"selections": ["MedicationRequest/order-1"], "draftOrders": _EXAMPLE_ORDERS},
    ORDER_SIGN: {"draftOrders": _EXAMPLE_ORDERS},
    ENCOUNTER_START: {"encounterId": "456"},
    APPOINTMENT_BOOK: {"appointments": {"resourceType": "Bundle", "type": "collection"}},
}
_CARDS = {
    False: "the cards; none means that no trial fits and everything that matters was read",
    True: "the cards; none means that no order which could be read is known to close a trial",
}


def discovery(service: Service) -> Discovery:
    """Say which services there are and what the EHR is asked to send along."""
    return Discovery(services=tuple(OFFERS[hook].entry(service.templates) for hook in service.hooks))


def example_call(hook: str) -> dict[str, Any]:
    """Give a call of a hook as the published contract shows it."""
    context = _EXAMPLE_CALL["context"] | _EXAMPLE_CONTEXTS.get(hook, {})
    return _EXAMPLE_CALL | {"hook": hook, "context": context}


def hook_routes(service: Service, max_body_bytes: int) -> APIRouter:
    """Give the routes of CDS Hooks: discovery, and one for each service that this installation offers."""
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

    for hook in service.hooks:
        _add_service(routes, OFFERS[hook], service, max_body_bytes)
    return routes


def _add_service(routes: APIRouter, offer: Offer, service: Service, max_body_bytes: int) -> None:
    """Add the route of one service."""

    @routes.post(f"/cds-services/{offer.id}/", include_in_schema=False)
    @routes.post(
        f"/cds-services/{offer.id}",
        summary=offer.hook,
        operation_id=_operation(offer.hook),
        description=f"{offer.description} {offer.usage}",
        responses=answers(
            HookResponse, _CARDS[offer.about_orders], _EXAMPLE_CARDS.model_dump(mode="json", exclude_none=True)
        )
        | errors(400, 405, 412, 413, 500),
        openapi_extra=body_of(REQUESTS[offer.hook], example=example_call(offer.hook)),
    )
    async def called(request: Request) -> Response:
        """Answer a call of the hook with cards."""
        sent = await read_body(request, max_body_bytes)
        body = decode(sent) if len(sent) < _LARGE_BYTES else await asyncio.to_thread(decode, sent)
        answered = await answer(Call.of(read_request(body, offer.hook), caller_of(request)), service)
        count(request, **_counts(answered))
        told = HookResponse(cards=answered.cards).model_dump_json(exclude_none=True)
        trials_told(request, named_in(told))
        return Response(told, media_type=JSON)


def _operation(hook: str) -> str:
    """Give the name of a service's operation in the contract: ``patientView``."""
    first, *rest = hook.split("-")
    return first + "".join(map(str.capitalize, rest))


def _counts(answered: Answered) -> dict[str, object]:
    return {
        "cards": len(answered.cards),
        "silenced": answered.silenced,
        "withheld": answered.why_not,
        "quieted": len(answered.quieted),
        "orders": dict(answered.orders),
        "store": dict(Counter(answered.store_failures)),
        "read": dict(answered.chart.read),
        "lost": len(answered.chart.lost),
        "searches": dict(Counter(state.value for state in answered.states.values())),
        "verdicts": dict(Counter(verdict.standing.value for verdict in answered.verdicts)),
    }
