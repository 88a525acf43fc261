"""Days as senders write them: dates, date-times and ages, made into days of the site's time zone."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from cds.core.dates import PartialDate, days_later, years_later

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


@lru_cache(maxsize=8192)
def _on(day: dt.date) -> PartialDate:
    return PartialDate.on(day)


_DAY_FIRST = re.compile(r"\d{4}-\d{2}-\d{2}(?=[T ])")


def day_of(sent: str, zone: ZoneInfo) -> PartialDate | None:
    """Read a date or date-time as a day of the zone, as precisely as it was sent; nothing if there is no such day.

    A date-time without a zone is the day it names. Midnight of Greenwich may be a moment, or a mere day that a system
    could not write otherwise: where the site's day is another one then, it is either.
    """
    if sent[4:11:3] == "--T":
        try:
            return _held(dt.datetime.fromisoformat(sent), zone)
        except (ValueError, OverflowError):
            pass
    return _unusual_day(sent.strip(), zone)


def _held(moment: dt.datetime, zone: ZoneInfo) -> PartialDate:
    if moment.tzinfo is None:
        return _on(moment.date())
    local = moment.astimezone(zone).date()
    if moment.utcoffset() == _NONE and moment.time() == _MIDNIGHT and local != moment.date():
        return PartialDate(local, moment.date())
    return _on(local)


_NONE, _MIDNIGHT = dt.timedelta(0), dt.time(0)


def _unusual_day(value: str, zone: ZoneInfo) -> PartialDate | None:
    try:
        if not _DAY_FIRST.match(value):
            return PartialDate.parse(value)
        try:
            moment = dt.datetime.fromisoformat(value)
        except ValueError:
            return PartialDate.parse(value[:10])
        return _held(moment, zone)
    except (ValueError, OverflowError):
        return None


_DAYS_IN = {"d": 1, "day": 1, "days": 1, "wk": 7, "week": 7, "weeks": 7}
_MONTHS_IN = {"mo": 1, "month": 1, "months": 1, "a": 12, "year": 12, "years": 12, "yr": 12}
_LONGEST_LIFE_MONTHS = 2400


def aged(born: dt.date, count: object, unit: str, more: int) -> dt.date | None:
    """Give the day on which an age is reached; with ``more`` = 1, the last day of being that old.

    Nothing for a count that is no number or a unit that is not known; raises ``OverflowError`` beyond the calendar.
    """
    try:
        number = int(str(count).split(".")[0])
    except ValueError:
        return None
    if not 0 <= number <= _LONGEST_LIFE_MONTHS:
        return None
    if unit in _DAYS_IN:
        return days_later(born, (number + more) * _DAYS_IN[unit] - more)
    if unit in _MONTHS_IN:
        return days_later(_months_later(born, (number + more) * _MONTHS_IN[unit]), -more)
    return None


def _months_later(day: dt.date, months: int) -> dt.date:
    years, month = divmod(day.month - 1 + months, 12)
    start = years_later(day.replace(month=1, day=1), years).replace(month=month + 1)
    return days_later(start, day.day - 1)


def later(date: PartialDate, days: int) -> PartialDate:
    """Move a date some days on, as imprecise as it was."""
    return PartialDate(days_later(date.earliest, days), days_later(date.latest, days))
