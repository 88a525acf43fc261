"""What an unfinished export has come to, so that a run that was cut short goes on where it stopped.

The first line says which export it is, each further one names a file that is whole. It holds no token. The address at
which the server tells how the export stands is in it, for its owner's eyes alone, as for some servers that is a key.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from cds.errors import BadCall
from cds.population.bulk.account import JOURNAL, Kept

if TYPE_CHECKING:
    from cds.population.bulk.folder import Folder
    from cds.population.bulk.order import Order

__all__ = ["Begun", "Journal"]

_FORM: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An export that the server has begun: the order, what became of it, and where its state is told."""

    wanted: str
    status_url: str
    request: str
    asked: tuple[str, ...]
    not_offered: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    not_granted: tuple[str, ...] = ()
    form: int = _FORM


@dataclass(frozen=True, slots=True)
class _Done:
    """A file that is whole, by the key of its link."""

    key: str
    file: Kept
    moment: str


_ENCODER: Final = msgspec.json.Encoder()
_BEGUN: Final = msgspec.json.Decoder(Begun)
_DONE: Final = msgspec.json.Decoder(_Done)


class Journal:
    """The journal of a folder that was opened."""

    def __init__(self, folder: Folder) -> None:
        """Read what an earlier run has left. Raises ``BadCall`` for what no run of ours can have left."""
        self._folder = folder
        self.begun: Begun | None = None
        self._done: dict[str, _Done] = {}
        written = folder.read(JOURNAL) or b""
        self._torn = not written.endswith(b"\n")
        lines = written.split(b"\n")
        if not lines[0]:
            return
        try:
            self.begun = _BEGUN.decode(lines[0])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self.begun = None
        if self.begun is None or self.begun.form != _FORM:
            raise BadCall(f"{folder.path.name}: what an earlier run left in it cannot be read; begin again with --anew")
        for line in lines[1:]:
            with suppress(msgspec.MsgspecError, UnicodeDecodeError):  # the last line of a run that was killed
                done = _DONE.decode(line)
                self._done[done.key] = done

    def of(self, order: Order) -> Begun | None:
        """Give the export that was begun for this order. Raises ``BadCall`` where it was begun for another one."""
        if self.begun is not None and self.begun.wanted != order.url:
            raise BadCall(
                f"{self._folder.path.name}: holds a part of another export; name another folder, ask as before, or "
                "begin again with --anew"
            )
        return self.begun

    def begin(self, begun: Begun) -> None:
        """Write down that an export was begun."""
        self.begun, self._torn = begun, False
        self._folder.write(JOURNAL, _ENCODER.encode(begun) + b"\n")

    def done(self, key: str, name: str, moment: str) -> Kept | None:
        """Give what is known of a file that is whole: same link, same moment, same name, same size."""
        found = self._done.get(key)
        if found is None or found.moment != moment or found.file.name != name:
            return None
        return found.file if self._folder.size(name) == found.file.bytes else None

    def add(self, key: str, file: Kept, moment: str) -> None:
        """Write down that a file is whole."""
        self._done[key] = _Done(key, file, moment)
        self._folder.append(JOURNAL, (b"\n" if self._torn else b"") + _ENCODER.encode(self._done[key]))
        self._torn = False

    def end(self) -> None:
        """Delete the journal: the export is over."""
        self._folder.remove(JOURNAL)
