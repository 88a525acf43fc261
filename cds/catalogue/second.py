"""The second reader asked about a draft: every line that was left to review, in groups, under one deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.trials.proposals import Heard, OpenLine, heard
from cds.trials.second import batches, instructions, open_lines, question, with_proposals

if TYPE_CHECKING:
    from cds.core.trial import Trial
    from cds.extractor.model import Model, Visit
    from cds.trials.codebook import Codebook
    from cds.trials.study import Study

__all__ = ["SecondReading", "second_read"]


@dataclass(frozen=True, slots=True)
class SecondReading:
    """A draft with what the second reader proposed, of how many open lines, and what failed (blank: nothing)."""

    trial: Trial
    lines: int
    heard: Heard
    problem: str = ""

    def __str__(self) -> str:
        """Say it in one line."""
        refused, taken = sum(self.heard.refused.values()), len(self.heard.proposals)
        told = f"second reader: of {self.lines} open lines a rule was proposed for {taken}, {refused} refused"
        why = "; ".join(f"{count} {each.value}" for each, count in self.heard.refused.items())
        return "".join((told, f" ({why})" if why else "", f"; it {self.problem}" if self.problem else ""))


async def second_read(trial: Trial, study: Study, codebook: Codebook, model: Model, deadline_s: float) -> SecondReading:
    """Ask about the open lines of a draft; whatever fails, the lines stay as they were."""
    lines = open_lines(trial, study)
    told = instructions(codebook.vocabulary) if lines else ""
    visit = model.begin(deadline_s)
    found = Heard()
    for each in await asyncio.gather(*(_asked(group, told, codebook, model, visit) for group in batches(lines))):
        found.add(each)
    read = with_proposals(trial, found.proposals, codebook.vocabulary, model.name)
    return SecondReading(read, len(lines), found, visit.problem)


async def _asked(lines: Sequence[OpenLine], told: str, codebook: Codebook, model: Model, visit: Visit) -> Heard:
    answer = await model.answer(told, question(lines), visit)
    return heard(answer, lines, codebook) if answer is not None else Heard()
