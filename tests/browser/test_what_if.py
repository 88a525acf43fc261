"""What if: a person answers, or moves the day; the page follows the service, and writes nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.opening import answer_with, found, made_up, open_chart, row_of, trial
from tests.browser.supposing import NEAR, WORDS, bar, questions, told_directly, unfold, verdict
from tests.browser.watch import accessible

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.watch import Watch

CHART = "colon-nec-near"
QUESTION = "measurable-disease"
Json = dict[str, Any]


@pytest.fixture
def asked(page: Page) -> list[Json]:
    return questions(page)


@pytest.fixture
def opened(page: Page, service: str, asked: list[Json]) -> Page:
    open_chart(page, service, "colon-nec-near", NEAR)
    assert asked
    return page


# ------------------------------------------------------------------------------------- a person answers


@pytest.mark.parametrize(("answer", "truth"), [("met", "met"), ("not met", "unmet"), ("cannot tell", "unknown")])
def test_an_answer_turns_the_verdict_as_the_service_says(
    opened: Page, service: str, asked: list[Json], answer: str, truth: str
) -> None:
    expect(verdict(opened)).to_have_text("Near")
    attested = [{"criterion": "platelets", "trial": NEAR, "truth": truth, "note": ""}]
    direct = told_directly(opened, service, asked[0], attestations=attested)[NEAR]
    unfold(opened, "platelets").get_by_role("radio", name=re.compile(rf"^{answer}\b")).check()
    expect(bar(opened)).to_contain_text("Attested here: 1 answer.")
    expect(verdict(opened)).to_have_text(WORDS[direct["verdict"]])
    assert asked[-1]["attestations"] == attested
    row = row_of(opened, NEAR, "platelets")
    expect(row.locator(".truth .word").first).to_have_text(
        {"met": "Met", "unmet": "Unmet", "unknown": "To judge"}[truth]
    )
    if truth != "unknown":
        expect(row.locator("summary .attested")).to_have_text("attested")
    expect(row.get_by_role("radio", name=re.compile(rf"^{answer}\b"))).to_be_checked()
    expect(row.get_by_role("radio", name=re.compile(rf"^{answer}\b"))).to_be_focused()


def test_what_was_answered_is_taken_back_one_by_one_or_all_at_once(opened: Page, asked: list[Json]) -> None:
    unfold(opened, "platelets").get_by_role("radio", name="met", exact=True).check()
    expect(verdict(opened)).to_have_text("Candidate")
    unfold(opened, QUESTION).get_by_role("radio", name="not met (no)").check()
    expect(bar(opened)).to_contain_text("Attested here: 2 answers.")
    expect(verdict(opened)).not_to_have_text("Candidate")
    bar(opened).get_by_role("listitem").filter(has_text="Measurable disease").get_by_role("button").click()
    expect(bar(opened)).to_contain_text("Attested here: 1 answer.")
    expect(verdict(opened)).to_have_text("Candidate")
    expect(bar(opened)).to_be_focused()
    bar(opened).get_by_role("button", name="Start over").click()
    expect(bar(opened)).not_to_contain_text("Attested here")
    expect(verdict(opened)).to_have_text("Near")
    assert asked[-1] == asked[0]


def test_as_the_records_say_is_an_answer_taken_back(opened: Page, asked: list[Json]) -> None:
    row = unfold(opened, "platelets")
    row.get_by_role("radio", name="met", exact=True).check()
    expect(verdict(opened)).to_have_text("Candidate")
    row.get_by_role("radio", name="as the records say").check()
    expect(verdict(opened)).to_have_text("Near")
    assert asked[-1]["attestations"] == []


def test_a_note_goes_with_the_answer(opened: Page, asked: list[Json]) -> None:
    row = unfold(opened, QUESTION)
    row.get_by_role("radio", name="met (yes)", exact=True).check()
    expect(bar(opened)).to_contain_text("Measurable disease: met")
    row.get_by_label("Note (who says so, how it is known)").fill("CT of May <b>")
    opened.keyboard.press("Tab")
    expect(bar(opened)).to_contain_text("Measurable disease: met, “CT of May <b>”")
    assert asked[-1]["attestations"][0]["note"] == "CT of May <b>"
    expect(row).to_contain_text("A person said so: CT of May <b>.")
    expect(opened.locator("#view b")).to_have_count(0)


def test_the_same_question_of_other_trials_is_answered_only_where_that_is_chosen(
    page: Page, service: str, asked: list[Json]
) -> None:
    say = {"asks": "The trial asks for platelets.", "plain": "You have enough platelets."}
    answer_with(page, made_up(*(trial(number, [found(1, "unknown", **say)]) for number in (1, 2, 3))))
    open_chart(page, service, CHART, "NCT00000001")
    row = unfold(page, "c1", "NCT00000001")
    also = row.get_by_role("checkbox", name="also for 2 other trials that ask the same")
    expect(also).not_to_be_checked()
    row.get_by_role("radio", name="met", exact=True).check()
    expect(bar(page)).to_contain_text("1 answer.")
    expect(also).not_to_be_checked()
    also.check()
    expect(bar(page)).to_contain_text("3 answers.")
    expect(also).to_be_checked()
    assert {each["trial"] for each in asked[-1]["attestations"]} == {"NCT00000001", "NCT00000002", "NCT00000003"}
    row.get_by_role("radio", name="not met").check()
    expect(bar(page).get_by_role("listitem")).to_have_text([re.compile("not met")] * 3)
    also.uncheck()
    expect(bar(page)).to_contain_text("1 answer.")
    assert [each["trial"] for each in asked[-1]["attestations"]] == ["NCT00000001"]


def test_trials_that_ask_otherwise_are_left_alone(page: Page, service: str) -> None:
    answer_with(page, made_up(trial(1, [found(1, "unknown")]), trial(2, [found(3, "unknown")])))
    open_chart(page, service, CHART, "NCT00000001")
    expect(unfold(page, "c1", "NCT00000001").get_by_role("checkbox")).to_have_count(0)


# ------------------------------------------------------------------------------------- the day


def test_the_day_of_the_first_dose_is_moved(opened: Page, service: str, asked: list[Json]) -> None:
    direct = told_directly(opened, service, asked[0], asOf="2026-07-01")
    opened.get_by_label("First dose on").fill("2026-07-01")
    expect(bar(opened)).to_contain_text("First dose on 1 July 2026, not on 15 June 2026")
    expect(verdict(opened)).to_have_text(WORDS[direct[NEAR]["verdict"]])
    assert asked[-1]["asOf"] == "2026-07-01"
    bar(opened).get_by_role("button", name="Remove").click()
    expect(bar(opened)).not_to_contain_text("Attested here")
    expect(opened.get_by_label("First dose on")).to_have_value("2026-06-15")
    assert asked[-1] == asked[0]


def test_a_day_counts_once_it_is_typed_whole(opened: Page, asked: list[Json]) -> None:
    opened.get_by_label("First dose on").focus()
    opened.keyboard.type("07072026", delay=20)  # the seventh of July, whichever comes first
    assert len(asked) == 1
    opened.keyboard.press("Enter")
    expect(bar(opened)).to_contain_text("First dose on 7 July 2026")
    assert [each["asOf"] for each in asked[1:]] == ["2026-07-07"]


def test_a_day_far_off_or_before_a_result_is_refused_in_words(opened: Page, asked: list[Json]) -> None:
    opened.get_by_label("First dose on").fill("2062-07-01")
    expect(bar(opened).get_by_role("alert")).to_have_text("Choose a day within 5 years of today.")
    opened.get_by_label("First dose on").fill("2026-06-15")
    expect(bar(opened).get_by_role("alert")).to_have_text("")
    row = unfold(opened, "platelets")
    row.get_by_label("Value").fill("104")
    row.get_by_role("button", name="Use this result").click()
    expect(bar(opened)).to_contain_text("Attested here: 1 result.")
    opened.get_by_label("First dose on").fill("2026-06-14")
    expect(bar(opened).get_by_role("alert")).to_contain_text("A result of 15 June 2026 is entered below")
    assert {each["asOf"] for each in asked} == {"2026-06-15"}


# ------------------------------------------------------------------------------------- nothing is written


def test_nothing_goes_anywhere_but_to_the_assessment(opened: Page, watch: Watch) -> None:
    before = len(watch.asked)
    row = unfold(opened, "platelets")
    row.get_by_role("radio", name="met", exact=True).check()
    expect(verdict(opened)).to_have_text("Candidate")
    row.get_by_label("Value").fill("104")
    row.get_by_role("button", name="Use this result").click()
    expect(bar(opened)).to_contain_text("1 answer, 1 result")
    opened.get_by_label("First dose on").fill("2026-07-01")
    expect(bar(opened)).to_contain_text("first dose on")
    opened.wait_for_timeout(300)
    assert {re.sub(r"^.*?//[^/]+", "", each) for each in watch.asked[before:]} == {"/api/assessments"}
    kept = "[localStorage.length, sessionStorage.length, document.cookie]"
    assert opened.evaluate(kept) == [0, 0, ""]
    expect(opened.get_by_role("button", name="Save to the record")).to_have_count(0)


# ------------------------------------------------------------------------------------- how it looks


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_anybody_out(opened: Page, scheme: str) -> None:
    opened.emulate_media(color_scheme=scheme)
    row = unfold(opened, "platelets")
    row.get_by_label("Value").fill("x")
    row.get_by_role("button", name="Use this result").click()
    row.get_by_role("radio", name="met", exact=True).check()
    expect(bar(opened)).to_contain_text("Attested here")
    accessible(opened)


def test_it_fits_a_narrow_screen(opened: Page) -> None:
    opened.set_viewport_size({"width": 360, "height": 800})
    row = unfold(opened, "alt")
    row.get_by_role("radio", name="met", exact=True).check()
    expect(bar(opened)).to_contain_text("Attested here")
    assert opened.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
