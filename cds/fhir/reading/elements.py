"""Codes and dates, the elements that every kind of resource has, read without ever failing.

What is garbled comes back as nothing; whoever asked decides whether the entry can do without it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec

from cds.core.codes import NAME, Code, Coded, normalised_name
from cds.core.dates import PartialDate
from cds.core.product_names import ingredient_names
from cds.fhir.reading.days import aged, day_of
from cds.fhir.values import Json, first, many, part, text

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

_Told = TypeVar("_Told")

Span: TypeAlias = tuple[PartialDate | None, PartialDate | None]
"""Beginning and end."""

NOWHEN: Span = (None, None)

_UNSEEN: Any = object()


class Elements:
    """Reads codes and dates for one chart, remembering those it has seen: charts repeat them hundreds of times."""

    __slots__ = ("_concepts", "_days", "_known", "_named", "born", "zone")

    def __init__(self, zone: ZoneInfo) -> None:
        """Read dates as days of this time zone."""
        self.zone = zone
        self.born: PartialDate | None = None
        self._days: dict[str, PartialDate | None] = {}
        self._concepts: dict[object, Coded | None] = {}
        self._named: dict[object, Coded | None] = {}
        self._known: dict[object, Any] = {}

    def once(self, read: Callable[..., _Told], value: object, *context: object) -> _Told:
        """Give ``read(value, *context)``, worked out once for all values that were sent exactly alike."""
        try:
            key = (read, _BYTES_OF(value), *context)
        except _CANNOT_WRITE:
            return read(value, *context)
        found: _Told = self._known.get(key, _UNSEEN)
        if found is _UNSEEN:
            found = self._known[key] = read(value, *context)
        return found

    # ------------------------------------------------------------------------------------------------------ codes
    def coded(self, value: object) -> Coded | None:
        """Read a CodeableConcept (or a bare Coding, or bare words); nothing where it says nothing."""
        key = _key(value)
        try:
            found: Coded | None = self._concepts.get(key, _UNSEEN)
        except TypeError:
            return _concept(value)
        if found is _UNSEEN:
            found = _concept(value)
            if key is not None:
                self._concepts[key] = found
        return found

    def named(self, value: object) -> Coded | None:
        """Read a CodeableConcept together with its words as codes of the system ``name``."""
        key = _key(value)
        try:
            found: Coded | None = self._named.get(key, _UNSEEN)
        except TypeError:
            return _with_names(value)
        if found is _UNSEEN:
            found = _with_names(value)
            if key is not None:
                self._named[key] = found
        return found

    def all_coded(self, value: object) -> tuple[Coded, ...]:
        """Read a list of CodeableConcepts, those that say nothing left out."""
        return tuple(found for each in many(value) if (found := self.coded(each)) is not None)

    # ------------------------------------------------------------------------------------------------------ dates
    def date(self, value: object) -> PartialDate | None:
        """Read a date or date-time as a day of the zone, as precisely as it was sent; nothing if there is no such day.

        A date-time without a zone is the day it names.
        """
        if value.__class__ is not str:
            return None
        found: PartialDate | None = self._days.get(value, _UNSEEN)
        if found is _UNSEEN:
            found = self._days[value] = day_of(value, self.zone)
        return found

    def period(self, value: object) -> Span:
        """Read a Period's two ends; an end before the beginning is no end."""
        sent = first(value)
        if not isinstance(sent, dict):
            return NOWHEN
        start, end = self.date(sent.get("start")), self.date(sent.get("end"))
        if start and end and end.latest < start.earliest:
            return (start, None)
        return (start, end)

    def span(self, resource: Json, stem: str) -> Span:
        """Read a choice such as ``performed[x]`` as beginning and end; a single day is both."""
        sent = resource.get(stem + "DateTime")
        if sent is not None:
            day = self.date(sent)
            return (day, day)
        sent = resource.get(stem + "Period")
        if sent is not None:
            return self.period(sent)
        return NOWHEN if _rarer(stem).isdisjoint(resource) else self._unusual_span(resource, stem)

    def _unusual_span(self, resource: Json, stem: str) -> Span:
        for name in (stem + "Instant", stem + "String", stem + "Date", stem):
            if (day := self.date(text(resource.get(name)))) is not None:
                return (day, day)
        timing = resource.get(stem + "Timing")
        days = [day for each in many(part(timing, "event")) if (day := self.date(each)) is not None]
        if days:
            return (min(days, key=_by_day), max(days, key=_by_day))
        ages = resource.get(stem + "Age"), resource.get(stem + "Range")
        at = self._at_age(ages[0], ages[0]) or self._at_age(part(ages[1], "low"), part(ages[1], "high"))
        return (at, at)

    def moment(self, resource: Json, stem: str) -> PartialDate | None:
        """Read a choice such as ``onset[x]`` as one date, known to lie within its period."""
        span = self.span(resource, stem)
        if span is NOWHEN:
            return None
        start, end = span
        if start is None or end is None or start is end:
            return start or end
        return PartialDate(start.earliest, max(start.latest, end.latest))

    def _at_age(self, low: object, high: object) -> PartialDate | None:
        """Give the days on which the patient was between two ages, both included."""
        if self.born is None:
            return None
        try:
            earliest, latest = _at(self.born.earliest, low, 0), _at(self.born.latest, high, 1)
        except OverflowError:
            return None
        if earliest is None or latest is None or latest < earliest:
            return None
        return PartialDate(earliest, latest)


