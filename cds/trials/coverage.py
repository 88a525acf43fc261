"""How much of the registry's text each definition computes, asks and leaves: one row a trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.criteria import Asked, Reason, leaves

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cds.core.criteria import Criterion
    from cds.trials.definition import Definition


@dataclass(frozen=True, slots=True)
class Coverage:
    """What became of the lines of one registry text that are not blank; each line is counted once.

    A line is *computed* if any criterion that stands for it looks at the chart (*in part*: where something of the line
    is asked of a person besides), else a *judgement* if any asks a question, else *not computable*; or it is a heading,
    or not accounted for.
    """

    nct_id: str
    complete: bool
    lines: int
    headings: int
    computed: int
    in_part: int
    judgement: int
    not_computable: int
    unaccounted: tuple[int, ...]

    @property
    def fails(self) -> bool:
        """Whether a definition that is said to be complete leaves something out."""
        return self.complete and bool(self.unaccounted)


def coverage_of(definition: Definition) -> Coverage:
    """Count what became of a text's lines."""
    trial, record = definition.trial, definition.record
    criteria: dict[int, list[Criterion]] = {}
    for criterion in (*trial.criteria, *(each for cohort in trial.cohorts for each in cohort.criteria)):
        for line in criterion.lines:
            criteria.setdefault(line, []).append(criterion)
    text = [line for line in range(1, record.lines + 1) if line not in record.blank]
    told = [_became(criteria[line]) for line in text if line in criteria]
    headings = [line for line in text if line in definition.headings and line not in criteria]
    return Coverage(
        nct_id=trial.nct_id,
        complete=trial.complete,
        lines=len(text),
        headings=len(headings),
        computed=sum(became in {_COMPUTED, _IN_PART} for became in told),
        in_part=told.count(_IN_PART),
        judgement=told.count(Reason.JUDGEMENT.value),
        not_computable=told.count(Reason.NOT_COMPUTABLE.value),
        unaccounted=tuple(line for line in text if line not in criteria and line not in definition.headings),
    )


_COMPUTED, _IN_PART = "computed", "in-part"


def _became(criteria: Iterable[Criterion]) -> str:
    parts = [leaf for criterion in criteria for leaf in leaves(criterion.rule)]
    asked = [leaf.reason for leaf in parts if isinstance(leaf, Asked)]
    if len(asked) < len(parts):
        return _IN_PART if asked else _COMPUTED
    reason = Reason.JUDGEMENT if Reason.JUDGEMENT in asked else Reason.NOT_COMPUTABLE
    return str(reason.value)


def summed(rows: Iterable[Coverage]) -> Coverage:
    """Add the trials up; the sum is complete where all of them are, and names no lines."""
    every = list(rows)

    return Coverage(
        nct_id="",
        complete=all(each.complete for each in every),
        lines=sum(each.lines for each in every),
        headings=sum(each.headings for each in every),
        computed=sum(each.computed for each in every),
        in_part=sum(each.in_part for each in every),
        judgement=sum(each.judgement for each in every),
        not_computable=sum(each.not_computable for each in every),
        unaccounted=tuple(line for each in every for line in each.unaccounted),
    )
