"""Observations into measurements: results, vital signs and scores, each component on its own."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from cds.core.chart import Measurement, ReferenceRange, ResultStatus
from cds.core.codes import Coded
from cds.core.quantities import Quantity, plain
from cds.fhir.reading.amounts import measured, quantity
from cds.fhir.reading.elements import Elements
from cds.fhir.reading.implications import Implications
from cds.fhir.reading.ranges import ranges
from cds.fhir.reading.variants import variant_codes
from cds.fhir.values import CannotReadError, Json, first, many, part, text, word

if TYPE_CHECKING:
    from collections.abc import Callable

    from cds.core.dates import PartialDate

_STATUS = {
    "final": ResultStatus.FINAL,
    "amended": ResultStatus.FINAL,
    "corrected": ResultStatus.FINAL,
    "appended": ResultStatus.FINAL,
    "preliminary": ResultStatus.PRELIMINARY,
    "registered": ResultStatus.PRELIMINARY,
    "partial": ResultStatus.PRELIMINARY,
    "entered-in-error": ResultStatus.ENTERED_IN_ERROR,
    "cancelled": ResultStatus.CANCELLED,
    "canceled": ResultStatus.CANCELLED,
}

UNREADABLE = "(cannot be read)"


def read_observations(implications: Implications) -> Callable[[Json, str, Elements], list[Measurement]]:
    """Give the reader of Observations, with what some of them say of others at hand."""

    def read(resource: Json, reference: str, elements: Elements) -> list[Measurement]:
        return read_observation(resource, reference, elements, implications)

    return read


_NONE = Implications()


def read_observation(
    resource: Json, reference: str, elements: Elements, implications: Implications = _NONE
) -> list[Measurement]:
    """Give the measurements of one Observation: its own, if it has a value or no components, and each component's.

    Components share its date, status and reference. Raises :class:`CannotReadError` where it does not say what was
    measured.
    """
    components = resource.get("component")
    status = _STATUS.get(word(resource.get("status")), ResultStatus.UNKNOWN)
    shared = (reference, _taken(resource, elements), status)
    own = _measurement(resource, shared, elements)
    if components is None:
        return [own]
    if variants := variant_codes(resource, own.code, own.value, elements, implications.of(resource)):
        own = replace(own, code=Coded((*own.code.codes, *variants), own.code.text))
    found = [own] if own.value is not None or not components else []
    for each in many(components):
        if not isinstance(each, dict):
            raise CannotReadError("a component cannot be read")
        found.append(_measurement(each, shared, elements))
    return found


def _measurement(sent: Json, shared: tuple[str, PartialDate | None, ResultStatus], elements: Elements) -> Measurement:
    code = elements.coded(sent.get("code"))
    if code is None:
        raise CannotReadError("it does not say what was measured")
    value, absent = _value(sent, elements), ""
    reason = sent.get("dataAbsentReason")
    if reason is not None:
        if value is None:
            absent = word(reason) or "unknown"
        else:
            value = f"{value} (sent with a reason for having no value)"
    judged = (sent.get("referenceRange"), sent.get("interpretation"))
    normal, flags = _JUDGED_BY_NOBODY
    if judged != (None, None):
        normal, flags = elements.once(_judgement, judged, value.units if isinstance(value, Quantity) else ())
    reference, date, status = shared
    return Measurement(
        code,
        reference,
        value,
        date,
        status,
        normal,
        flags,
        absent,
    )


def _taken(resource: Json, elements: Elements) -> PartialDate | None:
    """Give the day a result is about; the day it was issued only where no other was sent."""
    sent = resource.get("effectiveDateTime")
    if sent is not None:
        return elements.date(sent)
    if any(name.startswith("effective") and value is not None for name, value in resource.items()):
        return elements.moment(resource, "effective")
    return elements.date(resource.get("issued"))


_Judgement: TypeAlias = tuple[tuple[ReferenceRange, ...], tuple[str, ...]]
_JUDGED_BY_NOBODY: _Judgement = ((), ())


def _judgement(sent: tuple[object, object], units: tuple[str, ...]) -> _Judgement:
    """Give the normal ranges and the sender's judgement: the same for all results of a test that were normal."""
    limits, told = sent
    return ranges(limits, units) if limits else (), _interpretation(told) if told else ()


def _interpretation(sent: object) -> tuple[str, ...]:
    """Give the codes of the sender's judgement (``H``, ``L`` …), also in the single-object form of STU3."""
    return tuple(found for each in many(sent) if (found := _flag(each)))


def _flag(sent: object) -> str:
    return text(sent) or text(part(sent, "coding", "code")) or text(part(sent, "code")) or text(part(sent, "text"))


def _value(sent: Json, elements: Elements) -> Quantity | Coded | str | None:
    """Read whatever kind of value there is. Two that do not agree are told as words, which settle nothing."""
    found: Quantity | Coded | str | None = None
    for name in _value_names(tuple(sent)):
        one = quantity(sent[name]) if name == "valueQuantity" else _one_value(name, sent[name], elements)
        if one is not None and found is not None and one != found:
            return f"{found} / {one}"
        found = found if one is None else one
    return found


@lru_cache(maxsize=1024)
def _value_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Pick the members that hold values; most entries have the same members in the same order."""
    return tuple(name for name in names if name.startswith("value"))


def _one_value(name: str, value: object, elements: Elements) -> Quantity | Coded | str | None:
    if value is None:
        return None
    if name == "valueCodeableConcept":
        return elements.coded(value) or UNREADABLE
    if name == "valueString":
        return (measured(value) if value.strip() else None) if isinstance(value, str) else quantity(value)
    return _OTHERS.get(name, _unknown)(value)


def _unknown(_value: object) -> str:
    return UNREADABLE


def _boolean(value: object) -> str:
    return word(str(value)) if isinstance(value, (bool, str)) else UNREADABLE


def _range(value: object) -> str:
    return " – ".join(str(quantity(part(value, end)) or "…") for end in ("low", "high"))


def _ratio(value: object) -> str:
    ends = [quantity(part(value, end)) for end in ("numerator", "denominator")]
    return " : ".join(plain(each.value) if isinstance(each, Quantity) else UNREADABLE for each in ends)


def _words(value: object) -> str:
    return text(first(value)) or UNREADABLE


def _period(value: object) -> str:
    return f"{text(part(value, 'start')) or '…'} – {text(part(value, 'end')) or '…'}"


_OTHERS: dict[str, Callable[[object], Quantity | str | None]] = {
    "valueInteger": quantity,
    "valueDecimal": quantity,
    "value": quantity,
    "valueBoolean": _boolean,
    "valueRange": _range,
    "valueRatio": _ratio,
    "valueDateTime": _words,
    "valueTime": _words,
    "valuePeriod": _period,
}
