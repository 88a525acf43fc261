"""How well a trial fits, as a score and a grade: a fixed table from what was found, no judgement of its own.

Scores only order. They follow the order in which verdicts are ranked, and keep away from 0 and 1: 0 would be a trial
that does not fit, of which none is told, and 1 a certainty that no record gives. The public app tells 0.75 and more as
*high-likelihood match*, and from 0.01 on *possible match* (its ``getLikelihood``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from cds.core.finding import Basis
from cds.core.truth import Truth
from cds.core.verdict import Standing, Verdict

__all__ = ["BANDS", "Grade", "grade_of", "score_of", "told_at_all"]

Grade = Literal["certain", "probable", "possible", "certainly-not"]
"""Source: http://hl7.org/fhir/R4/valueset-match-grade.html."""

BANDS: Final[Mapping[tuple[Standing, bool], tuple[float, float]]] = {
    (Standing.CANDIDATE, False): (0.75, 0.95),
    (Standing.CANDIDATE, True): (0.65, 0.74),
    (Standing.NEAR, False): (0.45, 0.64),
    (Standing.NEAR, True): (0.35, 0.44),
    (Standing.POSSIBLE, False): (0.15, 0.34),
    (Standing.POSSIBLE, True): (0.05, 0.14),
}
"""From where to where scores lie, by standing, and by whether the definition is a draft that nobody has reviewed.

No draft is told as a high-likelihood match: the app has no other way to say that nobody has looked at it.
"""

_SHOWN: Final = frozenset({Basis.DOCUMENTED, Basis.ATTESTED})


def told_at_all(verdict: Verdict) -> bool:
    """Say whether a trial of this standing is among the matches."""
    return (verdict.standing, verdict.trial.draft) in BANDS


def score_of(verdict: Verdict) -> float:
    """Give the score, from 0 to 1: within the band of its standing, the fewer unmet the higher, then the fewer unknown.

    With ``u`` unmet and ``k`` unknown findings (those that only a person can settle are neither) it lies at
    ``1/(u+1) - (1/(u+1) - 1/(u+2)) × k/(k+1)`` of the band, so that no number of unknowns weighs as much as one
    obstacle.
    """
    low, high = BANDS[verdict.standing, verdict.trial.draft]
    unmet, unknown = len(verdict.having(Truth.UNMET)), len(verdict.having(Truth.UNKNOWN))
    best, next_best = 1 / (unmet + 1), 1 / (unmet + 2)
    share = best - (best - next_best) * unknown / (unknown + 1)
    return round(low + (high - low) * share, 4)


def grade_of(verdict: Verdict) -> Grade:
    """Give the grade.

    *Certain* only where a record or a person shows every criterion met, those for a person among them, and somebody
    has reviewed the definition; *probable* for other candidates; *possible* for drafts and all the rest that is told.
    """
    if verdict.standing is not Standing.CANDIDATE or verdict.trial.draft:
        return "possible"
    shown = all(each.finding.truth is Truth.MET and each.finding.basis in _SHOWN for each in verdict.findings)
    return "certain" if shown and verdict.trial.reviewed_on is not None else "probable"
