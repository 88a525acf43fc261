"""The use cases: answer a hook call, assess a chart that came in one bundle.

Read :func:`answer` first: it is one call from beginning to end. What it needs of the world are the ports
(:class:`Records`, :class:`Terminology`, :class:`Clock`, :class:`Ids`); everything between them is plain functions of
values.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from cds.core.chart import Chart, Kind, Lost
from cds.core.codes import Code
from cds.core.descent import strange_codes
from cds.core.finding import Attestation
from cds.core.plan import Plan
from cds.core.recognise import unreadable_values
from cds.core.screen import screen, withheld
from cds.core.verdict import Verdict, Withheld
from cds.core.vocabulary import Meaning, Vocabulary
from cds.errors import BadCall, PatientUnavailable, RecordsError, TooSlow, UnknownService
from cds.fhir.addresses import may_ask
from cds.fhir.answer import Answer, AnswerState
from cds.fhir.read import chart_of, chart_of_bundle
from cds.fhir.searches import PATIENT, Search, searches_for
from cds.hooks.cards import Telling, tell
from cds.hooks.detail import Unread
from cds.hooks.prefetch import Prefetched, PrefetchState, prefetched
from cds.hooks.wire import Card, HookRequest

__all__ = [
    "Answered",
    "Assessment",
    "Call",
    "Clock",
    "Ids",
    "Question",
    "Records",
    "Service",
    "Terminology",
    "answer",
    "assess",
    "assess_asking",
]

ResultT = TypeVar("ResultT")


class Records(Protocol):
    """Where the rest of a patient's record is read from."""

    async def fetch(
        self, searches: Sequence[Search], *, server: str, token: str | None, patient_id: str, deadline_s: float
    ) -> Mapping[str, Answer]:
        """Run searches for a patient, all under one deadline, and give each key's answer; a failure is an answer."""
        ...


class Terminology(Protocol):
    """Where codes are asked about that the tables do not hold."""

    async def meanings(self, codes: Sequence[Code], vocabulary: Vocabulary) -> Mapping[Code, tuple[Meaning, ...]]:
        """Give what they mean, as far as that is sure, under a deadline of its own; a failure gives less."""
        ...


class Clock(Protocol):
    """What time it is."""

    def now(self) -> dt.datetime:
        """Give this moment, with its time zone."""
        ...


class Ids(Protocol):
    """Where new ids come from."""

    def new(self) -> str:
        """Give a UUID that was never given before, in lower case."""
        ...


