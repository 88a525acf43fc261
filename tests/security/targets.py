"""What is fuzzed: the application with the small world behind it, and good bodies to begin from."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any, Self

from cds.api.build import build
from cds.memory import Memory
from cds.settings import Settings
from cds.store.store import Store
from tests.api.calls import RECORDS
from tests.conformance.watch import watching
from tests.service import world
from tests.service.world import hook_body, prefetch

Json = Any
HOOK = "/cds-services/trialcards-patient-view"
ORDERS = "/cds-services/trialcards-order-select"
DRAFT = {
    "resourceType": "MedicationRequest",
    "id": "draft-1",
    "status": "draft",
    "intent": "order",
    "subject": world.about(),
    "medicationCodeableConcept": world.code("cyp3a-drug"),
}
_ASKED = (
    {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "zipCode", "valueString": "67446"},
            {"name": "phase", "valueString": "phase-1-phase-2"},
            {"name": "recruitmentStatus", "valueString": "active"},
            {"name": "complete", "valueCode": "Condition"},
        ],
    },
)


def bodies() -> list[tuple[str, Json]]:
    """Give the paths that take a body, each with a good one."""
    orders = {
        "patientId": world.PATIENT_ID,
        "userId": "Practitioner/7",
        "selections": ["MedicationRequest/draft-1"],
        "draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": DRAFT}]},
    }
    whole = prefetch(medicationStatements=world.searchset(world.statement("cyp3a-drug", "2026-06-10")))
    chart = world.collection(world.patient(), world.CANCER, *world.RESULTS)
    item = {
        "card": "00000000-0000-4000-8000-000000000001",
        "outcome": "overridden",
        "outcomeTimestamp": "2026-06-15T09:00:00Z",
        "overrideReason": {"reason": {"code": "patient-refuses", "system": "http://example.org"}, "userComment": "no"},
    }
    accepted = {
        "card": item["card"],
        "outcome": "accepted",
        "outcomeTimestamp": item["outcomeTimestamp"],
        "acceptedSuggestions": [{"id": "00000000-0000-4000-8000-000000000002"}],
    }
    return [
        (HOOK, hook_body(whole)),
        (HOOK, hook_body({"patient": world.patient()}, fhirServer="https://elsewhere.example")),
        (ORDERS, hook_body(whole, hook="order-select", context=orders)),
        ("/api/assessments", chart),
        ("/api/assessments", {"bundle": chart, "asOf": "2026-06-15", "covered": {"Condition": "complete"}}),
        ("/getClinicalTrial", world.collection(*_ASKED, *(each["resource"] for each in chart["entry"]))),
        (f"{HOOK}/feedback", {"feedback": [item, accepted]}),
    ]


class Target:
    """The application, called in process; answers are counted by path and status."""

    def __init__(self) -> None:
        self._store = Store.open("sqlite://")
        memory = Memory(self._store, patience_s=5)
        service = world.service(hooks=("patient-view", "order-select"), memory=memory)
        self._app = build(service, Settings(authentication="off"), RECORDS, door=world.DOOR)
        self._loop = asyncio.new_event_loop()
        self.answers: Counter[tuple[str, int]] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.close()
        self._store.close()

    def call(self, path: str, body: bytes) -> int:
        """Post a body; raise ``AssertionError`` for an answer that is our fault, or breaks a rule of CDS Hooks."""
        with watching() as faults:
            status, answer = self._loop.run_until_complete(self._called(path, body))
        self.answers[path, status] += 1
        assert status < 500, answer[:300]
        assert status != 200 or json.loads(answer) is not None
        assert not faults, faults[:3]
        return status

    async def _called(self, path: str, body: bytes) -> tuple[int, bytes]:
        status, parts = 0, []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"content-type", b"application/json")],
            "server": ("testserver", 80),
            "client": ("testclient", 1),
        }

        async def receive() -> Json:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Json) -> None:
            nonlocal status
            status = message.get("status", status)
            parts.append(message.get("body", b""))

        await self._app(scope, receive, send)
        return status, b"".join(parts)
