"""The clinician's page without a mouse."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.opening import open_chart, row_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHART = "colon-nec-near"
NEAR = "NCT07328490"
SECOND = "NCT05058651"


def tab_to(page: Page, wanted: str, most: int = 120) -> None:
    """Press Tab until the focus is on what a selector names."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            return
    raise AssertionError(f"Tab never reaches {wanted}")


def test_arrows_go_from_trial_to_trial_and_enter_opens(page: Page, service: str) -> None:
    open_chart(page, service, CHART)
    page.keyboard.press("ArrowDown")
    expect(page.locator(f"#row-{NEAR}")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(f"#row-{SECOND}")).to_be_focused()
    page.keyboard.press("End")
    expect(page.locator("#fold-not-relevant > summary")).to_be_focused()
    page.keyboard.press("Home")
    expect(page.locator(f"#row-{NEAR}")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=2)).to_be_focused()
    expect(page.locator(".finding").first).to_be_visible()


def test_the_focus_is_seen(page: Page, service: str) -> None:
    open_chart(page, service, CHART)
    tab_to(page, ".row .title")
    outline = "getComputedStyle(document.activeElement, '::after').outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.keyboard.press("Enter")
    tab_to(page, ".finding > summary")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_escape_goes_back_to_where_one_was(page: Page, service: str) -> None:
    open_chart(page, service, CHART)
    page.locator(f"#row-{SECOND}").press("Enter")
    expect(page.locator(".finding").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(f"#row-{SECOND}")).to_be_focused()


def test_escape_goes_back_into_a_fold(page: Page, service: str) -> None:
    open_chart(page, service, CHART)
    page.locator("#fold-not-relevant > summary").press("Enter")
    page.keyboard.press("ArrowDown")
    first = page.evaluate("document.activeElement.id")
    page.keyboard.press("Enter")
    expect(page.locator(".trial-head")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(f"#{first}")).to_be_focused()


def test_escape_in_a_sheet_goes_back_to_its_trial(page: Page, service: str) -> None:
    open_chart(page, service, CHART, f"{NEAR}/signoff")
    page.keyboard.press("Escape")
    expect(page.locator(".finding").first).to_be_visible()


def test_escape_in_a_field_stays(page: Page, service: str) -> None:
    open_chart(page, service, CHART, NEAR)
    page.get_by_label("First dose on").press("Escape")
    expect(page.locator(".trial-head")).to_be_visible()


def test_arrows_go_from_criterion_to_criterion(page: Page, service: str) -> None:
    open_chart(page, service, CHART, NEAR)
    rows = page.locator(".finding > summary").evaluate_all("all => all.map(each => each.id)")
    tab_to(page, ".finding > summary")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.id") == rows[1]
    page.keyboard.press("Enter")
    expect(page.locator(".finding").nth(1)).to_have_attribute("open", "")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.id") == rows[2]


def test_an_answer_keeps_focus_and_folds(page: Page, service: str) -> None:
    open_chart(page, service, CHART, NEAR)
    row_of(page, NEAR, "platelets").locator("> summary").press("Enter")
    row_of(page, NEAR, "age").locator("> summary").press("Enter")
    met = row_of(page, NEAR, "platelets").get_by_role("radio", name="met", exact=True)
    met.press("Space")
    expect(page.locator(".trial-head .verdict .word")).to_have_text("Candidate")
    expect(met).to_be_focused()
    expect(row_of(page, NEAR, "platelets")).to_have_attribute("open", "")
    expect(row_of(page, NEAR, "age").locator(".body")).to_be_visible()


def test_words_half_typed_outlive_an_answer(page: Page, service: str) -> None:
    open_chart(page, service, CHART, NEAR)
    row = row_of(page, NEAR, "platelets")
    row.locator("> summary").press("Enter")
    row.get_by_role("radio", name="met", exact=True).press("Space")
    with page.expect_response("**/api/assessments"):
        row.get_by_label("Note (who says so, how it is known)").focus()
        page.keyboard.type("by telephone")
    expect(page.locator(".trial-head .verdict .word")).to_have_text("Candidate")
    expect(row.get_by_label("Note (who says so, how it is known)")).to_have_value("by telephone")
    page.keyboard.type(" today")
    expect(row.get_by_label("Note (who says so, how it is known)")).to_have_value("by telephone today")


def test_a_filter_keeps_focus_and_folds(page: Page, service: str) -> None:
    open_chart(page, service, CHART, NEAR)
    row_of(page, NEAR, "platelets").locator("> summary").press("Enter")
    page.get_by_label("Hide met").press("Space")
    expect(page.get_by_label("Hide met")).to_be_focused()
    expect(row_of(page, NEAR, "platelets")).to_have_attribute("open", "")


def test_everything_is_reached_by_tab(page: Page, service: str) -> None:
    open_chart(page, service, CHART, NEAR)
    wanted = page.evaluate(
        """() => [...document.querySelectorAll("a[href], button, input, select, summary")]
            .filter((each) => each.checkVisibility()).map((each) => each.id || each.textContent.trim())"""
    )
    reached = set()
    for _ in range(len(wanted) + 5):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    assert len(wanted) > 50
    assert set(wanted) <= reached, set(wanted) - reached


def test_the_skip_link_leads_past_the_header(page: Page, service: str) -> None:
    open_chart(page, service, CHART, NEAR)
    page.locator("body").press("Home")
    page.evaluate("document.activeElement.blur()")
    tab_to(page, ".skip")
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    assert page.url.endswith(f"#/{NEAR}")


@pytest.mark.parametrize("route", ["", NEAR, f"{NEAR}/patient", f"{NEAR}/signoff"])
def test_headings_and_landmarks_tell_the_page(page: Page, service: str, route: str) -> None:
    open_chart(page, service, CHART, route)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.get_by_role("main")).to_have_count(1)
    levels = page.locator("h1, h2, h3, h4, h5").evaluate_all(
        "all => all.filter(each => each.checkVisibility()).map(each => Number(each.tagName[1]))"
    )
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels
