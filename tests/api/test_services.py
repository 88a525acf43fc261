"""The services besides patient-view: which are offered, what they need, and what the ordering ones say of an order."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.api.build import build
from cds.api.hooks import discovery, example_call
from cds.core.plan import Plan
from cds.hooks.requests import MOST_ENTRIES, ORDER_SELECT, ORDER_SIGN, REQUESTS, read_request
from cds.hooks.services import OFFERS, service_id
from cds.settings import HOOKS, Settings
from tests.api.calls import ORIGIN, RECORDS, client, diagnostics, post
from tests.service import world
from tests.service.world import PATIENT_ID, hook_body, prefetch, searchset

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
SETTINGS = Settings(allow_origins=(ORIGIN,))
MEMBERS = (
    *("resourceType", "id", "status", "intent", "subject", "medicationCodeableConcept", "medicationReference"),
    *("medication", "contained", "dosageInstruction", "authoredOn", "doNotPerform", "code", "text", "coding", "timing"),
)


def app(*hooks: str, **chosen: Any) -> Any:  # noqa: ANN401 - the framework's own
    return build(world.service(hooks=hooks or HOOKS, **chosen), SETTINGS, RECORDS, door=world.DOOR)


APP = app()


def path(hook: str) -> str:
    return f"/cds-services/{service_id(hook)}"


def order(name: str, number: int = 1, **more: object) -> Json:
    return {
        "resourceType": "MedicationRequest",
        "id": f"d{number}",
        "status": "draft",
        "intent": "order",
        "subject": world.about(),
        "medicationCodeableConcept": world.code(name),
        **more,
    }


def body(hook: str, *orders: Json, sent: Json | None = None, **context: object) -> Json:
    """Write a call of a hook with all that its context needs; ``...`` leaves a member out."""
    whole: Json = {"patientId": PATIENT_ID, "userId": "Practitioner/7"} | example_call(hook)["context"]
    whole |= {"patientId": PATIENT_ID, "userId": "Practitioner/7"}
    if hook in {ORDER_SELECT, ORDER_SIGN}:
        whole["draftOrders"] = world.collection(*orders)
    if hook == ORDER_SELECT:
        whole["selections"] = [f"MedicationRequest/{each['id']}" for each in orders]
    whole = {key: value for key, value in (whole | context).items() if value is not ...}
    return hook_body(sent, hook=hook, context=whole)


# ------------------------------------------------------------------------------------------------------ what is offered
def test_every_hook_has_an_offer_a_request_and_a_name_among_the_settings() -> None:
    assert set(OFFERS) == set(REQUESTS) == set(HOOKS)
    assert len({each.id for each in OFFERS.values()}) == len(OFFERS)
    assert all(each.id == f"trialcards-{hook}" for hook, each in OFFERS.items())


def test_patient_view_alone_is_offered_unless_a_site_says_otherwise() -> None:
    assert Settings.read({}).services == ("patient-view",)
    assert Settings.read({"CDS_SERVICES": "order-sign, patient-view"}).services == ("patient-view", "order-sign")
    assert [each.hook for each in discovery(world.service()).services] == ["patient-view"]


async def test_discovery_tells_each_service_with_its_own_id() -> None:
    async with client(app()) as ehr:
        services = (await ehr.get("/cds-services")).json()["services"]
    assert [(each["hook"], each["id"]) for each in services] == [(hook, f"trialcards-{hook}") for hook in HOOKS]
    assert len({each["title"] for each in services}) == len(services)
    assert all(each["prefetch"] == dict(world.service().templates) for each in services)


@pytest.mark.parametrize("hook", HOOKS)
async def test_a_service_that_is_switched_off_is_not_there(hook: str) -> None:
    others = [each for each in HOOKS if each != hook]
    diagnostics(await post(path(hook), body(hook), app(*others)), 404, "not-found")


async def test_an_id_that_is_no_service_is_not_there() -> None:
    diagnostics(await post("/cds-services/trialcards-encounter-discharge", hook_body(), app()), 404, "not-found")


@pytest.mark.parametrize("hook", HOOKS)
async def test_a_call_of_another_hook_is_refused_and_named(hook: str) -> None:
    other = HOOKS[HOOKS.index(hook) - 1]
    words = diagnostics(await post(path(hook), body(other), app()), 400, "invalid")
    assert words == f"hook: this service answers {hook} only"


@pytest.mark.parametrize("hook", HOOKS)
async def test_every_service_answers_a_call_of_its_hook_with_or_without_a_slash(hook: str) -> None:
    expected = 0 if OFFERS[hook].about_orders else 1
    for end in ("", "/"):
        answer = await post(path(hook) + end, body(hook), app())
        assert (answer.status_code, len(answer.json()["cards"])) == (200, expected)


@pytest.mark.parametrize("hook", HOOKS)
def test_the_example_of_each_hook_is_one_that_is_understood(hook: str) -> None:
    assert read_request(example_call(hook), hook).hook == hook


LACKING = [
    ("encounter-start", "encounterId"),
    ("appointment-book", "appointments"),
    ("order-sign", "draftOrders"),
    ("order-select", "draftOrders"),
    ("order-select", "selections"),
]


@pytest.mark.parametrize(("hook", "name"), LACKING)
async def test_what_a_hook_requires_of_its_context_is_required(hook: str, name: str) -> None:
    words = diagnostics(await post(path(hook), body(hook, sent=None, **{name: ...}), app()), 400, "invalid")
    assert words == f"context.{name}: is missing"


@pytest.mark.parametrize("value", [[], "x", {"resourceType": "Patient"}, {"resourceType": "Bundle", "entry": {}}])
async def test_draft_orders_that_are_no_bundle_are_refused(value: object) -> None:
    words = diagnostics(await post(path(ORDER_SIGN), body(ORDER_SIGN, draftOrders=value), app()), 400, "invalid")
    assert words.startswith("context.draftOrders: ")


async def test_more_draft_orders_than_anybody_writes_at_once_are_refused() -> None:
    many = {"resourceType": "Bundle", "entry": [{"resource": order("itraconazole")}] * (MOST_ENTRIES + 1)}
    sent = hook_body(
        {}, hook=ORDER_SIGN, context={"userId": "Practitioner/1", "patientId": PATIENT_ID, "draftOrders": many}
    )
    answer = await post(path(ORDER_SIGN), sent, APP)
    assert diagnostics(answer, 400, "invalid") == "context.draftOrders: must hold no more than 1000 entries"


@pytest.mark.parametrize("hook", ["encounter-start", "appointment-book"])
async def test_the_encounter_and_appointment_hooks_tell_what_patient_view_tells(hook: str) -> None:
    told = (await post(path(hook), body(hook), app())).json()["cards"]
    seen = (await post(path("patient-view"), body("patient-view"), app())).json()["cards"]
    assert told == seen


# ------------------------------------------------------------------------------------------------------ what is ordered
async def cards(hook: str, *orders: Json, **more: Any) -> list[Json]:  # noqa: ANN401 - any part of a call
    answer = await post(path(hook), body(hook, *orders, **more), app())
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["cards"]
    return found


@pytest.mark.parametrize("hook", [ORDER_SELECT, ORDER_SIGN])
async def test_an_order_that_would_close_a_trial_is_told_plainly(hook: str) -> None:
    (card,) = await cards(hook, order("itraconazole"))
    assert card["summary"] == "Ordering Itraconazole would close NCT00000001: No CYP3A inhibitor in the last 7 days"
    assert card["indicator"] == "warning"
    assert card["source"]["topic"] == {"system": "urn:trialcards:topic", "code": "closesNCT00000001"}
    assert "**No CYP3A inhibitor in the last 7 days** by ordering Itraconazole: " in card["detail"]
    assert "7 days must pass" in card["detail"]
    assert "names no end" in card["detail"]
    assert [each["url"] for each in card["links"]] == ["https://clinicaltrials.gov/study/NCT00000001"]


async def test_an_order_with_an_end_says_until_when() -> None:
    five_days = {"timing": {"repeat": {"boundsDuration": {"value": 5, "unit": "d"}}}}
    (card,) = await cards(ORDER_SIGN, order("itraconazole", dosageInstruction=[five_days]))
    assert "As ordered, this would pass by itself on 2026-06-26." in card["detail"]


@pytest.mark.parametrize("hook", [ORDER_SELECT, ORDER_SIGN])
@pytest.mark.parametrize("name", ["prednisone", "something-unheard-of"])
async def test_an_order_that_closes_nothing_brings_no_card(hook: str, name: str) -> None:
    assert await cards(hook, order(name)) == []
    assert await cards(hook) == []


async def test_only_what_was_selected_is_judged() -> None:
    both = (order("prednisone", 1), order("itraconazole", 2))
    assert await cards(ORDER_SELECT, *both, selections=["MedicationRequest/d1"]) == []
    assert len(await cards(ORDER_SELECT, *both, selections=["MedicationRequest/d2"])) == 1
    assert await cards(ORDER_SELECT, *both, selections=[]) == []


async def test_a_selection_that_was_not_sent_is_refused() -> None:
    call = body(ORDER_SELECT, order("itraconazole"), selections=["MedicationRequest/SECRET"])
    words = diagnostics(await post(path(ORDER_SELECT), call, app()), 400, "invalid")
    assert words == "context.selections: names an order that is not in context.draftOrders"


async def test_an_order_for_another_patient_is_refused() -> None:
    call = body(ORDER_SIGN, order("itraconazole", subject=world.about("pat-2")))
    words = diagnostics(await post(path(ORDER_SIGN), call, app()), 400, "invalid")
    assert "pat-2" not in words


async def test_nothing_is_said_of_trials_that_do_not_fit_anyway() -> None:
    other = prefetch(conditions=searchset(world.condition("adenocarcinoma-of-colon")))
    assert await cards(ORDER_SIGN, order("itraconazole"), sent=other) == []


async def test_nothing_is_said_of_trials_that_take_no_patients() -> None:
    over = Plan.of([replace(each, status="COMPLETED") for each in world.PLAN.trials], world.PLAN.vocabulary)
    call = body(ORDER_SIGN, order("itraconazole"))
    assert (await post(path(ORDER_SIGN), call, app(ORDER_SIGN, plan=over))).json() == {"cards": []}


@pytest.mark.parametrize("sent", [prefetch(patient=world.patient(deceasedBoolean=True))], ids=["deceased"])
async def test_nothing_is_told_of_a_patient_of_whom_trials_are_withheld(sent: Json) -> None:
    assert await cards(ORDER_SIGN, order("itraconazole"), sent=sent) == []


async def test_a_patient_who_orders_is_told_nothing() -> None:
    assert await cards(ORDER_SIGN, order("itraconazole"), userId="Patient/pat-1") == []


async def test_an_order_that_could_not_be_read_is_named_on_the_cards_there_are() -> None:
    (card,) = await cards(ORDER_SIGN, order("itraconazole"), order("x", 2, medicationCodeableConcept=None))
    assert "**Orders that could not be read**" in card["detail"]
    assert "MedicationRequest/d2: it does not say which drug" in card["detail"]


CANARY = "Xq7canary"


async def test_an_order_that_could_not_be_read_is_no_order_that_closes_nothing() -> None:
    unread = order("x", 2, medicationCodeableConcept=None)
    (card,) = await cards(ORDER_SIGN, unread, order("prednisone"))
    assert card["summary"] == "1 order could not be checked against trials this patient may fit"
    assert (card["indicator"], card["source"]["topic"]["code"]) == ("info", "ordersNotRead")
    assert "MedicationRequest/d2: it does not say which drug" in card["detail"]
    other = prefetch(conditions=searchset(world.condition("adenocarcinoma-of-colon")))
    assert await cards(ORDER_SIGN, unread, sent=other) == []


async def test_nothing_of_an_order_is_logged_or_repeated(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    named = order(f"{CANARY}-drug", 1, id=f"{CANARY}-1", note=[{"text": CANARY}], status=CANARY)
    unread = order(CANARY, 2, id=f"{CANARY}-2", medicationCodeableConcept={"text": {"x": CANARY}})
    assert [each["source"]["topic"]["code"] for each in await cards(ORDER_SIGN, named, unread)] == ["ordersNotRead"]
    stranger = order("itraconazole", 3, subject={"reference": f"Patient/{CANARY}"})
    for wrong in (
        body(ORDER_SIGN, stranger),
        body(ORDER_SIGN, draftOrders={"resourceType": CANARY}),
        body(ORDER_SELECT, named, selections=[CANARY]),
        body(ORDER_SELECT, named, selections=CANARY),
    ):
        assert CANARY not in diagnostics(await post(path(wrong["hook"]), wrong, app()), 400, "invalid")
    assert CANARY not in caplog.text


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5) | st.just({"reference": "#m"}),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(MEMBERS), JSON_VALUES, max_size=4), st.sampled_from([ORDER_SELECT, ORDER_SIGN]))
async def test_no_order_breaks_a_call(changes: Json, hook: str) -> None:
    call = body(hook, order("itraconazole") | changes, selections=["MedicationRequest/d1"])
    assert (await post(path(hook), call, APP)).status_code in {200, 400}


async def test_trials_beyond_the_limit_are_told_on_one_card() -> None:
    crowded = app(ORDER_SIGN, plan=world.twins(5), max_cards=2)
    told = (await post(path(ORDER_SIGN), body(ORDER_SIGN, order("itraconazole")), crowded)).json()["cards"]
    assert [card["summary"][:37] for card in told[:2]] == ["Ordering Itraconazole would close NCT"] * 2
    assert told[2]["summary"] == "These orders would close 3 more trials"
    assert len(told[2]["links"]) == 3
    assert len(told) == 3


async def test_words_of_trial_and_order_are_shown_as_they_are() -> None:
    """The trial's title holds ``<LLN or >ULN``, which Markdown would take for a tag."""
    (card,) = await cards(ORDER_SIGN, order("itraconazole"))
    assert "platelets \\<LLN or \\>ULN" in card["detail"]


async def test_an_order_does_not_say_more_on_the_card_than_what_is_ordered() -> None:
    """What an EHR calls an order is its own affair; the summary holds our word for the drug."""
    spoken = {"coding": world.code("itraconazole")["coding"], "text": "Itraconazole for Moreau, room 7"}
    (card,) = await cards(ORDER_SIGN, order("itraconazole", medicationCodeableConcept=spoken))
    assert "Moreau" not in card["summary"]
