"""A CDS service by hand, and an EHR that calls it: nothing here leaves the process."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from cds.ehr.calling import Rehearsal, Signer
from cds.ehr.exchange import Limits
from tests.service.world import NOW, CountingIds

Json = dict[str, Any]
BASE = "https://cds.example.org/some"
SERVICE = f"{BASE}/cds-services/greeter"
ENTRY: Json = {
    "hook": "patient-view",
    "id": "greeter",
    "title": "Greeter",
    "description": "Greets.",
    "prefetch": {"patient": "Patient/{{context.patientId}}"},
}
CARD: Json = {
    "uuid": "4e0a3a1e-3283-4575-ab82-028d55fe2719",
    "summary": "A trial is open",
    "indicator": "info",
    "detail": "**Bold** and [a link](https://example.org/x).",
    "source": {"label": "Trials", "topic": {"system": "https://clinicaltrials.gov", "code": "NCT00000001"}},
    "suggestions": [
        {
            "label": "Ask the coordinator",
            "uuid": "4e0a3a1e-3283-4575-ab82-028d55fe2720",
            "actions": [{"type": "create", "description": "Ask", "resource": {"resourceType": "ServiceRequest"}}],
        }
    ],
    "selectionBehavior": "any",
    "overrideReasons": [{"system": "https://example.org/reasons", "code": "no", "display": "Not now"}],
    "links": [{"label": "The record", "url": "https://example.org/record", "type": "absolute"}],
}


@dataclass
class Service:
    """Answers discovery and calls as it is told, and keeps what it was sent."""

    answer: Callable[[httpx.Request], httpx.Response] = lambda _: httpx.Response(200, json={"cards": [CARD]})
    discovery: Callable[[httpx.Request], httpx.Response] = lambda _: httpx.Response(200, json={"services": [ENTRY]})
    seen: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        return (self.discovery if request.method == "GET" else self.answer)(request)

    @property
    def body(self) -> Json:
        """The last call's request."""
        sent: Json = json.loads(self.seen[-1].content)
        return sent


def rehearsal(
    network: Callable[[httpx.Request], httpx.Response],
    signer: Signer | None = None,
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
    now: Callable[[], dt.datetime] = lambda: NOW,
) -> Rehearsal:
    """An EHR whose network is this."""
    client = httpx.AsyncClient(transport=httpx.MockTransport(network))
    return Rehearsal(client, CountingIds().new, now, signer, limits)
