"""The use case: answer a hook call.

Read :func:`answer` first: it is one call from beginning to end. What it needs of the world are the ports of
:mod:`cds.ports`; everything between them is plain functions of values.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Self, TypeVar
from zoneinfo import ZoneInfo

from cds.core.chart import Chart, Kind
from cds.core.codes import Code
from cds.core.descent import strange_codes
from cds.core.orders import closed_by, with_orders, worth_saying
from cds.core.plan import Plan
from cds.core.screen import screen, withheld
from cds.core.trial import OFFERED
from cds.core.verdict import Verdict, Withheld
from cds.errors import BadCall, PatientUnavailable
from cds.fhir.addresses import base_of
from cds.fhir.answer import Answer, AnswerState
from cds.fhir.reading.drafts import Drafts, read_drafts
from cds.fhir.reading.read import chart_of
from cds.fhir.reading.refusals import refusal_searches, unread_refusals
from cds.fhir.searches import PATIENT, Search, searches_for
from cds.gathering import Asking, gather
from cds.hooks.callers.caller import ANONYMOUS, Caller
from cds.hooks.cards import Telling, may_be_told, refusals_unread, tell
from cds.hooks.detail import Unread
from cds.hooks.manner import as_taken, most_cards
from cds.hooks.orders import orders_unread, tell_orders
from cds.hooks.places import Here
from cds.hooks.prefetch import Prefetched, prefetched
from cds.hooks.requests import PATIENT_VIEW, HookRequest
from cds.hooks.services import OFFERS
from cds.hooks.steps import NO_STEPS, Steps
from cds.hooks.wire import Card
from cds.memory import Grounds, Memory, Occasion, Parties, topic_of
from cds.ports import Clock, Ids, Records, Terminology

__all__ = ["Answered", "Call", "Service", "answer", "chart_from", "record_of", "understood"]

ResultT = TypeVar("ResultT")
_STEPS, _VERSION = re.compile(r"[/?]"), re.compile(r"/_history/|#")


@dataclass(frozen=True, slots=True)
class Service:
    """Everything that calls are answered with: the trials, the searches they need, and what this site has chosen.

    ``hooks`` are those it answers. ``relevant_only`` spares hook calls the findings of trials that are not relevant,
    which no card tells. ``opt_out`` are labels and flags of patients who refuse research; ``read_consent``: consents
    are read for it as well. ``silent``: calls are answered with no cards, which are counted only. ``statuses``: of
    trials that cards tell; ``facilities``: the site's own, as the registry names them.
    """

    plan: Plan
    records: Records
    clock: Clock
    ids: Ids
    zone: ZoneInfo
    deadline_s: float = 4.0
    max_cards: int = 3
    show_drafts: bool = False
    relevant_only: bool = False
    opt_out: frozenset[Code] = frozenset()
    terminology: Terminology | None = None
    hooks: tuple[str, ...] = (PATIENT_VIEW,)
    memory: Memory | None = None
    steps: Steps = NO_STEPS
    silent: bool = False
    read_consent: bool = False
    statuses: frozenset[str] = OFFERED
    facilities: tuple[str, ...] = ()
    searches: tuple[Search, ...] = field(init=False)
    here: Here = field(init=False)

    def __post_init__(self) -> None:
        """Work out once what has to be read, and which trials are at the site's own facilities."""
        refusals = refusal_searches(self.opt_out, consents=self.read_consent)
        object.__setattr__(self, "searches", (*searches_for(self.plan.needs, self.plan.vocabulary), *refusals))
        object.__setattr__(self, "here", Here.of(self.facilities, self.plan.trials))

    def for_hooks(self) -> Self:
        """Give the service for hook calls: drafts, where cards tell none, are neither screened nor read for."""
        plan = self.plan.told(drafts=self.show_drafts)
        return self if plan is self.plan else replace(self, plan=plan)

    def today(self) -> dt.date:
        """Give the calendar day it is at the site."""
        return self.clock.now().astimezone(self.zone).date()

    def asking(self, call: Call) -> Asking:
        """Say of which server this call's patient may be asked, and by what time."""
        return Asking(self.records, call.patient_id, self.deadline_s, call.server, call.token, call.caller.fhir_servers)

    @property
    def templates(self) -> Mapping[str, str]:
        """What the EHR is asked to send along, by prefetch key."""
        return {search.key: search.template for search in self.searches}


