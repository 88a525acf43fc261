"""Prefetch out of files: the simple searches of templates, evaluated over resources; no FHIR server is needed.

Only what is evaluated exactly is sent: a search with any other parameter is left out, and said.
Source: https://hl7.org/fhir/R4/search.html (reference and token parameters).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cds.ehr.templates import LeftOutError
from cds.errors import NoPatient
from cds.fhir.values import many

if TYPE_CHECKING:
    from cds.ehr.templates import Question

__all__ = ["FromFiles", "only_patient"]

Json = dict[str, Any]
_ABOUT = ("subject", "patient", "beneficiary", "individual")
_TOKENS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "category": ("category",),
        "code": ("code", "medicationCodeableConcept"),
        "vaccine-code": ("vaccineCode",),
        "clinical-status": ("clinicalStatus",),
        "verification-status": ("verificationStatus",),
        "status": ("status",),
        "intent": ("intent",),
    }
)
"""Token parameters, and the elements that they look into in the types of resources that have them."""
_NO_MATTER = frozenset({"_count"})
"""How many entries a page has: all are sent on one."""


@dataclass(frozen=True, slots=True)
class FromFiles:
    """Answers questions out of the resources of files."""

    resources: tuple[Json, ...]

    async def ask(self, asked: Question) -> Json | None:
        """Give the resource, or the matches of the search."""
        of_type = [each for each in self.resources if each.get("resourceType") == asked.resource_type]
        if asked.id is not None:
            return next((each for each in of_type if each.get("id") == asked.id), None)
        tests = [_test(name, value) for name, value in asked.params if name not in _NO_MATTER]
        found = [each for each in of_type if all(test(each) for test in tests)]
        bundle: Json = {"resourceType": "Bundle", "type": "searchset", "total": len(found)}
        entries = [{"resource": each, "search": {"mode": "match"}} for each in found]
        return bundle | ({"entry": entries} if entries else {})


def only_patient(resources: Iterable[Json]) -> str:
    """Give the id of the one patient among resources; raise ``NoPatient`` where there is none, or several."""
    ids = {str(each["id"]) for each in resources if each.get("resourceType") == "Patient" and "id" in each}
    if len(ids) != 1:
        raise NoPatient(f"--bundle: holds {'several patients' if ids else 'no patient'}; say which with --patient")
    return ids.pop()


def _test(name: str, value: str) -> Callable[[Json], bool]:
    if name == "_id":
        return lambda each: each.get("id") in value.split(",")
    if name in {"patient", "subject"}:
        return lambda each: _is_about(each, value.removeprefix("Patient/"))
    if name not in _TOKENS:
        raise LeftOutError("it searches by a parameter that is not evaluated over files")
    wanted = value.split(",")
    return lambda each: any(_matches(coding, token) for coding in _codings(each, name) for token in wanted)


def _is_about(resource: Json, patient_id: str) -> bool:
    about = next((resource[name] for name in _ABOUT if name in resource), None)
    reference = about.get("reference") if isinstance(about, dict) else None
    return isinstance(reference, str) and (f"/{reference}".endswith(f"/Patient/{patient_id}"))


def _codings(resource: Json, name: str) -> list[tuple[str, str]]:
    """Give (system, code) of every coding of an element; a bare code has no system."""
    found: list[tuple[str, str]] = []
    for element in _TOKENS[name]:
        for each in many(resource.get(element)):
            if isinstance(each, str):
                found.append(("", each))
            elif isinstance(each, dict):
                codings = [coding for coding in many(each.get("coding")) if isinstance(coding, dict)]
                found += [(str(coding.get("system", "")), str(coding.get("code", ""))) for coding in codings]
    return found


def _matches(coding: tuple[str, str], token: str) -> bool:
    system, bar, code = token.rpartition("|")
    return (not bar or coding[0] == system) and (not code or coding[1] == code)
