"""Drugs by route, washouts by half-lives, daily doses in equivalents, and stable doses: each to the day."""

import dataclasses
import datetime as dt
from fractions import Fraction

import pytest

from cds.core.chart import Exposure, ExposureStatus, Extent, Kind, Told
from cds.core.criteria import Exposed, Not
from cds.core.finding import Basis, Cause
from cds.core.limits import DailyDose, HalfLives, Whichever
from cds.core.truth import Truth
from tests.core.builders import AS_OF, EVERYTHING, chart, coded, drug, find, given, taken

STEROID = ("corticosteroid",)
LONGER, SHORTER = Whichever.LONGER, Whichever.SHORTER

# ---------------------------------------------------------------------------------------------------------------- route


@pytest.mark.parametrize(
    ("name", "route", "truth"),
    [
        ("prednisone", "systemic-route", "unmet"),
        ("prednisone", "local-route", "met"),
        ("prednisone", "", "unknown"),
        ("prednisone", "rectal", "unknown"),
        ("cisplatin", "", "unmet"),
        ("cisplatin", "local-route", "met"),
    ],
)
def test_what_acts_in_one_place_only_does_not_count(name: str, route: str, truth: str) -> None:
    rule = Not(Exposed((name,), systemic=True))
    assert find(rule, chart(taken(name, "2026-01-01", route=route))).truth.value == truth


def test_a_route_that_is_not_told_is_asked_for() -> None:
    finding = find(Not(Exposed(("prednisone",), systemic=True)), chart(taken("prednisone", "2026-01-01")))
    assert finding.cause is Cause.TOO_GENERAL
    assert finding.wanted is not None
    assert "route" in finding.wanted.question


# ----------------------------------------------------------------------------------------------------------- half-lives


def washed_out(name: str, days: int, count: int, whichever: Whichever) -> Not:
    return Not(Exposed((name,), within_days=days, half_lives=HalfLives(count, whichever)))


def ended(name: str, ago: int) -> Exposure:
    end = (dt.date(2026, 6, 15) - dt.timedelta(days=ago)).isoformat()
    return drug(name, "2026-01-01", end)


@pytest.mark.parametrize(
    ("days", "whichever", "ago", "truth"),
    [
        (7, LONGER, 6, "unmet"),
        (7, LONGER, 7, "unknown"),
        (7, LONGER, 8, "unknown"),
        (7, LONGER, 9, "met"),
        (14, LONGER, 13, "unmet"),
        (14, LONGER, 14, "met"),
        (14, SHORTER, 6, "unmet"),
        (14, SHORTER, 7, "unknown"),
        (14, SHORTER, 9, "met"),
        (5, SHORTER, 4, "unmet"),
        (5, SHORTER, 5, "met"),
    ],
)
def test_five_half_lives_of_itraconazole_are_seven_to_nine_days(
    days: int, whichever: Whichever, ago: int, truth: str
) -> None:
    rule = washed_out("itraconazole", days, 5, whichever)
    assert find(rule, chart(ended("itraconazole", ago))).truth.value == truth


def test_an_open_half_life_is_named_as_what_is_not_known() -> None:
    finding = find(washed_out("itraconazole", 7, 5, LONGER), chart(ended("itraconazole", 8)))
    assert finding.cause is Cause.CONDITION_UNKNOWN
    assert finding.wanted is not None
    assert "half-life" in finding.wanted.question


def test_a_washout_by_half_lives_clears_and_resolves_on_its_days() -> None:
    finding = find(washed_out("itraconazole", 7, 5, LONGER), chart(drug("itraconazole", "2026-01-01", "2026-06-14")))
    assert (finding.truth, finding.clears_on, finding.resolves_on) == (Truth.UNMET, dt.date(2026, 6, 21), None)
    exact = find(washed_out("itraconazole", 9, 5, LONGER), chart(drug("itraconazole", "2026-01-01", "2026-06-14")))
    assert exact.resolves_on == dt.date(2026, 6, 23)


@pytest.mark.parametrize("name", ["carboplatin", "nivolumab"])
@pytest.mark.parametrize(
    ("whichever", "ago", "truth"),
    [(LONGER, 27, "unmet"), (LONGER, 28, "unknown"), (SHORTER, 27, "unknown"), (SHORTER, 28, "met")],
)
def test_a_drug_whose_half_life_is_not_known(name: str, whichever: Whichever, ago: int, truth: str) -> None:
    assert find(washed_out(name, 28, 5, whichever), chart(ended(name, ago))).truth.value == truth


def test_a_drug_still_taken_is_not_washed_out_by_any_half_life() -> None:
    for whichever in Whichever:
        rule = washed_out("carboplatin", 28, 5, whichever)
        assert find(rule, chart(taken("carboplatin", "2026-01-01"))).truth is Truth.UNMET


def test_a_half_life_of_hours_is_rounded_up_to_a_day() -> None:
    rule = washed_out("topotecan", 28, 5, SHORTER)
    assert find(rule, chart(ended("topotecan", 0))).truth is Truth.UNMET
    assert find(rule, chart(ended("topotecan", 1))).truth is Truth.MET


