"""The demo as it is served: what the page sends is answered, on the day the charts play."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from cds.app import create_app
from cds.settings import Settings
from tests.shipped import read_once

pytestmark = pytest.mark.anyio

GOLDEN = Path(__file__).resolve().parent.parent / "golden"


async def test_every_example_chart_is_answered_as_the_page_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    read_once(monkeypatch)
    app = create_app(Settings(demo_charts=GOLDEN))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://demo.test") as client:
        listed = (await client.get("/demo/charts")).json()
        assert listed["today"] == "2026-06-15"
        for chart in listed["charts"]:
            slug = chart["slug"]
            about = (await client.get(f"/demo/charts/{slug}")).json()
            request = {
                "hook": "patient-view",
                "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
                "context": {"userId": "Practitioner/demo", "patientId": about["patientId"]},
                "prefetch": (await client.get(f"/demo/charts/{slug}/prefetch")).json(),
            }
            answer = await client.post("/cds-services/trialcards-patient-view", json=request)
            assert (slug, answer.status_code) == (slug, 200)
            if "withheld" in chart:
                assert answer.json() == {"cards": []}


async def test_without_the_setting_there_is_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    read_once(monkeypatch)
    app = create_app(Settings(authentication="off", store_url="sqlite://"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://demo.test") as client:
        for path in ("/", "/demo/charts", "/demo/charts/no-such/prefetch"):
            assert (await client.get(path)).status_code == 404
