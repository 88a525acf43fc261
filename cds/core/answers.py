"""One chart asked what the rules of a plan ask: each rule once, and only those that somebody needs to know of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.core.criteria import Diagnosis
from cds.core.evaluate import decided_by, evaluate
from cds.core.finding import Cause
from cds.core.sketches import Sketch, Sketches
from cds.core.truth import Truth
from cds.core.verdict import disease_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cds.core.criteria import Criterion, Rule
    from cds.core.evaluate import Decided
    from cds.core.finding import Finding
    from cds.core.plan import Plan
    from cds.core.recognise import Case
    from cds.core.verdict import Terms

__all__ = ["MET", "UNKNOWN", "UNMET", "Answers", "Weight", "weight_of"]

MET, UNKNOWN, UNMET = 1, 2, 3
"""What a rule came to, as far as a trial's place among others depends on it; what only a person can settle is met."""

Weight = tuple[int, int]
"""How many findings are unmet, and how many unknown to the records."""


class Answers:
    """What the rules of a plan came to for one chart, made as they are asked for.

    ``answers`` holds by the place of a rule in the plan what it came to, and nought for those nobody asked about.
    """

    __slots__ = (
        "_case",
        "_decided",
        "_diseases",
        "_found",
        "_plan",
        "_sketches",
        "_tumours",
        "_weights",
        "answers",
        "terms",
    )

    def __init__(self, case: Case, plan: Plan, terms: Terms) -> None:
        self._case, self._plan, self.terms = case, plan, terms
        self._decided: Decided = {}
        self._found: dict[int, Finding] = {}
        self._diseases: dict[int, Truth | None] = {}
        self._weights: dict[int, Weight] = {}
        self._tumours = bool(case.tumours or case.unread_tumours)
        self.answers = bytearray(len(plan.rules))
        self._sketches = Sketches(case, self._decided)

    def find(self, criterion: Criterion) -> Finding:
        """Give the finding of a criterion, its words included."""
        return self._of(criterion.rule)

    def disease(self, place: int) -> Truth | None:
        """Say whether the patient has one of the plan's diseases; nothing where it is ruled out."""
        if place not in self._diseases:
            self._diseases[place] = disease_of(self._about(place))
        return self._diseases[place]

    def suspected(self, place: int) -> bool:
        """Say whether entries speak for one of the plan's diseases, though they may not settle that it is there.

        It may be a diagnosis that is too general, or one that other entries contradict. That the patient has another
        disease speaks for nothing.
        """
        return any(map(self._spoken_for, self._plan.signs[place]))

    def _spoken_for(self, leaf: Rule) -> bool:
        if isinstance(leaf, Diagnosis) and not self._tumours:
            return False
        found = decided_by(leaf, self._case, self._decided, forbidden=False)
        if isinstance(leaf, Diagnosis) and found.cause is Cause.NOT_READ:
            return False  # what it shows are other tumours
        return found.truth is Truth.MET or (found.truth is Truth.UNKNOWN and bool(found.evidence))

    def weight(self, place: int) -> Weight:
        """Count what the answers on one of the plan's diseases come to."""
        if place not in self._weights:
            self._weights[place] = weight_of(self._about(place))
        return self._weights[place]

    def _about(self, place: int) -> list[Sketch]:
        return [self._sketches.of(self._plan.rules[each]) for each in self._plan.diseases[place]]

    def finding(self, place: int) -> Finding:
        """Give the finding of one of the plan's rules."""
        return self._of(self._plan.rules[place])

    def answer(self, place: int) -> int:
        """Give what one of the plan's rules came to, and note it."""
        found = self.answers[place] = _answer(self._sketches.of(self._plan.rules[place]))
        return found

    def settled(self, place: int) -> bool:
        """Say whether one of the plan's rules is met or unmet, and not a question that only a person can settle."""
        return self._sketches.of(self._plan.rules[place]).truth is not Truth.UNKNOWN

    def _of(self, rule: Rule) -> Finding:
        found = self._found.get(id(rule))
        if found is None:
            found = self._found[id(rule)] = evaluate(rule, self._case, self._decided)
        return found


def _answer(sketch: Sketch) -> int:
    if sketch.truth is Truth.UNMET:
        return UNMET
    return UNKNOWN if sketch.truth is Truth.UNKNOWN and not sketch.for_a_person else MET


def weight_of(sketches: Iterable[Sketch]) -> Weight:
    """Count the unmet and the unknown."""
    answers = list(map(_answer, sketches))
    return answers.count(UNMET), answers.count(UNKNOWN)
