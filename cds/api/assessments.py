"""``POST /api/assessments``: the screen of a chart as plain JSON, from which other programs make what they show.

Values that are absent are left out, never null; enumerations are closed (:mod:`cds.api.models`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from fastapi import APIRouter, Request, Response

from cds.api.asked import AssessmentRequest, read_question
from cds.api.audit import trials_told
from cds.api.body import body_of, read_body
from cds.api.guard import count
from cds.api.measured import Gauges
from cds.api.models import AssessmentOut
from cds.api.outcomes import answers, errors, reply
from cds.api.texts import Texts, place_of
from cds.assessment import assess_asking
from cds.core.explain import asks, describe, explain, kind_of
from cds.core.verdict import Standing
from cds.fhir.names import TYPES_OF, covered_types
from cds.fhir.searches import settling_search
from cds.fhir.wire import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cds.assessment import Assessment, Question
    from cds.core.chart import Chart, Kind, Lost
    from cds.core.finding import CriterionFinding, Evidence, Finding, Wanted
    from cds.core.recognise import Case
    from cds.core.trial import Trial
    from cds.core.verdict import CohortVerdict, Verdict
    from cds.core.vocabulary import Vocabulary
    from cds.service import Service
    from cds.trials.records import Record

Json = dict[str, Any]


def _given(**members: object) -> Json:
    """Leave out what is absent: nothing, or an empty text."""
    return {name: value for name, value in members.items() if value is not None and value != ""}


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells assessments as JSON, with the vocabulary's words and, where they are loaded, the registry's.

    ``here`` says whether a trial is open at the site's own facilities, where the site names any.
    """

    vocabulary: Vocabulary
    texts: Texts = field(default_factory=Texts)
    here: Callable[[Trial], bool] | None = None
    _gauges: Gauges = field(init=False, repr=False)
    _searches: dict[tuple[Kind | None, tuple[str, ...]], str | None] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Begin with no gauge known."""
        object.__setattr__(self, "_gauges", Gauges(self.vocabulary))

    def assessment(self, told: Assessment) -> Json:
        """Tell a whole assessment."""
        return _given(
            asOf=told.as_of.isoformat(),
            withheld=told.withheld.value if told.withheld else None,
            chart=_chart(told.chart, told.lost),
            trials=[self.trial(verdict, told.case) for verdict in told.verdicts],
        )

    def trial(self, verdict: Verdict, case: Case | None = None) -> Json:
        """Tell what a trial is to the patient; with a case, also the results that its findings looked at."""
        trial = verdict.trial
        record = self.texts.of(trial)
        everyones = {id(each) for each in trial.criteria}
        chosen = next((each.id for each in verdict.cohorts if each.findings is verdict.findings), "")

        def told(findings: Iterable[CriterionFinding], cohort: str) -> list[Json]:
            return [
                self._finding(each, "" if id(each.criterion) in everyones else cohort, record, verdict, case)
                for each in findings
            ]

        def own(cohort: CohortVerdict) -> list[Json]:
            return told((each for each in cohort.findings if id(each.criterion) not in everyones), cohort.id)

        return _given(
            nctId=trial.nct_id,
            title=trial.title,
            overallStatus=trial.status,
            here=self.here(trial) if self.here is not None else None,
            verdict=verdict.standing.value,
            earliestDate=verdict.earliest.isoformat() if verdict.earliest else None,
            definition=definition(trial),
            cohorts=[_cohort(each, own(each)) for each in verdict.cohorts if each.id],
            counts=_counts(verdict.findings),
            findings=told(verdict.findings, chosen),
        )

    def _finding(
        self, found: CriterionFinding, cohort: str, record: Record | None, verdict: Verdict, case: Case | None
    ) -> Json:
        """Tell a finding; of relevant trials also the headings above its line, which take a while to find."""
        criterion = found.criterion
        relevant = verdict.standing is not Standing.NOT_RELEVANT
        return _given(
            criterion=criterion.id,
            cohort=cohort,
            label=criterion.label,
            kind=kind_of(criterion.rule),
            section=criterion.section.value,
            asks=asks(criterion, self.vocabulary),
            plain=criterion.plain,
            **self._outcome(found.finding, case),
            note=criterion.note,
            heading=self.texts.headings(verdict.trial, criterion, record if relevant else None) or None,
            **place_of(criterion, record),
        )

    def _outcome(self, finding: Finding, case: Case | None) -> Json:
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
            measured=self._gauges.tell(finding, case),
            parts=[self._part(each, case) for each in finding.parts] or None,
        )

    def _part(self, finding: Finding, case: Case | None) -> Json:
        label = describe(finding.rule, self.vocabulary)
        return {"label": label, "kind": kind_of(finding.rule), **self._outcome(finding, case)}

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


def _counts(findings: Iterable[CriterionFinding]) -> Json:
    """Count findings by their answer; those that only a person can settle are counted apart."""
    counts = {"met": 0, "unmet": 0, "unknown": 0, "judgement": 0}
    for each in findings:
        cause = each.finding.cause
        asked = cause is not None and cause.for_a_person
        counts["judgement" if asked else each.finding.truth.value] += 1
    return counts


def _cohort(cohort: CohortVerdict, findings: list[Json]) -> Json:
    return _given(
        id=cohort.id,
        label=cohort.label,
        open=cohort.open,
        verdict=cohort.standing.value,
        earliestDate=cohort.earliest.isoformat() if cohort.earliest else None,
        counts=_counts(cohort.findings),
        findings=findings,
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
        **_given(value=seen.value, range=seen.range, date=seen.date, note=seen.note),
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

    def here(trial: Trial) -> bool:
        return service.here.is_open(trial, service.statuses)

    teller = Teller(service.plan.vocabulary, texts, here if service.facilities else None)

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
        trials_told(request, [each.trial.nct_id for each in told.verdicts])
        return await anyio.to_thread.run_sync(written, told)

    return routes
