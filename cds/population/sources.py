"""The files of an export: where they are, and their lines, whatever is wrong with some of them."""

from __future__ import annotations

import gzip
import os
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from cds.errors import BadCall
from cds.population.bulk.account import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = ["Cut", "Source", "find_sources", "lines_of"]

_ENDINGS = (".ndjson", ".jsonl", ".json")
LONGEST_LINE = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """One file of an export, by the name it is told by: the folder that was named and what stands beneath it.

    ``export`` is the number of the export it belongs to: that of the nearest folder with an account of an export, else
    of the folder that was named, or in which a file that was named lies. ``folder`` is that folder.
    """

    path: Path
    name: str
    size: int
    export: int
    folder: Path


class Cut(Exception):
    """The rest of a file cannot be read: it is cut off, or broken as a gzip file."""


def find_sources(named: Sequence[Path]) -> tuple[Source, ...]:
    """Give the files that were named, and those in folders, in the order of their names; each once.

    In folders those count that are called ``….ndjson``, ``….jsonl`` or ``….json``, with ``.gz`` or without. Raises
    :class:`BadCall` that names what is not there.
    """
    found: dict[Path, Source] = {}
    exports: dict[Path, int] = {}
    for path in named:
        if not path.exists():
            raise BadCall(f"{path.name}: there is no such file or folder")
        for file in sorted(_in(path)):
            name = f"{path.name}/{file.relative_to(path)}" if path.is_dir() else path.name
            name = os.fsencode(name).decode(errors="replace")
            folder = _export_of(file, path)
            number = exports.setdefault(folder.resolve(), len(exports))
            found.setdefault(file.resolve(), Source(file, name, file.stat().st_size, number, folder))
    if not found:
        raise BadCall("no file of an export is there: they end in .ndjson, .jsonl or .json, with .gz or without")
    return tuple(found.values())


def _export_of(file: Path, named: Path) -> Path:
    if file == named:
        return file.parent
    beneath = (each for each in file.parents if each.is_relative_to(named))
    return next((each for each in beneath if (each / ACCOUNT).exists()), named)


def _in(path: Path) -> Iterable[Path]:
    if path.is_file():
        return (path,)
    files = (each for each in path.rglob("*") if each.is_file() and each.name != ACCOUNT)
    return (each for each in files if each.name.removesuffix(".gz").endswith(_ENDINGS))


def lines_of(source: Source) -> Iterator[tuple[int, bytes]]:
    """Give the lines of a file that are not blank, with their numbers from 1.

    A file whose first line is no JSON value of its own, as of a document with line breaks, is given as one line.
    Raises :class:`Cut` after the last line that could be read, and ``OSError``.
    """
    with source.path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        stream = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if packed else raw
        number = 0
        try:
            for line in _bounded(stream):
                number += 1
                if not line.isspace():
                    yield number, line.strip()
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise Cut(f"it is broken as a gzip file after line {number}") from None


def _bounded(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline(LONGEST_LINE):
        if len(line) >= LONGEST_LINE:
            raise Cut(f"a line is longer than {LONGEST_LINE} bytes")
        yield line
