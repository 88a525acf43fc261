"""Conditions that were ruled out: documented as absent, for four weeks, unless a record says otherwise."""

import dataclasses
import datetime as dt

import pytest

from cds.core.chart import ClinicalStatus, Condition, Extent, Kind, Verification
from cds.core.criteria import HasCondition, Not
from cds.core.evaluate import evaluate
from cds.core.finding import Basis, Cause
from cds.core.recognise import recognise
from cds.core.truth import Truth
from tests.core.builders import AS_OF, EVERYTHING, VOCABULARY, chart, coded, day, find, problem

RULE = HasCondition(("liver-metastasis",))
NONE_SUCH = Not(RULE)
PARTIAL = {**EVERYTHING, Kind.CONDITION: Extent.PARTIAL}


def ruled_out(name: str, recorded: str | None = "2026-06-01") -> Condition:
    """Write a diagnosis that was looked for and refuted."""
    entry = problem(name, None, ClinicalStatus.UNKNOWN, Verification.REFUTED, f"Condition/no-{name}")
    return dataclasses.replace(entry, recorded=day(recorded))


def recorded(entry: Condition, on: str) -> Condition:
    """Say when an entry was recorded."""
    return dataclasses.replace(entry, recorded=day(on))


def test_a_condition_ruled_out_is_documented_as_absent() -> None:
    finding = find(NONE_SUCH, chart(ruled_out("liver-metastasis")))
    assert (finding.truth, finding.basis) == (Truth.MET, Basis.DOCUMENTED)
    assert [(seen.reference, seen.value, seen.date) for seen in finding.evidence] == [
        ("Condition/no-liver-metastasis", "refuted", "2026-06-01")
    ]
    required = find(RULE, chart(ruled_out("liver-metastasis")))
    assert (required.truth, required.basis) == (Truth.UNMET, Basis.DOCUMENTED)
    assert required.clears_on is None, "what grows old takes no obstacle away"


@pytest.mark.parametrize(
    ("when", "truth", "expires"),
    [
        ("2026-06-15", "met", dt.date(2026, 7, 13)),
        ("2026-05-18", "met", dt.date(2026, 6, 15)),
        ("2026-05-17", "unknown", None),
        ("2026-06", "met", dt.date(2026, 6, 29)),
        ("2026-05", "unknown", None),
        ("2026-06-16", "unknown", None),
        (None, "unknown", None),
    ],
)
def test_it_counts_for_twenty_eight_days(when: str | None, truth: str, expires: dt.date | None) -> None:
    finding = find(NONE_SUCH, chart(ruled_out("liver-metastasis", when)))
    assert (finding.truth.value, finding.expires_on) == (truth, expires)


def test_an_old_one_says_no_more_than_silence() -> None:
    old = ruled_out("liver-metastasis", "2026-01-01")
    assert find(NONE_SUCH, chart(old)).cause is Cause.NO_RECORD
    there = find(NONE_SUCH, chart(old, problem("liver-metastasis")))
    assert there.truth is Truth.UNMET


@pytest.mark.parametrize(
    ("name", "truth"),
    [("metastasis", "met"), ("liver-metastasis-of-a-kind", "unknown"), ("gilbert-syndrome", "unknown")],
)
def test_what_is_broader_rules_out_and_what_is_narrower_does_not(name: str, truth: str) -> None:
    assert find(NONE_SUCH, chart(ruled_out(name))).truth.value == truth


def test_ruled_out_in_one_place_is_not_ruled_out() -> None:
    here = dataclasses.replace(ruled_out("liver-metastasis"), sites=(coded("pancreas"),))
    assert find(NONE_SUCH, chart(here)).cause is Cause.NO_RECORD


def test_a_list_that_was_not_read_whole_may_hold_it_after_all() -> None:
    unread = chart(ruled_out("liver-metastasis"), covered=PARTIAL)
    assert find(NONE_SUCH, unread).cause is Cause.NOT_READ
    assert find(RULE, unread).cause is Cause.NOT_READ


