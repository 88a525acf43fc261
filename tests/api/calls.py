"""The application to call in tests, with the small world behind it."""

import json
from typing import Any

import httpx
from fastapi import FastAPI

from cds.api.build import build
from cds.settings import Settings
from cds.trials.records import Record
from tests.service import world

Json = dict[str, Any]
HOOK = "/cds-services/trialcards-patient-view"
ORIGIN = "https://ehr.example.org"
TEXT = "Inclusion Criteria:\n\n* Consent\n* Age \\>= 18\n* Carcinoma,\n* neuroendocrine\n* Platelets <LLN or >ULN"
RECORDS = {"NCT00000001": Record("NCT00000001", "A trial", "RECRUITING", "2026-06-07", TEXT)}


def app(records: object = None, plan: Any = world.PLAN, **chosen: Any) -> FastAPI:  # noqa: ANN401 - any setting
    """Build the application with these settings; ``door``, ``readiness`` and ``traces`` are its ports."""
    ports = {name: chosen.pop(name) for name in ("readiness", "traces") if name in chosen}
    door = chosen.pop("door", world.DOOR)
    given: Json = {"authentication": "off", "allow_origins": (ORIGIN,), "max_body_bytes": 1_000_000}
    settings = Settings(**(given | chosen))
    return build(world.service(records, plan, deadline_s=0.3), settings, RECORDS, door=door, **ports)


def client(the_app: FastAPI | None = None) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=the_app or app())
    return httpx.AsyncClient(transport=transport, base_url="http://testserver", headers={"origin": ORIGIN})


async def send(method: str, path: str, content: object = None, the_app: FastAPI | None = None) -> httpx.Response:
    body = content if isinstance(content, (bytes, type(None))) else json.dumps(content).encode()
    async with client(the_app) as caller:
        return await caller.request(method, path, content=body)


async def post(path: str, content: object, the_app: FastAPI | None = None) -> httpx.Response:
    return await send("POST", path, content, the_app)


def diagnostics(response: httpx.Response, status: int, code: str) -> str:
    """Check that an answer is an OperationOutcome that a page of an allowed origin may read, and give its words."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["access-control-allow-origin"] == ORIGIN
    body = response.json()
    (issue,) = body["issue"]
    assert (body["resourceType"], issue["code"]) == ("OperationOutcome", code)
    assert issue["severity"] == ("fatal" if status >= 500 else "error")
    assert "Traceback" not in response.text
    words: str = issue["diagnostics"]
    return words
