"""The findings of a trial, made when somebody looks at them.

Of hundreds of trials a card tells a few. What a trial is to the patient takes the answers alone; the words of each
criterion, its question and its evidence are put together for the trials that are told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import overload

from cds.core.criteria import Criterion
from cds.core.finding import CriterionFinding, Finding

__all__ = ["Findings"]


class Findings(Sequence[CriterionFinding]):
    """The findings of some criteria, in their order: a tuple to whoever looks, and equal to that tuple.

    ``find`` must give the same finding for a criterion whenever it is asked. They are all made at the first look.
    """

    __slots__ = ("_criteria", "_find", "_made")

    def __init__(self, criteria: tuple[Criterion, ...], find: Callable[[Criterion], Finding]) -> None:
        """Keep what it takes to make them."""
        self._criteria = criteria
        self._find = find
        self._made: tuple[CriterionFinding, ...] | None = None

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """The criteria they are of, which may be looked at without making any finding."""
        return self._criteria

    def __len__(self) -> int:
        return len(self._criteria)

    @overload
    def __getitem__(self, place: int) -> CriterionFinding: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[CriterionFinding, ...]: ...
    def __getitem__(self, place: int | slice) -> CriterionFinding | tuple[CriterionFinding, ...]:
        return self._all()[place]

    def __iter__(self) -> Iterator[CriterionFinding]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, tuple | Findings) and self._all() == tuple(other)

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())

    def _all(self) -> tuple[CriterionFinding, ...]:
        if self._made is None:
            self._made = tuple([CriterionFinding(each, self._find(each)) for each in self._criteria])
        return self._made
