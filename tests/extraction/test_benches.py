"""What the benches count is what they say: plain patterns, logical forms, and a draw in two files, in our own words."""

import csv
from fractions import Fraction
from pathlib import Path

import pytest

from bench.extraction import STATED, measured, report, states, write_draw
from bench.lct import NORMAL, YEAR, compared, ours, theirs
from cds.core.criteria import Age, Measured, Not, Readings, Underwent
from cds.core.limits import Against, Limit
from cds.trials.text.compose import Outcome
from tests.shipped import drafting, vocabulary

LIMIT, PERFORMANCE, AGE = STATED

TEXT = """Inclusion Criteria:

* ECOG performance status 0 or 1
* Adequate function:
  * Platelets ≥ 100 x 10^9/L
  * Likes the colour blue

Exclusion Criteria:

* Younger than 18 years of age
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Haemoglobin of 9 g/dL or more", {LIMIT}),
        ("Bilirubin up to twice normal", set()),
        ("AST and ALT ≤ 2.5 x ULN", {LIMIT}),
        ("Creatinine is measured", set()),
        ("Day 3 after surgery, and the platelets are counted", set()),
        ("Karnofsky 70", {PERFORMANCE}),
        ("Zubrod performance status at most 1", {PERFORMANCE}),
        ("Aged 18 to 75", {AGE}),
        ("At least 18 years old", {AGE}),
        ("Women of childbearing age use contraception for 6 months", set()),
        ("Surgery within 2 years", set()),
        ("Age at least 18, ECOG 0 or 1, platelets above 100", {AGE, PERFORMANCE, LIMIT}),
    ],
)
def test_what_a_line_states_is_told_without_the_readers(text: str, told: set[str]) -> None:
    assert {name for name in STATED if states(text, name)} == told


def test_lines_are_counted_and_drawn_into_two_files(tmp_path: Path) -> None:
    measure = measured([("NCT00000001", TEXT)], drafting().lexicon)
    shown = "\n".join(report(measure))
    assert "1 trials, 4 lines and 3 headings" in shown
    assert "lines that state a performance status: 1" in shown
    read = [each for each in measure.read if each.draft.outcome is Outcome.COMPUTED]
    write_draw(tmp_path, read, vocabulary())
    said, found = (
        list(csv.DictReader((tmp_path / name).read_text("utf-8").splitlines()))
        for name in ("lines.csv", "readings.csv")
    )
    assert [row["text"] for row in said] == [
        "ECOG performance status 0 or 1",
        "Platelets ≥ 100 x 10^9/L",
        "Younger than 18 years of age",
    ]
    assert [row["registry line"] for row in said] == ["3", "5", "10"]
    assert [row["headings above"] for row in said] == ["", "Adequate function:", ""]
    assert [row["id"] for row in said] == [row["id"] for row in found]
    assert [row["kinds"] for row in found] == ["performance-status", "laboratory-or-vital-sign", "age"]
    assert "ECOG 0 to 1" in found[0]["rule"]


def test_a_logical_form_is_taken_apart() -> None:
    form = (
        "intersect(age().num_filter(eq().op(BETWEEN).val('75').val('18').temporal_unit(YEAR)), "
        "lab().name('x').num_filter(eq().op(LT).val('2.5').unit(REF-RANGE-NORMAL)), "
        "proc().name('y').temporal_filter(eq().op(LTEQ).val('four').temporal_unit(WEEK).before(study())))"
    )
    assert theirs(form).sets == {
        "numbers": {(Fraction(18),), (Fraction(75),), (Fraction(5, 2),)},
        "operators": {("≥", Fraction(18)), ("≤", Fraction(75)), ("<", Fraction(5, 2))},
        "units": {(Fraction(18), YEAR), (Fraction(75), YEAR), (Fraction(5, 2), NORMAL)},
        "windows": {(28,)},
    }


def test_an_age_that_is_passed_is_the_year_after() -> None:
    older = theirs("age().num_filter(eq().op(GT).val('65'))")
    assert older == ours([Readings((Age(65), Age(66)))])
    assert older.sets["operators"] == {("≥", Fraction(66))}


def test_our_rules_are_taken_apart() -> None:
    high = Limit(Fraction(5, 2), against=Against.ULN, inclusive=False)
    assert ours([Not(Measured(("x",), high=high)), Underwent(("y",), within_days=28)]).sets == {
        "numbers": {(Fraction(5, 2),)},
        "operators": {("<", Fraction(5, 2))},
        "units": {(Fraction(5, 2), NORMAL)},
        "windows": {(28,)},
    }


def test_a_criterion_is_held_against_its_logical_form() -> None:
    form = "age().num_filter(eq().op(GTEQ).val('18').temporal_unit(YEAR))"
    read = compared("At least 18 years of age", form, drafting().lexicon)
    assert read.outcome is Outcome.COMPUTED
    assert read.ours == read.theirs
