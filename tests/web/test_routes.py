"""The demo's routes: the page guards itself, charts are listed, and prefetch is what the templates ask for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from cds.web.files import ASSETS

if TYPE_CHECKING:
    import httpx

pytestmark = pytest.mark.anyio

NAMED = r'(?:src|href)="(/app/assets/[^"]+)"'
IMPORTED = r'(?:from|import\(?)\s*"\./([^"]+)"'
TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
NOT_ASKED = (
    "http://www.w3.org/",
    "http://hl7.org/",
    "http://loinc.org",
    "http://unitsofmeasure.org",
    "http://terminology.hl7.org/",
    "https://clinicaltrials.gov",
)
"""Names of code systems and of markup, which look like addresses; and where links lead that a person presses."""


async def test_the_page_allows_nothing_but_its_own_files(demo: httpx.AsyncClient) -> None:
    page = await demo.get("/")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'")
    assert "unsafe" not in policy
    assert "<style" not in page.text
    assert not re.search(r"\son\w+=|style=|<script(?![^>]*\ssrc=)", page.text)


async def test_every_file_the_pages_name_is_served(demo: httpx.AsyncClient) -> None:
    pages = ["/", "/app/", "/app/launch", "/app/trials"]
    wanted = [name for page in pages for name in re.findall(NAMED, (await demo.get(page)).text)]
    seen: set[str] = set()
    while wanted:
        path = wanted.pop()
        answer = await demo.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["content-type"] == TYPES[path.rpartition(".")[2]]
        seen.add(path)
        wanted += [f"/app/assets/{name}" for name in re.findall(IMPORTED, answer.text)]
        wanted = [each for each in wanted if each not in seen]

    assert {"/app/assets/trialcards.css", "/app/assets/demo.js", "/app/assets/app.js", "/app/assets/smart.js"} <= seen
    assert {each.rpartition("/")[2] for each in seen} == set(ASSETS)


@pytest.mark.parametrize("name", [each for each in ASSETS if each.endswith(".js")])
async def test_scripts_never_turn_data_into_html(name: str, demo: httpx.AsyncClient) -> None:
    script = (await demo.get(f"/app/assets/{name}")).text
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|Function\(", script)
    addresses = [each for each in re.findall(r"https?://[^\s\"'`]*", script) if not each.startswith(NOT_ASKED)]
    assert addresses == []


async def test_no_other_file_can_be_had(demo: httpx.AsyncClient) -> None:
    for name in ("demo.html", "__init__.py", "..%2f__init__.py", "nothing.js"):
        assert (await demo.get(f"/app/assets/{name}")).status_code == 404


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
