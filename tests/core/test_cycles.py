"""Cycles, counted from the days on which drugs were given."""

import pytest

from cds.core.chart import Extent, Kind, Told
from cds.core.criteria import Cycles, Not
from cds.core.finding import Basis, Cause
from cds.core.truth import Truth
from tests.core.builders import EVERYTHING, chart, find, given, taken

PLATINUM = ("platinum",)


def exactly(number: int) -> Cycles:
    return Cycles(PLATINUM, at_least=number, at_most=number)


@pytest.mark.parametrize(
    ("days", "cycles"),
    [
        (["2026-01-05"], 1),
        (["2026-01-05", "2026-01-06", "2026-01-07"], 1),
        (["2026-01-05", "2026-01-18"], 1),
        (["2026-01-05", "2026-01-19"], 2),
        (["2026-01-05", "2026-01-12", "2026-01-26", "2026-02-02"], 2),
        (["2026-01-05", "2026-01-26", "2026-02-16", "2026-03-09"], 4),
    ],
)
def test_days_less_than_two_weeks_apart_are_one_cycle(days: list[str], cycles: int) -> None:
    finding = find(exactly(cycles), chart(*given("cisplatin", *days)))
    assert (finding.truth, finding.basis) == (Truth.MET, Basis.DOCUMENTED)
    assert len(finding.evidence) == len(days)


def test_a_dose_every_week_leaves_the_number_of_cycles_open() -> None:
    weekly = chart(*given("carboplatin", "2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26", "2026-02-02"))
    assert find(exactly(1), weekly).truth is Truth.UNKNOWN
    assert find(Cycles(PLATINUM, at_most=3), weekly).truth is Truth.MET
    assert find(Cycles(PLATINUM, at_most=2), weekly).truth is Truth.UNKNOWN


def test_drugs_of_a_class_given_on_the_same_days_are_the_same_cycles() -> None:
    both = [*given("cisplatin", "2026-01-05"), *given("carboplatin", "2026-01-06", "2026-01-27")]
    assert find(exactly(2), chart(*both)).truth is Truth.MET


@pytest.mark.parametrize(("end", "most"), [("2026-01-18", 1), ("2026-01-19", 2), ("2026-03-01", 4)])
def test_a_course_is_one_cycle_or_one_for_every_two_weeks(end: str, most: int) -> None:
    course = chart(taken("cisplatin", "2026-01-05", end))
    assert find(Cycles(PLATINUM, at_least=1), course).truth is Truth.MET
    assert find(Cycles(PLATINUM, at_most=most), course).truth is Truth.MET
    if most > 1:
        assert find(Cycles(PLATINUM, at_most=most - 1), course).truth is Truth.UNKNOWN


def test_entries_of_separate_beginnings_are_separate_cycles() -> None:
    orders = [taken("cisplatin", each, each, told=Told.ORDERED) for each in ("2026-01-05", "2026-01-26")]
    finding = find(Cycles(PLATINUM, at_most=1), chart(*orders))
    assert (finding.truth, finding.basis) == (Truth.UNMET, Basis.ASSUMED)


@pytest.mark.parametrize("start", [None, "2026-01", "2026"])
def test_without_its_days_a_course_is_one_cycle_at_least(start: str | None) -> None:
    course = chart(taken("cisplatin", start, "2026-05-01" if start else None))
    assert find(Cycles(PLATINUM, at_least=1), course).truth is Truth.MET
    finding = find(Cycles(PLATINUM, at_most=1), course)
    assert (finding.truth, finding.cause) == (Truth.UNKNOWN, Cause.DATE_IMPRECISE)


def test_an_unverified_code_may_be_a_cycle_more() -> None:
    entries = [*given("cisplatin", "2026-01-05"), *given("cisplatin-unverified", "2026-02-05")]
    assert find(Cycles(PLATINUM, at_most=1), chart(*entries)).cause is Cause.UNMAPPED
    assert find(Cycles(PLATINUM, at_most=2), chart(*entries)).truth is Truth.MET


def test_none_at_all_is_no_record_and_no_obstacle() -> None:
    assert find(Cycles(PLATINUM, at_most=1), chart()).basis is Basis.NO_RECORD
    assert find(Cycles(PLATINUM, at_least=1), chart()).cause is Cause.NO_RECORD
    assert find(Not(Cycles(PLATINUM, at_least=2)), chart()).basis is Basis.NO_RECORD


def test_where_not_all_was_read_there_may_have_been_more() -> None:
    partial = {**EVERYTHING, Kind.MEDICATION: Extent.PARTIAL}
    one = given("cisplatin", "2026-01-05")
    assert find(Cycles(PLATINUM, at_most=1), chart(*one, covered=partial)).cause is Cause.NOT_READ
    assert find(Cycles(PLATINUM, at_least=1), chart(*one, covered=partial)).truth is Truth.MET


def test_a_course_of_centuries_allows_any_number() -> None:
    forever = taken("cisplatin", "0001-01-01", "2026-06-01")
    assert find(Cycles(("platinum",), at_most=10**6), chart(forever)).truth is Truth.UNKNOWN
