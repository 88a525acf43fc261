"""What must be read of a patient: the same as an EHR is asked to send along, and the scopes for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cds.api.build import build
from cds.app import create_app
from cds.core.plan import Plan
from cds.fhir.searches import searches_for
from cds.settings import Settings
from tests.api.calls import app, diagnostics, send
from tests.service import world
from tests.shipped import read_once

pytestmark = pytest.mark.anyio


async def test_unless_it_is_narrowed_it_is_what_discovery_asks_for() -> None:
    the_app = app()
    told = (await send("GET", "/api/needs", the_app=the_app)).json()
    services = (await send("GET", "/cds-services", the_app=the_app)).json()["services"]
    assert {each["key"]: each["search"] for each in told["searches"]} == services[0]["prefetch"]
    assert {each["resourceType"] for each in told["searches"]} == {
        each["search"].partition("?")[0].partition("/")[0] for each in told["searches"]
    }


async def test_so_it_is_for_the_trials_that_come_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    read_once(monkeypatch)
    the_app = create_app(Settings(authentication="off", store_url="sqlite://"))
    told = (await send("GET", "/api/needs", the_app=the_app)).json()
    services = (await send("GET", "/cds-services", the_app=the_app)).json()["services"]
    assert {each["key"]: each["search"] for each in told["searches"]} == services[0]["prefetch"]
    by_codes = [each for each in told["searches"] if "code=" in each["search"]]
    assert by_codes
    assert not any("codes" in each for each in by_codes)


async def test_scopes_are_to_read_what_is_searched_and_the_drugs_it_refers_to() -> None:
    told = (await send("GET", "/api/needs")).json()
    types = {each["resourceType"] for each in told["searches"]} | {"Medication"}
    assert told["scopes"]["v1"] == sorted(f"patient/{each}.read" for each in types)
    assert told["scopes"]["v2"] == sorted(f"patient/{each}.rs" for each in types)


async def test_each_search_says_what_is_followed_and_what_is_looked_for() -> None:
    told = {each["key"]: each for each in (await send("GET", "/api/needs")).json()["searches"]}
    assert told["patient"] == {
        "key": "patient",
        "resourceType": "Patient",
        "search": "Patient/{{context.patientId}}",
    }
    assert told["medicationRequests"]["include"] == "MedicationRequest:medication"
    assert told["laboratory"]["codes"]
    assert all("|" in each for each in told["laboratory"]["codes"])


@pytest.mark.parametrize("wanted", [["NCT00000001"], ["NCT00000002"], ["NCT00000001", "NCT00000002"]])
async def test_what_some_trials_need_is_what_they_would_be_asked_for_alone(wanted: list[str]) -> None:
    query = "&".join(f"trial={each}" for each in wanted)
    told = (await send("GET", f"/api/needs?{query}")).json()
    alone = Plan.of([each for each in world.PLAN.trials if each.nct_id in wanted], world.PLAN.vocabulary)
    expected = searches_for(alone.needs, alone.vocabulary)
    assert [(each["key"], each["search"]) for each in told["searches"]] == [(s.key, s.template) for s in expected]
    assert sorted(told["trials"]) == wanted


@pytest.mark.parametrize("show_drafts", [False, True])
async def test_it_says_for_which_trials_that_is_enough(*, show_drafts: bool) -> None:
    """Those that cards tell: drafts only where the site shows them."""
    trials = (world.PLAN.trials[0], replace(world.PLAN.trials[1], draft=True))
    service = replace(world.service(), plan=Plan.of(trials, world.PLAN.vocabulary), show_drafts=show_drafts)
    the_app = build(service, Settings(authentication="off"), {}, door=world.DOOR)
    told = (await send("GET", "/api/needs", the_app=the_app)).json()
    assert told["trials"] == [each.nct_id for each in trials[: 2 if show_drafts else 1]]


async def test_without_drugs_there_is_no_scope_for_them() -> None:
    told = (await send("GET", "/api/needs?trial=NCT00000002")).json()
    reads_drugs = any("include" in each for each in told["searches"])
    assert ("patient/Medication.read" in told["scopes"]["v1"]) is reads_drugs


@pytest.mark.parametrize("query", ["?trial=NCT00000001", ""])
async def test_refusals_are_always_asked_for(query: str) -> None:
    service = world.service(read_consent=True)
    the_app = build(service, Settings(authentication="off"), {}, door=world.DOOR)
    told = (await send("GET", f"/api/needs{query}", the_app=the_app)).json()
    assert told["searches"][-1]["resourceType"] == "Consent"
    assert "patient/Consent.rs" in told["scopes"]["v2"]


async def test_a_trial_that_is_not_loaded_is_not_found() -> None:
    answer = await send("GET", "/api/needs?trial=NCT00000001&trial=NCT99999999")
    assert diagnostics(answer, 404, "not-found") == "trial: no such trial is loaded"


async def test_a_parameter_that_is_not_known_is_refused() -> None:
    answer = await send("GET", "/api/needs?trials=NCT00000001")
    assert diagnostics(answer, 400, "invalid") == "a parameter is not known here; there is trial"
