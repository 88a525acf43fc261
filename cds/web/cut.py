"""What an EHR would send as prefetch: the templates of the discovery document, answered from one chart.

Only what our templates use is understood: a read of the patient; searches by ``patient``, ``category`` and ``code``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

Json = Mapping[str, object]

_PATIENT = "{{context.patientId}}"
_MEDICATION_TYPES = frozenset(
    {"MedicationStatement", "MedicationRequest", "MedicationAdministration", "MedicationDispense"}
)


@dataclass(frozen=True, slots=True)
class Template:
    """One prefetch template taken apart; ``tokens`` are its parameters besides the patient. No search: a read."""

    key: str
    resource_type: str
    is_search: bool
    tokens: tuple[tuple[str, frozenset[str]], ...] = ()


def read_templates(templates: Mapping[str, str]) -> tuple[Template, ...]:
    """Take prefetch templates apart. Raises ``ValueError`` for one that asks for something not understood here."""
    return tuple(_template(key, text) for key, text in templates.items())


def _template(key: str, text: str) -> Template:
    path, is_search, query = text.partition("?")
    if not is_search:
        if text != f"Patient/{_PATIENT}":
            raise ValueError(f"prefetch template {key}: not a read of the patient")
        return Template(key, "Patient", is_search=False)
    params = parse_qsl(query, keep_blank_values=True)
    known = {"patient", "category", "code"}
    if ("patient", _PATIENT) not in params or {name for name, _ in params} - known:
        raise ValueError(f"prefetch template {key}: not a search by patient, category and code")
    tokens = tuple((name, frozenset(value.split(","))) for name, value in params if name != "patient")
    return Template(key, path, is_search=True, tokens=tokens)


def patient_id_of(bundle: Json) -> str:
    """Give the id of the first patient in a chart. Raises ``ValueError`` where there is none."""
    for resource in _resources(bundle):
        if resource.get("resourceType") == "Patient" and isinstance(resource.get("id"), str):
            return str(resource["id"])
    raise ValueError("the chart holds no patient")


def prefetch_of(bundle: Json, patient_id: str, templates: Iterable[Template]) -> dict[str, object]:
    """Answer each template from a chart: the patient itself, or a Bundle of what the search finds.

    Drugs that a medication entry refers to come along, as servers that follow such references send them.
    """
    return {each.key: _answer(bundle, each, patient_id) for each in templates}


def _answer(bundle: Json, template: Template, patient: str) -> object:
    if not template.is_search:
        return next((each for each in _of_type(bundle, "Patient") if each.get("id") == patient), None)
    found = [
        each
        for each in _of_type(bundle, template.resource_type)
        if _is_about(each, patient) and all(_has_token(each, name, wanted) for name, wanted in template.tokens)
    ]
    entries = [{"resource": each, "search": {"mode": "match"}} for each in found]
    if template.resource_type in _MEDICATION_TYPES:
        entries += [{"resource": each, "search": {"mode": "include"}} for each in _drugs_of(found, bundle)]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": entries}


def _resources(bundle: Json) -> Iterator[Json]:
    for entry in _listed(bundle.get("entry")):
        resource = entry.get("resource") if isinstance(entry, Mapping) else None
        if isinstance(resource, Mapping):
            yield resource


def _of_type(bundle: Json, resource_type: str) -> Iterator[Json]:
    return (each for each in _resources(bundle) if each.get("resourceType") == resource_type)


def _is_about(resource: Json, patient: str) -> bool:
    return any(_reference(resource.get(name)).endswith(f"Patient/{patient}") for name in ("subject", "patient"))


def _drugs_of(entries: Iterable[Json], bundle: Json) -> list[Json]:
    wanted = {_reference(each.get("medicationReference")).rpartition("/")[2] for each in entries}
    return [each for each in _of_type(bundle, "Medication") if each.get("id") in wanted]


def _has_token(resource: Json, name: str, wanted: frozenset[str]) -> bool:
    return not wanted.isdisjoint(_tokens(resource.get(name)))


def _tokens(concepts: object) -> Iterator[str]:
    """Give every way in which a token search may name the codes of an element: ``code``, ``system|code``."""
    for concept in _listed(concepts):
        for coding in _listed(concept.get("coding")) if isinstance(concept, Mapping) else ():
            if isinstance(coding, Mapping):
                yield str(coding.get("code"))
                yield f"{coding.get('system', '')}|{coding.get('code')}"


def _reference(value: object) -> str:
    reference = value.get("reference") if isinstance(value, Mapping) else None
    return reference if isinstance(reference, str) else ""


def _listed(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]
