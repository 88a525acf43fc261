"""The folder that an export is brought into: files that are whole or not there, their owner's alone.

All names are ours. What is being written ends in ``.part`` and takes its name when it is whole and on the disk.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cds.errors import BadCall, RunStopped
from cds.population.bulk.account import ACCOUNT, JOURNAL
from cds.population.disk import FULL, NO_ROOM, held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO
    from pathlib import Path

__all__ = ["PART", "Folder", "Writing"]

PART: Final = ".part"


class Folder:
    """A folder for one export. What its methods raise names the folder, never what was to be written."""

    def __init__(self, path: Path) -> None:
        """Take a path; nothing is made yet."""
        self.path = path

    @contextmanager
    def opened(self, *, anew: bool = False) -> Iterator[None]:
        """Make the folder, readable by its owner alone, and keep other runs out of it until the block ends.

        ``anew``: what an earlier run of ours left is deleted. Raises ``BadCall`` for a folder that holds a finished
        export or other people's files, or that another run is writing to.
        """
        with ExitStack() as stack:
            with self.sentences():
                self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
                stack.enter_context(held(self.path))
            if anew:
                self.clear()
            self._check()
            with self.sentences():
                self.path.chmod(0o700)
            yield

    def _check(self) -> None:
        names = {each.name for each in self.path.iterdir()}
        if ACCOUNT in names:
            raise BadCall(f"{self.path.name}: holds a finished export; name another folder, or give --anew")
        if names and JOURNAL not in names:
            raise BadCall(f"{self.path.name}: is not empty; name another folder, or give --anew for one of ours")

    def clear(self) -> None:
        """Delete what this program writes, and nothing else; the account goes first, the journal last."""
        with self.sentences():
            (self.path / ACCOUNT).unlink(missing_ok=True)
            for form in ("*.ndjson", "*.bundles", f"*{PART}"):
                for each in self.path.glob(form):
                    each.unlink()
            (self.path / JOURNAL).unlink(missing_ok=True)

    @contextmanager
    def new_file(self, name: str) -> Iterator[Writing]:
        """Write a file; it has its name once the block has ended without fault, and leaves nothing otherwise."""
        part, whole = self.path / f"{name}{PART}", self.path / name
        try:
            with self.sentences():
                part.unlink(missing_ok=True)
                file = os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)
            with file:
                yield Writing(self, file)
                with self.sentences():
                    os.fsync(file.fileno())
            with self.sentences():
                part.replace(whole)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise

    def write(self, name: str, content: bytes) -> None:
        """Write a whole file, or nothing. Raises ``RunStopped``."""
        with self.new_file(name) as file:
            file.write(content)
        self.keep_names()

    def append(self, name: str, line: bytes) -> None:
        """Add a line to a file, and have it on the disk."""
        with self.sentences():
            handle = os.open(self.path / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "ab") as file:
                file.write(line + b"\n")
                file.flush()
                os.fsync(file.fileno())

    def read(self, name: str) -> bytes | None:
        """Give a file's content; nothing where there is none."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError:
            raise BadCall(f"{self.path.name}: cannot be read") from None

    def lines(self, name: str) -> Iterator[bytes]:
        """Give the lines of a file that are not blank, one after the other."""
        with self.sentences(), (self.path / name).open("rb") as file:
            yield from (line for line in file if line.strip())

    def size(self, name: str) -> int | None:
        """Give a file's size in bytes; nothing where there is none."""
        try:
            return (self.path / name).stat().st_size
        except OSError:
            return None

    def remove(self, name: str) -> None:
        """Delete a file, if it is there."""
        with self.sentences():
            (self.path / name).unlink(missing_ok=True)

    def keep_names(self) -> None:
        """Have the names of the files on the disk as well, where the file system knows how."""
        with suppress(OSError):
            handle = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    @contextmanager
    def sentences(self) -> Iterator[None]:
        """Tell what the system says of files in our words. Raises ``RunStopped`` and ``BadCall``."""
        try:
            yield
        except OSError as problem:
            if problem.errno in FULL:
                raise RunStopped(
                    f"{self.path.name}: {NO_ROOM}; what is whole stays: make room, and run the same command again to "
                    "go on"
                ) from None
            raise BadCall(f"{self.path.name}: cannot be written to") from None


@dataclass(frozen=True, slots=True)
class Writing:
    """A file that is being written."""

    folder: Folder
    file: FileIO

    def write(self, content: bytes) -> None:
        """Add to it. Raises ``RunStopped``."""
        left = memoryview(content)
        with self.folder.sentences():
            while left:
                left = left[self.file.write(left) :]
