"""How much the tables hold, counted by what may settle a finding: verified codes, and nothing else."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.codes import LOINC, RXNORM, Code, normalised_code
from cds.core.vocabulary import ConceptKind
from cds.terms.systems import short_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cds.files import Row
    from cds.terms.tables import Tables

_COUNTING = frozenset({"exact", "narrow"})


@dataclass(frozen=True, slots=True)
class KindCount:
    """The concepts of one kind and the codes that speak of them, each code of a kind once.

    ``codes``, by system, may settle a finding. ``vague`` codes are verified and say something wider than the concept or
    beside it, so they can only leave a finding unknown; so do ``unverified`` ones. ``look_alikes`` are stated not to be
    the concept.
    """

    kind: ConceptKind
    concepts: int
    coded: int
    codes: Mapping[str, int]
    vague: int
    unverified: int
    look_alikes: int


@dataclass(frozen=True, slots=True)
class Stats:
    """What the tables hold, all together.

    ``classes`` are drug classes with a verified member, ``members`` verified memberships; ``units`` are spellings of
    units and ``quantities`` what they measure.
    """

    kinds: tuple[KindCount, ...]
    measured_with_loinc: int
    ingredients_with_rxnorm: int
    classes: int
    members: int
    unverified_members: int
    quantities: int
    units: int


def stats_of(tables: Tables) -> Stats:
    """Count tables that have no faults; what is unverified is counted apart from what is verified."""
    kinds = {
        policy.id: ConceptKind(policy.text("kind")) for policies in tables.concepts.values() for policy in policies
    }
    rows: dict[ConceptKind, list[Row]] = defaultdict(list)
    for row in (row for each in tables.codes.values() for row in each):
        rows[kinds[row["concept_id"]]].append(row)
    verified = [row for row in tables.classes if row["verified"] == "yes"]
    return Stats(
        kinds=tuple(
            _count(kind, [name for name, each in kinds.items() if each is kind], rows[kind]) for kind in ConceptKind
        ),
        measured_with_loinc=len(_concepts_with(LOINC, rows[ConceptKind.MEASUREMENT])),
        ingredients_with_rxnorm=len(_concepts_with(RXNORM, rows[ConceptKind.INGREDIENT])),
        classes=len({row["class_id"] for row in verified}),
        members=len(verified),
        unverified_members=len(tables.classes) - len(verified),
        quantities=len({row["quantity"] for row in tables.units}),
        units=len(tables.units),
    )


def _count(kind: ConceptKind, concepts: list[str], rows: list[Row]) -> KindCount:
    claims = [row for row in rows if row["include"] == "+"]
    settling = {_code(row) for row in claims if _settles(row)}
    by_system: dict[str, int] = defaultdict(int)
    for code in settling:
        by_system[short_name(code.system)] += 1
    verified = {_code(row) for row in claims if row["verified"] == "yes"}
    return KindCount(
        kind=kind,
        concepts=len(concepts),
        coded=len({row["concept_id"] for row in claims if _settles(row)}),
        codes=dict(sorted(by_system.items())),
        vague=len(verified - settling),
        unverified=len({_code(row) for row in claims} - verified),
        look_alikes=len({(_code(row), row["concept_id"]) for row in rows if row["include"] == "-"}),
    )


def _settles(row: Row) -> bool:
    return row["include"] == "+" and row["verified"] == "yes" and row["relation"] in _COUNTING


def _concepts_with(system: str, rows: Iterable[Row]) -> set[str]:
    return {row["concept_id"] for row in rows if row["system"] == system and _settles(row)}


def _code(row: Row) -> Code:
    return normalised_code(Code(row["system"], row["code"]))
