"""``POST /getClinicalTrial``: trials for a chart in the way of the mCODE clinical trial matching service.

The chart is assessed twice, by the same screen as everywhere. First with the diagnoses that were sent taken for all
there are, which says what the trials are about that can concern this patient: a caller of this service names the
patient's cancer. Then, against those trials alone, with all that was sent taken for a selection, as the app sends what
somebody chose in a form: what it does not hold is unknown, not absent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import anyio.to_thread
from fastapi import APIRouter, Request, Response

from cds.api.assessments import Teller
from cds.api.audit import trials_told
from cds.api.body import body_of, read_body
from cds.api.guard import count
from cds.api.matching.asked import Asked, Remark, read_asked
from cds.api.matching.grades import told_at_all
from cds.api.matching.models import ANSWER, ASKED, BODY, MatchesOut
from cds.api.matching.told import Matches, StudyMaker, searchset
from cds.api.outcomes import answers, errors, reply
from cds.api.texts import Texts
from cds.assessment import Assessment, Question, assess_asking
from cds.core.chart import Extent
from cds.core.trial import Trial
from cds.core.verdict import Standing, Verdict, Withheld
from cds.fhir.names import KIND_OF
from cds.fhir.wire import decode
from cds.service import Service
from cds.settings import Settings
from cds.trials.study import Study

__all__ = ["matching_routes"]

Json = dict[str, Any]

_SHOWN_LOST: Final = 20
_WITHHELD: Final[Mapping[Withheld, str]] = {
    Withheld.DECEASED: "no trial is told: the patient has died",
    Withheld.OPTED_OUT: "no trial is told: the patient does not want to hear of research",
    Withheld.VIEWER: "no trial is told to the patient or a relative",
}


def matching_routes(service: Service, texts: Texts, records: Mapping[str, Study], settings: Settings) -> APIRouter:
    """Give the route. It tells the trials that cards may tell: of the site's statuses, drafts only where it says so."""
    routes = APIRouter(tags=["Matching service"])
    matching = _Matching(service.for_hooks(), texts, records, settings)

    @routes.post(
        "/getClinicalTrial",
        summary="Trials for a chart, as the mCODE clinical trial matching service tells them",
        operation_id="getClinicalTrial",
        responses=answers(MatchesOut, "the trials that may fit, best first", ANSWER) | errors(400, 405, 413, 422, 500),
        openapi_extra=body_of(example=ASKED, extra=BODY),
    )
    async def get_clinical_trial(request: Request) -> Response:
        """Tell the trials that may fit the patient whose chart the Bundle holds, each as a study with a score."""
        body = await read_body(request, settings.max_body_bytes)
        asked = await anyio.to_thread.run_sync(lambda: read_asked(decode(body)))
        found = await matching.found(asked)
        count(request, read=dict(found.told.chart.read), lost=len(found.told.lost), trials=len(found.matches))
        trials_told(request, matching.numbers(found))
        return await anyio.to_thread.run_sync(matching.written, asked, found)

    return routes


@dataclass(frozen=True, slots=True)
class _Found:
    """What came of a call: the assessment that is told, its matches, and how many trials stand how."""

    told: Assessment
    matches: tuple[Verdict, ...]
    standings: Counter[Standing]
    strange: int


class _Matching:
    """Finds and tells matches."""

    def __init__(self, service: Service, texts: Texts, records: Mapping[str, Study], settings: Settings) -> None:
        def here(trial: Trial) -> bool:
            return service.here.is_open(trial, service.statuses)

        self._service = service
        self._most = settings.max_matches
        self._trials = tuple(each for each in service.plan.trials if each.offered(service.statuses))
        teller = Teller(service.plan.vocabulary, texts, here if service.facilities else None)
        self._studies = StudyMaker(texts, records, service.statuses)
        self._matches = Matches(teller, self._studies, f"{settings.public_url}/fhir")

    async def found(self, asked: Asked) -> _Found:
        """Hold the chart against the trials that are asked about; raise what reading the chart raises."""
        chosen = await anyio.to_thread.run_sync(self._chosen, asked)
        strange = len(asked.trials - {each.nct_id for each in self._trials})
        all_there = dict.fromkeys(asked.complete, Extent.COMPLETE.value)
        question = Question(asked.bundle, asked.patient_id, chosen, covered={"Condition": "complete"} | all_there)
        first = await assess_asking(question, self._service)
        if first.withheld is not None:
            return _Found(first, (), Counter(), strange)
        about = tuple(each.trial.nct_id for each in first.verdicts if each.standing is not Standing.NOT_RELEVANT)
        question = replace(question, trials=about, covered=_selected(first) | all_there)
        told = await assess_asking(question, self._service)
        standings = Counter(each.standing for each in told.verdicts)
        standings[Standing.NOT_RELEVANT] += len(chosen) - len(about)
        return _Found(told, tuple(filter(told_at_all, told.verdicts)), standings, strange)

    def _chosen(self, asked: Asked) -> tuple[str, ...]:
        """Give the trials that are asked about. One whose phase nobody has told may be of any phase."""
        chosen = []
        for trial in self._trials:
            phases = self._studies.phases(trial) if asked.phases else ()
            named = not asked.trials or trial.nct_id in asked.trials
            so = not asked.statuses or trial.status in asked.statuses
            if named and so and (not phases or not asked.phases.isdisjoint(phases)):
                chosen.append(trial.nct_id)
        return tuple(chosen)

    def numbers(self, found: _Found) -> list[str]:
        """Give the numbers of the trials that the answer tells."""
        return [each.trial.nct_id for each in found.matches[: self._most]]

    def written(self, asked: Asked, found: _Found) -> Response:
        """Tell the best matches, and what is to be said besides. It may take a while."""
        entries = [self._matches.entry(each) for each in found.matches[: self._most]]
        remarks = [*asked.remarks, *_remarks(found, self._most)]
        return reply(searchset(entries, len(found.matches), remarks))


def _selected(first: Assessment) -> dict[str, str]:
    """Take every type of which something was read for a selection; the patient alone is who they are."""
    return {name: Extent.PARTIAL.value for name in first.chart.read if name in KIND_OF and name != "Patient"}


def _remarks(found: _Found, most: int) -> Iterator[Remark]:
    """Say why there are no matches, or how many trials stand how; and what of the chart and the request was lost."""
    told, counts = found.told, found.standings
    if told.withheld is not None:
        yield Remark("information", "suppressed", _WITHHELD[told.withheld])
        return
    yield Remark("information", "informational", _in_all(told, counts))
    yield Remark("information", "informational", _SELECTION)
    if len(found.matches) > most:
        left_out = len(found.matches) - most
        yield Remark("warning", "incomplete", f"only the first {most} matches are told; {left_out} more are left out")
    if found.strange:
        yield Remark("warning", "not-found", f"trialId: {found.strange} of the trials named cannot be told here")
    for each in told.lost[:_SHOWN_LOST]:
        yield Remark("warning", "incomplete", f"{each.reference}: not read: {each.why}")
    if len(told.lost) > _SHOWN_LOST:
        more = len(told.lost) - _SHOWN_LOST
        yield Remark("warning", "incomplete", f"{more} more entries could not be read")


_SELECTION: Final = (
    "the Bundle is taken for a selection: what it does not hold is unknown. The parameter complete names resource "
    "types of which it holds all there are"
)


def _in_all(told: Assessment, counts: Counter[Standing]) -> str:
    names: Iterable[str] = (f"{counts[each]} {each.value.replace('-', ' ')}" for each in Standing)
    return f"{counts.total()} trials were looked at for {told.as_of.isoformat()}: {', '.join(names)}"
