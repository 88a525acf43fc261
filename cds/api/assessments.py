"""``POST /api/assessments``: the screen of a chart as plain JSON, from which other programs make what they show.

Values that are absent are left out, never null; enumerations are closed (:mod:`cds.api.models`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from fastapi import APIRouter, Request, Response

from cds.api.body import body_of, read_body
from cds.api.guard import count
from cds.api.models import AssessmentOut, AssessmentRequest
from cds.api.outcomes import answers, errors, reply
from cds.api.texts import Texts, place_of
from cds.assessment import Question, assess_asking
from cds.core.explain import asks, describe, explain, kind_of
from cds.core.finding import Attestation
from cds.core.truth import Truth
from cds.fhir.names import TYPES_OF, covered_types
from cds.fhir.searches import settling_search
from cds.fhir.wire import decode
from cds.hooks.wire import checked

if TYPE_CHECKING:
    from cds.assessment import Assessment
    from cds.core.chart import Chart, Kind, Lost
    from cds.core.finding import CriterionFinding, Evidence, Finding, Wanted
    from cds.core.trial import Trial
    from cds.core.verdict import Verdict
    from cds.core.vocabulary import Vocabulary
    from cds.service import Service
    from cds.trials.records import Record

Json = dict[str, Any]


def read_question(body: object) -> Question:
    """Read a decoded body, an assessment request or a bare Bundle, as a question; raise ``BadCall`` naming elements."""
    if isinstance(body, dict) and body.get("resourceType") == "Bundle":
        return Question(body)
    asked = checked(AssessmentRequest, body)
    attestations = tuple(
        Attestation(each.criterion, each.trial, Truth(each.truth), each.note) for each in asked.attestations
    )
    return Question(asked.bundle, asked.patientId, asked.trials, asked.asOf, asked.covered, attestations)


def _given(**members: object) -> Json:
    """Leave out what is absent: nothing, or an empty text."""
    return {name: value for name, value in members.items() if value is not None and value != ""}


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells assessments as JSON, with the vocabulary's words and, where they are loaded, the registry's."""

    vocabulary: Vocabulary
    texts: Texts = field(default_factory=Texts)
    _searches: dict[tuple[Kind | None, tuple[str, ...]], str | None] = field(default_factory=dict, repr=False)

    def assessment(self, told: Assessment) -> Json:
        """Tell a whole assessment."""
        return _given(
            asOf=told.as_of.isoformat(),
            withheld=told.withheld.value if told.withheld else None,
            chart=_chart(told.chart, told.lost),
            trials=[self.trial(verdict) for verdict in told.verdicts],
        )

    def trial(self, verdict: Verdict) -> Json:
        """Tell what a trial is to the patient."""
        trial = verdict.trial
        record = self.texts.of(trial)
        return _given(
            nctId=trial.nct_id,
            title=trial.title,
            overallStatus=trial.status,
            verdict=verdict.standing.value,
            earliestDate=verdict.earliest.isoformat() if verdict.earliest else None,
            definition=definition(trial),
            cohorts=[
                {"id": each.id, "label": each.label, "open": each.open, "verdict": each.standing.value}
                for each in verdict.cohorts
                if each.id
            ],
            counts={
                "met": len(verdict.having(Truth.MET)),
                "unmet": len(verdict.having(Truth.UNMET)),
                "unknown": len(verdict.having(Truth.UNKNOWN)),
                "judgement": len(verdict.for_a_person),
            },
            findings=[self._finding(each, record) for each in verdict.findings],
        )

    def _finding(self, found: CriterionFinding, record: Record | None) -> Json:
        criterion = found.criterion
        return _given(
            criterion=criterion.id,
            label=criterion.label,
            kind=kind_of(criterion.rule),
            section=criterion.section.value,
            asks=asks(criterion, self.vocabulary),
            plain=criterion.plain,
            **self._outcome(found.finding),
            note=criterion.note,
            **place_of(criterion, record),
        )

    def _outcome(self, finding: Finding) -> Json:
        return _given(
            truth=finding.truth.value,
            basis=finding.basis.value if finding.basis else None,
            cause=finding.cause.value if finding.cause else None,
            explanation=explain(finding, self.vocabulary),
            resolvesOn=finding.resolves_on.isoformat() if finding.resolves_on else None,
            clearsOn=finding.clears_on.isoformat() if finding.clears_on and not finding.resolves_on else None,
            expiresOn=finding.expires_on.isoformat() if finding.expires_on else None,
            settledBy=self._settled_by(finding.wanted),
            unrecognised=finding.unrecognised or None,
            evidence=[_evidence(each) for each in finding.evidence],
            parts=[self._part(each) for each in finding.parts] or None,
        )

    def _part(self, finding: Finding) -> Json:
        label = describe(finding.rule, self.vocabulary)
        return {"label": label, "kind": kind_of(finding.rule), **self._outcome(finding)}

    def _settled_by(self, wanted: Wanted | None) -> Json | None:
        if wanted is None:
            return None
        key = (wanted.kind, wanted.concepts)
        if key not in self._searches:
            self._searches[key] = settling_search(wanted, self.vocabulary)
        return _given(search=self._searches[key], question=wanted.question) or None


