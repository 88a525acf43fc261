"""Results as amounts: a value brought into its concept's canonical unit, and whether it can be true at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from cds.core.chart import Measurement
from cds.core.codes import NAME, Code, Coded, normalised_code, normalised_name
from cds.core.finding import Cause
from cds.core.quantities import Bound, Interval, Quantity

if TYPE_CHECKING:
    from cds.core.finding import Evidence
    from cds.core.recognise import Case, Known
    from cds.core.vocabulary import Scale


@dataclass(frozen=True, slots=True)
class Derived(Measurement):
    """A value computed from results; it stands for a result of its leading input's day, so that the same rules decide.

    ``amount`` is exact and in the canonical unit of its concept; ``value`` is there to be shown. ``leading`` and
    ``others`` are the results it was computed from, ``person`` what was taken from the patient (age and sex).
    """

    amount: Interval = field(default_factory=Interval)
    said: str = ""
    leading: tuple[Known[Measurement], ...] = ()
    others: tuple[Known[Measurement], ...] = ()
    person: tuple[Evidence, ...] = ()


def scale_of(known: Known[Measurement], case: Case) -> Scale | None:
    """Give how results of an entry's concept are read, where the concept says so."""
    concept = case.vocabulary.concepts.get(known.meaning.concept)
    return concept.scale if concept else None


def amount_of(result: Measurement, scale: Scale) -> Interval | Cause:
    """Turn a result into canonical units, or say why that cannot be done."""
    if isinstance(result, Derived):
        return result.amount
    match result.value:
        case Quantity() as value:
            number = _canonical(value, scale)
            return Cause.UNIT_NOT_COMPARABLE if number is None else Interval.of(number, value.comparator)
        case Coded() as value:
            said = {*map(normalised_code, value.codes), Code(NAME, normalised_name(value.text))}
            scores = {scale.answers[code] for code in said if code in scale.answers}
            return Interval.exactly(scores.pop()) if len(scores) == 1 else Cause.UNMAPPED
        case str() as value:
            score = scale.answers.get(Code(NAME, normalised_name(value)))
            return Cause.IMPLAUSIBLE if score is None else Interval.exactly(score)
        case None:
            return Cause.IMPLAUSIBLE


def amount_in(case: Case, result: Measurement, scale: Scale) -> tuple[Interval | Cause, bool]:
    """Do the same, and say whether no such value can be true; worked out once for each result of the chart."""
    if isinstance(result, Derived):
        return result.amount, implausible(result.amount, scale)
    key = id(result), id(scale)
    known = case.amounts.get(key)
    if known is None:
        value = amount_of(result, scale)
        known = case.amounts[key] = value, isinstance(value, Interval) and implausible(value, scale)
    return known


def plausible_amount(known: Known[Measurement], case: Case) -> Interval | Cause:
    """Turn a result into canonical units, or say why it settles nothing: no scale, no such unit, no such value."""
    scale = scale_of(known, case)
    if scale is None:
        return Cause.UNIT_NOT_COMPARABLE
    value, untrue = amount_in(case, known.entry, scale)
    return Cause.IMPLAUSIBLE if untrue else value


def factor_of(quantity: Quantity, scale: Scale) -> Fraction | None:
    """Give the factor from a quantity's unit to the canonical one, by the best of its spellings that is known."""
    spellings = quantity.units or ("",)
    return next((scale.factors[unit] for unit in map(_spelling, spellings) if unit in scale.factors), None)


def _canonical(quantity: Quantity, scale: Scale) -> Fraction | None:
    """Bring a number into the canonical unit by the best of its spellings that is known."""
    number = Fraction(quantity.value)
    for unit in map(_spelling, quantity.units or ("",)):
        if unit in scale.factors:
            return number * scale.factors[unit]
        if unit in scale.shifted:
            return (number - scale.shifted[unit].above) * scale.shifted[unit].factor
    return None


def reads_unit(unit: str, scale: Scale) -> bool:
    """Say whether results can be read in a unit."""
    spelling = _spelling(unit)
    return spelling in scale.factors or spelling in scale.shifted


def shown_unit(unit: str, scale: Scale) -> str:
    """Give a unit as a person should read it; what stands in braces is the kind of a score, and no unit to be read."""
    shown = scale.unit_display or unit if unit == scale.unit else unit
    return "" if shown.startswith("{") and shown.endswith("}") else shown


def _spelling(unit: str) -> str:
    return " ".join(unit.split())


def implausible(value: Interval, scale: Scale) -> bool:
    """Say whether no value in the interval can be true of a person."""
    if scale.plausible is None:
        return False
    low, high = scale.plausible
    return not value.overlaps(Interval(Bound(low), Bound(high)))
