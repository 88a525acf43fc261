"""Windows before the beginning of the trial: how long, and whether they end there."""

from time import perf_counter

import pytest

from cds.core.limits import HalfLives, Whichever
from cds.trials.text.readers.windows import days_of, windows_in


@pytest.mark.parametrize(
    ("number", "unit", "days"),
    [
        ("28", "days", 28),
        ("four", "weeks", 28),
        ("1", "month", 31),
        ("3", "months", 92),
        ("six", "months", 183),
        ("12", "months", 365),
        ("1", "year", 365),
        ("5", "years", 1826),
    ],
)
def test_spans(number: str, unit: str, days: int) -> None:
    assert days_of(number, unit) == days


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("within 4 weeks", 28),
        ("within the last 6 months", 183),
        ("within 30 days before the first dose of study drug", 30),
        ("≤ 14 days prior to registration", 14),
        ("less than or equal to 2 weeks before enrollment", 14),
        ("less than 3 weeks before randomization", 21),
        ("in the past year", None),
        ("within two (2) weeks of Cycle 1 Day 1", 14),
        ("within 28 days prior to first dose of XYZ-123.", 28),
        ("within 12 months prior to signing informed consent", 365),
        ("within 4 weeks of study", 28),
        ("within 3 weeks before the first dose of the study drug(s)", 21),
        ("within 3 weeks of the first dose of the investigational products", 21),
        ("within 6 months of completing treatment", None),
        ("within 4 weeks of the last dose", None),
        ("within 4-6 weeks", None),
        ("within 2 weeks of surgery", None),
        ("within 14 days prior to leukapheresis", None),
        ("no less than 4 weeks before enrollment", None),
        ("up to 4 weeks before enrollment", None),
    ],
)
def test_windows(text: str, days: int | None) -> None:
    assert [each.days for each in windows_in(text)] == ([] if days is None else [days])


@pytest.mark.parametrize(
    ("text", "half_lives"),
    [
        ("within 4 weeks or 5 half-lives, whichever is longer, before enrollment", HalfLives(5, Whichever.LONGER)),
        ("within 5 half-lives or 4 weeks (whichever is shorter)", HalfLives(5, Whichever.SHORTER)),
        (
            "within 28 days or five half-lives of the drug, whichever is less, prior to C1D1",
            HalfLives(5, Whichever.SHORTER),
        ),
    ],
)
def test_half_lives(text: str, half_lives: HalfLives) -> None:
    (window,) = windows_in(text)
    assert (window.days, window.half_lives) == (28, half_lives)


def test_half_lives_without_whichever_are_not_read() -> None:
    assert windows_in("within 4 weeks or 5 half-lives before enrollment") == ()


@pytest.mark.parametrize(
    "text",
    ["within 4 weeks ", "within 4 weeks of the first dose of the ", "of the ", "5 half-lives or "],
)
def test_time_grows_with_length_only(text: str) -> None:
    def taken(times: int) -> float:
        start = perf_counter()
        windows_in("within 4 weeks of " + text * times)
        return perf_counter() - start

    short = max(taken(500), 0.002)
    assert taken(4000) < 8 * 6 * short
