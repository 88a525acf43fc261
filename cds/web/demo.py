"""The demo: an example chart, the genuine call an EHR would make of it, and the cards that come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from cds.web.charts import chart_named
from cds.web.cut import prefetch_of, read_templates
from cds.web.files import content_policy, json_file, page

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from cds.web.charts import DemoChart

__all__ = ["demo_router"]


def demo_router(charts: Sequence[DemoChart], templates: Mapping[str, str], today: dt.date) -> APIRouter:
    """Give the routes of the demo: its page, and the charts with the prefetch an EHR would send.

    ``templates`` are those of the discovery document. ``today`` is the day the service plays while the demo is on.
    """
    asked = read_templates(templates)
    policy = content_policy(holds_pages=True)
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def frame(request: Request) -> Response:
        return page("demo.html", policy, request)

    @router.get("/demo/charts")
    def listed() -> Response:
        return json_file({"today": today.isoformat(), "charts": [_entry(each) for each in charts]})

    @router.get("/demo/charts/{slug}")
    def one(slug: str) -> Response:
        chart = chart_named(charts, slug)
        return json_file(_entry(chart) | {"why": chart.why, "chart": chart.bundle, "patientId": chart.patient_id})

    @router.get("/demo/charts/{slug}/prefetch")
    def prefetch(slug: str) -> Response:
        chart = chart_named(charts, slug)
        return json_file(prefetch_of(chart.bundle, chart.patient_id, asked))

    return router


def _entry(chart: DemoChart) -> dict[str, object]:
    told: dict[str, object] = {
        "slug": chart.slug,
        "title": chart.title,
        "asOf": chart.as_of.isoformat(),
        "verdicts": chart.verdicts,
    }
    return told | ({"withheld": chart.withheld} if chart.withheld else {})
