"""The counts behind a trial's card, for programs: what stands in ``card.extension`` under a name of our own.

Source: https://cds-hooks.hl7.org/2.0/#extensions. An EHR that does not know the name passes over it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cds.core.truth import Truth

if TYPE_CHECKING:
    from cds.core.verdict import Verdict

__all__ = ["MATCH", "match_of"]

MATCH: Final = "org.trialcards.match"
"""The name of the extension. It is a name only: nothing is looked up under it."""


def match_of(verdict: Verdict, quieted: int) -> dict[str, Any]:
    """Give the extension of a trial's card; ``quieted`` counts trials that could be told and are quiet for now.

    The counts are of the cohort that the card tells, and add up to its criteria: ``judgement`` counts those that no
    record can settle, which are not among the ``unknown`` ones.
    """
    trial = verdict.trial
    told: dict[str, Any] = {
        "trial": trial.nct_id,
        "verdict": verdict.standing.value,
        "criteria": {
            "met": len(verdict.having(Truth.MET)),
            "unmet": len(verdict.having(Truth.UNMET)),
            "unknown": len(verdict.having(Truth.UNKNOWN)),
            "judgement": len(verdict.for_a_person),
        },
        "definition": {
            "complete": trial.complete,
            "draft": trial.draft,
            "reviewed": trial.reviewed_on is not None,
        },
        "quieted": quieted,
    }
    if trial.version:
        told["definition"]["version"] = trial.version
    cohort = next((each.id for each in verdict.cohorts if each.findings is verdict.findings), "")
    if cohort:
        told["cohort"] = cohort
    return {MATCH: told}
