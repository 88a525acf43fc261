"""Our own data files, read so that every fault can be told with its file and line.

YAML scalars stay text (a limit of ``1.50`` is exactly that, ``no`` is a word, a date is not yet a date): whoever reads
a field says what it must be. Mappings remember their line; a key that stands twice is refused.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import yaml

try:
    from yaml import CBaseLoader as _BaseLoader
except ImportError:  # PyYAML built without libyaml: slower, the same result
    from yaml import BaseLoader as _BaseLoader  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cds.errors import DefinitionError


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something wrong in a data file: where, and what."""

    place: str
    reason: str

    def __str__(self) -> str:
        """Write it as one line of a report."""
        return f"{self.place}: {self.reason}"

    @classmethod
    def of(cls, problem: Exception) -> Self:
        """Take the place and the reason out of what was raised, whose text is such a line."""
        place, _, reason = str(problem).partition(": ")
        return cls(place, reason)


def by_place(fault: Fault) -> tuple[str, int, str]:
    """Give the order a report is read in: file by file, line by line."""
    file, _, line = fault.place.partition(":")
    return file, int(line) if line.isdecimal() else 0, fault.reason


class Block(dict[str, object]):
    """A YAML mapping that remembers on which line it begins (from 1)."""

    line: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a CSV table, by column name, and its place as ``file:line``."""

    place: str
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        """Give the text in a column."""
        return self.cells[column]


class _Loader(_BaseLoader):
    def construct_mapping(  # type: ignore[override] # a narrower kind of dict: its keys are all words
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002 - as PyYAML calls it
    ) -> Block:
        block = Block()
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=deep)
            if not isinstance(key, str) or key in block:
                told = f"the key {key!r} stands twice" if isinstance(key, str) else "a key must be a word"
                raise yaml.constructor.ConstructorError(None, None, told, key_node.start_mark)
            block[key] = self.construct_object(value_node, deep=deep)
        block.line = node.start_mark.line + 1
        return block


def read_yaml(path: Path, place: str, error: type[DefinitionError]) -> Block:
    """Read a YAML file that holds one mapping; raise ``error`` with file, line and reason."""
    return parse_yaml(_text(path, place, error), place, error)


def parse_yaml(text: str, place: str, error: type[DefinitionError]) -> Block:
    """Read YAML that holds one mapping, wherever it stands."""
    loader = _Loader(text)
    try:
        document = loader.get_single_data()
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise error(f"{place}{line}: {problem.problem or 'not YAML'}") from problem
    except yaml.YAMLError as problem:
        raise error(f"{place}: not YAML") from problem
    finally:
        loader.dispose()
    if not isinstance(document, Block):
        raise error(f"{place}: must hold a mapping")
    return document


def read_rows(path: Path, place: str, columns: tuple[str, ...], error: type[DefinitionError]) -> list[Row]:
    """Read a CSV table with exactly these columns; raise ``error`` with file, line and reason."""
    lines = csv.reader(_text(path, place, error).splitlines(), strict=True)
    rows = []
    try:
        if tuple(next(lines, ())) != columns:
            raise error(f"{place}:1: the columns must be {','.join(columns)}")
        for cells in lines:
            if len(cells) != len(columns):
                raise error(f"{place}:{lines.line_num}: {len(cells)} cells, not {len(columns)}")
            rows.append(Row(f"{place}:{lines.line_num}", dict(zip(columns, cells, strict=True))))
    except csv.Error as problem:
        raise error(f"{place}:{lines.line_num}: not CSV: {problem}") from problem
    return rows


def _text(path: Path, place: str, error: type[DefinitionError]) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError as problem:
        raise error(f"{place}: there is no such file") from problem
    except OSError as problem:
        raise error(f"{place}: cannot be read") from problem
    except UnicodeDecodeError as problem:
        raise error(f"{place}: not UTF-8 at byte {problem.start}") from problem
