"""Powers and roots held between two fractions, and equations over intervals: the true value never lies outside."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from cds.core.quantities import Bound, Interval

if TYPE_CHECKING:
    from collections.abc import Iterable

_DIGITS = Context(prec=50)
_MARGIN = Fraction(1, 10**40)
"""Ten orders of magnitude more than fifty digits can be wrong by, whatever power of a laboratory value is taken."""
Equation = Callable[..., Interval]


def power(base: Fraction, exponent: Fraction) -> Interval:
    """Give a power of a positive number: exactly where it is a fraction, otherwise the narrow interval it lies in.

    A limit is met at equality all the time (a heart rate of 60 leaves the QT as it is), so that exact powers must stay
    exact. All others are irrational, and no limit is: a margin around them changes no answer.
    """
    exact = _exact_power(base, exponent)
    if exact is not None:
        return Interval.exactly(exact)
    near = Fraction(_DIGITS.power(_decimal(base), _decimal(exponent)))
    return Interval(Bound(near * (1 - _MARGIN)), Bound(near * (1 + _MARGIN)))


def _exact_power(base: Fraction, exponent: Fraction) -> Fraction | None:
    if base == 1:
        return base
    roots = [_exact_root(part, exponent.denominator) for part in (base.numerator, base.denominator)]
    above, below = roots
    return None if above is None or below is None else Fraction(above, below) ** exponent.numerator


def _exact_root(number: int, degree: int) -> int | None:
    if degree == 1:
        return number
    root = int(_DIGITS.power(Decimal(number), _decimal(Fraction(1, degree))).to_integral_value())
    return root if root**degree == number else None


def _decimal(number: Fraction) -> Decimal:
    return _DIGITS.divide(Decimal(number.numerator), Decimal(number.denominator))


def product(*factors: Fraction | Interval) -> Interval:
    """Multiply positive numbers, some of them known exactly and some between two ends."""
    low = high = Fraction(1)
    for factor in factors:
        if isinstance(factor, Interval):
            assert factor.low is not None  # noqa: S101 - a power has both ends; this is for the type checker
            assert factor.high is not None  # noqa: S101
            low, high = low * factor.low.at, high * factor.high.at
        else:
            low, high = low * factor, high * factor
    return Interval(Bound(low), Bound(high))


def spanned(equation: Equation, *, rising: tuple[Interval, ...] = (), falling: tuple[Interval, ...] = ()) -> Interval:
    """Give all values of an equation that grows with the first inputs and shrinks with the others (in that order).

    An input that is open at one end leaves the value open at one end.
    """
    low = _corner(equation, [*(each.low for each in rising), *(each.high for each in falling)])
    high = _corner(equation, [*(each.high for each in rising), *(each.low for each in falling)])
    return Interval(None if low is None else low.low, None if high is None else high.high)


def _corner(equation: Equation, ends: list[Bound | None]) -> Interval | None:
    """Work an equation out at one end of each input; the value belongs to it only if all of these ends do."""
    known = [end for end in ends if end is not None]
    if len(known) < len(ends):
        return None
    inclusive = all(end.inclusive for end in known)
    value = equation(*(end.at for end in known))
    return Interval(_closed(value.low, inclusive=inclusive), _closed(value.high, inclusive=inclusive))


def _closed(end: Bound | None, *, inclusive: bool) -> Bound | None:
    return None if end is None else Bound(end.at, inclusive and end.inclusive)


def hull(intervals: Iterable[Interval]) -> Interval:
    """Give the interval from the least to the greatest of several: each of them may be the true one."""
    every = list(intervals)
    low = _outermost([each.low for each in every], lowest=True)
    high = _outermost([each.high for each in every], lowest=False)
    return Interval(low, high)


def _outermost(ends: list[Bound | None], *, lowest: bool) -> Bound | None:
    known = [end for end in ends if end is not None]
    if len(known) < len(ends):
        return None
    at = min(end.at for end in known) if lowest else max(end.at for end in known)
    return Bound(at, any(end.inclusive for end in known if end.at == at))
