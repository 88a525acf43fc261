"""What an EHR sends: one call of one hook, with the context that hook has.

Requests are read leniently: members we do not know are left alone, as vendors add their own. Sources:
https://cds-hooks.hl7.org/2.0/#http-request_1 and the pages of the hooks, https://cds-hooks.hl7.org/hooks/.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from cds.errors import BadCall
from cds.hooks.wire import LENIENT, PatientId, UuidShaped, checked

PATIENT_VIEW = "patient-view"
ENCOUNTER_START = "encounter-start"
APPOINTMENT_BOOK = "appointment-book"
ORDER_SELECT = "order-select"
ORDER_SIGN = "order-sign"


MOST_ENTRIES: Final = 1000
"""Of what is being written just now, by one clinician for one patient."""


def _bundle(value: object) -> object:
    """Refuse what is no Bundle: an order that is not looked at must not pass for one that is harmless."""
    if not isinstance(value, dict):
        return value
    if value.get("resourceType") != "Bundle" or not isinstance(value.get("entry", []), list):
        raise ValueError("must be a Bundle, with its entries as a list")
    if len(value.get("entry", [])) > MOST_ENTRIES:
        raise ValueError(f"must hold no more than {MOST_ENTRIES} entries")
    return value


Bundle = Annotated[dict[str, Any], BeforeValidator(_bundle)]
"""A FHIR Bundle, as decoded JSON that nobody has judged yet."""


class PatientViewContext(BaseModel):
    """Who looks at whom (hook ``patient-view`` 1.0)."""

    model_config = LENIENT

    userId: str = Field(min_length=1, description="`Type/id` of the viewer: Practitioner, PractitionerRole, Patient …")  # noqa: N815 - the specification's name
    patientId: PatientId = Field(description="The patient's logical id; `Patient/123` is taken for `123`.")  # noqa: N815 - the specification's name
    encounterId: str | None = Field(None, description="The current encounter; not used.")  # noqa: N815 - the specification's name


class EncounterStartContext(PatientViewContext):
    """Which encounter begins (hook ``encounter-start`` 1.0)."""

    encounterId: str = Field(  # type: ignore[mutable-override] # noqa: N815 - frozen; the specification's name
        min_length=1, description="The encounter that begins; not used."
    )


class AppointmentBookContext(PatientViewContext):
    """What is being booked (hook ``appointment-book`` 1.0)."""

    appointments: Bundle = Field(description="The proposed appointments; not used.")


class OrderSignContext(PatientViewContext):
    """What is about to be ordered (hook ``order-sign`` 1.0)."""

    draftOrders: Bundle = Field(  # noqa: N815 - the specification's name
        description="The orders that are not signed yet: MedicationRequest and ServiceRequest are looked at."
    )

    @property
    def looked_at(self) -> tuple[object, ...]:
        """The resources of the orders that the call is about."""
        return tuple(resource for _, resource in self._entries())

    def _entries(self) -> list[tuple[object, object]]:
        """Give each entry's own address, where it has one, and its resource."""
        entries = [each for each in self.draftOrders.get("entry", ()) if isinstance(each, dict)]
        return [(each.get("fullUrl"), each.get("resource")) for each in entries]


class OrderSelectContext(OrderSignContext):
    """What was chosen from the list of orders just now (hook ``order-select`` 1.0)."""

    selections: tuple[str, ...] = Field(description="`Type/id` of the orders chosen just now; only these are judged.")

    @property
    def looked_at(self) -> tuple[object, ...]:
        """The resources of the orders chosen just now, and what they may refer to; earlier drafts are left out.

        Raises ``BadCall`` where an order was chosen that was not sent.
        """
        chosen, found, beside = set(self.selections), set(), []
        for url, resource in self._entries():
            named = {url, _reference(resource)} & chosen
            found |= named
            if named or _kind(resource) == "Medication":
                beside.append(resource)
        if chosen - found:
            raise BadCall("context.selections: names an order that is not in context.draftOrders")
        return tuple(beside)


def _kind(resource: object) -> object:
    return resource.get("resourceType") if isinstance(resource, dict) else None


def _reference(resource: object) -> str:
    return f"{_kind(resource)}/{resource.get('id')}" if isinstance(resource, dict) else ""


class FhirAuthorization(BaseModel):
    """A token for the EHR's FHIR server (#passing-the-access-token-to-the-cds-service), for this call only."""

    model_config = LENIENT

    access_token: str = Field(min_length=1, repr=False)
    token_type: Annotated[str, StringConstraints(pattern="^[Bb][Ee][Aa][Rr][Ee][Rr]$")] = "Bearer"  # noqa: S105 - a kind of token, no token
    patient: PatientId | None = None


class HookRequest(BaseModel):
    """One call of the service (#http-request_1)."""

    model_config = LENIENT

    hook: str
    hookInstance: UuidShaped  # noqa: N815 - the specification's name
    context: PatientViewContext
    fhirServer: str | None = Field(None, description="Asked only if this installation lists it.")  # noqa: N815 - the specification's name
    fhirAuthorization: FhirAuthorization | None = None  # noqa: N815 - the specification's name
    prefetch: dict[str, Any] | None = Field(None, description="Keyed as the discovery document says.")

    @property
    def draft_orders(self) -> tuple[object, ...]:
        """The resources of the orders that the call is about; none where the hook has no orders."""
        return self.context.looked_at if isinstance(self.context, OrderSignContext) else ()


class EncounterStartRequest(HookRequest):
    """A call of ``encounter-start``."""

    context: EncounterStartContext  # type: ignore[mutable-override] # frozen: nothing is put in its place


class AppointmentBookRequest(HookRequest):
    """A call of ``appointment-book``."""

    context: AppointmentBookContext  # type: ignore[mutable-override] # frozen: nothing is put in its place


class OrderSelectRequest(HookRequest):
    """A call of ``order-select``."""

    context: OrderSelectContext  # type: ignore[mutable-override] # frozen: nothing is put in its place


class OrderSignRequest(HookRequest):
    """A call of ``order-sign``."""

    context: OrderSignContext  # type: ignore[mutable-override] # frozen: nothing is put in its place


REQUESTS: Mapping[str, type[HookRequest]] = MappingProxyType(
    {
        PATIENT_VIEW: HookRequest,
        ORDER_SELECT: OrderSelectRequest,
        ORDER_SIGN: OrderSignRequest,
        ENCOUNTER_START: EncounterStartRequest,
        APPOINTMENT_BOOK: AppointmentBookRequest,
    }
)
"""How a call of each hook is read."""


def read_request(body: object, hook: str = PATIENT_VIEW) -> HookRequest:
    """Read a decoded body as a call of our service for a hook.

    Raises ``BadCall`` that names the element and what is wrong with it, never what it held.
    """
    if isinstance(body, dict) and isinstance(body.get("hook"), str) and body["hook"] != hook:
        raise BadCall(f"hook: this service answers {hook} only")
    request = checked(REQUESTS[hook], body)
    granted = request.fhirAuthorization
    if granted is not None and granted.patient not in {None, request.context.patientId}:
        raise BadCall("fhirAuthorization.patient: is not the patient named in context.patientId")
    return request
