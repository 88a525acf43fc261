"""What is known of a patient, from wherever it came: what the EHR sent, and what its FHIR server gives of the rest.

A failure is never an empty answer: each key keeps the reason why it lacks something, which the findings then name.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from cds.errors import RecordsError, TooSlow
from cds.fhir.addresses import may_ask
from cds.fhir.answer import Answer, AnswerState
from cds.fhir.asking.references import unsent_medications
from cds.fhir.searches import PATIENT, Search
from cds.hooks.prefetch import Prefetched, PrefetchState
from cds.ports import Records

__all__ = ["Asking", "gather"]

_GRACE_S = 0.5
"""How long after its deadline the FHIR client may take to come back before it is left alone."""

_MIXTURES = 2
"""How many times references are followed: from an entry to its drug, and from a mixture to what it is made of."""

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


@dataclass(frozen=True, slots=True)
class Asking:
    """Whose record may be asked of which server, with which token, by what time. ``allowed`` lists the servers."""

    records: Records
    patient_id: str
    deadline_s: float
    server: str | None = None
    token: str | None = field(default=None, repr=False)
    allowed: tuple[str, ...] = ()


async def gather(sent: Mapping[str, Prefetched], searches: Sequence[Search], asking: Asking) -> dict[str, Answer]:
    """Put what was sent together with what the FHIR server gives for the keys that lack something.

    Drugs that entries refer to and that came with neither are read in the time that is left.
    """
    began = time.monotonic()
    answers = {key: _as_answer(each) for key, each in sent.items()}
    lacking = [search for search in searches if _lacks(search, sent[search.key])]
    if asking.server is None or not may_ask(asking.server, asking.allowed):
        note = "it gave no FHIR server" if asking.server is None else "its FHIR server is not on this service's list"
        return answers | {each.key: _noted(answers[each.key], note) for each in lacking}
    if lacking:
        fetched = await _fetch(lacking, asking.server, asking)
        answers |= {each.key: _joined(answers[each.key], fetched.get(each.key)) for each in lacking}
    return await _with_drugs(answers, asking.server, asking, began)


def _as_answer(sent: Prefetched) -> Answer:
    state = _SENT[sent.state]
    if state is AnswerState.FAILED and sent.resources:
        state = AnswerState.PARTIAL
    return Answer(state, sent.resources, "" if state is AnswerState.COMPLETE else sent.why)


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


async def _with_drugs(answers: dict[str, Answer], server: str, asking: Asking, began: float) -> dict[str, Answer]:
    """Add the drugs that entries refer to, and then those that mixtures among these are made of.

    What cannot be read stays away; reading then says of each entry that its drug was not sent.
    """
    tried: set[str] = set()
    for _ in range(_MIXTURES):
        wanted = {each: key for each, key in unsent_medications(answers).items() if each not in tried}
        left_s = asking.deadline_s - (time.monotonic() - began)
        if not wanted or left_s <= 0:
            break
        tried |= wanted.keys()
        read = await _read(tuple(wanted), server, asking, left_s)
        key = next(iter(wanted.values()))
        answers = answers | {key: replace(answers[key], resources=answers[key].resources + read)}
    return answers


async def _read(references: Sequence[str], server: str, asking: Asking, left_s: float) -> tuple[object, ...]:
    try:
        async with asyncio.timeout(left_s + _GRACE_S):
            found = await asking.records.read(references, server=server, token=asking.token, deadline_s=left_s)
    except (TimeoutError, RecordsError):
        return ()
    return found.resources


async def _fetch(lacking: Sequence[Search], server: str, asking: Asking) -> Mapping[str, Answer]:
    problem: RecordsError
    try:
        async with asyncio.timeout(asking.deadline_s + _GRACE_S):
            return await asking.records.fetch(
                lacking, server=server, token=asking.token, patient_id=asking.patient_id, deadline_s=asking.deadline_s
            )
    except TimeoutError:
        problem = TooSlow("the FHIR server did not answer in time")
    except RecordsError as raised:
        problem = raised
    return {each.key: Answer(AnswerState.FAILED, why=str(problem)) for each in lacking}