# ----------------------------------------------------------------------------------------------------------- daily dose

ABOVE_TEN = Not(Exposed(STEROID, ongoing=True, above=DailyDose("prednisone", Fraction(10))))


@pytest.mark.parametrize(
    ("dose", "per_day", "truth"),
    [
        ("10 mg", "1", "met"),
        ("10.5 mg", "1", "unmet"),
        ("5 mg", "2", "met"),
        ("5 mg", "3", "unmet"),
        ("20 mg", "1/2", "met"),
        ("0.011 g", "1", "unmet"),
        ("11000 ug", "1", "unmet"),
        ("2 tablet", "1", "unknown"),
        ("10 mg", "", "unknown"),
        ("", "1", "unknown"),
        ("> 9 mg", "1", "unknown"),
    ],
)
def test_ten_milligrams_a_day_are_not_more_than_ten(dose: str, per_day: str, truth: str) -> None:
    entry = taken("prednisone", "2026-01-01", dose=dose, per_day=per_day)
    assert find(ABOVE_TEN, chart(entry)).truth.value == truth


def test_a_dose_that_is_missing_is_asked_for() -> None:
    finding = find(ABOVE_TEN, chart(taken("prednisone", "2026-01-01")))
    assert finding.cause is Cause.TOO_GENERAL
    assert finding.wanted is not None
    assert finding.wanted.question == "Daily dose of Prednisone?"


@pytest.mark.parametrize(("mg", "truth"), [("1.4", "met"), ("1.5", "unknown"), ("1.6", "unknown"), ("1.7", "unmet")])
def test_an_equivalent_between_six_and_seven_leaves_the_middle_open(mg: str, truth: str) -> None:
    finding = find(ABOVE_TEN, chart(taken("dexamethasone", "2026-01-01", dose=f"{mg} mg", per_day="1")))
    assert finding.truth.value == truth
    assert finding.basis is not Basis.DOCUMENTED


def test_an_unverified_equivalent_settles_nothing() -> None:
    entry = taken("cortisone", "2026-01-01", dose="1 mg", per_day="1")
    assert find(ABOVE_TEN, chart(entry)).truth is Truth.UNKNOWN


def test_drugs_taken_together_add_up() -> None:
    five = taken("prednisone", "2026-01-01", dose="5 mg", per_day="1")
    one = taken("dexamethasone", "2026-02-01", dose="1 mg", per_day="1")
    finding = find(ABOVE_TEN, chart(five, one))
    assert (finding.truth, finding.basis, len(finding.evidence)) == (Truth.UNMET, Basis.ASSUMED, 2)


def test_one_that_exceeds_alone_settles_it_whatever_the_others_are() -> None:
    much, open_dose = taken("prednisone", "2026-01-01", dose="20 mg", per_day="1"), taken("dexamethasone", "2026-01-01")
    assert find(ABOVE_TEN, chart(much, open_dose)).truth is Truth.UNMET


def test_one_treatment_told_by_order_and_list_counts_once_and_two_doses_may_add_up() -> None:
    listed = taken("prednisone", "2026-01-01", dose="7.5 mg", per_day="1")
    order = taken("prednisone", "2026-01-03", told=Told.ORDERED, dose="7.5 mg", per_day="1")
    dispensed = taken("prednisone", "2026-03-01", told=Told.DISPENSED)
    assert find(ABOVE_TEN, chart(listed, order, dispensed)).truth is Truth.MET
    other = taken("prednisone", "2026-01-03", told=Told.ORDERED, dose="5 mg", per_day="1")
    assert find(ABOVE_TEN, chart(listed, other)).truth is Truth.UNKNOWN
    evening = taken("prednisone", "2026-01-03", dose="5 mg", per_day="1")
    assert find(ABOVE_TEN, chart(listed, evening)).truth is Truth.UNMET


def test_two_active_orders_of_one_drug_may_be_a_change_of_dose() -> None:
    orders = [
        taken("prednisone", start, told=Told.ORDERED, dose=dose, per_day="1")
        for start, dose in (("2026-01-01", "7.5 mg"), ("2026-03-01", "5 mg"))
    ]
    assert find(ABOVE_TEN, chart(*orders)).truth is Truth.UNKNOWN


LATELY = Not(Exposed(STEROID, within_days=14, above=DailyDose("prednisone", Fraction(10))))


def test_doses_one_after_the_other_do_not_add_up() -> None:
    first = taken("prednisone", "2026-06-01", "2026-06-07", dose="8 mg", per_day="1")
    then = taken("prednisone", "2026-06-08", "2026-06-14", dose="6 mg", per_day="1")
    assert find(LATELY, chart(first, then)).truth is Truth.MET
    same_day = taken("prednisone", "2026-06-07", "2026-06-14", dose="6 mg", per_day="1")
    assert find(LATELY, chart(first, same_day)).truth is Truth.UNMET


def test_a_single_dose_before_chemotherapy_counts_until_the_window_is_over() -> None:
    finding = find(LATELY, chart(*given("dexamethasone", "2026-06-10", dose="12 mg")))
    assert (finding.truth, finding.resolves_on) == (Truth.UNMET, dt.date(2026, 6, 24))


