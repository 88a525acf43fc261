"""The sheets to print: one trial for the patient in plain words, and one to be signed off."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import textstat
from playwright.sync_api import expect

from cds.trials.load import definition_files
from tests.browser.opening import answer_with, found, made_up, open_chart, trial
from tests.browser.watch import accessible

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHART = "colon-nec-near"
NEAR = "NCT07328490"
MADE_UP = "NCT00000001"
CURATED = [path.stem for path in definition_files(Path(__file__).resolve().parents[2] / "trials")]
HARDEST = 8
IDENTIFIERS = re.compile(r"Ashgrove|Cornelius|1966|\bmale\b|ashgrove-", re.IGNORECASE)
SENTENCES = """() => {
  const sheet = document.querySelector(".sheet").cloneNode(true);
  for (const each of sheet.querySelectorAll(".name, .screen-only, a")) each.remove();
  return [...sheet.querySelectorAll("p, li")].map((each) => each.textContent.trim()).filter(Boolean);
}"""
"""What is read, without headings and without what only has a name: of the trial, of places, of people."""

Json = dict[str, Any]


def open_sheet(page: Page, service: str, nct_id: str = NEAR, sheet: str = "patient") -> None:
    open_chart(page, service, CHART, f"{nct_id}/{sheet}")
    expect(page.locator(".sheet")).to_be_visible()


def open_made_up(page: Page, service: str, told: Json, detail: Json, sheet: str = "patient") -> None:
    """Open a sheet of a trial that a test has made up."""
    answer_with(page, made_up(told))
    body = json.dumps(
        {"nctId": MADE_UP, "url": f"https://clinicaltrials.gov/study/{MADE_UP}", "facilities": []} | detail
    )
    page.route(f"**/api/trials/{MADE_UP}", lambda route: route.fulfill(body=body, content_type="application/json"))
    open_sheet(page, service, MADE_UP, sheet)


def part(page: Page, title: str) -> Any:  # noqa: ANN401 - Playwright may not be here
    return page.locator(".sheet section", has=page.get_by_role("heading", name=title, exact=True))


def plain(number: int, truth: str, **members: object) -> Json:
    return found(number, truth, **{"plain": f"You have the thing of number {number}."} | members)


# ------------------------------------------------------------------------------------- for the patient


def test_it_tells_in_plain_words_what_fits_what_is_open_and_what_does_not(page: Page, service: str) -> None:
    with page.expect_response("**/api/assessments") as waited:
        open_sheet(page, service)
    (told,) = [each for each in waited.value.json()["trials"] if each["nctId"] == NEAR]
    for truth, title in [
        ("met", "What seems to fit"),
        ("unknown", "What must still be checked"),
        ("unmet", "What does not fit now"),
    ]:
        said = part(page, title).get_by_role("listitem").all_inner_texts()
        assert sorted(said) == sorted(each["plain"] for each in told["findings"] if each["truth"] == truth)
    expect(part(page, "What the study is about")).to_contain_text("This study tests two drugs together")
    expect(part(page, "Questions to bring").get_by_role("listitem")).to_have_count(8)
    expect(part(page, "Where this comes from")).to_contain_text("26 January 2026")
    expect(part(page, "Where this comes from")).to_contain_text("This page was made on 15 June 2026.")
    expect(part(page, "What this page is not")).to_contain_text("Only the study team can say if you can join.")
    link = part(page, "Where this comes from").get_by_role("link")
    expect(link).to_have_attribute("href", f"https://clinicaltrials.gov/study/{NEAR}")


def test_nobody_is_named_unless_it_is_wanted(page: Page, service: str) -> None:
    open_sheet(page, service)
    assert not IDENTIFIERS.search(page.locator(".sheet").evaluate("each => each.outerHTML"))
    page.get_by_role("checkbox", name="Put my name on it").check()
    expect(page.locator("#sheet-name")).to_have_text(re.compile(r"^For .*Ashgrove"))
    page.get_by_role("checkbox", name="Put my name on it").uncheck()
    assert not IDENTIFIERS.search(page.locator(".sheet").evaluate("each => each.outerHTML"))


@pytest.mark.parametrize("sheet", ["patient", "signoff"])
def test_what_is_printed_is_the_sheet_alone(page: Page, service: str, sheet: str) -> None:
    open_sheet(page, service, sheet=sheet)
    page.evaluate("globalThis.print = () => { globalThis.printed = true; }")
    page.get_by_role("button", name="Print").click()
    assert page.evaluate("printed") is True
    page.emulate_media(media="print", color_scheme="dark")
    for gone in (page.locator("header.bar"), page.get_by_role("button", name="Print"), page.locator(".skip")):
        expect(gone).to_be_hidden()
    expect(page.get_by_role("link", name="Back to the trial")).to_be_hidden()
    if sheet == "patient":
        assert not IDENTIFIERS.search(page.locator("body").inner_text())
    colours = page.locator(".sheet h3, .sheet h2, .sheet th").first.evaluate(
        "each => [getComputedStyle(each).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]


def test_the_print_is_a_few_pages(page: Page, service: str) -> None:
    open_sheet(page, service)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) <= 4


def test_a_finding_that_time_alone_turns_is_told_with_its_day(page: Page, service: str) -> None:
    told = trial(
        1,
        [plain(1, "unmet", resolvesOn="2026-06-20"), plain(2, "unmet", clearsOn="2026-07-02"), plain(3, "unmet")],
        earliestDate="2026-07-02",
    )
    open_made_up(page, service, told, {})
    expect(part(page, "What does not fit now").get_by_role("listitem")).to_have_text(
        [
            "You have the thing of number 1. With time alone, this will fit from 20 June 2026.",
            "You have the thing of number 2. With time alone, this may pass from 2 July 2026.",
            "You have the thing of number 3.",
        ]
    )
    expect(part(page, "What does not fit now")).to_contain_text("ask again from 2 July 2026")


def test_criteria_without_plain_words_are_counted_and_not_put_in_others(page: Page, service: str) -> None:
    open_made_up(page, service, trial(1, [found(1), plain(2, "met"), found(3, "unknown"), found(4, "unknown")]), {})
    expect(part(page, "What seems to fit")).to_contain_text("Your care team will check 1 more rule.")
    expect(part(page, "What must still be checked")).to_contain_text("Your care team will check 2 more rules.")
    assert "Criterion 1" not in page.locator(".sheet").inner_text()


def test_a_draft_without_words_of_its_own_is_said_to_be_one(page: Page, service: str) -> None:
    told = trial(1, [plain(1, "met")], definition={"complete": False, "draft": True})
    registry = {"phases": ["PHASE1", "PHASE2"], "conditions": ["Glioma"], "drugs": ["Nivolumab"]}
    open_made_up(page, service, told, {"registry": registry})
    expect(part(page, "What the study is about")).to_contain_text("It is for people with: Glioma.")
    expect(part(page, "What the study is about")).to_contain_text("It looks at: Nivolumab.")
    expect(part(page, "How far along the testing is")).to_contain_text("This study has more than one part.")
    expect(part(page, "What this page is not")).to_contain_text("A machine read the rules of this study.")
    expect(part(page, "Where this comes from")).to_contain_text("We do not know the day of the list")


def test_ones_own_place_comes_first_with_whom_to_ask(page: Page, service: str) -> None:
    places = [
        {"name": "Far", "country": "Ruritania", "open": True},
        {"name": "Shut", "country": "Ruritania", "open": False, "own": True},
        {"name": "Near", "city": "Hill", "country": "Ruritania", "open": True, "own": True, "contact": "Ada, 555 0100"},
        *({"name": f"Place {number}", "open": True} for number in range(9)),
    ]
    contacts = [{"name": "Bea", "role": "CONTACT", "phone": "555 0101", "email": "bea@example.org"}]
    open_made_up(page, service, trial(1, [plain(1, "met")]), {"facilities": places, "contacts": contacts})
    where = part(page, "Where it is, and whom to ask")
    items = where.get_by_role("listitem").all_inner_texts()
    assert items[:3] == [
        "Near, Hill, Ruritania (your clinic, open). Ask: Ada, 555 0100",
        "Shut, Ruritania (your clinic, not open now)",
        "Far, Ruritania (open)",
    ]
    assert items[-1] == "Bea, contact, 555 0101, bea@example.org"
    expect(where).to_contain_text("There are 4 more.")


def test_without_the_trials_own_page_the_sheet_still_stands(page: Page, service: str, watch: Any) -> None:  # noqa: ANN401
    watch.expects("503")
    page.route(f"**/api/trials/{NEAR}", lambda route: route.fulfill(status=503, json={}))
    open_sheet(page, service)
    expect(part(page, "What the study is about")).to_contain_text("Nobody has put this study into plain words yet.")


@pytest.mark.parametrize("nct_id", CURATED)
def test_a_patient_can_read_it(page: Page, service: str, nct_id: str) -> None:
    open_sheet(page, service, nct_id)
    sentences = page.evaluate(SENTENCES)
    assert len(sentences) > 20
    text = "\n".join(each if each[-1] in ".?!" else f"{each}." for each in sentences)
    assert textstat.textstat.flesch_kincaid_grade(text) <= HARDEST, text


# ------------------------------------------------------------------------------------- to sign off


def test_every_criterion_has_a_line_to_sign(page: Page, service: str) -> None:
    with page.expect_response("**/api/assessments") as waited:
        open_sheet(page, service, sheet="signoff")
    (told,) = [each for each in waited.value.json()["trials"] if each["nctId"] == NEAR]
    rows = page.locator(".signoff tbody tr:not(.part)")
    expect(rows).to_have_count(len(told["findings"]))
    row = rows.filter(has=page.get_by_role("rowheader", name=re.compile("^Platelets at least")))
    for words in ("Unmet", "Platelets 92", "12 June 2026", "Line 13", "yes", "no", "n.a."):
        expect(row).to_contain_text(words)
    for words in ("2026-01-26.2", "26 January 2026", "15 June 2026", "Screening number", "Signature"):
        expect(page.locator(".sheet")).to_contain_text(words)
    assert not re.search("Ashgrove|Cornelius|1966", page.locator(".sheet").inner_text())


def test_what_was_attested_is_marked_on_the_sheet(page: Page, service: str) -> None:
    open_chart(page, service, CHART, NEAR)
    page.locator(f"[id='f-{NEAR}--platelets-summary']").click()
    page.locator(f"[id='f-{NEAR}--platelets']").get_by_role("radio", name="met", exact=True).check()
    expect(page.locator("#what-if")).to_contain_text("Attested here")
    page.get_by_role("link", name="Sheet to sign off").click()
    row = page.locator(".signoff tbody tr", has=page.get_by_role("rowheader", name=re.compile("^Platelets at least")))
    expect(row.locator(".mark.attested")).to_have_text("attested")
    expect(page.locator(".attested-here")).to_contain_text("Platelets at least 100 × 10⁹/L: met")
    page.get_by_role("link", name="Back to the trial").click()
    page.get_by_role("link", name="patient").click()
    expect(page.locator(".sheet")).to_contain_text("(Someone said so. It is not from your records.)")
    expect(page.locator(".sheet")).to_contain_text("Some answers were given by a person today.")


# ------------------------------------------------------------------------------------- how they look


@pytest.mark.parametrize("sheet", ["patient", "signoff"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_anybody_out(page: Page, service: str, scheme: str, sheet: str) -> None:
    page.emulate_media(color_scheme=scheme)
    open_sheet(page, service, sheet=sheet)
    accessible(page)


@pytest.mark.parametrize("sheet", ["patient", "signoff"])
def test_it_fits_a_narrow_screen(page: Page, service: str, sheet: str) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    open_sheet(page, service, sheet=sheet)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
