"""Viral loads that are not detected; every assay in use can measure from 200 copies (2026-06-15)."""

import pytest

from cds.core.chart import Extent, Kind
from cds.core.criteria import Not, Undetectable
from cds.core.explain import describe, explain
from cds.core.finding import Basis, Cause
from cds.core.truth import Truth
from tests.core.builders import EVERYTHING, VOCABULARY, chart, find, lab

LOAD = Undetectable(("viral-load", "viral-rna-detected"), within_days=183)


@pytest.mark.parametrize(
    ("value", "truth", "cause"),
    [
        ("not detected", "met", None),
        ("0 copies/mL", "met", None),
        ("< 20 copies/mL", "met", None),
        ("< 200 copies/mL", "met", None),
        ("<= 200 copies/mL", "met", None),
        ("< 201 copies/mL", "unknown", Cause.TOO_GENERAL),
        ("35 copies/mL", "unknown", Cause.TOO_GENERAL),
        ("199 copies/mL", "unknown", Cause.TOO_GENERAL),
        ("200 copies/mL", "unmet", None),
        ("> 200 copies/mL", "unmet", None),
        (">= 200 copies/mL", "unmet", None),
        ("> 20 copies/mL", "unknown", Cause.TOO_GENERAL),
        ("detected", "unknown", Cause.IMPLAUSIBLE),
        ("20 IU/mL", "unknown", Cause.UNIT_NOT_COMPARABLE),
        ("9000000000 copies/mL", "unknown", Cause.IMPLAUSIBLE),
    ],
)
def test_a_load(value: str, truth: str, cause: Cause | None) -> None:
    finding = find(LOAD, chart(lab("viral-load", value)))
    assert (finding.truth.value, finding.cause) == (truth, cause)


@pytest.mark.parametrize(
    ("value", "truth", "cause"),
    [("not detected", "met", None), ("detected", "unmet", None), ("equivocal", "unknown", Cause.IMPLAUSIBLE)],
)
def test_a_test_without_a_number(value: str, truth: str, cause: Cause | None) -> None:
    finding = find(LOAD, chart(lab("viral-rna-detected", value)))
    assert (finding.truth.value, finding.cause) == (truth, cause)


def test_the_newest_of_both_kinds_decides_and_a_contradiction_of_one_day_does_not() -> None:
    found = lab("viral-rna-detected", "detected", "2026-05-01", ref="Observation/2")
    finding = find(LOAD, chart(lab("viral-load", "< 20 copies/mL", "2026-06-01"), found))
    assert (finding.truth, finding.basis) == (Truth.MET, Basis.DOCUMENTED)
    same_day = lab("viral-load", "< 20 copies/mL", "2026-05-01")
    assert find(LOAD, chart(same_day, found)).cause is Cause.CONFLICTING


@pytest.mark.parametrize(
    ("on", "truth", "cause"),
    [("2025-12-14", "met", None), ("2025-12-13", "unknown", Cause.TOO_OLD), (None, "unknown", Cause.DATE_IMPRECISE)],
)
def test_a_load_counts_within_its_window(on: str | None, truth: str, cause: Cause | None) -> None:
    finding = find(LOAD, chart(lab("viral-load", "not detected", on)))
    assert (finding.truth.value, finding.cause) == (truth, cause)


def test_no_test_settles_nothing_either_way() -> None:
    assert find(LOAD, chart()).cause is Cause.NO_RECORD
    assert find(Not(LOAD), chart()).cause is Cause.NO_RECORD
    assert find(LOAD, chart(covered={**EVERYTHING, Kind.MEASUREMENT: Extent.PARTIAL})).cause is Cause.NOT_READ
    assert find(Not(LOAD), chart(lab("viral-load", "not detected"))).truth is Truth.UNMET


def test_a_load_in_words() -> None:
    assert explain(find(LOAD, chart(lab("viral-load", "< 20 copies/mL"))), VOCABULARY) == (
        "Viral load < 20 copies/mL on 2026-06-10; the trial asks for an undetectable load."
    )
    assert explain(find(LOAD, chart()), VOCABULARY) == (
        "No viral load on record; the trial asks for an undetectable load."
    )
    assert "undetectable" in describe(LOAD, VOCABULARY)
