"""A quirk: one named way in which real records differ from a clean chart, and what it may do to an answer.

Quirks of records are pure functions of a Bundle. The line under the function's name says what real systems do, ``seen``
where, ``does`` what we make of it, and ``causes`` what a settled finding may become unknown by: nothing, where it must
stay as it was. The table in ``docs/quirks.md`` is made of these.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from cds.core.finding import Cause

Json: TypeAlias = dict[str, Any]
Pick: TypeAlias = Callable[[Json], bool]
OfEntry: TypeAlias = Callable[[Json], "Json | list[Json] | None"]
OfBundle: TypeAlias = Callable[[Json, Pick], Json]


@dataclass(frozen=True, slots=True)
class Quirk:
    """One deviation; ``family`` is the module it stands in.

    ``unseen``: an obstacle may go unseen, counted among the entries that no table knows. ``zone``: where the site is.
    """

    name: str
    about: str
    seen: str
    does: str
    causes: frozenset[Cause]
    change: OfBundle
    family: str
    unseen: bool = False
    zone: str = "UTC"

    @property
    def effect(self) -> str:
        """Say what may become of a finding, as the table tells it."""
        told = "may be unknown: " + ", ".join(sorted(each.value for each in self.causes)) if self.causes else "same"
        return told + ("; counted as not recognised" if self.unseen else "")


def everyone(_resource: Json) -> bool:
    """Take every entry."""
    return True


def some(seed: int, share: int = 50) -> Pick:
    """Take a share of the tests, diagnoses and drugs, always all entries of one: chosen by what they are about.

    A system has its oddities by the kind of entry. That it were odd in the newest entry alone would be another law: an
    older one that speaks in its place is what a chart without the newest would have said.
    """

    def picked(resource: Json) -> bool:
        return zlib.crc32(f"{seed} {about(resource)}".encode()) % 100 < share

    return picked


def about(resource: Json) -> str:
    """Say what an entry is about: its first code or its words."""
    concept = resource.get("code") or resource.get("medicationCodeableConcept") or resource.get("vaccineCode") or {}
    codings = [each for each in concept.get("coding") or [] if each] if isinstance(concept, dict) else []
    return f"{resource.get('resourceType')} {codings[0].get('code') if codings else concept}"


QUIRKS: list[Quirk] = []
"""Every quirk of records, in the order of the table."""


def of_entries(
    *types: str,
    seen: str,
    does: str,
    causes: tuple[Cause, ...] = (),
    unseen: bool = False,
    zone: str = "UTC",
) -> Callable[[OfEntry], OfEntry]:
    """Register a quirk of single entries of some types: given a copy, it gives what takes its place, or nothing."""

    def register(change: OfEntry) -> OfEntry:
        def over(bundle: Json, pick: Pick) -> Json:
            return bundle | {
                "entry": [new for entry in bundle["entry"] for new in _replaced(entry, change, frozenset(types), pick)]
            }

        _register(change, over, seen, does, causes, unseen=unseen, zone=zone)
        return change

    return register


def of_bundles(seen: str, does: str, causes: tuple[Cause, ...] = ()) -> Callable[[OfBundle], OfBundle]:
    """Register a quirk of the Bundle as a whole."""

    def register(change: OfBundle) -> OfBundle:
        _register(change, change, seen, does, causes)
        return change

    return register


def _register(  # noqa: PLR0913 - the same
    named: Callable[..., object],
    change: OfBundle,
    seen: str,
    does: str,
    causes: tuple[Cause, ...],
    *,
    unseen: bool = False,
    zone: str = "UTC",
) -> None:
    name = named.__name__.replace("_", " ")
    family = named.__module__.rpartition(".")[2]
    about_it = " ".join((named.__doc__ or "").split())
    QUIRKS.append(Quirk(name, about_it, seen, does, frozenset(causes), change, family, unseen, zone))


def _replaced(entry: Json, change: OfEntry, types: frozenset[str], pick: Pick) -> list[Json]:
    resource = entry.get("resource")
    if not isinstance(resource, dict) or (types and resource.get("resourceType") not in types) or not pick(resource):
        return [entry]
    changed = change(copied(resource))
    if changed is None:
        return [entry]
    first, *more = changed if isinstance(changed, list) else [changed]
    return [entry | {"resource": first}, *({"resource": each} for each in more)]


def touches(before: Json, after: Json) -> bool:
    """Say whether a quirk found anything to change: entries that it leaves alone are the same objects."""
    entries = before["entry"], after["entry"]
    return len(entries[0]) != len(entries[1]) or any(was is not now for was, now in zip(*entries, strict=True))


def copied(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    """Copy JSON; what cannot change is shared."""
    if isinstance(value, dict):
        return {name: copied(each) for name, each in value.items()}
    return [copied(each) for each in value] if isinstance(value, list) else value


def named(name: str) -> Quirk:
    """Give the quirk of that name."""
    return next(each for each in QUIRKS if each.name == name)
