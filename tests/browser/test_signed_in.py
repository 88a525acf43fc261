"""Where the service lets nobody in without proof: the page proves itself by the id token of whoever signed in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.launching import Site, blank, settings_by_token
from tests.browser.serving import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.browser.smart_kit import Kit
    from tests.browser.watch import Watch

ASK = """async (proof) => {
  const { getJson, postJson, setProof } = await import("/app/assets/service.js");
  const { readChart } = await import("/app/assets/records.js");
  setProof(proof === "id" ? () => session.idToken() : () => proof);
  try {
    const needs = await getJson("/api/needs");
    const { bundle, covered } = await readChart(session, needs);
    return await postJson("/api/assessments", { bundle, covered, patientId: session.patientId, asOf: "2026-06-15" });
  } catch ({ status, message, outcome }) {
    return { status, message, outcome };
  }
}"""


@pytest.fixture(scope="module")
def closed(_tables: None, _ehr: Kit, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a site that wants proof; its coordinator's page is the real one."""
    with running(settings_by_token(tmp_path_factory.mktemp("closed"), _ehr), around=blank) as address:
        yield address


@pytest.fixture
def shut(closed: str, kit: Kit, page: Page) -> Site:
    return Site(closed, kit, page)


def ask(page: Page, proof: str | None) -> dict[str, Any]:
    told: dict[str, Any] = page.evaluate(ASK, proof)
    return told


def test_the_id_token_opens_the_service_and_the_chart_is_assessed(shut: Site, kit: Kit) -> None:
    shut.launched()
    told = ask(shut.page, "id")
    assert told["asOf"] == "2026-06-15"
    assert {each["nctId"]: each["verdict"] for each in told["trials"]}["NCT07328490"] == "near"
    assert kit.count("GET /keys") == 1
    assert ask(shut.page, "id")["trials"]
    assert kit.count("GET /keys") == 1


@pytest.mark.parametrize("proof", [None, "made-up", "access"])
def test_nothing_else_does(shut: Site, kit: Kit, watch: Watch, proof: str | None) -> None:
    watch.expects("401")
    shut.launched()
    told = ask(shut.page, kit.issued[0] if proof == "access" else proof)
    assert told == {"status": 401, "message": "The service does not know who asks: sign in again.", "outcome": None}


def test_an_id_token_that_ends_is_renewed_with_the_access(shut: Site, kit: Kit) -> None:
    kit.manner.lifetime_s = 30
    shut.launched()
    kit.manner.lifetime_s = 3600
    assert ask(shut.page, "id")["trials"]
    assert kit.count("POST /token") == 2


def test_the_coordinator_signs_in_without_a_patient(shut: Site, kit: Kit, watch: Watch) -> None:
    watch.expects("401")
    kit.manner.token = {"patient": ...}
    shut.page.goto(f"{shut.address}/app/trials#/NCT07328490")
    shut.page.get_by_role("button", name="Sign in at kit").click()
    expect(shut.page.get_by_role("status")).to_have_text(re.compile(r"^$|trials$"))
    expect(shut.page.locator("main")).to_contain_text("NCT07328490")
    assert kit.scopes_asked.split() == ["openid", "fhirUser"]
    assert "code=" not in shut.page.url
