"""The tables into a vocabulary: the one thing the rest of the program knows of ``mappings/``."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NoReturn, TypeVar

from cds.core.chart import Sex
from cds.core.codes import Code
from cds.core.vocabulary import (
    Concept,
    ConceptKind,
    Crosswalk,
    Equivalent,
    HalfLife,
    Meaning,
    Normal,
    Relation,
    Shifted,
    Vocabulary,
)
from cds.errors import BadMapping
from cds.terms.concepts import concept_of, exact
from cds.terms.overlay import with_overlay
from cds.terms.tables import read_tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction
    from pathlib import Path

    from cds.files import Row
    from cds.terms.concepts import Units
    from cds.terms.tables import Tables

ChoiceT = TypeVar("ChoiceT")
YES_NO = {"yes": True, "no": False}
_RELATIONS = {relation.value: relation for relation in Relation}
_SEXES = {"": None, "female": Sex.FEMALE, "male": Sex.MALE}
_HOURS_A_DAY = 24


def load_vocabulary(folder: Path, overlay: Path | None = None) -> Vocabulary:
    """Read a ``mappings/`` folder, and a site's overlay last; raise :class:`BadMapping` with file, line and reason.

    What is refused here is what would change an answer; :func:`cds.terms.lint.lint_mappings` looks at the rest too.
    """
    return vocabulary_of(load_tables(folder, overlay))


def load_tables(folder: Path, overlay: Path | None = None) -> Tables:
    """Read the tables, with the overlay laid over them; raise :class:`BadMapping` at the first that cannot be read."""
    tables = read_tables(folder, _refuse)
    return tables if overlay is None else with_overlay(tables, folder, overlay, _refuse)


def _refuse(problem: BadMapping) -> NoReturn:
    raise problem


def vocabulary_of(tables: Tables) -> Vocabulary:
    """Turn tables into a vocabulary; raise :class:`BadMapping` at the first fault."""
    concepts = _concepts(tables)
    plain = Vocabulary(concepts={}, aliases={row["system"]: row["canonical"] for row in tables.systems})
    exact_codes: dict[Code, list[Meaning]] = defaultdict(list)
    prefixes: dict[str, dict[str, list[Meaning]]] = defaultdict(lambda: defaultdict(list))
    denied: dict[Code, set[str]] = defaultdict(set)
    for row in (row for rows in tables.codes.values() for row in rows):
        concept = _known(row, "concept_id", concepts)
        code = plain.canonical(Code(row["system"], row["code"]))
        starts = choice(row, "match", {"exact": False, "prefix": True})
        meaning = Meaning(concept.id, choice(row, "relation", _RELATIONS), _verified(row))
        if not choice(row, "include", {"+": True, "-": False}):
            if starts:
                raise BadMapping(f"{row.place}: a code that is denied must be given exactly, not by its beginning")
            denied[code].add(concept.id)
        elif starts:
            prefixes[code.system][code.value].append(meaning)
        else:
            exact_codes[code].append(meaning)
    return Vocabulary(
        concepts=concepts,
        exact={code: tuple(meanings) for code, meanings in exact_codes.items()},
        prefixes={
            system: {start: tuple(meanings) for start, meanings in starts.items()}
            for system, starts in prefixes.items()
        },
        denied={code: frozenset(names) for code, names in denied.items()},
        members=_members(tables, concepts),
        crosswalks=_crosswalks(tables, concepts),
        aliases=plain.aliases,
        half_lives=_half_lives(tables, concepts),
        equivalents=_equivalents(tables, concepts),
        normals=_normals(tables, concepts),
    )


def _concepts(tables: Tables) -> dict[str, Concept]:
    quantities = _quantities(tables)
    concepts: dict[str, Concept] = {}
    for policy in (policy for policies in tables.concepts.values() for policy in policies):
        if policy.id in concepts:
            raise BadMapping(f"{policy.place}: the concept is defined twice")
        concepts[policy.id] = concept_of(policy, quantities)
    for policy in (policy for policies in tables.concepts.values() for policy in policies):
        for parent in concepts[policy.id].broader:
            if parent not in concepts:
                raise BadMapping(f"{policy.place}: broader: there is no concept {parent!r}")
    return concepts


def _quantities(tables: Tables) -> Mapping[str, Units]:
    quantities: dict[str, Units] = defaultdict(dict)
    for row in tables.units:
        unit, (each, apart, nought) = " ".join(row["unit"].split()), row["factor"].partition(" above ")
        factor, units = exact(each, row.place), quantities[row["quantity"]]
        if factor <= 0:
            raise BadMapping(f"{row.place}: a factor must be positive")
        told = Shifted(factor, exact(nought, row.place)) if apart else factor
        if units.setdefault(unit, told) != told:
            raise BadMapping(f"{row.place}: the unit {unit!r} has two factors")
    return quantities


def _members(tables: Tables, concepts: Mapping[str, Concept]) -> Mapping[str, Mapping[str, bool]]:
    members: dict[str, dict[str, bool]] = defaultdict(dict)
    for row in tables.classes:
        group, ingredient = _known(row, "class_id", concepts), _known(row, "ingredient", concepts)
        if group.kind is not ConceptKind.DRUG_CLASS or ingredient.kind is not ConceptKind.INGREDIENT:
            raise BadMapping(f"{row.place}: must put an ingredient into a drug class")
        members[group.id][ingredient.id] = _verified(row)
    for concept in concepts.values():
        if concept.kind is ConceptKind.DRUG_CLASS and concept.id not in members:
            raise BadMapping(f"{_emptied(tables, concept.id)}: the class {concept.id} has no members")
    return members


def _emptied(tables: Tables, group: str) -> str:
    """Say where a class is left without members: in a site's overlay, if that is where it was made or emptied."""
    by = [each.by.place for each in tables.dropped if each.row.cells.get("class_id") == group]
    here = [file for file, policies in tables.concepts.items() if any(policy.id == group for policy in policies)]
    own = [file for file in here if not file.startswith(f"{tables.name}/")]
    return (*by, *own, f"{tables.name}/classes/drug_classes.csv")[0]


