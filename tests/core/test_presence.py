"""Drugs, conditions, procedures, vaccines: what is recorded, what is not, and what silence means."""

import dataclasses
import datetime as dt

import pytest

from cds.core.chart import (
    Allergy,
    ClinicalStatus,
    Condition,
    ExposureStatus,
    Extent,
    Kind,
    Procedure,
    Vaccination,
    Verification,
)
from cds.core.codes import Coded
from cds.core.criteria import AllergicTo, Exposed, HasCondition, Not, Underwent, Vaccinated
from cds.core.finding import Basis, Cause
from cds.core.truth import Truth
from tests.core.builders import EVERYTHING, chart, coded, day, drug, find, operation, problem, vaccine

PRIOR_PLATINUM = Exposed(("platinum",))
NO_INHIBITOR = Not(Exposed(("cyp3a-inhibitor",), within_days=7))
ACTIVE, ENDED = ExposureStatus.ACTIVE, ExposureStatus.ENDED


def test_a_member_of_a_class_counts_as_the_class() -> None:
    finding = find(PRIOR_PLATINUM, chart(drug("carboplatin", "2025-11-01", "2026-02-01")))
    assert (finding.truth, finding.basis) == (Truth.MET, Basis.DOCUMENTED)
    assert finding.evidence[0].label == "Carboplatin"


def test_a_required_drug_without_a_record_is_unknown_and_a_forbidden_one_is_absent() -> None:
    required, forbidden = find(PRIOR_PLATINUM, chart()), find(Not(PRIOR_PLATINUM), chart())
    assert (required.truth, required.cause) == (Truth.UNKNOWN, Cause.NO_RECORD)
    assert (forbidden.truth, forbidden.basis) == (Truth.MET, Basis.NO_RECORD)


@pytest.mark.parametrize("extent", [Extent.PARTIAL, Extent.NOT_READ])
def test_silence_says_nothing_where_not_all_was_read(extent: Extent) -> None:
    finding = find(Not(PRIOR_PLATINUM), chart(covered={**EVERYTHING, Kind.MEDICATION: extent}))
    assert (finding.truth, finding.cause) == (Truth.UNKNOWN, Cause.NOT_READ)


@pytest.mark.parametrize(
    ("start", "end", "status", "truth", "resolves"),
    [
        ("2026-06-01", "2026-06-13", ENDED, "unmet", "2026-06-20"),
        ("2026-06-01", "2026-06-09", ENDED, "unmet", "2026-06-16"),
        ("2026-06-01", "2026-06-08", ENDED, "met", None),
        ("2026-06-01", None, ACTIVE, "unmet", None),
        ("2026-06-12", None, ENDED, "unmet", None),
        ("2026-05-01", None, ENDED, "unknown", None),
        ("2026-05-01", "2026-06", ENDED, "unknown", None),
        ("2026-05-01", "2026-05", ENDED, "met", None),
        (None, None, ENDED, "unknown", None),
        (None, None, ExposureStatus.UNKNOWN, "unknown", None),
        ("2026-06-16", None, ACTIVE, "met", None),
        ("2026-06-01", "2026-06-14", ExposureStatus.NEVER, "met", None),
        ("2026-06-01", "2026-06-30", ACTIVE, "unmet", "2026-07-07"),
        ("2026-05-01", "2026-05-20", ACTIVE, "unknown", None),
        ("2026-05-01", "2026-07-31", ENDED, "unknown", None),
    ],
)
def test_seven_days_must_pass_after_itraconazole(
    start: str | None, end: str | None, status: ExposureStatus, truth: str, resolves: str | None
) -> None:
    finding = find(NO_INHIBITOR, chart(drug("itraconazole", start, end, status)))
    assert finding.truth.value == truth
    assert finding.resolves_on == (dt.date.fromisoformat(resolves) if resolves else None)


def test_the_last_of_several_courses_decides_when_it_is_over() -> None:
    early = drug("itraconazole", "2026-06-01", "2026-06-10")
    late = drug("itraconazole", "2026-06-11", "2026-06-14", ref="MedicationStatement/2")
    assert find(NO_INHIBITOR, chart(early, late)).resolves_on == dt.date(2026, 6, 21)


