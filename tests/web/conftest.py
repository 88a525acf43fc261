from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi import FastAPI

from cds.api.outcomes import tell_errors
from cds.web import Told, demo_day, demo_router, load_charts, page_router

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

TEMPLATES = {
    "patient": "Patient/{{context.patientId}}",
    "conditions": "Condition?patient={{context.patientId}}",
    "laboratory": "Observation?patient={{context.patientId}}&category=laboratory",
    "scores": "Observation?patient={{context.patientId}}&code=http://loinc.org|89247-1,http://loinc.org|89243-0",
    "medicationStatements": "MedicationStatement?patient={{context.patientId}}",
}


def lab(reference: str, subject: str = "Patient/p1") -> dict[str, object]:
    category = {"coding": [{"system": "http://example.org/category", "code": "laboratory"}]}
    return {
        "resourceType": "Observation",
        "id": reference,
        "status": "final",
        "category": [category],
        "code": {"text": "Platelets"},
        "subject": {"reference": subject},
    }


def chart() -> dict[str, object]:
    score = {
        "resourceType": "Observation",
        "id": "ecog",
        "code": {"coding": [{"system": "http://loinc.org", "code": "89247-1"}]},
        "subject": {"reference": "Patient/p1"},
    }
    resources: list[object] = [
        {"resourceType": "Patient", "id": "p1"},
        {"resourceType": "Condition", "id": "c1", "subject": {"reference": "http://example.org/fhir/Patient/p1"}},
        lab("platelets"),
        lab("of-another", "Patient/p2"),
        score,
        {
            "resourceType": "MedicationStatement",
            "id": "m1",
            "subject": {"reference": "Patient/p1"},
            "medicationReference": {"reference": "Medication/d1"},
        },
        {"resourceType": "Medication", "id": "d1"},
        {"resourceType": "Medication", "id": "d2"},
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}


def case(folder: Path, slug: str, **about: object) -> None:
    place = folder / slug
    place.mkdir()
    told = {"asOf": "2026-06-15", "title": f"The case {slug}", "verdicts": {"NCT00000001": "near"}} | about
    (place / "case.json").write_text(json.dumps(told), "utf-8")
    (place / "chart.json").write_text(json.dumps(chart()), "utf-8")
    (place / "why.md").write_text("# Why\n\nBecause.\n", "utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    case(tmp_path, "first")
    case(tmp_path, "second", withheld="deceased", asOf="2026-06-14")
    return tmp_path


@pytest.fixture
async def demo(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    charts = load_charts(folder)
    app = FastAPI()
    day = demo_day(charts)
    app.include_router(page_router(Told(lambda: day, demo=True)))
    app.include_router(demo_router(charts, TEMPLATES, day))
    tell_errors(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://demo.test") as client:
        yield client
