"""US Core, patient summaries (IPS), plain R4 and R5: the same story gives the same findings, and silence its due."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cds.assessment import Assessment, Question, assess
from cds.core.chart import Chart, ExposureStatus, Extent, Kind
from cds.core.dates import PartialDate
from cds.fhir.reading.read import chart_of_bundle
from cds.fhir.reading.refusals import refuses_research
from cds.fhir.wire import decode
from cds.service import Service
from tests.service.world import CountingIds, FixedClock, ScriptedRecords
from tests.shipped import plan

Json = dict[str, Any]
Read = Callable[..., Chart]
PROFILES = Path(__file__).parent / "profiles"
AS_OF = dt.date(2026, 6, 10)
SNOMED = "http://snomed.info/sct"
IPS = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"


def sent(name: str) -> Json:
    told: Any = decode((PROFILES / f"{name}.json").read_bytes())
    assert isinstance(told, dict)
    return told


def assessed(bundle: Json, covered: dict[str, str] | None = None) -> Assessment:
    noon = dt.datetime.combine(AS_OF, dt.time(12), tzinfo=dt.UTC)
    service = Service(
        plan=plan(), records=ScriptedRecords(), clock=FixedClock(noon), ids=CountingIds(), zone=ZoneInfo("UTC")
    )
    return assess(Question(bundle, as_of=AS_OF, covered=covered), service)


def decided(answer: Assessment) -> Json:
    """What every criterion of every trial came to, and the entries that decided it."""
    return {
        verdict.trial.nct_id: (
            verdict.standing,
            {
                each.criterion.id: (
                    each.finding.truth,
                    each.finding.basis,
                    each.finding.cause,
                    each.finding.resolves_on,
                    [seen.reference for seen in each.finding.evidence],
                )
                for each in verdict.findings
            },
        )
        for verdict in answer.verdicts
    }


# ------------------------------------------------------------------------------------------------- R5 beside R4


def test_an_r5_chart_that_tells_the_same_story_gets_the_same_findings_in_every_trial() -> None:
    older, newer = assessed(sent("us-core")), assessed(sent("r5"))
    assert older.lost == newer.lost == ()
    assert len(decided(older)) == len(plan().trials)
    assert decided(newer) == decided(older)


def test_an_r5_chart_is_read_entry_by_entry_as_the_r4_one() -> None:
    older, newer = assessed(sent("us-core")).chart, assessed(sent("r5")).chart

    def drugs(chart: Chart) -> list[tuple[object, ...]]:
        return [(e.reference, e.code, e.status, e.start, e.end, e.dose, e.stopped_for) for e in chart.exposures]

    assert drugs(newer) == drugs(older)
    assert newer.procedures == older.procedures
    assert newer.conditions == older.conditions
    assert newer.allergies == older.allergies
    assert newer.vaccinations == older.vaccinations
    assert newer.covered == older.covered


@pytest.mark.parametrize(
    ("adherence", "status"),
    [
        ("taking", ExposureStatus.ACTIVE),
        ("taking-not-as-directed", ExposureStatus.ACTIVE),
        ("on-hold-as-directed", ExposureStatus.ON_HOLD),
        ("stopped-not-as-directed", ExposureStatus.ENDED),
        ("unknown", ExposureStatus.UNKNOWN),
        ("takings", ExposureStatus.UNKNOWN),
    ],
)
def test_adherence_says_whether_a_recorded_drug_is_taken(adherence: str, status: ExposureStatus, chart: Read) -> None:
    (found,) = chart(statement(status="recorded", adherence={"code": {"coding": [{"code": adherence}]}})).exposures
    assert found.status is status
    going_on = status in {ExposureStatus.ACTIVE, ExposureStatus.ON_HOLD}
    assert found.end == (None if going_on else PartialDate.on(dt.date(2026, 5, 1)))


def test_a_drug_that_is_not_taken_now_may_have_been_and_is_never_counted(chart: Read) -> None:
    found = chart(statement(status="recorded", adherence={"code": {"coding": [{"code": "not-taking"}]}}))
    assert found.exposures == ()
    assert [each.why for each in found.lost] == ["it says that the drug is not taken, and not whether it was before"]
    assert found.extent(Kind.MEDICATION) is Extent.PARTIAL


def statement(**more: object) -> Json:
    drug = {"concept": {"text": "prednisone"}}
    return {
        "resourceType": "MedicationStatement",
        "id": "s",
        "medication": drug,
        "effectiveDateTime": "2026-05-01",
        **more,
    }


def test_a_draft_settles_nothing_about_a_drug_that_was_stated_and_is_no_order(chart: Read) -> None:
    ordered = statement(resourceType="MedicationRequest", status="draft", intent="order")
    found = [each.status for each in chart(statement(status="draft"), ordered).exposures]
    assert found == [ExposureStatus.UNKNOWN, ExposureStatus.NEVER]


def test_the_period_of_an_order_is_that_of_its_dosing_or_else_r5s_summary_of_it(chart: Read) -> None:
    def period(**more: object) -> tuple[object, object]:
        order = statement(resourceType="MedicationRequest", status="active", authoredOn="2026-01-01", **more)
        (found,) = chart(order).exposures
        return str(found.start), str(found.end)

    summary = {"start": "2026-01-03", "end": "2026-02-01"}
    dosed = [{"timing": {"repeat": {"boundsPeriod": {"start": "2026-01-05", "end": "2026-01-31"}}}}]
    assert period(effectiveDosePeriod=summary) == ("2026-01-03", "2026-02-01")
    assert period(effectiveDosePeriod=summary, dosageInstruction=dosed) == ("2026-01-05", "2026-01-31")


def test_issues_that_an_r5_bundle_has_as_a_whole_make_it_partial(zone: ZoneInfo) -> None:
    def extent(severity: str, code: str) -> Extent:
        issues = {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code}]}
        whole = sent("r5") | {"issues": issues}
        return chart_of_bundle(whole, patient_id=None, covered=None, zone=zone).extent(Kind.CONDITION)

    assert extent("information", "informational") is Extent.COMPLETE
    assert extent("warning", "incomplete") is Extent.PARTIAL


@pytest.mark.parametrize("name", ["MedicationUsage", "MedicationOrder", "MedicationPrescription"])
def test_a_drug_under_the_name_of_a_release_that_is_not_read_is_missed_not_absent(name: str, chart: Read) -> None:
    found = chart(statement(status="recorded"), statement(resourceType=name, id="x", status="active"))
    assert [(each.kind, each.why) for each in found.lost] == [
        (Kind.MEDICATION, "its type is of a FHIR release that is not read")
    ]
    assert found.extent(Kind.MEDICATION) is Extent.PARTIAL


# ------------------------------------------------------------------------------------------------------- US Core


def test_a_us_core_chart_is_read_whole(zone: ZoneInfo) -> None:
    found = chart_of_bundle(sent("us-core"), patient_id=None, covered=None, zone=zone)
    assert found.lost == ()
    assert set(found.covered.values()) == {Extent.COMPLETE}
    assert {code.value for each in found.measurements for code in each.code.codes} >= {"8480-6", "8462-4", "82810-3"}
    home = next(each for each in found.exposures if each.reference == "MedicationRequest/home")
    assert ("name", "lisinopril") in {(code.system, code.value) for code in home.code.codes}
    assert home.status is ExposureStatus.ACTIVE


# ------------------------------------------------------------------------------------------------------------- IPS


def test_a_patient_summary_is_read_and_what_it_leaves_out_is_not_taken_for_absent(zone: ZoneInfo) -> None:
    found = chart_of_bundle(sent("ips"), patient_id=None, covered=None, zone=zone)
    assert found.lost == ()
    assert found.read == {
        "Patient": 1,
        "Condition": 1,
        "MedicationStatement": 1,
        "Medication": 1,
        "AllergyIntolerance": 1,
        "Observation": 2,
    }
    assert found.allergies == ()
    assert found.extent(Kind.PERSON) is Extent.COMPLETE
    for kind in (Kind.CONDITION, Kind.MEDICATION, Kind.ALLERGY, Kind.MEASUREMENT):
        assert found.extent(kind) is Extent.PARTIAL
        assert found.gaps[kind] == "a document holds what its author chose"
    assert found.extent(Kind.IMMUNIZATION) is Extent.NOT_READ
    (drug,) = found.exposures
    assert drug.code.text == "apixaban"


def test_in_a_summary_no_finding_rests_on_silence_unless_the_caller_vouches_for_it() -> None:
    def bases(answer: Assessment) -> set[object]:
        return {each.finding.basis for verdict in answer.verdicts for each in verdict.findings}

    def silent(answer: Assessment) -> bool:
        return any(getattr(basis, "value", "") == "no-record" for basis in bases(answer))

    whole = {"Condition": "complete", "MedicationStatement": "complete"}
    assert not silent(assessed(sent("ips")))
    assert silent(assessed(sent("ips"), whole))
    assert silent(assessed(sent("ips") | {"type": "collection"}))


def test_a_document_within_another_bundle_is_one_all_the_same(zone: ZoneInfo) -> None:
    outer = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": sent("ips")}]}
    found = chart_of_bundle(outer, patient_id=None, covered=None, zone=zone)
    assert found.extent(Kind.CONDITION) is Extent.PARTIAL


# --------------------------------------------------------------------------------- nothing to record, nothing known


def nothing(name: str, code: object, **more: object) -> Json:
    place = "medicationCodeableConcept" if name.startswith("Medication") else "code"
    place = "vaccineCode" if name == "Immunization" else place
    status = {} if name in {"Condition", "AllergyIntolerance"} else {"status": "completed"}
    return {"resourceType": name, "id": "none", place: code, **status, **more}


def concept(system: str, code: str, text: str = "") -> Json:
    return {"coding": [{"system": system, "code": code, "display": text}]}


NONE_KNOWN = [
    ("Condition", concept(IPS, "no-known-problems", "No known problems")),
    ("Condition", concept(SNOMED, "160245001", "No current problems or disability")),
    ("Condition", {"text": " No  Known Problems "}),
    ("Condition", {"text": "None"}),
    ("Condition", concept("urn:oid:1.2.3", "123", "No active problems")),
    ("AllergyIntolerance", {"text": "NKDA"}),
    ("AllergyIntolerance", concept(IPS, "no-known-allergies")),
    ("AllergyIntolerance", concept(SNOMED, "716186003", "No known allergy")),
    ("AllergyIntolerance", concept(SNOMED, "409137002", "No known drug allergy")),
    (
        "AllergyIntolerance",
        {"coding": [{"system": "urn:local", "code": "17"}, {"system": SNOMED, "code": "716186003"}]},
    ),
    ("MedicationStatement", concept(IPS, "no-known-medications")),
    ("MedicationStatement", concept(SNOMED, "787481004", "No known medications")),
    ("Immunization", concept(IPS, "no-known-immunizations")),
    ("Procedure", concept(SNOMED, "787480003", "No known procedures")),
]
PLACES = {
    "Condition": ("conditions", Kind.CONDITION),
    "AllergyIntolerance": ("allergies", Kind.ALLERGY),
    "MedicationStatement": ("exposures", Kind.MEDICATION),
    "Immunization": ("vaccinations", Kind.IMMUNIZATION),
    "Procedure": ("procedures", Kind.PROCEDURE),
}


@pytest.mark.parametrize(("name", "code"), NONE_KNOWN)
def test_that_none_is_known_is_read_and_is_no_entry(name: str, code: Json, chart: Read) -> None:
    place, kind = PLACES[name]
    found = chart(nothing(name, code))
    assert getattr(found, place) == ()
    assert found.lost == ()
    assert found.read[name] == 1
    assert found.extent(kind) is Extent.COMPLETE


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Condition", concept(IPS, "no-problem-info", "No information about current problems")),
        ("Condition", {"text": "No information about current problems"}),
        ("AllergyIntolerance", concept(IPS, "no-allergy-info")),
        ("AllergyIntolerance", concept(IPS, "allergic-disposition-not-known")),
        ("MedicationStatement", concept(IPS, "no-medication-info")),
        ("Immunization", concept(IPS, "no-immunization-info")),
        ("Procedure", concept(IPS, "no-procedure-info")),
    ],
)
def test_that_nothing_is_known_keeps_silence_from_speaking(name: str, code: Json, chart: Read) -> None:
    place, kind = PLACES[name]
    found = chart(nothing(name, code))
    assert getattr(found, place) == ()
    assert found.extent(kind) is Extent.PARTIAL
    assert found.gaps[kind] == "an entry says that nothing is known of them"


ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


@pytest.mark.parametrize("code", [concept(ABSENT, "unknown", "Unknown"), {"text": "Unknown"}])
def test_an_entry_whose_code_is_said_to_be_unknown_is_not_read(code: Json, chart: Read) -> None:
    found = chart(nothing("Condition", code))
    assert found.conditions == ()
    assert [each.why for each in found.lost] == ["it says that its code is not known"]
    assert found.extent(Kind.CONDITION) is Extent.PARTIAL


@pytest.mark.parametrize(
    "code", [concept(SNOMED, "44054006", "No known problems"), concept("urn:oid:1.2.3", "C50.9", "None")]
)
def test_a_code_says_what_it_says_where_the_words_beside_it_are_a_programs(code: Json, chart: Read) -> None:
    (kept,) = chart(nothing("Condition", code)).conditions
    assert kept.code.codes


def test_words_beside_an_unknown_code_are_kept(chart: Read) -> None:
    (kept,) = chart(nothing("Condition", concept(ABSENT, "unknown") | {"text": "sore toe"})).conditions
    assert kept.code.text == "sore toe"


# ---------------------------------------------------------------------------------------------------- refusals

RESEARCH = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "research"}]}
PRIVACY = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]}
FOR_RESEARCH = [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HRESCH"}]
FOR_TREATMENT = [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}]
DENIED = {"type": "deny", "purpose": FOR_RESEARCH}
PERMITTED = {"type": "permit", "purpose": FOR_RESEARCH}
CARE = {"type": "permit", "purpose": FOR_TREATMENT}
MODULE = {"coding": [{"system": "urn:oid:2.16.840.1.113883.3.1937.777.24.5.3", "code": "…24.5.3.8"}]}


@pytest.mark.parametrize(
    ("consent", "refuses"),
    [
        # R4: the root has no type of its own, the rules within it have.
        ({"scope": PRIVACY, "provision": {"type": "permit", "provision": [DENIED]}}, True),
        ({"scope": PRIVACY, "provision": {"provision": [{"type": "permit", "provision": [DENIED]}]}}, True),
        ({"scope": PRIVACY, "provision": DENIED}, True),
        ({"scope": RESEARCH, "provision": {"provision": [{"type": "deny"}]}}, True),
        ({"scope": PRIVACY, "provision": {"provision": [{"type": "deny"}]}}, False),
        ({"scope": PRIVACY, "provision": {"provision": [{"type": "permit", "purpose": FOR_RESEARCH}]}}, False),
        ({"scope": RESEARCH, "provision": {"provision": [{"type": "deny", "purpose": FOR_TREATMENT}]}}, False),
        ({"scope": PRIVACY, "provision": {"provision": [DENIED | {"actor": [{"reference": {}}]}]}}, False),
        ({"scope": PRIVACY, "provision": {"provision": [DENIED | {"data": [{"meaning": "instance"}]}]}}, False),
        ({"scope": RESEARCH, "provision": {"provision": [{"type": "deny", "action": [{"text": "disclose"}]}]}}, False),
        # A ground of denial with what is permitted on it: Germany's broad consent, given; and refused.
        (
            {"scope": RESEARCH, "provision": {"type": "deny", "provision": [{"type": "permit", "code": [MODULE]}]}},
            False,
        ),
        ({"scope": RESEARCH, "provision": {"type": "deny", "provision": [{"type": "deny", "code": [MODULE]}]}}, True),
        ({"scope": RESEARCH, "provision": {"type": "deny", "provision": [PERMITTED, DENIED]}}, True),
        (
            {"scope": RESEARCH, "provision": {"type": "deny", "provision": [PERMITTED | {"actor": [{"role": {}}]}]}},
            True,
        ),
        ({"scope": RESEARCH, "provision": {"type": "deny", "provision": [PERMITTED]}}, False),
        ({"scope": RESEARCH, "provision": {"type": "deny", "provision": [CARE]}}, True),
        # R5: each rule negates the one above it.
        ({"category": [RESEARCH], "decision": "deny"}, True),
        ({"decision": "permit", "provision": [{"purpose": FOR_RESEARCH}]}, True),
        ({"decision": "permit", "provision": [{"provision": [{"purpose": FOR_RESEARCH}]}]}, False),
        ({"decision": "deny", "provision": [{"purpose": FOR_RESEARCH}]}, False),
        ({"decision": "deny", "provision": [{"provision": [{"purpose": FOR_RESEARCH}]}]}, True),
        ({"category": [RESEARCH], "decision": "permit", "provision": [{"period": {"start": "2026"}}]}, False),
        ({"decision": "permit", "provision": [None, "x", {"provision": 7}]}, False),
        ({"status": "not-done", "category": [RESEARCH], "decision": "deny"}, False),
        ({"category": [RESEARCH], "decision": "deny", "provision": [{"purpose": FOR_RESEARCH}]}, False),
        ({"category": [RESEARCH], "decision": "deny", "provision": [{"period": {"start": "2026"}}]}, True),
    ],
)
def test_a_plain_denial_of_research_counts_at_any_depth(consent: Json, *, refuses: bool) -> None:
    assert refuses_research({"resourceType": "Consent", "status": "active"} | consent) is refuses


def test_an_r5_consent_is_the_subjects_own(chart: Read) -> None:
    consent = {"resourceType": "Consent", "id": "c", "status": "active", "category": [RESEARCH], "decision": "deny"}
    assert chart(consent | {"subject": {"reference": "Patient/p"}}).person.opted_out
    assert not chart(consent | {"subject": {"reference": "Patient/else"}}).person.opted_out
