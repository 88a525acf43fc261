"""The tables as they stand in the files: rows and policies with their places, nothing interpreted yet."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cds.errors import BadMapping
from cds.files import Block, Row, read_rows, read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CODE_COLUMNS = (
    "concept_id",
    "system",
    "code",
    "display",
    "relation",
    "match",
    "include",
    "source",
    "source_version",
    "verified",
    "reviewer",
    "reviewed_on",
    "comment",
)
CLASS_COLUMNS = ("class_id", "ingredient", "strength", "source", "verified", "reviewer", "reviewed_on", "comment")
UNIT_COLUMNS = ("quantity", "unit", "factor", "source", "comment")
SYSTEM_COLUMNS = ("system", "canonical", "comment")
CROSSWALK_COLUMNS = (
    "from_concept",
    "from_low",
    "from_high",
    "to_concept",
    "to_low",
    "to_high",
    "source",
    "verified",
    "comment",
)
_CLAIM = ("source", "source_version", "verified", "reviewer", "reviewed_on", "comment")
HALF_LIFE_COLUMNS = ("ingredient", "hours_low", "hours_high", *_CLAIM)
EQUIVALENT_COLUMNS = ("scale", "ingredient", "factor_low", "factor_high", *_CLAIM)
NORMAL_COLUMNS = ("concept_id", "sex", "from_years", "to_years", "low", "high", "unit", "source", "comment")
OFF_COLUMNS = ("concept_id", "system", "code", "reason")
_OPTIONAL = frozenset({"half_lives.csv", "dose_equivalents.csv", "reference_ranges.csv"})
_FILES = _OPTIONAL | {
    "units.csv",
    "classes/drug_classes.csv",
    "systems.csv",
    "crosswalks.csv",
    "off.csv",
    "out_of_scope.csv",
}
_FOLDERS = re.compile(r"concepts/[^/]+\.yaml|codes/[^/]+\.csv")


@dataclass(frozen=True, slots=True)
class Policy:
    """What a concept file says of one concept, and where."""

    id: str
    place: str
    block: Block

    def text(self, key: str) -> str:
        """Give a field that is a word, blank where it is not given; raise :class:`BadMapping` for anything else."""
        value = self.block.get(key, "")
        if not isinstance(value, str):
            raise BadMapping(f"{self.place}: {key} must be a word")
        return value


@dataclass(frozen=True, slots=True)
class Dropped:
    """A row that a site's overlay took out, and the row of the overlay that did it."""

    row: Row
    by: Row

    @property
    def why(self) -> str:
        """Say what became of it: switched off, with the site's reason, or replaced."""
        reason = self.by.cells.get("reason")
        return f"replaced by {self.by.place}" if reason is None else f"switched off by {self.by.place}: {reason}"


@dataclass(slots=True)
class Tables:
    """Everything in a ``mappings/`` folder, file by file; ``off`` and ``dropped`` belong to a site's overlay."""

    name: str
    concepts: dict[str, list[Policy]] = field(default_factory=dict)
    codes: dict[str, list[Row]] = field(default_factory=dict)
    units: list[Row] = field(default_factory=list)
    classes: list[Row] = field(default_factory=list)
    systems: list[Row] = field(default_factory=list)
    crosswalks: list[Row] = field(default_factory=list)
    half_lives: list[Row] = field(default_factory=list)
    equivalents: list[Row] = field(default_factory=list)
    normals: list[Row] = field(default_factory=list)
    off: list[Row] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)


def read_tables(folder: Path, report: Callable[[BadMapping], None]) -> Tables:
    """Read every table of the folder; a file that cannot be read is reported and left out.

    Half-lives, dose equivalents and a site's own ranges of normal need not be there: without them a question that
    hangs on them stays unknown.
    """
    tables = _read(folder, folder.name, report, optional=_OPTIONAL)
    if not tables.concepts:
        report(BadMapping(f"{folder.name}/concepts: there are no concepts"))
    return tables


def read_overlay(folder: Path, name: str, report: Callable[[BadMapping], None]) -> Tables:
    """Read a site's overlay, of which no file need be there; its places begin with ``name``.

    A file that is none of the tables is reported: whoever misspelt its name believes that its rows count.
    """
    if not folder.is_dir():
        report(BadMapping(f"{name}: there is no such folder"))
        return Tables(name)
    files = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if _is_table(path)]
    if not files:
        report(BadMapping(f"{name}: there are no tables in this folder"))
    for file in files:
        if file not in _FILES and not _FOLDERS.fullmatch(file):
            report(BadMapping(f"{name}/{file}: is not the name of a table"))
    tables = _read(folder, name, report, optional=_FILES)
    if (folder / "off.csv").exists():
        try:
            tables.off = read_rows(folder / "off.csv", f"{name}/off.csv", OFF_COLUMNS, BadMapping)
        except BadMapping as problem:
            report(problem)
    return tables


def _is_table(path: Path) -> bool:
    return path.suffix.lower() in {".csv", ".yaml", ".yml"} and not path.name.startswith(".")


def _read(folder: Path, name: str, report: Callable[[BadMapping], None], *, optional: frozenset[str]) -> Tables:
    tables = Tables(name)

    def place(path: Path) -> str:
        return f"{name}/{path.relative_to(folder).as_posix()}"

    def rows(path: Path, columns: tuple[str, ...]) -> list[Row]:
        if path.relative_to(folder).as_posix() in optional and not path.exists():
            return []
        try:
            return read_rows(path, place(path), columns, BadMapping)
        except BadMapping as problem:
            report(problem)
            return []

    for path in sorted((folder / "concepts").glob("*.yaml")):
        try:
            tables.concepts[place(path)] = _policies(path, place(path))
        except BadMapping as problem:
            report(problem)
    for path in sorted((folder / "codes").glob("*.csv")):
        tables.codes[place(path)] = rows(path, CODE_COLUMNS)
    tables.units = rows(folder / "units.csv", UNIT_COLUMNS)
    tables.classes = rows(folder / "classes" / "drug_classes.csv", CLASS_COLUMNS)
    tables.systems = rows(folder / "systems.csv", SYSTEM_COLUMNS)
    tables.crosswalks = rows(folder / "crosswalks.csv", CROSSWALK_COLUMNS)
    tables.half_lives = rows(folder / "half_lives.csv", HALF_LIFE_COLUMNS)
    tables.equivalents = rows(folder / "dose_equivalents.csv", EQUIVALENT_COLUMNS)
    tables.normals = rows(folder / "reference_ranges.csv", NORMAL_COLUMNS)
    return tables


def _policies(path: Path, place: str) -> list[Policy]:
    policies = []
    for name, block in read_yaml(path, place, BadMapping).items():
        if not isinstance(block, Block):
            raise BadMapping(f"{place}: {name}: must be a mapping")
        policies.append(Policy(name, f"{place}:{block.line}: {name}", block))
    return policies
