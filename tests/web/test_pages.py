"""The pages that are served always: under which headers, what the browser is told, and that nothing else can be had."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import httpx
import pytest
from fastapi import FastAPI

from cds.api.door import is_open
from cds.api.outcomes import tell_errors
from cds.app import create_app
from cds.hooks.callers.launch import LaunchServer
from cds.settings import Settings
from cds.web import Told, page_router
from tests.shipped import read_once

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio

PAGES = ["/app/", "/app/launch", "/app/trials"]
SERVERS = (
    LaunchServer(
        "north",
        "https://ehr.north.example.org:8443/fhir/R4",
        "page-1",
        origins=("https://login.north.example.org", "https://ehr.north.example.org:8443"),
        standalone=True,
    ),
    LaunchServer(
        "near", "http://127.0.0.1:9000/fhir", "page-2", issuer="https://login.near.example.org", save_observations=True
    ),
)
CLOSED = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
LISTED = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' "
    "https://ehr.north.example.org:8443 https://login.north.example.org http://127.0.0.1:9000; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors https://ehr.north.example.org https://portal.example.org"
)


def told(**about: object) -> Told:
    return Told(lambda: dt.date(2026, 6, 15), **about)  # type: ignore[arg-type] # any of its fields


def browser(about: Told) -> httpx.AsyncClient:
    app = FastAPI(redirect_slashes=False)
    app.include_router(page_router(about))
    tell_errors(app)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://cards.test")


@pytest.fixture
async def plain() -> AsyncIterator[httpx.AsyncClient]:
    async with browser(told()) as client:
        yield client


# ----------------------------------------------------------------------------------------------------------- headers


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_comes_with_exactly_these_headers(path: str, plain: httpx.AsyncClient) -> None:
    answer = await plain.get(path)
    assert answer.status_code == 200
    headers = dict(answer.headers)
    assert headers.pop("etag").strip('"').isalnum()
    assert int(headers.pop("content-length")) == len(answer.content) > 0
    assert headers == {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": CLOSED,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-cache",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin" if path == "/app/trials" else "unsafe-none",
        "permissions-policy": (
            "accelerometer=(), camera=(), clipboard-read=(), display-capture=(), geolocation=(), gyroscope=(), "
            "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
        ),
    }


@pytest.mark.parametrize("path", [*PAGES, "/app/assets/nodes.js"])
async def test_what_is_asked_and_who_may_frame_it_is_what_the_site_lists(path: str) -> None:
    frames = ("https://ehr.north.example.org", "https://portal.example.org", "https://ehr.north.example.org")
    async with browser(told(servers=SERVERS, frames=frames)) as client:
        assert (await client.get(path)).headers["content-security-policy"] == LISTED


async def test_in_the_demo_the_pages_may_be_framed_by_it(demo: httpx.AsyncClient) -> None:
    for path in PAGES:
        policy = (await demo.get(path)).headers["content-security-policy"]
        assert policy == CLOSED.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
    assert (await demo.get("/")).headers["content-security-policy"] == CLOSED.replace(
        "base-uri", "frame-src 'self'; base-uri"
    )
    async with browser(told(frames=("https://ehr.example.org",), demo=True)) as client:
        policy = (await client.get("/app/")).headers["content-security-policy"]
        assert policy.endswith("frame-ancestors 'self' https://ehr.example.org")


async def test_no_page_has_anything_inline(demo: httpx.AsyncClient) -> None:
    for path in ("/", *PAGES):
        text = (await demo.get(path)).text
        assert "<style" not in text
        assert " style=" not in text
        assert text.count("<script") == text.count('<script type="module" src="/app/assets/')
        assert "javascript:" not in text
        assert not [word for word in text.split() if word.startswith("on") and "=" in word]


# ------------------------------------------------------------------------------------------------------------- files


async def test_the_short_address_leads_to_the_page_and_loses_nothing(plain: httpx.AsyncClient) -> None:
    for query in ("", "?chart=first", "?code=a%2Fb&state=c%20d"):
        answer = await plain.get(f"/app{query}")
        assert answer.status_code == 307
        assert httpx.URL("http://cards.test/app").join(answer.headers["location"]) == f"http://cards.test/app/{query}"
        assert "//" not in answer.headers["location"]


async def test_a_file_that_the_browser_has_is_not_sent_again(plain: httpx.AsyncClient) -> None:
    for path in ("/app/assets/nodes.js", "/app/trials"):
        first = await plain.get(path)
        again = await plain.get(path, headers={"if-none-match": f'W/"x", {first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
        other = await plain.get(path, headers={"if-none-match": '"something"'})
        assert (other.status_code, other.content) == (200, first.content)


@pytest.mark.parametrize(
    "name",
    ["app.html", "trials.html", "demo.html", "__init__.py", "..%2f__init__.py", "..%5cfiles.py", "nothing.js", "", "."],
)
async def test_no_other_file_can_be_had(name: str, plain: httpx.AsyncClient) -> None:
    assert (await plain.get(f"/app/assets/{name}")).status_code == 404


# ---------------------------------------------------------------------------------------------------------- settings


async def test_the_browser_is_told_what_it_must_know_and_no_more() -> None:
    async with browser(told(servers=SERVERS, facilities=("Example Hospital",))) as client:
        answer = await client.get("/app/settings.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.json() == {
        "servers": [
            {
                "id": "north",
                "fhir": "https://ehr.north.example.org:8443/fhir/R4",
                "clientId": "page-1",
                "origins": ["https://login.north.example.org", "https://ehr.north.example.org:8443"],
                "standalone": True,
                "saveObservations": False,
            },
            {
                "id": "near",
                "fhir": "http://127.0.0.1:9000/fhir",
                "clientId": "page-2",
                "origins": [],
                "standalone": False,
                "saveObservations": True,
                "issuer": "https://login.near.example.org",
            },
        ],
        "demo": False,
        "site": {"facilities": ["Example Hospital"]},
        "today": "2026-06-15",
    }


async def test_the_demo_says_so_and_plays_its_day(demo: httpx.AsyncClient) -> None:
    settings = (await demo.get("/app/settings.json")).json()
    assert (settings["demo"], settings["today"], settings["servers"]) == (True, "2026-06-15", [])


# ---------------------------------------------------------------------------------------------------- the application


@pytest.mark.parametrize("path", ["/app", "/app/", "/app/launch", "/app/assets/x.js", "/app/settings.json"])
def test_the_pages_are_open(path: str) -> None:
    assert is_open(path)


@pytest.mark.parametrize("path", ["/", "/apps", "/app.html", "/api/app/", "/App/", "//app/", "/demo/charts", "app/"])
def test_what_is_beside_them_is_not(path: str) -> None:
    assert not is_open(path)


async def test_they_are_served_without_demo_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    read_once(monkeypatch)
    app = create_app(Settings(authentication="off", store_url="sqlite://", app_frames=("https://ehr.example.org",)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://cards.test") as client:
        for path in PAGES:
            answer = await client.get(path)
            assert answer.status_code == 200
            policies = answer.headers.get_list("content-security-policy")
            assert policies == [CLOSED.replace("ancestors 'none'", "ancestors https://ehr.example.org")]
            assert answer.headers["cache-control"] == "no-cache"
        assert (await client.get("/app/settings.json")).json()["demo"] is False
        assert "/app/" not in str((await client.get("/openapi.json")).json()["paths"].keys())
