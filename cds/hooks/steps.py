"""What a card offers to do next about a trial: to ask the research team by an order, and to open the site's own app.

Both are off until a site says what its order is called and where its app is. Neither tells anything of the patient: the
order refers to the chart that is open, and the app gets the patient from the EHR, by SMART launch.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cds.hooks.wire import Action, Coding, Link, Suggestion

if TYPE_CHECKING:
    from cds.core.trial import Trial

__all__ = ["NO_STEPS", "Steps", "proposal"]


@dataclass(frozen=True, slots=True)
class Steps:
    """What the site has set up: ``request`` codes its order for the research team, ``app`` is its SMART launch address.

    ``patient_id`` is whose chart is open, and ``service`` by which of our services the card is told.
    """

    request: Coding | None = None
    app: str | None = None
    patient_id: str = ""
    service: str = ""

    def suggestions(self, trial: Trial, new_id: Callable[[], str]) -> tuple[Suggestion, ...] | None:
        """Give the one suggestion, which creates one draft order and signs nothing.

        It never says ``isRecommended``: whether to speak of a trial is the clinician's to choose.
        Source: https://cds-hooks.hl7.org/2.0/#suggestion.
        """
        if self.request is None or not self.patient_id:
            return None
        label = f"Ask the research team about {trial.nct_id}"
        order = proposal(trial, self.request, self.patient_id)
        return (Suggestion(label=label, uuid=new_id(), actions=(Action(description=label, resource=order),)),)

    def links(self, trial: Trial) -> tuple[Link, ...]:
        """Give the link into the app, which is told the trial by ``appContext`` (https://cds-hooks.hl7.org/2.0/#link)."""
        if self.app is None:
            return ()
        told = {"definition": trial.version, "service": self.service, "trial": trial.nct_id}
        context = json.dumps({name: each for name, each in told.items() if each}, separators=(",", ":"))
        return (Link(label=f"Every criterion of {trial.nct_id}", url=self.app, type="smart", appContext=context),)


NO_STEPS = Steps()
"""A site that has set up neither."""


def proposal(trial: Trial, code: Coding, patient_id: str) -> dict[str, Any]:
    """Give the order as a ServiceRequest (https://hl7.org/fhir/R4/servicerequest.html): a draft, and only proposed.

    It holds no data of the patient beyond the reference to the chart that the EHR itself has open.
    """
    title = " ".join(trial.title.split())
    reason = f"Clinical trial {trial.nct_id} ({trial.url})"
    coding = code.model_dump(exclude_none=True)
    return {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "proposal",
        "code": {"coding": [coding], "text": code.display or code.code},
        "subject": {"reference": f"Patient/{patient_id}"},
        "reasonCode": [{"text": f"{reason}: {title}" if title else reason}],
    }
