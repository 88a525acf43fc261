"""The faults of ``mappings/diseases.csv``: what would make one name of a cancer mean two things, or none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from cds.core.vocabulary import ConceptKind
from cds.errors import BadMapping
from cds.files import Fault, Row, by_place, read_rows
from cds.trials.text.diseases import COLUMNS, Role, narrows
from cds.trials.text.tokens import compared

if TYPE_CHECKING:
    from pathlib import Path

    from cds.core.vocabulary import Vocabulary

__all__ = ["lint_diseases"]

_NAMING = frozenset({Role.DISEASE.value, Role.HISTOLOGY.value})
_ROLES = frozenset(each.value for each in Role)
_KINDS = {"histologies": ConceptKind.HISTOLOGY, "sites": ConceptKind.SITE}


def lint_diseases(mappings: Path, vocabulary: Vocabulary) -> list[Fault]:
    """Find every fault of the names of cancers, sorted by place."""
    path = mappings / "diseases.csv"
    try:
        rows = read_rows(path, f"{mappings.name}/{path.name}", COLUMNS, BadMapping)
    except BadMapping as problem:
        return [Fault.of(problem)]
    faults = {*_order(rows), *_meanings(rows)}
    faults.update(fault for row in rows for fault in (*_concepts(row, vocabulary), *_role(row)))
    return sorted(faults, key=by_place)


def _order(rows: Iterable[Row]) -> Iterator[Fault]:
    for before, after in pairwise(rows):
        earlier, later = ((each["phrase"].casefold(), each["phrase"]) for each in (before, after))
        if later <= earlier:
            fault = "stands twice" if later == earlier else f"stands after {before['phrase']}: not sorted"
            yield Fault(after.place, f"{after['phrase']} {fault}")


def _meanings(rows: Iterable[Row]) -> Iterator[Fault]:
    """Tell phrases that are the same words, and do not mean the same."""
    seen: dict[tuple[str, ...], Row] = {}
    for row in rows:
        form = compared(row["phrase"])
        if not form:
            yield Fault(row.place, "the phrase has no words")
            continue
        other = seen.setdefault(form, row)
        if _meaning(other) != _meaning(row):
            yield Fault(row.place, f"{row['phrase']} means something else than at {other.place}")


def _meaning(row: Row) -> tuple[str, frozenset[str], frozenset[str], bool]:
    concepts = (frozenset(row[name].split()) for name in _KINDS)
    narrower = row["role"] in _ROLES and narrows(Role(row["role"]), row["comment"])
    return (row["role"], *concepts, narrower)  # type: ignore[return-value] # two concepts


def _concepts(row: Row, vocabulary: Vocabulary) -> Iterator[Fault]:
    for name, kind in _KINDS.items():
        for each in row[name].split():
            concept = vocabulary.concepts.get(each)
            if concept is None:
                yield Fault(row.place, f"there is no concept {each!r}")
            elif concept.kind is not kind:
                yield Fault(row.place, f"{each} is a {concept.kind.value}, no {kind.value}")


def _role(row: Row) -> Iterator[Fault]:
    """Tell roles that do not exist, and rows whose role and concepts do not go together."""
    role, has_site = row["role"], bool(row["sites"].split())
    named = has_site or bool(row["histologies"].split())
    if role not in {each.value for each in Role}:
        yield Fault(row.place, f"{role!r} is none of {', '.join(sorted(each.value for each in Role))}")
    elif role in _NAMING and not named:
        yield Fault(row.place, f"a {role} needs a histology or a site")
    elif role == Role.SITE.value and not has_site:
        yield Fault(row.place, "a site needs a site")
    elif role not in {*_NAMING, Role.SITE.value} and named:
        yield Fault(row.place, f"{role!r} names no histology and no site")
