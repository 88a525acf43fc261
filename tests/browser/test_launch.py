"""Signing in: from an EHR and standalone, whatever goes wrong on the way, and that no token is ever left lying."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.launching import NOON, Site, blank, launch_list, settings_with
from tests.browser.serving import running
from tests.browser.smart_kit import LAUNCH, Kit
from tests.browser.watch import Watch, accessible

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, Route


def authorization(watch: Watch) -> dict[str, str]:
    (asked,) = [each for each in watch.asked if "/authorize?" in each]
    return {name: values[0] for name, values in parse_qs(urlsplit(asked).query).items()}


# ------------------------------------------------------------------------------------------------- in the right way


def test_an_ehr_opens_the_page(site: Site, kit: Kit, watch: Watch) -> None:
    told = site.launched()
    assert (told["patientId"], told["fhir"]) == (kit.patient_id, kit.fhir)
    assert (told["lacking"], told["user"]) == ([], f"{kit.fhir}/Practitioner/1")
    asked = authorization(watch)
    assert (asked["launch"], asked["aud"]) == (LAUNCH, kit.fhir)
    scopes = asked["scope"].split()
    assert scopes[:4] == ["launch", "openid", "fhirUser", "online_access"]
    assert {"patient/Observation.rs", "patient/Medication.rs", "patient/Observation.c"} <= set(scopes)
    assert not [each for each in scopes if each.endswith(".read")]
    assert kit.count("POST /token") == 1


def test_whoever_opens_it_alone_chooses_where_and_is_asked_for_a_patient(site: Site, kit: Kit, watch: Watch) -> None:
    site.page.goto(f"{site.address}/app/launch")
    expect(site.page.get_by_role("status")).to_contain_text("Choose where to sign in")
    accessible(site.page)
    site.page.get_by_role("button", name="Sign in at kit").click()
    site.came_back()
    assert site.finish()["patientId"] == kit.patient_id
    asked = authorization(watch)
    assert "launch" not in asked
    assert asked["scope"].split()[0] == "launch/patient"


def test_a_server_of_version_1_is_asked_in_its_words(site: Site, kit: Kit, watch: Watch) -> None:
    kit.manner.capabilities = ("launch-ehr", "permission-patient")
    assert site.launched()["lacking"] == []
    scopes = set(authorization(watch)["scope"].split())
    assert {"patient/Observation.read", "patient/Observation.write"} <= scopes
    assert not [each for each in scopes if each.endswith((".rs", ".c")) or each == "online_access"]
    assert set(site.read()["covered"].values()) == {"complete"}


def test_scopes_that_are_supported_tell_the_version_too(site: Site, kit: Kit, watch: Watch) -> None:
    kit.manner.capabilities = ()
    kit.manner.configuration = {"scopes_supported": ["openid", "patient/*.rs", "online_access"]}
    site.launched()
    assert {"patient/Observation.rs", "online_access"} <= set(authorization(watch)["scope"].split())


def test_relative_endpoints_of_old_servers_are_understood(site: Site, kit: Kit) -> None:
    kit.manner.configuration = {"authorization_endpoint": "../authorize", "token_endpoint": "/token"}
    assert site.launched()["patientId"] == kit.patient_id


def test_a_trailing_slash_is_the_same_server(site: Site, kit: Kit) -> None:
    site.open(f"{kit.fhir}/")
    site.came_back()
    assert site.finish()["fhir"] == kit.fhir


def test_what_the_card_said_comes_along(site: Site, kit: Kit) -> None:
    kit.manner.token = {"appContext": '{"trial":"NCT07328490"}', "encounter": "e-1"}
    told = site.launched()
    assert (told["appContext"], told["encounter"]) == ('{"trial":"NCT07328490"}', "e-1")


def test_no_token_is_left_anywhere(site: Site, kit: Kit) -> None:
    site.launched()
    assert site.page.url == f"{site.address}/app/"
    kept: dict[str, str] = site.page.evaluate(
        """() => ({ local: JSON.stringify({ ...localStorage }), session: JSON.stringify({ ...sessionStorage }),
           dom: document.documentElement.outerHTML, address: location.href, cookie: document.cookie,
           state: JSON.stringify(history.state), name: globalThis.name, shown: JSON.stringify(session),
           names: Object.getOwnPropertyNames(session).join() })"""
    )
    assert (kept["local"], kept["session"], kept["cookie"]) == ("{}", "{}", "")
    assert len(kit.issued) == 3
    for token in [*kit.issued, "code-1"]:
        assert not [where for where, text in kept.items() if text and token in text]
    sent_by = [each.get("referer", "") for each in kit.headers]
    assert not [each for each in sent_by if "code=" in each or "launch=" in each]


def test_each_launch_has_words_of_its_own(site: Site, watch: Watch) -> None:
    site.launched()
    site.open()
    site.came_back()
    asked = [parse_qs(urlsplit(each).query) for each in watch.asked if "/authorize?" in each]
    for name in ("state", "nonce", "code_challenge"):
        first, second = (each[name][0] for each in asked)
        assert first != second
        assert len(first) >= 43


# ------------------------------------------------------------------------------------------------- what goes wrong


def test_an_ehr_that_is_not_listed_is_named_and_nothing_is_asked_there(site: Site, kit: Kit, watch: Watch) -> None:
    for iss in ("https://ehr.evil.example/fhir", f"{kit.fhir}/r4", kit.fhir.replace("127.0.0.1", "localhost"), "junk"):
        site.open(iss)
        alert = site.page.get_by_role("alert")
        expect(alert).to_contain_text("does not open from")
        assert "xyz" not in alert.inner_text()
        assert site.page.url == f"{site.address}/app/launch"
    expect(site.page.get_by_role("alert")).to_contain_text("does not open from there")
    assert kit.asked == []
    assert not [each for each in watch.asked if "evil" in each.partition("?")[0]]
    accessible(site.page)


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"token_endpoint": "https://tokens.evil.example/token"}, "tokens are had (tokens.evil.example) is not on"),
        ({"authorization_endpoint": "https://login.evil.example/"}, "people sign in (login.evil.example) is not on"),
        ({"token_endpoint": "http://tokens.example.org/token"}, "tokens are had is not reached over https"),
        ({"token_endpoint": "javascript:alert(1)"}, "tokens are had is not reached over https"),
        ({"token_endpoint": ...}, "does not say where tokens are had"),
        ({"authorization_endpoint": 7}, "does not say where people sign in"),
        ({"authorization_endpoint": "http://user@127.0.0.1/"}, "does not say where people sign in"),
    ],
)
def test_endpoints_that_are_not_listed_are_not_gone_to(site: Site, kit: Kit, told: dict[str, Any], says: str) -> None:
    kit.manner.configuration = told
    site.open()
    expect(site.page.get_by_role("alert")).to_contain_text(says)
    assert kit.asked == ["GET /fhir/.well-known/smart-configuration"]


def test_a_server_that_says_nothing_of_signing_in(site: Site, watch: Watch) -> None:
    watch.expects("503")
    site.page.route("**/.well-known/smart-configuration", lambda route: route.fulfill(status=503))
    site.open()
    expect(site.page.get_by_role("alert")).to_contain_text("does not say how to sign in")


def test_without_https_nobody_signs_in(site: Site) -> None:
    site.page.add_init_script("Object.defineProperty(crypto, 'subtle', { value: undefined })")
    site.open()
    expect(site.page.get_by_role("alert")).to_contain_text("was not opened over https")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (
            {"code": ..., "error": "access_denied", "error_description": "<b>Not</b> today."},
            "access_denied: <b>Not</b>",
        ),
        ({"code": ..., "error": "server_error"}, "The server did not let you in: server_error."),
        ({"state": "somebody-elses-state-of-128-bits"}, "belongs to no launch"),
        ({"state": ...}, "belongs to no launch"),
        ({"code": ..., "state": ..., "error": "access_denied"}, "belongs to no launch"),
        ({"code": ...}, "nothing that could be exchanged"),
        ({"iss": "https://ehr.evil.example"}, "another server's"),
        ({"code": "made-up"}, "The server gave no access: invalid_grant: the code is no good."),
    ],
)
def test_a_sign_in_that_fails_is_told_plainly(
    site: Site, kit: Kit, watch: Watch, answer: dict[str, Any], says: str
) -> None:
    watch.expects("400")
    kit.manner.answer = answer
    fault = site.launched()["fault"]
    assert says in fault
    assert site.page.url == f"{site.address}/app/"
    assert kit.count("POST /token") == (1 if "invalid_grant" in says else 0)


STRICT = {"authorization_response_iss_parameter_supported": True}


@pytest.mark.parametrize(
    ("configuration", "answer", "is_let_in"),
    [
        (STRICT, {}, False),
        (STRICT, {"iss": "{kit}"}, True),
        (STRICT | {"issuer": ...}, {}, False),
        ({"issuer": ...}, {"iss": "{kit}"}, False),
        ({"issuer": ...}, {}, True),
        ({}, {"iss": ""}, False),
        (STRICT, {"code": ..., "error": "access_denied"}, False),
    ],
)
def test_the_answer_is_the_asked_servers(
    site: Site, kit: Kit, configuration: dict[str, Any], answer: dict[str, Any], is_let_in: object
) -> None:
    kit.manner.configuration = configuration
    kit.manner.answer = {name: kit.address if value == "{kit}" else value for name, value in answer.items()}
    told = site.launched()
    if is_let_in:
        assert told["patientId"] == kit.patient_id
    else:
        assert "another server's" in told["fault"]
        assert kit.count("POST /token") == 0


@pytest.mark.usefixtures("_tables")
@pytest.mark.parametrize("says", ["answer", "claims"])
def test_an_issuer_that_the_site_lists_is_the_one(kit: Kit, page: Page, tmp_path: Path, says: str) -> None:
    evil = "https://ehr.evil.example"
    with running(settings_with(launch_list(tmp_path, kit, f"issuer: {kit.address}")), NOON, blank) as address:
        site = Site(address, kit, page)
        kit.manner.configuration = {"issuer": evil}
        assert site.launched()["patientId"] == kit.patient_id
        setattr(kit.manner, says, {"iss": evil})
        assert "another server" in site.launched()["fault"]


def test_a_token_server_that_says_nothing_is_left(site: Site) -> None:
    site.open()
    site.came_back()
    site.page.evaluate(
        "() => { const { timeout } = AbortSignal; AbortSignal.timeout = () => timeout.call(AbortSignal, 300); }"
    )

    def late(route: Route) -> None:
        time.sleep(2)
        route.fulfill(json={})

    site.page.route("**/token", late)
    assert "cannot be reached" in site.finish()["fault"]


def test_an_answer_is_taken_once(site: Site) -> None:
    site.open()
    site.came_back()
    answer = site.page.url
    assert "patientId" in site.finish()
    site.page.goto(answer)
    assert "belongs to no launch" in site.finish()["fault"]


def test_a_verifier_of_another_launch_gets_nothing(site: Site, watch: Watch) -> None:
    watch.expects("400")
    site.open()
    site.came_back()
    site.page.evaluate(
        """() => { for (const key of Object.keys(sessionStorage)) {
             const kept = JSON.parse(sessionStorage.getItem(key));
             sessionStorage.setItem(key, JSON.stringify({ ...kept, verifier: "x".repeat(43) })); } }"""
    )
    assert "the verifier is no good" in site.finish()["fault"]


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({"nonce": "another"}, "another launch"),
        ({"nonce": ...}, "another launch"),
        ({"iss": "https://evil.example"}, "another server made it"),
        ({"aud": "another-app"}, "somebody else"),
        ({"azp": "another-app"}, "somebody else"),
        ({"sub": ...}, "does not say who"),
        ({"exp": 1_000_000_000}, "has expired"),
        ({"exp": ...}, "has expired"),
        ({"iat": 4_000_000_000}, "of the future"),
    ],
)
def test_an_id_token_of_another_is_not_believed(site: Site, kit: Kit, claims: dict[str, Any], says: str) -> None:
    kit.manner.claims = claims
    assert says in site.launched()["fault"]


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ({"patient": ...}, "did not say whose chart"),
        ({"patient": 7}, "did not say whose chart"),
        ({"token_type": "mac"}, "no token that could be used"),
        ({"access_token": ...}, "no token that could be used"),
        ({"id_token": "not.a-token"}, "cannot be trusted"),
        ({"id_token": 7}, "cannot be trusted"),
    ],
)
def test_a_token_answer_that_lacks_something(site: Site, kit: Kit, token: dict[str, Any], says: str) -> None:
    kit.manner.token = token
    assert says in site.launched()["fault"]


# ------------------------------------------------------------------------------------------------- while it lasts


def test_access_is_renewed_ahead_of_its_end_and_once_for_all(site: Site, kit: Kit) -> None:
    kit.manner.lifetime_s = 30
    site.launched()
    kit.manner.lifetime_s = 3600
    read = site.read()
    assert read["covered"]["Condition"] == "complete"
    assert [each for each in kit.asked if each == "POST /token"] == ["POST /token"] * 2
    first, _, _, renewed, *_ = kit.issued
    used = {each["authorization"] for each in kit.headers if "authorization" in each}
    assert used == {f"Bearer {renewed}"}
    assert first != renewed


def test_access_that_is_taken_back_is_renewed_once_and_tried_again(site: Site, kit: Kit, watch: Watch) -> None:
    watch.expects("401")
    site.launched()
    kit.revoke()
    kit.manner.slow_s = {"Condition": 1.5}  # refused long after the others have new access
    assert site.read()["covered"]["Condition"] == "complete"
    assert kit.count("POST /token") == 2


def test_when_nothing_can_be_renewed_one_signs_in_again(site: Site, kit: Kit, watch: Watch) -> None:
    watch.expects("401", "400")
    site.launched()
    kit.revoke(refresh=True)
    told = site.read()
    assert told == {"fault": "The sign-in has ended: sign in again.", "again": True}
    site.page.evaluate(
        """async (words) => { const { againNodes } = await import("/app/assets/session.js");
           document.body.append(againNodes(session, words)); }""",
        told["fault"],
    )
    site.page.get_by_role("button", name="Sign in again").click()
    site.came_back()
    assert site.finish()["patientId"] == kit.patient_id
    assert site.read()["covered"]["Condition"] == "complete"


def test_without_a_refresh_token_an_expired_one_ends_the_sign_in(site: Site, kit: Kit, watch: Watch) -> None:
    watch.expects("401")
    kit.manner.refreshes = False
    site.launched()
    kit.revoke()
    assert site.read()["again"] is True
    assert kit.count("POST /token") == 1


@pytest.mark.parametrize("claims", [{"sub": "somebody-else"}, {"aud": "another-app"}])
def test_a_renewal_for_somebody_else_is_not_taken(site: Site, kit: Kit, watch: Watch, claims: dict[str, Any]) -> None:
    watch.expects("401")
    site.launched()
    kit.revoke()
    kit.manner.claims = claims
    assert site.read()["again"] is True


@pytest.mark.parametrize(
    "where",
    [
        "https://evil.example/fhir/Patient/1",
        "//evil.example/fhir/Patient/1",
        "/token",
        "../token",
        "Patient/../../token",
        "Patient/%2e%2e/%2e%2e/token",
        "Patient/..%2f..%2ftoken",
        "Patient/..;/..;/token",
        "Patient\\..\\..\\token",
        "{kit}x/Patient/1",
        "Patient/%252e%252e/%252e%252e/token",
        "Patient/1%00",
        "Patient/1%0d%0aX",
        "Patient/%20/1",
        "{password}/Patient/1",
    ],
)
def test_the_token_goes_nowhere_but_to_the_fhir_server(site: Site, kit: Kit, where: str) -> None:
    site.launched()
    before = len(kit.asked)
    told = site.page.evaluate(
        "(where) => session.fetch(where).then(() => 'asked', (fault) => fault.message)",
        where.replace("{kit}", kit.fhir).replace("{password}", kit.fhir.replace("//", "//:word@")),
    )
    assert told == "That address is not on the FHIR server that you signed in to."
    assert len(kit.asked) == before


# ------------------------------------------------------------------------------------------------- saving


def save(page: Page, resource: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever came of it
    return page.evaluate("(it) => session.save(it).then((saved) => saved.id, (fault) => fault.message)", resource)


def test_an_observation_is_saved_where_site_and_sign_in_let_it(site: Site, kit: Kit) -> None:
    assert site.launched()["saves"] == [True, True]
    result = {"resourceType": "Observation", "subject": {"reference": f"Patient/{kit.patient_id}"}}
    assert save(site.page, result) == "saved-1"
    assert kit.saved == [result]
    assert "not about the patient" in save(site.page, result | {"subject": {"reference": "Patient/other"}})
    assert "does not let the page save" in save(site.page, result | {"resourceType": "Condition"})
    assert len(kit.saved) == 1


def test_nothing_but_observations_is_saved_whatever_the_sign_in_lets(site: Site, kit: Kit) -> None:
    kit.manner.token = {"scope": "openid patient/*.cruds"}
    assert site.launched()["saves"] == [True, True]
    person = {"reference": f"Patient/{kit.patient_id}"}
    assert "does not let the page save" in save(site.page, {"resourceType": "Condition", "subject": person})
    assert kit.saved == []


def test_without_the_scope_there_is_no_saving(site: Site, kit: Kit) -> None:
    kit.manner.withheld = ("Observation.c",)
    assert site.launched()["saves"] == [False, False]


# ------------------------------------------------------------------------------------------------- settings


def test_the_browser_is_told_where_to_sign_in(site: Site, kit: Kit) -> None:
    told = json.loads(site.page.request.get(f"{site.address}/app/settings.json").text())
    (server,) = told["servers"]
    assert (server["fhir"], server["standalone"], server["saveObservations"]) == (kit.fhir, True, True)


def test_scopes_are_those_that_the_site_needs(site: Site, watch: Watch) -> None:
    told = json.loads(site.page.request.get(f"{site.address}/app/settings.json").text())
    needs = json.loads(site.page.request.get(f"{site.address}/api/needs").text())
    assert told["scopes"] == needs["scopes"]
    site.launched()
    asked = [each for each in authorization(watch)["scope"].split() if each.startswith("patient/")]
    assert sorted(asked) == sorted([*needs["scopes"]["v2"], "patient/Observation.c"])
