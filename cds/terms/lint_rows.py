"""What is wrong with rows of codes and of other claims: form, check digits, order, contradictions."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cds.core import codes as systems
from cds.core.codes import Code, fault_of, normalised_code
from cds.core.vocabulary import ConceptKind
from cds.files import Fault

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from cds.files import Row
    from cds.terms.tables import Tables

_SYSTEMS = frozenset(
    {
        systems.LOINC,
        systems.SNOMED,
        systems.RXNORM,
        systems.ICD10CM,
        systems.ICD9CM,
        systems.ICDO3,
        systems.CVX,
        systems.ATC,
        systems.NAME,
        systems.VARIANT,
    },
)
_BY_BEGINNING = frozenset({systems.ICD10CM, systems.ICD9CM, systems.ATC})
_SEVERAL_AT_ONCE = frozenset({ConceptKind.INGREDIENT.value, ConceptKind.VACCINE.value, ConceptKind.SUBSTANCE.value})
"""Kinds of which one code may name several: combined preparations."""
_COUNTING = frozenset({"exact", "narrow"})


def code_tables(tables: Tables, kinds: Mapping[str, str]) -> Iterator[Fault]:
    """Find faults of the tables of codes, row by row; the system of a site's own codes may be any URI."""
    known = _SYSTEMS | {row["canonical"] for row in tables.systems}
    aliases = {row["system"]: row["canonical"] for row in tables.systems}
    for rows in tables.codes.values():
        yield from ordered(rows, ("concept_id", "system", "code"))
        for row in rows:
            if row["concept_id"] not in kinds:
                yield Fault(row.place, f"there is no concept {row['concept_id']!r}")
            yield from _system(row, known, aliases, own=not row.place.startswith(f"{tables.name}/"))
            yield from _code(row)
            yield from claims(row)


def _system(row: Row, known: Collection[str], aliases: Mapping[str, str], *, own: bool) -> Iterator[Fault]:
    system = row["system"]
    if system in known:
        return
    meant = aliases.get(system) or next((each for each in known if each == system.strip().rstrip("/")), None)
    if own and meant:
        yield Fault(row.place, f"write the system as {meant}")
    elif not (own and urlsplit(system).scheme):
        yield Fault(row.place, f"unknown code system {system!r}")


def _code(row: Row) -> Iterator[Fault]:
    code = Code(row["system"], row["code"])
    if not code.value or code.value != code.value.strip():
        yield Fault(row.place, "the code is blank or has spaces around it")
    elif code.system != systems.NAME and normalised_code(code) != code:
        yield Fault(row.place, f"write the code as {normalised_code(code).value}")
    by_beginning = row["match"] == "prefix"
    if by_beginning and code.system not in _BY_BEGINNING:
        yield Fault(row.place, "codes of this system do not begin alike: match must be exact")
    wrong = fault_of(code)
    if wrong and not by_beginning:
        yield Fault(row.place, f"{code.value}: {wrong}")
    if not row["display"]:
        yield Fault(row.place, "the display is missing")


def claims(row: Row) -> Iterator[Fault]:
    """Find a claim that is said to be verified without a source, and one that names a reviewer without a day."""
    if row["verified"] == "yes" and not row["source"]:
        yield Fault(row.place, "verified, but no source is named")
    if bool(row["reviewer"]) is not bool(row["reviewed_on"]):
        yield Fault(row.place, "reviewer and reviewed_on go together")


def same_file(row: Row, other: Row) -> bool:
    """Say whether two rows stand in one file: the order of rows is a question within a file only."""
    return row.place.rpartition(":")[0] == other.place.rpartition(":")[0]


def ordered(rows: list[Row], columns: tuple[str, ...]) -> Iterator[Fault]:
    """Find rows that are not sorted by these columns, and rows that stand twice."""
    for earlier, later in (pair for pair in pairwise(rows) if same_file(*pair)):
        before, after = ([row[column] for column in columns] for row in (earlier, later))
        if after < before:
            yield Fault(later.place, f"{', '.join(after)} stands after {', '.join(before)}: not sorted")
        if after == before and earlier.cells.get("include") == later.cells.get("include"):
            yield Fault(later.place, f"{', '.join(after)} stands twice")


def across_code_tables(tables: Tables, kinds: Mapping[str, str]) -> Iterator[Fault]:
    """Find codes that mean two things of one kind, and codes that are and are not the same concept.

    A variant answers several questions at once: BRAF p.Val600Glu is V600E, V600 and a mutation of BRAF.
    """
    accepted: dict[tuple[Code, str, str], Row] = {}
    included: dict[tuple[Code, str], Row] = {}
    excluded: dict[tuple[Code, str], Row] = {}
    for row in (row for rows in tables.codes.values() for row in rows):
        code, concept = normalised_code(Code(row["system"], row["code"])), row["concept_id"]
        (included if row["include"] == "+" else excluded)[code, concept] = row
        several = code.system == systems.VARIANT or kinds.get(concept) in _SEVERAL_AT_ONCE
        if row["include"] != "+" or row["relation"] not in _COUNTING or several:
            continue
        other = accepted.setdefault((code, row["match"], kinds.get(concept, "")), row)
        if other["concept_id"] != concept:
            yield Fault(row.place, f"{code.value} is {concept} here and {other['concept_id']} at {other.place}")
    for key in included.keys() & excluded.keys():
        yield Fault(excluded[key].place, f"{key[0].value} is and is not {key[1]}: see {included[key].place}")
