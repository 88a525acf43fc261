"""One row of an example patient: what it names, an amount or words, and what is said of it after commas.

``prednisone 10 mg once a day, ongoing since 2026-05-01, by mouth`` names prednisone, has ``10 mg once a day`` as its
words, and two things said of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar

from cds.core.dates import PartialDate
from cds.trials.codebook import SYSTEMS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cds.trials.fields import Place

Form = Literal["on", "from", "since", "until"]
_DAY = r"\d{4}(?:-\d{2}(?:-\d{2})?)?"
_TIME = (
    rf"(?:on (?P<on>{_DAY})|from (?P<first>{_DAY}) to (?P<last>{_DAY})|since (?P<since>{_DAY})|until (?P<until>{_DAY}))"
)
_BARE = re.compile(rf"(?P<word>[a-z][a-z ]*?) (?P<on>{_DAY})")
_TIMED = re.compile(rf"(?:(?P<word>[a-z][a-z ]*?) )?{_TIME}")
_HEAD = re.compile(rf"(?P<before>.*?)(?: (?P<time>{_TIME}))?")
_NAME = rf"(?:[a-z0-9][a-z0-9-]*|(?:{'|'.join(SYSTEMS)}):\S+)"
_NAMED = re.compile(rf'(?P<names>"[^"]*"|{_NAME}(?: \+ {_NAME})*)(?: (?P<words>.+))?')
_REST = ("normal", "flag", "stage", "intent", "stopped for")
"""What is followed by words of its own."""


@dataclass(frozen=True, slots=True)
class Time:
    """When, as a row says it: on a day, since or until one, or from one to another."""

    form: Form
    first: PartialDate | None = None
    last: PartialDate | None = None


@dataclass(slots=True)
class Row:
    """One row, taken apart; each thing said is taken once, and :meth:`done` refuses what nobody asked for."""

    text: str
    place: Place
    names: tuple[str, ...]
    words: str
    said: list[tuple[str, str | Time | None]] = field(default_factory=list)

    @classmethod
    def of(cls, text: str, place: Place) -> Row:
        """Take a row apart; raise :class:`~cds.errors.BadTrial` with its place and what cannot be read."""
        head, *rest = [part.strip() for part in text.split(",")]
        split = _HEAD.fullmatch(head)
        named = _NAMED.fullmatch(split["before"]) if split else None
        if split is None or named is None:
            raise place.fault(f"does not begin with a concept: {text!r}")
        names = (named["names"],) if named["names"].startswith('"') else tuple(named["names"].split(" + "))
        row = cls(text, place, names, named["words"] or "")
        if split["time"]:
            row.said.append(("", _time(split, place)))
        row.said += [_qualifier(part, place) for part in rest]
        return row

    def flag(self, *words: str) -> bool:
        """Take a word that stands alone, or one of several that say the same."""
        return any(self._take(word, type(None)) is not _NOTHING for word in words)

    def time(self, word: str = "", forms: Iterable[Form] = ("on", "from", "since", "until")) -> Time | None:
        """Take a time that stands after a word, or alone, in one of the ways that make sense here."""
        found = self._take(word, Time)
        if not isinstance(found, Time):
            return None
        if found.form not in forms:
            raise self.place.fault(f"{word or 'a time'} {found.form!r} says nothing here: {self.text!r}")
        return found

    def rest(self, word: str) -> str:
        """Take the words that follow a word; blank where it is not there."""
        found = self._take(word, str)
        return found if isinstance(found, str) else ""

    def one_of(self, words: Iterable[str]) -> str:
        """Take the one of some words that is there; blank where none is."""
        return next((word for word in words if self.flag(word)), "")

    def _take(self, word: str, kind: type) -> object:
        for each in self.said:
            if each[0] == word and isinstance(each[1], kind):
                self.said.remove(each)
                return each[1]
        return _NOTHING

    def done(self) -> None:
        """Refuse what was said and not taken."""
        for word, more in self.said:
            told = word if more is None else f"{word} {more if isinstance(more, str) else more.form}".strip()
            raise self.place.fault(f"{told!r} says nothing here, or is said twice: {self.text!r}")


_NOTHING = object()
EntryT = TypeVar("EntryT")


def _qualifier(part: str, place: Place) -> tuple[str, str | Time | None]:
    for word in _REST:
        if part.startswith(f"{word} "):
            return word, part[len(word) + 1 :]
    timed = _TIMED.fullmatch(part) or _BARE.fullmatch(part)
    return (part, None) if timed is None else (timed["word"] or "", _time(timed, place))


def _time(match: re.Match[str], place: Place) -> Time:
    found = {name: _day(text, place) for name, text in match.groupdict().items() if text and name in _TIMES}
    match found:
        case {"on": day}:
            return Time("on", day, day)
        case {"since": day}:
            return Time("since", first=day)
        case {"until": day}:
            return Time("until", last=day)
        case _:
            return Time("from", found["first"], found["last"])


_TIMES = ("on", "first", "last", "since", "until")


def _day(text: str, place: Place) -> PartialDate:
    try:
        return PartialDate.parse(text)
    except ValueError as problem:
        raise place.fault(f"there is no such day: {text!r}") from problem
