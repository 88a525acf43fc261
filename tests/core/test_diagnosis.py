"""Which tumour: histology and site of one entry, as exactly as the codes say it."""

import dataclasses

import pytest

from cds.core.chart import ClinicalStatus, Condition, Extent, Kind, Verification
from cds.core.codes import Coded
from cds.core.criteria import Diagnosis
from cds.core.finding import Basis, Cause
from cds.core.truth import Truth
from tests.core.builders import EVERYTHING, chart, coded, day, find, problem

NEC = ("neuroendocrine-carcinoma",)
OUTSIDE_LUNG = Diagnosis(NEC, except_sites=("lung",))
DIGESTIVE = Diagnosis(NEC, sites=("digestive-system",))
SCLC = Diagnosis(("small-cell-carcinoma",), sites=("lung",))


def _problems(names: str) -> list[Condition]:
    return [problem(name, ref=f"Condition/{place}") for place, name in enumerate(names.split(), 1)]


@pytest.mark.parametrize(
    ("recorded", "outside_lung", "digestive", "sclc"),
    [
        ("nec-of-pancreas", "met", "met", "unmet"),
        ("sclc", "unmet", "unmet", "met"),
        ("adenocarcinoma-of-colon", "unmet", "unmet", "unmet"),
        ("cancer-of-pancreas", "unknown", "unknown", "unmet"),
        ("cancer-of-prostate", "unknown", "unmet", "unmet"),
        ("nec-somewhere", "unknown", "unknown", "unknown"),
        ("nen-somewhere", "unknown", "unknown", "unknown"),
        ("prostate-in-situ", "unmet", "unmet", "unmet"),
        ("neoplasm-of-prostate", "unknown", "unmet", "unmet"),
        ("neoplasm-of-prostate prostate-in-situ", "unmet", "unmet", "unmet"),
        ("cancer-of-prostate prostate-in-situ", "unknown", "unmet", "unmet"),
        ("cancer-of-pancreas nec-of-pancreas", "met", "met", "unmet"),
        ("cancer-of-pancreas adenocarcinoma-of-colon", "unknown", "unknown", "unmet"),
        ("nec-somewhere nec-of-pancreas", "met", "met", "unmet"),
        ("nec-somewhere sclc", "unmet", "unmet", "met"),
        ("nen-somewhere nec-of-pancreas", "met", "met", "unmet"),
        ("nec-somewhere adenocarcinoma-of-colon", "unknown", "unknown", "unknown"),
        ("nec-somewhere polyp-of-colon", "unknown", "unknown", "unknown"),
        ("liver-metastasis polyp-of-colon", "unknown", "unknown", "unknown"),
        ("liver-or-so", "unknown", "unknown", "unknown"),
        ("unsure-adenocarcinoma", "unknown", "unknown", "unknown"),
        ("unsure-neoplasm", "unknown", "unknown", "unknown"),
        ("adenocarcinoma-of-colon nec-of-pancreas", "met", "met", "unmet"),
        ("liver-metastasis", "unknown", "unknown", "unknown"),
        ("liver-metastasis adenocarcinoma-of-colon", "unmet", "unmet", "unmet"),
    ],
)
def test_what_is_recorded_decides(recorded: str, outside_lung: str, digestive: str, sclc: str) -> None:
    entries = chart(*_problems(recorded))
    found = [find(rule, entries).truth.value for rule in (OUTSIDE_LUNG, DIGESTIVE, SCLC)]
    assert found == [outside_lung, digestive, sclc]


def test_histology_and_site_of_two_entries_are_taken_for_one_tumour_where_that_fits() -> None:
    finding = find(DIGESTIVE, chart(*_problems("nec-somewhere cancer-of-pancreas")))
    assert (finding.truth, finding.basis) == (Truth.MET, Basis.ASSUMED)
    assert [each.reference for each in finding.evidence] == ["Condition/1", "Condition/2"]
    two_sites = find(DIGESTIVE, chart(*_problems("nec-somewhere cancer-of-pancreas cancer-of-prostate")))
    assert two_sites.cause is Cause.TOO_GENERAL


