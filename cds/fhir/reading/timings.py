"""How many times a day a drug is taken, from FHIR Timings: by code, by frequency and period, by moments of the day."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from cds.core.codes import normalised_name
from cds.fhir.reading.amounts import exact
from cds.fhir.values import Json, many, part, text, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cds.fhir.reading.elements import Elements

_SCHEDULING = frozenset({"frequency", "period", "when", "timeOfDay", "dayOfWeek"})

_ABBREVIATIONS = {"qd": Fraction(1), "bid": Fraction(2), "tid": Fraction(3), "qid": Fraction(4), "qod": Fraction(1, 2)}
"""Prescribers' abbreviations that mean one thing in any code system (HL7 v3 GTSAbbreviation has them all)."""

_HL7_ONLY = {"am": Fraction(1), "pm": Fraction(1), "bed": Fraction(1), "wk": Fraction(1, 7)}
"""Codes of GTSAbbreviation that may mean anything elsewhere. MO, monthly, is of no fixed length and is left out."""

_EVERY_HOURS = re.compile(r"q([1-9][0-9]?)h")

_DAYS_IN = {
    **dict.fromkeys(("min", "minute", "minutes"), Fraction(1, 1440)),
    **dict.fromkeys(("h", "hr", "hour", "hours"), Fraction(1, 24)),
    **dict.fromkeys(("d", "day", "days"), Fraction(1)),
    **dict.fromkeys(("wk", "week", "weeks"), Fraction(7)),
}

_PARTS_OF_DAY = frozenset({"morn", "aft", "eve"})
_MOMENTS = frozenset(
    {"noon", "night", "phs", "hs", "wake", "cm", "cd", "cv", "acm", "acd", "acv", "pcm", "pcd", "pcv"}
    | _PARTS_OF_DAY
    | {f"{each}.{when}" for each in _PARTS_OF_DAY for when in ("early", "late")}
)
"""The ``when`` codes that name one moment of a day. C, AC and PC, at any meal, do not say how many there are."""

_WEEKDAYS = frozenset({"mon", "tue", "wed", "thu", "fri", "sat", "sun"})


def times_a_day(timing: object, elements: Elements) -> Fraction | None:
    """Give how many times a day, exactly: a half for every other day; nothing where that is not plainly told.

    Code and schedule must say the same. Words such as "twice daily" are not interpreted, nor are months, ranges
    ("every 3 to 5 days") or what happens once.
    """
    sent = part(timing, "repeat")
    repeat = {name: value for name, value in sent.items() if value not in (None, [])} if isinstance(sent, dict) else {}
    if exact(repeat.get("count")) == 1:
        return None
    rates: set[Fraction | None] = set(_coded_rates(part(timing, "code"), elements))
    if not _SCHEDULING.isdisjoint(repeat):
        rates.add(_rate(repeat))
    return rates.pop() if len(rates) == 1 else None


def _coded_rates(sent: object, elements: Elements) -> Iterator[Fraction]:
    """Give the rates that codes stand for; the concept's words count where they are an abbreviation themselves."""
    concept = elements.coded(sent)
    if concept is None:
        return
    for code in concept.codes:
        at_hl7 = "gtsabbreviation" in code.system.casefold()
        rate = _abbreviated(code.value) or (_HL7_ONLY.get(code.value.casefold()) if at_hl7 else None)
        if rate is not None:
            yield rate
    if (rate := _abbreviated(concept.text)) is not None:
        yield rate


def _abbreviated(said: str) -> Fraction | None:
    short = normalised_name(said).replace(".", "")
    hours = _EVERY_HOURS.fullmatch(short)
    return Fraction(24, int(hours[1])) if hours else _ABBREVIATIONS.get(short)


# ------------------------------------------------------------------------------------------------------- schedules
def _rate(repeat: Json) -> Fraction | None:
    """Give the times a day of a schedule. On named weekdays it is what happens on such a day, spread over the week."""
    if _is_vague(repeat):
        return None
    moments = len({str(each) for each in many(repeat.get("timeOfDay")) or many(repeat.get("when"))})
    daily = Fraction(moments or 1)
    rate = _stated(repeat, moments) if "frequency" in repeat or "period" in repeat else daily
    weekdays = {word(each) for each in many(repeat.get("dayOfWeek"))}
    if not weekdays:
        return rate
    weekly = daily * len(weekdays) / 7
    return weekly if weekdays <= _WEEKDAYS and rate in {daily, weekly} else None


def _is_vague(repeat: Json) -> bool:
    """Say whether it leaves the number open: a range, two kinds of moments, or a meal without saying which."""
    for name in ("frequency", "period"):
        if name + "Max" in repeat and exact(repeat[name + "Max"]) != exact(repeat.get(name)):
            return True
    when = {word(each) for each in many(repeat.get("when"))}
    return "when" in repeat and ("timeOfDay" in repeat or not (when <= _MOMENTS or "frequency" in repeat))


def _stated(repeat: Json, moments: int) -> Fraction | None:
    """Give the frequency over the period; FHIR counts once where no frequency is sent (``meaningWhenMissing``).

    Moments named beside a frequency must be as many, unless they are meals of which nobody says how many there are.
    """
    often = _positive(repeat["frequency"]) if "frequency" in repeat else Fraction(moments or 1)
    days = _period(repeat) if "period" in repeat else Fraction(1) if moments else None
    if often is None or days is None:
        return None
    countable = {word(each) for each in many(repeat.get("when"))} <= _MOMENTS
    return None if moments and countable and often != moments else often / days


def _period(repeat: Json) -> Fraction | None:
    """Give the period in days; nothing for months and years, which are of no fixed length."""
    length = _positive(repeat["period"])
    unit = _DAYS_IN.get(text(repeat.get("periodUnit") or repeat.get("periodUnits")).casefold())
    return None if length is None or unit is None else length * unit


def _positive(sent: object) -> Fraction | None:
    number = exact(sent)
    return Fraction(number) if number is not None and number > 0 else None
