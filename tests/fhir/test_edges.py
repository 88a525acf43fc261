"""What servers and callers have been seen to get wrong: nothing of it may pass for a whole record."""

import json
from collections.abc import Callable
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from cds.cli.files import read_bundle
from cds.core.chart import Chart, Extent, Kind, Lost
from cds.fhir.answer import Answer, AnswerState
from cds.fhir.asking.client import FhirRecords
from cds.fhir.reading.person import OTHER_PATIENT
from cds.fhir.reading.read import chart_of, chart_of_bundle
from cds.fhir.searches import PATIENT, Search

Json = dict[str, Any]
BASE = "https://ehr.example/fhir/r4"
CONDITIONS = Search("conditions", "Condition", Kind.CONDITION)
REQUESTS = Search("medicationRequests", "MedicationRequest", Kind.MEDICATION)
PERSON = {"resourceType": "Patient", "id": "p", "gender": "female"}
GERD = {"resourceType": "Condition", "id": "1", "code": {"text": "reflux"}}
OTHER_GERD = GERD | {"code": {"text": "heartburn"}}
NO_PATIENT = "it does not say which patient it is about"
DIFFERING = "sent in two versions that differ"


def bundle(*resources: object, **members: object) -> Json:
    return {"resourceType": "Bundle", "entry": [{"resource": each} for each in resources], **members}


def with_urls(*entries: tuple[Json, str]) -> Json:
    return {"resourceType": "Bundle", "entry": [{"resource": each, "fullUrl": url} for each, url in entries]}


def read(sent: Json, zone: ZoneInfo) -> Chart:
    return chart_of_bundle(sent, patient_id=None, covered=None, zone=zone)


def answered(search: Search, zone: ZoneInfo, *resources: object) -> Chart:
    answers = {"patient": Answer(AnswerState.COMPLETE, (PERSON,)), search.key: Answer(AnswerState.COMPLETE, resources)}
    return chart_of(answers, (PATIENT, search), patient_id="p", zone=zone)


# --------------------------------------------------------------------------------------------- missing pages, totals
@pytest.mark.parametrize("mode", [[], {}, ["match"], [[]], 3])
def test_a_search_mode_of_any_shape_is_a_match(mode: object, zone: ZoneInfo) -> None:
    sent = bundle(PERSON, GERD, total=2)
    sent["entry"][0]["search"] = {"mode": mode}
    assert read(sent, zone).extent(Kind.CONDITION) is Extent.COMPLETE


SHORT: list[Json] = [
    {"total": "3"},
    {"total": Decimal("3.0")},
    {"total": Decimal("1e999999999")},
    {"link": {"relation": "next", "url": "x"}},
]


@pytest.mark.parametrize("more", SHORT)
def test_more_is_announced_in_any_form_and_any_bundle(more: Json, zone: ZoneInfo) -> None:
    whole = read(bundle(PERSON, GERD, **more), zone)
    inside = read(bundle(PERSON, bundle(GERD, **more)), zone)
    in_answer = answered(CONDITIONS, zone, bundle(GERD, **more))
    assert [each.extent(Kind.CONDITION) for each in (whole, inside, in_answer)] == [Extent.PARTIAL] * 3


@pytest.mark.parametrize("total", ["2", Decimal("2.0"), "many", True, None, {}])
def test_a_total_that_is_met_or_says_nothing_leaves_the_bundle_whole(total: object, zone: ZoneInfo) -> None:
    assert read(bundle(PERSON, GERD, total=total), zone).extent(Kind.CONDITION) is Extent.COMPLETE


def test_bundles_too_deep_to_open_are_lost(zone: ZoneInfo) -> None:
    deep: Json = bundle(GERD)
    for _ in range(4):
        deep = bundle(deep)
    chart = read(bundle(PERSON, GERD, deep), zone)
    assert [each.why for each in chart.lost] == ["Bundles stand too deep inside one another"]
    assert chart.extent(Kind.CONDITION) is Extent.PARTIAL


