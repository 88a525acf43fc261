"""What a FHIR server gives of what the trials need: asked search by search, and put together as one account.

Read :func:`inspect` first. The searches are asked one after the other, so that each time is the search's own; a hook
call asks several at once. Of the patient with whom it is tried, the account holds numbers alone.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cds.core.chart import Extent, Kind
from cds.core.recognise import unreadable_values
from cds.core.screen import screen
from cds.core.unsettled import Unsettled, resting_on, unsettled
from cds.errors import NoAccess, PatientUnavailable
from cds.fhir.answer import AnswerState
from cds.fhir.backend.discovery import discover
from cds.fhir.backend.exchange import Exchange
from cds.fhir.inspection import Listed, Went, listed, reasons, strict_counts
from cds.fhir.names import KIND_OF
from cds.fhir.searches import PATIENT
from cds.fhir.strict import check_file
from cds.gathering import gather
from cds.hooks.prefetch import prefetched
from cds.service import chart_from
from cds.terms.coverage import Tally, coverage_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import httpx

    from cds.cli.calling import Watched
    from cds.core.chart import Chart
    from cds.core.codes import Code
    from cds.fhir.answer import Answer
    from cds.fhir.asking.capability import Capability
    from cds.fhir.asking.client import FhirRecords
    from cds.fhir.searches import Search
    from cds.service import Call, Service

__all__ = ["Inspected", "Inspection", "Line", "Tried", "faults", "inspect"]

_AS_IT_STANDS = "as it stands"


@dataclass(frozen=True, slots=True)
class Line:
    """One search: what the statement says of it and, where it was tried, how it went."""

    search: Search
    listed: Listed
    went: Went | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What a chart of this server is like, from one that was read.

    ``read`` counts entries by type. ``lost`` counts why entries could not be read, ``strict`` what is not as FHIR R4B
    says, ``tallies`` what the tables know of the codes.
    """

    read: Mapping[str, int]
    lost: Mapping[str, int]
    strict: Mapping[str, int]
    tallies: tuple[Tally, ...]


@dataclass(frozen=True, slots=True)
class Inspection:
    """The whole account. ``gaps`` say of kinds of entry that the trials need how completely they are read, and why."""

    server: str
    tls: str
    capability: Capability
    token_endpoint: str
    lines: tuple[Line, ...]
    gaps: Mapping[Kind, tuple[Extent, str]]
    unsettled: tuple[Unsettled, ...]
    tried: Tried | None = None


@dataclass(frozen=True, slots=True)
class Inspected:
    """What is inspected and by what means; ``out_of_scope`` are codes that no trial will ever ask for."""

    client: httpx.AsyncClient
    watched: Watched
    records: FhirRecords
    service: Service
    out_of_scope: Collection[Code] = field(default=())


async def inspect(server: str, what: Inspected, call: Call | None) -> Inspection:
    """Inspect a server, by its statement alone or with the patient of a call as well.

    Raises ``RecordsError`` where there is no statement, and ``PatientUnavailable``.
    """
    service = what.service
    capability = await what.records.capability(server, deadline_s=service.deadline_s)
    lines = tuple(Line(search, listed(search, capability)) for search in service.searches)
    account = Inspection(
        server, what.watched.tls, capability, await _token_endpoint(server, what), lines, _promised(lines), ()
    )
    if capability.refusal:
        return account
    if call is None:
        return replace(account, unsettled=resting_on(service.plan, account.gaps))
    return await _tried(account, what, call)


async def _token_endpoint(server: str, what: Inspected) -> str:
    try:
        return (await discover(Exchange(what.client, deadline_s=what.service.deadline_s), server)).url
    except NoAccess:
        return ""


def _promised(lines: tuple[Line, ...]) -> dict[Kind, tuple[Extent, str]]:
    """Say which kinds the statement leaves out; of medication, where it has neither statements nor requests."""
    absent: dict[Kind, list[str]] = {}
    for each in lines:
        if each.search.kind is not None and each.listed.offered is False:
            absent.setdefault(each.search.kind, []).append(each.search.resource_type)
    whole = {kind: {each.search.resource_type for each in lines if each.search.kind is kind} for kind in absent}
    mains = {Kind.MEDICATION: {"MedicationStatement", "MedicationRequest"}}
    return {
        kind: (Extent.NOT_READ, f"the server has no {', '.join(dict.fromkeys(names))}, as its statement says")
        for kind, names in absent.items()
        if mains.get(kind, whole[kind]) <= set(names)
    }


