"""The demo: a hook, its cards and the page behind a card are seen at once, with nothing chosen before."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.watch import accessible

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

CHART = "stomach-nec-liver-mets"
TRIAL = "NCT07328490"
DOCS = Path(__file__).resolve().parents[2] / "docs"
BEHIND = re.compile(r"^Every criterion of NCT\d{8}$")


@pytest.fixture
def demo(page: Page, service: str) -> Page:
    """Open the demo as a newcomer does, and wait until its first cards are there."""
    page.goto(f"{service}/")
    expect(page.locator(".card").first).to_be_visible()
    return page


def link_of(page: Page, trial: str) -> Locator:
    return page.locator("#cards").get_by_role("link", name=f"Every criterion of {trial}")


def test_the_first_view_is_full(demo: Page) -> None:
    expect(demo.locator("#charts a[aria-current]")).to_have_count(1)
    expect(demo.locator("#chart .person")).to_be_visible()
    expect(demo.locator("#exchange")).to_contain_text("POST /cds-services/trialcards-patient-view")
    expect(demo.locator("#exchange .keys li").first).to_be_visible()
    expect(demo.get_by_role("region", name="Response")).to_contain_text('"cards"')
    expect(demo.locator("#cards > .marks")).to_contain_text("candidate")
    assert demo.locator(".steps li").all_inner_texts()[1].startswith("Cards come back")
    expect(demo.locator(".steps .done")).to_have_count(2)


def test_a_card_opens_the_page_behind_it_in_a_frame(demo: Page, service: str) -> None:
    demo.goto(f"{service}/#{CHART}")
    link_of(demo, TRIAL).click()
    frame = demo.locator("#page iframe")
    expect(frame).to_have_attribute("src", f"/app/?chart={CHART}#/{TRIAL}")
    expect(frame).to_have_attribute("title", f"Every criterion of {TRIAL}")
    expect(demo.frame_locator("#page iframe").get_by_text(TRIAL).first).to_be_visible()
    expect(demo.locator("#page-column")).to_be_focused()
    expect(demo.get_by_role("link", name="Open wide")).to_have_attribute("href", f"/app/?chart={CHART}#/{TRIAL}")
    expect(link_of(demo, TRIAL)).to_have_attribute("aria-current", "true")
    expect(demo.locator(".steps .done")).to_have_count(3)
    box = frame.bounding_box()
    assert box is not None
    assert 360 <= box["width"] <= 480

    demo.get_by_role("button", name="Close").click()
    expect(frame).to_have_count(0)
    expect(link_of(demo, TRIAL)).to_be_focused()


def test_an_address_opens_chart_and_page_together(page: Page, service: str) -> None:
    page.goto(f"{service}/#{CHART}/{TRIAL}")
    expect(page.frame_locator("#page iframe").get_by_text(TRIAL).first).to_be_visible()
    expect(page.locator("#charts a[aria-current]")).to_have_attribute("href", f"#{CHART}")


def test_every_card_of_one_trial_has_its_page_and_the_others_the_page_of_all(demo: Page) -> None:
    links = demo.locator(".card .behind a").all_inner_texts()
    assert len(links) == demo.locator(".card").count()
    topics = demo.locator(".card .topic").all_inner_texts()
    assert [bool(BEHIND.match(" ".join(each.split()))) for each in links] == [each.startswith("NCT") for each in topics]


def test_withheld_cards_are_said_to_be_and_the_page_is_there_all_the_same(page: Page, service: str) -> None:
    page.goto(f"{service}/#sclc-deceased")
    expect(page.locator("#cards .nothing")).to_contain_text("Cards are withheld: deceased.")
    page.get_by_role("link", name="Every trial for this chart").first.click()
    expect(page.locator("#page iframe")).to_have_attribute("src", "/app/?chart=sclc-deceased#/")


def test_another_chart_is_chosen_by_keyboard_alone(demo: Page) -> None:
    demo.keyboard.press("Tab")
    expect(demo.get_by_role("link", name="Skip to the cards")).to_be_focused()
    for _ in range(40):
        demo.keyboard.press("Tab")
        if demo.evaluate("document.activeElement.closest('#charts') && !document.activeElement.ariaCurrent"):
            break
    demo.keyboard.press("Enter")
    expect(demo.locator("#charts a[aria-current]")).to_be_focused()
    expect(demo.locator(".card, #cards .nothing").first).to_be_visible()
    assert "#" in demo.url


def test_the_skip_link_keeps_the_chart(demo: Page) -> None:
    demo.keyboard.press("Tab")
    demo.keyboard.press("Enter")
    expect(demo.locator("#cards-column")).to_be_focused()
    expect(demo.locator(".card").first).to_be_visible()


@pytest.mark.parametrize("width", [360, 900])
def test_it_fits_a_narrow_screen(page: Page, service: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for place in ("", f"{CHART}/{TRIAL}"):
        page.goto(f"{service}/#{place}")
        page.reload()
        expect(page.locator(".card").first).to_be_attached()
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    expect(page.locator("#page iframe")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".card").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1400])
def test_nothing_keeps_anybody_out(page: Page, service: str, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    for place in ("", f"{CHART}/{TRIAL}"):
        page.goto(f"{service}/#{place}")
        page.reload()
        expect(page.locator(".card").first).to_be_attached()
        accessible(page)


def test_the_readme_shows_the_demo_and_a_card_as_they_are(page: Page, service: str, tmp_path: Path) -> None:
    """With ``REWRITE=1`` the pictures in ``docs`` are made anew; without, it is only tried that they can be."""
    folder = DOCS if os.environ.get("REWRITE") else tmp_path
    page.set_viewport_size({"width": 1440, "height": 1000})
    page.goto(f"{service}/#{CHART}/{TRIAL}")
    expect(page.frame_locator("#page iframe").get_by_text(TRIAL).first).to_be_visible()
    expect(page.locator(".card").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.screenshot(path=folder / "demo.png")
    page.set_viewport_size({"width": 700, "height": 1000})
    page.goto(f"{service}/#colon-nec-near")
    expect(link_of(page, TRIAL)).to_be_visible()
    page.locator(".card", has=page.get_by_role("link", name=f"Every criterion of {TRIAL}")).screenshot(
        path=folder / "card.png"
    )
    assert all((folder / name).stat().st_size > 10_000 for name in ("demo.png", "card.png"))
