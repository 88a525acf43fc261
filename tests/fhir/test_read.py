from collections.abc import Callable, Mapping
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cds.core.chart import Chart, Extent, Kind, Lost, Sex
from cds.errors import BadCall, NoPatient
from cds.fhir.answer import Answer, AnswerState
from cds.fhir.names import covered_types
from cds.fhir.reading.person import OTHER_PATIENT
from cds.fhir.reading.read import chart_of, chart_of_bundle
from cds.fhir.searches import PATIENT, Search

Read = Callable[..., Chart]
Json = dict[str, Any]
PERSON = {"resourceType": "Patient", "id": "p", "gender": "female"}
GERD = {"resourceType": "Condition", "id": "1", "code": {"text": "reflux"}}
COMPLETE, PARTIAL, NOT_READ = Extent.COMPLETE, Extent.PARTIAL, Extent.NOT_READ


def bundle(*resources: object, **members: object) -> Json:
    return {"resourceType": "Bundle", "entry": [{"resource": each} for each in resources], **members}


def read_bundle(
    sent: object, zone: ZoneInfo, patient_id: str | None = None, covered: Mapping[str, str] | None = None
) -> Chart:
    return chart_of_bundle(sent, patient_id=patient_id, covered=covered, zone=zone)


# --------------------------------------------------------------------------------------------------- bundles
@pytest.mark.parametrize(
    "sent", [None, [], "x", {}, {"resourceType": "Patient"}, {"resourceType": "Bundle", "entry": 3}]
)
def test_what_is_not_a_bundle_is_refused(sent: object, zone: ZoneInfo) -> None:
    with pytest.raises(BadCall, match=r"^bundle"):
        read_bundle(sent, zone)


def test_a_bundle_says_whose_it_is(zone: ZoneInfo) -> None:
    other = PERSON | {"id": "q", "gender": "male"}
    with pytest.raises(NoPatient, match="holds no Patient"):
        read_bundle(bundle(GERD), zone)
    with pytest.raises(NoPatient, match="several Patients"):
        read_bundle(bundle(PERSON, other), zone)
    with pytest.raises(BadCall, match="not the one"):
        read_bundle(bundle(PERSON), zone, "q")
    assert read_bundle(bundle(PERSON, other), zone, "Patient/q").person.sex is Sex.MALE
    assert read_bundle(bundle(PERSON, PERSON), zone).person.reference == "Patient/p"


def about(reference: object, **members: object) -> Json:
    return GERD | {"subject": {"reference": reference}} | members


@pytest.mark.parametrize(
    "reference", ["Patient/p", "https://ehr.example/fhir/Patient/p", "Patient/p/_history/2", "urn:uuid:u", "urn:uuid:p"]
)
def test_entries_of_this_patient_however_they_say_so(reference: str, zone: ZoneInfo) -> None:
    sent = bundle(about(reference))
    sent["entry"].append({"resource": PERSON, "fullUrl": "urn:uuid:u"})
    assert [str(each.code) for each in read_bundle(sent, zone).conditions] == ["reflux"]


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("Patient/q", OTHER_PATIENT),
        ("urn:uuid:q", OTHER_PATIENT),
        ("Group/p", "it is not about a patient"),
    ],
)
def test_entries_of_others_are_never_read(reference: str, why: str, zone: ZoneInfo) -> None:
    read = read_bundle(bundle(PERSON, about(reference)), zone)
    assert read.conditions == ()
    assert read.lost == (Lost("Condition/1", why, Kind.CONDITION),)
    assert read.extent(Kind.CONDITION) is PARTIAL


def test_another_patient_who_is_present_leaves_nothing_missing(zone: ZoneInfo) -> None:
    sent = bundle(PERSON, PERSON | {"id": "q"}, about("Patient/q"), about("Patient/p", id="2"), GERD | {"id": "3"})
    read = read_bundle(sent, zone, "p")
    assert [each.reference for each in read.conditions] == ["Condition/2"]
    assert [(each.reference, each.why) for each in read.lost] == [
        ("Condition/1", OTHER_PATIENT),
        ("Condition/3", "it does not say which patient it is about"),
        ("Patient", OTHER_PATIENT),
    ]
    without_the_doubtful = read_bundle(bundle(*(each["resource"] for each in sent["entry"][:4])), zone, "p")
    assert without_the_doubtful.extent(Kind.CONDITION) is COMPLETE


@pytest.mark.parametrize("garbage", [None, 7, "x", [], {}, {"resourceType": 3}, {"resourceType": "not a type"}])
def test_garbage_is_lost_and_may_have_been_anything(garbage: object, zone: ZoneInfo) -> None:
    read = read_bundle(bundle(PERSON, GERD, garbage), zone)
    assert read.lost == (Lost("entry 3", "it is not a FHIR resource", None),)
    assert read.covered == {Kind.PERSON: PARTIAL, Kind.CONDITION: PARTIAL}


