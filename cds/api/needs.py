"""``GET /api/needs``: what must be read of a patient, and by which scopes, for whoever reads the chart itself.

The page in a clinician's browser reads with the clinician's own token, and so asks the same as an EHR is asked to send
along and as the service itself would ask: all three come from the one table, :mod:`cds.fhir.searches`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from cds.api.outcomes import answers, errors, reply
from cds.errors import BadCall, UnknownService
from cds.fhir.backend.scopes import scopes_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cds.core.plan import Plan
    from cds.fhir.searches import Search
    from cds.service import Service

__all__ = ["need_routes", "scopes_of"]

Json = dict[str, Any]

_TRIAL: Final[Json] = {
    "name": "trial",
    "in": "query",
    "description": "Only what this trial needs, by its NCT number. Given several times: what any of them needs.",
    "schema": {"type": "array", "items": {"type": "string", "minLength": 1, "examples": ["NCT00000000"]}},
    "explode": True,
}
_EXAMPLE: Final[Json] = {
    "searches": [
        {"key": "patient", "resourceType": "Patient", "search": "Patient/{{context.patientId}}"},
        {
            "key": "medicationRequests",
            "resourceType": "MedicationRequest",
            "search": "MedicationRequest?patient={{context.patientId}}",
            "include": "MedicationRequest:medication",
        },
    ],
    "scopes": {
        "v1": ["patient/Medication.read", "patient/MedicationRequest.read", "patient/Patient.read"],
        "v2": ["patient/Medication.rs", "patient/MedicationRequest.rs", "patient/Patient.rs"],
    },
    "trials": ["NCT00000000"],
}


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SearchOut(_Told):
    """One question to a FHIR server about one patient."""

    key: str = Field(description="Its name among the prefetch keys of discovery.")
    resourceType: str  # noqa: N815 - FHIR's name
    search: str = Field(description="Relative to the server's base, with {{context.patientId}} for the patient's id.")
    include: str | None = Field(
        None,
        description="The reference whose target is wanted as well: a value of `_include`, where the server has it.",
    )
    codes: list[str] | None = Field(
        None,
        description="What is looked for among its results, as system|code, for servers that do not search by category.",
    )


class ScopesOut(_Told):
    """The SMART scopes that these searches need, as version 1 writes them and as version 2 does."""

    v1: list[str]
    v2: list[str]


class Needs(_Told):
    """What must be read of a patient, and by which scopes."""

    searches: list[SearchOut]
    scopes: ScopesOut
    trials: list[str] = Field(
        description="The trials that need no more than this: all that cards tell, or those named."
    )


def need_routes(service: Service) -> APIRouter:
    """Give the route that tells what must be read."""
    routes = APIRouter(prefix="/api", tags=["Assessments"])
    hooks = service.for_hooks()
    usual = _told(hooks.searches, hooks.plan)

    @routes.get(
        "/needs",
        summary="What must be read of a patient",
        operation_id="needs",
        responses=answers(Needs, "the searches, and the scopes they need", _EXAMPLE) | errors(400, 404, 405, 500),
        openapi_extra={"parameters": [_TRIAL]},
    )
    async def needs(request: Request) -> Response:
        """Tell the searches by which a chart is read, for all trials that cards tell or for those that are named."""
        wanted = _wanted(request)
        return reply(_told(*_narrowed(service, wanted)) if wanted else usual)

    return routes


def _wanted(request: Request) -> frozenset[str]:
    asked = request.query_params.multi_items()
    if any(name != "trial" for name, _ in asked):
        raise BadCall("a parameter is not known here; there is trial")
    return frozenset(text for _, text in asked)


def _narrowed(service: Service, wanted: frozenset[str]) -> tuple[Sequence[Search], Plan]:
    """Give the searches of some trials, drafts too, as who names one wants it read; refusals are always asked for."""
    if not wanted <= {each.nct_id for each in service.plan.trials}:
        raise UnknownService("trial: no such trial is loaded")
    plan = service.plan.only(wanted)
    return replace(service, plan=plan).searches, plan


def scopes_of(searches: Sequence[Search]) -> dict[str, list[str]]:
    """Give the scopes that searches of one patient need, as version 1 of SMART writes them and as version 2 does."""
    types = {each.resource_type for each in searches}
    if any(each.includes for each in searches):
        types.add("Medication")
    return {
        name: scopes_for(types, granular=granular, of="patient").split()
        for name, granular in (("v1", False), ("v2", True))
    }


def _told(searches: Sequence[Search], plan: Plan) -> Json:
    trials = [each.nct_id for each in plan.trials]
    return {"searches": [_search(each) for each in searches], "scopes": scopes_of(searches), "trials": trials}


def _search(search: Search) -> Json:
    told: Json = {"key": search.key, "resourceType": search.resource_type, "search": search.template}
    if search.includes:
        told["include"] = search.includes
    if search.codes and not search.by_codes:
        told["codes"] = list(search.codes)
    return told