_BYTES_OF = msgspec.json.Encoder(decimal_format="number").encode
_CANNOT_WRITE = (TypeError, ValueError, ArithmeticError, RecursionError, msgspec.MsgspecError)


@lru_cache(maxsize=32)
def _rarer(stem: str) -> frozenset[str]:
    """Name the unusual members of a choice of dates."""
    return frozenset(stem + ending for ending in ("Instant", "String", "Date", "Timing", "Age", "Range", ""))


def _by_day(date: PartialDate) -> dt.date:
    return date.earliest


def _at(born: dt.date, age: object, more: int) -> dt.date | None:
    if age is None or part(age, "comparator"):
        return None
    return aged(born, part(age, "value"), text(part(age, "code")) or text(part(age, "unit")), more)


# ------------------------------------------------------------------------------------------------ CodeableConcepts
def _key(value: object) -> tuple[object, ...] | None:
    """Give what a plain CodeableConcept is remembered by (which may not be hashable); nothing for an unusual one."""
    if not isinstance(value, dict) or "code" in value:
        return None
    codings = value.get("coding", ())
    try:
        if len(codings) == 1:
            (one,) = codings
            return (value.get("text"), one.get("system"), one.get("code"), one.get("display"))
        return (value.get("text"), *[(each.get("system"), each.get("code"), each.get("display")) for each in codings])
    except (TypeError, AttributeError):
        return None


_Coding: TypeAlias = tuple[str, str, str]
"""System, code and display."""


def _codings(value: object) -> list[_Coding]:
    """Give the codings there are, each member as text."""
    found: list[_Coding] = []
    for concept in value if isinstance(value, list) else [value]:
        if not isinstance(concept, dict):
            continue
        inner = concept.get("coding")
        for coding in [concept] if inner is None else many(inner):
            if isinstance(coding, dict):
                code = coding.get("code")
                is_number = isinstance(code, int) and not isinstance(code, bool)
                told = str(code) if is_number else text(code)
                found.append((text(coding.get("system")), told, text(coding.get("display"))))
    return found


def _concept(value: object) -> Coded | None:
    return _joined(value, _codings(value))


def _joined(value: object, codings: list[_Coding]) -> Coded | None:
    """Put a concept together from its codings, each code once, and its words or else the first ones shown."""
    pairs = dict.fromkeys([(system, code) for system, code, _ in codings if code])
    words = text(value.get("text")) if isinstance(value, dict) else text(value) or text(part(value, "text"))
    if not words:
        words = next((shown for *_, shown in codings if shown), "")
    return Coded(tuple([Code(*pair) for pair in pairs]), words) if pairs or words else None


_A_WORD = re.compile(r"[^\W\d_]{4,}(?:[ -][^\W\d_]+)*")


def _with_names(value: object) -> Coded | None:
    codings = _codings(value)
    concept = _joined(value, codings)
    if concept is None:
        return None
    words = [concept.text, *[shown for *_, shown in codings]]
    # Local systems that use the drug's name as its code.
    words += [code.value for code in concept.codes if not concept.text and _A_WORD.fullmatch(code.value)]
    words += [name for each in words for name in ingredient_names(each)]
    return Coded((*concept.codes, *names(*words)), concept.text)


def names(*words: str) -> tuple[Code, ...]:
    """Give words as codes of the system ``name``, each once, blanks left out."""
    told = dict.fromkeys([normalised_name(each) for each in dict.fromkeys(words) if each.strip()])
    return tuple([Code(NAME, each) for each in told])


def merged(*concepts: Coded | None) -> Coded | None:
    """Join what several elements say of the same thing; nothing where none of them says anything."""
    told = [each for each in concepts if each is not None]
    if not told:
        return None
    codes = dict.fromkeys(code for each in told for code in each.codes)
    return Coded(tuple(codes), next((each.text for each in told if each.text), ""))