@pytest.mark.parametrize(
    ("clinical", "verification", "abated"),
    [
        (ClinicalStatus.INACTIVE, Verification.CONFIRMED, None),
        (ClinicalStatus.ACTIVE, Verification.UNCONFIRMED, None),
        (ClinicalStatus.UNKNOWN, Verification.CONFIRMED, "2012"),
    ],
)
def test_an_old_or_unsure_site_is_not_joined(
    clinical: ClinicalStatus, verification: Verification, abated: str | None
) -> None:
    site = problem("cancer-of-pancreas", "2005-01-01", clinical, verification, ref="Condition/2")
    site = dataclasses.replace(site, abated=day(abated))
    finding = find(DIGESTIVE, chart(problem("nec-somewhere"), site))
    assert finding.truth is Truth.UNKNOWN


def test_a_diagnosis_that_abated_is_over_whatever_its_status_says() -> None:
    entry = dataclasses.replace(problem("nec-of-pancreas", "2010-01-01"), abated=day("2012"))
    assert find(DIGESTIVE, chart(entry)).cause is Cause.CONDITION_UNKNOWN


def test_an_old_tumour_does_not_explain_a_new_one() -> None:
    old = problem("sclc", "2010-01-01", ClinicalStatus.INACTIVE)
    new = Condition(coded("lung-cancer"), "Condition/2", clinical=ClinicalStatus.ACTIVE, histology=())
    new = dataclasses.replace(new, code=coded("malignant"), sites=(coded("lung"),))
    other = Diagnosis(("adenocarcinoma",), sites=("lung",))
    assert find(other, chart(old, new)).cause is Cause.TOO_GENERAL


def test_an_unsure_diagnosis_rules_nothing_out() -> None:
    entry = problem("adenocarcinoma-of-colon", verification=Verification.UNCONFIRMED)
    assert find(DIGESTIVE, chart(entry)).cause is Cause.CONDITION_UNKNOWN


def test_codes_of_one_entry_that_contradict_each_other_settle_nothing() -> None:
    both = Coded((*coded("nec-of-pancreas").codes, *coded("in-situ").codes), "NEC")
    assert find(DIGESTIVE, chart(Condition(both, "Condition/1"))).cause is Cause.CONFLICTING


def test_a_metastasis_with_its_own_histology_is_heard() -> None:
    deposit = Condition(coded("liver-metastasis"), "Condition/1", histology=(coded("small-cell-carcinoma"),))
    other = problem("adenocarcinoma-of-colon", ref="Condition/2")
    assert find(SCLC, chart(deposit, other)).cause is Cause.TOO_GENERAL
    explained = problem("sclc", ref="Condition/3")
    assert find(OUTSIDE_LUNG, chart(deposit, explained)).truth is Truth.UNMET


def test_words_that_speak_of_a_tumour_keep_the_disease_open() -> None:
    words = Condition(Coded((), "Small cell lung cancer"), "Condition/1")
    finding = find(SCLC, chart(problem("gilbert-syndrome", ref="Condition/2"), words))
    assert (finding.cause, finding.ruled_out) == (Cause.UNMAPPED, False)
    assert [each.label for each in finding.evidence] == ["Small cell lung cancer"]
    for other in ("Knee pain", "Family history of cancer"):
        assert find(SCLC, chart(problem("gilbert-syndrome"), Condition(Coded((), other), "Condition/2"))).ruled_out
    spread = Condition(Coded((), "Metastases to lymph nodes"), "Condition/2")
    assert find(SCLC, chart(problem("adenocarcinoma-of-colon"), spread)).truth is Truth.UNMET
    assert find(SCLC, chart(problem("polyp-of-colon"), spread)).cause is Cause.UNMAPPED


