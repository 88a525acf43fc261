"""What a server's resources get wrong by the letter of FHIR R4B; reading them for a screen is far more lenient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.fhir.values import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import ValidationError


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (resource and element), and why. The value itself is not told."""

    place: str
    reason: str


_REASONS = {
    "extra_forbidden": "R4B has no such element here",
    "value_error": "the value is not of the form that R4B asks for",
    "assertion_error": "the value is not of the form that R4B asks for",
    "string_pattern_mismatch": "the value is not of the form that R4B asks for",
    "string_type": "must be a string",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "missing": "is missing",
    "model_fhir_error.required_primitive_element": "is missing",
}


def check_file(resources: Iterable[object]) -> list[Fault]:
    """Hold each resource against FHIR R4B and say what is wrong with it, where and why, but not what stood there."""
    return [fault for number, each in enumerate(resources, start=1) for fault in _faults(each, number)]


def _faults(resource: object, number: int) -> list[Fault]:
    from fhir.resources.R4B import get_fhir_model_class  # noqa: PLC0415 - a quarter of a second that only this needs
    from pydantic import ValidationError  # noqa: PLC0415 - the same

    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        return [Fault(f"entry {number}", "is not a FHIR resource: resourceType is missing")]
    name = resource["resourceType"] if resource["resourceType"].isalpha() else "a resource"
    place = f"{name}/{text(resource.get('id')) or f'(entry {number})'}"
    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    except ValidationError as fault:
        return _told(fault, place)
    except (KeyError, LookupError, TypeError, ValueError, AttributeError):
        return [Fault(place, "its type, or the type of a resource within it, is not one of R4B")]
    return []


def _told(fault: ValidationError, place: str) -> list[Fault]:
    found = [
        Fault(f"{place} {_path(each['loc'])}".strip(), _reason(each))
        for each in fault.errors(include_input=False, include_url=False)
    ]
    return sorted(dict.fromkeys(found), key=lambda each: each.place) or [Fault(place, "is not valid R4B")]


def _path(loc: tuple[int | str, ...]) -> str:
    """Write where it is the way FHIRPath does: ``component[0].valueQuantity.value``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc).lstrip(".")


def _reason(error: Mapping[str, object]) -> str:
    kind = str(error["type"])
    return _REASONS.get(kind, f"is not valid R4B ({kind.rpartition('.')[2].replace('_', ' ')})")