def test_an_unverified_member_or_code_makes_unknown_only() -> None:
    assert find(NO_INHIBITOR, chart(drug("grapefruit", "2026-06-01", None, ACTIVE))).cause is Cause.UNMAPPED
    assert find(PRIOR_PLATINUM, chart(drug("cisplatin-unverified", "2025-01-01"))).cause is Cause.UNMAPPED


def test_a_verified_drug_outweighs_an_unverified_code_of_the_same_entry() -> None:
    both = drug("cisplatin-unverified", "2025-01-01")
    sure = drug("cisplatin", "2025-01-01", ref="MedicationStatement/2")
    assert find(PRIOR_PLATINUM, chart(both, sure)).truth is Truth.MET


def test_drugs_set_apart_do_not_count() -> None:
    rule = Exposed(("cytotoxic-chemotherapy",), but_not=("platinum",))
    assert find(rule, chart(drug("cisplatin", "2026-01-01"))).cause is Cause.NO_RECORD
    assert find(rule, chart(drug("etoposide", "2026-01-01"))).truth is Truth.MET


@pytest.mark.parametrize(
    ("end", "status", "truth"),
    [
        (None, ACTIVE, "met"),
        ("2026-06-14", ACTIVE, "unknown"),
        ("2026-06-14", ENDED, "unknown"),
        (None, ENDED, "unknown"),
        (None, ExposureStatus.ON_HOLD, "unknown"),
        ("2026-12-31", ACTIVE, "met"),
    ],
)
def test_a_drug_taken_now(end: str | None, status: ExposureStatus, truth: str) -> None:
    rule = Exposed(("prednisone",), ongoing=True)
    assert find(rule, chart(drug("prednisone", "2026-01-01", end, status))).truth.value == truth


def test_a_course_that_ended_is_not_a_drug_taken_now() -> None:
    rule = Not(Exposed(("prednisone",), ongoing=True))
    assert find(rule, chart(drug("prednisone", "2026-01-01", None, ENDED))).truth is Truth.MET


NO_AUTOIMMUNITY = Not(HasCondition(("autoimmune-disease",), but_not=("vitiligo",)))


@pytest.mark.parametrize(
    ("entries", "truth", "cause"),
    [
        (["vitiligo"], "met", None),
        (["lupus-erythematosus"], "unmet", None),
        (["vitiligo", "lupus-erythematosus"], "unmet", None),
        (["behcet-disease"], "unmet", None),
        (["autoimmune-disease"], "unknown", Cause.TOO_GENERAL),
        (["autoimmune-disease", "lupus-erythematosus"], "unmet", None),
        (["skin-depigmented"], "unknown", Cause.TOO_GENERAL),
    ],
)
def test_conditions_set_apart_do_not_count(entries: list[str], truth: str, cause: Cause | None) -> None:
    found = find(NO_AUTOIMMUNITY, chart(*(problem(name, ref=f"Condition/{name}") for name in entries)))
    assert (found.truth.value, found.cause) == (truth, cause)


def test_an_entry_coded_as_both_is_set_apart() -> None:
    both = Coded(coded("lupus-erythematosus").codes + coded("vitiligo").codes, "Lupus with vitiligo")
    entry = dataclasses.replace(problem("vitiligo"), code=both)
    assert find(NO_AUTOIMMUNITY, chart(entry)).basis is Basis.NO_RECORD
    assert find(Not(HasCondition(("autoimmune-disease",))), chart(entry)).truth is Truth.UNMET


NO_INFARCTION = Not(HasCondition(("myocardial-infarction",), within_days=365))


def test_a_closed_condition_is_absent_only_beside_other_diagnoses() -> None:
    other = problem("gilbert-syndrome")
    assert find(NO_INFARCTION, chart(other)).basis is Basis.NO_RECORD
    assert find(NO_INFARCTION, chart()).cause is Cause.NO_RECORD


def test_an_open_condition_is_never_absent_for_want_of_a_record() -> None:
    finding = find(Not(HasCondition(("liver-metastasis",))), chart(problem("gilbert-syndrome")))
    assert (finding.truth, finding.cause) == (Truth.UNKNOWN, Cause.NO_RECORD)


