"""Charts from files: a FHIR Bundle, or NDJSON with one resource per line; compressed with gzip or not."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from cds.errors import BadCall
from cds.fhir.reading.sorting import announced, matches
from cds.fhir.values import many
from cds.fhir.wire import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Json = dict[str, object]


def read_bundle(paths: Sequence[Path]) -> object:
    """Read one chart from files: a single Bundle as it stands, several files put together into one.

    Raises :class:`BadCall` that names the file, and never what stood in it. Where pages of a search are missing, the
    Bundle that is given says so, as a single page would.
    """
    documents = [document for path in paths for document in read_documents(path)]
    if len(documents) == 1 and _is_bundle(documents[0]):
        return documents[0]
    bundles = [each for each in documents if _is_bundle(each)]
    joined: Json = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [entry for document in documents for entry in _entries(document)],
    }
    if _lacks_pages(bundles):
        joined["link"] = [{"relation": "next", "url": "a page that is not among the files"}]
    return joined


def read_resources(path: Path) -> list[object]:
    """Read a file's resources, those of a Bundle one by one; an entry without a resource is given as it stands."""
    return [
        entry["resource"] if isinstance(entry, dict) and "resource" in entry else entry
        for document in read_documents(path)
        for entry in _entries(document)
    ]


def read_documents(path: Path) -> list[object]:
    """Read the JSON values of a file: one if all of it is one, otherwise one per line."""
    body = _content(path)
    try:
        return [decode(body)]
    except BadCall as whole:
        lines = [line for line in body.splitlines() if line.strip()]
        if len(lines) < 2 or not _looks_like_ndjson(path, lines[0]):  # noqa: PLR2004 - one line is one document
            raise BadCall(f"{path.name}: {_sentence(whole)}") from None
    return [_line(path, number, line) for number, line in enumerate(body.splitlines(), start=1) if line.strip()]


def _content(path: Path) -> bytes:
    try:
        body = path.read_bytes()
        return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    except FileNotFoundError:
        raise BadCall(f"{path.name}: there is no such file") from None
    except IsADirectoryError:
        raise BadCall(f"{path.name}: is a folder, not a file") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise BadCall(f"{path.name}: is broken as a gzip file") from None
    except OSError:
        raise BadCall(f"{path.name}: cannot be read") from None


def _looks_like_ndjson(path: Path, first_line: bytes) -> bool:
    """Say whether a file that is not one JSON value is meant as one value per line."""
    if {".ndjson", ".jsonl"} & set(path.suffixes):
        return True
    try:
        return isinstance(decode(first_line), dict)
    except BadCall:
        return False


def _line(path: Path, number: int, line: bytes) -> object:
    try:
        return decode(line)
    except BadCall as problem:
        raise BadCall(f"{path.name}: line {number}: {_sentence(problem)}") from None


def _sentence(problem: BadCall) -> str:
    return str(problem).replace("the body is", "it is", 1)


def _is_bundle(document: object) -> bool:
    return isinstance(document, dict) and document.get("resourceType") == "Bundle"


def _entries(document: object) -> list[object]:
    if not isinstance(document, dict) or document.get("resourceType") != "Bundle":
        return [{"resource": document}]
    entries = document.get("entry", [])
    return entries if isinstance(entries, list) else [entries]


def _lacks_pages(bundles: Iterable[object]) -> bool:
    """Say whether a page of a search names a next one that is not given, or one on its own announces more entries."""
    pages = [each for each in bundles if isinstance(each, dict)]
    given = {_link(each, "self") for each in pages}
    followed = {_link(each, "next") for each in pages} - {""}
    return any(
        following not in given if (following := _link(each, "next")) else _is_short(each, followed) for each in pages
    )


def _is_short(page: Json, followed: set[str]) -> bool:
    total = announced(page)
    alone = _link(page, "self") not in followed
    return alone and total is not None and total > matches(page)


def _link(page: Json, relation: str) -> str:
    for each in many(page.get("link")):
        if isinstance(each, dict) and each.get("relation") == relation:
            return str(each.get("url"))
    return ""
