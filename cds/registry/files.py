"""Files of registry records: one record, a list, a page of the API, or one per line; compressed with gzip or not.

What is broken is told with file and line, and everything else goes on: a download that broke off gives what came.
Numbers are read as JSON has them; nothing of what a file holds is repeated in a message.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Bad", "Found", "number_in", "part", "read_files", "records_in"]

_LINES: Final = frozenset({".jsonl", ".ndjson"})
_ENDINGS: Final = _LINES | {".json"}
_LONGEST: Final = 64_000_000
"""Bytes of one line; a file that is one JSON value may have four times as many."""
_GZIP: Final = b"\x1f\x8b"
_BROKEN_GZIP: Final = (EOFError, zlib.error, gzip.BadGzipFile)
_NO_GZIP: Final = "breaks off, or is broken, as a gzip file"
_MARK: Final = b"\xef\xbb\xbf"
_SPACE: Final = " \t\r\n"

Json: TypeAlias = dict[str, Any]


class _File(Protocol):
    """What is read of a file, packed or not."""

    def read(self, size: int, /) -> bytes:
        """Give at most so many bytes; none at the end."""
        ...

    def readline(self, size: int, /) -> bytes:
        """Give a line with its end, or at most so many bytes of it; none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """One record, and where it stood."""

    record: Json
    place: str


@dataclass(frozen=True, slots=True)
class Bad:
    """Something that is no record: where it stands, and what is wrong with it."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


def read_files(path: Path) -> Iterator[Found | Bad]:
    """Give the records of a file, or of every file in a folder whose name ends as one of records does."""
    if not path.is_dir():
        yield from _read(path)
        return
    inside = sorted(each for each in path.iterdir() if each.is_file() and _ENDINGS & set(each.suffixes))
    if not inside:
        yield Bad(path.name, "holds no file of records (.json, .jsonl, .ndjson, also with .gz)")
    for each in inside:
        yield from _read(each)


def records_in(value: object, place: str) -> Iterator[Found | Bad]:
    """Give the records of a JSON value: of one record, of a list, or of a page of the registry's API."""
    many = value.get("studies") if isinstance(value, dict) else value
    if isinstance(value, dict) and "protocolSection" in value:
        yield Found(value, place)
    elif isinstance(many, list):
        for number, each in enumerate(many, start=1):
            within = f"{place}: record {number}"
            yield Found(each, within) if isinstance(each, dict) else Bad(within, "must be an object")
    else:
        yield Bad(place, "is neither a record nor a list or page of records")


def part(value: object, name: str) -> object:
    """Give what stands under a name in an object; nothing of anything else."""
    return value.get(name) if isinstance(value, dict) else None


def number_in(record: object) -> str:
    """Give the NCT number that a record says is its own, or nothing."""
    number = part(part(part(record, "protocolSection"), "identificationModule"), "nctId")
    return number if isinstance(number, str) else ""


def _read(path: Path) -> Iterator[Found | Bad]:
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
        with gzip.open(path) if packed else path.open("rb") as file:
            yield from _lines(file, path.name) if _by_line(path) else _whole(file, path.name)
    except FileNotFoundError:
        yield Bad(path.name, "there is no such file")
    except _BROKEN_GZIP:
        yield Bad(path.name, _NO_GZIP)
    except OSError:
        yield Bad(path.name, "cannot be read")


def _by_line(path: Path) -> bool:
    return bool(_LINES & set(path.suffixes))


def _lines(file: _File, name: str) -> Iterator[Found | Bad]:
    number = 0
    while True:
        number += 1
        place = f"{name}: line {number}"
        try:
            line = file.readline(_LONGEST)
        except _BROKEN_GZIP:
            yield Bad(place, _NO_GZIP)
            return
        if not line:
            return
        if len(line) == _LONGEST and not line.endswith(b"\n"):
            yield Bad(place, "is longer than a record can be")
            while line and not line.endswith(b"\n"):
                line = file.readline(_LONGEST)
        elif line.strip():
            yield from _line(line, place)


def _line(line: bytes, place: str) -> Iterator[Found | Bad]:
    try:
        value = _decoded(_bare(line))
    except ValueError as problem:
        yield Bad(place, str(problem))
        return
    yield from records_in(value, place)


def _whole(file: _File, name: str) -> Iterator[Found | Bad]:
    """Read a file that should be one JSON value; one that holds a value per line, or breaks off, gives what it has."""
    body, broken = _taken(file)
    try:
        value = _decoded(_bare(body))
    except ValueError as problem:
        yield from _as_lines(body, name) if _one_per_line(body) else _as_far_as(body, name, str(problem))
    else:
        yield from records_in(value, name)
    if broken:
        yield Bad(name, broken)


def _taken(file: _File) -> tuple[bytes, str]:
    """Give what can be had of a file, and why it is not all."""
    taken = bytearray()
    try:
        while chunk := file.read(1_000_000):
            taken += chunk
            if len(taken) > 4 * _LONGEST:
                return bytes(taken), "is larger than is read at once: give one record per line (.jsonl)"
    except _BROKEN_GZIP:
        return bytes(taken), _NO_GZIP
    return bytes(taken), ""


def _one_per_line(body: bytes) -> bool:
    first, _, rest = body.removeprefix(_MARK).lstrip().partition(b"\n")
    try:
        return bool(rest.strip()) and isinstance(_decoded(first), dict)
    except ValueError:
        return False


def _as_lines(body: bytes, name: str) -> Iterator[Found | Bad]:
    for number, line in enumerate(body.split(b"\n"), start=1):
        if line.strip():
            yield from _line(line, f"{name}: line {number}")


def _as_far_as(body: bytes, name: str, problem: str) -> Iterator[Found | Bad]:
    """Give the records of a list or page up to where it breaks, and tell the line on which the broken one begins."""
    text = body.removeprefix(_MARK).decode("utf-8", errors="replace")
    decoder, place, line = json.JSONDecoder(), _first(text), 1
    counted = 0
    while 0 <= place < len(text) and text[place] == "{":
        line += text.count("\n", counted, place)
        counted = place
        try:
            value, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            break
        yield from records_in(value, f"{name}: line {line}")
        place = _past(text, end, ",")
    line += text.count("\n", counted, max(place, 0)) if place > counted else 0
    yield Bad(f"{name}: line {line}", f"{problem}; nothing from there on was read")


def _first(text: str) -> int:
    """Say where the first record of a list or page begins; -1 where the text is neither."""
    place = _past(text, 0, "")
    if text[place : place + 1] == "{":
        begin = text.find('"studies"')
        place = _past(text, begin + len('"studies"'), ":") if begin >= 0 else -1
    return _past(text, place + 1, "") if text[place : place + 1] == "[" and place >= 0 else -1


def _past(text: str, place: int, sign: str) -> int:
    """Step over blanks, one sign and blanks."""
    for each in (None, sign or None):
        if each is not None and text[place : place + 1] == each:
            place += 1
        while place < len(text) and text[place] in _SPACE:
            place += 1
    return place


def _bare(body: bytes) -> bytes:
    """Take away blanks, and the mark that some programs begin a file of UTF-8 with."""
    return body.removeprefix(_MARK).strip()


def _decoded(body: bytes) -> object:
    try:
        value: object = msgspec.json.decode(body)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    except msgspec.DecodeError as problem:
        broken = "truncated" in str(problem) and not body.rstrip().endswith((b"}", b"]"))
        raise ValueError("breaks off in the middle" if broken else "is not JSON") from None
    return value
