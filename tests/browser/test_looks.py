"""How the clinician's page looks: no barrier that axe knows of, in either scheme; and the pictures in the documents."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.opening import answer_with, found, made_up, open_chart, row_of, trial

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.watch import Watch

FIGURES = Path(__file__).resolve().parents[2] / "docs" / "figures"
CHART = "colon-nec-near"
NEAR = "NCT07328490"
OF_COHORTS = "NCT06893783"
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])
WIDTHS = pytest.mark.parametrize("wide", [360, 1400])


def in_scheme(page: Page, scheme: str, wide: int = 1400) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": wide, "height": 900})


def unfold(page: Page) -> None:
    for _ in range(2):
        page.evaluate("() => document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        page.wait_for_timeout(150)


@SCHEMES
@WIDTHS
@pytest.mark.parametrize("route", ["", NEAR, OF_COHORTS, f"{NEAR}/patient", f"{NEAR}/signoff"])
def test_nothing_keeps_people_out(
    page: Page, service: str, axe: Callable[[Page], None], scheme: str, wide: int, route: str
) -> None:
    in_scheme(page, scheme, wide)
    open_chart(page, service, CHART, route)
    axe(page)
    if route == NEAR:
        for each in ("platelets", "ast", "brain-metastases", "measurable-disease"):
            row_of(page, NEAR, each).locator("> summary").click()
    else:
        unfold(page)
    axe(page)


@SCHEMES
@pytest.mark.parametrize("name", ["start", "fault", "withheld", "empty"])
def test_nothing_keeps_people_out_where_there_is_nothing_to_tell(
    page: Page, service: str, axe: Callable[[Page], None], watch: Watch, scheme: str, name: str
) -> None:
    watch.expects("404")
    in_scheme(page, scheme, 360)
    if name == "empty":
        answer_with(page, made_up())
    page.goto(
        f"{service}/app/"
        + {"start": "", "fault": "?chart=nobody", "withheld": "?chart=sclc-deceased"}.get(name, f"?chart={CHART}")
    )
    expect(page.locator(".start, .fault, .nothing").first).to_be_visible()
    axe(page)


@SCHEMES
def test_every_verdict_and_answer_can_be_told_apart_without_colour(
    page: Page, service: str, axe: Callable[[Page], None], scheme: str
) -> None:
    in_scheme(page, scheme)
    findings = [
        found(1, basis="attested", expiresOn="2026-06-20"),
        found(2, "unmet", resolvesOn="2026-07-01"),
        found(3, "unknown"),
        found(4, "unknown", cause="judgement"),
    ]
    verdicts = ["candidate", "near", "possible", "does-not-fit", "not-relevant"]
    definition = {"complete": False, "draft": True}
    told = (
        trial(place, findings, each, here=True, definition=definition, earliestDate="2026-07-01")
        for place, each in enumerate(verdicts)
    )
    answer_with(page, made_up(*told))
    open_chart(page, service, CHART)
    unfold(page)
    axe(page)
    for what, number in ((".matrix .verdict", 5), (".row:first-child .number", 4)):
        shapes = page.locator(f"{what} .shape").evaluate_all("all => all.map((each) => each.innerHTML)")
        words = page.locator(what).all_inner_texts()
        assert len(set(shapes)) == len({each.strip() for each in words}) >= number - 1, what
    page.locator("#row-NCT00000000").click()
    unfold(page)
    axe(page)
    assert (
        len(set(page.locator(".finding > summary > .shape").evaluate_all("all => all.map((each) => each.innerHTML)")))
        == 4
    )


def test_nothing_moves_for_who_wants_it_still(page: Page, service: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    open_chart(page, service, CHART, NEAR)
    moving = """() => [...document.querySelectorAll("*")].filter((each) => {
        const { transitionDuration, animationName } = getComputedStyle(each);
        return animationName !== "none" || !/^0s(, 0s)*$/.test(transitionDuration); }).length"""
    assert page.evaluate(moving) == 0


def test_the_forced_colours_of_a_system_leave_every_shape(
    page: Page, service: str, axe: Callable[[Page], None]
) -> None:
    page.emulate_media(forced_colors="active")
    open_chart(page, service, CHART, NEAR)
    expect(row_of(page, NEAR, "platelets").locator("summary .shape")).to_be_visible()
    axe(page)


# ---------------------------------------------------------------------------------- the pictures in the documents

PICTURES: dict[str, tuple[str, str, int, int, str]] = {
    "matrix": ("colon-nec-near", "", 1000, 600, ""),
    "trial": ("stomach-nec-liver-mets", NEAR, 1100, 860, "bilirubin"),
    "cohorts": ("pancreas-lcnec-clean", OF_COHORTS, 1100, 760, ""),
    "panel": ("bile-duct-nec-liver-unknown", NEAR, 360, 900, ""),
    "criterion": ("rectum-nec-lab-chaos", NEAR, 360, 900, "ast"),
    "dark": ("colon-nec-turning-nineteen", "", 1000, 600, ""),
}
"""Six golden charts: each with a view, the size of its picture, and the criterion that is opened."""
MOST_BYTES = 200_000


@pytest.mark.parametrize("name", list(PICTURES))
def test_the_documents_pictures_are_made_anew(page: Page, service: str, tmp_path: Path, name: str) -> None:
    """With ``REWRITE=1`` the pictures in ``docs`` are made anew; without, it is only tried that they can be."""
    slug, route, wide, high, opened = PICTURES[name]
    in_scheme(page, "dark" if name == "dark" else "light")
    page.set_viewport_size({"width": wide, "height": high})
    page.emulate_media(reduced_motion="reduce")
    open_chart(page, service, slug, route)
    if opened:
        row = row_of(page, route, opened)
        row.locator("> summary").click()
        row.evaluate("each => { document.activeElement.blur(); each.scrollIntoView(); scrollBy(0, -8); }")
    page.mouse.move(0, 0)
    page.wait_for_timeout(100)
    picture = (FIGURES if os.environ.get("REWRITE") == "1" else tmp_path) / f"page-{name}.png"
    page.screenshot(path=picture, animations="disabled", caret="hide")
    assert 10_000 < picture.stat().st_size < MOST_BYTES
    kept = FIGURES / picture.name
    assert kept.is_file(), f"docs/figures lacks {picture.name}: REWRITE=1 makes it"
    assert kept.stat().st_size < MOST_BYTES
