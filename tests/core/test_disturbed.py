"""Results that a treatment has disturbed: at least 21 days after cisplatin was last begun or given (2026-06-15)."""

import dataclasses

import pytest

from cds.core.chart import Exposure, ExposureStatus, Extent, Kind, Told
from cds.core.criteria import Measured, Not
from cds.core.explain import describe, explain
from cds.core.finding import Cause
from cds.core.limits import Clear
from cds.core.needs import needs_of
from cds.core.truth import Truth
from tests.core.builders import EVERYTHING, VOCABULARY, chart, coded, day, drug, find, lab, limit

PLATELETS = Measured(("platelets",), low=limit("100 10*9/L"), clear_of=Clear(("platinum",), 21))
COUNT = lab("platelets", "150 10*9/L", "2026-06-12")


def given(on: str, ref: str = "MedicationAdministration/1") -> Exposure:
    return Exposure(coded("cisplatin"), ref, ExposureStatus.ENDED, day(on), day(on), told=Told.GIVEN)


@pytest.mark.parametrize(
    ("drugs", "truth", "cause"),
    [
        ((), "met", None),
        ((given("2026-05-22"),), "met", None),
        ((given("2026-05-23"),), "unknown", Cause.TOO_OLD),
        ((given("2026-06-12"),), "unknown", Cause.TOO_OLD),
        ((given("2026-06-14"),), "unknown", Cause.TOO_OLD),
        ((given("2026-05-01"), given("2026-05-29", "MedicationAdministration/2")), "unknown", Cause.TOO_OLD),
        ((given("2026-06-16"),), "met", None),
        ((given("2026-04"),), "met", None),
        ((given("2026-05"),), "unknown", Cause.DATE_IMPRECISE),
        ((given("2026-06"),), "unknown", Cause.TOO_OLD),
        ((drug("cisplatin", None, "2026-05-10"),), "met", None),
        ((drug("cisplatin", None, None),), "unknown", Cause.DATE_IMPRECISE),
        ((drug("cisplatin", "2026-06-01", None, ExposureStatus.NEVER),), "met", None),
        ((drug("cisplatin-unverified", "2026-06-01"),), "unknown", Cause.TOO_OLD),
        ((drug("prednisone", "2026-06-01"),), "met", None),
    ],
)
def test_a_count_of_150_on_12_june(drugs: tuple[Exposure, ...], truth: str, cause: Cause | None) -> None:
    finding = find(PLATELETS, chart(COUNT, *drugs))
    assert (finding.truth.value, finding.cause) == (truth, cause)


def test_a_low_count_that_is_too_early_is_no_obstacle_either_and_time_alone_settles_nothing() -> None:
    low = lab("platelets", "50 10*9/L", "2026-06-12")
    for rule in (PLATELETS, Not(PLATELETS)):
        finding = find(rule, chart(low, given("2026-06-01")))
        assert (finding.truth, finding.cause) == (Truth.UNKNOWN, Cause.TOO_OLD)
        assert (finding.resolves_on, finding.clears_on, finding.expires_on) == (None, None, None)
    assert find(PLATELETS, chart(low, given("2026-05-01"))).truth is Truth.UNMET


@pytest.mark.parametrize("extent", [Extent.PARTIAL, Extent.NOT_READ])
def test_drugs_that_were_not_all_read_may_hide_one(extent: Extent) -> None:
    covered = {**EVERYTHING, Kind.MEDICATION: extent}
    assert find(PLATELETS, chart(COUNT, covered=covered)).cause is Cause.NOT_READ
    assert find(PLATELETS, chart(COUNT, given("2026-05-01"), covered=covered)).cause is Cause.NOT_READ
    assert find(dataclasses.replace(PLATELETS, clear_of=None), chart(COUNT, covered=covered)).truth is Truth.MET


def test_a_month_of_a_result_compares_as_an_interval() -> None:
    vague = lab("platelets", "150 10*9/L", "2026-06")
    assert find(PLATELETS, chart(vague, given("2026-05-11"))).truth is Truth.MET
    assert find(PLATELETS, chart(vague, given("2026-05-12"))).cause is Cause.DATE_IMPRECISE
    assert find(PLATELETS, chart(vague, given("2026-06-10"))).cause is Cause.TOO_OLD
    undated = lab("platelets", "150 10*9/L", None)
    assert find(PLATELETS, chart(COUNT, undated)).cause is Cause.DATE_IMPRECISE


def test_the_older_result_that_is_shown_is_not_one_that_came_too_early() -> None:
    unreadable = lab("platelets", "clotted", "2026-06-13", ref="Observation/2")
    finding = find(PLATELETS, chart(COUNT, unreadable, given("2026-06-01")))
    assert [each.reference for each in finding.evidence] == ["Observation/2"]


def test_too_early_in_words_and_with_the_drug_as_evidence() -> None:
    finding = find(PLATELETS, chart(COUNT, given("2026-06-01")))
    assert [each.reference for each in finding.evidence] == ["Observation/1", "MedicationAdministration/1"]
    assert explain(finding, VOCABULARY) == (
        "Platelets 150 10*9/L on 2026-06-12: taken too early after Cisplatin on 2026-06-01, 21 days must lie between; "
        "the trial asks for at least 100 10*9/L."
    )
    assert describe(PLATELETS, VOCABULARY) == "platelets of at least 100 10*9/L taken 21 days or more after platinum"
    assert needs_of(PLATELETS)[Kind.MEDICATION] == frozenset({"platinum"})
