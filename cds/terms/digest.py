"""Which tables answers were made with, in one word: the checksum of their files."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["tables_sha256"]

_ENDINGS = frozenset({".csv", ".yaml"})


def tables_sha256(folder: Path, overlay: Path | None = None) -> str:
    """Give the SHA-256 of all tables of a folder, and of a site's overlay after them.

    It changes with any byte, name or place of a table, and with nothing else: not with where the folders lie, nor with
    the notes beside them.
    """
    digest = hashlib.sha256()
    for number, each in enumerate(filter(None, (folder, overlay))):
        for path in sorted(file for file in each.rglob("*") if file.suffix in _ENDINGS):
            body = path.read_bytes()
            digest.update(f"{number} {path.relative_to(each).as_posix()} {len(body)}\n".encode())
            digest.update(body)
    return digest.hexdigest()
