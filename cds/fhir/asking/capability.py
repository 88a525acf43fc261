"""What a FHIR server says of itself in its CapabilityStatement, as far as asking it well depends on that.

Statements are written by hand as often as not: one that is silent, garbled or plainly unfinished proves nothing, and
nothing is ever taken for absent from a chart because a line of a statement is missing.

Source: https://hl7.org/fhir/R4/capabilitystatement.html (R4, R4B and R5 alike in what is read here), and
https://hl7.org/fhir/DSTU2/conformance.html for the Conformance resource that DSTU2 servers answer with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from cds.fhir.values import Json, many, part, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["UNSAID", "Capability", "read_capability"]

_VERSION = re.compile(r"(\d{1,2}\.\d{1,2})(?:\.\d{1,4})?(?:-[0-9A-Za-z.-]{1,30})?")
_RELEASES = {"4.0": "R4", "4.1": "R4B", "4.3": "R4B", "5.0": "R5"}
"""Numbers of FHIR's releases; those between are drafts, of which nothing is known.

Source: https://hl7.org/fhir/R5/valueset-FHIR-version.html.
"""
_REFUSED = {"3": "STU3", "1": "DSTU2"}
"""Whose resources have another shape than what is read here: codes, statuses and medication stand elsewhere."""
_CREDIBLE = frozenset({"Patient", "Observation"})
_STATEMENTS = frozenset({"CapabilityStatement", "Conformance"})
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class _Type:
    """What a statement says of one resource type: parameters it can be searched by, references that are followed."""

    params: frozenset[str] = frozenset()
    includes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Capability:
    """What a server offers, by its own word; wherever that word is not to be had the answer is ``None``.

    ``version`` is FHIR's number ("4.0.1"), ``release`` its name ("R4"), both empty where unsaid or unknown;
    ``software`` is what the server calls itself.
    """

    version: str = ""
    release: str = ""
    software: str = ""
    types: Mapping[str, _Type] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    @property
    def credible(self) -> bool:
        """Whether what it leaves out is left out on purpose: it names at least patients and observations."""
        return self.types.keys() >= _CREDIBLE

    @property
    def refusal(self) -> str:
        """Why this server's charts are not read, as a sentence; nothing where they are, or where nobody can say."""
        if self.release not in _REFUSED.values():
            return ""
        number = f" ({self.version})" if self.version else ""
        return f"this FHIR server speaks {self.release}{number}, which is not read"

    def offers(self, resource_type: str) -> bool | None:
        """Say whether the server has resources of this type."""
        if resource_type in self.types:
            return True
        return False if self.credible else None

    def searches_by(self, resource_type: str, param: str) -> bool | None:
        """Say whether resources of this type can be searched by this parameter."""
        known = self.types.get(resource_type)
        if known is None or not known.params:
            return None
        return param in known.params

    def includes(self, resource_type: str, include: str) -> bool | None:
        """Say whether a search of this type follows this reference (``MedicationRequest:medication``)."""
        known = self.types.get(resource_type)
        if known is None or not known.includes:
            return None
        return bool({include, "*"} & known.includes)


UNSAID = Capability()
"""What is known of a server whose statement could not be had, or said nothing."""


def read_capability(json: object) -> Capability:
    """Read a CapabilityStatement, or DSTU2's Conformance, however incomplete it is; what is neither says nothing."""
    if not isinstance(json, dict) or text(json.get("resourceType")) not in _STATEMENTS:
        return UNSAID
    version, release = _versions(json)
    named = " ".join(filter(None, (text(part(json, "software", name)) for name in ("name", "version"))))
    software = "".join(letter for letter in named if letter.isprintable())[:_LONGEST_NAME]
    return Capability(version, release, software, MappingProxyType(_types(json)))


def _versions(json: Json) -> tuple[str, str]:
    said = text(json.get("fhirVersion"))
    found = _VERSION.fullmatch(said)
    if found is None:
        return "", "DSTU2" if json["resourceType"] == "Conformance" else ""
    number = found[1]
    return said, _RELEASES.get(number) or _REFUSED.get(number.partition(".")[0], "")


def _types(json: Json) -> dict[str, _Type]:
    """Give what each resource type is said to offer, what is said of all types added."""
    found: dict[str, _Type] = {}
    for rest in many(json.get("rest")):
        if text(part(rest, "mode")) == "client":
            continue
        common = _named(part(rest, "searchParam"), "name")
        for each in many(part(rest, "resource")):
            name = text(part(each, "type"))
            params = _named(part(each, "searchParam"), "name")
            includes = {text(include) for include in many(part(each, "searchInclude"))} - {""}
            if name:
                found[name] = _Type(params | common if params else params, frozenset(map(_include, includes)))
    return found


def _named(sent: object, member: str) -> frozenset[str]:
    return frozenset(_texts(part(each, member) for each in many(sent)))


def _texts(values: Iterable[object]) -> Iterable[str]:
    return filter(None, map(text, values))


def _include(said: str) -> str:
    """Write a reference as it is asked for: some statements write a point, and some add the target's type."""
    steps = said.replace(".", ":", 1).split(":")
    return ":".join(steps[:2])
