"""Markup in a chart and in a registry's record is shown as the text it is, and runs nowhere."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.opening import answer_with, found, made_up, open_chart, row_of, trial

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

CHART = "colon-nec-near"
NEAR = "NCT07328490"
ONE = "NCT00000001"
GOLDEN = Path(__file__).resolve().parent.parent / "golden" / CHART / "chart.json"
CANARY = '<img src=x onerror="globalThis.caught=1"><script>globalThis.caught=1</script><b onclick="caught=1">bold</b>'
KEPT = frozenset(
    {"resourceType", "id", "reference", "system", "code", "status", "gender", "birthDate", "type", "use", "unit"}
)
NONE_OF_IT = "#view :is(img, script, b, iframe, object, embed, style, form), [onerror], [onclick], [onload], [style]"


def planted(value: Any, name: str = "") -> Any:  # noqa: ANN401 - any JSON
    """Put the canary behind every text of a chart that is not a code, a date or a reference."""
    if isinstance(value, dict):
        return {key: planted(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [planted(each, name) for each in value]
    if isinstance(value, str) and name not in KEPT and not value[:4].isdigit():
        return value + CANARY
    return value


def safe(page: Page) -> None:
    page.evaluate("() => document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    page.wait_for_timeout(100)
    assert page.locator(NONE_OF_IT).count() == 0
    assert page.evaluate("globalThis.caught") is None


@pytest.mark.parametrize("route", ["", NEAR, f"{NEAR}/patient", f"{NEAR}/signoff"])
def test_a_chart_of_markup(page: Page, service: str, route: str) -> None:
    chart = json.loads(GOLDEN.read_bytes())
    before = copy.deepcopy(chart)
    chart = planted(chart)
    assert chart != before

    def give(asked: Route) -> None:
        about = asked.fetch().json()
        asked.fulfill(status=200, content_type="application/json", body=json.dumps(about | {"chart": chart}))

    page.route(f"**/demo/charts/{CHART}", give)
    open_chart(page, service, CHART, route)
    safe(page)
    expect(page.locator("#person")).to_contain_text(CANARY)
    if route == NEAR:
        expect(row_of(page, NEAR, "disease").locator(".evidence").first).to_contain_text(CANARY)


def test_a_demo_of_markup(page: Page, service: str) -> None:
    listed = {
        "today": "2026-06-15",
        "charts": [{"slug": f"a/{CANARY}", "title": CANARY, "asOf": "2026-06-15", "verdicts": {}}],
    }
    page.route("**/demo/charts", lambda route: route.fulfill(json=listed))
    page.goto(f"{service}/app/")
    expect(page.locator(".start li")).to_have_text(CANARY)
    safe(page)
    assert page.locator(".start li a").get_attribute("href").startswith("/app/?chart=a%2F%3Cimg")


@pytest.mark.parametrize("route", ["", ONE, f"{ONE}/patient", f"{ONE}/signoff"])
def test_a_registry_of_markup(page: Page, service: str, route: str, watch: Any) -> None:  # noqa: ANN401
    watch.expects("404")
    words = {name: f"{name} {CANARY}" for name in ("label", "asks", "plain", "explanation", "note")}
    source = {
        "source": {"line": 2, "text": CANARY},
        "heading": [CANARY],
        "settledBy": {"question": CANARY, "search": CANARY},
    }
    seen = [{"reference": CANARY, "label": CANARY, "value": CANARY, "range": CANARY, "date": CANARY, "note": CANARY}]
    points = [{"reference": CANARY, "date": "2026-06-01", "value": 1, "comparator": CANARY}]
    gauge = {"concept": "x", "name": CANARY, "unit": CANARY, "unitShown": CANARY, "units": [CANARY]}
    measured = gauge | {"points": points}
    finding = found(1, "unknown", **words, **source, evidence=seen, measured=measured, parts=[found(2, **words)])
    cohorts = [
        {"id": f"{name}{CANARY}", "label": CANARY, "open": True, "verdict": CANARY, "findings": [], "counts": {}}
        for name in "ab"
    ]
    chart = {
        "read": {CANARY: 1},
        "lost": [{"reference": CANARY, "why": CANARY}],
        "covered": {CANARY: CANARY},
        "gaps": {CANARY: CANARY},
    }
    told = trial(1, [finding], title=CANARY, overallStatus=CANARY, cohorts=cohorts, earliestDate=CANARY)
    answer_with(page, made_up(told, chart=chart))
    open_chart(page, service, CHART, route)
    safe(page)
    assert CANARY in page.locator("#view").inner_text()


@pytest.mark.parametrize(
    "where", ["#/NCT00000001%3Cimg%3E", "#/<img src=x onerror=caught=1>", "#javascript:caught=1", "#/NCT00000001/../x"]
)
def test_an_address_of_markup_shows_all_trials(page: Page, service: str, where: str) -> None:
    page.goto(f"{service}/app/?chart={CHART}{where}")
    expect(page.locator(".row").first).to_be_visible()
    safe(page)
