"""One YAML mapping read field by field; whatever is wrong is told with file, line, criterion and key."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from cds.errors import BadTrial
from cds.files import Block

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ValueT = TypeVar("ValueT")
_FLAGS = {"true": True, "false": False}
_NOTHING = {"", "null", "~"}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a definition one stands: the file, the line, and the way there (``criterion platelets: measured``)."""

    file: str
    line: int = 0
    path: tuple[str, ...] = ()

    def at(self, step: str, block: object = None) -> Place:
        """Go one step further in."""
        return Place(self.file, block.line if isinstance(block, Block) else self.line, (*self.path, step))

    def fault(self, reason: str) -> BadTrial:
        """Make the error that tells a reason at this place."""
        line = f":{self.line}" if self.line else ""
        return BadTrial(": ".join((f"{self.file}{line}", *self.path, reason)))


@dataclass(slots=True)
class Fields:
    """The fields of one mapping; each is taken once, and :meth:`done` refuses what is left over."""

    block: Block
    place: Place
    _taken: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, value: object, place: Place) -> Fields:
        """Open a mapping; raise :class:`BadTrial` if it is none."""
        if not isinstance(value, Block):
            raise place.fault("must be a mapping")
        return cls(value, Place(place.file, value.line, place.path))

    def has(self, key: str) -> bool:
        """Whether a field is given at all; nothing is taken."""
        return key in self.block

    def raw(self, key: str) -> object:
        """Take a field as it stands; ``None`` where it is not given."""
        self._taken.add(key)
        return self.block.get(key)

    def read(self, key: str, reader: Callable[[object, Place], ValueT], default: ValueT) -> ValueT:
        """Take a field through a reader, or the default where it is not given."""
        value = self.raw(key)
        return default if value is None else reader(value, self.place.at(key, value))

    def need(self, key: str, reader: Callable[[object, Place], ValueT]) -> ValueT:
        """Take a field that must be given."""
        value = self.raw(key)
        if value is None:
            raise self.place.fault(f"{key} is missing")
        return reader(value, self.place.at(key, value))

    def done(self) -> None:
        """Refuse fields that nobody asked for."""
        left = sorted(self.block.keys() - self._taken)
        if left:
            raise self.place.fault(f"unknown field: {', '.join(left)}")


def word(value: object, place: Place) -> str:
    """Read text, spaces collapsed; it may be blank."""
    if not isinstance(value, str):
        raise place.fault("must be text")
    return " ".join(value.split()) if value not in _NOTHING else ""


def words(value: object, place: Place) -> tuple[str, ...]:
    """Read a list of words."""
    return tuple(word(each, place) for each in items(value, place))


def items(value: object, place: Place) -> list[object]:
    """Read a list."""
    if not isinstance(value, list):
        raise place.fault("must be a list")
    return value


def whole(value: object, place: Place) -> int:
    """Read a whole number, nought or more."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{1,9}", value):
        raise place.fault(f"must be a whole number, not {value!r}")
    return int(value)


def wholes(value: object, place: Place) -> tuple[int, ...]:
    """Read a list of whole numbers."""
    return tuple(whole(each, place) for each in items(value, place))


def flag(value: object, place: Place) -> bool:
    """Read ``true`` or ``false``."""
    if not isinstance(value, str) or value not in _FLAGS:
        raise place.fault("must be true or false")
    return _FLAGS[value]


def day(value: object, place: Place) -> dt.date | None:
    """Read a date written YYYY-MM-DD, or nothing."""
    text = word(value, place)
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as problem:
        raise place.fault(f"must be a day, YYYY-MM-DD, not {text!r}") from problem


def one_of(choices: Mapping[str, ValueT]) -> Callable[[object, Place], ValueT]:
    """Make a reader of one of a few words."""

    def reader(value: object, place: Place) -> ValueT:
        if not isinstance(value, str) or value not in choices:
            raise place.fault(f"must be one of {', '.join(choices)}, not {value!r}")
        return choices[value]

    return reader


def number(text: str, place: Place) -> Fraction:
    """Read a decimal number exactly."""
    if not _NUMBER.fullmatch(text):
        raise place.fault(f"not a number: {text!r}")
    return Fraction(text)
