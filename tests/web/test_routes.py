"""The demo's routes: the page guards itself, charts are listed, and prefetch is what the templates ask for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx

pytestmark = pytest.mark.anyio


async def test_the_page_allows_nothing_but_its_own_files(demo: httpx.AsyncClient) -> None:
    page = await demo.get("/")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'")
    assert "unsafe" not in policy
    assert "<style" not in page.text
    assert not re.search(r"\son\w+=|style=|<script(?![^>]*\ssrc=)", page.text)


async def test_every_file_the_page_names_is_served(demo: httpx.AsyncClient) -> None:
    seen: dict[str, str] = {}
    wanted = re.findall(r'(?:src|href)="(/demo/assets/[^"]+)"', (await demo.get("/")).text)
    while wanted:
        path = wanted.pop()
        answer = await demo.get(path)
        assert answer.status_code == 200, path
        seen[path.rpartition("/")[2]] = answer.headers["content-type"]
        wanted += [f"/demo/assets/{name}" for name in re.findall(r'from "\./([^"]+)"', answer.text) if name not in seen]

    assert seen == {
        "demo.css": "text/css; charset=utf-8",
        "demo.js": "text/javascript; charset=utf-8",
        "chart.js": "text/javascript; charset=utf-8",
        "cards.js": "text/javascript; charset=utf-8",
        "markdown.js": "text/javascript; charset=utf-8",
        "nodes.js": "text/javascript; charset=utf-8",
        "icon.svg": "image/svg+xml",
    }


async def test_scripts_never_turn_data_into_html(demo: httpx.AsyncClient) -> None:
    for name in ("demo.js", "chart.js", "cards.js", "markdown.js", "nodes.js"):
        script = (await demo.get(f"/demo/assets/{name}")).text
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|Function\(", script), (
            name
        )
        assert not re.search(r"https?://", script), name


async def test_no_other_file_can_be_had(demo: httpx.AsyncClient) -> None:
    for name in ("demo.html", "__init__.py", "..%2f__init__.py", "nothing.js"):
        assert (await demo.get(f"/demo/assets/{name}")).status_code == 404


async def test_charts_are_listed_with_what_is_expected_of_them(demo: httpx.AsyncClient) -> None:
    verdicts = {"NCT00000001": "near"}

    assert (await demo.get("/demo/charts")).json() == {
        "today": "2026-06-15",
        "charts": [
            {"slug": "first", "title": "The case first", "asOf": "2026-06-15", "verdicts": verdicts},
            {
                "slug": "second",
                "title": "The case second",
                "asOf": "2026-06-14",
                "verdicts": verdicts,
                "withheld": "deceased",
            },
        ],
    }


async def test_a_chart_comes_whole_with_its_reason_and_its_patient(demo: httpx.AsyncClient) -> None:
    told = (await demo.get("/demo/charts/first")).json()

    assert told["patientId"] == "p1"
    assert told["why"] == "# Why\n\nBecause.\n"
    assert told["chart"]["resourceType"] == "Bundle"
    assert [entry["resource"]["resourceType"] for entry in told["chart"]["entry"]][:2] == ["Patient", "Condition"]


async def test_prefetch_is_what_the_templates_ask_for(demo: httpx.AsyncClient) -> None:
    told = (await demo.get("/demo/charts/first/prefetch")).json()

    assert told["patient"]["id"] == "p1"
    found = {
        key: [(entry["resource"]["id"], entry["search"]["mode"]) for entry in bundle["entry"]]
        for key, bundle in told.items()
        if key != "patient"
    }
    assert found == {
        "conditions": [("c1", "match")],
        "laboratory": [("platelets", "match")],
        "scores": [("ecog", "match")],
        "medicationStatements": [("m1", "match"), ("d1", "include")],
    }
    assert told["medicationStatements"]["total"] == 1


async def test_an_unknown_chart_is_not_found(demo: httpx.AsyncClient) -> None:
    for path in ("/demo/charts/third", "/demo/charts/third/prefetch"):
        answer = await demo.get(path)
        assert answer.status_code == 404
        assert answer.json()["issue"][0]["diagnostics"] == "there is no example chart of that name"
