"""Codes that a person looked at and that no criterion needs: counted as known when coverage is told, nowhere else.

A finding never hears of this table. It keeps the list of unmapped codes short enough that a code which matters is seen.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from cds.core.chart import Kind
from cds.core.codes import NAME, Code, Coded, fault_of, normalised_code
from cds.errors import BadMapping
from cds.files import Fault, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cds.core.vocabulary import Vocabulary
    from cds.files import Row

COLUMNS = ("system", "code", "display", "kind", "reason", "source")
FILE = "out_of_scope.csv"
_KINDS = frozenset(kind.value for kind in Kind)


def load_scope(*folders: Path | None) -> frozenset[Code]:
    """Read which codes the folders (the shipped one, a site's overlay) set aside; none where one has no such table.

    Raises :class:`BadMapping` with file and line where it is not the table it should be.
    """
    rows = (row for folder in folders if folder is not None for row in _rows(folder, folder.name))
    return frozenset(normalised_code(Code(row["system"], row["code"])) for row in rows)


def lint_scope(folder: Path, name: str, vocabulary: Vocabulary) -> list[Fault]:
    """Find faults of the table: order, forms, empty cells, and codes that mean something after all.

    ``name`` is what places in the folder begin with.
    """
    try:
        rows = _rows(folder, name)
    except BadMapping as problem:
        return [Fault.of(problem)]
    return [*_ordered(rows), *(fault for row in rows for fault in _row(row, vocabulary))]


def _ordered(rows: list[Row]) -> Iterator[Fault]:
    for earlier, later in pairwise(rows):
        before, after = (earlier["system"], earlier["code"]), (later["system"], later["code"])
        if after < before:
            yield Fault(later.place, f"{', '.join(after)} stands after {', '.join(before)}: not sorted")
        if after == before:
            yield Fault(later.place, f"{', '.join(after)} stands twice")


def _rows(folder: Path, name: str) -> list[Row]:
    path = folder / FILE
    return read_rows(path, f"{name}/{FILE}", COLUMNS, BadMapping) if path.exists() else []


def _row(row: Row, vocabulary: Vocabulary) -> Iterator[Fault]:
    for column in COLUMNS:
        if not row[column].strip():
            yield Fault(row.place, f"{column} is blank")
    if row["kind"] not in _KINDS:
        yield Fault(row.place, f"kind must be one of {', '.join(sorted(_KINDS))}, not {row['kind']!r}")
    sent = Code(row["system"], row["code"])
    usual = vocabulary.canonical(sent)
    if sent.system != NAME and usual != sent:
        yield Fault(row.place, f"write the code as {usual}")
    wrong = fault_of(usual)
    if wrong:
        yield Fault(row.place, f"{usual.value}: {wrong}")
    known = Coded((usual,))
    meant = sorted({meaning.concept for meaning in vocabulary.meanings(known)} | vocabulary.denied.get(usual, set()))
    if meant:
        yield Fault(row.place, f"{usual.value} is not out of scope: the tables speak of it under {', '.join(meant)}")
