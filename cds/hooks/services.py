"""The services that can be offered: one per hook, each with an id of its own, told in one table.

Ids differ between hooks because some EHRs keep services by id, so that one would take another's place
(https://cds-hooks.hl7.org/2.0/#update-stale-guidance gives equal ids a meaning that is not ours).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cds.hooks.requests import APPOINTMENT_BOOK, ENCOUNTER_START, ORDER_SELECT, ORDER_SIGN, PATIENT_VIEW
from cds.hooks.wire import ServiceEntry


@dataclass(frozen=True, slots=True)
class Offer:
    """One service as it is told to whoever sets up an EHR.

    ``about_orders``: it judges the orders that are being written, and tells only of trials that these would close.
    """

    hook: str
    title: str
    description: str
    usage: str
    about_orders: bool = False

    @property
    def id(self) -> str:
        """The service's id, the last part of its address."""
        return service_id(self.hook)

    def entry(self, templates: Mapping[str, str]) -> ServiceEntry:
        """Give the service's entry in discovery, with what the EHR is asked to send along."""
        return ServiceEntry(
            hook=self.hook,
            title=self.title,
            description=self.description,
            id=self.id,
            prefetch=dict(templates),
            usageRequirements=self.usage,
        )


def service_id(hook: str) -> str:
    """Give the id of the service that answers a hook."""
    return f"trialcards-{hook}"


_HOLDS = (
    "Holds the chart against the eligibility criteria of open clinical trials and tells which ones the patient may "
    "fit, what stands in the way, what is not known, and on what evidence."
)
_NEEDS = (
    "Needs the patient; the other prefetch keys are used as far as they are sent, and what is missing is read from the "
    "FHIR server if this installation lists it. What could not be read is named on the cards."
)
_WARNS = (
    "tells which clinical trials that the patient may fit would be closed by it, for which criterion, and how long."
)
_ORDERS = (
    "Looks at the MedicationRequest and ServiceRequest resources among the draft orders. It needs what patient-view "
    "needs besides. No card means that no order which could be read is known to close a trial."
)

OFFERS: Mapping[str, Offer] = MappingProxyType(
    {
        each.hook: each
        for each in (
            Offer(PATIENT_VIEW, "Trialcards: clinical trials for the patient whose chart is open", _HOLDS, _NEEDS),
            Offer(
                ORDER_SELECT,
                "Trialcards: trials that an order chosen just now would close",
                f"Holds each order chosen just now against the criteria of open clinical trials and {_WARNS}",
                f"{_ORDERS} Only the orders named in selections are judged.",
                about_orders=True,
            ),
            Offer(
                ORDER_SIGN,
                "Trialcards: trials that an order about to be signed would close",
                f"Holds each order about to be signed against the criteria of open clinical trials and {_WARNS}",
                _ORDERS,
                about_orders=True,
            ),
            Offer(
                ENCOUNTER_START,
                "Trialcards: clinical trials for the patient whose encounter begins",
                _HOLDS,
                f"{_NEEDS} The hook may be sent several times in one encounter; each time is answered anew.",
            ),
            Offer(
                APPOINTMENT_BOOK,
                "Trialcards: clinical trials for the patient who is given an appointment",
                _HOLDS,
                f"{_NEEDS} The appointments themselves are not looked at. A patient who books is told nothing.",
            ),
        )
    }
)
"""Every service there is, by hook; which of them an installation offers is a setting."""