def test_a_tablet_on_the_skin_is_no_daily_dose() -> None:
    rule = Not(Exposed(STEROID, ongoing=True, systemic=True, above=DailyDose("prednisone", Fraction(10))))
    entry = taken("prednisone", "2026-01-01", dose="50 mg", per_day="1", route="local-route")
    assert find(rule, chart(entry)).truth is Truth.MET
    open_route = dataclasses.replace(entry, route=coded("rectal"))
    assert find(rule, chart(open_route)).truth is Truth.UNKNOWN


# ---------------------------------------------------------------------------------------------------------- stable dose

STABLE = Exposed(("prednisone",), ongoing=True, stable_days=14)


@pytest.mark.parametrize(
    ("start", "truth", "resolves"),
    [("2026-06-01", "met", None), ("2026-06-02", "unmet", "2026-06-16"), ("2026-06", "unknown", None)],
)
def test_two_weeks_at_one_dose(start: str, truth: str, resolves: str | None) -> None:
    finding = find(STABLE, chart(taken("prednisone", start, dose="5 mg", per_day="1")))
    assert finding.truth.value == truth
    assert finding.resolves_on == (dt.date.fromisoformat(resolves) if resolves else None)


def test_a_course_without_a_beginning_may_be_new() -> None:
    finding = find(STABLE, chart(taken("prednisone", None, dose="5 mg", per_day="1")))
    assert (finding.truth, finding.cause) == (Truth.UNKNOWN, Cause.DATE_IMPRECISE)


@pytest.mark.parametrize(("start", "truth"), [("2026-06-01", "met"), ("2026-06-02", "unmet")])
def test_another_dose_of_the_drug_in_these_days_is_a_change(start: str, truth: str) -> None:
    long = taken("prednisone", "2026-01-01", dose="5 mg", per_day="1")
    more = taken("prednisone", start, dose="10 mg", per_day="1")
    assert find(STABLE, chart(long, more)).truth.value == truth


def test_an_entry_without_a_dose_may_be_a_change() -> None:
    long = taken("prednisone", "2026-01-01", dose="5 mg", per_day="1")
    finding = find(STABLE, chart(long, taken("prednisone", "2026-06-10")))
    assert (finding.truth, finding.cause) == (Truth.UNKNOWN, Cause.TOO_GENERAL)


def test_a_renewal_of_the_same_dose_goes_on_from_the_first() -> None:
    before = taken("prednisone", "2026-01-01", "2026-06-09", dose="5 mg", per_day="1")
    renewed = taken("prednisone", "2026-06-10", dose="5 mg", per_day="1")
    assert find(STABLE, chart(before, renewed)).truth is Truth.MET
    gap = dataclasses.replace(renewed, start=taken("prednisone", "2026-06-11").start)
    assert find(STABLE, chart(before, gap)).truth is Truth.UNMET


def test_what_is_not_yet_stable_is_no_obstacle_where_not_all_was_read_or_it_is_forbidden() -> None:
    fresh = taken("prednisone", "2026-06-10", dose="5 mg", per_day="1")
    partial = chart(fresh, covered={**EVERYTHING, Kind.MEDICATION: Extent.PARTIAL})
    assert find(STABLE, partial).truth is Truth.UNKNOWN
    assert find(Not(STABLE), chart(fresh)).truth is Truth.MET


def test_a_course_that_may_be_over_is_not_known_to_be_stable() -> None:
    entry = dataclasses.replace(
        taken("prednisone", "2026-01-01", dose="5 mg", per_day="1"), status=ExposureStatus.UNKNOWN
    )
    assert find(STABLE, chart(entry)).truth is Truth.UNKNOWN


@pytest.mark.parametrize(("dose", "truth"), [("2.5 mg", "met"), ("5 mg", "unknown"), ("11 mg", "unmet")])
def test_one_dose_given_four_times_a_day_may_be_four_doses(dose: str, truth: str) -> None:
    four = [taken("prednisone", "2026-06-14", "2026-06-14", told=Told.GIVEN, dose=dose, ref=ref) for ref in "ABCD"]
    assert find(LATELY, chart(*four)).truth.value == truth
    assert find(LATELY, chart(four[0], four[0])).truth.value == ("unmet" if truth == "unmet" else "met")


def test_a_series_of_short_orders_of_one_dose_is_steady_however_long() -> None:
    days = [AS_OF - dt.timedelta(days=back) for back in range(1500)]
    orders = [
        taken("prednisone", f"{day}", f"{day}", told=Told.ORDERED, dose="5 mg", per_day="1", ref=f"{place}")
        for place, day in enumerate(days[1:])
    ]
    steady = Exposed(STEROID, ongoing=True, stable_days=14)
    now = taken("prednisone", f"{days[0]}", told=Told.ORDERED, dose="5 mg", per_day="1", ref="now")
    assert find(steady, chart(now, *orders)).truth is Truth.MET
    assert find(steady, chart(now, *orders[5:])).truth is Truth.UNMET, "five days were left out"