@pytest.mark.parametrize(
    ("recorded", "truth", "basis"),
    [("gilbert-syndrome", "met", Basis.NO_RECORD), ("liver-metastasis", "unmet", Basis.DOCUMENTED)],
)
def test_a_rule_may_ask_of_the_problem_list_alone(recorded: str, truth: str, basis: Basis) -> None:
    rule = Not(HasCondition(("liver-metastasis",), listed=True))
    finding = find(rule, chart(problem(recorded)))
    assert (finding.truth.value, finding.basis) == (truth, basis)
    assert find(rule, chart()).cause is Cause.NO_RECORD
    assert (
        find(HasCondition(("liver-metastasis",), listed=True), chart(problem("gilbert-syndrome"))).truth
        is Truth.UNKNOWN
    )


def test_an_event_with_a_window_resolves_and_one_without_a_date_is_imprecise() -> None:
    finding = find(NO_INFARCTION, chart(problem("myocardial-infarction", "2025-12-01")))
    assert (finding.truth, finding.resolves_on) == (Truth.UNMET, dt.date(2026, 12, 1))
    assert find(NO_INFARCTION, chart(problem("myocardial-infarction", None))).cause is Cause.DATE_IMPRECISE
    assert find(NO_INFARCTION, chart(problem("myocardial-infarction", "2020"))).truth is Truth.MET


@pytest.mark.parametrize(
    ("clinical", "truth"),
    [
        (ClinicalStatus.ACTIVE, "met"),
        (ClinicalStatus.INACTIVE, "unmet"),
        (ClinicalStatus.UNKNOWN, "unknown"),
    ],
)
def test_an_active_condition(clinical: ClinicalStatus, truth: str) -> None:
    rule = HasCondition(("liver-metastasis",), active=True)
    assert find(rule, chart(problem("liver-metastasis", clinical=clinical))).truth.value == truth


def test_a_resolved_entry_does_not_rule_out_an_open_condition() -> None:
    gone = problem("liver-metastasis", "2019-01-01", ClinicalStatus.INACTIVE)
    finding = find(Not(HasCondition(("liver-metastasis",), active=True)), chart(gone))
    assert (finding.truth, finding.cause) == (Truth.UNKNOWN, Cause.NO_RECORD)


def test_a_more_general_entry_is_too_general_and_an_unsure_one_depends() -> None:
    rule = HasCondition(("liver-metastasis",))
    assert find(rule, chart(problem("metastasis"))).cause is Cause.TOO_GENERAL
    unsure = problem("liver-metastasis", verification=Verification.UNCONFIRMED)
    assert find(rule, chart(unsure)).cause is Cause.CONDITION_UNKNOWN
    refuted = problem("liver-metastasis", verification=Verification.REFUTED)
    assert find(rule, chart(refuted)).cause is Cause.NO_RECORD


def test_entries_that_are_not_recognised_are_counted_and_change_nothing() -> None:
    finding = find(NO_INFARCTION, chart(problem("gilbert-syndrome"), problem("??", ref="Condition/2")))
    assert (finding.basis, finding.unrecognised) == (Basis.NO_RECORD, 1)


def test_surgery_and_vaccines_by_their_day() -> None:
    surgery = Not(Underwent(("major-surgery",), within_days=28))
    done = find(surgery, chart(operation("major-surgery", "2026-06-01")))
    assert (done.truth, done.resolves_on) == (Truth.UNMET, None), "silence after the window says nothing: open"
    assert done.clears_on == dt.date(2026, 6, 29)
    transplant = Not(Underwent(("solid-organ-transplant",), within_days=28))
    done = find(transplant, chart(operation("solid-organ-transplant", "2026-06-01")))
    assert done.resolves_on == dt.date(2026, 6, 29)
    assert find(surgery, chart(operation("major-surgery", None))).cause is Cause.DATE_IMPRECISE
    assert find(surgery, chart()).cause is Cause.NO_RECORD
    live = Not(Vaccinated(("live-vaccine",), within_days=14))
    assert find(live, chart(vaccine("mmr-vaccine", "2026-06-05"))).resolves_on == dt.date(2026, 6, 19)
    assert find(live, chart()).basis is Basis.NO_RECORD
    assert find(live, chart(vaccine("mmr-vaccine", "2026-06-01"))).truth is Truth.MET


