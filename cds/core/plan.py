"""The trials a service screens for, put together once with the vocabulary they speak.

Hundreds of trials ask much the same things. What is equal in them becomes one object here, and each distinct question
to the records gets a number, so that a screen answers it once for all criteria that ask it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from cds.core.criteria import AllOf, AnyOf, Asked, IfThen, Not, Readings, leaves, parts_of
from cds.core.needs import Needs, joined, needs_of
from cds.core.trial import Cohort

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from cds.core.codes import Code
    from cds.core.criteria import Criterion, Rule
    from cds.core.trial import Trial
    from cds.core.vocabulary import Meaning, Vocabulary

__all__ = ["Group", "Laid", "Plan"]


@dataclass(frozen=True, slots=True)
class Group:
    """A cohort, or a trial that has none, with all its criteria laid out for the screen.

    ``about`` are the criteria that say which disease it is for, and ``disease`` is the place of what they ask among
    the plan's ``diseases``. ``records`` are the places of what its criteria ask of the records, among the plan's
    ``rules``: one for each criterion that is more than a question to a person.
    """

    cohort: Cohort
    criteria: tuple[Criterion, ...]
    about: tuple[Criterion, ...]
    disease: int
    records: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Laid:
    """A trial with its cohorts laid out for the screen."""

    trial: Trial
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a screen depends on but the chart and the day.

    ``rules`` are the distinct rules of all trials, without the words of their questions, which no answer depends on;
    ``wants`` is what each of them reads, and ``diseases`` the distinct combinations of them that say which disease
    somebody must have; ``signs`` are the parts of each of those that look at the chart. ``needs`` is what any of the
    trials reads. ``near_days`` is how soon an obstacle must pass for a trial to be *near*.
    """

    laid: tuple[Laid, ...]
    vocabulary: Vocabulary
    needs: Needs
    rules: tuple[Rule, ...]
    wants: tuple[Needs, ...] = field(repr=False)
    diseases: tuple[tuple[int, ...], ...]
    signs: tuple[tuple[Rule, ...], ...] = field(repr=False)
    near_days: int = 28

    @classmethod
    def of(cls, trials: Iterable[Trial], vocabulary: Vocabulary, *, near_days: int = 28) -> Plan:
        """Put trials and vocabulary together; a rule that several criteria share becomes one and the same object."""
        table = _Table()
        laid = tuple(map(table.lay_out, trials))
        rules = tuple(table.places)
        wants = tuple(map(needs_of, rules))
        diseases = tuple(table.diseases)
        signs = tuple(tuple(_looking(map(rules.__getitem__, places))) for places in diseases)
        return cls(laid, vocabulary, joined(wants), rules, wants, diseases, signs, near_days)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The trials, in the order they were given."""
        return tuple([each.trial for each in self.laid])

    def only(self, nct_ids: Collection[str]) -> Self:
        """Keep the trials with these ids. What they share with others stays as it is laid out."""
        laid = tuple([each for each in self.laid if each.trial.nct_id in nct_ids])
        places = {place for each in laid for group in each.groups for place in group.records}
        return replace(self, laid=laid, needs=joined(self.wants[place] for place in places))

    def told(self, *, drafts: bool) -> Self:
        """Keep the trials that may be told at all: all of them, or those whose definition is no draft."""
        kept = frozenset(each.nct_id for each in self.trials if drafts or not each.draft)
        return self if len(kept) == len(self.laid) else self.only(kept)

    def disease_needs(self) -> Needs:
        """Give what the plan's diseases read: without it nothing can be said of whom a trial concerns."""
        places = {group.disease for each in self.laid for group in each.groups}
        return joined(self.wants[rule] for place in places for rule in self.diseases[place])

    def understanding(self, extra: Mapping[Code, tuple[Meaning, ...]]) -> Plan:
        """Give the plan with further codes understood, for one call."""
        vocabulary = self.vocabulary.with_meanings(extra)
        return self if vocabulary is self.vocabulary else replace(self, vocabulary=vocabulary)


def _looking(rules: Iterable[Rule]) -> Iterable[Rule]:
    """Give the parts of rules that look at the chart, each once."""
    found = {id(leaf): leaf for rule in rules for leaf in leaves(rule) if not isinstance(leaf, Asked)}
    return found.values()


_UNDIVIDED = Cohort("", "")
"""What stands for the cohorts of a trial that has none."""


class _Table:
    """What a plan is put together in: equal rules as one object, and the places of those that ask the records."""

    def __init__(self) -> None:
        self._one: dict[Rule, Rule] = {}
        self.places: dict[Rule, int] = {}
        self.diseases: dict[tuple[int, ...], int] = {}

    def lay_out(self, trial: Trial) -> Laid:
        """Lay a trial out, its rules shared with those of the trials before it."""
        kept = replace(
            trial,
            criteria=self._shared(trial.criteria),
            cohorts=tuple(replace(each, criteria=self._shared(each.criteria)) for each in trial.cohorts),
        )
        return Laid(kept, tuple(self._group(kept, cohort) for cohort in kept.cohorts or (_UNDIVIDED,)))

    def _group(self, trial: Trial, cohort: Cohort) -> Group:
        criteria = (*trial.criteria, *cohort.criteria) if cohort.criteria else trial.criteria
        about = tuple(each for each in criteria if each.disease)
        disease = tuple(sorted(self._place(each.rule) for each in about))
        records = tuple(self._place(each.rule) for each in criteria if not isinstance(each.rule, Asked))
        return Group(cohort, criteria, about, self.diseases.setdefault(disease, len(self.diseases)), records)

    def _shared(self, criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
        shared = ((each, self._interned(each.rule)) for each in criteria)
        return tuple([each if rule is each.rule else replace(each, rule=rule) for each, rule in shared])

    def _place(self, rule: Rule) -> int:
        return self.places.setdefault(self._interned(_unworded(rule)), len(self.places))

    def _interned(self, rule: Rule) -> Rule:
        """Give the one object that stands for all rules equal to this one; its parts stand for theirs."""
        known = self._one.get(rule)
        if known is None:
            known = _rebuilt(rule, [self._interned(part) for part in parts_of(rule)])
            self._one[known] = known
        return known


def _rebuilt(rule: Rule, parts: list[Rule]) -> Rule:
    """Give a rule with these parts in place of its own, or itself where they are the same objects."""
    if all(new is old for new, old in zip(parts, parts_of(rule), strict=True)):
        return rule
    match rule:
        case AllOf() | AnyOf() | Readings():
            return replace(rule, rules=tuple(parts))
        case Not():
            return Not(*parts)
        case IfThen():
            return IfThen(*parts)
        case _:
            return rule


def _unworded(rule: Rule) -> Rule:
    """Leave the words of questions out: they are told, and decide nothing."""
    if isinstance(rule, Asked):
        return Asked("", rule.reason) if rule.question else rule
    return _rebuilt(rule, [_unworded(part) for part in parts_of(rule)])
