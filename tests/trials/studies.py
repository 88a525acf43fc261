"""Studies to hold against each other in tests: a fictional one, and what may be changed of it."""

from typing import Any

from cds.trials.study import Contact, Facility, Intervention, Study

CALLED = Contact
TEXT = """Inclusion Criteria:

* Age of 18 years or more
* Histologically confirmed small cell lung cancer
* ECOG performance status 0 or 1

Exclusion Criteria:

* Active infection
"""


def place(name: str = "Example Hospital", **changes: Any) -> Facility:  # noqa: ANN401 - any member of a facility
    given: dict[str, Any] = {"city": "Springfield", "country": "Ruritania", "status": "RECRUITING"}
    return Facility(name, **(given | changes))


def drug(name: str, *other_names: str, kind: str = "DRUG") -> Intervention:
    return Intervention(kind, name, other_names)


def study(nct_id: str = "NCT00000001", **changes: Any) -> Study:  # noqa: ANN401 - any member of a study
    given: dict[str, Any] = {
        "title": "A Drug in Small Cell Lung Cancer",
        "official_title": "",
        "status": "RECRUITING",
        "why_stopped": "",
        "phases": ("PHASE2",),
        "study_type": "INTERVENTIONAL",
        "conditions": ("Small Cell Lung Cancer",),
        "keywords": (),
        "interventions": (drug("Carboplatin"),),
        "text": TEXT,
        "sex": "ALL",
        "minimum_age": "18 Years",
        "maximum_age": "",
        "facilities": (place(),),
        "contacts": (),
        "sponsor": "Example Institute",
        "updated": "2026-06-01",
        "start": "2026-01",
        "summary": "",
    }
    return Study(nct_id=nct_id, **(given | changes))
