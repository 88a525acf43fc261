"""Reading the chart in the browser: by the service's own searches, and with an honest account of what came."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.browser.launching import NOON, Site, blank, launch_list, settings_with
from tests.browser.serving import running
from tests.browser.smart_kit import Kit, chart_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.watch import Watch

MEDICATION = {"MedicationStatement", "MedicationRequest", "MedicationAdministration", "MedicationDispense"}


def names(bundle: dict[str, Any]) -> set[str]:
    return {f"{each['resource']['resourceType']}/{each['resource']['id']}" for each in bundle["entry"]}


def assessed(site: Site, **body: object) -> dict[str, Any]:
    """Assess outside the browser what the browser read."""
    answer = httpx.post(f"{site.address}/api/assessments", json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def verdicts(told: dict[str, Any]) -> dict[str, tuple[str, object]]:
    return {each["nctId"]: (each["verdict"], each["counts"]) for each in told["trials"]}


# ------------------------------------------------------------------------------------------------- all of it


@pytest.mark.parametrize("slug", ["stomach-nec-liver-mets", "duodenum-nec-karnofsky", "rectum-nec-lab-chaos"])
def test_what_the_browser_reads_is_told_as_the_whole_chart_is(site: Site, kit: Kit, slug: str) -> None:
    kit.manner.chart = chart_of(slug)
    site.launched()
    read = site.read()
    assert set(read["covered"].values()) == {"complete"}
    assert read["gaps"] == {}
    by_page = assessed(site, bundle=read["bundle"], patientId=kit.patient_id, covered=read["covered"])
    whole = assessed(site, bundle=kit.manner.chart, patientId=kit.patient_id, covered=read["covered"])
    assert verdicts(by_page) == verdicts(whole)
    assert by_page["chart"]["covered"] == whole["chart"]["covered"]
    assert kit.count("GET /fhir/Observation?") > 2, "pages were turned"


def test_drugs_come_by_reference_where_the_server_does_not_send_them_along(site: Site, kit: Kit) -> None:
    kit.manner.chart, kit.manner.includes = chart_of("duodenum-nec-karnofsky"), False
    site.launched()
    found = names(site.read()["bundle"])
    held = {name for name in names(kit.manner.chart) if name.startswith("Medication/")}
    assert held
    assert held <= found
    assert kit.count("GET /fhir/Medication?_id=") == 1


def test_a_server_that_wants_plain_searches_gets_them(site: Site, kit: Kit, watch: Watch) -> None:
    watch.expects("400")
    kit.manner.plain_only = True
    site.launched()
    assert set(site.read()["covered"].values()) == {"complete"}


def test_progress_is_told(site: Site) -> None:
    site.launched()
    told = site.page.evaluate(
        """async () => {
          const { readChart } = await import("/app/assets/records.js");
          const { getJson } = await import("/app/assets/service.js");
          const heard = [];
          await readChart(session, await getJson("/api/needs"), { onProgress: (...each) => heard.push(each) });
          return heard;
        }"""
    )
    assert [done for done, _ in told] == list(range(1, len(told) + 1))
    assert {most for _, most in told} == {len(told)}


# ------------------------------------------------------------------------------------------------- a part of it


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_one_type_that_cannot_be_read_takes_nothing_else_away(site: Site, kit: Kit, watch: Watch, status: int) -> None:
    watch.expects(str(status))
    kit.manner.statuses = {"Condition": status}
    site.launched()
    read = site.read()
    assert read["covered"]["Condition"] == "not-read"
    assert str(status) in read["gaps"]["Condition"]
    assert read["covered"]["Observation"] == "complete"
    told = assessed(site, bundle=read["bundle"], patientId=kit.patient_id, covered=read["covered"])
    assert told["chart"]["covered"]["Condition"] == "not-read"


def test_scopes_that_were_not_granted_are_not_read_and_not_asked(site: Site, kit: Kit) -> None:
    kit.manner.withheld = ("/Procedure.", "/Immunization.")
    assert site.launched()["lacking"] == ["Immunization", "Procedure"]
    read = site.read()
    gone = {"Procedure", "Immunization"} & read["covered"].keys()
    assert gone
    for each in gone:
        assert read["covered"][each] == "not-read"
        assert "does not let the page read it" in read["gaps"][each]
        assert kit.count(f"GET /fhir/{each}") == 0


def test_a_scope_for_a_part_of_a_type_makes_it_partial(site: Site, kit: Kit) -> None:
    kit.manner.token = {"scope": "openid patient/*.r patient/Observation.rs?category=laboratory patient/*.cruds?x=1"}
    assert "Observation" in site.launched()["lacking"]
    assert site.read()["covered"]["Observation"] == "partial"


# ------------------------------------------------------------------------------------------------- medication, one kind


def test_types_of_medication_that_a_server_does_not_have_are_no_gap(site: Site, kit: Kit, watch: Watch) -> None:
    watch.expects("404")
    kit.manner.statuses = dict.fromkeys(("MedicationAdministration", "MedicationDispense"), 404)
    site.launched()
    read = site.read()
    assert {name for name in read["covered"] if name in MEDICATION} == {"MedicationStatement", "MedicationRequest"}
    assert read["covered"]["MedicationRequest"] == "complete"
    told = assessed(site, bundle=read["bundle"], patientId=kit.patient_id, covered=read["covered"])
    assert {told["chart"]["covered"][name] for name in MEDICATION & told["chart"]["covered"].keys()} == {"complete"}


def test_nor_are_those_that_are_not_granted_and_that_its_statement_does_not_list(site: Site, kit: Kit) -> None:
    kit.manner.withheld = ("/MedicationAdministration.", "/MedicationDispense.")
    site.launched()
    assert site.read()["covered"]["MedicationRequest"] == "complete"
    assert kit.count("GET /fhir/metadata") == 1


@pytest.mark.parametrize("status", [403, 404, 500])
def test_requests_alone_that_fail_leave_medication_partial(site: Site, kit: Kit, watch: Watch, status: int) -> None:
    watch.expects(str(status))
    kit.manner.statuses = {"MedicationRequest": status}
    site.launched()
    read = site.read()
    extents = {extent for name, extent in read["covered"].items() if name in MEDICATION}
    assert extents == ({"complete"} if status == 404 else {"partial"})
    told = assessed(site, bundle=read["bundle"], patientId=kit.patient_id, covered=read["covered"])
    assert {told["chart"]["covered"][name] for name in MEDICATION & told["chart"]["covered"].keys()} == extents


def test_without_statements_and_requests_medication_is_partial_or_not_read(site: Site, kit: Kit, watch: Watch) -> None:
    watch.expects("404")
    kit.manner.statuses = dict.fromkeys(("MedicationStatement", "MedicationRequest"), 404)
    site.launched()
    assert {site.read()["covered"][name] for name in ("MedicationAdministration", "MedicationDispense")} == {"partial"}
    kit.manner.statuses = dict.fromkeys(MEDICATION, 404)
    assert {extent for name, extent in site.read()["covered"].items() if name in MEDICATION} == {"not-read"}


# ------------------------------------------------------------------------------------------------- servers that lie


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("https://evil.example/fhir/Observation?page=2", "not on the FHIR server"),
        ("{kit}/token", "not on the FHIR server"),
        ("{kit}/fhir/../keys", "not on the FHIR server"),
    ],
)
def test_pages_elsewhere_are_not_followed(site: Site, kit: Kit, where: str, says: str) -> None:
    kit.manner.next_page = where.replace("{kit}", kit.address)
    site.launched()
    read = site.read()
    assert read["covered"]["Observation"] == "partial"
    assert says in read["gaps"]["Observation"]
    assert kit.count("GET /keys") == kit.count("GET /token") == 0


def test_pages_that_go_round_end(site: Site, kit: Kit) -> None:
    kit.manner.next_page = f"{kit.fhir}/Observation?patient={kit.patient_id}&category=laboratory"
    site.launched()
    read = site.read()
    assert read["covered"]["Observation"] == "partial"
    assert "go round in a circle" in read["gaps"]["Observation"]


def test_pages_without_end_are_cut(site: Site, kit: Kit) -> None:
    kit.manner.page_size = 1
    site.launched()
    read = site.read(pages=2)
    assert read["covered"]["Observation"] == "partial"
    assert "there are more than 2 pages" in read["gaps"]["Observation"]


def test_a_server_that_is_too_slow_is_left(site: Site, kit: Kit) -> None:
    site.launched()
    slow = "**/fhir/Condition?**"
    site.page.route(slow, lambda _: None)
    read = site.read(deadlineMs=1500)
    assert read["covered"]["Condition"] == "not-read"
    assert "took too long" in read["gaps"]["Condition"]
    assert read["covered"]["Procedure"] == "complete"
    site.page.unroute(slow)
    assert kit.count("GET /fhir/Patient/") == 1


def entry_of_another(kit: Kit) -> dict[str, Any]:
    entries = [each["resource"] for each in kit.manner.chart["entry"]]
    other = copy.deepcopy(next(each for each in entries if each["resourceType"] == "Condition"))
    return other | {"id": "of-another", "subject": {"reference": "Patient/somebody-else"}}


def test_entries_of_another_patient_are_left_out(site: Site, kit: Kit) -> None:
    kit.manner.lies = [entry_of_another(kit)]
    site.launched()
    read = site.read()
    assert "Condition/of-another" not in names(read["bundle"])
    assert read["covered"]["Condition"] == "partial"
    assert "another patient" in read["gaps"]["Condition"]


def test_an_entry_that_names_nobody_is_nobodys(site: Site, kit: Kit) -> None:
    other = entry_of_another(kit)
    del other["subject"]
    kit.manner.lies = [other]
    site.launched()
    assert "Condition/of-another" not in names(site.read()["bundle"])


@pytest.mark.parametrize(
    ("issue", "extent"),
    [
        ({"severity": "error", "code": "processing"}, "partial"),
        ({"severity": "warning", "code": "incomplete"}, "partial"),
        ({"severity": "warning", "code": "not-supported"}, "complete"),
        ({"severity": "information", "code": "informational"}, "complete"),
        (
            {"severity": "warning", "code": "processing", "details": {"text": "Resource request returns no results."}},
            "complete",
        ),
    ],
)
def test_what_a_server_warns_of_counts(site: Site, kit: Kit, issue: dict[str, Any], extent: str) -> None:
    kit.manner.lies = [{"resourceType": "OperationOutcome", "issue": [issue]}]
    kit.manner.page_size = 100
    site.launched()
    site.page.route(
        "**/fhir/Condition?**",
        lambda route: route.fulfill(
            json={
                "resourceType": "Bundle",
                "entry": [{"resource": kit.manner.lies[0], "search": {"mode": "outcome"}}],
            },
            headers={"Access-Control-Allow-Origin": "*"},
        ),
    )
    read = site.read()
    assert read["covered"]["Condition"] == extent
    assert not [
        name for name in (each["resource"]["resourceType"] for each in read["bundle"]["entry"]) if "Outcome" in name
    ]


def test_a_total_that_is_not_reached_is_partial(site: Site) -> None:
    site.launched()
    bundle = {"resourceType": "Bundle", "total": 3, "entry": []}
    site.page.route(
        "**/fhir/Procedure?**",
        lambda route: route.fulfill(json=bundle, headers={"Access-Control-Allow-Origin": "*"}),
    )
    read = site.read()
    assert read["covered"]["Procedure"] == "partial"
    assert "counts more entries than it sent" in read["gaps"]["Procedure"]


def searchset(**members: object) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", **members}


def answering(site: Site, resource_type: str, answer: dict[str, Any]) -> None:
    """Let every search for a type be answered so."""
    headers = {"Access-Control-Allow-Origin": "*"}
    site.page.route(f"**/fhir/{resource_type}?**", lambda route: route.fulfill(json=answer, headers=headers))


def condition(kit: Kit, **members: object) -> dict[str, Any]:
    return entry_of_another(kit) | {"id": "c-1", "subject": {"reference": f"Patient/{kit.patient_id}"}} | members


UNREAD = "entries that cannot be read came along"
INNER = {"resource": searchset(entry=[])}
DEEP = searchset(entry=[{"resource": searchset(entry=[{"resource": searchset(entry=[{"resource": searchset()}])}])}])
NO_ADDRESS = "names a next page without its address"
COUNTS_MORE = "counts more entries than it sent"
MISSING = "says that something may be missing"
ERROR = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "processing"}]}


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({"entry": [{"fullUrl": "urn:x"}]}, UNREAD),
        ({"entry": [{"resource": {"id": "c-2"}}]}, UNREAD),
        ({"entry": [None]}, UNREAD),
        ({"entry": {"resource": {"id": "c-2"}}}, UNREAD),
        ({"entry": ["Condition/c-2"]}, UNREAD),
        ({"entry": [{"resource": DEEP}]}, UNREAD),
        ({"entry": [{"resource": searchset(total=1)}]}, UNREAD),
        ({"entry": [{"resource": searchset(link=[{"relation": "next", "url": "x"}])}]}, UNREAD),
        ({"link": [{"relation": "next"}]}, NO_ADDRESS),
        ({"link": [{"relation": "next", "url": ""}]}, NO_ADDRESS),
        ({"link": {"relation": "next", "url": 7}}, NO_ADDRESS),
        ({"total": "3"}, COUNTS_MORE),
        ({"issues": ERROR}, MISSING),
        ({"issues": {"issue": []}}, UNREAD),
        ({"entry": [INNER], "total": "1"}, ""),
        ({"link": {"relation": "self", "url": "x"}, "total": "many"}, ""),
    ],
)
def test_what_is_there_and_cannot_be_read_is_a_gap(site: Site, members: dict[str, Any], says: str) -> None:
    site.launched()
    answering(site, "Condition", searchset(**members))
    read = site.read()
    assert (read["covered"]["Condition"] == "complete") == (not says)
    assert says in read["gaps"].get("Condition", "")
    assert bool(read["gaps"]) == bool(says)


def test_one_entry_and_one_link_that_are_no_lists_are_read(site: Site, kit: Kit) -> None:
    site.launched()
    headers = {"Access-Control-Allow-Origin": "*"}
    second = searchset(entry={"resource": condition(kit, id="c-2")})
    link = {"relation": "next", "url": f"{kit.fhir}/Condition?page=2"}
    first = searchset(entry={"resource": condition(kit)}, link=link, total="2")
    site.page.route(
        "**/fhir/Condition?**",
        lambda route: route.fulfill(json=second if "page=2" in route.request.url else first, headers=headers),
    )
    read = site.read()
    assert read["covered"]["Condition"] == "complete"
    assert {"Condition/c-1", "Condition/c-2"} <= names(read["bundle"])


def test_two_of_one_id_that_differ_both_go_to_the_service(site: Site, kit: Kit) -> None:
    site.launched()
    some = [condition(kit), condition(kit), condition(kit, recordedDate="2026-01-01")]
    answering(site, "Condition", searchset(entry=[{"resource": each} for each in some]))
    read = site.read()
    found = [each["resource"] for each in read["bundle"]["entry"] if each["resource"]["resourceType"] == "Condition"]
    assert found == some[1:]
    assessed(site, bundle=read["bundle"], patientId=kit.patient_id, covered=read["covered"])


@pytest.mark.parametrize(
    ("statement", "is_read"),
    [
        ({"resourceType": "Conformance", "fhirVersion": ...}, False),
        ({"resourceType": "Conformance", "fhirVersion": "1.0.2"}, False),
        ({"fhirVersion": "1.8.0"}, False),
        ({"fhirVersion": "3.0.2"}, False),
        ({"fhirVersion": "4.3.0"}, True),
        ({"fhirVersion": "5.0.0"}, True),
        ({"fhirVersion": ...}, True),
    ],
)
def test_releases_before_r4_are_not_read(site: Site, kit: Kit, statement: dict[str, Any], is_read: bool) -> None:  # noqa: FBT001 - a row of the table
    kit.manner.statement = statement
    site.launched()
    read = site.read()
    assert ("bundle" in read) == is_read
    if not is_read:
        assert read["fault"] == "This FHIR server speaks a release that is not read."
    assert kit.count("GET /fhir/metadata") == 1


def test_a_server_that_says_nothing_of_itself_is_read(site: Site, watch: Watch) -> None:
    watch.expects("404")
    site.launched()
    site.page.route(
        "**/fhir/metadata",
        lambda route: route.fulfill(status=404, headers={"Access-Control-Allow-Origin": "*"}),
    )
    assert site.read()["covered"]["Condition"] == "complete"


@pytest.mark.parametrize(
    ("granted", "extent"),
    [("patient/Condition.rs?category=problem-list-item", "partial"), ("", "not-read")],
)
def test_a_renewal_that_lets_less_is_told(site: Site, kit: Kit, granted: str, extent: str) -> None:
    kit.manner.lifetime_s = 30
    site.launched()
    rest = site.page.evaluate("session.scopes.split(' ').filter((each) => !each.includes('/Condition.')).join(' ')")
    kit.manner.lifetime_s, kit.manner.renewed = 3600, {"scope": f"{rest} {granted}"}
    answering(site, "Condition", searchset(entry=[]))
    read = site.read()
    assert read["covered"]["Condition"] == extent
    assert "this sign-in" in read["gaps"]["Condition"]
    assert read["covered"]["Procedure"] == "complete"
    assert site.page.evaluate("session.lacking") == ["Condition"]


def test_what_is_no_fhir_is_not_read(site: Site) -> None:
    site.launched()
    site.page.route(
        "**/fhir/Procedure?**",
        lambda route: route.fulfill(body="<html>", headers={"Access-Control-Allow-Origin": "*"}),
    )
    assert site.read()["covered"]["Procedure"] == "not-read"


def test_without_the_patient_there_is_no_chart(site: Site, watch: Watch) -> None:
    watch.expects("404")
    site.launched()
    site.page.route(
        "**/fhir/Patient/**",
        lambda route: route.fulfill(status=404, headers={"Access-Control-Allow-Origin": "*"}),
    )
    assert "The patient could not be read" in site.read()["fault"]


def test_a_patient_that_is_another_is_refused(site: Site) -> None:
    site.launched()
    site.page.route(
        "**/fhir/Patient/**",
        lambda route: route.fulfill(
            json={"resourceType": "Patient", "id": "somebody-else"}, headers={"Access-Control-Allow-Origin": "*"}
        ),
    )
    assert "The patient could not be read" in site.read()["fault"]


# ------------------------------------------------------------------------------------------------- refusals of research


@pytest.fixture
def asks_consents(kit: Kit, page: Page, tmp_path: Path, _tables: None) -> Iterator[Site]:
    """Give a site that keeps refusals of research in consents."""
    settings = replace(settings_with(launch_list(tmp_path, kit)), read_consent=True)
    with running(settings, NOON, blank) as address:
        yield Site(address, kit, page)


def test_consents_are_read_where_the_site_keeps_refusals_in_them(asks_consents: Site, kit: Kit) -> None:
    asks_consents.launched()
    assert "patient/Consent.rs" in kit.scopes_asked
    assert "Consent" not in asks_consents.read()["covered"]
    assert kit.count("GET /fhir/Consent?") == 1


def test_a_refusal_that_cannot_be_read_ends_the_reading(asks_consents: Site, kit: Kit) -> None:
    kit.manner.withheld = ("/Consent.",)
    asks_consents.launched()
    assert "Whether the patient refuses research could not be read" in asks_consents.read()["fault"]


def test_a_server_that_has_no_consents_has_no_refusals(asks_consents: Site, kit: Kit, watch: Watch) -> None:
    watch.expects("404")
    kit.manner.statuses = {"Consent": 404}
    asks_consents.launched()
    assert asks_consents.read()["covered"]["Condition"] == "complete"
