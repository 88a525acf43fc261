"""The coordinator's page: the landscape of loaded trials, a definition beside its registry text, and what changed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from cds.settings import Settings
from tests.browser.made_up import GLIOMA, LUNG, MARKED_UP, MARKUP, OTHER, fill
from tests.browser.serving import running
from tests.browser.watch import Watch, accessible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page, Route

CURATED = "NCT07328490"


@pytest.fixture(scope="module")
def site(_tables: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give a service with made-up records in its store, on a day in June 2026."""
    store = fill(tmp_path_factory.mktemp("store") / "store.sqlite3")
    with running(Settings(store_url=store, authentication="off")) as address:
        yield address


@pytest.fixture
def trials(page: Page, site: str) -> Page:
    page.goto(f"{site}/app/trials")
    expect(page.locator(".landscape tbody tr").first).to_be_visible()
    return page


def numbers(page: Page) -> list[str]:
    return page.locator(".landscape tbody th").all_inner_texts()


# ------------------------------------------------------------------------------------- the landscape


def test_every_loaded_trial_is_listed_with_what_the_registry_says(trials: Page) -> None:
    row = trials.get_by_role("row", name=re.compile(OTHER))
    for words in ("not yet recruiting", "Small Cell Lung Cancer", "Carboplatin", "Example Institute", "2026-06-09"):
        expect(row).to_contain_text(words)
    expect(row.locator(".definition")).to_have_text("draft not reviewed")
    expect(trials.get_by_role("row", name=re.compile(CURATED)).locator(".definition")).to_contain_text("not reviewed")
    expect(trials.get_by_role("status")).to_have_text(f"{len(numbers(trials))} trials")


def test_filters_stand_in_the_address_and_can_be_sent_on(trials: Page) -> None:
    everything = len(numbers(trials))
    trials.get_by_role("combobox", name="Condition").fill("glioma")
    trials.keyboard.press("Enter")
    expect(trials.get_by_role("status")).to_have_text(f"1 of {everything} trials")
    assert numbers(trials) == [GLIOMA]
    trials.get_by_role("combobox", name="Condition").fill("lung cancer")
    trials.get_by_role("button", name="Add").click()
    expect(trials.get_by_role("button", name="Take off Condition: lung cancer")).to_be_visible()
    trials.get_by_role("combobox", name="Phase").select_option("3")
    expect(trials.get_by_role("status")).to_have_text(f"1 of {everything} trials")
    assert trials.url.endswith("#/?condition=glioma&condition=lung+cancer&phase=PHASE3")

    trials.reload()
    expect(trials.get_by_role("status")).to_have_text(f"1 of {everything} trials")
    assert numbers(trials) == [OTHER]
    for name in ("Condition: glioma", "Condition: lung cancer", "Phase: 3"):
        trials.get_by_role("button", name=f"Take off {name}").click()
        expect(trials.get_by_role("button", name=f"Take off {name}")).to_have_count(0)
    expect(trials.get_by_role("status")).to_have_text(f"{everything} trials")


def test_a_filter_that_is_none_is_told_and_can_be_left(page: Page, site: str, watch: Watch) -> None:
    watch.expects("400")
    page.goto(f"{site}/app/trials#/?phase=seven")
    expect(page.get_by_role("alert")).to_contain_text("phase: must be early 1, 1, 2, 3, 4, na")
    page.get_by_role("link", name="Loaded trials").click()


def test_columns_are_sorted_by_their_buttons(trials: Page) -> None:
    button = trials.get_by_role("button", name="Trial", exact=True)
    button.focus()
    trials.keyboard.press("Enter")
    expect(trials.get_by_role("columnheader", name="Trial")).to_have_attribute("aria-sort", "ascending")
    assert numbers(trials) == sorted(numbers(trials))
    trials.keyboard.press("Enter")
    expect(trials.get_by_role("columnheader", name="Trial")).to_have_attribute("aria-sort", "descending")
    assert numbers(trials) == sorted(numbers(trials), reverse=True)
    assert trials.url.endswith("#/?sort=nctId&down=1")
    expect(trials.locator("#sort-nctId")).to_be_focused()


