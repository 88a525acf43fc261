"""Dosing instructions: how much at one time, how many times a day and by which route, where that is plainly told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cds.core.codes import Coded, normalised_name
from cds.core.quantities import Comparator, Quantity
from cds.fhir.reading.amounts import exact, quantity
from cds.fhir.reading.elements import Elements, merged
from cds.fhir.reading.timings import times_a_day
from cds.fhir.values import Json, many, true, word

if TYPE_CHECKING:
    from decimal import Decimal
    from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Dosage:
    """How a drug is taken: the dose at one time, how many times a day, by which route. What is not told is empty."""

    dose: Quantity | None = None
    per_day: Fraction | None = None
    route: Coded = field(default_factory=Coded)


_NOTHING = Dosage()


def read_dosage(resource: Json, elements: Elements) -> Dosage:
    """Give what all the dosing instructions of an entry say together.

    Doses that differ (a taper, two strengths at once) give none; neither does a range, a rate, or words. Times a day of
    several instructions are added where their ``sequence`` says that they hold at once; where it says one after
    another, they must agree; without a sequence nobody says which it is. Instructions sent twice count once.
    """
    sent = [each for name in ("dosage", "dosageInstruction") for each in many(resource.get(name)) if each]
    if not sent:
        return _NOTHING
    different = sent if len(sent) == 1 else {str(each): each for each in sent}.values()
    told = [_instruction(each, elements) for each in different]
    doses = {each.dose for each in told}
    route = _one_route([each.route for each in told if each.route is not None])
    if len(doses) > 1:
        return Dosage(route=route)
    return Dosage(doses.pop(), _together(told), route)


@dataclass(frozen=True, slots=True)
class _Instruction:
    dose: Quantity | None
    per_day: Fraction | None
    route: Coded | None
    sequence: Decimal | None


def _instruction(sent: object, elements: Elements) -> _Instruction:
    if not isinstance(sent, dict):
        return _Instruction(None, None, None, None)
    per_day = None if _as_needed(sent) else times_a_day(sent.get("timing"), elements)
    return _Instruction(_dose(sent), per_day, elements.coded(sent.get("route")), exact(sent.get("sequence")))


def _together(told: list[_Instruction]) -> Fraction | None:
    """Give the times a day of all instructions, of which the dose is the same."""
    rates = [each.per_day for each in told if each.per_day is not None]
    if len(rates) < len(told):
        return None
    if len(told) == 1:
        return rates[0]
    places = {each.sequence for each in told}
    if None in places:
        return None
    if len(places) == 1:
        return sum(rates[1:], rates[0])
    return rates[0] if len(places) == len(told) and len(set(rates)) == 1 else None


def _as_needed(sent: Json) -> bool:
    """Say whether it is taken only as needed, in the forms of R4 and R5."""
    flags = (sent.get("asNeededBoolean"), sent.get("asNeeded"))
    return any(map(true, flags)) or bool(sent.get("asNeededCodeableConcept") or sent.get("asNeededFor"))


# ----------------------------------------------------------------------------------------------------------- doses
_DOSES = ("doseQuantity", "doseSimpleQuantity", "dose", "quantityQuantity", "quantity")
"""Where a dose stands: in R4 and R5 ``doseAndRate`` or an administration's dosage, in STU3 and in DSTU2."""

_ANY_DOSE = frozenset({*_DOSES, "doseRange"})

_KINDS = ("calculated", "ordered")
"""FHIR ``dose-rate-type``, first the one that is the amount itself and not one per square metre."""


def _dose(sent: Json) -> Quantity | None:
    """Give the dose at one time. Of several that differ it is the calculated one, else the one that was ordered."""
    told = [(word(each.get("type")), _amount(each)) for each in [*many(sent.get("doseAndRate")), sent] if _doses(each)]
    if len({amount for _, amount in told}) <= 1:
        return told[0][1] if told else None
    for wanted in _KINDS:
        found = {amount for kind, amount in told if kind == wanted}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _doses(sent: object) -> bool:
    """Say whether it holds a dose at all; many hold a rate or nothing."""
    return isinstance(sent, dict) and not _ANY_DOSE.isdisjoint(sent)


def _amount(sent: Json) -> Quantity | None:
    """Read a dose that is one number above nought; a range is none."""
    if sent.get("doseRange") is not None:
        return None
    found = quantity(next((sent[name] for name in _DOSES if sent.get(name) is not None), None))
    if not isinstance(found, Quantity) or found.comparator is not Comparator.EXACTLY or found.value <= 0:
        return None
    return found


# ---------------------------------------------------------------------------------------------------------- routes
_NO_ROUTE = Coded()


def _one_route(routes: list[Coded]) -> Coded:
    """Give the route where all that were told are the same one, by a code or by their words."""
    if len(routes) == 1:
        return routes[0]
    if not all(_alike(routes[0], each) for each in routes[1:]):
        return _NO_ROUTE
    return merged(*routes) or _NO_ROUTE


def _alike(one: Coded, other: Coded) -> bool:
    words = normalised_name(one.text)
    return not set(one.codes).isdisjoint(other.codes) or (words != "" and words == normalised_name(other.text))
