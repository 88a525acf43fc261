"""Another cancer: never the trial's own under another name, never a kind that is spared, and only in its window."""

import dataclasses
import datetime as dt

import pytest

from cds.core.chart import ClinicalStatus, Condition, Extent, Kind, Verification
from cds.core.codes import Coded
from cds.core.criteria import Diagnosis, Not, OtherMalignancy
from cds.core.finding import Basis, Cause
from cds.core.limits import Spared
from cds.core.truth import Truth
from tests.core.builders import EVERYTHING, chart, day, find, problem

ACTIVE, INACTIVE, UNKNOWN = ClinicalStatus.ACTIVE, ClinicalStatus.INACTIVE, ClinicalStatus.UNKNOWN
OURS = (Diagnosis(("small-cell-carcinoma",), ("lung",)),)
SPARED = (Spared(("basal-cell-carcinoma",), ("skin",)), Spared((), ("prostate",), ("in-situ",)))
ANY = OtherMalignancy(OURS, SPARED)
NONE_EVER = Not(ANY)
NONE_LATELY = Not(OtherMalignancy(OURS, SPARED, within_days=730))


def problems(*names: str) -> list[Condition]:
    """Write diagnoses of one day."""
    return [problem(name, ref=f"Condition/{name}") for name in names]


@pytest.mark.parametrize(
    "names",
    [
        ["sclc"],
        ["sclc", "cancer-of-lung"],
        ["sclc", "cancer-of-upper-lobe"],
        ["sclc", "carcinoma-of-lung"],
        ["sclc", "sclc-unplaced"],
        ["sclc", "cancer-somewhere"],
        ["sclc", "liver-metastasis"],
        ["sclc", "polyp-of-colon"],
        ["sclc", "basal-cell-of-skin"],
        ["sclc", "basal-cell-of-skin", "cancer-of-skin"],
        ["sclc", "prostate-in-situ"],
        ["gilbert-syndrome"],
    ],
)
def test_what_is_no_other_cancer(names: list[str]) -> None:
    finding = find(NONE_EVER, chart(*problems(*names)))
    assert (finding.truth, finding.basis) == (Truth.MET, Basis.NO_RECORD)
    assert find(ANY, chart(*problems(*names))).cause is Cause.NO_RECORD


@pytest.mark.parametrize(
    ("names", "truth"),
    [
        (["sclc"], Truth.MET),
        (["sclc", "cancer-of-lung"], Truth.MET),
        (["sclc", "adenocarcinoma-of-lung"], Truth.MET),
        (["sclc", "cancer-of-prostate"], Truth.UNKNOWN),
        (["cancer-of-prostate", "adenocarcinoma-of-lung"], Truth.UNKNOWN),
    ],
)
def test_a_second_cancer_of_a_trial_of_many_may_be_another(names: list[str], truth: Truth) -> None:
    basket = OtherMalignancy((Diagnosis((), ("lung",)), Diagnosis((), ("prostate",))))
    finding = find(Not(basket), chart(*problems(*names)))
    assert (finding.truth, finding.cause) == (truth, Cause.TOO_GENERAL if truth is Truth.UNKNOWN else None)


def test_a_histology_that_the_trial_names_is_its_own_wherever_it_arose() -> None:
    no_other = Not(OtherMalignancy((Diagnosis(("adenocarcinoma",)),)))
    assert find(no_other, chart(*problems("adenocarcinoma-of-lung", "adenocarcinoma-of-colon"))).truth is Truth.MET


@pytest.mark.parametrize(
    "names",
    [["sclc", "adenocarcinoma-of-lung"], ["cancer-of-prostate"], ["sclc", "adenocarcinoma-of-colon", "cancer-of-lung"]],
)
def test_another_cancer_is_an_obstacle_and_is_shown(names: list[str]) -> None:
    finding = find(NONE_EVER, chart(*problems(*names)))
    assert (finding.truth, finding.basis) == (Truth.UNMET, Basis.DOCUMENTED)
    assert {seen.reference for seen in finding.evidence} < {f"Condition/{name}" for name in [*names, "-"]}
    assert find(ANY, chart(*problems(*names))).truth is Truth.MET


@pytest.mark.parametrize(
    ("names", "cause"),
    [
        (["cancer-of-lung"], Cause.TOO_GENERAL),
        (["sclc-unplaced"], Cause.TOO_GENERAL),
        (["cancer-somewhere"], Cause.TOO_GENERAL),
        (["basal-cell-of-skin", "cancer-somewhere"], Cause.TOO_GENERAL),
        (["liver-metastasis"], Cause.TOO_GENERAL),
        (["sclc", "metastasis-of-adenocarcinoma"], Cause.TOO_GENERAL),
        (["sclc", "cancer-of-skin"], Cause.TOO_GENERAL),
        (["sclc", "neoplasm-of-prostate"], Cause.TOO_GENERAL),
        (["sclc", "neoplasm-of-skin"], Cause.TOO_GENERAL),
        (["sclc", "perhaps-cancer-of-lung"], Cause.TOO_GENERAL),
        (["sclc", "unsure-adenocarcinoma"], Cause.UNMAPPED),
        (["sclc", "in-situ-and-invasive-prostate"], Cause.CONFLICTING),
        (["sclc", "history-of-malignancy"], Cause.TOO_GENERAL),
        (["sclc", "history-of-carcinoma-in-situ"], Cause.TOO_GENERAL),
    ],
)
def test_what_may_be_another_cancer_settles_nothing(names: list[str], cause: Cause) -> None:
    finding = find(NONE_EVER, chart(*problems(*names)))
    assert (finding.truth, finding.cause) == (Truth.UNKNOWN, cause)
    assert finding.wanted is not None
    assert finding.wanted.kind is Kind.CONDITION
    surely = find(NONE_EVER, chart(*problems(*names, "adenocarcinoma-of-colon")))
    assert surely.truth is Truth.UNMET


