"""What becomes of the lines of a registry text: each is counted once, by the criterion that does most with it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cds.core.vocabulary import Vocabulary
from cds.trials.coverage import Coverage, coverage_of, summed
from cds.trials.load import load_definition

Write = Callable[..., Path]
EXCLUSION = "forbid: {exposed: {to: [platinum]}}"


def row(name: str, *counts: int, complete: bool, left: tuple[int, ...] = ()) -> Coverage:
    lines, headings, computed, in_part, judgement, not_computable = counts
    return Coverage(name, complete, lines, headings, computed, in_part, judgement, not_computable, left)


BASE = row("NCT00000001", 4, 1, 3, 0, 0, 0, complete=True)


def counted(write: Write, vocabulary: Vocabulary, *changes: tuple[str, str]) -> Coverage:
    return coverage_of(load_definition(write(*changes) / "NCT00000001.yaml", vocabulary))


def test_blank_lines_are_not_counted_and_headings_apart(write: Write, vocabulary: Vocabulary) -> None:
    assert counted(write, vocabulary) == BASE


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("ask: Is it so?", row("NCT00000001", 4, 1, 2, 0, 1, 0, complete=True)),
        ("review: This text.", row("NCT00000001", 4, 1, 2, 0, 0, 1, complete=True)),
        ("forbid: {any: [{ask: Is it?}, {review: This text.}]}", row("NCT00000001", 4, 1, 2, 0, 1, 0, complete=True)),
        (
            "forbid: {all: [{exposed: {to: [platinum]}}, {ask: Is it so?}]}",
            row("NCT00000001", 4, 1, 3, 1, 0, 0, complete=True),
        ),
    ],
)
def test_a_line_is_what_its_criterion_does_most_with_it(
    write: Write, vocabulary: Vocabulary, rule: str, expected: Coverage
) -> None:
    found = counted(write, vocabulary, (EXCLUSION, rule))
    assert found == expected
    assert found.headings + found.computed + found.judgement + found.not_computable == found.lines


def test_a_line_of_several_criteria_is_counted_once(write: Write, vocabulary: Vocabulary) -> None:
    asked = (EXCLUSION, "ask: Is it so?")
    assert counted(write, vocabulary, asked, ("lines: [5]", "lines: [4, 5]")).in_part == 1
    assert counted(write, vocabulary, asked, ("lines: [4]", "lines: [4, 5]")).judgement == 0


@pytest.mark.parametrize(("complete", "fails"), [("true", True), ("false", False)])
def test_a_line_left_out_fails_what_is_said_to_be_complete(
    write: Write, vocabulary: Vocabulary, complete: str, *, fails: bool
) -> None:
    found = counted(write, vocabulary, ("lines: [5]", "lines: [4]"), ("complete: true", f"complete: {complete}"))
    assert found.unaccounted == (5,)
    assert found.fails is fails


def test_the_sum_adds_up() -> None:
    other = row("NCT00000002", 10, 1, 4, 2, 2, 1, complete=False, left=(7, 8))
    assert summed([BASE, other]) == row("", 14, 2, 7, 2, 2, 1, complete=False, left=(7, 8))
