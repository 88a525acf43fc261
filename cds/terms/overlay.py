"""A site's overlay: tables of the same form, read last, that add to what is shipped, change it and switch rows off.

What the site says wins over what is shipped about the same thing, and what lost is kept beside it, so that it can be
told. The site may change what a concept's silence means or how long a result counts; it may not change what the
concept is: trials were written for that.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cds.core.codes import Code, normalised_code
from cds.errors import BadMapping
from cds.files import Block
from cds.terms.tables import Dropped, Policy, Tables, read_overlay

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from cds.files import Row

    Report = Callable[[BadMapping], None]

MEMBERSHIP = "class"
"""What stands in the column ``system`` of ``off.csv`` where it switches off that an ingredient belongs to a class."""
_FIXED = ("kind", "broader", "quantity", "unit")


def with_overlay(base: Tables, shipped: Path, overlay: Path, report: Report) -> Tables:
    """Read an overlay and lay it over the tables of the folder ``shipped``; every fault of it is reported."""
    return overlaid(base, read_overlay(overlay, overlay_name(shipped, overlay), report), report)


def overlay_name(shipped: Path, overlay: Path) -> str:
    """Give the name that places in an overlay begin with: its folder's, which is never that of the shipped tables."""
    whole = overlay.resolve()
    return whole.name if whole.name != shipped.name else f"{whole.parent.name}/{whole.name}"


def overlaid(base: Tables, site: Tables, report: Report) -> Tables:
    """Give both together as tables in which nothing shipped stands that the site has replaced or switched off."""
    dropped: list[Dropped] = []

    def over(shipped: list[Row], own: list[Row], *columns: str) -> list[Row]:
        winners = {_key(row, columns): row for row in own}
        dropped.extend(Dropped(row, winners[key]) for row in shipped if (key := _key(row, columns)) in winners)
        return [row for row in shipped if _key(row, columns) not in winners] + own

    merged = replace(
        base,
        concepts=_policies(base, site, report),
        units=over(base.units, site.units, "quantity", "unit"),
        classes=over(_members(base, site, dropped), site.classes, "class_id", "ingredient"),
        systems=over(base.systems, site.systems, "system"),
        crosswalks=over(base.crosswalks, site.crosswalks, "from_concept", "from_low", "from_high", "to_concept"),
        half_lives=over(base.half_lives, site.half_lives, "ingredient"),
        equivalents=over(base.equivalents, site.equivalents, "scale", "ingredient"),
        normals=over(base.normals, site.normals, "concept_id"),
        off=site.off,
        dropped=dropped,
    )
    merged.codes = _codes(base, site, merged)
    return merged


def _key(row: Row, columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(" ".join(row[column].split()) for column in columns)


def _policies(base: Tables, site: Tables, report: Report) -> dict[str, list[Policy]]:
    """Lay the site's policies over the shipped ones field by field; what is not shipped is a concept of the site's."""
    shipped = {policy.id for policies in base.concepts.values() for policy in policies}
    changes: dict[str, Policy] = {}
    for policy in (policy for policies in site.concepts.values() for policy in policies):
        if policy.id in changes and policy.id in shipped:
            report(BadMapping(f"{policy.place}: stands twice, first at {changes[policy.id].place}"))
        changes[policy.id] = policy

    def changed(policy: Policy) -> Policy:
        change = changes.get(policy.id)
        return policy if change is None else _changed(policy, change, report)

    together = {file: [changed(policy) for policy in policies] for file, policies in base.concepts.items()}
    for file, policies in site.concepts.items():
        together[file] = [policy for policy in policies if policy.id not in shipped]
    return together


def _changed(policy: Policy, change: Policy, report: Report) -> Policy:
    fixed = [name for name in _FIXED if name in change.block and change.block[name] != policy.block.get(name)]
    if fixed:
        told = ", ".join(fixed)
        report(BadMapping(f"{change.place}: an overlay may not change what a shipped concept is: {told}"))
        return policy
    block = Block(policy.block | change.block)
    scores, own = policy.block.get("answers"), change.block.get("answers")
    if isinstance(scores, Block) and isinstance(own, Block):
        block["answers"] = Block(scores | own)
    block.line = change.block.line
    return Policy(policy.id, change.place, block)


def _members(base: Tables, site: Tables, dropped: list[Dropped]) -> list[Row]:
    off = {(row["concept_id"], row["code"]): row for row in site.off if row["system"] == MEMBERSHIP}
    lost = [Dropped(row, by) for row in base.classes if (by := off.get((row["class_id"], row["ingredient"])))]
    dropped.extend(lost)
    places = {each.row.place for each in lost}
    return [row for row in base.classes if row.place not in places]


def _codes(base: Tables, site: Tables, merged: Tables) -> dict[str, list[Row]]:
    rules = _Rules(site, merged)
    kept: dict[str, list[Row]] = {}
    for file, rows in base.codes.items():
        kept[file] = []
        for row in rows:
            by = rules.against(row)
            if by is None:
                kept[file].append(row)
            else:
                merged.dropped.append(Dropped(row, by))
    return kept | site.codes


class _Rules:
    """What the site says of codes, by what a shipped row must be like for it to give way."""

    def __init__(self, site: Tables, merged: Tables) -> None:
        self._aliases = {row["system"]: row["canonical"] for row in merged.systems}
        self._kinds: Mapping[str, object] = {
            policy.id: policy.block.get("kind") for policies in merged.concepts.values() for policy in policies
        }
        self._off = {(self._code(row), row["concept_id"]): row for row in site.off if row["system"] != MEMBERSHIP}
        self._instead: dict[tuple[Code, object, str], Row] = {}
        self._denied: dict[tuple[Code, str], Row] = {}
        for row in (row for rows in site.codes.values() for row in rows):
            if row["include"] == "-":
                self._denied[self._code(row), row["concept_id"]] = row
            else:
                self._instead.setdefault((self._code(row), self._kinds.get(row["concept_id"]), row["match"]), row)

    def _code(self, row: Row) -> Code:
        system = row["system"]
        return normalised_code(Code(self._aliases.get(system, system), row["code"]))

    def against(self, row: Row) -> Row | None:
        """Give the site's row that a shipped row gives way to, or nothing.

        A claim of the site stands in for all that is shipped of the code, the kind and the match; that a code is *not*
        a concept stands in only for what is shipped of that concept.
        """
        code, concept = self._code(row), row["concept_id"]
        switched = self._off.get((code, concept))
        if switched is not None:
            return switched
        denied = self._denied.get((code, concept)) if row["match"] == "exact" else None
        return denied or self._instead.get((code, self._kinds.get(concept), row["match"]))