def test_types_that_tell_of_nothing_are_passed_over_and_odd_spellings_are_read(zone: ZoneInfo) -> None:
    read = read_bundle(bundle(PERSON, {"resourceType": "Encounter"}, GERD | {"resourceType": "condition "}), zone)
    assert (read.lost, read.read) == ((), {"Patient": 1, "Condition": 1})


def test_bundles_within_bundles_are_opened(zone: ZoneInfo) -> None:
    assert read_bundle(bundle(PERSON, bundle(GERD)), zone).conditions[0].reference == "Condition/1"


def test_the_newest_version_counts_in_whatever_order_it_comes(zone: ZoneInfo) -> None:
    def version(words: str, **meta: object) -> Json:
        return GERD | {"code": {"text": words}, "meta": meta}

    versions = [
        version("old", lastUpdated="2026-01-01T00:00:00Z", versionId="9"),
        version("new", lastUpdated="2026-01-01T01:00:00+00:30", versionId="10"),
        version("undated", versionId="11"),
    ]
    for order in permutations(versions):
        assert [str(each.code) for each in read_bundle(bundle(PERSON, *order), zone).conditions] == ["new"]


@pytest.mark.parametrize("more", [{"link": [{"relation": "next", "url": "x"}]}, {"total": 3}])
def test_a_bundle_that_announces_more_is_not_whole(more: Json, zone: ZoneInfo) -> None:
    read = read_bundle(bundle(PERSON, GERD, **more), zone)
    assert read.extent(Kind.CONDITION) is PARTIAL
    assert read.gaps[Kind.CONDITION] == "the bundle is not whole: more pages or entries were announced"


def outcome(severity: str, code: str, words: str = "") -> Json:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code, "diagnostics": words}]}


@pytest.mark.parametrize(
    ("sent", "extent"),
    [
        (outcome("information", "informational"), COMPLETE),
        (outcome("warning", "not-supported", "unknown parameter _count"), COMPLETE),
        (outcome("warning", "processing", "Resource request returns no results."), COMPLETE),
        (outcome("warning", "processing", "It may not contain the entire record"), PARTIAL),
        (outcome("information", "incomplete"), PARTIAL),
        (outcome("error", "not-supported"), PARTIAL),
        ({"resourceType": "OperationOutcome"}, PARTIAL),
    ],
)
def test_warnings_beside_the_entries(sent: Json, extent: Extent, zone: ZoneInfo) -> None:
    assert read_bundle(bundle(PERSON, GERD, sent), zone).extent(Kind.CONDITION) is extent


STATEMENT = {"resourceType": "MedicationStatement", "id": "s", "medicationCodeableConcept": {"text": "x"}}


@pytest.mark.parametrize(
    ("covered", "expected"),
    [
        (None, {Kind.PERSON: COMPLETE, Kind.CONDITION: COMPLETE, Kind.MEDICATION: COMPLETE}),
        ({"Condition": "partial"}, {Kind.PERSON: COMPLETE, Kind.CONDITION: PARTIAL, Kind.MEDICATION: COMPLETE}),
        ({"Observation": "complete"}, {Kind.MEASUREMENT: COMPLETE, Kind.CONDITION: COMPLETE}),
        ({"MedicationRequest": "not-read"}, {Kind.MEDICATION: PARTIAL}),
        ({"MedicationStatement": "not-read"}, {Kind.MEDICATION: NOT_READ}),
        ({"MedicationRequest": "complete"}, {Kind.MEDICATION: COMPLETE}),
    ],
)
def test_what_the_caller_says_of_coverage(
    covered: dict[str, str] | None, expected: dict[Kind, Extent], zone: ZoneInfo
) -> None:
    found = read_bundle(bundle(PERSON, GERD, STATEMENT), zone, covered=covered).covered
    assert {kind: found[kind] for kind in expected} == expected
    assert Kind.PROCEDURE not in found


@pytest.mark.parametrize("covered", [{"Conditions": "complete"}, {"Condition": "whole"}])
def test_coverage_in_other_words_is_refused(covered: dict[str, str], zone: ZoneInfo) -> None:
    with pytest.raises(BadCall, match=r"^covered"):
        read_bundle(bundle(PERSON), zone, covered=covered)


def test_coverage_is_told_by_type(zone: ZoneInfo) -> None:
    read = read_bundle(
        bundle(PERSON, STATEMENT), zone, covered={"MedicationStatement": "partial", "Procedure": "complete"}
    )
    assert covered_types(read) == {"Patient": COMPLETE, "MedicationStatement": PARTIAL, "Procedure": COMPLETE}


# --------------------------------------------------------------------------------------------------- answers
CONDITIONS = Search("conditions", "Condition", Kind.CONDITION)
STATEMENTS = Search("medicationStatements", "MedicationStatement", Kind.MEDICATION)
REQUESTS = Search("medicationRequests", "MedicationRequest", Kind.MEDICATION)
DISPENSES = Search("medicationDispenses", "MedicationDispense", Kind.MEDICATION)


def gave(*resources: object, state: AnswerState = AnswerState.COMPLETE, why: str = "") -> Answer:
    return Answer(state, resources, why)


