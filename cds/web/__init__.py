"""The demo page: an example chart, the genuine call an EHR would make of it, and the cards that come back.

Mounted only where the setting ``CDS_DEMO_CHARTS`` names a folder of charts. No build step and no outside network: the
page is the files in ``page/``, and nothing in it may come from anywhere else.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from fastapi import APIRouter, Response

from cds.errors import UnknownService
from cds.web.charts import DemoChart, chart_named, demo_day, load_charts
from cds.web.cut import prefetch_of, read_templates

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

__all__ = ["DemoChart", "demo_day", "demo_router", "load_charts"]

_PAGE = Path(__file__).resolve().parent / "page"
_FILES: Final = {
    "demo.css": "text/css; charset=utf-8",
    "demo.js": "text/javascript; charset=utf-8",
    "chart.js": "text/javascript; charset=utf-8",
    "cards.js": "text/javascript; charset=utf-8",
    "markdown.js": "text/javascript; charset=utf-8",
    "nodes.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_GUARD: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def demo_router(charts: Sequence[DemoChart], templates: Mapping[str, str], today: dt.date) -> APIRouter:
    """Give the routes of the demo: the page, its files, and the charts with the prefetch an EHR would send.

    ``templates`` are those of the discovery document. ``today`` is the day the service plays while the demo is on.
    """
    asked = read_templates(templates)
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def page() -> Response:
        return _file("demo.html", "text/html; charset=utf-8")

    @router.get("/demo/assets/{name}")
    def asset(name: str) -> Response:
        if name not in _FILES:
            raise UnknownService("the demo page has no such file")
        return _file(name, _FILES[name])

    @router.get("/demo/charts")
    def listed() -> Response:
        return _json({"today": today.isoformat(), "charts": [_entry(each) for each in charts]})

    @router.get("/demo/charts/{slug}")
    def one(slug: str) -> Response:
        chart = chart_named(charts, slug)
        return _json(_entry(chart) | {"why": chart.why, "chart": chart.bundle, "patientId": chart.patient_id})

    @router.get("/demo/charts/{slug}/prefetch")
    def prefetch(slug: str) -> Response:
        chart = chart_named(charts, slug)
        return _json(prefetch_of(chart.bundle, chart.patient_id, asked))

    return router


def _entry(chart: DemoChart) -> dict[str, object]:
    told: dict[str, object] = {
        "slug": chart.slug,
        "title": chart.title,
        "asOf": chart.as_of.isoformat(),
        "verdicts": chart.verdicts,
    }
    return told | ({"withheld": chart.withheld} if chart.withheld else {})


def _file(name: str, media_type: str) -> Response:
    return Response((_PAGE / name).read_bytes(), media_type=media_type, headers=dict(_GUARD))


def _json(document: object) -> Response:
    return Response(msgspec.json.encode(document), media_type="application/json", headers=dict(_GUARD))
