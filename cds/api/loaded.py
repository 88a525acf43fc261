"""The trials that are loaded together with what the registry says of them: listed, filtered, compared.

Looking through names takes a second or more where there are thousands of trials, so it is done when it is first asked
for. A trial whose record is not held is looked for in what its definition says.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from cds.errors import UnknownService
from cds.trials.facilities import study_of_trial
from cds.trials.landscape import Landscape
from cds.trials.related import Kinship
from cds.trials.text.lexicon import Lexicon

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cds.core.plan import Plan
    from cds.core.trial import Trial
    from cds.trials.filters import Filters
    from cds.trials.related import Related
    from cds.trials.study import Study

__all__ = ["Loaded"]


class Loaded:
    """The trials of a plan, by number. Every method may take a while and may be called from any thread."""

    def __init__(self, plan: Plan, records: Mapping[str, Study], lexicon: Callable[[], Lexicon] | None) -> None:
        self.trials = {each.nct_id: each for each in plan.trials}
        self.records = records
        self._plan = plan
        self._given = lexicon

    def trial(self, nct_id: str) -> Trial:
        """Give a trial; raise ``UnknownService`` for one that is not loaded."""
        if nct_id not in self.trials:
            raise UnknownService("no such trial is loaded")
        return self.trials[nct_id]

    def having(self, filters: Filters) -> list[Trial]:
        """Give the trials that filters let through, in the order in which they are loaded."""
        found = {each.nct_id for each in self._landscape.studies(filters)}
        return [trial for nct_id, trial in self.trials.items() if nct_id in found]

    def related(self, nct_id: str, most: int) -> tuple[Related, ...]:
        """Give the loaded trials that are like one; raise ``UnknownService`` for one that is not loaded."""
        return self._kinship.related(self.trial(nct_id).nct_id, most)

    @cached_property
    def lexicon(self) -> Lexicon:
        """The names that are known."""
        return self._given() if self._given else Lexicon.of(self._plan.vocabulary)

    @cached_property
    def _studies(self) -> tuple[Study, ...]:
        """Each trial as a study of the status that its definition has, as that is the one which cards go by."""
        held = ((trial, self.records.get(nct_id)) for nct_id, trial in self.trials.items())
        return tuple(
            replace(record, status=trial.status) if record else study_of_trial(trial) for trial, record in held
        )

    @cached_property
    def _landscape(self) -> Landscape:
        return Landscape.of(self._studies, self.lexicon)

    @cached_property
    def _kinship(self) -> Kinship:
        return Kinship.of(self._studies, self.lexicon)
