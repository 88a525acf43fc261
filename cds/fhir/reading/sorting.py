"""Resources sorted by type before they are read: duplicates joined, garbage and warnings set apart."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

from cds.core.chart import Kind, Lost
from cds.fhir.names import KIND_OF, KNOWN
from cds.fhir.reading.versions import Entry, by_server, newest
from cds.fhir.values import Json, many, part, text, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Sent: TypeAlias = tuple[object, str, "Kind | None"]
"""A resource as sent, the URL of its entry, and the kind of entry it can only be (none: any)."""

_DEEPEST_BUNDLE = 3


@dataclass(slots=True)
class Sorted:
    """What was sent, by type.

    ``warned`` holds the kinds of which a server said that something may be missing (none: any of them); ``lost`` what
    was no resource, or one of no known type; ``twins`` other versions of a patient, of which none is the newer.
    """

    groups: dict[str, list[Entry]] = field(default_factory=dict)
    warned: list[Kind | None] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    twins: list[Entry] = field(default_factory=list)

    def of(self, name: str) -> list[Entry]:
        """Give the resources of a type."""
        return self.groups.get(name, [])


def bundle_entries(bundle: Json, depth: int = _DEEPEST_BUNDLE) -> Iterator[Sent]:
    """Give the resources of a Bundle's entries, those of Bundles inside it included."""
    for entry in many(bundle.get("entry")):
        if not isinstance(entry, dict):
            yield None, "", None
            continue
        resource = entry.get("resource")
        if depth and is_bundle(resource):
            yield from bundle_entries(resource, depth - 1)
        else:
            url = entry.get("fullUrl")
            yield resource, url if isinstance(url, str) else "", None
    if isinstance(bundle.get("issues"), dict):  # R5: an OperationOutcome about the Bundle as a whole
        yield bundle["issues"], "", None


def holds_document(bundle: Json, depth: int = _DEEPEST_BUNDLE) -> bool:
    """Say whether a Bundle is a document, or holds one: a selection that somebody made, not a record."""
    if word(bundle.get("type")) == "document":
        return True
    inside = (part(entry, "resource") for entry in many(bundle.get("entry"))) if depth else ()
    return any(is_bundle(each) and holds_document(each, depth - 1) for each in inside)


def pages_missing(bundle: Json, depth: int = _DEEPEST_BUNDLE) -> bool:
    """Say whether a Bundle, or one inside it, announces more than it holds: a next page, a larger total of matches."""
    if any(word(part(link, "relation")) == "next" for link in many(bundle.get("link"))):
        return True
    total = announced(bundle)
    if total is not None and total > matches(bundle):
        return True
    inside = (part(entry, "resource") for entry in many(bundle.get("entry"))) if depth else ()
    return any(is_bundle(each) and pages_missing(each, depth - 1) for each in inside)


def is_bundle(resource: object) -> TypeGuard[Json]:
    """Say whether a resource is a Bundle."""
    return isinstance(resource, dict) and resource.get("resourceType") == "Bundle"


def announced(bundle: Json) -> float | Decimal | None:
    """Give the total of matches that a Bundle announces, also where it stands as text; nothing where it says none."""
    total = bundle.get("total")
    if isinstance(total, str):
        digits = total.strip()
        return Decimal(digits) if digits.isascii() and digits.isdigit() else None
    if isinstance(total, Decimal):
        return total if total.is_finite() else None
    return total if isinstance(total, int) or (isinstance(total, float) and math.isfinite(total)) else None


def matches(bundle: Json) -> int:
    """Count the entries of a Bundle that a search found, those that only came with them left out."""
    return sum(word(part(each, "search", "mode")) not in _BESIDES for each in many(bundle.get("entry")))


_BESIDES = frozenset({"include", "outcome"})


