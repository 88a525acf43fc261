"""What a trial's card offers: reasons to let it go, an order for the research team, a link into an app, and counts."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from fhir.resources.R4B.servicerequest import ServiceRequest
from hypothesis import given
from pydantic import ValidationError

from cds.core.plan import Plan
from cds.core.screen import screen
from cds.hooks.cards import tell
from cds.hooks.detail import Unread
from cds.hooks.match import MATCH
from cds.hooks.reasons import KNOWN_REASONS, REASON_SYSTEM
from cds.hooks.steps import Steps, proposal
from cds.hooks.wire import Card, Coding, HookResponse, Link, Suggestion
from tests.conformance.inferno import complaints_of_response
from tests.conformance.invariants import faults_of_response
from tests.core.builders import AS_OF, VOCABULARY, chart
from tests.hooks.test_cards import AWKWARD, CANDIDATE, NEAR, UNSURE, telling
from tests.service.world import NEC, PLAN, twins

REQUEST = Coding(system="urn:site:orders", code="ASK-RESEARCH", display="Ask the research team")
APP = "https://app.example.org/launch"
STEPS = Steps(REQUEST, APP, "pat-1", "trialcards-patient-view")


def told(the_chart: Any = CANDIDATE, plan: Plan = PLAN, **chosen: Any) -> tuple[Card, ...]:  # noqa: ANN401 - any of a telling's members
    return tell(screen(the_chart, plan, AS_OF), Unread(), telling(**({"steps": STEPS} | chosen)))


def as_sent(cards: tuple[Card, ...]) -> Any:  # noqa: ANN401 - decoded JSON
    return json.loads(HookResponse(cards=cards).model_dump_json(exclude_none=True))


def test_every_card_of_a_trial_offers_reasons_with_our_words_and_others_none() -> None:
    *trials, more = told(plan=twins(5))
    for card in trials:
        assert card.overrideReasons is not None
        assert {each.system for each in card.overrideReasons} == {REASON_SYSTEM}
        assert {each.code for each in card.overrideReasons} <= KNOWN_REASONS
        assert all(each.display for each in card.overrideReasons)
    assert (more.overrideReasons, more.suggestions, more.extension) == (None, None, None)


def test_one_suggestion_proposes_one_order_and_recommends_nothing() -> None:
    (card,) = as_sent(told())["cards"]
    assert card["selectionBehavior"] == "any"
    assert card["suggestions"] == [
        {
            "label": "Ask the research team about NCT00000001",
            "uuid": "00000000-0000-4000-8000-000000000001",
            "actions": [
                {
                    "type": "create",
                    "description": "Ask the research team about NCT00000001",
                    "resource": {
                        "resourceType": "ServiceRequest",
                        "status": "draft",
                        "intent": "proposal",
                        "code": {
                            "coding": [
                                {
                                    "system": "urn:site:orders",
                                    "code": "ASK-RESEARCH",
                                    "display": "Ask the research team",
                                }
                            ],
                            "text": "Ask the research team",
                        },
                        "subject": {"reference": "Patient/pat-1"},
                        "reasonCode": [
                            {
                                "text": "Clinical trial NCT00000001 (https://clinicaltrials.gov/study/NCT00000001): "
                                "Drug in Neuroendocrine Carcinoma with platelets <LLN or >ULN"
                            }
                        ],
                    },
                }
            ],
        }
    ]


@pytest.mark.parametrize("steps", [Steps(), Steps(patient_id="pat-1"), Steps(REQUEST, APP)])
def test_without_a_code_or_a_patient_nothing_is_suggested(steps: Steps) -> None:
    (card,) = told(steps=steps)
    assert (card.suggestions, card.selectionBehavior) == (None, None)


def test_ids_of_cards_and_suggestions_are_all_different() -> None:
    cards = told(plan=twins(5))
    ids = [each.uuid for each in cards] + [each.uuid for card in cards for each in card.suggestions or ()]
    assert len(set(ids)) == len(ids) == 4 + 3


@given(AWKWARD)
def test_the_order_is_a_valid_resource_whatever_the_trial_is_called(title: str) -> None:
    order = proposal(replace(NEC, title=title), REQUEST, "pat-1")
    assert ServiceRequest.model_validate_json(json.dumps(order)).intent == "proposal"
    assert "null" not in json.dumps(order)
    assert order["reasonCode"][0]["text"] == order["reasonCode"][0]["text"].strip()


def test_an_app_is_told_the_trial_and_nothing_of_the_patient() -> None:
    (card,) = told(NEAR)
    absolute, smart = card.links or ()
    assert (absolute.type, absolute.appContext) == ("absolute", None)
    assert (smart.type, smart.label, smart.url) == ("smart", "Every criterion of NCT00000001", APP)
    assert json.loads(smart.appContext or "") == {
        "definition": "1",
        "service": "trialcards-patient-view",
        "trial": "NCT00000001",
    }


def test_without_an_address_there_is_no_app() -> None:
    (card,) = told(steps=Steps(REQUEST, None, "pat-1"))
    assert [each.type for each in card.links or ()] == ["absolute"]


def test_the_wire_refuses_what_the_specification_refuses() -> None:
    with pytest.raises(ValidationError, match="smart links only"):
        Link(label="x", url=APP, appContext="{}")
    (card,) = told()
    with pytest.raises(ValidationError, match="go together"):
        Card.model_validate(card.model_dump() | {"selectionBehavior": None})
    with pytest.raises(ValidationError):
        Suggestion(label="x", uuid="y", actions=())


def test_the_counts_add_up_to_the_criteria_and_quieted_trials_are_counted() -> None:
    for the_chart in (CANDIDATE, NEAR):
        (verdict, _) = screen(the_chart, PLAN, AS_OF)
        (card,) = told(the_chart, quieted=2)
        match = (card.extension or {})[MATCH]
        assert sum(match["criteria"].values()) == len(verdict.findings)
        assert (match["verdict"], match["quieted"]) == (verdict.standing.value, 2)
    assert (told(NEAR)[0].extension or {})[MATCH]["criteria"]["unmet"] == 1


def test_a_trial_without_version_or_cohorts_says_neither() -> None:
    plain = replace(NEC, version="", cohorts=(), criteria=(*NEC.criteria, *NEC.cohorts[0].criteria))
    (card,) = told(plan=Plan.of((plain,), VOCABULARY))
    match = (card.extension or {})[MATCH]
    assert "cohort" not in match
    assert "version" not in match["definition"]
    assert "definition" not in json.loads((card.links or ())[1].appContext or "")


@pytest.mark.parametrize("the_chart", [CANDIDATE, NEAR, UNSURE, chart()], ids=["candidate", "near", "unsure", "empty"])
def test_whole_cards_hold_against_both_lists_of_checks(the_chart: Any) -> None:  # noqa: ANN401 - a chart
    sent = as_sent(told(the_chart, twins(5)))
    assert sent["cards"]
    assert (faults_of_response(sent), complaints_of_response(sent)) == ([], [])


def test_nothing_about_the_patient_stands_outside_the_detail_but_the_orders_subject() -> None:
    for card in as_sent(told(NEAR))["cards"]:
        del card["detail"]
        text = json.dumps(card)
        assert text.count("pat-1") == 1
        assert not re.search("2026|[Ii]traconazole|210|ancreas|1960", text)
