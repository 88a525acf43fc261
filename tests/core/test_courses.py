"""Entries that tell one treatment several times, and those that only seem to."""

import dataclasses
import itertools

import pytest

from cds.core.chart import Chart, Exposure, ExposureStatus, Told
from cds.core.courses import Course, courses_of
from cds.core.criteria import Exposed, Not
from cds.core.finding import Cause
from cds.core.recognise import recognise
from cds.core.truth import Truth
from tests.core.builders import AS_OF, VOCABULARY, chart, find, taken

ORDER = taken("prednisone", "2026-01-10", told=Told.ORDERED)
NOT_NOW = Not(Exposed(("prednisone",), ongoing=True))


def courses(the_chart: Chart) -> tuple[Course, ...]:
    return courses_of(("prednisone",), (), recognise(the_chart, VOCABULARY, AS_OF))


def statement(start: str, end: str, dose: str = "") -> Exposure:
    return taken("prednisone", start, end, dose=dose)


def test_entries_that_claim_the_same_are_one_course_and_all_are_shown() -> None:
    twice = statement("2026-01-01", "2026-02-01"), taken("prednisone", "2026-01-01", "2026-02-01", told=Told.ORDERED)
    (course,) = courses(chart(*twice))
    assert {entry.reference for entry in course.entries} == {each.reference for each in twice}


@pytest.mark.parametrize("start", ["2026-01-10", "2026-02-07"])
def test_a_statement_that_begins_with_an_order_tells_when_it_ended(start: str) -> None:
    (course,) = courses(chart(ORDER, statement(start, "2026-03-01")))
    assert (str(course.entry.start), str(course.entry.end)) == ("2026-01-10", "2026-03-01")
    assert find(NOT_NOW, chart(ORDER, statement(start, "2026-03-01"))).truth is Truth.MET


@pytest.mark.parametrize(("start", "end"), [("2026-01-09", "2026-03-01"), ("2026-02-08", "2026-03-01")])
def test_an_active_order_beside_a_statement_that_ended_otherwise_is_a_conflict(start: str, end: str) -> None:
    finding = find(NOT_NOW, chart(ORDER, statement(start, end)))
    assert (finding.truth, finding.cause) == (Truth.UNKNOWN, Cause.CONFLICTING)


def test_an_order_given_after_a_course_has_ended_stands() -> None:
    earlier = statement("2025-11-01", "2026-01-09")
    assert find(NOT_NOW, chart(ORDER, earlier)).truth is Truth.UNMET


def test_an_order_of_another_dose_stands() -> None:
    order = taken("prednisone", "2026-01-10", told=Told.ORDERED, dose="5 mg")
    burst = statement("2026-01-20", "2026-01-27", "40 mg")
    assert find(NOT_NOW, chart(order, burst)).truth is Truth.UNMET


def test_a_dispense_within_a_course_that_ended_belongs_to_it() -> None:
    rule = Not(Exposed(("prednisone",), within_days=28))
    dispensed = dataclasses.replace(taken("prednisone", "2026-02-10", told=Told.DISPENSED), status=ExposureStatus.ENDED)
    assert find(rule, chart(dispensed)).cause is Cause.DATE_IMPRECISE
    assert find(rule, chart(dispensed, statement("2026-01-01", "2026-03-01"))).truth is Truth.MET


def test_an_administration_ends_no_order() -> None:
    given = taken("prednisone", "2026-01-10", "2026-01-10", told=Told.GIVEN)
    assert find(NOT_NOW, chart(ORDER, given)).truth is Truth.UNMET


def test_that_it_was_taken_at_all_is_known_through_a_conflict() -> None:
    assert find(Exposed(("prednisone",)), chart(ORDER, statement("2026-02-08", "2026-03-01"))).truth is Truth.MET


def test_the_order_of_entries_makes_no_other_courses() -> None:
    entries = [
        ORDER,
        statement("2026-01-12", "2026-03-01"),
        statement("2026-01-12", "2026-04-01"),
        taken("prednisone", "2026-02-01", told=Told.DISPENSED),
    ]
    assert len({courses(chart(*each)) for each in itertools.permutations(entries)}) == 1


def test_what_only_one_of_two_equal_entries_says_is_kept() -> None:
    one = statement("2026-01-01", "2026-02-01")
    other = taken(
        "prednisone", "2026-01-01", "2026-02-01", told=Told.ORDERED, intent="intent-palliative", stopped_for="toxicity"
    )
    (course,) = courses(chart(one, other))
    assert (course.entry.intent, course.entry.stopped_for) == (other.intent, other.stopped_for)
