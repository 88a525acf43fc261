"""Which kinds of statement may speak against a patient: the bound, exact, and the table it is reckoned from."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.errors import BadMapping
from cds.trials.text.reading import ReadingKind
from cds.trials.text.trust import Round, last_rounds, load_precision, precision_table, trusted_kinds

HEAD = "kind,round,right,wrong\n"


def told(right: int, wrong: int) -> Round:
    return Round(ReadingKind.AGE, 1, right, wrong)


def table(folder: Path, *rows: str) -> Path:
    (folder / "precision.csv").write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("right", "wrong", "bound"),
    [
        (59, 0, 0.05 ** (1 / 59)),  # without an error the bound is the n-th root of 5 %
        (58, 0, 0.05 ** (1 / 58)),
        (1, 0, 0.05),
        (1, 1, 1 - 0.95**0.5),  # both right or one of them: 1 - (1 - p)² = 5 %
        (0, 7, 0.0),
        (0, 0, 0.0),
    ],
)
def test_the_lower_bound_is_that_of_clopper_and_pearson(right: int, wrong: int, bound: float) -> None:
    assert told(right, wrong).bound == pytest.approx(bound, abs=1e-9)


def test_the_known_bound_of_59_right_ones() -> None:
    assert round(told(59, 0).bound, 4) == 0.9505


@pytest.mark.parametrize(
    ("right", "wrong", "trusted"),
    [(59, 0, True), (58, 0, False), (92, 1, True), (91, 1, False), (93, 1, True), (0, 0, False), (400, 30, False)],
)
def test_a_kind_is_trusted_from_a_bound_of_95_percent(right: int, wrong: int, trusted: bool) -> None:  # noqa: FBT001 - of a table
    assert told(right, wrong).trusted is trusted


@given(st.integers(0, 300), st.integers(0, 20))
def test_what_is_trusted_is_what_the_bound_says(right: int, wrong: int) -> None:
    each = told(right, wrong)
    assert each.trusted == (each.bound >= 0.95)
    assert told(right + 1, wrong).bound > each.bound


def test_the_last_round_of_a_kind_counts_wherever_it_stands(tmp_path: Path) -> None:
    mappings = table(tmp_path, "age,2,50,0", "age,1,60,0", "sex,1,10,5", "sex,2,60,0")
    assert trusted_kinds(mappings) == {ReadingKind.SEX}
    assert last_rounds(load_precision(mappings))[ReadingKind.AGE].right == 50


def test_nothing_is_trusted_that_was_not_measured(tmp_path: Path) -> None:
    assert trusted_kinds(table(tmp_path)) == frozenset()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("ages,1,59,0", "kind is 'ages'"),
        ("judgement,1,59,0", "kind is 'judgement'"),
        ("age,0,59,0", "counted from 1"),
        ("age,1,-1,0", "right is '-1'"),
        ("age,1,59,none", "wrong is 'none'"),
        ("age,1,59,²", "wrong is '²'"),
        ("age,1,5900000,0", "right is '5900000'"),
        ("age,1,59", "3 cells, not 4"),
        ("sex,1,3,0", "round 1 of sex stands twice"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_line(tmp_path: Path, row: str, reason: str) -> None:
    with pytest.raises(BadMapping, match=rf"precision\.csv:3: .*{reason}"):
        load_precision(table(tmp_path, "sex,1,9,1", row))
    assert len(load_precision(table(tmp_path, "sex,1,9,1"))) == 1


def test_a_missing_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadMapping, match=r"precision\.csv: there is no such file"):
        trusted_kinds(tmp_path)


def test_the_table_tells_first_and_last_round_and_rounds_no_bound_up() -> None:
    shown = precision_table(
        [
            Round(ReadingKind.SEX, 1, 20, 4),
            Round(ReadingKind.SEX, 2, 58, 0),
            Round(ReadingKind.SEX, 3, 59, 0),
            Round(ReadingKind.AGE, 1, 58, 0),
        ]
    ).splitlines()
    assert "| sex | 20 of 24 | 59 of 59 | 95.0 % | yes |" in shown
    assert "| age | 58 of 58 | 58 of 58 | 94.9 % | no |" in shown
    assert "| vaccine | – | – | – | no: not measured |" in shown
    assert len(shown) == len(ReadingKind) + 1
