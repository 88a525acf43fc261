"""Limits of normal: the result's own range, the laboratory's flag where there is none, or the site's table, assumed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol, TypeVar

from cds.core.chart import ReferenceRange, Sex
from cds.core.codes import Coded, normalised_name
from cds.core.dates import age_on
from cds.core.finding import Basis, Cause
from cds.core.limits import Against
from cds.core.quantities import Bound, Comparator, Interval, Quantity, plain
from cds.core.scales import amount_in, factor_of, implausible
from cds.core.truth import Truth

if TYPE_CHECKING:
    from cds.core.chart import Measurement
    from cds.core.dates import PartialDate
    from cds.core.limits import Limit
    from cds.core.recognise import Case, Known
    from cds.core.vocabulary import Normal, Scale


@dataclass(frozen=True, slots=True)
class Compared:
    """A value and a limit in one unit, and on what basis: ``normal`` is the range that stood in, ``flag`` the flag."""

    value: Interval
    bound: Bound
    basis: Basis = Basis.DOCUMENTED
    normal: str = ""
    flag: str = ""


def against_normal(known: Known[Measurement], scale: Scale, limit: Limit, case: Case, *, low: bool) -> Compared | Cause:
    """Bring a result and a multiple of its limit of normal together; ``low`` says that the limit is a least value.

    Its own range decides, for the patient's sex and age; the numbers outrank the flag. Without a usable range, the
    laboratory's flag or the words "normal" may be enough; otherwise the site's table stands in, *assumed*.
    """
    result = known.entry
    value, untrue = amount_in(case, result, scale)
    if untrue:
        return Cause.IMPLAUSIBLE
    upper = limit.against is Against.ULN
    end = _own_end(result, case, upper=upper)
    why = Cause.NO_REFERENCE_RANGE if isinstance(value, Interval) else value
    if end is not None:
        own = _in_one_unit(result, value, end, limit, scale)
        if isinstance(own, Compared):
            return own
        why = own
    flagged = _by_flag(result, value, limit, low=low)
    if flagged is not None:
        return flagged
    return _by_site(known, value, limit, case) or why


def _own_end(result: Measurement, case: Case, *, upper: bool) -> Quantity | None:
    """Give the limit of normal sent with a result, for this patient; none where there is none, or several that differ.

    A range for some other state (a pregnancy, a phase of the cycle) is taken only where no other was sent.
    """

    def end_of(each: ReferenceRange) -> Quantity | None:
        return each.high if upper else each.low

    told = [each for each in result.ranges if end_of(each) is not None]
    plainly = [each for each in told if not each.other]
    end = _agreed(plainly, end_of, result.date, case) if plainly else _one(map(end_of, told))
    return end if end is not None and end.comparator is Comparator.EXACTLY and end.value > 0 else None


def normal_end(known: Known[Measurement], scale: Scale, case: Case, *, upper: bool) -> Fraction | None:
    """Give a limit of normal in the canonical unit, as multiples of it are held: the result's own, or the site's."""
    end = _own_end(known.entry, case, upper=upper)
    factor = factor_of(end, scale) if end is not None else None
    if end is not None and factor is not None:
        own = Fraction(end.value) * factor
        if not implausible(Interval.exactly(own), scale):
            return own
    return _site_end(known, case, upper=upper)


class _ForSome(Protocol):
    """A range of normal and the patients it is for."""

    @property
    def sex(self) -> Sex | None: ...
    @property
    def from_years(self) -> Fraction | int | None: ...
    @property
    def to_years(self) -> Fraction | int | None: ...


RangeT = TypeVar("RangeT", bound=_ForSome)
EndT = TypeVar("EndT", bound=Hashable)
_Person = tuple[Sex, Fraction]


def _agreed(
    ranges: list[RangeT], end_of: Callable[[RangeT], EndT | None], date: PartialDate | None, case: Case
) -> EndT | None:
    """Give the end that holds for every patient this one may be; none where they would differ."""
    if not any(map(_for_some, ranges)):
        return _one(map(end_of, ranges))
    return _one(_one(map(end_of, _fitting(ranges, person))) for person in _may_be(ranges, date, case))


def _one(ends: Iterable[EndT | None]) -> EndT | None:
    different = set(ends)
    return different.pop() if len(different) == 1 else None


def _for_some(each: _ForSome) -> bool:
    return (each.sex, each.from_years, each.to_years) != (None, None, None)


def _fitting(ranges: list[RangeT], person: _Person) -> list[RangeT]:
    """Give the ranges that are for such a patient: those made for some patients before those for everyone."""
    sex, age = person
    fit = [
        each
        for each in ranges
        if each.sex in {None, sex}
        and (each.from_years is None or each.from_years <= age)
        and (each.to_years is None or age < each.to_years)
    ]
    return [each for each in fit if _for_some(each)] or fit


_LONGEST_LIFE = 150


def _may_be(ranges: Iterable[_ForSome], date: PartialDate | None, case: Case) -> list[_Person]:
    """Give each sex the patient may be of, with each age on the result's day that makes a difference to the ranges."""
    sex, born = case.chart.person.sex, case.chart.person.born
    sexes = (sex,) if sex is Sex.MALE or sex is Sex.FEMALE else (Sex.MALE, Sex.FEMALE)
    youngest, oldest = 0, _LONGEST_LIFE
    if born is not None and born.latest <= case.known_on:
        first, last = (date.earliest, min(date.latest, case.known_on)) if date else (case.known_on, case.known_on)
        youngest, oldest = age_on(born, first)[0], age_on(born, last)[1]
    turns = {Fraction(at) for each in ranges for at in (each.from_years, each.to_years) if at is not None}
    ages = {Fraction(youngest), *(at for at in turns if youngest < at < oldest + 1)}
    return [(each, age) for each in sexes for age in sorted(ages)]


