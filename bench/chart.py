"""A made-up chart of any size, mixed as real ones are, for measuring: a golden patient with a long history added.

Same size, same chart. The history is older than what decides: results of the same tests on earlier days, and diagnoses,
drugs and procedures of which the trials know nothing. So the answer is that of the golden patient.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden" / "pancreas-lcnec-clean"
MIX = {
    "laboratory": 60,
    "vital-signs": 14,
    "Condition": 6,
    "MedicationRequest": 7,
    "MedicationStatement": 2,
    "MedicationAdministration": 5,
    "Procedure": 4,
    "Immunization": 2,
}
"""What a history is made of, in parts per hundred."""

_LOCAL = "http://example.org/local-codes"


@dataclass(frozen=True, slots=True)
class History:
    """Makes old entries about one patient, from one source of chance."""

    dice: random.Random
    today: dt.date
    subject: Json
    results: tuple[Json, ...]

    def entry(self, kind: str, number: int) -> Json:
        """Make one entry."""
        made = self._result(kind) if kind in {"laboratory", "vital-signs"} else self._plain(kind)
        made["id"] = f"history-{number}"
        made["meta"] = {"versionId": "1", "lastUpdated": self._moment(), "source": "urn:uuid:bench"}
        made["encounter"] = {"reference": f"Encounter/{self.dice.randrange(60)}", "display": "Visit"}
        return made

    def _result(self, category: str) -> Json:
        """Repeat one of the patient's results: another day, another value."""
        like = [each for each in self.results if category in json.dumps(each["category"])]
        made = copy.deepcopy(self.dice.choice(like))
        moment = self._moment()
        made |= {"effectiveDateTime": moment, "issued": moment}
        made["performer"] = [{"reference": "Organization/laboratory", "display": "Hospital laboratory"}]
        quantity = made.get("valueQuantity", {})
        if "value" in quantity:
            quantity["value"] = round(quantity["value"] * self.dice.uniform(0.9, 1.1), 2)
        return made

    def _plain(self, resource_type: str) -> Json:
        number = self.dice.randrange(400)
        code = {
            "coding": [{"system": _LOCAL, "code": str(number), "display": f"Entry {number}"}],
            "text": f"Entry {number}",
        }
        moment = self._moment()
        match resource_type:
            case "Condition":
                own: Json = {"code": code, "onsetDateTime": moment}
            case "MedicationRequest":
                own = {
                    "status": "completed",
                    "intent": "order",
                    "medicationCodeableConcept": code,
                    "authoredOn": moment,
                }
            case "MedicationStatement":
                own = {"status": "completed", "medicationCodeableConcept": code, "effectiveDateTime": moment}
            case "MedicationAdministration":
                own = {"status": "completed", "medicationCodeableConcept": code, "effectiveDateTime": moment}
            case "Procedure":
                own = {"status": "completed", "code": code, "performedDateTime": moment}
            case _:
                own = {"status": "completed", "vaccineCode": code, "occurrenceDateTime": moment}
        if resource_type.startswith("Medication"):
            own["medicationCodeableConcept"] = code
        whom = "patient" if resource_type == "Immunization" else "subject"
        return {"resourceType": resource_type, whom: self.subject, **own}

    def _moment(self) -> str:
        """Pick an instant that is too long ago to matter."""
        day = self.today - dt.timedelta(days=self.dice.randrange(60, 1500))
        return f"{day.isoformat()}T{self.dice.randrange(7, 19):02d}:{self.dice.randrange(60):02d}:00+00:00"


def golden_day() -> dt.date:
    """Give the day for which the golden patient was made."""
    return dt.date.fromisoformat(json.loads((GOLDEN / "case.json").read_bytes())["asOf"])


def bench_chart(size: int) -> Json:
    """Make a chart of so many resources, as a Bundle."""
    bundle: Json = json.loads((GOLDEN / "chart.json").read_bytes())
    resources: list[Json] = [entry["resource"] for entry in bundle["entry"]]
    patient = next(each["id"] for each in resources if each["resourceType"] == "Patient")
    results = tuple(each for each in resources if each["resourceType"] == "Observation" and "category" in each)
    history = History(random.Random(size), golden_day(), {"reference": f"Patient/{patient}"}, results)
    kinds = random.Random(size).choices(list(MIX), list(MIX.values()), k=size - len(resources))
    resources += [history.entry(kind, number) for number, kind in enumerate(kinds)]
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}
