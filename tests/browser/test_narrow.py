"""The clinician's page in a side panel of 360 px, and on other widths: nothing runs over, nothing is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.opening import answer_with, found, made_up, open_chart, trial

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHART = "stomach-nec-liver-mets"
NEAR = "NCT07328490"
OF_COHORTS = "NCT06893783"
OVER = """(wide) => [...document.querySelectorAll("body *")]
    .filter((each) => each.checkVisibility() && !each.closest(".away, .skip, .sheet-table"))
    .filter((each) => each.getBoundingClientRect().right > wide + 0.5 || each.getBoundingClientRect().left < -0.5)
    .map((each) => `${each.tagName}.${each.className}: ${each.textContent.slice(0, 40)}`)"""
CUT = """() => [...document.querySelectorAll("#view *")]
    .filter((each) => each.checkVisibility() && !each.closest(".away, .sheet-table, .said, svg, pre, select, input"))
    .filter((each) => ["hidden", "clip"].includes(getComputedStyle(each).overflowX))
    .filter((each) => each.scrollWidth > each.clientWidth + 1)
    .map((each) => `${each.tagName}.${each.className}: ${each.textContent.slice(0, 40)}`)"""
LONG = "Pneumonoultramicroscopicsilicovolcanoconiosis/" * 6


def unfold(page: Page) -> None:
    page.evaluate("() => document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    page.wait_for_timeout(150)
    page.evaluate("() => document.querySelectorAll('details').forEach((each) => { each.open = true; })")


def fits(page: Page, wide: int) -> None:
    assert page.evaluate(OVER, wide) == []
    assert page.evaluate(CUT) == []
    assert page.evaluate("document.documentElement.scrollWidth") == wide


@pytest.mark.parametrize("wide", [320, 360, 800, 1400])
@pytest.mark.parametrize("route", ["", NEAR, OF_COHORTS, f"{NEAR}/patient", f"{NEAR}/signoff"])
def test_nothing_runs_over(page: Page, service: str, route: str, wide: int) -> None:
    page.set_viewport_size({"width": wide, "height": 740})
    open_chart(page, service, CHART, route)
    fits(page, wide)
    unfold(page)
    fits(page, wide)


def test_words_without_end_are_broken(page: Page, service: str) -> None:
    words: dict[str, str] = dict.fromkeys(("label", "asks", "explanation", "note"), LONG)
    seen = [{"reference": LONG, "label": LONG, "value": LONG, "range": LONG, "date": LONG}]
    settled = {"question": LONG, "search": LONG}
    long = found(
        1, "unknown", **words, evidence=seen, settledBy=settled, source={"line": 1, "text": LONG}, heading=[LONG]
    )
    cohorts = [
        {"id": name, "label": LONG, "open": True, "verdict": "near", "findings": [], "counts": {"met": 1000}}
        for name in "ab"
    ]
    answer_with(page, made_up(trial(1, [long], title=LONG, cohorts=cohorts), trial(2, [found(1, "unmet", **words)])))
    page.set_viewport_size({"width": 360, "height": 740})
    for route in ("", "NCT00000001"):
        open_chart(page, service, CHART, route)
        unfold(page)
        fits(page, 360)
        page.goto("about:blank")


@pytest.mark.parametrize("name", ["start", "fault"])
def test_other_views_fit_too(page: Page, service: str, name: str, watch: object) -> None:
    watch.expects("404")  # type: ignore[attr-defined]
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{service}/app/" if name == "start" else f"{service}/app/?chart=nobody")
    expect(page.locator(".start, .fault").first).to_be_visible()
    fits(page, 360)


def test_in_large_print_it_still_fits(page: Page, service: str) -> None:
    """At twice the size of letters the panel holds as many words as one of half the width."""
    page.set_viewport_size({"width": 640, "height": 740})
    open_chart(page, service, CHART, NEAR)
    page.evaluate(
        "document.documentElement.setAttribute('data-large', ''); document.documentElement.style.fontSize = '200%'"
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 640