def test_many_trials_are_shown_in_steps(page: Page, site: str) -> None:
    def many(route: Route) -> None:
        (one,) = [each for each in route.fetch().json()["trials"] if each["nctId"] == LUNG]
        route.fulfill(json={"trials": [{**one, "nctId": f"NCT{number:08d}"} for number in range(886)]})

    page.route("**/api/trials", many)
    page.goto(f"{site}/app/trials")
    expect(page.locator(".landscape tbody tr")).to_have_count(100)
    page.get_by_role("button", name="Show 100 more (100 of 886 are shown)").click()
    expect(page.locator(".landscape tbody tr")).to_have_count(200)
    expect(page.get_by_role("link", name="NCT00000100")).to_be_focused()


# ------------------------------------------------------------------------------------- one trial


def test_a_definition_stands_beside_the_registrys_text(page: Page, site: str) -> None:
    page.goto(f"{site}/app/trials#/{LUNG}")
    line = page.locator(".beside tr", has=page.get_by_role("rowheader", name="line 5", exact=True))
    expect(line).to_contain_text("* ECOG performance status 0 to 2")
    expect(line.locator(".read")).to_contain_text("The trial asks for ECOG 0 to 2")
    expect(line.locator(".read")).to_contain_text("+ includes")
    expect(page.locator(".beside tr", has_text="Exclusion Criteria:").first).to_contain_text("heading")
    expect(page.locator(".read li", has_text="Willing to sign consent").first).to_contain_text("? for a person")
    expect(page.get_by_role("heading", level=2).first).to_contain_text("number 900")
    expect(page.locator(".about .marks")).to_contain_text("draft")


def test_pointing_at_either_side_lights_the_other(page: Page, site: str) -> None:
    page.goto(f"{site}/app/trials#/{LUNG}")
    line = page.locator(".beside tr", has=page.get_by_role("rowheader", name="line 5", exact=True))
    line.locator(".words").hover()
    expect(line.locator(".read > li")).to_have_class("linked")
    other = page.locator(".beside tr", has=page.get_by_role("rowheader", name="line 3", exact=True))
    button = other.get_by_role("button")
    button.focus()
    expect(other).to_have_class("linked")
    expect(line.locator(".read > li")).not_to_have_class("linked")
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    page.get_by_role("link", name="What changed").focus()
    expect(other).to_have_class("linked")


def test_without_the_text_the_criteria_stand_alone(page: Page, site: str) -> None:
    page.goto(f"{site}/app/trials#/{CURATED}")
    expect(page.get_by_text("The registry’s text is not loaded here")).to_be_visible()
    expect(page.get_by_role("rowheader", name="line 3, 4", exact=True)).to_be_visible()
    expect(page.locator(".read > li").first).to_contain_text("To the patient:")


def test_what_else_is_known_of_a_trial(page: Page, site: str) -> None:
    page.goto(f"{site}/app/trials#/{LUNG}")
    expect(page.locator("summary", has_text="The lint’s remarks: ")).to_be_visible()
    page.locator("summary", has_text="Feedback on its cards: told 3 times").click()
    expect(page.locator(".extras")).to_contain_text("1 accepted")
    expect(page.locator(".extras")).to_contain_text("1 × ")
    page.locator("summary", has_text="Places: 1").click()
    expect(page.locator(".extras")).to_contain_text("Made-up Hospital, Hill, Ruritania open")
    page.locator("summary", has_text=re.compile(r"Related trials: [1-9]")).click()
    page.locator(".extras").get_by_role("link", name=OTHER).click()
    expect(page.get_by_role("heading", level=2).first).to_contain_text("number 901")
    expect(page.locator("#content")).to_be_focused()


def test_what_cannot_be_had_is_said_and_takes_nothing_else_away(page: Page, site: str, watch: Watch) -> None:
    watch.expects("404", "503")
    page.route("**/lint", lambda route: route.fulfill(status=404, json={}))
    down = {"resourceType": "OperationOutcome", "issue": [{"diagnostics": "the store does not answer"}]}
    page.route("**/feedback", lambda route: route.fulfill(status=503, json=down))
    page.goto(f"{site}/app/trials#/{LUNG}")
    page.locator("summary", has_text="The lint’s remarks").click()
    expect(page.locator(".extras")).to_contain_text("Not available: this service does not tell it.")
    page.locator("summary", has_text="Feedback").click()
    expect(page.locator(".extras")).to_contain_text("Not available: the store does not answer.")
    expect(page.locator(".beside")).to_be_visible()


