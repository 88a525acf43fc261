"""What if there were another result: it counts as the service says, once it is one that can count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.opening import open_chart
from tests.browser.supposing import NEAR, WORDS, bar, questions, told_directly, unfold, verdict

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHART = "colon-nec-near"
ALSO = "NCT05058651"
Json = dict[str, Any]


@pytest.fixture
def asked(page: Page) -> list[Json]:
    return questions(page)


@pytest.fixture
def opened(page: Page, service: str, asked: list[Json]) -> Page:
    open_chart(page, service, "colon-nec-near", NEAR)
    assert asked
    return page


def test_a_result_counts_as_the_service_says(opened: Page, service: str, asked: list[Json]) -> None:
    row = unfold(opened, "platelets")
    row.get_by_label("Value").fill("104")
    row.get_by_role("button", name="Use this result").click()
    result = {"concept": "platelets", "value": "104", "unit": "10*9/L", "date": "2026-06-15"}
    direct = told_directly(opened, service, asked[0], results=[result])
    expect(bar(opened)).to_contain_text("Platelets: 104 × 10⁹/L on 15 June 2026")
    expect(bar(opened)).to_contain_text("Nothing is written to the record.")
    expect(verdict(opened)).to_have_text(WORDS[direct[NEAR]["verdict"]])
    assert direct[NEAR]["verdict"] == "candidate"
    assert asked[-1]["results"] == [result]
    expect(row.locator("summary .attested").first).to_have_text("attested")
    expect(row.get_by_role("button", name="Use this result")).to_be_focused()

    opened.goto(f"{opened.url.partition('#')[0]}#/{ALSO}")
    expect(verdict(opened)).to_have_text(WORDS[direct[ALSO]["verdict"]])
    bar(opened).get_by_role("button", name="Remove").click()
    expect(bar(opened)).not_to_contain_text("Attested here")
    assert asked[-1] == asked[0]


def test_a_score_has_no_unit_to_choose(opened: Page, asked: list[Json]) -> None:
    row = unfold(opened, "ecog")
    expect(row.get_by_label("Unit")).to_have_count(0)
    row.get_by_label("Value").fill("3")
    opened.keyboard.press("Enter")
    expect(row.locator(".truth .word").first).to_have_text("Unmet")
    assert asked[-1]["results"] == [{"concept": "ecog", "value": "3", "unit": "{score}", "date": "2026-06-15"}]


def test_what_is_there_or_not_is_chosen_in_words(page: Page, service: str, asked: list[Json]) -> None:
    open_chart(page, service, CHART, NEAR)
    row = unfold(page, "pregnancy")
    row.get_by_role("button", name="Use this result").click()
    expect(row.locator(".fault-words", has_text="Choose positive or negative.")).to_be_visible()
    row.get_by_label("Pregnancy test").select_option("positive (yes)")
    row.get_by_role("button", name="Use this result").click()
    expect(bar(page)).to_contain_text("Pregnancy test: positive (yes) on 15 June 2026")
    assert (asked[-1]["results"][0]["value"], asked[-1]["results"][0]["unit"]) == ("1", "{presence}")
    assert len(asked) == 2


def test_a_second_result_of_a_day_takes_the_place_of_the_first(opened: Page, asked: list[Json]) -> None:
    row = unfold(opened, "platelets")
    for value in ("104", "<90.50"):
        row.get_by_label("Value").fill(value)
        row.get_by_role("button", name="Use this result").click()
        expect(bar(opened)).to_contain_text(f"Platelets: {value}")
    assert [(each["comparator"], each["value"]) for each in asked[-1]["results"]] == [("<", "90.50")]
    expect(verdict(opened)).to_have_text("Near")


@pytest.mark.parametrize(
    ("value", "says"),
    [("", "Write the value."), ("many", "Write a number"), ("1,5", "with a point and no comma"), ("1e3", "number")],
)
def test_what_is_no_number_is_said_at_its_field(opened: Page, asked: list[Json], value: str, says: str) -> None:
    row = unfold(opened, "platelets")
    row.get_by_label("Value").fill(value)
    row.get_by_role("button", name="Use this result").click()
    expect(row.locator(".fault-words", has_text=says)).to_be_visible()
    expect(row.get_by_label("Value")).to_have_attribute("aria-invalid", "true")
    expect(row.get_by_label("Value")).to_be_focused()
    assert len(asked) == 1


def test_a_result_of_a_day_to_come_is_refused(opened: Page, asked: list[Json]) -> None:
    row = unfold(opened, "platelets")
    row.get_by_label("Value").fill("104")
    row.get_by_label("Date").fill("2026-06-16")
    row.get_by_role("button", name="Use this result").click()
    expect(row.locator(".fault-words", has_text="a later result cannot count")).to_be_visible()
    assert len(asked) == 1


def test_limits_of_normal_are_asked_for_where_the_trial_counts_in_them(opened: Page, asked: list[Json]) -> None:
    row = unfold(opened, "alt")
    which = row.get_by_label("What was measured")
    if which.count():
        which.select_option("ALT")
    row.get_by_label("Value").fill("90")
    row.get_by_label("Upper limit of normal, if known").fill("forty")
    row.get_by_role("button", name="Use this result").click()
    expect(row.locator(".fault-words", has_text="Write a number, as 40 or 1.2")).to_be_visible()
    row.get_by_label("Upper limit of normal, if known").fill("40")
    row.get_by_role("button", name="Use this result").click()
    expect(bar(opened)).to_contain_text("normal up to 40")
    assert asked[-1]["results"][0]["range"] == {"high": "40"}
    expect(row.locator("summary .attested").first).to_be_visible()
