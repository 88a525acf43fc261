"""Progression and recurrence: what shows it, after which drug, and in which line."""

import dataclasses

import pytest

from cds.core.chart import Condition, Extent, Kind, Measurement
from cds.core.criteria import Not, Progressed
from cds.core.finding import Basis, Cause
from cds.core.truth import Truth
from tests.core.builders import EVERYTHING, chart, day, find, lab, problem, taken

ON_PLATINUM = Progressed(("platinum",))
FIRST_LINE = Progressed(("platinum",), line=1)
CARBOPLATIN = taken("carboplatin", "2025-09-10", "2025-12-20")


def worse(on: str | None, score: str = "3") -> Measurement:
    return lab("disease-status", score, on, ref="Observation/status")


def back(onset: str | None, recorded: str | None = None) -> Condition:
    return dataclasses.replace(problem("sclc", onset), recurred=True, recorded=day(recorded))


@pytest.mark.parametrize(
    ("on", "truth"),
    [
        ("2025-09-10", "met"),
        ("2025-09-09", "unknown"),
        ("2026-06-01", "met"),
        ("2025-09", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_progression_on_or_after_the_first_day_of_the_drug(on: str | None, truth: str) -> None:
    finding = find(ON_PLATINUM, chart(CARBOPLATIN, worse(on)))
    assert finding.truth.value == truth
    assert find(Not(ON_PLATINUM), chart(CARBOPLATIN, worse(on))).truth is ~finding.truth


def test_what_was_shown_is_shown_with_the_drug() -> None:
    finding = find(ON_PLATINUM, chart(CARBOPLATIN, worse("2026-01-10")))
    assert finding.basis is Basis.DOCUMENTED
    assert [seen.label for seen in finding.evidence] == ["Disease status", "Carboplatin"]


@pytest.mark.parametrize("score", ["1", "2", "4", "> 2"])
def test_only_a_status_of_progression_is_one(score: str) -> None:
    assert find(ON_PLATINUM, chart(CARBOPLATIN, worse("2026-01-10", score))).cause is Cause.NO_RECORD


@pytest.mark.parametrize(("onset", "truth"), [("2026-01-10", "met"), ("2025-09-01", "unknown"), (None, "unknown")])
def test_a_recurrence_is_dated_by_its_onset_or_later(onset: str | None, truth: str) -> None:
    finding = find(ON_PLATINUM, chart(CARBOPLATIN, back(onset)))
    assert finding.truth.value == truth
    assert finding.truth is Truth.MET or finding.cause is Cause.DATE_IMPRECISE


def test_a_recurrence_of_something_else_is_none() -> None:
    gout = dataclasses.replace(problem("myocardial-infarction", "2026-01-10"), recurred=True)
    assert find(ON_PLATINUM, chart(CARBOPLATIN, gout)).cause is Cause.NO_RECORD


@pytest.mark.parametrize(
    ("reason", "truth"),
    [
        ("Disease progression", "met"),
        ("disease-progression", "met"),
        ("progressive disease", "met"),
        ("no progression", "unknown"),
        ("toxicity", "unknown"),
        ("to prevent progression of disease in future", "unknown"),
    ],
)
def test_a_drug_stopped_for_progression(reason: str, truth: str) -> None:
    stopped = taken("carboplatin", "2025-09-10", "2025-12-20", stopped_for=reason)
    assert find(ON_PLATINUM, chart(stopped)).truth.value == truth
    undated = dataclasses.replace(stopped, start=None, end=None)
    assert find(ON_PLATINUM, chart(undated)).truth.value == truth


def test_a_later_regimen_is_no_proof() -> None:
    later = taken("topotecan", "2026-01-20", "2026-04-01")
    assert find(ON_PLATINUM, chart(CARBOPLATIN, later)).cause is Cause.NO_RECORD


@pytest.mark.parametrize("kind", [Kind.MEDICATION, Kind.MEASUREMENT, Kind.CONDITION])
def test_silence_where_not_all_was_read(kind: Kind) -> None:
    partial = chart(CARBOPLATIN, covered={**EVERYTHING, kind: Extent.PARTIAL})
    assert find(ON_PLATINUM, partial).cause is Cause.NOT_READ


def test_an_unverified_drug_settles_nothing() -> None:
    unsure = taken("cisplatin-unverified", "2025-09-10", "2025-12-20")
    assert find(ON_PLATINUM, chart(unsure, worse("2026-01-10"))).cause is Cause.UNMAPPED


def test_a_progression_after_another_drug_is_not_one_after_this() -> None:
    assert find(Progressed(("taxane",)), chart(CARBOPLATIN, worse("2026-01-10"))).cause is Cause.NO_RECORD


# --------------------------------------------------------------------------------------------------------- by line

TOPOTECAN = taken("topotecan", "2026-02-01", "2026-04-01")


@pytest.mark.parametrize(
    ("on", "truth"),
    [
        ("2026-01-20", "met"),
        ("2026-02-01", "met"),
        ("2026-02-02", "unknown"),
        ("2026-02", "unknown"),
        ("2025-09-09", "unknown"),
    ],
)
def test_the_first_progression_lies_before_the_next_line(on: str, truth: str) -> None:
    finding = find(FIRST_LINE, chart(CARBOPLATIN, TOPOTECAN, worse(on)))
    assert finding.truth.value == truth
    assert finding.truth is Truth.UNKNOWN or finding.basis is Basis.ASSUMED


def test_a_drug_of_another_line_does_not_count() -> None:
    first, second = Progressed(("topotecan",), line=1), Progressed(("topotecan",), line=2)
    patient = chart(CARBOPLATIN, TOPOTECAN, worse("2026-04-10"))
    assert find(first, patient).truth is Truth.UNKNOWN
    assert find(second, patient).truth is Truth.MET


def test_a_line_that_cannot_be_told_settles_nothing() -> None:
    cure = taken("carboplatin", "2025-09-10", "2025-12-20", intent="intent-adjuvant")
    assert find(FIRST_LINE, chart(cure, worse("2026-01-20"))).cause is Cause.CONDITION_UNKNOWN
    undated = taken("etoposide")
    assert find(FIRST_LINE, chart(CARBOPLATIN, undated, worse("2026-01-20"))).truth is Truth.UNKNOWN
    partial = chart(CARBOPLATIN, worse("2026-01-20"), covered={**EVERYTHING, Kind.MEDICATION: Extent.PARTIAL})
    assert find(FIRST_LINE, partial).truth is Truth.UNKNOWN


def test_what_may_be_the_next_line_bounds_it() -> None:
    perhaps = taken("nivolumab", "2026-01-10", "2026-03-01")
    assert find(FIRST_LINE, chart(CARBOPLATIN, perhaps, worse("2026-01-05"))).truth is Truth.MET
    assert find(FIRST_LINE, chart(CARBOPLATIN, perhaps, worse("2026-02-05"))).truth is Truth.UNKNOWN


def test_a_drug_of_the_line_that_was_stopped_for_progression() -> None:
    stopped = taken("carboplatin", "2025-09-10", "2025-12-20", stopped_for="progressive disease")
    assert find(FIRST_LINE, chart(stopped, TOPOTECAN)).truth is Truth.MET
