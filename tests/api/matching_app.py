"""What the public clinical-trial-matching-app makes of an answer, in words of our own: a study as its page shows it.

Read off its ``src/components/Results/utils.ts`` and ``src/pages/api/clinical-trial-search.ts`` (commit 4891254). Where
the app would stop with an error, because it takes an element for granted, so does this.
"""

import re
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
HIGH, POSSIBLE = "High-likelihood match", "Possible match"


@dataclass(frozen=True)
class Shown:
    """One study on the app's page."""

    trial: str
    title: str
    likelihood: str
    status: str
    kind: str
    phase: str
    conditions: list[str]
    keywords: list[str]
    description: str
    eligibility: str
    sponsor: str
    contacts: list[Json]
    arms: dict[str, list[str]]
    places: list[Json]
    period: tuple[str, str]


def shown(answer: Json) -> list[Shown]:
    """Give the studies that the app shows: those that are active and interventional, each trial once."""
    seen: dict[str, Shown] = {}
    for entry in answer["entry"]:
        study = read(entry)
        if study.status == "active" and study.kind.casefold() == "interventional":
            seen.setdefault(study.trial, study)
    return list(seen.values())


def read(entry: Json) -> Shown:
    """Read any entry, an OperationOutcome too, as the app reads all of them before it drops any."""
    study, score = entry["resource"], entry["search"].get("score")
    named = study.get("identifier", [])
    enrolled = study.get("enrollment", [])
    return Shown(
        trial=named[0]["value"].strip() if named else "",
        title=study.get("title", ""),
        likelihood=HIGH
        if score is not None and score >= 0.75
        else POSSIBLE
        if score is None or score >= 0.01
        else "No",
        status=study.get("status", ""),
        kind=_kind(study),
        phase=study.get("phase", {}).get("text", "Unknown Trial Phase"),
        conditions=[each["text"] for each in study.get("condition", [])],
        keywords=[each["text"].replace("_", " ") for each in study.get("keyword", [])],
        description=study.get("description", "").strip(),
        eligibility=enrolled[0]["display"].strip() if enrolled else "",
        sponsor=(_inside(study, "Organization", study.get("sponsor", {})) or {}).get("name", ""),
        contacts=[_contact(each) for each in study.get("contact", [])],
        arms=_arms(study),
        places=[_place(study, each) for each in study.get("site", [])],
        period=(study.get("period", {}).get("start", ""), study.get("period", {}).get("end", "")),
    )


def _kind(study: Json) -> str:
    found = (re.search(r"Study Type: (.+)$", each["text"]) for each in study.get("category", []))
    return next((each[1] for each in found if each), "Unknown Study Type")


def _inside(study: Json, kind: str, reference: Json) -> Json | None:
    """Give the contained resource of a type that a reference leads to."""
    link = reference.get("reference", "")
    held = [each for each in study.get("contained", []) if each["resourceType"] == kind]
    return next((each for each in held if link == f"#{each['id']}"), None)


def _contact(told: Json) -> Json:
    ways = told.get("telecom", [])
    return {"name": told.get("name")} | {
        system: next((each["value"] for each in ways if each["system"] == system), None)
        for system in ("phone", "email")
    }


def _arms(study: Json) -> dict[str, list[str]]:
    """Give the arms by name with what is given in each; the app shows neither where it has not both."""
    if not study.get("arm") or not study.get("protocol"):
        return {}
    arms: dict[str, list[str]] = {each["name"]: [] for each in study["arm"]}
    for each in study["protocol"]:
        plan = _inside(study, "PlanDefinition", each)
        assert plan is not None, "the app stops where a plan is not contained"
        name = plan.get("subjectCodeableConcept", {}).get("text")
        if name in arms:
            arms[name].append(plan["title"])
    return arms


def _place(study: Json, reference: Json) -> Json:
    place = _inside(study, "Location", reference)
    assert place is not None
    return place