def test_a_trial_that_is_not_loaded_is_said_to_be_none(page: Page, site: str, watch: Watch) -> None:
    watch.expects("404")
    page.goto(f"{site}/app/trials#/NCT99999999")
    expect(page.get_by_role("alert")).to_contain_text("no such trial is loaded")


def test_markup_of_a_record_is_text(page: Page, site: str) -> None:
    page.goto(f"{site}/app/trials")
    expect(page.get_by_role("row", name=re.compile(MARKED_UP))).to_contain_text(MARKUP)
    page.goto(f"{site}/app/trials#/{MARKED_UP}")
    expect(page.get_by_role("heading", level=2).first).to_contain_text(MARKUP)
    expect(page.locator("#view img, #view b")).to_have_count(0)


# ------------------------------------------------------------------------------------- what changed


def test_changes_are_told_by_day_and_trial(page: Page, site: str) -> None:
    page.goto(f"{site}/app/trials#/changes?since=2026-06-05")
    expect(page.get_by_role("heading", level=3)).to_have_text(["Friday, 12 June 2026", "Wednesday, 10 June 2026"])
    news = page.locator(".news", has_text=LUNG)
    expect(news).to_contain_text("Eligibility, a line reworded")
    expect(news.locator("del").first).to_have_text("ECOG performance status 0 or 1")
    expect(news.locator("ins").first).to_have_text("ECOG performance status 0 to 2")
    expect(news.locator("li.gone .sign")).to_have_text("−")
    expect(page.locator(".news", has_text=OTHER)).to_contain_text("beforerecruiting")
    expect(page.locator(".news", has_text=GLIOMA)).to_contain_text("New here")


def test_the_day_is_chosen_and_the_same_is_a_feed(page: Page, site: str) -> None:
    page.goto(f"{site}/app/trials#/changes?since=2026-06-05")
    page.get_by_label("Since").fill("2026-06-11")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".news")).to_have_count(1)
    assert page.url.endswith("#/changes?since=2026-06-11")
    feed = page.get_by_role("link", name="The same as a feed").get_attribute("href")
    answer = page.request.get(f"{site}{feed}")
    assert (answer.status, GLIOMA in answer.text(), LUNG in answer.text()) == (200, True, False)
    page.get_by_label("Since").fill("2026-06-20")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".nothing")).to_contain_text("Nothing that is told has changed")


# ------------------------------------------------------------------------------------- who may see it


def test_where_proof_is_needed_it_offers_a_sign_in_without_a_patient(page: Page, site: str, watch: Watch) -> None:
    watch.expects("401")
    listed = {"clientId": "page", "origins": [], "saveObservations": False}
    servers = [
        {"id": "general", "fhir": "https://ehr.example.org/fhir", "standalone": True, **listed},
        {"id": "only-launched", "fhir": "https://other.example.org/fhir", "standalone": False, **listed},
    ]
    told = json.dumps({"servers": servers, "demo": False, "site": {"facilities": []}, "today": "2026-06-15"})
    page.route("**/app/settings.json", lambda route: route.fulfill(body=told, content_type="application/json"))
    page.route("**/api/trials", lambda route: route.fulfill(status=401, json={"resourceType": "OperationOutcome"}))
    page.goto(f"{site}/app/trials")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_text("no patient", exact=False).first).to_be_visible()
    expect(page.get_by_role("button", name="Sign in at general")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in at only-launched")).to_have_count(0)
    accessible(page)


# ------------------------------------------------------------------------------------- how it looks

VIEWS = ("#/", "#/?condition=lung+cancer&sort=updated", f"#/{LUNG}", f"#/{CURATED}", "#/changes?since=2026-06-05")


@pytest.mark.parametrize("width", [360, 900])
@pytest.mark.parametrize("view", VIEWS)
def test_it_fits_a_narrow_screen(page: Page, site: str, view: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{site}/app/trials{view}")
    expect(page.locator("#view > *").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_nothing_keeps_anybody_out(page: Page, site: str, view: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{site}/app/trials{view}")
    expect(page.locator("#view > *").first).to_be_visible()
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    accessible(page)
