"""Resources sorted by type before they are read: duplicates joined, garbage and warnings set apart."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from cds.core.chart import Kind, Lost
from cds.fhir.names import KIND_OF, KNOWN
from cds.fhir.values import Json, many, part, text, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Sent: TypeAlias = tuple[object, str, "Kind | None"]
"""A resource as sent, the URL of its entry, and the kind of entry it can only be (none: any)."""

_DEEPEST_BUNDLE = 3


class Entry(msgspec.Struct, frozen=True):
    """One resource with the reference it is called by and the URL of its entry in a Bundle."""

    resource: Json
    reference: str
    url: str


@dataclass(slots=True)
class Sorted:
    """What was sent, by type.

    ``warned`` holds the kinds of which a server said that something may be missing (none: any of them); ``lost`` what
    was no resource, or one of no known type.
    """

    groups: dict[str, list[Entry]] = field(default_factory=dict)
    warned: list[Kind | None] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)

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
        if depth and isinstance(resource, dict) and resource.get("resourceType") == "Bundle":
            yield from bundle_entries(resource, depth - 1)
        else:
            url = entry.get("fullUrl")
            yield resource, url if isinstance(url, str) else "", None


def pages_missing(bundle: Json) -> bool:
    """Say whether a Bundle announces more than it holds: a next page, or a larger total of matches."""
    if any(word(part(link, "relation")) == "next" for link in many(bundle.get("link"))):
        return True
    total = bundle.get("total")
    return isinstance(total, int) and total > matches(bundle)


def matches(bundle: Json) -> int:
    """Count the entries of a Bundle that a search found, those that only came with them left out."""
    return sum(part(each, "search", "mode") not in _BESIDES for each in many(bundle.get("entry")))


_BESIDES = frozenset({"include", "outcome"})


def sort(sent: Iterable[Sent]) -> Sorted:
    """Sort resources by type, of each the newest version only; what is no resource is lost.

    Types that tell of nothing we ask (encounters, claims) are passed over.
    """
    found = Sorted()
    places: dict[str, int] = {}
    for number, (resource, url, kind) in enumerate(sent, start=1):
        name = _type(resource)
        if name is None or not isinstance(resource, dict):
            found.lost.append(Lost(f"entry {number}", "it is not a FHIR resource", kind))
        elif name in _LOOKED_INTO:
            group = found.groups.setdefault(name, [])
            identity = resource.get("id")
            if not isinstance(identity, str) or not identity:
                group.append(Entry(resource, _nameless(name, identity, url, number), url))
                continue
            reference = f"{name}/{identity}"
            earlier = places.get(reference)
            if earlier is None:
                places[reference] = len(group)
                group.append(Entry(resource, reference, url))
            elif not _keep_newer(group, earlier, resource):
                found.lost.append(Lost(reference, _TOO_DEEP, KIND_OF.get(name)))
        elif name == "OperationOutcome" and says_incomplete(resource):
            found.warned.append(kind)
    return found


_LOOKED_INTO = frozenset({*KIND_OF, "Medication", "Consent"})


def _type(resource: object) -> str | None:
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


def _keep_newer(group: list[Entry], place: int, resource: Json) -> bool:
    """Keep of two versions the newer one; of two that do not say, the same one whatever order they came in.

    Says whether they could be compared: very deep ones cannot.
    """
    earlier = group[place]
    try:
        if earlier.resource != resource and _version(resource) > _version(earlier.resource):
            group[place] = Entry(resource, earlier.reference, earlier.url)
    except RecursionError:
        return False
    return True


def _version(resource: Json) -> tuple[float, int, bytes]:
    meta = resource.get("meta")
    sent = text(part(meta, "lastUpdated"))
    try:
        moment = dt.datetime.fromisoformat(sent)
        updated = (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()
    except (ValueError, OverflowError):
        updated = float("-inf")
    version = str(part(meta, "versionId") or "")
    number = int(version) if version.isascii() and version.isdigit() and len(version) < _LONGEST_VERSION else -1
    return updated, number, msgspec.json.encode(resource, order="sorted", enc_hook=str)


_LONGEST_VERSION = 20
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
