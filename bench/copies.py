"""Patients copied under fresh ids: as many as one wants, with the same charts, each somebody of their own."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

__all__ = ["Lines", "copied", "golden_lines", "lines_of_bundle", "marked", "written"]

Lines = list[tuple[str, str]]
"""Resources as they stand in an export: type and JSON on one line."""

_NAMED = re.compile(r'"((?:[^"\\]*[/:])?)([A-Za-z0-9.-]{1,64})"')
_MARK = "\x1f"
"""Stands after each id that a copy changes; no JSON text holds one."""


def golden_lines(golden: Path) -> Lines:
    """Give all golden charts as lines of an export, to be copied."""
    charts = sorted(golden.glob("*/chart.json"))
    return [each for chart in charts for each in marked(lines_of_bundle(json.loads(chart.read_text("utf-8"))))]


def lines_of_bundle(bundle: Mapping[str, Any]) -> Lines:
    """Give a Bundle's resources as a server would export them: references by type and id, not by an entry's URL."""
    entries = [(str(entry.get("fullUrl", "")), entry["resource"]) for entry in bundle["entry"]]
    known = {url: f"{each['resourceType']}/{each['id']}" for url, each in entries if url}
    return [(each["resourceType"], json.dumps(_pointed(each, known), separators=(",", ":"))) for _, each in entries]


def _pointed(value: Any, known: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {
            key: known.get(each, each) if key == "reference" and isinstance(each, str) else _pointed(each, known)
            for key, each in value.items()
        }
    return [_pointed(each, known) for each in value] if isinstance(value, list) else value


def marked(lines: Iterable[tuple[str, str]], shared: Collection[str] = ()) -> Lines:
    """Mark the ids in lines, and the references to them, which a copy changes; not those of ``shared`` types."""
    lines = list(lines)
    ids = {json.loads(text)["id"] for name, text in lines if name not in shared}

    def mark(found: re.Match[str]) -> str:
        return f'"{found[1]}{found[2]}{_MARK}"' if found[2] in ids else found[0]

    return [(name, _NAMED.sub(mark, text)) for name, text in lines]


def copied(lines: Iterable[tuple[str, str]], number: int) -> Lines:
    """Give lines that were marked with ids of this number; those without a mark are in the first copy (0) only."""
    fresh = f"-{number}"
    return [(name, text.replace(_MARK, fresh)) for name, text in lines if number == 0 or _MARK in text]


def written(lines: Iterable[tuple[str, str]], folder: Path) -> int:
    """Write lines as an export, a file a type, after what is there; give how many bytes that were."""
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[str]] = defaultdict(list)
    for name, text in lines:
        found[name].append(text)
    size = 0
    for name, texts in found.items():
        body = "".join(f"{each}\n" for each in texts).encode()
        with (folder / f"{name}.ndjson").open("ab") as file:
            size += file.write(body)
    return size
