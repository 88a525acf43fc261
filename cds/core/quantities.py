"""Measured amounts as intervals: `<0.5` is every value below a half, and arithmetic on them is exact."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from cds.core.truth import Truth


class Comparator(enum.Enum):
    """How a result stands to the number it was sent with (FHIR ``Quantity.comparator``)."""

    BELOW = "<"
    AT_MOST = "<="
    EXACTLY = "="
    AT_LEAST = ">="
    ABOVE = ">"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, exactly as sent.

    ``units`` holds the spellings the sender gave, best first (FHIR ``code`` before ``unit``); empty where it gave none.
    """

    value: Decimal
    units: tuple[str, ...] = ()
    comparator: Comparator = Comparator.EXACTLY

    @property
    def unit(self) -> str:
        """The spelling a person would read: the last one given."""
        return self.units[-1] if self.units else ""

    def __str__(self) -> str:
        """Write it as a laboratory would: comparator, number, unit."""
        sign = "" if self.comparator is Comparator.EXACTLY else f"{self.comparator.value} "
        return f"{sign}{plain(self.value)} {self.unit}".rstrip()


def plain(value: Decimal | Fraction) -> str:
    """Write a number without exponent and without trailing zeros beyond the ones that were sent.

    A fraction that has no finite decimal form is given to four significant digits.
    """
    if isinstance(value, Decimal):
        return format(value, "f")
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    if Fraction(exact) == value:
        text = format(exact, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return format(Decimal(f"{float(value):.4g}"), "f")


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of an interval: the number, and whether it belongs to the interval."""

    at: Fraction
    inclusive: bool = True


@dataclass(frozen=True, slots=True)
class Interval:
    """All the values a result may stand for; an end of ``None`` is open for ever."""

    low: Bound | None = None
    high: Bound | None = None

    @classmethod
    def exactly(cls, value: Fraction) -> Interval:
        """Give the interval that holds one value."""
        return cls(Bound(value), Bound(value))

    @classmethod
    def of(cls, value: Fraction, comparator: Comparator) -> Interval:
        """Give the values that a number with its comparator may stand for."""
        match comparator:
            case Comparator.BELOW:
                return cls(high=Bound(value, inclusive=False))
            case Comparator.AT_MOST:
                return cls(high=Bound(value))
            case Comparator.EXACTLY:
                return cls.exactly(value)
            case Comparator.AT_LEAST:
                return cls(low=Bound(value))
            case Comparator.ABOVE:
                return cls(low=Bound(value, inclusive=False))

    def at_least(self, limit: Bound) -> Truth:
        """Say whether every value reaches the limit (or passes it, where the limit is strict)."""
        if self.low is not None and _reaches(self.low, limit):
            return Truth.MET
        if self.high is not None and _falls_short(self.high, limit):
            return Truth.UNMET
        return Truth.UNKNOWN

    def at_most(self, limit: Bound) -> Truth:
        """Say whether no value exceeds the limit (or touches it, where the limit is strict)."""
        if self.high is not None and _stays(self.high, limit):
            return Truth.MET
        if self.low is not None and _exceeds(self.low, limit):
            return Truth.UNMET
        return Truth.UNKNOWN

    def overlaps(self, other: Interval) -> bool:
        """Say whether some value lies in both."""
        return not (_apart(self.high, other.low) or _apart(other.high, self.low))


def _reaches(low: Bound, limit: Bound) -> bool:
    return low.at > limit.at or (low.at == limit.at and (limit.inclusive or not low.inclusive))


def _falls_short(high: Bound, limit: Bound) -> bool:
    return high.at < limit.at or (high.at == limit.at and not (limit.inclusive and high.inclusive))


def _stays(high: Bound, limit: Bound) -> bool:
    return high.at < limit.at or (high.at == limit.at and (limit.inclusive or not high.inclusive))


def _exceeds(low: Bound, limit: Bound) -> bool:
    return low.at > limit.at or (low.at == limit.at and not (limit.inclusive and low.inclusive))


def _apart(high: Bound | None, low: Bound | None) -> bool:
    if high is None or low is None:
        return False
    return high.at < low.at or (high.at == low.at and not (high.inclusive and low.inclusive))
