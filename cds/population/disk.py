"""What runs and exports have in common on the disk: one process at a time in a folder, and files whole or not there."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from cds.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["FULL", "NO_ROOM", "held", "write_whole"]

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""How the system says that there is no more room: on the disk, for this user, or in one file."""

NO_ROOM: Final = "the disk is full, or a limit is reached"
"""How a command tells of it."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep other processes out of a folder until the block ends, or this process does, however that is.

    Raises ``BadCall`` where another one is in it, and ``OSError`` where it cannot be opened. Processes that are forked
    within the block hold it too.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BadCall(f"{folder.name}: another run is writing to it") from None
        yield
    finally:
        os.close(handle)


def write_whole(path: Path, body: bytes) -> None:
    """Write a file for its owner alone; under its name it is there whole, and on the disk, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.touch(mode=0o600)
    with unfinished.open("wb") as stream:
        stream.write(body)
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.replace(path)
