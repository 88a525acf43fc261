"""Matches as a FHIR searchset: studies with score, grade and our findings, and an OperationOutcome on how it went.

What is found of a patient stands in ``entry.search``, as that is about the match; the study says nothing of them. The
findings are those of ``/api/assessments`` name by name, as an extension (docs/matching-service.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cds.api.assessments import Teller
from cds.api.matching.asked import Remark
from cds.api.matching.grades import grade_of, score_of
from cds.api.matching.study import bare_study, research_study
from cds.api.texts import Texts
from cds.core.trial import Trial
from cds.core.verdict import Verdict
from cds.errors import BadTrial, StoreDown
from cds.fhir.strict import check_file
from cds.telemetry import event
from cds.trials.facilities import study_of_trial
from cds.trials.records import unescaped
from cds.trials.study import Study

__all__ = ["MATCH_GRADE", "Matches", "StudyMaker", "extension_of", "searchset"]

Json = dict[str, Any]

MATCH_GRADE: Final = "http://hl7.org/fhir/StructureDefinition/match-grade"
_MATCH: Final = "StructureDefinition/trial-match"


@dataclass(frozen=True, slots=True)
class StudyMaker:
    """Makes ResearchStudies, each held against FHIR R4B before it is used, and made once for each record.

    ``records`` are the registry's, as far as they are held; where the store does not answer there are none.
    """

    texts: Texts
    records: Mapping[str, Study]
    statuses: frozenset[str]
    _made: dict[str, tuple[Trial, Study | None, Json]] = field(default_factory=dict, repr=False)

    def of(self, trial: Trial) -> Json:
        """Give a trial as a valid ResearchStudy: without the registry's record, where that does not make one."""
        record = self._record(trial)
        known = self._made.get(trial.nct_id)
        if known is not None and known[0] is trial and known[1] is record:
            return known[2]
        made = self._valid(trial, record)
        self._made[trial.nct_id] = trial, record, made
        return made

    def phases(self, trial: Trial) -> tuple[str, ...]:
        """Give a trial's phases, by its definition or else by the registry's record; none where neither tells any."""
        record = None if trial.phases else self._record(trial)
        return trial.phases or (record.phases if record else ())

    def _record(self, trial: Trial) -> Study | None:
        try:
            return self.records.get(trial.nct_id)
        except StoreDown:
            return None

    def _valid(self, trial: Trial, record: Study | None) -> Json:
        held = self.texts.of(trial)
        study = record or study_of_trial(trial)
        made = research_study(trial, study, unescaped(held.text) if held else "", self.statuses)
        faults = check_file([made])
        if not faults:
            return made
        event("study", trial=trial.nct_id, faults=len(faults), told="by-its-definition-alone")
        bare = bare_study(trial)
        if check_file([bare]):
            raise BadTrial(f"{trial.nct_id}: its number, title and status make no valid ResearchStudy")
        return bare


@dataclass(frozen=True, slots=True)
class Matches:
    """Tells verdicts as the entries of a searchset. ``base`` is where the extension's canonical URL begins."""

    teller: Teller
    studies: StudyMaker
    base: str

    def entry(self, verdict: Verdict) -> Json:
        """Tell one match."""
        told = self.teller.trial(verdict)
        chosen = next((each.id for each in verdict.cohorts if each.findings is verdict.findings), "")
        parts = {name: told[name] for name in _OF_THE_MATCH if name in told} | told["definition"]
        named = parts | ({"cohort": chosen} if chosen else {}) | {"finding": told["findings"]}
        return {
            "fullUrl": verdict.trial.url,
            "resource": self.studies.of(verdict.trial),
            "search": {
                "extension": [
                    {"url": MATCH_GRADE, "valueCode": grade_of(verdict)},
                    {"url": f"{self.base}/{_MATCH}", "extension": list(_extensions(named))},
                ],
                "mode": "match",
                "score": score_of(verdict),
            },
        }


_OF_THE_MATCH: Final = ("verdict", "earliestDate", "here", "counts")

_SIMPLE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("verdict", "section", "truth", "basis", "cause"), "valueCode"),
    **dict.fromkeys(("earliestDate", "recordDate", "reviewedOn", "resolvesOn", "clearsOn", "expiresOn"), "valueDate"),
    **dict.fromkeys(("here", "complete", "draft"), "valueBoolean"),
    **dict.fromkeys(("met", "unmet", "unknown", "judgement", "unrecognised"), "valueUnsignedInt"),
    **dict.fromkeys(("version", "cohort", "criterion", "label", "asks", "explanation", "note"), "valueString"),
    **dict.fromkeys(("search", "question", "value", "range", "date", "kind"), "valueString"),
    "line": "valuePositiveInt",
}
_NESTED: Final = {"counts": "counts", "settledBy": "settledBy", "evidence": "evidence", "finding": "finding"} | {
    "parts": "part",
    "source": "source",
}
"""What holds others: by its name in the API, and by its name in the extension, where it may be repeated."""


def extension_of(name: str, value: Any) -> Iterator[Json]:  # noqa: ANN401 - JSON of our own
    """Tell one named thing of the API as extensions: nothing of what has no place there, or no words."""
    if name in _SIMPLE and value not in {"", None}:
        yield {"url": name, _SIMPLE[name]: value.strip() if isinstance(value, str) else value}
    elif name in _NESTED:
        for each in value if isinstance(value, list) else [value]:
            inner = list(_evidence(each) if name == "evidence" else _extensions(each))
            if inner:
                yield {"url": _NESTED[name], "extension": inner}


def _extensions(members: Mapping[str, object]) -> Iterator[Json]:
    for name, value in members.items():
        yield from extension_of(name, value)


_REFERENCE: Final = re.compile(r"[A-Za-z]+/[A-Za-z0-9.-]{1,64}|urn:[^\s]+|https?://[^\s]+")


def _evidence(seen: Mapping[str, object]) -> Iterator[Json]:
    """Tell an entry that decided: a reference into the Bundle that was sent, or words where it has no proper one."""
    label, reference = str(seen["label"]).strip(), str(seen["reference"]).strip()
    proper = _REFERENCE.fullmatch(reference)
    shown = label if proper else ", ".join(filter(None, (label, reference)))
    pointer = {**({"reference": reference} if proper else {}), **({"display": shown} if shown else {})}
    yield {"url": "entry", "valueReference": pointer}
    yield from _extensions({name: seen[name] for name in ("value", "range", "date", "note") if name in seen})


def searchset(entries: Sequence[Json], total: int, remarks: Iterable[Remark]) -> Json:
    """Put matches and remarks together; ``total`` counts all matches, those that are left out too."""
    issues = [{"severity": each.severity, "code": each.code, "diagnostics": each.says} for each in remarks]
    beside = {"resource": {"resourceType": "OperationOutcome", "issue": issues}, "search": {"mode": "outcome"}}
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": total,
        "entry": [*entries, *([beside] if issues else [])],
    }
