"""Lifetime doses: what adds up, in which unit, and what leaves the sum open."""

from fractions import Fraction

import pytest

from cds.core.chart import Exposure, Extent, Kind, Told
from cds.core.criteria import Not, Received
from cds.core.finding import Basis, Cause
from cds.core.truth import Truth
from tests.core.builders import EVERYTHING, chart, find, given, lab, taken

REACHED = Received(("anthracycline",), "doxorubicin", Fraction(450))
SIX = ("2025-01-06", "2025-01-27", "2025-02-17", "2025-03-10", "2025-03-31", "2025-04-21")


def doses(name: str, dose: str, number: int = 6) -> list[Exposure]:
    return given(name, *SIX[:number], dose=dose)


@pytest.mark.parametrize(("dose", "truth"), [("75 mg/m2", "met"), ("74.9 mg/m2", "unknown"), ("75 mg/m²", "met")])
def test_six_doses_add_up(dose: str, truth: str) -> None:
    finding = find(REACHED, chart(*doses("doxorubicin", dose)))
    assert finding.truth.value == truth
    assert len(finding.evidence) == len(SIX)
    assert finding.basis in {Basis.DOCUMENTED, None}


def test_a_sum_that_falls_short_is_no_obstacle_where_silence_speaks() -> None:
    finding = find(Not(REACHED), chart(*doses("doxorubicin", "60 mg/m2")))
    assert (finding.truth, finding.basis) == (Truth.MET, Basis.NO_RECORD)
    assert find(Not(REACHED), chart(*doses("doxorubicin", "75 mg/m2"))).truth is Truth.UNMET


def test_none_at_all_is_no_record() -> None:
    assert find(Not(REACHED), chart()).basis is Basis.NO_RECORD
    assert find(REACHED, chart()).cause is Cause.NO_RECORD
    partial = chart(covered={**EVERYTHING, Kind.MEDICATION: Extent.PARTIAL})
    assert find(Not(REACHED), partial).cause is Cause.NOT_READ


@pytest.mark.parametrize(("dose", "truth"), [("107 mg/m2", "met"), ("108 mg/m2", "unknown"), ("150 mg/m2", "unmet")])
def test_epirubicin_counts_by_its_lowest_and_highest_equivalent(dose: str, truth: str) -> None:
    finding = find(Not(REACHED), chart(*doses("epirubicin", dose)))
    assert finding.truth.value == truth
    assert finding.basis is not Basis.DOCUMENTED


@pytest.mark.parametrize("told", [Told.STATED, Told.ORDERED, Told.DISPENSED])
def test_what_was_not_recorded_as_given_may_add_anything(told: Told) -> None:
    more = taken("doxorubicin", "2020-01-01", "2020-06-01", told=told, dose="75 mg/m2")
    finding = find(Not(REACHED), chart(*doses("doxorubicin", "10 mg/m2"), more))
    assert (finding.truth, finding.cause) == (Truth.UNKNOWN, Cause.TOO_GENERAL)
    assert find(Not(REACHED), chart(*doses("doxorubicin", "75 mg/m2"), more)).truth is Truth.UNMET


@pytest.mark.parametrize("told", [Told.STATED, Told.ORDERED, Told.DISPENSED])
def test_a_dose_that_was_not_recorded_as_given_does_not_reach_anything(told: Told) -> None:
    planned = taken("doxorubicin", "2025-05-12", "2025-05-12", told=told, dose="75 mg/m2")
    finding = find(Not(REACHED), chart(*doses("doxorubicin", "75 mg/m2", 5), planned))
    assert finding.truth is Truth.UNKNOWN
    assert find(Not(REACHED), chart(planned)).truth is Truth.UNKNOWN


@pytest.mark.parametrize(("dose", "truth"), [("200 mg/m2", "met"), ("300 mg/m2", "unknown"), ("450 mg/m2", "unmet")])
def test_a_dose_told_twice_may_be_one_or_two(dose: str, truth: str) -> None:
    twice = [taken("doxorubicin", "2025-01-06", "2025-01-06", told=Told.GIVEN, dose=dose, ref=ref) for ref in "AB"]
    assert find(Not(REACHED), chart(*twice)).truth.value == truth
    assert find(Not(REACHED), chart(twice[0], twice[0])).truth.value == ("unmet" if truth == "unmet" else "met")


def test_an_unverified_code_may_add_up_and_never_settles() -> None:
    rule = Received(("cisplatin",), "cisplatin", Fraction(450))
    assert find(rule, chart(*given("cisplatin-unverified", *SIX, dose="100 mg/m2"))).cause is Cause.UNMAPPED


# ------------------------------------------------------------------------------------------------------ body surface


@pytest.mark.parametrize(
    ("surface", "on", "truth"),
    [("2 m2", "2025-01-06", "unmet"), ("2.01 m2", "2025-01-06", "met"), ("2 m2", "2024-01-06", "unknown")],
)
def test_milligrams_take_the_body_surface_measured_near_the_dose(surface: str, on: str, truth: str) -> None:
    entries = doses("doxorubicin", "900 mg", 1)
    finding = find(Not(REACHED), chart(*entries, lab("body-surface-area", surface, on)))
    assert finding.truth.value == truth
    assert finding.basis is not Basis.DOCUMENTED


def test_the_nearest_body_surface_is_taken() -> None:
    near = lab("body-surface-area", "2 m2", "2025-01-05", ref="Observation/1")
    far = lab("body-surface-area", "1 m2", "2025-01-09", ref="Observation/2")
    entries = doses("doxorubicin", "800 mg", 1)
    assert find(Not(REACHED), chart(*entries, near, far)).truth is Truth.MET


def test_weight_and_height_stand_in_for_it() -> None:
    size = lab("body-weight", "80 kg", "2025-01-02"), lab("body-height", "180 cm", "2010-01-02")
    assert find(Not(REACHED), chart(*doses("doxorubicin", "900 mg", 1), *size)).truth is Truth.UNMET
    assert find(Not(REACHED), chart(*doses("doxorubicin", "899 mg", 1), *size)).truth is Truth.MET
    assert find(Not(REACHED), chart(*doses("doxorubicin", "900 mg", 1), size[1])).truth is Truth.UNKNOWN


def test_a_question_names_the_dose() -> None:
    finding = find(Not(REACHED), chart(*doses("doxorubicin", "900 mg", 1)))
    assert finding.wanted is not None
    assert finding.wanted.question == "Lifetime dose of Anthracycline, in mg/m² of doxorubicin?"
