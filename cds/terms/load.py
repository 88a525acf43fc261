"""The tables into a vocabulary: the one thing the rest of the program knows of ``mappings/``."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NoReturn, TypeVar

from cds.core.codes import Code
from cds.core.vocabulary import Concept, ConceptKind, Crosswalk, Meaning, Relation, Vocabulary
from cds.errors import BadMapping
from cds.terms.concepts import concept_of, exact
from cds.terms.tables import read_tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction
    from pathlib import Path

    from cds.files import Row
    from cds.terms.tables import Tables

ChoiceT = TypeVar("ChoiceT")
YES_NO = {"yes": True, "no": False}
_RELATIONS = {relation.value: relation for relation in Relation}


def load_vocabulary(folder: Path) -> Vocabulary:
    """Read a ``mappings/`` folder; raise :class:`BadMapping` with file, line and reason at the first fault.

    What is refused here is what would change an answer; :func:`cds.terms.lint.lint_mappings` looks at the rest too.
    """
    return vocabulary_of(read_tables(folder, _refuse))


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
        meaning = Meaning(concept.id, choice(row, "relation", _RELATIONS), choice(row, "verified", YES_NO))
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
        crosswalks=tuple(_crosswalk(row, concepts) for row in tables.crosswalks),
        aliases=plain.aliases,
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


def _quantities(tables: Tables) -> Mapping[str, Mapping[str, Fraction]]:
    quantities: dict[str, dict[str, Fraction]] = defaultdict(dict)
    for row in tables.units:
        unit, factor = " ".join(row["unit"].split()), exact(row["factor"], row.place)
        if factor <= 0:
            raise BadMapping(f"{row.place}: a factor must be positive")
        if quantities[row["quantity"]].setdefault(unit, factor) != factor:
            raise BadMapping(f"{row.place}: the unit {unit!r} has two factors")
    return quantities


def _members(tables: Tables, concepts: Mapping[str, Concept]) -> Mapping[str, Mapping[str, bool]]:
    members: dict[str, dict[str, bool]] = defaultdict(dict)
    for row in tables.classes:
        group, ingredient = _known(row, "class_id", concepts), _known(row, "ingredient", concepts)
        if group.kind is not ConceptKind.DRUG_CLASS or ingredient.kind is not ConceptKind.INGREDIENT:
            raise BadMapping(f"{row.place}: must put an ingredient into a drug class")
        members[group.id][ingredient.id] = choice(row, "verified", YES_NO)
    for concept in concepts.values():
        if concept.kind is ConceptKind.DRUG_CLASS and concept.id not in members:
            raise BadMapping(f"{tables.name}/classes/drug_classes.csv: the class {concept.id} has no members")
    return members


def _crosswalk(row: Row, concepts: Mapping[str, Concept]) -> Crosswalk:
    low, high = exact(row["from_low"], row.place), exact(row["from_high"], row.place)
    to_low, to_high = exact(row["to_low"], row.place), exact(row["to_high"], row.place)
    if low > high or to_low > to_high:
        raise BadMapping(f"{row.place}: an interval ends before it begins")
    source, target = _known(row, "from_concept", concepts), _known(row, "to_concept", concepts)
    return Crosswalk(source.id, low, high, target.id, to_low, to_high)


def _known(row: Row, column: str, concepts: Mapping[str, Concept]) -> Concept:
    concept = concepts.get(row[column])
    if concept is None:
        raise BadMapping(f"{row.place}: {column}: there is no concept {row[column]!r}")
    return concept


def choice(row: Row, column: str, choices: Mapping[str, ChoiceT]) -> ChoiceT:
    """Read a cell that holds one of a few words; raise :class:`BadMapping` for any other."""
    if row[column] not in choices:
        raise BadMapping(f"{row.place}: {column} must be one of {', '.join(choices)}, not {row[column]!r}")
    return choices[row[column]]