def definition(trial: Trial) -> Json:
    """Tell what is known of a trial's definition itself."""
    return _given(
        version=trial.version,
        recordDate=trial.record_date.isoformat() if trial.record_date else None,
        complete=trial.complete,
        draft=trial.draft,
        reviewedOn=trial.reviewed_on.isoformat() if trial.reviewed_on else None,
    )


def _chart(chart: Chart, lost: tuple[Lost, ...]) -> Json:
    covered = covered_types(chart)
    return _given(
        read=dict(chart.read),
        lost=[{"reference": each.reference, "why": each.why} for each in lost],
        covered={name: extent.value for name, extent in covered.items()},
        gaps={name: why for kind, why in chart.gaps.items() for name in TYPES_OF[kind] if name in covered} or None,
    )


def _evidence(seen: Evidence) -> Json:
    return {
        "reference": seen.reference,
        "label": seen.label,
        **_given(value=seen.value, range=seen.range, date=seen.date),
    }


_EXAMPLE: Json = {
    "bundle": {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": {"resourceType": "Patient", "id": "1", "gender": "female", "birthDate": "1960-05-02"}}],
    },
    "asOf": "2026-06-15",
    "covered": {"Condition": "complete"},
}
_EXAMPLE_ANSWER: Json = {
    "asOf": "2026-06-15",
    "chart": {"read": {"Patient": 1}, "lost": [], "covered": {"Patient": "complete", "Condition": "complete"}},
    "trials": [],
}
_BARE_BUNDLE: Json = {
    "type": "object",
    "description": "A bare FHIR Bundle.",
    "properties": {"resourceType": {"const": "Bundle"}},
    "required": ["resourceType"],
}


def assessment_routes(service: Service, texts: Texts, max_body_bytes: int) -> APIRouter:
    """Give the route for assessments."""
    routes = APIRouter(prefix="/api", tags=["Assessments"])
    teller = Teller(service.plan.vocabulary, texts)

    def asked(body: bytes) -> Question:
        return read_question(decode(body))

    def written(told: Assessment) -> Response:
        return reply(teller.assessment(told))

    @routes.post(
        "/assessments",
        summary="Hold a chart against trials",
        operation_id="assess",
        responses=answers(AssessmentOut, "trial by trial, criterion by criterion, best first", _EXAMPLE_ANSWER)
        | errors(400, 404, 405, 413, 422, 500),
        openapi_extra=body_of(AssessmentRequest, example=_EXAMPLE, extra=_BARE_BUNDLE),
    )
    async def post_assessment(request: Request) -> Response:
        """Tell what each trial is to the patient whose chart the Bundle holds."""
        body = await read_body(request, max_body_bytes)
        told = await assess_asking(await anyio.to_thread.run_sync(asked, body), service)
        count(request, read=dict(told.chart.read), lost=len(told.lost), trials=len(told.verdicts))
        return await anyio.to_thread.run_sync(written, told)

    return routes
