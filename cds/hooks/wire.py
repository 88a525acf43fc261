"""What goes over the wire in CDS Hooks 2.0.1: requests, cards and the discovery document.

Requests are read leniently (members we do not know are left alone, as vendors add their own); what we send is strict.
Source: https://cds-hooks.hl7.org/2.0/ (anchors beside each class).
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from cds.errors import BadCall

SERVICE_ID = "trialcards-patient-view"
HOOK = "patient-view"

_ID = re.compile(r"(?!\.+$)[A-Za-z0-9\-._]{1,128}")


def bare_id(value: object) -> object:
    """Give the id alone where ``Patient/123`` was sent; refuse what is no id, as it becomes part of an address."""
    if not isinstance(value, str):
        return value
    bare = value.removeprefix("Patient/")
    if not _ID.fullmatch(bare):
        raise ValueError("must be an id: letters, digits, '-', '.' and '_'")
    return bare


PatientId = Annotated[str, BeforeValidator(bare_id)]
"""A patient's logical id; ``Patient/123`` is taken for ``123``."""

_HEX = "[0-9A-Fa-f]"
UuidShaped = Annotated[
    str, StringConstraints(pattern=f"^{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}$")
]
"""A UUID of any version: some EHRs send ones that no version allows."""


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PatientViewContext(_Lenient):
    """Who looks at whom (hook ``patient-view`` 1.0)."""

    userId: str = Field(min_length=1, description="`Type/id` of the viewer: Practitioner, PractitionerRole, Patient …")  # noqa: N815 - the specification's name
    patientId: PatientId = Field(description="The patient's logical id; `Patient/123` is taken for `123`.")  # noqa: N815 - the specification's name
    encounterId: str | None = Field(None, description="The current encounter; not used.")  # noqa: N815 - the specification's name


class FhirAuthorization(_Lenient):
    """A token for the EHR's FHIR server (#passing-the-access-token-to-the-cds-service), for this call only."""

    access_token: str = Field(min_length=1, repr=False)
    token_type: Annotated[str, StringConstraints(pattern="^[Bb][Ee][Aa][Rr][Ee][Rr]$")] = "Bearer"  # noqa: S105 - a kind of token, no token
    patient: PatientId | None = None


class HookRequest(_Lenient):
    """One call of the service (#http-request_1)."""

    hook: str
    hookInstance: UuidShaped  # noqa: N815 - the specification's name
    context: PatientViewContext
    fhirServer: str | None = Field(None, description="Asked only if this installation lists it.")  # noqa: N815 - the specification's name
    fhirAuthorization: FhirAuthorization | None = None  # noqa: N815 - the specification's name
    prefetch: dict[str, Any] | None = Field(None, description="Keyed as the discovery document says.")


class Coding(_Strict):
    """A code with its system (#coding)."""

    system: str
    code: str
    display: str | None = None


class Source(_Strict):
    """Where a card's content is from (#source). The topic's code is the bare NCT number, the same on every call."""

    label: str
    url: str | None = None
    topic: Coding | None = None


class Link(_Strict):
    """A link that opens in a browser (#link)."""

    label: str
    url: str
    type: Literal["absolute"] = "absolute"


class Card(_Strict):
    """One card (#card-attributes). The summary holds nothing about the patient; the detail is GFM."""

    uuid: str
    summary: str = Field(min_length=1, max_length=139)
    indicator: Literal["info", "warning"]
    detail: str = Field(min_length=1)
    source: Source
    links: tuple[Link, ...] | None = Field(None, min_length=1)


class HookResponse(_Strict):
    """The answer to a call (#cds-service-response): no cards means that there is nothing to tell."""

    cards: tuple[Card, ...]


class ServiceEntry(_Strict):
    """One service as discovery tells it (#response)."""

    hook: Literal["patient-view"] = "patient-view"
    title: str
    description: str
    id: str
    prefetch: dict[str, str] | None = Field(None, min_length=1)
    usageRequirements: str | None = None  # noqa: N815 - the specification's name


class Discovery(_Strict):
    """The services offered (#discovery)."""

    services: tuple[ServiceEntry, ...]


Model = TypeVar("Model", bound=BaseModel)


def read_request(body: object) -> HookRequest:
    """Read a decoded body as a call of our service.

    Raises ``BadCall`` that names the element and what is wrong with it, never what it held.
    """
    request = checked(HookRequest, body)
    if request.hook != HOOK:
        raise BadCall(f"hook: this service answers {HOOK} only")
    granted = request.fhirAuthorization
    if granted is not None and granted.patient not in {None, request.context.patientId}:
        raise BadCall("fhirAuthorization.patient: is not the patient named in context.patientId")
    return request


def checked(model: type[Model], body: object) -> Model:
    """Read a decoded body as one of our models; raise ``BadCall`` naming elements, never values."""
    if not isinstance(body, dict):
        raise BadCall("the body must be a JSON object")
    try:
        return model.model_validate(body)
    except ValidationError as problem:
        raise BadCall(_complaint(problem)) from None


def _complaint(problem: ValidationError) -> str:
    faults = problem.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{_place(fault['loc'])}: {_plain(fault['type'], fault['msg'])}" for fault in faults[:5])


def _place(steps: tuple[int | str, ...]) -> str:
    """Name an element; what stands in ``covered`` is named by the caller, and a caller's words are not repeated."""
    ours = steps[:1] if steps[:1] == ("covered",) else steps
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in ours).lstrip(".")


def _plain(kind: str, message: str) -> str:
    if kind == "missing":
        return "is missing"
    if kind == "string_pattern_mismatch":
        return "does not have the form it must have"
    return message.removeprefix("Value error, ")
