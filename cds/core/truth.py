"""Met, unmet, or cannot tell: the three answers a criterion can have, and how they combine."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable


class Truth(enum.Enum):
    """Whether something holds, told from the patient's side: no obstacle, an obstacle, or cannot tell.

    The connectives are Kleene's strong ones: unknown gives way only where the other side settles the matter.
    A ``Truth`` refuses to be a ``bool``, so ``if truth:`` cannot be written by accident.
    """

    MET = "met"
    UNKNOWN = "unknown"
    UNMET = "unmet"

    def __bool__(self) -> NoReturn:
        """Refuse: three answers do not fit in two."""
        message = "a Truth has three values: compare with `is Truth.MET`"
        raise TypeError(message)

    def __and__(self, other: Truth) -> Truth:
        """Both: unmet if either is, met only if both are."""
        return all_of((self, other))

    def __or__(self, other: Truth) -> Truth:
        """Either: met if either is, unmet only if both are."""
        return any_of((self, other))

    def __invert__(self) -> Truth:
        """Swap met and unmet; unknown stays unknown."""
        if self is Truth.UNKNOWN:
            return Truth.UNKNOWN
        return Truth.UNMET if self is Truth.MET else Truth.MET


def all_of(truths: Iterable[Truth]) -> Truth:
    """Every one of them holds; of none at all, that is met."""
    found = Truth.MET
    for truth in truths:
        if truth is Truth.UNMET:
            return Truth.UNMET
        if truth is Truth.UNKNOWN:
            found = Truth.UNKNOWN
    return found


def any_of(truths: Iterable[Truth]) -> Truth:
    """At least one of them holds; of none at all, that is unmet."""
    found = Truth.UNMET
    for truth in truths:
        if truth is Truth.MET:
            return Truth.MET
        if truth is Truth.UNKNOWN:
            found = Truth.UNKNOWN
    return found


def at_least(count: int, truths: Iterable[Truth]) -> Truth:
    """At least ``count`` of them hold, counting what is unknown both ways."""
    seen = list(truths)
    sure = sum(truth is Truth.MET for truth in seen)
    hoped = sum(truth is not Truth.UNMET for truth in seen)
    if sure >= count:
        return Truth.MET
    return Truth.UNKNOWN if hoped >= count else Truth.UNMET
