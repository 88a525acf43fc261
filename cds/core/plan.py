"""The trials a service screens for, put together once with the vocabulary they speak."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cds.core.needs import Needs, joined, needs_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from cds.core.codes import Code
    from cds.core.criteria import Criterion, Rule
    from cds.core.trial import Trial
    from cds.core.vocabulary import Meaning, Vocabulary


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a screen depends on but the chart and the day.

    ``needs`` is what any of the trials reads. ``near_days`` is how soon an obstacle must pass for a trial to be *near*.
    """

    trials: tuple[Trial, ...]
    vocabulary: Vocabulary
    needs: Needs
    near_days: int = 28

    @classmethod
    def of(cls, trials: Iterable[Trial], vocabulary: Vocabulary, *, near_days: int = 28) -> Plan:
        """Put trials and vocabulary together; a rule that several criteria share becomes one and the same object."""
        rules: dict[Rule, Rule] = {}

        def interned(criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
            return tuple(replace(each, rule=rules.setdefault(each.rule, each.rule)) for each in criteria)

        kept = tuple(
            replace(
                trial,
                criteria=interned(trial.criteria),
                cohorts=tuple(replace(each, criteria=interned(each.criteria)) for each in trial.cohorts),
            )
            for trial in trials
        )
        return cls(kept, vocabulary, joined(map(needs_of, rules)), near_days)

    def only(self, nct_ids: Collection[str]) -> Plan:
        """Keep the trials with these ids."""
        return Plan.of(
            (trial for trial in self.trials if trial.nct_id in nct_ids), self.vocabulary, near_days=self.near_days
        )

    def understanding(self, extra: Mapping[Code, tuple[Meaning, ...]]) -> Plan:
        """Give the plan with further codes understood, for one call."""
        vocabulary = self.vocabulary.with_meanings(extra)
        return self if vocabulary is self.vocabulary else replace(self, vocabulary=vocabulary)
