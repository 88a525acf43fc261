"""What a rule comes to, without words and evidence: as much as a trial's standing among hundreds of others takes.

It says the same as :func:`cds.core.evaluate.evaluate` of the same rule, which also says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cds.core.composition import combined
from cds.core.criteria import AllOf, AnyOf, IfThen, Not, Readings
from cds.core.evaluate import decided_by
from cds.core.truth import Truth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cds.core.criteria import Rule
    from cds.core.evaluate import Decided
    from cds.core.finding import Finding
    from cds.core.recognise import Case

__all__ = ["Sketch", "Sketches", "sketched"]


class Sketch(NamedTuple):
    """A rule's answer; whether, if unknown, only a person can settle it; whether the records rule a disease out."""

    truth: Truth
    for_a_person: bool = False
    ruled_out: bool = False


def sketched(finding: Finding) -> Sketch:
    """Give as much of a finding as a sketch tells."""
    cause = finding.cause
    return Sketch(finding.truth, cause is not None and cause.for_a_person, finding.ruled_out)


_DISPUTED = Sketch(Truth.UNKNOWN)
"""What depends on a condition that is unknown, or on which of several readings holds."""


class Sketches:
    """The rules of a plan held against one case, each once, and every part that several of them share once.

    ``decided`` keeps what the parts came to that look at the chart. All rules must outlive it.
    """

    __slots__ = ("_case", "_decided", "_known")

    def __init__(self, case: Case, decided: Decided) -> None:
        """Begin with nothing known."""
        self._case = case
        self._decided = decided
        self._known: dict[tuple[int, bool], Sketch] = {}

    def of(self, rule: Rule, *, forbidden: bool = False) -> Sketch:
        """Say what a rule comes to."""
        key = id(rule), forbidden
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._worked_out(rule, forbidden=forbidden)
        return known

    def _worked_out(self, rule: Rule, *, forbidden: bool) -> Sketch:
        match rule:
            case AllOf() | AnyOf():
                parts = [self.of(part, forbidden=forbidden) for part in rule.rules]
                truth = combined(rule, _truths(parts), forbidden=forbidden)
                return _told_by(truth, [part for part in parts if part.truth is truth], parts)
            case Not():
                return self.of(rule.rule, forbidden=not forbidden)
            case IfThen():
                return self._chosen(rule, forbidden=forbidden)
            case Readings():
                parts = [self.of(part, forbidden=forbidden) for part in rule.rules]
                truth = combined(rule, _truths(parts), forbidden=forbidden)
                return _told_by(truth, parts, parts) if all(part.truth is truth for part in parts) else _DISPUTED
            case _:
                return sketched(decided_by(rule, self._case, self._decided, forbidden=forbidden))

    def _chosen(self, rule: IfThen, *, forbidden: bool) -> Sketch:
        condition = self.of(rule.condition)
        then, otherwise = (self.of(branch, forbidden=forbidden) for branch in (rule.then, rule.otherwise))
        parts = [condition, then, otherwise]
        truth = combined(rule, _truths(parts), forbidden=forbidden)
        if condition.truth is not Truth.UNKNOWN:
            return _told_by(truth, [then if condition.truth is Truth.MET else otherwise], parts)
        return _told_by(truth, [otherwise, then], parts) if then.truth is otherwise.truth else _DISPUTED


def _truths(parts: Sequence[Sketch]) -> tuple[Truth, ...]:
    return tuple([part.truth for part in parts])


def _told_by(truth: Truth, telling: Sequence[Sketch], parts: Sequence[Sketch]) -> Sketch:
    """Give the sketch of a composite rule out of the parts that decided it."""
    if truth is not Truth.UNKNOWN:
        return Sketch(truth)
    first = next((part for part in telling if not part.for_a_person), telling[0])
    shut = first.ruled_out and all(part.ruled_out or part.truth is Truth.UNMET for part in parts)
    return Sketch(truth, first.for_a_person, shut)