@dataclass(frozen=True, slots=True)
class Call:
    """What a hook call comes down to. The token is for this call only; ``draft_orders`` are those that are judged."""

    patient_id: str
    viewer: str
    prefetch: Mapping[str, object]
    server: str | None = None
    token: str | None = field(default=None, repr=False)
    hook: str = PATIENT_VIEW
    draft_orders: tuple[object, ...] = ()
    caller: Caller = ANONYMOUS

    @classmethod
    def of(cls, request: HookRequest, caller: Caller) -> Call:
        """Take what matters out of a request of this caller."""
        granted = request.fhirAuthorization
        return cls(
            request.context.patientId,
            request.context.userId,
            request.prefetch or {},
            request.fhirServer,
            granted.access_token if granted else None,
            hook=request.hook,
            draft_orders=request.draft_orders,
            caller=caller,
        )

    @property
    def by_the_patient(self) -> bool:
        """Whether the viewer is the patient or a relative, to whom no cards are told.

        The type stands before the id, however long the address is; a bare id is the patient's own or nobody known.
        """
        steps = _STEPS.split(_VERSION.split(self.viewer.strip())[0].strip("/"))
        kind = steps[-2].casefold() if steps[1:] else ""
        return kind in {"patient", "relatedperson"} or steps == [self.patient_id]


