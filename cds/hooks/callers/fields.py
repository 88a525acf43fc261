"""Fields of one entry of a profile or of the list of callers, read word by word; a fault names file, line and field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

from cds.errors import BadSetting
from cds.files import Block, read_yaml

__all__ = ["Fields", "read_list"]

EntryT = TypeVar("EntryT")

_YES_OR_NO = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Fields:
    """One mapping of a file. Every method raises ``BadSetting`` where the field is not what it must be."""

    block: Block
    file: str

    def only(self, *names: str) -> None:
        """Refuse a field that has no meaning here: mostly a misspelt one, which would otherwise change nothing."""
        for name in self.block:
            if name not in names:
                self.fault(name, f"there is no such field (there are {', '.join(names)})")

    def text(self, name: str, default: str | None = None) -> str:
        """Give a text; without a default it must be there."""
        value = self.block.get(name, default)
        if not isinstance(value, str) or not value.strip():
            self.fault(name, "must be a text")
        return value.strip()

    def words(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Give a list of texts, each once."""
        value = self.block.get(name)
        if value is None:
            return default
        texts = value if isinstance(value, list) else None
        if not texts or not all(isinstance(each, str) and each.strip() for each in texts):
            self.fault(name, "must be a list of texts")
        if len(set(texts)) != len(texts):
            self.fault(name, "names something twice")
        return tuple(each.strip() for each in texts)

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """Give a whole number within bounds."""
        value = self.block.get(name)
        if value is None:
            return default
        if not isinstance(value, str) or not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            self.fault(name, f"must be a whole number from {low} to {high}")
        return int(value)

    def rate(self, name: str) -> float | None:
        """Give a number of calls per second, or ``None`` where the field is left out."""
        value = self.block.get(name)
        if value is None:
            return None
        try:
            rate = float(str(value))
        except ValueError:
            rate = 0.0
        if not 0 < rate <= 10_000:  # noqa: PLR2004 - said in the sentence below
            self.fault(name, "must be a number of calls per second above 0 and up to 10000")
        return rate

    def yes(self, name: str, *, default: bool) -> bool:
        """Give a yes or no."""
        value = self.block.get(name)
        if value is None:
            return default
        if not isinstance(value, str) or value not in _YES_OR_NO:
            self.fault(name, "must be true or false")
        return _YES_OR_NO[value]

    def one_of(self, name: str, choices: tuple[str, ...], default: str) -> str:
        """Give one of a closed list of words."""
        value = self.block.get(name, default)
        if not isinstance(value, str) or value not in choices:
            self.fault(name, f"must be one of {', '.join(choices)}")
        return value

    def fault(self, name: str, reason: str) -> NoReturn:
        """Say what is wrong with a field."""
        raise BadSetting(f"{self.file}:{self.block.line}: {name}: {reason}")


def read_list(
    path: Path,
    name: str,
    what: str,
    read: Callable[[Fields], EntryT],
    clashes: Callable[[Sequence[EntryT], str], Iterable[str]],
) -> tuple[EntryT, ...]:
    """Read a file that holds one list of entries; raise ``BadSetting`` with every fault, each with its file and line.

    ``clashes`` says of which entries not both can be listed; ``what`` is what the entries are called.
    """
    top = Fields(read_yaml(path, path.name, BadSetting), path.name)
    top.only(name)
    listed = top.block.get(name)
    if not isinstance(listed, list) or not listed or not all(isinstance(each, Block) for each in listed):
        top.fault(name, f"must be a list of {what}, with at least one")
    entries, reasons = [], []
    for block in listed:
        try:
            entries.append(read(Fields(block, path.name)))
        except BadSetting as problem:
            reasons.append(str(problem))
    reasons.extend(clashes(entries, path.name))
    if reasons:
        raise BadSetting("; ".join(reasons))
    return tuple(entries)