async def _tried(account: Inspection, what: Inspected, call: Call) -> Inspection:
    service = what.service
    answers: dict[str, Answer] = {}
    lines = []
    for line in account.lines:
        answer, went = await _run(line.search, what, call)
        answers |= answer
        lines.append(replace(line, went=went))
        if line.search.key == PATIENT.key and not answers[PATIENT.key].resources:
            raise PatientUnavailable(f"the patient could not be read: {answers[PATIENT.key].why}")
    chart = chart_from(answers, call, service)
    gaps = {kind: (chart.extent(kind), why) for kind, why in chart.gaps.items()}
    left = unsettled(screen(chart, service.plan, service.today()), gaps)
    return replace(
        account,
        lines=tuple(lines),
        gaps=gaps,
        unsettled=left,
        tried=_chart_of(chart, answers, what),
        tls=what.watched.tls,
    )


async def _run(search: Search, what: Inspected, call: Call) -> tuple[dict[str, Answer], Went]:
    """Run one search as a hook call does, and say how it went."""
    place, began = len(what.watched.asked), time.perf_counter()
    sent = prefetched({}, {search.key: search.template}, single=frozenset({PATIENT.key}))
    answers = await gather(sent, (search,), what.service.asking(call))
    answer, seconds = answers[search.key], time.perf_counter() - began
    asked = [each for each in what.watched.since(place) if each.target != "metadata"]
    learned = what.records.ways(call.server or "").get(search.key)
    went = Went(
        answer.state,
        answer.why,
        entries=len(answer.resources),
        pages=sum(each.answered and each.target != "Medication" for each in asked),
        requests=len(asked),
        seconds=seconds,
        otherwise="" if learned is None or learned.way == _AS_IT_STANDS else learned.way,
    )
    return answers, went


def _each_once(answers: Mapping[str, Answer]) -> list[object]:
    """Give every resource once, however many searches found it; what has no id is never taken for another."""
    found: dict[object, object] = {}
    for number, each in enumerate(each for answer in answers.values() for each in answer.resources):
        named = isinstance(each, dict) and isinstance(each.get("id"), str)
        found.setdefault(
            (str(each.get("resourceType")), each["id"]) if named and isinstance(each, dict) else number, each
        )
    return list(found.values())


def _chart_of(chart: Chart, answers: Mapping[str, Answer], what: Inspected) -> Tried:
    from cds.cli.entries import Entries

    vocabulary = what.service.plan.vocabulary
    resources = _each_once(answers)
    lost = (*chart.lost, *unreadable_values(chart, vocabulary))
    found = coverage_of(Entries([resources]), vocabulary, what.out_of_scope)
    return Tried(chart.read, reasons(lost), strict_counts(check_file(resources)), found.tallies)


# ---------------------------------------------------------------------------------------------------------- the verdict


def faults(account: Inspection) -> tuple[str, ...]:
    """Say what keeps a server from giving all that the trials need; nothing where it gives that.

    Departures from the letter of FHIR and codes that are not known are counted, and are no faults: charts are read all
    the same.
    """
    found = [account.capability.refusal] if account.capability.refusal else []
    if not account.capability.release:
        found.append("its statement does not say which FHIR release it speaks")
    for kind, (extent, why) in account.gaps.items():
        found.append(f"{_KINDS[kind]}: {'not read' if extent is Extent.NOT_READ else 'read in part'}: {why}")
    refused = Counter(
        f"{each.search.key}: {each.went.why}"
        for each in account.lines
        if each.went and each.search.kind is None and each.went.state not in _FINE
    )
    return (*found, *refused)


_FINE = frozenset({AnswerState.COMPLETE, AnswerState.NOT_OFFERED})
_KINDS = {kind: "/".join(name for name, of in KIND_OF.items() if of is kind) for kind in Kind}
