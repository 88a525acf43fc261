"""What a reader of ``mappings/`` should be told before a patient is: every fault of the tables, with its place."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from cds.core.vocabulary import ConceptKind
from cds.errors import BadMapping
from cds.files import Fault, by_place
from cds.terms.lint_rows import across_code_tables, claims, code_tables, ordered, same_file
from cds.terms.load import positive_span, vocabulary_of, years
from cds.terms.overlay import overlay_name, with_overlay
from cds.terms.scope import lint_scope
from cds.terms.tables import read_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from fractions import Fraction
    from pathlib import Path

    from cds.core.vocabulary import Vocabulary
    from cds.files import Row
    from cds.terms.tables import Policy, Tables

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def lint_mappings(folder: Path) -> list[Fault]:
    """Find every fault in a ``mappings/`` folder, sorted by place; an empty list means that it may be used."""
    problems: list[BadMapping] = []
    tables = read_tables(folder, problems.append)
    faults = {*_files(folder, folder.name), *_faults(tables, problems)}
    if not problems:
        faults.update(lint_scope(folder, folder.name, vocabulary_of(tables)))
    return sorted(faults, key=by_place)


def lint_overlay(folder: Path, overlay: Path) -> list[Fault]:
    """Find the faults that a site's overlay brings to a ``mappings/`` folder; those of the folder itself are left out.

    A shipped row that is at fault only because of what the overlay says is told as a fault of the overlay.
    """
    known: list[BadMapping] = []
    problems: list[BadMapping] = []
    base = read_tables(folder, known.append)
    name = overlay_name(folder, overlay)
    together = with_overlay(base, folder, overlay, problems.append)
    new = _faults(together, problems) - _faults(base, known)
    own = {each for each in new if each.place == name or each.place.startswith(f"{name}/")}
    faults = own | {Fault(name, f"makes a fault of {each}") for each in new - own}
    if not problems:
        faults.update(lint_scope(overlay, name, vocabulary_of(together)))
    return sorted({*_files(overlay, name), *faults, *_switched_off(together)}, key=by_place)


def _switched_off(tables: Tables) -> Iterator[Fault]:
    used = {each.by.place for each in tables.dropped}
    for row in tables.off:
        if row.place not in used:
            yield Fault(row.place, "switches off a row that is not there")
        if not row["reason"]:
            yield Fault(row.place, "say why the row is switched off")


def _faults(tables: Tables, problems: list[BadMapping]) -> set[Fault]:
    kinds = {policy.id: str(policy.block.get("kind", "")) for policy in _policies(tables)}
    faults = {
        *_concepts(tables, kinds),
        *_units(tables),
        *_classes(tables, kinds),
        *_systems(tables),
        *_crosswalks(tables),
        *_half_lives(tables, kinds),
        *_equivalents(tables, kinds),
        *_normals(tables, kinds),
        *code_tables(tables, kinds),
        *across_code_tables(tables, kinds),
    }
    try:
        faults |= set(_scales(tables, vocabulary_of(tables)))
    except BadMapping as problem:
        problems.append(problem)
    told = {fault.place for fault in faults}
    return faults | {fault for fault in map(Fault.of, problems) if fault.place not in told}


def _policies(tables: Tables) -> Iterator[Policy]:
    return (policy for policies in tables.concepts.values() for policy in policies)


def _files(folder: Path, name: str) -> Iterator[Fault]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".csv", ".yaml"} and b"\r" in path.read_bytes():
            yield Fault(f"{name}/{path.relative_to(folder).as_posix()}", "lines must end in LF alone")


def _concepts(tables: Tables, kinds: Mapping[str, str]) -> Iterator[Fault]:
    for policies in tables.concepts.values():
        for earlier, later in pairwise(policies):
            if later.id < earlier.id:
                yield Fault(_line(later), f"{later.id} stands after {earlier.id}: not sorted")
    seen: dict[str, str] = {}
    for policy in _policies(tables):
        if policy.id in seen:
            yield Fault(_line(policy), f"{policy.id} is defined twice, first in {seen[policy.id]}")
        seen.setdefault(policy.id, _line(policy))
        if not _SLUG.fullmatch(policy.id):
            yield Fault(_line(policy), f"{policy.id} is not a lower-case slug")
    yield from _trees(tables, kinds)


def _trees(tables: Tables, kinds: Mapping[str, str]) -> Iterator[Fault]:
    parents: dict[str, list[str]] = {}
    for policy in _policies(tables):
        above = policy.block.get("broader", [])
        parents[policy.id] = [name for name in above if isinstance(name, str)] if isinstance(above, list) else []
    for policy in _policies(tables):
        for parent in parents[policy.id]:
            if kinds.get(parent, kinds[policy.id]) != kinds[policy.id]:
                yield Fault(_line(policy), f"{policy.id}: broader: {parent} is of another kind")
        if _reaches_itself(policy.id, parents):
            yield Fault(_line(policy), f"{policy.id}: broader leads back to itself")


def _line(policy: Policy) -> str:
    return policy.place.partition(": ")[0]


def _reaches_itself(name: str, parents: Mapping[str, list[str]]) -> bool:
    seen: set[str] = set()
    waiting = list(parents[name])
    while waiting:
        above = waiting.pop()
        if above == name:
            return True
        if above not in seen:
            seen.add(above)
            waiting.extend(parents.get(above, []))
    return False


def _scales(tables: Tables, vocabulary: Vocabulary) -> Iterator[Fault]:
    """Find scores and limits that no result can have: such an answer would never count, and nobody would know why."""
    for policy in _policies(tables):
        scale = vocabulary.concepts[policy.id].scale
        if scale is None:
            continue
        low, high = scale.plausible or (None, None)
        for code, score in scale.answers.items():
            if not _between(low, score, high):
                yield Fault(_line(policy), f"{policy.id}: the answer {code.value!r} scores {score}: not plausible")
        measurable = scale.quantifiable_from
        if measurable is not None and not (measurable > 0 and _between(low, measurable, high)):
            yield Fault(_line(policy), f"{policy.id}: quantifiable_from must be above nought and plausible")


def _between(low: Fraction | None, number: Fraction, high: Fraction | None) -> bool:
    return (low is None or low <= number) and (high is None or number <= high)


def _units(tables: Tables) -> Iterator[Fault]:
    rows: dict[tuple[str, str], Row] = {}
    spellings: dict[tuple[str, str], Row] = {}
    for row in tables.units:
        key = row["quantity"], " ".join(row["unit"].split())
        if key in rows:
            yield Fault(row.place, f"the unit {row['unit']!r} stands twice for {row['quantity']}")
        rows[key] = row
        alike = spellings.setdefault((row["quantity"], _folded(row["unit"])), row)
        if alike["factor"] != row["factor"]:
            yield Fault(row.place, f"{row['unit']!r} looks like {alike['unit']!r} and has another factor")
        if not row["source"]:
            yield Fault(row.place, "a factor needs a source")


def _folded(unit: str) -> str:
    """Give what a person would take to be the same spelling of a unit."""
    text = "".join(unit.split()).casefold().replace("^", "*")
    for sign in ("µ", "μ", "mcl", "mcg", "mcmol"):
        text = text.replace(sign, sign.replace("mc", "u") if sign.startswith("mc") else "u")
    return text


def _classes(tables: Tables, kinds: Mapping[str, str]) -> Iterator[Fault]:
    yield from ordered(tables.classes, ("class_id", "ingredient"))
    for row in tables.classes:
        for column, kind in (("class_id", ConceptKind.DRUG_CLASS), ("ingredient", ConceptKind.INGREDIENT)):
            if kinds.get(row[column]) != kind.value:
                yield Fault(row.place, f"{row[column]!r} is not a concept of kind {kind.value}")
        yield from claims(row)


def _crosswalks(tables: Tables) -> Iterator[Fault]:
    for row in tables.crosswalks:
        if row["verified"] == "yes" and not row["source"]:
            yield Fault(row.place, "verified, but no source is named")


def _half_lives(tables: Tables, kinds: Mapping[str, str]) -> Iterator[Fault]:
    yield from ordered(tables.half_lives, ("ingredient",))
    for row in tables.half_lives:
        yield from _ingredients(row, ("ingredient",), kinds)
        yield from _span(row, "hours_low", "hours_high")
        yield from claims(row)


def _equivalents(tables: Tables, kinds: Mapping[str, str]) -> Iterator[Fault]:
    """Find faults of the dose equivalents; a scale without its own drug at one to one is one."""
    yield from ordered(tables.equivalents, ("scale", "ingredient"))
    own = {
        row["scale"]
        for row in tables.equivalents
        if row["scale"] == row["ingredient"] and {row["factor_low"], row["factor_high"]} == {"1"}
    }
    for row in tables.equivalents:
        yield from _ingredients(row, ("scale", "ingredient"), kinds)
        yield from _span(row, "factor_low", "factor_high")
        yield from claims(row)
        if row["scale"] not in own:
            yield Fault(row.place, f"the scale {row['scale']} does not hold {row['scale']} itself as 1")


def _ingredients(row: Row, columns: Iterable[str], kinds: Mapping[str, str]) -> Iterator[Fault]:
    for column in columns:
        if kinds.get(row[column]) != ConceptKind.INGREDIENT.value:
            yield Fault(row.place, f"{row[column]!r} is not a concept of kind ingredient")


def _span(row: Row, from_column: str, to_column: str) -> Iterator[Fault]:
    try:
        positive_span(row, from_column, to_column)
    except BadMapping as problem:
        yield Fault.of(problem)


def _normals(tables: Tables, kinds: Mapping[str, str]) -> Iterator[Fault]:
    """Find faults of a site's ranges of normal, and two of them that speak of the same people."""
    earlier: dict[tuple[str, str], list[Row]] = {}
    for before, row in pairwise(tables.normals):
        if row["concept_id"] < before["concept_id"] and same_file(before, row):
            yield Fault(row.place, f"{row['concept_id']} stands after {before['concept_id']}: not sorted")
    for row in tables.normals:
        if kinds.get(row["concept_id"]) != ConceptKind.MEASUREMENT.value:
            yield Fault(row.place, f"{row['concept_id']!r} is not a concept of kind measurement")
        if not row["source"]:
            yield Fault(row.place, "a range of normal needs a source")
        alike = earlier.setdefault((row["concept_id"], row["sex"]), [])
        yield from (
            Fault(row.place, f"is for the same people as {other.place}") for other in alike if _same_ages(row, other)
        )
        alike.append(row)


def _same_ages(row: Row, other: Row) -> bool:
    try:
        (first, last), (other_first, other_last) = years(row), years(other)
    except BadMapping:
        return False
    begins_before = last is None or (other_first or 0) < last
    return begins_before and (other_last is None or (first or 0) < other_last)


def _systems(tables: Tables) -> Iterator[Fault]:
    seen = set()
    for row in tables.systems:
        if row["system"] in seen:
            yield Fault(row.place, f"{row['system']} stands twice")
        seen.add(row["system"])
        if row["system"] == row["canonical"]:
            yield Fault(row.place, f"{row['system']} is an alias of itself")
