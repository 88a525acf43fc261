"""What Observations of their own say of a variant: its clinical significance, the change of the protein, its kind.

HL7 Genomics Reporting keeps these apart from the variant from its second release on: a diagnostic implication says what
a variant means, a molecular consequence what it does to the protein, and each points to its variant by ``derivedFrom``
(http://hl7.org/fhir/uv/genomics-reporting, profiles diagnostic-implication and molecular-consequence). What is said of
several variants together (a compound heterozygote) is said of none of them alone, and what is not final is not said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cds.core.codes import Code
from cds.fhir.reading.versions import Entry, server_of
from cds.fhir.values import Json, many, part, text, word

if TYPE_CHECKING:
    from collections.abc import Iterable

_TBD = "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/tbd-codes-cs"
DIAGNOSTIC = Code(_TBD, "diagnostic-implication")
CONSEQUENCE = Code(_TBD, "molecular-consequence")
IMPLICATIONS = (DIAGNOSTIC, CONSEQUENCE)
"""The codes of what is told beside a variant; a search for variants asks for these as well."""
SIGNIFICANCE = "53037-8"
_SPOKEN_FOR = {
    DIAGNOSTIC: frozenset({SIGNIFICANCE}),
    CONSEQUENCE: frozenset({"48005-3", "48004-6", "51958-7", "feature-consequence"}),
}
"""The components that each kind may speak for: a therapeutic implication's significance is that for a drug, and is
left out."""
_FINAL = frozenset({"final", "amended", "corrected", "appended"})


class Implications:
    """The implications that came with a chart, found by the variant they are about."""

    __slots__ = ("_of",)

    def __init__(self, sent: Iterable[Entry] = ()) -> None:
        """Take a patient's Observations, those that are no implications too, with the URLs of their entries."""
        entries = list(sent)
        telling = [(each, kind) for each in entries if (kind := _kind(each.resource)) is not None]
        self._of: dict[int, list[Json]] = {}
        if not telling:
            return
        named: dict[str, list[Entry]] = {}
        for each in entries:
            for name in {each.reference, each.url} - {""}:
                named.setdefault(name, []).append(each)
        for each, kind in telling:
            if (about := _about(each, named)) is not None:
                self._of.setdefault(id(about), []).extend(_spoken(each.resource, kind))

    def of(self, variant: Json) -> list[Json]:
        """Give the components in which others speak of a variant; the variant is known by being the same object."""
        return self._of.get(id(variant), [])


def _kind(resource: Json) -> Code | None:
    """Give which implication an Observation is; nothing where it is none, or is not final."""
    if "derivedFrom" not in resource or word(resource.get("status")) not in _FINAL:
        return None
    return next((kind for kind in IMPLICATIONS if _is(resource.get("code"), kind)), None)


def _is(concept: object, code: Code) -> bool:
    return any(
        (text(part(each, "system")), text(part(each, "code"))) == (code.system, code.value)
        for each in _codings(concept)
    )


def _codings(concept: object) -> list[Any]:
    return many(concept.get("coding")) if isinstance(concept, dict) else []


def _about(each: Entry, named: dict[str, list[Entry]]) -> Json | None:
    """Give the one Observation that an implication is derived from; nothing where there are several, or none came."""
    sent = many(each.resource.get("derivedFrom"))
    if len(sent) != 1:
        return None
    reference = text(part(sent[0], "reference")).partition("/_history/")[0]
    named_so = named.get(reference) or named.get(_relative(reference), [])
    found = [other for other in named_so if reference == other.url or _same_server(reference, other, each)]
    return found[0].resource if len(found) == 1 else None


def _relative(reference: str) -> str:
    tail = reference.rpartition("/")[2].rpartition(":")[2]
    return f"Observation/{tail}" if tail else ""


def _same_server(reference: str, other: Entry, each: Entry) -> bool:
    """Say whether an id means the same on both sides: no server is named twice, or it is the same one."""
    return len({server_of(reference) or server_of(each.url), server_of(other.url)} - {""}) <= 1


def _spoken(resource: Json, kind: Code) -> list[Json]:
    """Give the components that an implication may speak for."""
    mine = _SPOKEN_FOR[kind]
    return [
        each
        for each in many(resource.get("component"))
        if isinstance(each, dict) and any(text(part(one, "code")) in mine for one in _codings(each.get("code")))
    ]