def _in_one_unit(
    result: Measurement, value: Interval | Cause, end: Quantity, limit: Limit, scale: Scale
) -> Compared | Cause:
    """Bring a result and its own limit of normal into one unit: the canonical one, or the one both were sent in."""
    factor = factor_of(end, scale)
    if factor is not None and isinstance(value, Interval):
        if implausible(Interval.exactly(Fraction(end.value) * factor), scale):
            return Cause.NO_REFERENCE_RANGE
        return Compared(value, Bound(limit.value * Fraction(end.value) * factor, limit.inclusive))
    sent = result.value
    if isinstance(sent, Quantity) and set(sent.units) == set(end.units) and sent.value >= 0:
        bound = Bound(limit.value * Fraction(end.value), limit.inclusive)
        return Compared(Interval.of(Fraction(sent.value), sent.comparator), bound)
    return value if isinstance(value, Cause) and not isinstance(sent, Quantity) else Cause.UNIT_NOT_COMPARABLE


_NORMAL_WORDS = frozenset({"n", "normal", "within normal limits", "wnl"})
_HIGH_FLAGS, _LOW_FLAGS = frozenset({"h", "hh", "hu", ">"}), frozenset({"l", "ll", "lu", "<"})


def _by_flag(result: Measurement, value: Interval | Cause, limit: Limit, *, low: bool) -> Compared | None:
    """Take the laboratory's flag, or the word "normal" as the value, where that settles a multiple.

    N is within both limits; H, HH, HU and > are above the upper one; L, LL, LU and < below the lower one (HL7 v3
    ObservationInterpretation). "A" for abnormal does not say which. How far above, a flag does not say.
    """
    if isinstance(value, Interval) or value is Cause.UNIT_NOT_COMPARABLE:
        said = {normalised_name(each) for each in result.interpretation}
    else:
        said = {_words(result.value)} & _NORMAL_WORDS
    kinds = [flags for flags in (_NORMAL_WORDS, _HIGH_FLAGS, _LOW_FLAGS) if said & flags]
    if len(kinds) != 1:
        return None
    multiple = _multiples(kinds[0], upper=limit.against is Against.ULN)
    bound = Bound(limit.value, limit.inclusive)
    truth = multiple.at_least(bound) if low else multiple.at_most(bound)
    flag = next((each for each in result.interpretation if normalised_name(each) in kinds[0]), "")
    return None if truth is Truth.UNKNOWN else Compared(multiple, bound, flag=flag)


def _multiples(flags: frozenset[str], *, upper: bool) -> Interval:
    """Give the multiples of a limit of normal that a flag allows: what is low is below the upper limit too."""
    one = Fraction(1)
    if flags is _NORMAL_WORDS:
        return Interval(high=Bound(one)) if upper else Interval(low=Bound(one))
    beyond = Bound(one, inclusive=False)
    return Interval(low=beyond) if flags is _HIGH_FLAGS else Interval(high=beyond)


def _words(value: Quantity | Coded | str | None) -> str:
    return normalised_name(value.text if isinstance(value, Coded) else value if isinstance(value, str) else "")


def _by_site(known: Known[Measurement], value: Interval | Cause, limit: Limit, case: Case) -> Compared | None:
    """Take the site's own range of normal for such a patient."""
    if not isinstance(value, Interval):
        return None
    upper = limit.against is Against.ULN
    end = _site_end(known, case, upper=upper)
    if end is None:
        return None
    normal = f"{'<=' if upper else '>='} {plain(end)} by the site's table"
    return Compared(value, Bound(limit.value * end, limit.inclusive), Basis.ASSUMED, normal)


def _site_end(known: Known[Measurement], case: Case, *, upper: bool) -> Fraction | None:
    def end_of(each: Normal) -> Fraction | None:
        return each.high if upper else each.low

    ranges = [each for each in case.vocabulary.normals.get(known.meaning.concept, ()) if end_of(each) is not None]
    end = _agreed(ranges, end_of, known.entry.date, case) if ranges else None
    return end if end is not None and end > 0 else None


def shown_range(known: Known[Measurement], case: Case) -> str:
    """Write the range that a result was sent with, the one for this patient before others."""
    ranges = list(known.entry.ranges)
    for person in _may_be(ranges, known.entry.date, case) if any(map(_for_some, ranges)) else ():
        ranges = _fitting([each for each in ranges if not each.other], person) + ranges
    return next(filter(None, map(_written, ranges)), "")


def _written(each: ReferenceRange) -> str:
    low = plain(each.low.value) if each.low else ""
    high = plain(each.high.value) if each.high else ""
    if low and high:
        return f"{low}-{high}"
    if low or high:
        return f">= {low}" if low else f"<= {high}"
    return each.text
