"""Findings into verdicts: what a trial is to this patient, per cohort and over all, and in which order it is told."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cds.core.criteria import (
    PERFORMANCE_SCORES,
    Exposed,
    HasCondition,
    IfThen,
    Measured,
    PerformanceStatus,
    Undetectable,
)
from cds.core.dates import days_later
from cds.core.truth import Truth, all_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cds.core.criteria import Rule
    from cds.core.finding import CriterionFinding, Finding
    from cds.core.trial import Trial
    from cds.core.vocabulary import Vocabulary


class Standing(enum.Enum):
    """What a trial is to a patient (DESIGN §3.11), best first."""

    CANDIDATE = "candidate"
    NEAR = "near"
    POSSIBLE = "possible"
    DOES_NOT_FIT = "does-not-fit"
    NOT_RELEVANT = "not-relevant"


_RANK = {standing: place for place, standing in enumerate(Standing)}


class Withheld(enum.Enum):
    """Why no cards are told although the screen ran (DESIGN §3.12)."""

    DECEASED = "deceased"
    OPTED_OUT = "opted-out"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class CohortVerdict:
    """What one cohort is to the patient; a trial without cohorts has one, whose id and label are empty."""

    id: str
    label: str
    open: bool
    standing: Standing
    findings: Sequence[CriterionFinding]
    earliest: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a trial is to the patient: the best of its open cohorts, and the findings that count there.

    ``earliest``: the first day on which nothing will be unmet any more, by time alone. ``findings`` may be made only
    once they are looked at (:mod:`cds.core.findings`); they are those of the cohort's verdict, the same object.
    """

    trial: Trial
    standing: Standing
    cohorts: tuple[CohortVerdict, ...]
    findings: Sequence[CriterionFinding]
    earliest: dt.date | None = None

    def having(self, truth: Truth) -> tuple[CriterionFinding, ...]:
        """Give the findings with this answer, those that only a person can settle left out."""
        return tuple(each for each in self.findings if each.finding.truth is truth and not _for_a_person(each))

    @property
    def for_a_person(self) -> tuple[CriterionFinding, ...]:
        """Give the findings that only a person can settle."""
        return tuple(each for each in self.findings if _for_a_person(each))


def _for_a_person(each: CriterionFinding) -> bool:
    return each.finding.cause is not None and each.finding.cause.for_a_person


@dataclass(frozen=True, slots=True)
class Terms:
    """What a verdict depends on besides findings: the day, how near is near, and which concepts are remediable."""

    as_of: dt.date
    near_days: int
    vocabulary: Vocabulary


def standing_of(
    findings: Iterable[CriterionFinding], *, complete: bool, terms: Terms
) -> tuple[Standing, dt.date | None]:
    """Give the standing that findings add up to, and the day on which the last obstacle will be gone by itself."""
    every = list(findings)
    diseases = [each.finding for each in every if each.criterion.disease]
    unmet = [each.finding for each in every if each.finding.truth is Truth.UNMET]
    return standing_with(disease_of(diseases), unmet, complete=complete, terms=terms)


class _Answered(Protocol):
    """A finding, or as much of it as a sketch tells."""

    @property
    def truth(self) -> Truth: ...
    @property
    def ruled_out(self) -> bool: ...


def disease_of(diseases: Sequence[_Answered]) -> Truth | None:
    """Say whether the patient has the disease a trial is about; nothing where the trial is not relevant to them."""
    if any(finding.truth is Truth.UNMET or finding.ruled_out for finding in diseases):
        return None
    return all_of(finding.truth for finding in diseases) if diseases else Truth.UNKNOWN


def standing_with(
    disease: Truth | None, unmet: Sequence[Finding], *, complete: bool, terms: Terms
) -> tuple[Standing, dt.date | None]:
    """Give the standing from the answer on the disease (see :func:`disease_of`) and from all that is unmet."""
    if disease is None:
        return Standing.NOT_RELEVANT, None
    if not unmet:
        sure = disease is Truth.MET and complete
        return (Standing.CANDIDATE if sure else Standing.POSSIBLE), None
    days = [finding.clears_on for finding in unmet]
    earliest = None if None in days else max(day for day in days if day is not None)
    horizon = days_later(terms.as_of, terms.near_days)
    if disease is Truth.MET and all(_passes(finding, horizon, terms) for finding in unmet):
        return Standing.NEAR, earliest
    return Standing.DOES_NOT_FIT, earliest


def _passes(finding: Finding, horizon: dt.date, terms: Terms) -> bool:
    """Say whether an obstacle goes by itself in time, or is a value that treatment or time may correct."""
    if finding.clears_on is not None and finding.clears_on <= horizon:
        return True
    obstacles = [part for part in _leaves(finding) if part.truth is Truth.UNMET]
    return bool(obstacles) and all(_lifts(part, horizon, terms) for part in obstacles)


def _lifts(obstacle: Finding, horizon: dt.date, terms: Terms) -> bool:
    """Say whether one part that is unmet is a value that may be corrected, or is over for certain in time.

    That a result, or what ruled a required condition out, grows too old to count takes no obstacle away.
    """
    if _remediable(obstacle.rule, terms.vocabulary):
        return True
    required = isinstance(obstacle.rule, HasCondition) and not obstacle.forbidden
    timed = not required and not isinstance(obstacle.rule, Measured | Undetectable | PerformanceStatus)
    return timed and bool(obstacle.turns) and terms.as_of < max(obstacle.turns) <= horizon


def _leaves(finding: Finding) -> Iterable[Finding]:
    if not finding.parts:
        yield finding
    for part in finding.parts[1:] if isinstance(finding.rule, IfThen) else finding.parts:
        yield from _leaves(part)


def _remediable(rule: Rule, vocabulary: Vocabulary) -> bool:
    """Say whether every concept of a rule is marked as one that may be corrected: a value, or a drug to be replaced."""
    match rule:
        case Measured() | Undetectable():
            names = rule.concepts
        case PerformanceStatus():
            names = PERFORMANCE_SCORES[:1]
        case Exposed():
            names = rule.drugs
        case _:
            return False
    return all((concept := vocabulary.concepts.get(name)) is not None and concept.remediable for name in names)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A verdict with what decides its place among others: how many findings are unmet, and how many unknown.

    What only a person can settle is not counted among the unknown.
    """

    verdict: Verdict
    unmet: int
    unknown: int


def ranked(verdicts: Iterable[Weighed]) -> tuple[Verdict, ...]:
    """Put verdicts in the order they are told: standing, drafts last, fewer unmet, fewer unknown, the date, the id."""
    in_order = sorted(
        verdicts,
        key=lambda each: (
            _RANK[each.verdict.standing],
            each.verdict.trial.draft,
            each.unmet,
            each.unknown,
            each.verdict.earliest or dt.date.min,
            each.verdict.trial.nct_id,
        ),
    )
    return tuple([each.verdict for each in in_order])


def place_of(cohort: CohortVerdict, unmet: int) -> tuple[object, ...]:
    """Sort cohorts so that the one a trial is told by comes first: open, of the best standing, with fewest unmet."""
    return not cohort.open, _RANK[cohort.standing], unmet, cohort.id
