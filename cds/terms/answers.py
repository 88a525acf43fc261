"""How a server is spared: what it answered is kept for a while."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from cds.core.codes import Code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Question = tuple[str, tuple[tuple[str, str | tuple[str, ...]], ...]]
"""An operation and its parameters, of which one may be given several times."""


@dataclass(frozen=True, slots=True)
class Properties:
    """What a server tells of one code: its name, and the values by property. A value that cannot be read is blank."""

    display: str
    values: Mapping[str, frozenset[str]]


Answer: TypeAlias = bool | frozenset[Code] | Properties


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was given, ``None`` for "cannot be told", and until when it holds."""

    answer: Answer | None
    until: float


class Answers:
    """Answers that were given; each is forgotten after its time, and the least used first where there are too many."""

    def __init__(self, size: int, clock: Callable[[], float]) -> None:
        self._size, self._clock = size, clock
        self._kept: OrderedDict[Question, Kept] = OrderedDict()

    def get(self, question: Question) -> Kept | None:
        """Give what is kept of a question, if it still holds."""
        kept = self._kept.get(question)
        if kept is None:
            return None
        if self._clock() >= kept.until:
            del self._kept[question]
            return None
        self._kept.move_to_end(question)
        return kept

    def keep(self, question: Question, answer: Answer | None, for_s: float) -> None:
        """Keep an answer for so many seconds."""
        self._kept[question] = Kept(answer, self._clock() + for_s)
        self._kept.move_to_end(question)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