@pytest.mark.parametrize(
    ("entry", "truth", "cause"),
    [
        (problem("liver-metastasis", "2026-05-20"), "unknown", Cause.CONFLICTING),
        (problem("liver-metastasis", "2026-06-01"), "unknown", Cause.CONFLICTING),
        (problem("liver-metastasis", None), "unknown", Cause.CONFLICTING),
        (problem("liver-metastasis", "2026-06-02"), "unmet", None),
        (recorded(problem("liver-metastasis", "2026-05-01"), "2026-06-02"), "unmet", None),
        (problem("liver-metastasis", "2019-01-01", ClinicalStatus.INACTIVE), "unmet", None),
        (problem("liver-metastasis", "2026-05-20", verification=Verification.UNCONFIRMED), "unknown", None),
        (problem("metastasis", "2026-05-20"), "met", None),
        (problem("metastasis", "2026-06-02"), "unknown", Cause.TOO_GENERAL),
    ],
)
def test_what_other_entries_say(entry: Condition, truth: str, cause: Cause | None) -> None:
    finding = find(NONE_SUCH, chart(ruled_out("liver-metastasis"), entry))
    assert finding.truth.value == truth
    assert cause is None or finding.cause is cause


def test_both_sides_of_a_contradiction_are_shown() -> None:
    finding = find(NONE_SUCH, chart(ruled_out("liver-metastasis"), problem("liver-metastasis", "2026-05-20")))
    assert [seen.value for seen in finding.evidence] == ["refuted", "active"]


@pytest.mark.parametrize("broad", ["metastasis", "liver-metastasis"])
def test_one_of_several_ruled_out_leaves_the_rest_to_silence(broad: str) -> None:
    either = Not(HasCondition(("liver-metastasis", "myocardial-infarction")))
    beside = find(either, chart(ruled_out(broad), problem("gilbert-syndrome")))
    assert (beside.truth, beside.basis) == (Truth.MET, Basis.NO_RECORD)
    assert find(either, chart(ruled_out(broad))).cause is Cause.NO_RECORD, "an empty problem list shows nothing"
    both = find(either, chart(ruled_out(broad), ruled_out("myocardial-infarction")))
    assert both.basis is Basis.DOCUMENTED
    assert find(Not(either), chart(ruled_out(broad), problem("gilbert-syndrome"))).truth is Truth.UNKNOWN


def test_an_open_condition_beside_one_that_was_ruled_out_stays_open() -> None:
    either = Not(HasCondition(("myocardial-infarction", "liver-metastasis")))
    found = find(either, chart(ruled_out("myocardial-infarction"), problem("gilbert-syndrome")))
    assert found.cause is Cause.NO_RECORD


def test_what_is_not_there_now_says_nothing_of_a_window() -> None:
    lately = Not(HasCondition(("liver-metastasis",), within_days=180))
    assert find(lately, chart(ruled_out("liver-metastasis"))).cause is Cause.NO_RECORD
    active = Not(HasCondition(("liver-metastasis",), active=True))
    gone = problem("liver-metastasis", "2025-01-01", ClinicalStatus.INACTIVE)
    assert find(active, chart(ruled_out("liver-metastasis"), gone)).basis is Basis.DOCUMENTED


def test_a_contradiction_ends_when_what_was_ruled_out_lapses() -> None:
    entries = chart(ruled_out("liver-metastasis"), problem("liver-metastasis", "2026-05-20"))
    case = recognise(entries, VOCABULARY, AS_OF)
    last, next_day = (dataclasses.replace(case, as_of=dt.date(2026, 6, day)) for day in (29, 30))
    assert evaluate(NONE_SUCH, last).cause is Cause.CONFLICTING
    assert evaluate(NONE_SUCH, next_day).truth is Truth.UNMET
    assert dt.date(2026, 6, 30) in evaluate(NONE_SUCH, case).turns


def test_the_order_in_which_conditions_were_ruled_out_changes_nothing() -> None:
    earlier = ruled_out("liver-metastasis")
    later = dataclasses.replace(ruled_out("liver-metastasis", "2026-06-14"), reference="Condition/again")
    assert find(RULE, chart(earlier, later)) == find(RULE, chart(later, earlier))
