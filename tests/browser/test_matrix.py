"""The matrix and an opened trial: everything the service says is there, in words as well as by shape and colour."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Error, expect

from cds.settings import Settings
from tests.browser.opening import answer_with, found, made_up, open_chart, row_of, trial

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, Route

    from tests.browser.watch import Watch

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
CASES = {place.parent.name: json.loads(place.read_bytes()) for place in sorted(GOLDEN.glob("*/case.json"))}
CHART = "colon-nec-near"
NEAR = "NCT07328490"
OF_COHORTS = "NCT06893783"
ONE = "NCT00000001"
WORDS = {
    "candidate": "Candidate",
    "near": "Near",
    "possible": "Possible",
    "does-not-fit": "Does not fit",
    "not-relevant": "Not relevant",
}
SORTS = ("unmet", "unknown", "judgement", "met")

Json = dict[str, Any]


def asked_of(page: Page, service: str, slug: str, route: str = "") -> Json:
    """Open the page on a chart, and give the answer that it shows."""
    with page.expect_response("**/api/assessments") as waited:
        open_chart(page, service, slug, route)
    answer: Json = waited.value.json()
    return answer


def of(answer: Json, nct_id: str) -> Json:
    return next(each for each in answer["trials"] if each["nctId"] == nct_id)


def sort_of(finding: Json) -> str:
    return "judgement" if finding.get("cause") in {"judgement", "not-computable"} else finding["truth"]


def row(page: Page, nct_id: str) -> Any:  # noqa: ANN401 - Playwright may not be here
    return page.locator(".row", has=page.locator(f"#row-{nct_id}"))


# ------------------------------------------------------------------------------------------------------- all trials


@pytest.mark.parametrize("slug", sorted(slug for slug, case in CASES.items() if not case.get("withheld")))
def test_the_verdicts_are_those_of_the_golden_chart(page: Page, service: str, slug: str) -> None:
    open_chart(page, service, slug)
    for nct_id, verdict in CASES[slug]["verdicts"].items():
        expect(row(page, nct_id).locator(".verdict .word")).to_have_text(WORDS[verdict])


def test_trials_are_told_best_first_with_verdict_and_counts(page: Page, service: str) -> None:
    answer = asked_of(page, service, CHART)
    links = page.locator(".matrix .title").evaluate_all("all => all.map(each => each.id)")
    assert links == [f"row-{each['nctId']}" for each in answer["trials"]]
    for told in answer["trials"]:
        one = row(page, told["nctId"])
        expect(one).to_contain_text(told["title"])
        counts = [" ".join(each.split()) for each in one.locator(".number").all_text_contents()]
        words = ("unmet", "unknown", "to judge", "met")
        assert counts == [f"{told['counts'][sort]} {word}" for sort, word in zip(SORTS, words, strict=True)]


def test_what_stands_in_the_way_is_told_beside_the_title(page: Page, service: str) -> None:
    answer = asked_of(page, service, CHART)
    unmet = [each["label"] for each in of(answer, OF_COHORTS)["findings"] if each["truth"] == "unmet"]
    assert len(unmet) == 3
    ways = row(page, OF_COHORTS).locator(".ways")
    expect(ways).to_contain_text(f"{unmet[0]} (now 92 10*3/uL)")
    expect(ways).to_contain_text(f"{unmet[1]} (met from 20 June)")
    expect(ways).to_contain_text("and 1 more unmet")


def test_what_is_about_another_disease_is_folded_away_with_its_number(page: Page, service: str) -> None:
    open_chart(page, service, "cervix-small-cell-pregnant")
    for name, number, words in (("does-not-fit", 2, "2 trials do not fit"), ("not-relevant", 10, "10 trials are not")):
        fold = page.locator(f"#fold-{name}")
        expect(fold.locator("summary")).to_contain_text(words)
        expect(fold.locator(".matrix")).to_be_hidden()
        fold.locator("summary").click()
        expect(fold.locator(".row")).to_have_count(number)
        expect(fold.locator(".title").first).to_be_visible()


def test_when_time_alone_stands_in_the_way_the_day_is_told(page: Page, service: str) -> None:
    waiting = found(1, "unmet", resolvesOn="2026-07-02", expiresOn="2026-06-20")
    next_year = trial(2, [found(1, "unmet", clearsOn="2027-01-03")], earliestDate="2027-01-03")
    answer_with(page, made_up(trial(1, [waiting], earliestDate="2026-07-02"), next_year))
    open_chart(page, service, CHART)
    expect(row(page, ONE).locator(".when")).to_have_text("Eligible from 2 July")
    expect(row(page, "NCT00000002").locator(".when")).to_have_text("Eligible from 3 January 2027")
    page.locator(f"#row-{ONE}").click()
    expect(page.locator(".trial-head")).to_contain_text("Eligible from 2 July, if nothing else changes")
    marks = page.locator(".finding .mark").all_inner_texts()
    assert marks == ["met from 2 July", "holds until 20 June"]
    page.locator(".finding > summary").click()
    expect(page.locator(".finding .body")).to_contain_text(
        "Time alone removes this obstacle: it is met from 2 July 2026."
    )
    expect(page.locator(".finding .body")).to_contain_text("It holds until 20 June 2026")


def test_what_is_known_of_a_definition_is_marked(page: Page, service: str) -> None:
    draft = {"complete": False, "draft": True}
    looked_at = {"complete": True, "draft": False, "reviewedOn": "2026-05-02"}
    answer_with(page, made_up(trial(1, [found(1)], definition=draft), trial(2, [found(1)], definition=looked_at)))
    open_chart(page, service, CHART)
    expect(row(page, ONE).locator(".mark")).to_have_text(
        ["draft, read by a machine", "not clinically reviewed", "definition incomplete"]
    )
    expect(row(page, "NCT00000002").locator(".mark")).to_have_text(["reviewed on 2 May 2026"])


def test_only_trials_at_my_sites(page: Page, service: str) -> None:
    answer_with(page, made_up(trial(1, [found(1)], here=True), trial(2, [found(1)], here=False)))
    open_chart(page, service, CHART)
    expect(page.locator(".row")).to_have_count(2)
    page.get_by_label("Only at my sites").check()
    expect(page.locator(".row")).to_have_count(1)
    expect(row(page, ONE).locator(".mark.here")).to_have_text("open here")
    page.get_by_label("Only at my sites").uncheck()
    expect(page.locator(".row")).to_have_count(2)


def test_a_site_that_names_no_facilities_has_no_such_filter(page: Page, service: str) -> None:
    open_chart(page, service, CHART)
    expect(page.get_by_label("Only at my sites")).to_have_count(0)


def test_a_site_that_names_its_facilities_has_it(page: Page, service_with: Callable[..., str]) -> None:
    place = service_with(Settings(demo_charts=GOLDEN, facilities=("Nowhere General",)))
    open_chart(page, place, CHART)
    page.get_by_label("Only at my sites").check()
    expect(page.locator(".nothing")).to_have_text("No trial is left by these filters.")


def test_no_trials_at_all(page: Page, service: str) -> None:
    answer_with(page, made_up())
    open_chart(page, service, CHART)
    expect(page.locator(".nothing")).to_have_text("No trials are loaded here.")


# -------------------------------------------------------------------------------------------- what could not be told


def test_what_could_not_be_read_is_said(page: Page, service: str) -> None:
    chart = {
        "read": {"Patient": 1},
        "lost": [{"reference": "Observation/7", "why": "value is not a number"}],
        "covered": {"Patient": "complete", "Condition": "not-read", "Observation": "partial"},
        "gaps": {"Condition": "the FHIR server answered 403"},
    }
    answer_with(page, made_up(trial(1, [found(1)]), chart=chart))
    open_chart(page, service, CHART)
    fold = page.locator("#fold-read")
    expect(fold.locator("summary")).to_have_text(
        "Not everything could be read: diagnoses not read, results read in part, 1 entry unreadable"
    )
    fold.locator("summary").click()
    expect(fold).to_contain_text("Diagnoses (Condition) not read: the FHIR server answered 403.")
    expect(fold).to_contain_text("Observation/7 value is not a number")


def test_a_chart_with_entries_that_could_not_be_read(page: Page, service: str) -> None:
    open_chart(page, service, "rectum-nec-lab-chaos")
    fold = page.locator("#fold-read")
    expect(fold.locator("summary")).to_have_text("Not everything could be read: 3 entries unreadable")
    expect(fold).to_contain_text("value is not a number: 'haemolysed'")


@pytest.mark.parametrize(("withheld", "says"), [("deceased", "has died"), ("opted-out", "does not want to hear")])
def test_whom_no_trial_may_be_told_is_told_none(page: Page, service: str, withheld: str, says: str) -> None:
    answer_with(page, made_up(trial(1, [found(1)]), withheld=withheld))
    for route in ("", ONE, f"{ONE}/patient", f"{ONE}/signoff"):
        open_chart(page, service, CHART, route)
        expect(page.get_by_role("heading", name="No trials are told")).to_be_visible()
        expect(page.locator("#view")).to_contain_text(says)
        expect(page.locator("#view")).not_to_contain_text("Trial 1")
        page.goto("about:blank")


def test_who_has_died_is_told_no_trial(page: Page, service: str) -> None:
    open_chart(page, service, "sclc-deceased")
    expect(page.get_by_role("heading", name="No trials are told")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("As of 15 June 2026.")
    expect(page.locator("#view")).not_to_contain_text("NCT")


def test_a_fault_of_the_service_is_said_and_can_be_tried_again(page: Page, service: str, watch: Watch) -> None:
    watch.expects("503")
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "diagnostics": "Too much <b>now</b>."}],
    }

    def refuse(route: Route) -> None:
        route.fulfill(status=503, content_type="application/json", body=json.dumps(outcome))

    page.route("**/api/assessments", refuse)
    page.goto(f"{service}/app/?chart={CHART}")
    expect(page.get_by_role("alert")).to_contain_text("Too much <b>now</b>.")
    page.unroute("**/api/assessments")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".row").first).to_be_visible()


def test_a_question_that_fails_leaves_the_answer_before(page: Page, service: str, watch: Watch) -> None:
    watch.expects("500")
    open_chart(page, service, CHART, NEAR)
    page.route("**/api/assessments", lambda route: route.fulfill(status=500, body="{}"))
    page.get_by_label("First dose on").fill("2026-07-01")
    expect(page.get_by_role("status")).to_contain_text("What was entered last is taken back.")
    expect(page.get_by_label("First dose on")).to_have_value("2026-06-15")
    expect(page.locator(".trial-head .verdict .word")).to_have_text("Near")


def test_of_several_questions_the_latest_is_answered(page: Page, service: str) -> None:
    open_chart(page, service, CHART)
    held: list[Route] = []

    def slowly(route: Route) -> None:
        day = route.request.post_data_json["asOf"]
        if day == "2026-07-01":
            held.append(route)
        else:
            route.fulfill(json=made_up(trial(1, [found(1)]), asOf=day))

    page.route("**/api/assessments", slowly)
    page.get_by_label("First dose on").fill("2026-07-01")
    page.wait_for_timeout(300)
    assert len(held) == 1
    page.get_by_label("First dose on").fill("2026-08-01")
    expect(page.get_by_role("status")).to_contain_text("As of 1 August 2026")
    with suppress(Error):  # the page has given this question up
        held[0].fulfill(json=made_up(asOf="2026-07-01"))
    page.wait_for_timeout(200)
    expect(page.get_by_role("status")).to_contain_text("As of 1 August 2026")
    expect(page.locator(".row")).to_have_count(1)


def test_what_became_another_verdict_is_said_aloud(page: Page, service: str) -> None:
    open_chart(page, service, "colon-nec-turning-nineteen")
    page.get_by_label("First dose on").fill("2026-06-25")
    expect(page.get_by_role("status")).to_have_text(f"As of 25 June 2026: {OF_COHORTS} is candidate now.")


def test_without_a_chart_the_page_says_how_to_open_one(page: Page, service: str) -> None:
    page.goto(f"{service}/app/")
    expect(page.get_by_role("heading", name="No chart is open")).to_be_visible()
    page.get_by_role("link").filter(has_text="Colon NEC, near").click()
    expect(page.locator(".matrix").first).to_be_visible()


def test_a_chart_that_is_not_there(page: Page, service: str, watch: Watch) -> None:
    watch.expects("404")
    page.goto(f"{service}/app/?chart=nobody")
    expect(page.get_by_role("alert")).to_contain_text("no example chart of that name")


def test_whose_chart_it_is_stands_on_the_page_and_nowhere_else(page: Page, service: str) -> None:
    for route in ("", NEAR):
        open_chart(page, service, CHART, route)
        expect(page.locator("#person")).to_have_text("Cornelius Ashgrovemale · 59 years · born 1 December 1966")
        assert not re.search("Ashgrove|1966", page.title() + page.url)
        assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


# ------------------------------------------------------------------------------------------------------- one trial


def test_an_opened_trial_shows_every_criterion_in_the_registrys_order(page: Page, service: str) -> None:
    answer = asked_of(page, service, CHART)
    told = of(answer, NEAR)
    page.locator(f"#row-{NEAR}").click()
    expect(page.locator(".finding")).to_have_count(len(told["findings"]))
    assert [each.split()[0] for each in page.locator(".group > h3").all_inner_texts()] == ["Inclusion", "Exclusion"]
    inclusion, exclusion = (
        sorted(
            (each for each in told["findings"] if each["section"] == section), key=lambda each: each["source"]["line"]
        )
        for section in ("inclusion", "exclusion")
    )
    shown = page.locator(".finding").evaluate_all("all => all.map(each => each.id)")
    assert shown == [f"f-{NEAR}--{each['criterion']}" for each in (*inclusion, *exclusion)]
    words = {"met": "Met", "unmet": "Unmet", "unknown": "Unknown", "judgement": "To judge"}
    for each in told["findings"]:
        one = row_of(page, NEAR, each["criterion"])
        expect(one.locator(".label").first).to_contain_text(each["label"])
        expect(one.locator("summary .word")).to_have_text(words[sort_of(each)])
        expect(one.locator("summary .shape")).to_have_class(f"shape {sort_of(each)}")


def test_criteria_stand_under_the_registrys_headings(page: Page, service: str) -> None:
    headings = [
        ["Inclusion Criteria"],
        ["Inclusion Criteria", "Cohort A:"],
        ["Key Exclusion Criteria:", "Heart", "Rhythm"],
    ]
    findings = [
        found(number, source={"line": number}, heading=heading)
        for number, heading in zip((1, 3, 2), headings, strict=True)
    ]
    answer_with(page, made_up(trial(1, findings)))
    open_chart(page, service, CHART, ONE)
    assert page.locator(".group > :is(h3, h4)").all_inner_texts() == [
        "Inclusion criteria 2",
        "Cohort A",
        "Exclusion criteria 1",
        "Heart › Rhythm",
    ]


def test_a_criterion_unfolds_to_its_evidence_and_its_time(page: Page, service: str) -> None:
    open_chart(page, service, CHART, NEAR)
    one = row_of(page, NEAR, "platelets")
    expect(one.locator(".body")).to_have_count(0)
    one.locator("> summary").click()
    expect(one.locator(".evidence").first).to_contain_text("92 10*3/uL")
    expect(one.locator(".evidence").first).to_contain_text("range 150-400")
    expect(one.locator(".evidence").first).to_contain_text("12 June 2026")
    expect(one.locator(".evidence").first).to_contain_text("Observation/")
    drawn = one.get_by_role(
        "img",
        name=re.compile(
            "^Platelets: 2 results since .* the newest 92 on 12 June 2026; the trial asks for at least 100"
        ),
    )
    expect(drawn).to_be_visible()
    expect(drawn.locator(".point")).to_have_count(2)
    expect(drawn.locator(".point.out.newest")).to_have_count(1)
    expect(drawn.locator(".limit")).to_have_count(1)
    expect(drawn.locator(".limit-word")).to_have_text("100")
    one.get_by_text("As a table").click()
    expect(one.locator(".over-time tbody tr").first).to_have_text("12 June 202692 (outside)")


def test_a_limit_in_multiples_of_normal_is_drawn_in_steps(page: Page, service: str) -> None:
    points = [
        {"reference": "Observation/1", "date": "2026-04", "value": 30, "high": 80, "normal": {"high": 40}},
        {"reference": "Observation/2", "date": "2026-05-02", "value": 150, "high": 100},
        {"reference": "attested/1", "date": "2026-06-01", "value": 99, "comparator": "<", "high": 100},
    ]
    measured = {
        "concept": "alt", "name": "ALT", "unit": "U/L", "unitShown": "U/L", "units": ["U/L"],
        "high": {"value": 2, "inclusive": True, "times": "ULN"}, "points": points, "left": 1, "older": 2,
    }  # fmt: skip
    answer_with(page, made_up(trial(1, [found(1, measured=measured)])))
    open_chart(page, service, CHART, ONE)
    page.locator(".finding > summary").click()
    drawn = page.locator(".timeline")
    expect(drawn).to_have_accessible_name(
        "ALT: 3 results since April 2026, the newest <99 on 1 June 2026; the trial asks for at most 2 × ULN."
    )
    expect(drawn.locator(".limit")).to_have_count(2)
    expect(drawn.locator(".point.out")).to_have_count(1)
    expect(drawn.locator(".point.in.newest.attested")).to_have_count(1)
    expect(page.locator(".over-time")).to_contain_text("Not drawn: 2 older results, 1 result that cannot be compared.")


@pytest.mark.parametrize("number", [1, 2, 50])
def test_a_timeline_of_any_length_stays_within_its_frame(page: Page, service: str, number: int) -> None:
    points = [
        {"reference": f"Observation/{day}", "date": f"2026-{4 + day // 28:02}-{day % 28 + 1:02}", "value": day * 7 % 90}
        for day in range(number)
    ]
    measured = {
        "concept": "x",
        "name": "X",
        "unit": "1",
        "units": ["1"],
        "low": {"value": 20, "inclusive": False},
        "points": points,
    }
    answer_with(page, made_up(trial(1, [found(1, measured=measured)])))
    open_chart(page, service, CHART, ONE)
    page.locator(".finding > summary").click()
    expect(page.locator(".timeline .point")).to_have_count(number)
    over = page.evaluate(
        """() => { const frame = document.querySelector(".timeline").getBoundingClientRect();
            return [...document.querySelectorAll(".timeline *")].map((each) => each.getBoundingClientRect())
                .filter((each) => each.left < frame.left - 1 || each.right > frame.right + 1
                    || each.top < frame.top - 1 || each.bottom > frame.bottom + 1).length; }"""
    )
    assert over == 0


def test_what_would_settle_an_unknown_is_said(page: Page, service: str) -> None:
    answer = asked_of(page, service, CHART)
    open_one = next(each for each in of(answer, NEAR)["findings"] if each.get("settledBy", {}).get("search"))
    page.locator(f"#row-{NEAR}").click()
    one = row_of(page, NEAR, open_one["criterion"])
    one.locator("> summary").click()
    expect(one.locator(".settle").first).to_contain_text("Unknown: no record of it.")
    expect(one.locator(".settle").first).to_contain_text(open_one["settledBy"]["question"])
    one.get_by_text("As a search of the record").click()
    expect(one.locator(".settle code").first).to_have_text(open_one["settledBy"]["search"])


def test_the_registrys_line_stands_beside_ours(page: Page, service: str) -> None:
    line = {"line": 7, "lines": [7, 8], "text": "* No <LLN or >ULN\n  * [of it](https://example.org)"}
    answer_with(page, made_up(trial(1, [found(1, source=line, note="Read so.")])))
    open_chart(page, service, CHART, ONE)
    page.locator(".finding > summary").click()
    expect(page.locator(".besides")).to_contain_text(f"{ONE}, inclusion, lines 7, 8")
    expect(page.locator("blockquote")).to_have_text("No <LLN or >ULN\n[of it](https://example.org)")
    expect(page.locator(".besides")).to_contain_text("The trial asks for 1.")
    expect(page.locator(".besides")).to_contain_text("Read so.")


def test_a_composite_tells_its_parts(page: Page, service: str) -> None:
    answer = asked_of(page, service, "stomach-nec-liver-mets", NEAR)
    told = next(each for each in of(answer, NEAR)["findings"] if each["criterion"] == "ast")
    one = row_of(page, NEAR, "ast")
    one.locator("> summary").click()
    expect(one.locator(".parts > li")).to_have_count(len(told["parts"]))
    for part, line in zip(told["parts"], one.locator(".parts > li").all(), strict=True):
        expect(line).to_contain_text(part["label"])
        expect(line).to_contain_text(part["explanation"])
        expect(line.locator(".word").first).to_have_text({"met": "Met", "unmet": "Unmet"}[part["truth"]])
    expect(one.locator(".shown .timeline .limit-word")).to_have_text("200")


def test_obstacles_lead_to_their_criteria_even_when_filtered_away(page: Page, service: str) -> None:
    open_chart(page, service, CHART, NEAR)
    strip = page.get_by_role("navigation", name="What stands in the way")
    for hidden in (False, True):
        if hidden:
            page.get_by_label("Only unknown").check()
            expect(row_of(page, NEAR, "platelets")).to_have_count(0)
        strip.get_by_role("link", name="Unmet: Platelets at least").click()
        expect(row_of(page, NEAR, "platelets")).to_have_attribute("open", "")
        expect(row_of(page, NEAR, "platelets").locator("> summary")).to_be_focused()
        expect(row_of(page, NEAR, "platelets")).to_be_in_viewport()


@pytest.mark.parametrize(
    ("box", "shown"),
    [("Hide met", {"unmet", "unknown", "judgement"}), ("Only unknown", {"unknown", "judgement"})],
)
def test_criteria_are_filtered(page: Page, service: str, box: str, shown: set[str]) -> None:
    open_chart(page, service, CHART, NEAR)
    all_of_them = page.locator(".finding").count()
    page.get_by_label(box).check()
    kinds = {
        each.split()[1] for each in page.locator(".finding").evaluate_all("all => all.map(each => each.className)")
    }
    assert kinds == shown
    left = page.locator(".finding").count()
    expect(page.locator(".criteria")).to_contain_text(f"{all_of_them - left} of {all_of_them} criteria are hidden")
    page.get_by_label(box).uncheck()
    expect(page.locator(".finding")).to_have_count(all_of_them)


def test_by_what_matters_begins_with_what_is_unmet(page: Page, service: str) -> None:
    open_chart(page, service, CHART, NEAR)
    page.get_by_role("button", name="By what matters").click()
    expect(page.get_by_role("button", name="By what matters")).to_have_attribute("aria-pressed", "true")
    heads = [re.sub(r" \d+$", "", each) for each in page.locator(".group > h3").all_inner_texts()]
    assert heads == ["Stands in the way", "Not known", "For a person to judge", "Met"]
    page.get_by_role("button", name="As in the registry").click()
    expect(page.locator(".group > h3").first).to_contain_text("Inclusion criteria")


def test_a_cohort_is_chosen_by_its_button(page: Page, service: str) -> None:
    answer = asked_of(page, service, CHART, OF_COHORTS)
    own = {each["id"]: each["findings"] for each in of(answer, OF_COHORTS)["cohorts"]}
    expect(page.get_by_role("button", name="Gastrointestinal")).to_have_attribute("aria-pressed", "true")
    expect(row_of(page, OF_COHORTS, own["1"][0]["criterion"], "1")).to_have_count(1)
    page.get_by_role("button", name="Genitourinary").click()
    expect(page.get_by_role("button", name="Genitourinary")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Genitourinary")).to_be_focused()
    expect(page.locator(".trial-head .verdict .word")).to_have_text("Not relevant")
    expect(row_of(page, OF_COHORTS, own["1"][0]["criterion"], "1")).to_have_count(0)
    expect(row_of(page, OF_COHORTS, own["2"][0]["criterion"], "2").locator("summary .word")).to_have_text("Unmet")


def test_a_trial_that_is_not_loaded(page: Page, service: str) -> None:
    open_chart(page, service, CHART, "NCT99999999")
    expect(page.locator(".nothing")).to_contain_text("NCT99999999 is not among the trials of this service.")
    page.get_by_role("link", name="All trials").click()
    expect(page.locator(".row").first).to_be_visible()


def test_an_answer_with_only_what_must_be_there(page: Page, service: str) -> None:
    bare = found(1)
    for name in ("source", "evidence", "basis", "kind"):
        del bare[name]
    answer_with(page, made_up(trial(1, [bare])))
    open_chart(page, service, CHART, ONE)
    page.locator(".finding > summary").click()
    expect(page.locator(".besides")).to_contain_text("Not from a line of the registry's text.")


def test_five_hundred_findings_are_all_there(page: Page, service: str) -> None:
    findings = [found(each, ("met", "unmet", "unknown")[each % 3]) for each in range(500)]
    answer_with(page, made_up(trial(1, findings)))
    open_chart(page, service, CHART, ONE)
    expect(page.locator(".finding")).to_have_count(500)
    expect(page.locator(".finding.unknown")).to_have_count(166)
