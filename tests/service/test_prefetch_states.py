"""Each key in each state it may come in: seven facts that stay apart, down to what the findings and the cards say."""

from typing import Any

import pytest

from cds.core.chart import Extent, Kind
from cds.core.finding import Basis, Cause, CriterionFinding
from cds.core.truth import Truth
from cds.errors import PatientUnavailable
from cds.fhir.searches import PATIENT
from cds.hooks.prefetch import PrefetchState, prefetched
from cds.service import Answered, answer
from tests.service import world
from tests.service.world import call, prefetch, searchset

pytestmark = pytest.mark.anyio
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
PARTIAL_NOTE = {"resource": OUTCOME, "search": {"mode": "outcome"}}

STATES: dict[str, tuple[object, PrefetchState, Extent, str]] = {
    "absent": (..., PrefetchState.ABSENT, Extent.NOT_READ, "the EHR did not send it"),
    "null": (None, PrefetchState.NULL, Extent.COMPLETE, ""),
    "outcome": (OUTCOME, PrefetchState.FAILED, Extent.NOT_READ, "the EHR could not read it"),
    "empty": (searchset(), PrefetchState.EMPTY, Extent.COMPLETE, ""),
    "paged": (searchset(total=9), PrefetchState.PAGED, Extent.PARTIAL, "the EHR sent the first part only"),
    "garbled": ("<html>", PrefetchState.GARBLED, Extent.NOT_READ, "what the EHR sent is not a FHIR resource"),
    "outcome as an entry": (
        {"resourceType": "Bundle", "type": "searchset", "entry": [PARTIAL_NOTE]},
        PrefetchState.DATA,
        Extent.PARTIAL,
        "the server says that something may be missing",
    ),
}
"""What is sent under a key, what that is, how much of its kind was read, and why not all."""

DRUGS = ("medicationStatements", "medicationRequests", "medicationAdministrations", "medicationDispenses")
KINDS = {"conditions": Kind.CONDITION, "laboratory": Kind.MEASUREMENT, **dict.fromkeys(DRUGS, Kind.MEDICATION)}
"""Every key of the small world's trials besides the patient's, and the kind of entry it brings."""

READERS = {"conditions": "infarction", "laboratory": "platelets", **dict.fromkeys(DRUGS, "cyp3a")}
"""A criterion that reads it."""


def finding(answered: Answered, name: str) -> CriterionFinding:
    nec = next(each for each in answered.verdicts if each.trial.nct_id == world.NEC.nct_id)
    return next(each for each in nec.findings if each.criterion.id == name)


async def answered_with(key: str, value: object) -> Answered:
    """Send a candidate's record with one key in one state; the problem list keeps its cancer wherever it can."""
    sent: dict[str, Any] = prefetch(**{key: value})
    return await answer(call(sent), world.service())


@pytest.mark.parametrize("key", KINDS)
@pytest.mark.parametrize("state", STATES)
async def test_every_state_of_every_key_is_a_fact_of_its_own(state: str, key: str) -> None:
    value, expected, extent, why = STATES[state]
    sent = prefetch(**{key: value})
    assert prefetched(sent, [key], single=frozenset({PATIENT.key}))[key].state is expected
    chart = (await answered_with(key, value)).chart
    others_read = KINDS[key] is Kind.MEDICATION  # it is one of four searches, and the others were answered
    found = Extent.PARTIAL if others_read and extent is Extent.NOT_READ else extent
    assert chart.extent(KINDS[key]) is found
    assert why in chart.gaps.get(KINDS[key], "")
    assert (KINDS[key] in chart.gaps) is (extent is not Extent.COMPLETE)


@pytest.mark.parametrize("key", KINDS)
@pytest.mark.parametrize("state", STATES)
async def test_what_was_not_read_whole_reaches_the_finding(state: str, key: str) -> None:
    """Found nothing lets the absence of a record speak as far as a rule allows it; not read, or a part, never does."""
    value, _, extent, why = STATES[state]
    answered = await answered_with(key, value)
    found = finding(answered, READERS[key]).finding
    if extent is not Extent.COMPLETE:
        assert (found.truth, found.cause) == (Truth.UNKNOWN, Cause.NOT_READ)
        assert any(why in card.detail for card in answered.cards)
    elif key == "laboratory":
        assert (found.truth, found.cause) == (Truth.UNKNOWN, Cause.NO_RECORD)
    elif key in DRUGS:
        assert (found.truth, found.basis) == (Truth.MET, Basis.NO_RECORD)
    else:  # an empty problem list shows nothing
        assert found.truth is Truth.UNKNOWN
        assert found.cause is not Cause.NOT_READ


@pytest.mark.parametrize("state", [each for each in STATES if each != "empty"])
async def test_without_the_patient_no_state_is_an_answer(state: str) -> None:
    sent: dict[str, Any] = prefetch(patient=STATES[state][0])
    with pytest.raises(PatientUnavailable):
        await answer(call(sent), world.service())


def test_no_key_is_left_out() -> None:
    assert {PATIENT.key, *KINDS} == set(world.service().templates)
