"""Why a clinician lets a trial's card go: the reasons that are offered on cards, and all codes that are understood.

The codes are HL7's for not following a recommendation (CDS Hooks 3.0 ballot, file
``input/vocabulary/CodeSystem-non-adherence-reason-codes.json`` of HL7/cds-hooks at fb10ca7), so that reasons compare
across sites. The words on the cards are ours: HL7's speak of recommended actions, a card here tells of a trial.
"""

from __future__ import annotations

from typing import Final

from cds.hooks.wire import Coding

REASON_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"

OTHER_REASON: Final = "other"
"""Stands for every reason that is none of these codes. What the EHR sent in its place is not kept: it may be text."""

_OFFERED: Final = {
    "patient-ineligible": "The patient does not meet the trial's criteria",
    "patient-contraindication": "The trial's treatment is contraindicated for this patient",
    "patient-refuses": "The patient does not want to take part",
    "prefers-alternative": "The patient prefers another treatment",
    "action-completed": "Already discussed with the patient or referred",
    "service-not-available": "The trial cannot be reached from here",
    "need-more-info": "Results or advice have to be awaited first",
    "limited-time": "No time for this now",
    "inappropriate-recipient": "I am not the one to decide this",
}

OVERRIDE_REASONS: Final = tuple(
    Coding(system=REASON_SYSTEM, code=code, display=display) for code, display in _OFFERED.items()
)
"""What a card offers as reasons for overriding it (``card.overrideReasons``), in this order."""

KNOWN_REASONS: Final = frozenset(_OFFERED) | {
    "action-not-priority",
    "action-performed-no-adverse-effect",
    "action-unsuccessful",
    "cds-not-applicable",
    "cds-suboptimal-context",
    "comorbidity-disability",
    "cultural-religious-reason",
    "does-not-align-latest-evidence",
    "does-not-align-preferences",
    "expert-contradicts",
    "implementation-challenges",
    "inadequate-support",
    "indication-order-exists",
    "likely-negative-health-outcomes",
    "mitigate-risk-negative-outcome",
    "not-convenient-feasible",
    "patient-does-not-want-change",
    "patient-fears-discomfort",
    "policy-contradicts",
    "recipient-concerns-outcomes",
    "recipient-disagrees-evidence",
    "recipient-does-not-trust",
    "recipient-does-not-understand",
    "risk-benefit-ratio",
    "too-costly-uncovered",
    "wrong-time-workflow",
}
"""All codes of the system: a site may have mapped its own reasons to any of them."""


def reason_in_words(code: str) -> str:
    """Say a reason as cards offer it; of HL7's other codes, the code itself in words."""
    if code == OTHER_REASON:
        return "Another reason"
    return _OFFERED.get(code) or code.replace("-", " ").capitalize()
