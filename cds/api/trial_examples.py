"""Examples of what is told of trials, for the published contract."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["FEEDBACK", "IN_FULL", "LISTED", "RELATED", "REMARKS"]

Json = dict[str, Any]

_REGISTRY: Final[Json] = {
    "phases": ["PHASE2"],
    "conditions": ["Neuroendocrine Carcinoma"],
    "drugs": ["Nivolumab"],
    "sponsor": "Example Institute",
    "countries": ["Ruritania"],
    "sites": 1,
    "start": "2026-01",
    "updated": "2026-06-01",
}
LISTED: Final[Json] = {
    "nctId": "NCT00000000",
    "title": "Example of a trial in neuroendocrine carcinoma",
    "overallStatus": "RECRUITING",
    "url": "https://clinicaltrials.gov/study/NCT00000000",
    "definition": {"complete": True, "draft": False},
    "cohorts": [{"id": "1", "label": "First cohort", "open": True}],
    "criteria": {"inclusion": 20, "exclusion": 25, "questions": 9},
    "registry": _REGISTRY,
}
IN_FULL: Final[Json] = LISTED | {
    "purpose": "This study tests a drug for people whose cancer came back.",
    "registry": _REGISTRY
    | {
        "title": "A Phase 2 Study of an Example",
        "summary": "This study looks at an example.",
        "eligibility": [
            {"line": 1, "text": "Inclusion Criteria:", "criteria": [], "heading": True},
            {"line": 2, "text": "", "criteria": []},
            {"line": 3, "text": "* Age 18 or over", "criteria": ["age"]},
        ],
    },
    "eligibility": [
        {
            "criterion": "age",
            "section": "inclusion",
            "label": "Age 18 or over",
            "kind": "age",
            "asks": "The patient is at least 18 years old.",
            "disease": False,
            "question": False,
            "source": {"line": 3, "text": "* Age 18 or over"},
        }
    ],
    "facilities": [
        {"name": "Example Hospital", "city": "Springfield", "country": "Ruritania", "open": True, "own": True}
    ],
    "contacts": [{"name": "Study Office", "role": "CONTACT", "phone": "555-0100"}],
}
RELATED: Final[Json] = {
    "trials": [
        {
            "nctId": "NCT00000001",
            "title": "Another trial in neuroendocrine carcinoma",
            "overallStatus": "RECRUITING",
            "url": "https://clinicaltrials.gov/study/NCT00000001",
            "similarity": 0.5,
            "reasons": [{"kind": "condition", "says": "Same disease: neuroendocrine carcinoma."}],
        }
    ]
}
REMARKS: Final[Json] = {
    "nctId": "NCT00000000",
    "remarks": [
        {"level": "error", "place": "NCT00000000.yaml", "says": "criterion age: plain is missing"},
        {
            "level": "warning",
            "place": "NCT00000000.yaml",
            "says": "criterion age: line 3 of the registry's text was changed since this was written",
        },
    ],
}
FEEDBACK: Final[Json] = {
    "nctId": "NCT00000000",
    "told": 40,
    "accepted": 3,
    "overridden": 12,
    "unanswered": 25,
    "reasons": [
        {"code": "limited-time", "says": "No time for this now", "count": 7},
        {"code": "patient-ineligible", "says": "The patient does not meet the trial's criteria", "count": 5},
    ],
}
