"""Why a code means what it means: the rows that speak of it, the classes of a drug, and what just does not count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.codes import ATC, ICD9CM, ICD10CM, Code, Coded, fault_of
from cds.core.vocabulary import Concept, ConceptKind, Relation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cds.core.vocabulary import Meaning, Vocabulary
    from cds.files import Row
    from cds.terms.tables import Dropped, Tables

_BY_BEGINNING = frozenset({ICD10CM, ICD9CM, ATC})


@dataclass(frozen=True, slots=True)
class Claim:
    """One concept that a code says, and the row by which it does.

    ``broader`` are the concepts that it says as well, being inside them; ``classes`` the rows that put a drug into a
    class.
    """

    meaning: Meaning
    concept: Concept
    row: Row
    broader: tuple[str, ...] = ()
    classes: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A row that speaks of the code, or of a wider one, and does not count; and why."""

    row: Row
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the tables make of one code.

    ``known`` says that they speak of it, if only to say no; ``fault`` is told of a code that cannot be one of its
    system.
    """

    code: Code
    known: bool
    fault: str | None
    claims: tuple[Claim, ...]
    near: tuple[NearMiss, ...]


def explain(code: Code, tables: Tables, vocabulary: Vocabulary) -> Explanation:
    """Say what a code maps to, and by which rows of the tables that the vocabulary was made from."""
    wanted = vocabulary.canonical(code)
    rows = _speaking(wanted, tables, vocabulary)
    claims: list[Claim] = []
    near: list[NearMiss] = []
    for meaning in vocabulary.meanings(Coded((wanted,))):
        row = next(each for each in rows if _says(each, meaning, wanted, vocabulary))
        if meaning.relation is Relation.RELATED:
            near.append(NearMiss(row, "is something near it and never counts"))
        else:
            claims.append(_claim(meaning, row, tables, vocabulary))
    used = {claim.row.place for claim in claims} | {miss.row.place for miss in near}
    near += [NearMiss(row, _why(row, wanted, vocabulary)) for row in rows if row.place not in used]
    near += [NearMiss(each.row, each.why) for each in _dropped(wanted, tables, vocabulary)]
    known = vocabulary.recognises(Coded((wanted,))) or any(_code(miss.row, vocabulary) == wanted for miss in near)
    return Explanation(wanted, known, fault_of(wanted), tuple(claims), tuple(near))


def _speaking(wanted: Code, tables: Tables, vocabulary: Vocabulary) -> list[Row]:
    """Give the rows of the code and of its beginnings, in the order in which they are asked: the nearest first."""
    found = [
        (-len(code.value), row["match"] == "prefix", row.place, row)
        for row in (row for rows in tables.codes.values() for row in rows)
        if vocabulary.aliases.get(row["system"], row["system"]) == wanted.system
        and _covers(code := _code(row, vocabulary), wanted)
    ]
    return [row for *_, row in sorted(found, key=lambda each: each[:3])]


def _covers(code: Code, wanted: Code) -> bool:
    if code.system in _BY_BEGINNING:
        return code.system == wanted.system and wanted.value.startswith(code.value)
    return code == wanted


def _says(row: Row, meaning: Meaning, wanted: Code, vocabulary: Vocabulary) -> bool:
    applies = row["match"] == "prefix" or _code(row, vocabulary) == wanted
    same = row["relation"] == meaning.relation.value and (row["verified"] == "yes") is meaning.verified
    return applies and same and row["include"] == "+" and row["concept_id"] == meaning.concept


def _claim(meaning: Meaning, row: Row, tables: Tables, vocabulary: Vocabulary) -> Claim:
    concept = vocabulary.concepts[meaning.concept]
    member = concept.kind is ConceptKind.INGREDIENT
    return Claim(
        meaning,
        concept,
        row,
        broader=tuple(sorted(vocabulary.broader(concept.id))),
        classes=tuple(each for each in tables.classes if member and each["ingredient"] == concept.id),
    )


def _why(row: Row, wanted: Code, vocabulary: Vocabulary) -> str:
    code = _code(row, vocabulary)
    if row["include"] == "-":
        stated = "is stated not to be this"
        return stated if code == wanted else f"is said of the wider code {code.value} only: not to be this"
    if row["match"] == "exact" and code != wanted:
        return f"is said of the wider code {code.value} only, not of what begins so"
    if wanted in vocabulary.denied and row["concept_id"] in vocabulary.denied[wanted]:
        return f"is said of codes that begin with {code.value}; this one is stated not to be it"
    if fault_of(wanted):
        return f"is said of codes that begin with {code.value}, and this cannot be a code"
    return f"is said of codes that begin with {code.value}; a row nearer to this code goes first"


def _dropped(wanted: Code, tables: Tables, vocabulary: Vocabulary) -> Iterator[Dropped]:
    for each in tables.dropped:
        if "concept_id" in each.row.cells and "code" in each.row.cells and _covers(_code(each.row, vocabulary), wanted):
            yield each


def _code(row: Row, vocabulary: Vocabulary) -> Code:
    return vocabulary.canonical(Code(row["system"], row["code"]))
