"""The clinician's page opened from an EHR: sign in, the chart is read, the trials are shown; and when it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.launching import NOON, Site, launch_list, settings_by_token, settings_with
from tests.browser.serving import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.smart_kit import Kit
    from tests.browser.watch import Watch

TRIAL = "NCT07328490"


@pytest.fixture(scope="module")
def _open(_tables: None, _ehr: Kit, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(settings_with(launch_list(tmp_path_factory.mktemp("open"), _ehr)), NOON) as address:
        yield address


@pytest.fixture
def site(_open: str, kit: Kit, page: Page) -> Site:
    return Site(_open, kit, page)


def test_the_trials_are_shown_for_the_chart_that_is_open(site: Site, kit: Kit, axe: Callable[[Page], None]) -> None:
    site.open()
    expect(site.page.locator("#view")).to_contain_text(TRIAL)
    expect(site.page.get_by_role("status")).to_contain_text("15 June 2026")
    assert site.page.url == f"{site.address}/app/"
    text = site.page.content()
    assert not [token for token in kit.issued if token in text]
    axe(site.page)


def test_a_card_leads_to_its_trial(site: Site, kit: Kit) -> None:
    kit.manner.token = {"appContext": f'{{"trial":"{TRIAL}"}}'}
    site.open()
    expect(site.page.get_by_role("heading", level=2).first).to_be_visible()
    assert site.page.url == f"{site.address}/app/#/{TRIAL}"


def test_what_was_not_read_is_said(site: Site, kit: Kit, watch: Watch) -> None:
    watch.expects("403")
    kit.manner.statuses = {"Condition": 403}
    site.open()
    expect(site.page.locator("#view")).to_contain_text("this sign-in does not cover it (403)")


@pytest.mark.parametrize("error", ["access_denied", "server_error"])
def test_whoever_is_not_let_in_is_told(site: Site, kit: Kit, error: str) -> None:
    kit.manner.answer = {"code": ..., "error": error, "error_description": "<i>Not</i> you"}
    site.open()
    alert = site.page.get_by_role("alert").or_(site.page.locator(".fault")).first
    expect(alert).to_contain_text(f"{error}: <i>Not</i> you")


def test_a_sign_in_that_ends_while_the_chart_is_read_is_begun_again(
    site: Site, kit: Kit, watch: Watch, axe: Callable[[Page], None]
) -> None:
    watch.expects("401", "400")
    kit.manner.access = False
    site.open()
    expect(site.page.get_by_text("The sign-in has ended").first).to_be_visible()
    axe(site.page)
    kit.manner.access = True
    site.page.get_by_role("button", name="Sign in again").click()
    expect(site.page.locator("#view")).to_contain_text(TRIAL)


@pytest.mark.usefixtures("_tables")
def test_with_proof_by_token_all_goes_the_same_way(kit: Kit, page: Page, tmp_path: Path) -> None:
    with running(settings_by_token(tmp_path, kit)) as address:
        Site(address, kit, page).open()
        expect(page.locator("#view")).to_contain_text(TRIAL)
    assert kit.count("GET /keys") == 1
