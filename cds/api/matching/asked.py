"""What ``POST /getClinicalTrial`` is asked: a Bundle with the patient's chart, and beside it a Parameters resource.

The public service has the parameters ``zipCode``, ``travelRadius``, ``phase`` and ``recruitmentStatus``; ours are
``trialId``, ``patientId`` and ``complete``. What is asked and cannot be heeded is said in the answer, never passed over
in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from cds.api.matching.study import STATUS_CODES
from cds.errors import BadCall
from cds.fhir.names import KIND_OF
from cds.hooks.wire import bare_id
from cds.trials.filters import STATUSES, phases_of

__all__ = ["Asked", "Remark", "read_asked"]

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to say beside the matches: an issue of an OperationOutcome, for the caller alone."""

    severity: str
    code: str
    says: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A chart, and what is asked of it; ``complete`` are the resource types of which the Bundle holds all there are.

    Where several values are given for one thing, any of them will do; nothing given means that it is not asked about.
    """

    bundle: Json
    phases: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    trials: frozenset[str] = frozenset()
    patient_id: str | None = None
    complete: frozenset[str] = frozenset()
    remarks: tuple[Remark, ...] = ()


def read_asked(body: object) -> Asked:
    """Read a decoded body: a Bundle, or an object that holds one as ``patientData``.

    Raises ``BadCall`` naming the element for what is neither, for a Parameters resource that is not put together as
    FHIR says, and for a value of ours that cannot be meant. Values of the public parameters that are not understood
    become remarks, as other services pass over them.
    """
    bundle = body.get("patientData", body) if isinstance(body, dict) else body
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise BadCall("the body must be a FHIR Bundle, or an object that holds one as patientData")
    heard: dict[str, frozenset[str]] = {}
    remarks: list[Remark] = []
    for place, name, value in _parameters(bundle):
        found = _READERS.get(name, _stranger)(place, value)
        if isinstance(found, Remark):
            remarks.append(found)
        else:
            heard[name] = heard.get(name, _NONE) | found
    if len(heard.get("patientId", _NONE)) > 1:
        raise BadCall("patientId: names more than one patient")
    return Asked(
        bundle,
        phases=heard.get("phase", _NONE),
        statuses=heard.get("recruitmentStatus", _NONE),
        trials=heard.get("trialId", _NONE),
        patient_id=next(iter(heard.get("patientId", _NONE)), None),
        complete=heard.get("complete", _NONE),
        remarks=tuple(dict.fromkeys(remarks)),
    )


_NONE: Final = frozenset[str]()


def _parameters(bundle: Json) -> Iterator[tuple[str, str, str]]:
    """Give each parameter of each Parameters resource: where it stands, its name, its value as text."""
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise BadCall("bundle.entry: is not a list")
    for number, entry in enumerate(entries):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict) and resource.get("resourceType") == "Parameters":
            yield from _told(resource.get("parameter", []), f"entry[{number}].resource.parameter")


def _told(parameters: object, path: str) -> Iterator[tuple[str, str, str]]:
    if not isinstance(parameters, list):
        raise BadCall(f"{path}: is not a list")
    for number, each in enumerate(parameters):
        place = f"{path}[{number}]"
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            raise BadCall(f"{place}: is not a parameter with a name")
        yield place, each["name"], _value(each)


def _value(parameter: Mapping[str, object]) -> str:
    """Give a parameter's value as text, whatever type it was sent as; blank for none and for what is no text."""
    values = [value for name, value in parameter.items() if name.startswith("value")]
    value = values[0] if len(values) == 1 else None
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else ""


def _unheeded(says: str) -> Remark:
    return Remark("warning", "not-supported", says)


_BOTH: Final = re.compile(r"(?<=[0-9])-(?=phase)")
"""Where FHIR joins two phases in one code: ``phase-1-phase-2``."""
Heard = frozenset[str] | Remark


def _stranger(place: str, value: str) -> Heard:
    del value
    return _unheeded(f"{place}: no parameter of this name is known here")


def _far(place: str, value: str) -> Heard:
    del place, value
    return _unheeded(
        "zipCode, travelRadius: this service knows no postal codes, so trials are told wherever they are open; their "
        "places carry address and position for whoever can measure"
    )


def _phase(place: str, value: str) -> Heard:
    try:
        return phases_of(_BOTH.sub("/", value.casefold()))
    except BadCall:
        return _unheeded(f"{place}: is no phase that is known here; it narrows nothing")


def _status(place: str, value: str) -> Heard:
    """Take one of the registry's statuses, or one of FHIR's codes for all that it stands for."""
    word = re.sub(r"[\s-]+", "_", value.upper())
    coded = frozenset(name for name, code in STATUS_CODES.items() if code == value.casefold())
    return (
        frozenset({word}).intersection(STATUSES)
        or coded
        or _unheeded(f"{place}: is no status that is known here; it narrows nothing")
    )


def _trial(place: str, value: str) -> Heard:
    del place
    return frozenset({value.upper()})


def _patient(place: str, value: str) -> Heard:
    try:
        return frozenset({str(bare_id(value))})
    except ValueError as problem:
        raise BadCall(f"{place}: {problem}") from None


def _complete(place: str, value: str) -> Heard:
    if value not in KIND_OF:
        raise BadCall(f"{place}: must be a resource type that is read here: {', '.join(KIND_OF)}")
    return frozenset({value})


_READERS: Final[Mapping[str, Callable[[str, str], Heard]]] = {
    "zipCode": _far,
    "travelRadius": _far,
    "phase": _phase,
    "recruitmentStatus": _status,
    "trialId": _trial,
    "patientId": _patient,
    "complete": _complete,
}
