"""The second use case: hold a chart against trials, and give every finding.

The same screen as behind a hook call (:mod:`cds.service`), without cards. The chart comes in one Bundle, or from a FHIR
server in the way that a hook call reads it; from there on there is no difference.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain

from cds.core.chart import Chart, Lost
from cds.core.finding import Attestation
from cds.core.plan import Plan
from cds.core.recognise import Case, recognise, unreadable_values
from cds.core.said import Said, laid_over, unknown_in
from cds.core.screen import screen, withheld
from cds.core.verdict import Verdict, Withheld
from cds.errors import BadCall, RecordsError, UnknownService
from cds.fhir.reading.read import chart_of_bundle
from cds.fhir.reading.refusals import unread_refusals
from cds.service import Call, Service, chart_from, record_of, understood

__all__ = ["Assessment", "Question", "assess", "assess_asking", "assess_fetched", "assessed"]


@dataclass(frozen=True, slots=True)
class Question:
    """A chart in one Bundle, and what is asked of it: today and all trials, unless it says otherwise.

    ``attestations`` are what a person says of criteria, ``results`` what a person says was measured. ``series`` asks
    for the results behind the findings over time as well.
    """

    bundle: object
    patient_id: str | None = None
    trials: tuple[str, ...] | None = None
    as_of: dt.date | None = None
    covered: Mapping[str, str] | None = None
    attestations: tuple[Attestation, ...] = ()
    results: tuple[Said, ...] = ()
    series: bool = False


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a chart came to, trial by trial; ``withheld`` says why no cards would be told.

    ``case`` is the chart as it was recognised, where series were asked for.
    """

    as_of: dt.date
    chart: Chart
    lost: tuple[Lost, ...]
    verdicts: tuple[Verdict, ...]
    withheld: Withheld | None = None
    case: Case | None = None


def assess(question: Question, service: Service) -> Assessment:
    """Hold the chart in a Bundle against trials, by the tables alone.

    Raises ``BadCall`` (not a Bundle, an attestation of no such criterion, a result that the tables cannot read),
    ``NoPatient`` and ``UnknownService`` (a trial that is not loaded).
    """
    return _answered(question, *_opened(question, service), service)


async def assess_asking(question: Question, service: Service) -> Assessment:
    """Do the same beside the loop, and ask the terminology server, where there is one, as a hook call does."""
    chart, plan = await asyncio.to_thread(_opened, question, service)
    plan = await understood(chart, plan, service)
    return await asyncio.to_thread(_answered, question, chart, plan, service)


async def assess_fetched(
    call: Call, service: Service, *, trials: tuple[str, ...] | None = None, as_of: dt.date | None = None
) -> Assessment:
    """Read a patient's record as a hook call does that was sent nothing, and hold it against trials.

    Only what these trials need is asked for. Raises ``PatientUnavailable`` where the server does not give the patient,
    ``UnknownService`` for a trial that is not loaded, and ``RecordsError`` where it could not be read whether the
    patient refuses research: then no trial may be told.
    """
    if trials is not None:
        service = replace(service, plan=_only(service.plan, trials))
    answers = await record_of(call, service)
    unread = unread_refusals(answers, service.searches)
    if unread:
        raise RecordsError(f"whether the patient refuses research could not be read, so no trial is told ({unread})")
    chart = chart_from(answers, call, service)
    plan = await understood(chart, service.plan, service)
    return assessed(chart, plan, as_of or service.today())


def _opened(question: Question, service: Service) -> tuple[Chart, Plan]:
    _check_attestations(question.attestations, service.plan)
    _check_results(question.results, question.as_of or service.today(), service.plan)
    plan = service.plan if question.trials is None else _only(service.plan, question.trials)
    chart = chart_of_bundle(
        question.bundle,
        patient_id=question.patient_id,
        covered=question.covered,
        zone=service.zone,
        opt_out=service.opt_out,
    )
    return chart, plan


def _answered(question: Question, chart: Chart, plan: Plan, service: Service) -> Assessment:
    as_of = question.as_of or service.today()
    chart = laid_over(chart, question.results, plan.vocabulary)
    told = assessed(chart, plan, as_of, question.attestations)
    return replace(told, case=recognise(chart, plan.vocabulary, as_of)) if question.series else told


def assessed(chart: Chart, plan: Plan, as_of: dt.date, attestations: tuple[Attestation, ...] = ()) -> Assessment:
    """Hold a chart against the trials of a plan, however it came."""
    verdicts = screen(chart, plan, as_of, attestations)
    lost = chart.lost + unreadable_values(chart, plan.vocabulary)
    return Assessment(as_of, chart, lost, verdicts, withheld(chart, as_of))


def _only(plan: Plan, nct_ids: tuple[str, ...]) -> Plan:
    known = {trial.nct_id for trial in plan.trials}
    for place, nct_id in enumerate(nct_ids):
        if nct_id not in known:
            raise UnknownService(f"trials[{place}]: no such trial is loaded")
    return plan.only(frozenset(nct_ids))


def _check_attestations(attestations: tuple[Attestation, ...], plan: Plan) -> None:
    criteria = {
        trial.nct_id: {each.id for each in chain(trial.criteria, *(cohort.criteria for cohort in trial.cohorts))}
        for trial in plan.trials
    }
    for place, each in enumerate(attestations):
        if each.trial not in criteria:
            raise UnknownService(f"attestations[{place}].trial: no such trial is loaded")
        if each.criterion not in criteria[each.trial]:
            raise BadCall(f"attestations[{place}].criterion: the trial has no such criterion")
        if any((other.trial, other.criterion) == (each.trial, each.criterion) for other in attestations[:place]):
            raise BadCall(f"attestations[{place}].criterion: it was attested before")


def _check_results(results: tuple[Said, ...], as_of: dt.date, plan: Plan) -> None:
    """Refuse what could not be heard: an unknown concept or unit, a day to come, the same thing of one day twice."""
    seen: set[tuple[str, dt.date]] = set()
    for place, each in enumerate(results):
        unknown = unknown_in(each, plan.vocabulary)
        if unknown == "concept":
            raise BadCall(f"results[{place}].concept: no such thing is measured here")
        if unknown == "unit":
            raise BadCall(f"results[{place}].unit: results of this concept cannot be compared in it")
        if each.date > as_of:
            raise BadCall(f"results[{place}].date: lies after the day that is asked about")
        if (each.concept, each.date) in seen:
            raise BadCall(f"results[{place}].concept: there is another result of it of that day")
        seen.add((each.concept, each.date))