def read_answers(zone: ZoneInfo, patient_id: str | None = "p", **answers: Answer) -> Chart:
    searches = (PATIENT, CONDITIONS)
    return chart_of(answers, searches, patient_id=patient_id, zone=zone)


def test_answers_make_the_same_chart_as_a_bundle(zone: ZoneInfo) -> None:
    by_answers = read_answers(zone, patient=gave(PERSON), conditions=gave(GERD))
    assert by_answers == read_bundle(bundle(PERSON, GERD), zone)
    nested = read_answers(zone, patient=gave(PERSON), conditions=gave(bundle(GERD)))
    assert nested == by_answers


def test_garbage_in_an_answer_can_only_be_what_was_asked_for(zone: ZoneInfo) -> None:
    read = read_answers(zone, patient=gave(PERSON), conditions=gave(GERD, "<html>"))
    assert read.lost == (Lost("entry 3", "it is not a FHIR resource", Kind.CONDITION),)
    assert read.covered == {Kind.PERSON: COMPLETE, Kind.CONDITION: PARTIAL}


def test_a_warning_in_an_answer_uncovers_what_was_asked_for(zone: ZoneInfo) -> None:
    read = read_answers(zone, patient=gave(PERSON), conditions=gave(GERD, outcome("warning", "incomplete")))
    assert read.covered == {Kind.PERSON: COMPLETE, Kind.CONDITION: PARTIAL}
    assert read.gaps == {Kind.CONDITION: "the server says that something may be missing"}


def test_another_patient_is_not_read(zone: ZoneInfo) -> None:
    read = read_answers(zone, patient=gave(PERSON | {"id": "secret-77"}), conditions=gave(GERD))
    assert (read.person.sex, read.extent(Kind.PERSON)) == (None, NOT_READ)
    assert read.lost == (Lost("Patient", OTHER_PATIENT, Kind.PERSON),)
    assert read.gaps == {Kind.PERSON: "the patient cannot be read"}
    assert "secret-77" not in repr(read)


def test_a_call_that_names_no_patient_takes_the_one_that_came(zone: ZoneInfo) -> None:
    read = read_answers(
        zone, None, patient=gave(PERSON), conditions=gave(about("Patient/p"), about("Patient/q", id="2"))
    )
    assert [each.reference for each in read.conditions] == ["Condition/1"]
    assert read.extent(Kind.CONDITION) is PARTIAL


@pytest.mark.parametrize(
    ("state", "extent"),
    [
        (AnswerState.COMPLETE, COMPLETE),
        (AnswerState.PARTIAL, PARTIAL),
        (AnswerState.FAILED, NOT_READ),
        (AnswerState.NOT_OFFERED, NOT_READ),
        (AnswerState.NOT_ASKED, NOT_READ),
    ],
)
def test_a_kind_is_as_complete_as_its_search(state: AnswerState, extent: Extent, zone: ZoneInfo) -> None:
    read = read_answers(zone, patient=gave(PERSON), conditions=gave(state=state, why="because"))
    assert read.extent(Kind.CONDITION) is extent
    assert read.gaps.get(Kind.CONDITION, "conditions: because") == "conditions: because"


@pytest.mark.parametrize(
    ("statements", "requests", "dispenses", "extent"),
    [
        ("complete", "complete", "complete", COMPLETE),
        ("not-offered", "complete", "not-offered", COMPLETE),
        ("complete", "not-offered", "complete", COMPLETE),
        ("not-offered", "not-offered", "complete", PARTIAL),
        ("complete", "failed", "complete", PARTIAL),
        ("complete", "complete", "not-asked", PARTIAL),
        ("failed", "failed", "not-asked", NOT_READ),
        ("not-offered", "not-offered", "not-offered", NOT_READ),
    ],
)
def test_medication_is_told_in_several_types(
    statements: str, requests: str, dispenses: str, extent: Extent, zone: ZoneInfo
) -> None:
    states = dict(zip((STATEMENTS, REQUESTS, DISPENSES), (statements, requests, dispenses), strict=True))
    answers = {search.key: gave(state=AnswerState(state)) for search, state in states.items()}
    read = chart_of(answers, (STATEMENTS, REQUESTS, DISPENSES), patient_id="p", zone=zone)
    assert read.extent(Kind.MEDICATION) is extent


def test_a_result_found_by_two_searches_is_one_result(zone: ZoneInfo) -> None:
    read = read_answers(zone, patient=gave(PERSON), conditions=gave(GERD), again=gave(GERD))
    assert (len(read.conditions), read.read["Condition"]) == (1, 1)


def test_versions_nested_too_deeply_to_be_compared_are_lost_not_raised(zone: ZoneInfo) -> None:
    def nested(leaf: int) -> Json:
        deep: object = leaf
        for _ in range(5000):
            deep = {"a": deep}
        return GERD | {"note": deep}

    chart = read_bundle(bundle(PERSON, nested(1), nested(2)), zone)
    assert [(each.reference, each.kind) for each in chart.lost] == [("Condition/1", Kind.CONDITION)]
    assert chart.extent(Kind.CONDITION) is PARTIAL