def test_what_came_along_does_not_fill_a_page_of_a_file(tmp_path: Path) -> None:
    included = {"resource": {"resourceType": "Medication", "id": "m"}, "search": {"mode": "include"}}
    page = bundle(GERD, total="2")
    page["entry"].append(included)
    file, person = tmp_path / "page.json", tmp_path / "patient.json"
    file.write_text(json.dumps(page), encoding="utf-8")
    person.write_text(json.dumps(PERSON), encoding="utf-8")
    joined: Any = read_bundle([person, file])
    assert joined["link"][0]["relation"] == "next"


# --------------------------------------------------------------------------------------------- of another type
@pytest.mark.parametrize("name", ["Encounter", "Conditions", "Observation"])
def test_entries_of_another_type_than_asked_are_no_whole_answer(name: str, zone: ZoneInfo) -> None:
    strange = {"resourceType": name, "id": "9", "code": {"text": "x"}, "status": "final"}
    chart = answered(CONDITIONS, zone, GERD, strange)
    assert chart.extent(Kind.CONDITION) is Extent.PARTIAL
    assert chart.gaps[Kind.CONDITION] == "conditions: 1 of its entries are not of the type that was asked for"
    assert [str(each.code) for each in chart.conditions] == ["reflux"]


@pytest.mark.parametrize("name", ["Medication", "Provenance", "Patient"])
def test_what_may_come_along_dents_nothing(name: str, zone: ZoneInfo) -> None:
    beside = PERSON if name == "Patient" else {"resourceType": name, "id": "9"}
    assert answered(REQUESTS, zone, beside).extent(Kind.MEDICATION) is Extent.COMPLETE


# --------------------------------------------------------------------------------------------- same id
def test_the_same_id_on_two_servers_is_two_entries(zone: ZoneInfo) -> None:
    one, other = "https://a.example/fhir/Condition/1", "https://b.example/fhir/Condition/1"
    chart = read(with_urls((PERSON, "urn:uuid:p"), (GERD, one), (OTHER_GERD, other)), zone)
    assert ({str(each.code) for each in chart.conditions}, chart.lost) == ({"reflux", "heartburn"}, ())


@pytest.mark.parametrize("meta", [{}, {"versionId": "2"}])
def test_of_two_versions_that_differ_neither_is_trusted(meta: Json, zone: ZoneInfo) -> None:
    for order in permutations([GERD | {"meta": meta}, OTHER_GERD | {"meta": meta}, GERD | {"meta": meta}]):
        chart = read(bundle(PERSON, *order), zone)
        assert (chart.conditions, chart.lost) == ((), (Lost("Condition/1", DIFFERING, Kind.CONDITION),))
        assert chart.extent(Kind.CONDITION) is Extent.PARTIAL


def test_what_is_said_about_a_resource_is_no_difference(zone: ZoneInfo) -> None:
    chart = read(bundle(PERSON, GERD, GERD | {"meta": {"tag": [{"code": "x"}]}, "text": {"div": "y"}}), zone)
    assert ([str(each.code) for each in chart.conditions], chart.lost) == (["reflux"], ())


def test_of_two_versions_of_a_patient_a_death_counts(zone: ZoneInfo) -> None:
    for order in permutations([PERSON, PERSON | {"deceasedBoolean": True}]):
        assert read(bundle(*order), zone).person.deceased
    older = PERSON | {"deceasedBoolean": True, "meta": {"versionId": "1"}}
    assert not read(bundle(older, PERSON | {"meta": {"versionId": "2"}}), zone).person.deceased


# --------------------------------------------------------------------------------------------- whose, alive
@pytest.mark.parametrize(
    "subject", [{"identifier": {"value": "7"}}, {}, 7, [], {"reference": 7}, {"reference": ""}, {"reference": "#p"}]
)
def test_an_entry_that_garbles_whose_it_is_is_lost(subject: object, zone: ZoneInfo) -> None:
    chart = read(bundle(PERSON, GERD | {"subject": subject}), zone)
    assert chart.lost == (Lost("Condition/1", NO_PATIENT, Kind.CONDITION),)
    assert chart.extent(Kind.CONDITION) is Extent.PARTIAL


@pytest.mark.parametrize("subject", [[{"reference": "Patient/p"}], {"reference": ["Patient/p"]}, None])
def test_a_list_of_one_subject_is_that_subject(subject: object, zone: ZoneInfo) -> None:
    assert read(bundle(PERSON, GERD | {"subject": subject}), zone).lost == ()


