"""Met, unknown, unmet: Kleene's tables, and that a Truth is no bool."""

import itertools

import pytest

from cds.core.truth import Truth, all_of, any_of, at_least

MET, UNKNOWN, UNMET = Truth.MET, Truth.UNKNOWN, Truth.UNMET

TABLE = """
met     met     | met     met
met     unknown | unknown met
met     unmet   | unmet   met
unknown met     | unknown met
unknown unknown | unknown unknown
unknown unmet   | unmet   unknown
unmet   met     | unmet   met
unmet   unknown | unmet   unknown
unmet   unmet   | unmet   unmet
"""


@pytest.mark.parametrize("row", TABLE.strip().splitlines())
def test_and_or_follow_kleenes_tables(row: str) -> None:
    left, right, _, both, either = row.replace("|", " | ").split()
    assert (Truth(left) & Truth(right)) is Truth(both)
    assert (Truth(left) | Truth(right)) is Truth(either)


def test_not_swaps_the_ends_and_keeps_the_middle() -> None:
    assert [~MET, ~UNKNOWN, ~UNMET] == [UNMET, UNKNOWN, MET]


def test_nothing_asked_is_met_and_no_alternative_is_unmet() -> None:
    assert all_of([]) is MET
    assert any_of([]) is UNMET


@pytest.mark.parametrize("truths", list(itertools.product(Truth, repeat=3)))
def test_at_least_one_is_or_and_at_least_all_is_and(truths: tuple[Truth, ...]) -> None:
    assert at_least(1, truths) is any_of(truths)
    assert at_least(3, truths) is all_of(truths)
    assert at_least(0, truths) is MET
    assert at_least(4, truths) is UNMET


def test_two_of_three_counts_what_is_unknown_both_ways() -> None:
    assert at_least(2, [MET, UNKNOWN, UNMET]) is UNKNOWN
    assert at_least(2, [MET, UNMET, UNMET]) is UNMET
    assert at_least(2, [MET, MET, UNKNOWN]) is MET


@pytest.mark.parametrize("truth", Truth)
def test_a_truth_refuses_to_be_a_bool(truth: Truth) -> None:
    with pytest.raises(TypeError, match="three values"):
        bool(truth)
