"""Who is told nothing and why: refusals, relatives, silent mode; and that equal charts give equal cards."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.core.codes import Code
from cds.core.verdict import Withheld
from cds.errors import PatientUnavailable
from cds.fhir.answer import Answer, AnswerState
from cds.hooks.callers.profiles import profiles
from cds.hooks.requests import ORDER_SIGN
from cds.hooks.wire import HookResponse
from cds.memory import Memory
from cds.service import Answered, Service, answer
from tests.fhir.test_refusals import flag, refusal
from tests.hooks.test_steps import REQUEST, STEPS
from tests.service import world
from tests.service.world import CANCER, RESULTS, SERVER, ScriptedRecords, call, prefetch, searchset

pytestmark = pytest.mark.anyio
OPT_OUT = frozenset({Code("urn:site", "no-research")})
OO = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "security"}]}


def careful(records: object = None, **chosen: Any) -> Service:  # noqa: ANN401 - any of a service's members
    given: Any = {"opt_out": OPT_OUT, "read_consent": True} | chosen
    return world.service(records, **given)


# -------------------------------------------------------------------------------------------------- flags and consents
def test_flags_and_consents_are_asked_for_only_where_a_site_says_so() -> None:
    assert not {"flags", "consents"} & world.service().templates.keys()
    assert "flags" in world.service(opt_out=OPT_OUT).templates
    assert "consents" not in world.service(opt_out=OPT_OUT).templates
    assert careful().templates["consents"] == "Consent?patient={{context.patientId}}"


@pytest.mark.parametrize(
    "sent",
    [
        {"flags": searchset(flag()), "consents": searchset()},
        {"flags": searchset(), "consents": searchset(refusal())},
        {"flags": None, "consents": searchset(refusal())},
        {"flags": searchset(flag()), "consents": OO},
    ],
    ids=["flag", "consent", "no flags", "one of them not read"],
)
async def test_a_refusal_is_heeded_by_prefetch_and_by_fetch(sent: dict[str, object]) -> None:
    answered = await answer(call(prefetch(**sent)), careful())
    assert (answered.cards, answered.withheld) == ((), Withheld.OPTED_OUT)
    found = {
        key: Answer(AnswerState.COMPLETE, tuple(each["resource"] for each in (value or {}).get("entry", [])))
        for key, value in sent.items()
        if isinstance(value, dict)
    }
    records = ScriptedRecords(found)
    fetched = await answer(call(server=SERVER), careful(records))
    assert set(records.asked) == {"flags", "consents"}
    assert (fetched.cards, fetched.withheld) == ((), Withheld.OPTED_OUT)


async def test_without_a_refusal_cards_are_told_as_ever() -> None:
    sent = prefetch(flags=searchset(flag("inactive")), consents=None)
    answered = await answer(call(sent), careful())
    plain = await answer(call(), world.service())
    assert answered.cards == plain.cards != ()
    assert answered.why_not is None


@pytest.mark.parametrize("key", ["flags", "consents"])
@pytest.mark.parametrize("value", [..., OO, "<html>", searchset(total=3)], ids=["absent", "failed", "html", "paged"])
async def test_where_a_refusal_may_hide_no_trial_is_named(key: str, value: object) -> None:
    sent = prefetch(**({"flags": searchset(), "consents": searchset()} | {key: value}))
    answered = await answer(call(sent), careful())
    (card,) = answered.cards
    assert card.source.topic is not None
    assert card.source.topic.code == "refusalsNotRead"
    assert f"{key}: " in card.detail
    assert "NCT" not in HookResponse(cards=answered.cards).model_dump_json()
    assert answered.why_not == "refusals-not-read"
    assert answered.chart.gaps == {}, "no finding depends on it"


async def test_a_server_that_is_down_for_consents_alone_names_the_reason() -> None:
    down = Answer(AnswerState.FAILED, why="the server answered 503")
    records = ScriptedRecords({"flags": Answer(AnswerState.COMPLETE), "consents": down})
    (card,) = (await answer(call(server=SERVER), careful(records))).cards
    assert "consents: the server answered 503" in card.detail


async def test_where_nothing_would_be_told_an_unread_refusal_is_no_card() -> None:
    sent = prefetch(conditions=searchset(world.condition("adenocarcinoma-of-colon")), flags=...)
    answered = await answer(call(sent), world.service(opt_out=OPT_OUT))
    assert (answered.cards, answered.why_not) == ((), None)


# ------------------------------------------------------------------------------------------------------------- viewers
@pytest.mark.parametrize(
    "viewer",
    [
        "Patient/pat-1/",
        "PATIENT/else",
        "RelatedPerson/9/_history/2",
        "https://ehr.example.org/fhir/RelatedPerson/9",
        "https://ehr.example.org/fhir/RelatedPerson/9/_history/1",
        "http://practitioner.example.org/Practitioner/fhir/Patient/1",
        "Patient/1#x",
        "pat-1",
    ],
)
async def test_the_patient_and_relatives_are_told_nothing_however_they_are_written(viewer: str) -> None:
    assert (await answer(call(viewer=viewer), world.service())).withheld is Withheld.VIEWER


@pytest.mark.parametrize(
    "viewer",
    [
        "Practitioner/patient",
        "https://ehr.example.org/patient/fhir/Practitioner/7",
        "https://patient/fhir/PractitionerRole/7/_history/1",
    ],
)
async def test_a_clinician_is_none_of_them_whatever_the_address_holds(viewer: str) -> None:
    assert (await answer(call(viewer=viewer), world.service())).cards


# --------------------------------------------------------------------------------------------------------- silent mode
async def test_silent_mode_screens_and_counts_and_tells_nothing() -> None:
    loud, silent = await answer(call(), world.service()), await answer(call(), world.service(silent=True))
    assert HookResponse(cards=silent.cards).model_dump_json(exclude_none=True) == '{"cards":[]}'
    assert (silent.silenced, loud.silenced) == (len(loud.cards), 0) == (1, 0)
    assert silent.verdicts == loud.verdicts
    with pytest.raises(PatientUnavailable):
        await answer(call({}), world.service(silent=True))


class Forgetful:
    """A ledger that remembers only what it was told to keep."""

    def __init__(self) -> None:
        self.kept: list[object] = []

    async def told(self, cards: Any) -> None:  # noqa: ANN401 - told cards
        self.kept += cards


async def test_what_was_not_told_is_not_kept_as_told() -> None:
    for silent, kept in ((True, 0), (False, 1)):
        ledger: Any = Forgetful()
        await answer(call(), world.service(silent=silent, memory=Memory(ledger)))
        assert len(ledger.kept) == kept


# ----------------------------------------------------------------------------------------------- as the caller takes it
async def test_cards_are_kept_whole_and_sent_as_the_caller_takes_them() -> None:
    ledger: Any = Forgetful()
    strict = replace(world.CALLER, profile=profiles()["strict-1.0"])
    service = world.service(memory=Memory(ledger), steps=STEPS)
    (card,) = (await answer(call(caller=strict), service)).cards
    assert (card.uuid, card.source.topic, card.extension, card.selectionBehavior) == (None, None, None, "at-most-one")
    assert [(each.nct_id, each.uuid[:8]) for each in ledger.kept] == [("NCT00000001", "00000000")]


async def test_the_callers_profile_caps_the_cards() -> None:
    few = replace(world.CALLER, profile=replace(world.CALLER.profile, max_cards=1))
    told = await answer(call(caller=few), world.service(plan=world.twins(4)))
    assert [card.summary[:15] for card in told.cards] == ["Candidate trial", "3 more trials m"]


async def test_a_suggested_order_is_for_the_patient_of_the_call() -> None:
    (card,) = (await answer(call(), world.service(steps=replace(STEPS, patient_id="", service="")))).cards
    ((action,),) = [each.actions for each in card.suggestions or ()]
    assert action.resource["subject"] == {"reference": f"Patient/{world.PATIENT_ID}"}
    assert action.resource["code"]["coding"] == [REQUEST.model_dump()]
    assert '"service":"trialcards-patient-view"' in ((card.links or ())[1].appContext or "")


# ---------------------------------------------------------------------------------------------------------- equal cards
def without_ids(answered: Answered) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = HookResponse(cards=answered.cards).model_dump(mode="json")["cards"]
    for card in told:
        assert card.pop("uuid")
        for each in card["suggestions"] or ():
            assert each.pop("uuid")
    return told


DRUGS = tuple(world.statement("itraconazole", f"2026-06-{day}", day) for day in (11, 12, 13))
PLATELETS_AGAIN = (world.result("platelets", 90, "10*9/L", 11), world.result("platelets", 95, "10*9/L", 12))


@given(st.permutations([*RESULTS, *PLATELETS_AGAIN]), st.permutations(DRUGS), st.permutations(sorted(prefetch())))
async def test_the_same_chart_gives_the_same_cards_however_it_is_shuffled(
    results: list[object], drugs: list[object], keys: list[str]
) -> None:
    plan = world.twins(5)
    first = prefetch(laboratory=searchset(*RESULTS, *PLATELETS_AGAIN), medicationStatements=searchset(*DRUGS))
    second = prefetch(laboratory=searchset(*results), medicationStatements=searchset(*drugs))
    asked = [await answer(call(each), world.service(plan=plan, steps=STEPS)) for each in (first, second)]
    asked.append(await answer(call({key: second[key] for key in keys}), world.service(plan=plan, steps=STEPS)))
    one, *others = [without_ids(each) for each in asked]
    assert one
    assert all(each == one for each in others)


async def test_an_order_card_gives_way_to_an_unread_refusal_as_well() -> None:
    order = {
        "resourceType": "MedicationRequest",
        "id": "d1",
        "status": "draft",
        "intent": "order",
        "subject": world.about(),
        "medicationCodeableConcept": world.code("itraconazole"),
    }
    asked = call(prefetch(flags=..., conditions=searchset(CANCER)), hook=ORDER_SIGN, draft_orders=(order,))
    (warned,) = (await answer(asked, world.service())).cards
    assert "NCT00000001" in warned.summary
    (card,) = (await answer(asked, world.service(opt_out=OPT_OUT))).cards
    assert card.source.topic is not None
    assert card.source.topic.code == "refusalsNotRead"