def _crosswalks(tables: Tables, concepts: Mapping[str, Concept]) -> tuple[Crosswalk, ...]:
    """Give the verified steps: a score that only an unverified one could convert stays unconverted, hence unknown."""
    steps = [(_crosswalk(row, concepts), _verified(row)) for row in tables.crosswalks]
    return tuple(step for step, verified in steps if verified)


def _crosswalk(row: Row, concepts: Mapping[str, Concept]) -> Crosswalk:
    low, high = exact(row["from_low"], row.place), exact(row["from_high"], row.place)
    to_low, to_high = exact(row["to_low"], row.place), exact(row["to_high"], row.place)
    if low > high or to_low > to_high:
        raise BadMapping(f"{row.place}: an interval ends before it begins")
    source, target = _known(row, "from_concept", concepts), _known(row, "to_concept", concepts)
    return Crosswalk(source.id, low, high, target.id, to_low, to_high)


def _half_lives(tables: Tables, concepts: Mapping[str, Concept]) -> Mapping[str, HalfLife]:
    found: dict[str, HalfLife] = {}
    for row in tables.half_lives:
        ingredient = _ingredient(row, "ingredient", concepts)
        if ingredient in found:
            raise BadMapping(f"{row.place}: {ingredient} stands twice")
        low, high = positive_span(row, "hours_low", "hours_high")
        found[ingredient] = HalfLife(low / _HOURS_A_DAY, high / _HOURS_A_DAY, _verified(row))
    return found


def _equivalents(tables: Tables, concepts: Mapping[str, Concept]) -> Mapping[str, Mapping[str, Equivalent]]:
    found: dict[str, dict[str, Equivalent]] = defaultdict(dict)
    for row in tables.equivalents:
        scale, ingredient = _ingredient(row, "scale", concepts), _ingredient(row, "ingredient", concepts)
        if ingredient in found[scale]:
            raise BadMapping(f"{row.place}: {scale}, {ingredient} stands twice")
        low, high = positive_span(row, "factor_low", "factor_high")
        found[scale][ingredient] = Equivalent(low, high, _verified(row))
    return dict(found)


def positive_span(row: Row, from_column: str, to_column: str) -> tuple[Fraction, Fraction]:
    """Read two numbers above nought, the smaller first; raise :class:`BadMapping` where they are not."""
    low, high = exact(row[from_column], row.place), exact(row[to_column], row.place)
    if low <= 0:
        raise BadMapping(f"{row.place}: {from_column} must be above nought")
    if low > high:
        raise BadMapping(f"{row.place}: {to_column} is less than {from_column}")
    return low, high


def _ingredient(row: Row, column: str, concepts: Mapping[str, Concept]) -> str:
    concept = _known(row, column, concepts)
    if concept.kind is not ConceptKind.INGREDIENT:
        raise BadMapping(f"{row.place}: {column}: {concept.id} is not an ingredient")
    return concept.id


def _normals(tables: Tables, concepts: Mapping[str, Concept]) -> Mapping[str, tuple[Normal, ...]]:
    found: dict[str, list[Normal]] = defaultdict(list)
    for row in tables.normals:
        concept = _known(row, "concept_id", concepts)
        found[concept.id].append(_normal(row, concept))
    return {concept: tuple(ranges) for concept, ranges in found.items()}


def _normal(row: Row, concept: Concept) -> Normal:
    unit = " ".join(row["unit"].split())
    factor = concept.scale.factors.get(unit) if concept.scale else None
    if factor is None:
        raise BadMapping(f"{row.place}: {concept.id} is not measured in {unit!r}")
    low, high = (exact(row[end], row.place) * factor if row[end] else None for end in ("low", "high"))
    if low is None and high is None:
        raise BadMapping(f"{row.place}: a range needs an end")
    if low is not None and high is not None and low > high:
        raise BadMapping(f"{row.place}: high is less than low")
    first, last = years(row)
    return Normal(low, high, choice(row, "sex", _SEXES), first, last)


def years(row: Row) -> tuple[int | None, int | None]:
    """Read the ages a range is for, blank where it is open; raise :class:`BadMapping` where they cannot be."""
    if any(row[end] and not row[end].isdecimal() for end in ("from_years", "to_years")):
        raise BadMapping(f"{row.place}: an age is a whole number of years")
    first, last = (int(row[end]) if row[end] else None for end in ("from_years", "to_years"))
    if first is not None and last is not None and first >= last:
        raise BadMapping(f"{row.place}: to_years is not above from_years")
    return first, last


def _known(row: Row, column: str, concepts: Mapping[str, Concept]) -> Concept:
    concept = concepts.get(row[column])
    if concept is None:
        raise BadMapping(f"{row.place}: {column}: there is no concept {row[column]!r}")
    return concept


def _verified(row: Row) -> bool:
    """Say whether a claim may settle a finding; raise :class:`BadMapping` where it names no source."""
    told = choice(row, "verified", YES_NO)
    if told and not row["source"].strip():
        raise BadMapping(f"{row.place}: verified, but no source is named")
    return told


def choice(row: Row, column: str, choices: Mapping[str, ChoiceT]) -> ChoiceT:
    """Read a cell that holds one of a few words; raise :class:`BadMapping` for any other."""
    if row[column] not in choices:
        raise BadMapping(f"{row.place}: {column} must be one of {', '.join(choices)}, not {row[column]!r}")
    return choices[row[column]]