def test_in_situ_counts_as_the_protocol_is_meant() -> None:
    unspoken = Not(OtherMalignancy(OURS))
    assert find(unspoken, chart(*problems("sclc", "prostate-in-situ"))).cause is Cause.CONDITION_UNKNOWN
    invasive = find(NONE_EVER, chart(*problems("sclc", "prostate-in-situ", "cancer-of-prostate")))
    assert invasive.truth is Truth.UNMET
    anywhere = Not(OtherMalignancy(OURS, (Spared(behaviours=("in-situ",)),)))
    assert find(anywhere, chart(*problems("sclc", "history-of-carcinoma-in-situ"))).truth is Truth.MET


def test_an_unconfirmed_cancer_depends_and_an_own_one_that_is_over_is_still_our_own() -> None:
    unsure = problem("cancer-of-prostate", verification=Verification.UNCONFIRMED)
    assert find(NONE_EVER, chart(unsure)).cause is Cause.CONDITION_UNKNOWN
    over = problem("sclc", clinical=INACTIVE)
    assert find(NONE_EVER, chart(over, *problems("cancer-of-lung"))).truth is Truth.MET


def test_words_that_no_code_tells_may_be_a_cancer() -> None:
    words = dataclasses.replace(problem("??"), code=Coded((), "Kidney cancer"))
    assert find(NONE_EVER, chart(*problems("sclc"), words)).cause is Cause.UNMAPPED
    spread = dataclasses.replace(words, code=Coded((), "Bone metastases of cancer"))
    assert find(NONE_EVER, chart(*problems("sclc"), spread)).truth is Truth.MET


def test_silence_speaks_where_the_problem_list_was_read_and_is_not_empty() -> None:
    assert find(NONE_EVER, chart()).cause is Cause.NO_RECORD
    partial = {**EVERYTHING, Kind.CONDITION: Extent.PARTIAL}
    assert find(NONE_EVER, chart(*problems("sclc"), covered=partial)).cause is Cause.NOT_READ
    assert find(NONE_EVER, chart(*problems("cancer-of-prostate"), covered=partial)).truth is Truth.UNMET


FIRST_DAY = "2024-06-16"
"""The first day of the window: 729 days before 15 June 2026."""


@pytest.mark.parametrize(
    ("onset", "abated", "clinical", "truth", "cause"),
    [
        (FIRST_DAY, None, ACTIVE, "unmet", None),
        ("2024-06-15", None, ACTIVE, "unknown", Cause.CONDITION_UNKNOWN),
        ("2024-06-15", None, UNKNOWN, "unknown", Cause.CONDITION_UNKNOWN),
        ("2024", None, ACTIVE, "unknown", Cause.DATE_IMPRECISE),
        (None, None, ACTIVE, "unknown", Cause.DATE_IMPRECISE),
        ("2020-01-01", FIRST_DAY, INACTIVE, "unmet", None),
        ("2020-01-01", "2024-06-15", INACTIVE, "met", None),
        ("2020-01-01", "2024-06-15", ACTIVE, "met", None),
        ("2020-01-01", "2024-06", INACTIVE, "unknown", Cause.DATE_IMPRECISE),
        (FIRST_DAY, None, INACTIVE, "unmet", None),
        ("2020-01-01", None, INACTIVE, "unknown", Cause.DATE_IMPRECISE),
        (None, None, INACTIVE, "unknown", Cause.DATE_IMPRECISE),
        (None, "2024-06-15", INACTIVE, "met", None),
    ],
)
def test_a_cancer_of_the_last_two_years(
    onset: str | None, abated: str | None, clinical: ClinicalStatus, truth: str, cause: Cause | None
) -> None:
    entry = dataclasses.replace(problem("cancer-of-prostate", onset, clinical), abated=day(abated))
    finding = find(NONE_LATELY, chart(*problems("sclc"), entry))
    assert (finding.truth.value, finding.cause) == (truth, cause)
    assert find(NONE_EVER, chart(*problems("sclc"), entry)).truth is Truth.UNMET


def test_when_an_active_one_was_recorded_may_show_that_it_is_old() -> None:
    old = dataclasses.replace(problem("cancer-of-prostate", None), recorded=day("2020-01-01"))
    assert find(NONE_LATELY, chart(old)).cause is Cause.CONDITION_UNKNOWN


def test_only_one_that_is_over_resolves_with_time() -> None:
    over = dataclasses.replace(problem("cancer-of-prostate", "2020-01-01", INACTIVE), abated=day("2024-08-01"))
    finding = find(NONE_LATELY, chart(over))
    assert (finding.truth, finding.resolves_on) == (Truth.UNMET, dt.date(2026, 8, 1))
    there = find(NONE_LATELY, chart(problem("cancer-of-prostate", "2024-08-01")))
    assert (there.truth, there.resolves_on, there.clears_on) == (Truth.UNMET, None, None)


def test_what_may_be_another_cancer_and_was_over_before_the_window_does_not_count() -> None:
    over = dataclasses.replace(problem("cancer-of-lung", "2015-01-01", INACTIVE), abated=day("2016-01-01"))
    finding = find(NONE_LATELY, chart(over))
    assert (finding.truth, finding.basis) == (Truth.MET, Basis.NO_RECORD)
    assert [seen.reference for seen in finding.evidence] == ["Condition/1"]