@dataclass(frozen=True, slots=True)
class Answered:
    """The cards, and what they were made from; ``withheld`` says why there are none although there could be.

    ``silenced`` counts cards that were made and kept back. ``refusals_unread`` says why the cards name no trials.
    ``quieted``: the topics, NCT numbers mostly, that could have been told and were dismissed before.
    ``store_failures``: what the store was needed for and did not do; the cards went out all the same. ``orders``: how
    many of the orders being written could be judged.
    """

    cards: tuple[Card, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    chart: Chart = field(default_factory=Chart)
    withheld: Withheld | None = None
    states: Mapping[str, AnswerState] = field(default_factory=dict)
    quieted: frozenset[str] = frozenset()
    silenced: int = 0
    refusals_unread: str = ""
    store_failures: tuple[str, ...] = ()
    orders: Mapping[str, int] = field(default_factory=dict)

    @property
    def why_not(self) -> str | None:
        """Why trials that could be told are not, in one plain word for logs and counts."""
        if self.withheld is not None:
            return self.withheld.value
        return "refusals-not-read" if self.refusals_unread else None


async def answer(call: Call, service: Service) -> Answered:
    """Answer one hook call.

    Raises ``BadCall`` where the chart that was sent is another patient's, and ``PatientUnavailable`` where the patient
    can be had neither from prefetch nor from the FHIR server. Anything else that fails is a named unknown on the cards.
    """
    if call.by_the_patient:
        return Answered(withheld=Withheld.VIEWER)
    answers = await record_of(call, service)
    aside = sum(len(each.resources) for each in answers.values()) >= _MANY
    chart = await _run(aside, partial(chart_from, answers, call, service))
    states = {key: each.state for key, each in answers.items()}
    as_of = service.today()
    reason = withheld(chart, as_of)
    if reason is not None:
        return Answered(chart=chart, withheld=reason, states=states)

    drafts = read_drafts(call.draft_orders, call.patient_id, service.zone, as_of)
    plan = await understood(with_orders(chart, drafts.orders), service.plan, service)
    verdicts = await _run(aside, partial(screen, chart, plan, as_of, relevant_only=service.relevant_only))
    occasion = _occasion(call, service)
    grounds = Grounds.of(verdicts, service.statuses)
    quieted = await service.memory.quieted(occasion, grounds) if service.memory else frozenset[str]()
    unread = unread_refusals(answers, service.searches)
    seen = _Seen(chart, drafts, as_of, verdicts, quieted or frozenset(), unread)
    cards, told_on = await _run(aside, partial(_told_on, grounds, seen, plan, call, service))

    answered = Answered(
        verdicts=verdicts,
        chart=drafts.beside(chart),
        states=states,
        quieted=seen.quieted,
        refusals_unread=unread if cards else "",
        orders=drafts.counted(plan.vocabulary),
    )
    if service.silent:
        return replace(answered, silenced=len(cards))
    kept = await service.memory.keep(cards, told_on, occasion) if service.memory else True
    failed = ("dismissals",) * (quieted is None) + ("told",) * (not kept)
    return replace(answered, cards=as_taken(cards, call.caller.profile), store_failures=failed)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What cards are made of: the chart, the orders being written, the verdicts, and what speaks against telling."""

    chart: Chart
    drafts: Drafts
    as_of: dt.date
    verdicts: tuple[Verdict, ...]
    quieted: frozenset[str]
    refusals_unread: str


_MANY = 2000
"""From so many resources on, other calls would wait too long for this one."""


async def _run(aside: bool, work: Callable[[], ResultT]) -> ResultT:  # noqa: FBT001 - where it is done, not what
    """Do a piece of work; of long charts beside the loop, so that other calls go on."""
    return await asyncio.to_thread(work) if aside else work()


async def record_of(call: Call, service: Service) -> dict[str, Answer]:
    """Put together what was sent and what is fetched; it must be about the patient of the call.

    Raises ``BadCall`` and ``PatientUnavailable``.
    """
    sent = prefetched(call.prefetch, service.templates, single=frozenset({PATIENT.key}))
    _check_sent_patient(sent[PATIENT.key], call.patient_id)
    answers = await gather(sent, service.searches, service.asking(call))
    _require_patient(answers[PATIENT.key], call.patient_id)
    return answers


def chart_from(answers: Mapping[str, Answer], call: Call, service: Service) -> Chart:
    """Read a call's record as a chart."""
    return chart_of(
        answers,
        service.searches,
        patient_id=call.patient_id,
        zone=service.zone,
        opt_out=service.opt_out,
        server=call.server or "",
    )


async def understood(chart: Chart, plan: Plan, service: Service) -> Plan:
    """Give the plan, for this chart with what a terminology server says of codes that the tables do not hold."""
    if service.terminology is None:
        return plan
    strange = strange_codes(chart, plan.vocabulary, plan.needs)
    return plan.understanding(await service.terminology.meanings(strange, plan.vocabulary)) if strange else plan


def _told_on(
    grounds: Grounds, seen: _Seen, plan: Plan, call: Call, service: Service
) -> tuple[tuple[Card, ...], Mapping[str, str]]:
    """Give the cards, and by topic the findings that they are told on, as far as they are to be remembered."""
    cards = _told(seen, plan, call, service)
    remembered = cards if service.memory and not service.silent else ()
    return cards, {topic: grounds.on(topic) for topic in map(topic_of, remembered)}


def _told(seen: _Seen, plan: Plan, call: Call, service: Service) -> tuple[Card, ...]:
    """Tell what is not quieted: of order hooks what the orders would close, of all others the trials that may fit.

    Where a refusal of research may stand in what could not be read, no trial is named.
    """
    heard = [each for each in seen.verdicts if each.trial.nct_id not in seen.quieted]
    telling = _telling(plan, call, service, len(seen.verdicts) - len(heard))
    if OFFERS[call.hook].about_orders:
        tellable = [each for each in heard if may_be_told(each, telling)]
        closed = closed_by(seen.drafts.orders, seen.chart, plan, seen.as_of, tellable)
        lost = seen.drafts.lost if any(map(worth_saying, tellable)) else ()
        cards = tell_orders(closed, lost, telling) or orders_unread(lost, telling)
    else:
        cards = tell(heard, _unread(seen.chart, service.plan), telling)
        cards = tuple(each for each in cards if topic_of(each) not in seen.quieted)
    if not cards or not seen.refusals_unread:
        return cards
    return tuple(
        each for each in (refusals_unread(seen.refusals_unread, telling),) if topic_of(each) not in seen.quieted
    )


def _telling(plan: Plan, call: Call, service: Service, quieted: int) -> Telling:
    most = most_cards(service.max_cards, call.caller.profile)
    steps = replace(service.steps, patient_id=call.patient_id, service=OFFERS[call.hook].id)
    telling = Telling(plan.vocabulary, service.ids.new, most, service.show_drafts, quieted, steps)
    return replace(telling, statuses=service.statuses, here=service.here)


def _occasion(call: Call, service: Service) -> Occasion:
    """Say, as far as may be kept, who looks at whose chart, when and through what."""
    offer = OFFERS[call.hook]
    caller = call.caller
    name = "" if caller.id == ANONYMOUS.id else caller.id
    place = (caller.issuer or name, caller.tenant or "", base_of(call.server or "") or "")
    parties = service.memory.parties(place, call.patient_id, call.viewer) if service.memory else Parties()
    return Occasion(service.clock.now(), caller.id, offer.id, parties, orders=offer.about_orders)


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