@dataclass(frozen=True, slots=True)
class Service:
    """Everything that calls are answered with: the trials, the searches they need, and what this site has chosen.

    ``relevant_only`` spares hook calls the findings of trials that are not relevant, which no card tells.
    """

    plan: Plan
    records: Records
    clock: Clock
    ids: Ids
    zone: ZoneInfo
    fhir_servers: tuple[str, ...] = ()
    deadline_s: float = 4.0
    max_cards: int = 3
    show_drafts: bool = False
    relevant_only: bool = False
    opt_out: frozenset[Code] = frozenset()
    terminology: Terminology | None = None
    searches: tuple[Search, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Work out once what has to be read."""
        object.__setattr__(self, "searches", searches_for(self.plan.needs, self.plan.vocabulary))

    def today(self) -> dt.date:
        """Give the calendar day it is at the site."""
        return self.clock.now().astimezone(self.zone).date()

    @property
    def templates(self) -> Mapping[str, str]:
        """What the EHR is asked to send along, by prefetch key."""
        return {search.key: search.template for search in self.searches}


@dataclass(frozen=True, slots=True)
class Call:
    """What a ``patient-view`` call comes down to. The token is for this call only."""

    patient_id: str
    viewer: str
    prefetch: Mapping[str, object]
    server: str | None = None
    token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, request: HookRequest) -> Call:
        """Take what matters out of a request."""
        granted = request.fhirAuthorization
        return cls(
            request.context.patientId,
            request.context.userId,
            request.prefetch or {},
            request.fhirServer,
            granted.access_token if granted else None,
        )

    @property
    def by_the_patient(self) -> bool:
        """Whether the viewer is the patient or a relative, to whom no cards are told."""
        steps = self.viewer.strip().casefold().split("/")
        return not {"patient", "relatedperson"}.isdisjoint(steps[:-1])


@dataclass(frozen=True, slots=True)
class Answered:
    """The cards, and what they were made from; ``withheld`` says why there are none although there could be."""

    cards: tuple[Card, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    chart: Chart = field(default_factory=Chart)
    withheld: Withheld | None = None
    states: Mapping[str, AnswerState] = field(default_factory=dict)


async def answer(call: Call, service: Service) -> Answered:
    """Answer one hook call.

    Raises ``BadCall`` where the chart that was sent is another patient's, and ``PatientUnavailable`` where the patient
    can be had neither from prefetch nor from the FHIR server. Anything else that fails is a named unknown on the cards.
    """
    if call.by_the_patient:
        return Answered(withheld=Withheld.VIEWER)
    sent = prefetched(call.prefetch, service.templates, single=frozenset({PATIENT.key}))
    _check_sent_patient(sent[PATIENT.key], call.patient_id)
    answers = await with_the_rest(sent, call, service)
    _require_patient(answers[PATIENT.key], call.patient_id)

    aside = sum(len(each.resources) for each in answers.values()) >= _MANY
    chart = await _run(aside, partial(_chart, answers, call, service))
    states = {key: each.state for key, each in answers.items()}
    as_of = service.today()
    reason = withheld(chart, as_of)
    if reason is not None:
        return Answered(chart=chart, withheld=reason, states=states)
    plan = await _understood(chart, service.plan, service)
    return await _run(aside, partial(_told, chart, plan, as_of, states, service))


_MANY = 2000
"""From so many resources on, other calls would wait too long for this one."""


async def _run(aside: bool, work: Callable[[], ResultT]) -> ResultT:  # noqa: FBT001 - where it is done, not what
    """Do a piece of work; of long charts beside the loop, so that other calls go on."""
    return await asyncio.to_thread(work) if aside else work()


def _chart(answers: Mapping[str, Answer], call: Call, service: Service) -> Chart:
    return chart_of(answers, service.searches, patient_id=call.patient_id, zone=service.zone, opt_out=service.opt_out)


async def _understood(chart: Chart, plan: Plan, service: Service) -> Plan:
    """Give the plan, for this chart with what a terminology server says of codes that the tables do not hold."""
    if service.terminology is None:
        return plan
    strange = strange_codes(chart, plan.vocabulary, plan.needs)
    return plan.understanding(await service.terminology.meanings(strange, plan.vocabulary)) if strange else plan


def _told(chart: Chart, plan: Plan, as_of: dt.date, states: Mapping[str, AnswerState], service: Service) -> Answered:
    """Screen a chart and tell the cards."""
    verdicts = screen(chart, plan, as_of, relevant_only=service.relevant_only)
    telling = Telling(service.plan.vocabulary, service.ids.new, service.max_cards, service.show_drafts)
    return Answered(tell(verdicts, _unread(chart, service.plan), telling), verdicts, chart, None, states)


def _patients(resources: Sequence[object]) -> list[object]:
    """Give the ids of the Patient resources; ``None`` for one that has no id."""
    return [
        each.get("id")
        for each in resources
        if isinstance(each, dict) and str(each.get("resourceType")).casefold() == "patient"
    ]


def _check_sent_patient(sent: Prefetched, patient_id: str) -> None:
    ids = _patients(sent.resources)
    if ids and patient_id not in ids:
        raise BadCall("prefetch.patient: is not the patient named in context.patientId")


def _require_patient(got: Answer, patient_id: str) -> None:
    if patient_id not in _patients(got.resources):
        reason = got.why or "no such patient was found"
        raise PatientUnavailable(f"the patient could not be read: {reason}")


def _unread(chart: Chart, plan: Plan) -> Unread:
    """Say what could not be read of the kinds of entry that the trials need."""
    needed = {Kind.PERSON, *plan.needs}
    gaps = {kind: why for kind, why in chart.gaps.items() if kind in needed}
    return Unread(gaps, tuple(each for each in chart.lost if each.kind is None or each.kind in needed))


_GRACE_S = 0.5
"""How long after its deadline the FHIR client may take to come back before it is left alone."""


_SENT = {
    PrefetchState.ABSENT: AnswerState.NOT_ASKED,
    PrefetchState.NULL: AnswerState.COMPLETE,
    PrefetchState.FAILED: AnswerState.FAILED,
    PrefetchState.GARBLED: AnswerState.FAILED,
    PrefetchState.EMPTY: AnswerState.COMPLETE,
    PrefetchState.DATA: AnswerState.COMPLETE,
    PrefetchState.PAGED: AnswerState.PARTIAL,
}
_LACKING = {PrefetchState.ABSENT, PrefetchState.GARBLED, PrefetchState.PAGED}
"""What is worth asking the server for. Where the EHR itself tried and failed, it is not tried again."""


def _as_answer(sent: Prefetched) -> Answer:
    state = _SENT[sent.state]
    if state is AnswerState.FAILED and sent.resources:
        state = AnswerState.PARTIAL
    return Answer(state, sent.resources, "" if state is AnswerState.COMPLETE else sent.why)


async def with_the_rest(sent: Mapping[str, Prefetched], call: Call, service: Service) -> dict[str, Answer]:
    """Put what was sent together with what the FHIR server gives for the keys that lack something."""
    answers = {key: _as_answer(each) for key, each in sent.items()}
    lacking = [search for search in service.searches if _lacks(search, sent[search.key])]
    if not lacking:
        return answers
    if not may_ask(call.server, service.fhir_servers):
        note = "it gave no FHIR server" if call.server is None else "its FHIR server is not on this service's list"
        return answers | {each.key: _noted(answers[each.key], note) for each in lacking}
    fetched = await _fetch(lacking, call, service)
    return answers | {each.key: _joined(answers[each.key], fetched.get(each.key)) for each in lacking}


def _lacks(search: Search, sent: Prefetched) -> bool:
    return sent.state in _LACKING or (search.key == PATIENT.key and not sent.resources)


def _noted(got: Answer, note: str) -> Answer:
    return Answer(got.state, got.resources, f"{got.why}, and {note}")


def _joined(got: Answer, fetched: Answer | None) -> Answer:
    """Put the part that was sent together with what was fetched in its place."""
    if fetched is None:
        return _noted(got, "the FHIR server was not asked")
    if fetched.state is AnswerState.COMPLETE or not got.resources:
        return fetched
    return Answer(AnswerState.PARTIAL, got.resources + fetched.resources, fetched.why or got.why)


async def _fetch(lacking: Sequence[Search], call: Call, service: Service) -> Mapping[str, Answer]:
    assert call.server is not None  # noqa: S101 - a server that may be asked is one that was named
    problem: RecordsError
    try:
        async with asyncio.timeout(service.deadline_s + _GRACE_S):
            return await service.records.fetch(
                lacking,
                server=call.server,
                token=call.token,
                patient_id=call.patient_id,
                deadline_s=service.deadline_s,
            )
    except TimeoutError:
        problem = TooSlow("the FHIR server did not answer in time")
    except RecordsError as raised:
        problem = raised
    return {each.key: Answer(AnswerState.FAILED, why=str(problem)) for each in lacking}


@dataclass(frozen=True, slots=True)
class Question:
    """A chart in one Bundle, and what is asked of it: today and all trials, unless it says otherwise."""

    bundle: object
    patient_id: str | None = None
    trials: tuple[str, ...] | None = None
    as_of: dt.date | None = None
    covered: Mapping[str, str] | None = None
    attestations: tuple[Attestation, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a chart came to, trial by trial; ``withheld`` says why no cards would be told."""

    as_of: dt.date
    chart: Chart
    lost: tuple[Lost, ...]
    verdicts: tuple[Verdict, ...]
    withheld: Withheld | None = None


def assess(question: Question, service: Service) -> Assessment:
    """Hold the chart in a Bundle against trials, by the tables alone.

    Raises ``BadCall`` (not a Bundle, an attestation of no such criterion), ``NoPatient`` and ``UnknownService`` (a
    trial that is not loaded).
    """
    return _assessment(question, *_opened(question, service), service)


async def assess_asking(question: Question, service: Service) -> Assessment:
    """Do the same beside the loop, and ask the terminology server, where there is one, as a hook call does."""
    chart, plan = await asyncio.to_thread(_opened, question, service)
    plan = await _understood(chart, plan, service)
    return await asyncio.to_thread(_assessment, question, chart, plan, service)


def _opened(question: Question, service: Service) -> tuple[Chart, Plan]:
    _check_attestations(question.attestations, service.plan)
    plan = service.plan if question.trials is None else _only(service.plan, question.trials)
    chart = chart_of_bundle(
        question.bundle,
        patient_id=question.patient_id,
        covered=question.covered,
        zone=service.zone,
        opt_out=service.opt_out,
    )
    return chart, plan


def _assessment(question: Question, chart: Chart, plan: Plan, service: Service) -> Assessment:
    as_of = question.as_of or service.today()
    verdicts = screen(chart, plan, as_of, question.attestations)
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
