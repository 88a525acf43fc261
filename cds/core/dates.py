"""Dates as precise as the chart gives them, and comparisons that admit what is not known."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass

from cds.core.truth import Truth

_SHAPE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A calendar day known only to lie between two days, both included: ``2025-05`` is all of May.

    Days are those of the site's time zone; whoever reads a date-time turns it into a day first.
    """

    earliest: dt.date
    latest: dt.date

    def __post_init__(self) -> None:
        """Refuse a span that ends before it begins."""
        if self.latest < self.earliest:
            message = f"a date cannot end before it begins: {self.earliest}..{self.latest}"
            raise ValueError(message)

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """Read ``2025``, ``2025-05`` or ``2025-05-03`` (FHIR ``date``); raise ``ValueError`` for anything else."""
        shape = _SHAPE.fullmatch(text)
        if shape is None:
            message = f"not a date of the form YYYY, YYYY-MM or YYYY-MM-DD: {text!r}"
            raise ValueError(message)
        year, month, day = (int(part) if part else None for part in shape.groups())
        assert year is not None  # noqa: S101 - the pattern has it; this is for the type checker
        if month is None:
            return cls(dt.date(year, 1, 1), dt.date(year, 12, 31))
        if day is None:
            return cls(dt.date(year, month, 1), dt.date(year, month, calendar.monthrange(year, month)[1]))
        return cls.on(dt.date(year, month, day))

    @classmethod
    def on(cls, day: dt.date) -> PartialDate:
        """Give the date that is exactly this day."""
        return cls(day, day)

    @property
    def exact(self) -> bool:
        """Whether it is one single day."""
        return self.earliest == self.latest

    def before(self, day: dt.date) -> Truth:
        """Say whether it lies before this day."""
        if self.latest < day:
            return Truth.MET
        return Truth.UNKNOWN if self.earliest < day else Truth.UNMET

    def on_or_after(self, day: dt.date) -> Truth:
        """Say whether it lies on this day or later."""
        return ~self.before(day)

    def on_or_before(self, day: dt.date) -> Truth:
        """Say whether it lies on this day or earlier."""
        if self.latest <= day:
            return Truth.MET
        return Truth.UNKNOWN if self.earliest <= day else Truth.UNMET

    def __str__(self) -> str:
        """Write it as precisely as it is known: a year, a month, a day, or two days with dots between."""
        first, last = self.earliest, self.latest
        if first == last:
            return first.isoformat()
        if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31) and first.year == last.year:
            return f"{first.year:04d}"
        whole_month = first.day == 1 and last.day == calendar.monthrange(last.year, last.month)[1]
        if whole_month and (first.year, first.month) == (last.year, last.month):
            return f"{first.year:04d}-{first.month:02d}"
        return f"{first.isoformat()}..{last.isoformat()}"


def years_later(day: dt.date, years: int) -> dt.date:
    """Give the same day some years on (or back, if negative); 29 February becomes 1 March where there is none.

    Raises ``OverflowError`` beyond the calendar's ends.
    """
    year = day.year + years
    if not dt.MINYEAR <= year <= dt.MAXYEAR:
        message = f"no such year: {year}"
        raise OverflowError(message)
    try:
        return day.replace(year=year)
    except ValueError:
        return dt.date(year, 3, 1)


def days_later(day: dt.date, days: int) -> dt.date:
    """Give the day some days on (or back, if negative), stopping at the calendar's ends."""
    try:
        return day + dt.timedelta(days=days)
    except OverflowError:
        return dt.date.max if days > 0 else dt.date.min


def age_on(born: PartialDate, day: dt.date) -> tuple[int, int]:
    """Give the fewest and the most whole years someone can have completed by a day (never below nought)."""
    return _completed(born.latest, day), _completed(born.earliest, day)


def _completed(born: dt.date, day: dt.date) -> int:
    before_birthday = (day.month, day.day) < (born.month, born.day)
    return max(0, day.year - born.year - before_birthday)