def test_a_diagnosis_of_a_later_day_is_not_there_yet() -> None:
    later = problem("nec-of-pancreas", "2026-07-01", ref="Condition/2")
    assert find(DIGESTIVE, chart(problem("gilbert-syndrome"), later)).ruled_out is True
    noted = dataclasses.replace(problem("nec-of-pancreas", None, ref="Condition/2"), recorded=day("2026-07-01"))
    assert find(DIGESTIVE, chart(problem("gilbert-syndrome"), noted)).ruled_out is True


def test_a_diagnosis_repeated_at_each_encounter_is_one_tumour() -> None:
    many = [problem("cancer-of-pancreas", ref=f"Condition/{number}") for number in range(2000)]
    assert len(find(DIGESTIVE, chart(*many)).evidence) == 1


def test_the_body_site_and_histology_of_an_entry_count() -> None:
    entry = Condition(
        coded("cancer-of-pancreas"),
        "Condition/1",
        histology=(coded("small-cell-carcinoma"),),
        clinical=ClinicalStatus.ACTIVE,
    )
    assert find(DIGESTIVE, chart(entry)).truth is Truth.MET
    placed = Condition(
        coded("nec-somewhere"), "Condition/1", sites=(coded("prostate"),), clinical=ClinicalStatus.ACTIVE
    )
    assert find(DIGESTIVE, chart(placed)).truth is Truth.UNMET
    assert find(OUTSIDE_LUNG, chart(placed)).truth is Truth.MET


def test_a_site_alone_is_no_tumour() -> None:
    injured = Condition(coded("??"), "Condition/1", sites=(coded("pancreas"),))
    finding = find(DIGESTIVE, chart(injured))
    assert (finding.cause, finding.ruled_out) == (Cause.NO_RECORD, True)


def test_a_grade_free_neuroendocrine_tumour_is_no_carcinoma() -> None:
    tumour = Condition(coded("cancer-of-pancreas"), "Condition/1", histology=(coded("neuroendocrine-tumour"),))
    assert find(DIGESTIVE, chart(tumour)).truth is Truth.UNMET


@pytest.mark.parametrize(
    ("clinical", "verification"),
    [
        (ClinicalStatus.INACTIVE, Verification.CONFIRMED),
        (ClinicalStatus.ACTIVE, Verification.UNCONFIRMED),
    ],
)
def test_a_resolved_or_unsure_diagnosis_is_asked_about(clinical: ClinicalStatus, verification: Verification) -> None:
    entry = problem("nec-of-pancreas", clinical=clinical, verification=verification)
    assert find(DIGESTIVE, chart(entry)).cause is Cause.CONDITION_UNKNOWN


def test_no_tumour_on_a_list_that_was_read_rules_the_disease_out_and_an_empty_list_does_not() -> None:
    listed = find(DIGESTIVE, chart(problem("gilbert-syndrome")))
    assert (listed.truth, listed.cause, listed.ruled_out) == (Truth.UNKNOWN, Cause.NO_RECORD, True)
    empty = find(DIGESTIVE, chart())
    assert (empty.cause, empty.ruled_out) == (Cause.NO_RECORD, False)


def test_another_tumour_says_nothing_where_not_all_diagnoses_were_read() -> None:
    partly = {**EVERYTHING, Kind.CONDITION: Extent.PARTIAL}
    finding = find(DIGESTIVE, chart(problem("adenocarcinoma-of-colon"), covered=partly))
    assert (finding.truth, finding.cause, finding.ruled_out) == (Truth.UNKNOWN, Cause.NOT_READ, False)
    assert find(DIGESTIVE, chart(problem("nec-of-pancreas"), covered=partly)).truth is Truth.MET


def test_a_refuted_diagnosis_is_not_there() -> None:
    entry = problem("nec-of-pancreas", verification=Verification.REFUTED, ref="Condition/2")
    assert find(DIGESTIVE, chart(problem("gilbert-syndrome"), entry)).ruled_out is True
    assert find(DIGESTIVE, chart(entry)).ruled_out is False, "a list of nothing but refuted entries is empty"
