"""A trial as a FHIR ResearchStudy, filled from its definition and, where that is held, from the registry's record.

It says nothing about any patient. Where the public app reads an element, that element has the form that it reads: a
study type as words in ``category``, the eligibility text as the display of ``enrollment``, arms by name from the
``subject`` of contained plans. Source: http://hl7.org/fhir/R4B/researchstudy.html.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from cds.core.criteria import Criterion, Section
from cds.core.trial import Trial
from cds.trials.study import Arm, Contact, Facility, Intervention, Study

__all__ = ["PHASE_CODES", "STATUS_CODES", "bare_study", "research_study"]

Json = dict[str, Any]

REGISTRY: Final = "http://clinicaltrials.gov"
_PHASES: Final = "http://terminology.hl7.org/CodeSystem/research-study-phase"

STATUS_CODES: Final[Mapping[str, str]] = {
    "RECRUITING": "active",
    "ENROLLING_BY_INVITATION": "active",
    "AVAILABLE": "active",
    "NOT_YET_RECRUITING": "approved",
    "ACTIVE_NOT_RECRUITING": "closed-to-accrual",
    "NO_LONGER_AVAILABLE": "closed-to-accrual",
    "TEMPORARILY_NOT_AVAILABLE": "temporarily-closed-to-accrual",
    "SUSPENDED": "temporarily-closed-to-accrual",
    "COMPLETED": "completed",
    "APPROVED_FOR_MARKETING": "completed",
    "TERMINATED": "administratively-completed",
    "WITHDRAWN": "withdrawn",
}
"""The registry's statuses by FHIR's codes (http://hl7.org/fhir/R4B/valueset-research-study-status.html).

All others are ``in-review``, the code that promises nothing.
"""

PHASE_CODES: Final[Mapping[tuple[str, ...], tuple[str, str]]] = {
    ("EARLY_PHASE1",): ("early-phase-1", "Early Phase 1"),
    ("PHASE1",): ("phase-1", "Phase 1"),
    ("PHASE1", "PHASE2"): ("phase-1-phase-2", "Phase 1/Phase 2"),
    ("PHASE2",): ("phase-2", "Phase 2"),
    ("PHASE2", "PHASE3"): ("phase-2-phase-3", "Phase 2/Phase 3"),
    ("PHASE3",): ("phase-3", "Phase 3"),
    ("PHASE4",): ("phase-4", "Phase 4"),
    ("NA",): ("n-a", "N/A"),
}
"""The registry's phases by FHIR's code and name (http://hl7.org/fhir/R4B/valueset-research-study-phase.html)."""

_DATE: Final = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_NOT_REVIEWED: Final = "Definition not clinically reviewed"
_DRAFT: Final = "Draft made by machine, not reviewed"


def research_study(trial: Trial, study: Study, text: str, statuses: Collection[str]) -> Json:
    """Tell a trial; ``text`` is the eligibility text that its criteria were read from, blank where it is not held.

    Of places, those are told that take patients: their own status, or else the trial's, is among ``statuses``.
    """
    places = [each for each in study.facilities if (each.status or trial.status) in statuses]
    contained = [*_sponsor(study), _group(), *map(_location, range(len(places)), places), *_plans(study)]
    return _given(
        **_head(trial),
        contained=contained,
        description=study.summary or trial.purpose,
        phase=_phase(study.phases or trial.phases),
        category=_category(study.study_type, study.phases or trial.phases),
        condition=_worded(study.conditions or _diseases(trial)),
        keyword=_worded((*_tags(trial), *study.keywords)),
        location=_worded(dict.fromkeys(each.country for each in places)),
        contact=[_contact(each) for each in study.contacts if each.name],
        relatedArtifact=[{"type": "documentation", "label": "The registry's record", "url": trial.url}],
        protocol=[_to(each["id"]) for each in contained if each["resourceType"] == "PlanDefinition"],
        arm=[_arm(each) for each in study.arms if _clean(each.label)],
        enrollment=[{**_to("enrollment"), "display": _clean(text) or _in_our_words(trial)}],
        period=_given(start=_date(study.start), end=_date(study.end)),
        sponsor=_to("sponsor") if _clean(study.sponsor) else None,
        site=[_to(each["id"]) for each in contained if each["resourceType"] == "Location"],
    )


def bare_study(trial: Trial) -> Json:
    """Tell a trial by its definition alone: what remains where the registry's record does not make valid FHIR."""
    phases = trial.phases
    return _given(**_head(trial), phase=_phase(phases), category=_category("", phases), keyword=_worded(_tags(trial)))


def _head(trial: Trial) -> Json:
    return {
        "resourceType": "ResearchStudy",
        "id": trial.nct_id,
        "identifier": [{"use": "official", "system": REGISTRY, "value": trial.nct_id}],
        "title": trial.title,
        "status": STATUS_CODES.get(trial.status, "in-review"),
    }


def _given(**members: object) -> Json:
    """Leave out what is empty, and the blanks around texts: FHIR has neither."""
    tidied = {name: _clean(value) if isinstance(value, str) else value for name, value in members.items()}
    return {name: value for name, value in tidied.items() if value or value == 0}


def _clean(text: str) -> str:
    return text.strip()


def _to(name: str) -> Json:
    return {"reference": f"#{name}"}


def _worded(texts: Iterable[str]) -> list[Json]:
    return [{"text": _clean(each)} for each in texts if _clean(each)]


def _spoken(word: str) -> str:
    """Give one of the registry's words as people write it: ``EXPANDED_ACCESS`` as *Expanded access*."""
    return word.replace("_", " ").capitalize()


def _date(text: str) -> str:
    return text if _DATE.fullmatch(text) else ""


def _phase(phases: tuple[str, ...]) -> Json | None:
    code, name = PHASE_CODES.get(tuple(sorted(phases)), ("", ""))
    return {"coding": [{"system": _PHASES, "code": code, "display": name}], "text": name} if code else None


def _category(study_type: str, phases: tuple[str, ...]) -> list[Json]:
    """Tell the study type as the app reads it; only interventional studies have a phase at the registry."""
    kind = study_type or ("INTERVENTIONAL" if phases else "")
    return [{"text": f"Study Type: {_spoken(kind)}"}] if kind else []


def _diseases(trial: Trial) -> list[str]:
    return [each.label for each in trial.criteria if each.disease]


def _tags(trial: Trial) -> list[str]:
    """Say of the definition what a card would say; the app shows keywords beside the title."""
    if trial.draft:
        return [_DRAFT]
    return [] if trial.reviewed_on is not None else [_NOT_REVIEWED]


def _in_our_words(trial: Trial) -> str:
    """Tell the criteria by their labels, where the registry's text is not held."""
    parts = []
    for section, title in ((Section.INCLUSION, "Inclusion criteria"), (Section.EXCLUSION, "Exclusion criteria")):
        labels = [f"* {each.label}" for each in _everyones(trial) if each.section is section]
        parts += ["\n".join([f"{title}:", *labels])] if labels else []
    return "\n\n".join(parts) or "The registry's record says who may join."


def _everyones(trial: Trial) -> Iterator[Criterion]:
    yield from trial.criteria
    for cohort in trial.cohorts:
        yield from cohort.criteria


def _sponsor(study: Study) -> list[Json]:
    name = _clean(study.sponsor)
    return [{"resourceType": "Organization", "id": "sponsor", "name": name}] if name else []


def _group() -> Json:
    return {"resourceType": "Group", "id": "enrollment", "type": "person", "actual": False}


def _contact(contact: Contact) -> Json:
    return _given(name=contact.name, telecom=_telecom([contact]))


def _telecom(contacts: Iterable[Contact]) -> list[Json]:
    return [
        {"system": system, "value": _clean(value), "use": "work"}
        for each in contacts
        for system, value in (("phone", each.phone), ("email", each.email))
        if _clean(value)
    ]


def _location(number: int, place: Facility) -> Json:
    address = _given(city=place.city, state=place.state, postalCode=place.postcode, country=place.country)
    position = place.position and {"latitude": place.position[0], "longitude": place.position[1]}
    return _given(
        resourceType="Location",
        id=f"location-{number}",
        name=place.name,
        telecom=_telecom(place.contacts),
        address={"use": "work", **address} if address else None,
        position=position,
    )


def _arm(arm: Arm) -> Json:
    kind = {"text": _spoken(arm.kind)} if arm.kind else None
    return _given(name=arm.label, type=kind, description=arm.description)


def _plans(study: Study) -> Iterator[Json]:
    """Tell what is given as plans, one for each arm that gets it: the app puts plans to arms by their subject."""
    told: Iterable[tuple[Intervention, str]] = [
        (each, arm) for each in study.interventions for arm in each.arms or ("",)
    ]
    for number, (each, arm) in enumerate(told):
        yield _given(
            resourceType="PlanDefinition",
            id=f"plan-{number}",
            title=each.name,
            subtitle=each.other_names[0] if each.other_names else "",
            type={"text": _spoken(each.kind)} if each.kind else None,
            status="unknown",
            subjectCodeableConcept={"text": _clean(arm)} if _clean(arm) else None,
            description=each.description,
        )