def test_radiotherapy_of_the_brain_is_told_by_its_body_site() -> None:
    brain = Not(Underwent(("brain-radiotherapy",), within_days=14))
    any_site = Not(Underwent(("radiotherapy",), within_days=14))
    done = operation("radiotherapy", "2026-06-05")
    to_brain = dataclasses.replace(done, sites=(coded("lung"), coded("brain")))
    assert find(brain, chart(to_brain)).truth is Truth.UNMET
    assert [each.reference for each in find(any_site, chart(to_brain)).evidence] == [done.reference]
    assert find(any_site, chart(to_brain)).truth is Truth.UNMET
    for elsewhere in (done, dataclasses.replace(done, sites=(coded("lung"),))):
        assert find(brain, chart(elsewhere)).truth is Truth.UNKNOWN
        assert find(any_site, chart(elsewhere)).truth is Truth.UNMET
    other = dataclasses.replace(operation("major-surgery", "2026-06-05"), sites=(coded("brain"),))
    assert find(brain, chart(other)).truth is Truth.UNKNOWN


def test_what_a_procedure_was_for_makes_no_difference() -> None:
    done = operation("solid-organ-transplant", "2026-06-01")
    meant = dataclasses.replace(done, intent=coded("intent-palliative"))
    rule = Not(Underwent(("solid-organ-transplant",), within_days=28))
    assert find(rule, chart(meant)) == find(rule, chart(done))


def test_a_procedure_under_way_has_been_done_and_is_not_over() -> None:
    running = dataclasses.replace(operation("solid-organ-transplant", "2026-05-01"), end=None)
    assert (
        find(Not(Underwent(("solid-organ-transplant",), within_days=28)), chart(running)).cause is Cause.DATE_IMPRECISE
    )
    planned = dataclasses.replace(running, end=day("2026-07-01"))
    assert find(Not(Underwent(("solid-organ-transplant",))), chart(planned)).truth is Truth.UNMET


@pytest.mark.parametrize(
    ("entry", "extent"),
    [
        (problem("metastasis", clinical=ClinicalStatus.INACTIVE), Extent.COMPLETE),
        (
            problem("liver-metastasis", clinical=ClinicalStatus.INACTIVE, verification=Verification.UNCONFIRMED),
            Extent.COMPLETE,
        ),
        (problem("liver-metastasis", clinical=ClinicalStatus.INACTIVE), Extent.PARTIAL),
        (problem("liver-metastasis", "2026-07-01"), Extent.COMPLETE),
    ],
)
def test_what_does_not_show_that_a_condition_is_over_does_not_settle_it(entry: Condition, extent: Extent) -> None:
    rule = HasCondition(("liver-metastasis",), active=True)
    finding = find(rule, chart(entry, covered={**EVERYTHING, Kind.CONDITION: extent}))
    assert finding.truth is Truth.UNKNOWN


def test_an_entry_in_error_does_not_fill_an_empty_problem_list() -> None:
    wrong = problem("gilbert-syndrome", verification=Verification.ENTERED_IN_ERROR)
    assert find(NO_INFARCTION, chart(wrong)).cause is Cause.NO_RECORD


def test_an_unsure_allergy_is_asked_about() -> None:
    unsure = Allergy(coded("carboplatin"), "AllergyIntolerance/1", confirmed=False)
    known = dataclasses.replace(chart(), allergies=(unsure,))
    assert find(Not(AllergicTo(("platinum",))), known).cause is Cause.CONDITION_UNKNOWN


@pytest.mark.parametrize("entry", [vaccine("mmr-vaccine", "2026-07-01"), operation("major-surgery", "2026-07-01")])
def test_what_is_planned_has_not_happened(entry: Vaccination | Procedure) -> None:
    for rule in (Vaccinated(("live-vaccine",)), Underwent(("major-surgery",))):
        assert find(rule, chart(entry)).cause is Cause.NO_RECORD


def test_a_transplant_ever() -> None:
    rule = Not(Underwent(("solid-organ-transplant",)))
    assert find(rule, chart(operation("solid-organ-transplant", None))).truth is Truth.UNMET
    assert find(rule, chart()).truth is Truth.MET


def test_an_allergy_to_a_member_of_a_class() -> None:
    rule = Not(AllergicTo(("platinum",)))
    known = Allergy(coded("carboplatin"), "AllergyIntolerance/1")
    with_allergy = chart()
    with_allergy = type(with_allergy)(covered=with_allergy.covered, allergies=(known,))
    assert find(rule, with_allergy).truth is Truth.UNMET
    assert find(rule, chart()).basis is Basis.NO_RECORD
