"""Days as senders write them, made into days of the site."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from cds.core.dates import PartialDate
from cds.fhir.reading.days import day_of

WEST, EAST, GREENWICH = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
FIRST, SECOND = dt.date(2026, 6, 9), dt.date(2026, 6, 10)


@pytest.mark.parametrize("sent", ["2026-06-10T00:00:00Z", "2026-06-10T00:00:00.000+00:00", " 2026-06-10T00:00:00Z "])
def test_midnight_of_greenwich_is_either_of_two_days_west_of_it(sent: str) -> None:
    assert day_of(sent, WEST) == PartialDate(FIRST, SECOND)
    assert day_of(sent, EAST) == day_of(sent, GREENWICH) == PartialDate.on(SECOND)


@pytest.mark.parametrize(
    ("sent", "day"),
    [
        ("2026-06-10T00:00:01Z", FIRST),
        ("2026-06-10T00:00:00-04:00", SECOND),
        ("2026-06-10T00:00:00+02:00", FIRST),
        ("2026-06-10T00:00:00", SECOND),
        ("2026-06-10T04:00:00Z", SECOND),
        ("2026-06-10", SECOND),
    ],
)
def test_any_other_moment_is_of_one_day(sent: str, day: dt.date) -> None:
    assert day_of(sent, WEST) == PartialDate.on(day)