def test_the_same_id_on_another_server_is_another_patient(zone: ZoneInfo) -> None:
    def about(base: str) -> Chart:
        entry = GERD | {"subject": {"reference": f"{base}/Patient/p"}}
        return read(with_urls((PERSON, f"{BASE}/Patient/p"), (entry, "urn:uuid:1")), zone)

    assert about(BASE).lost == ()
    assert about("http://EHR.example/fhir/r4").lost == ()
    assert about("https://other.example/fhir").lost == (Lost("Condition/1", OTHER_PATIENT, Kind.CONDITION),)


@pytest.mark.parametrize(
    ("said", "deceased"),
    [
        ({"deceasedBoolean": "yes"}, True),
        ({"deceasedBoolean": 1}, True),
        ({"deceasedBoolean": [True]}, True),
        ({"deceased": True}, True),
        ({"deceasedDateTime": "garbage"}, True),
        ({"_deceasedDateTime": {"extension": [{"url": "x"}]}}, True),
        ({"deceasedBoolean": False}, False),
        ({"deceasedBoolean": " False"}, False),
        ({"deceasedBoolean": 0}, False),
        ({"deceasedBoolean": None}, False),
        ({"deceased": False}, False),
    ],
)
def test_any_word_of_a_death_counts_unless_it_is_a_no(said: Json, deceased: object, zone: ZoneInfo) -> None:
    assert read(bundle(PERSON | said), zone).person.deceased is deceased


# --------------------------------------------------------------------------------------------- the client
async def fetched(reply: Callable[[httpx.Request], Json], asked: list[str] | None = None, said: str = "tok") -> Answer:
    def transport(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/metadata"):
            return httpx.Response(404)
        if asked is not None:
            asked.append(str(request.url))
        return httpx.Response(200, json=reply(request))

    async with httpx.AsyncClient(transport=httpx.MockTransport(transport)) as client:
        records = FhirRecords(client, allowed=[BASE])
        answers = await records.fetch([CONDITIONS], server=BASE, token=said, patient_id="p", deadline_s=5)
        return answers["conditions"]


@pytest.mark.anyio
async def test_a_token_that_cannot_be_sent_is_an_answer_without_it(caplog: pytest.LogCaptureFixture) -> None:
    answer = await fetched(lambda _: bundle(GERD), said="tök-SECRET")
    assert answer == Answer(AnswerState.FAILED, (), "the FHIR server could not be asked")
    assert "SECRET" not in caplog.text
    assert "UnicodeEncodeError" in caplog.text


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("following", "why"),
    [
        ("https://ehr.example:99999/fhir/r4/x", "the FHIR server names a next page that is no URL"),
        ("https://u:p@ehr.example/fhir/r4/Condition?p=2", "its next page lies elsewhere"),
        ("https://ehr.example/fhir/r5/Condition?p=2", "its next page lies elsewhere"),
        ("https://ehr.example/fhir/r45?p=2", "its next page lies elsewhere"),
        ("../r5/Condition?p=2", "its next page lies elsewhere"),
        ("https://ehr.example/fhir/r4/%2e%2e/r5?p=2", "its next page lies elsewhere"),
        (None, "the FHIR server names a next page without its address"),
        ([], "the FHIR server names a next page without its address"),
    ],
)
async def test_next_pages_that_are_not_followed(following: object, why: str) -> None:
    asked: list[str] = []
    answer = await fetched(lambda _: bundle(GERD, link=[{"relation": "next", "url": following}]), asked=asked)
    assert answer == Answer(AnswerState.PARTIAL, (GERD,), why)
    assert len(asked) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("total", ["5", 5.0])
async def test_a_total_in_another_form_counts(total: object) -> None:
    answer = await fetched(lambda _: bundle(GERD, total=total))
    assert answer == Answer(AnswerState.PARTIAL, (GERD,), "the FHIR server counts more entries than it sent")


@pytest.mark.anyio
async def test_a_search_mode_of_any_shape_does_not_stop_a_search() -> None:
    sent = bundle(GERD, total=1) | {"entry": [{"resource": GERD, "search": {"mode": []}}]}
    assert await fetched(lambda _: sent) == Answer(AnswerState.COMPLETE, (GERD,))