def sort(sent: Iterable[Sent]) -> Sorted:
    """Sort resources by type, of each the newest version only; what is no resource is lost.

    Types that tell of nothing we ask (encounters, claims) are passed over.
    """
    found = Sorted()
    versions: dict[str, dict[str, list[Entry]]] = {}
    for number, (resource, url, kind) in enumerate(sent, start=1):
        name = type_of(resource)
        if name is None or not isinstance(resource, dict):
            found.lost.append(Lost(f"entry {number}", "it is not a FHIR resource", kind))
        elif name in _LOOKED_INTO:
            identity = resource.get("id")
            named = isinstance(identity, str) and identity != ""
            reference = f"{name}/{identity}" if named else _nameless(name, identity, url, number)
            key = reference if named else f"#{number}"
            versions.setdefault(name, {}).setdefault(key, []).append(Entry(resource, reference, url))
        elif name in _OF_OTHER_RELEASES:
            found.lost.append(Lost(f"entry {number}", _OTHER_RELEASE, Kind.MEDICATION))
        elif name == "Bundle":
            found.lost.append(Lost(f"entry {number}", "Bundles stand too deep inside one another", kind))
        elif name == "OperationOutcome" and says_incomplete(resource):
            found.warned.append(kind)
    for name, by_reference in versions.items():
        found.groups[name] = [kept for same in by_reference.values() for kept in _settled(name, same, found)]
    return found


_OF_OTHER_RELEASES = frozenset({"MedicationOrder", "MedicationPrescription", "MedicationUsage"})
"""Orders of DSTU2 and DSTU1, and what drafts of R5 called MedicationStatement: they tell of drugs and are not read."""
_OTHER_RELEASE = "its type is of a FHIR release that is not read"

_REFUSALS = frozenset({"Flag", "Consent"})
_LOOKED_INTO = frozenset({*KIND_OF, "Medication", *_REFUSALS})


def type_of(resource: object) -> str | None:
    """Give the resource's type: ours by its proper name, others as sent, nothing for what cannot be a type."""
    name = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(name, str):
        return None
    if name in KIND_OF:
        return name
    proper = KNOWN.get(name.strip().casefold())
    return proper or (name if name.isalpha() and name[0].isupper() else None)


def _nameless(name: str, identity: object, url: str, number: int) -> str:
    """Give a resource without a proper id something to be called by."""
    if isinstance(identity, int):
        return f"{name}/{identity}"
    tail = url.rpartition("/")[2].rpartition(":")[2]
    return f"{name}/{tail}" if tail else f"{name} (entry {number})"


_TOO_DEEP = "two versions of it cannot be compared"
_DIFFERING = "sent in two versions that differ"


def _settled(name: str, same: list[Entry], found: Sorted) -> list[Entry]:
    """Give what counts of the entries of one type and id: the newest of each server's.

    Of versions that do not say which is newer and yet differ none can be trusted: they are lost. Of a patient one is
    kept and the others are set apart; of flags and consents each counts. Very deep ones cannot be compared.
    """
    if len(same) == 1:
        return same
    kept: list[Entry] = []
    kind = Kind.MEDICATION if name == "Medication" else KIND_OF.get(name)
    try:
        for entries in by_server(same):
            latest = newest(entries)
            if len(latest) == 1 or name in _REFUSALS:
                kept += latest
            elif name == "Patient":
                kept.append(latest[0])
                found.twins += latest[1:]
            else:
                found.lost.append(Lost(same[0].reference, _DIFFERING, kind))
    except RecursionError:
        found.lost.append(Lost(same[0].reference, _TOO_DEEP, kind))
        return same[:1]
    return kept


_HARMLESS = frozenset({"informational", "success", "not-supported"})
_NOTHING_FOUND = "returns no results"
"""How Epic says in a warning that a search found nothing, which is not that something was left out."""


def says_incomplete(outcome: Json) -> bool:
    """Say whether an OperationOutcome beside the results means that some may be missing.

    It does, unless all it holds are informational issues, warnings about a search parameter that was not applied (which
    finds more, not less), or the remark that nothing was found.
    """
    issues = many(outcome.get("issue"))
    return not issues or any(_counts(issue) for issue in issues)


def _counts(issue: object) -> bool:
    severity, code = word(part(issue, "severity")), word(part(issue, "code"))
    shown = (part(issue, "details", "text"), part(issue, "details", "coding", "display"), part(issue, "diagnostics"))
    if severity not in {"information", "success", "warning"}:
        return True
    return not (code in _HARMLESS or any(_NOTHING_FOUND in text(each).casefold() for each in shown))
