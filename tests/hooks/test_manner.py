"""Cards as each kind of EHR takes them: what its profile leaves out is left out, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from cds.hooks.callers.caller import GENERIC, Profile
from cds.hooks.callers.profiles import profiles
from cds.hooks.manner import as_taken, most_cards
from cds.hooks.wire import Action, Card
from tests.conformance.invariants import faults_of_response
from tests.hooks.test_steps import as_sent, told
from tests.service.world import twins

WHOLE = told(plan=twins(5))
NEWER_THAN_1_0 = {"uuid", "overrideReasons", "extension"}


def taken(profile: Profile) -> list[dict[str, Any]]:
    cards: list[dict[str, Any]] = as_sent(as_taken(WHOLE, profile))["cards"]
    return cards


def lacking(profile: Profile) -> set[str]:
    """Name what the first card lacks of what was made."""
    made: dict[str, Any] = as_sent(WHOLE)["cards"][0]
    left = taken(profile)[0]
    return made.keys() - left.keys()


def test_the_generic_profile_takes_cards_as_they_are_made() -> None:
    assert as_taken(WHOLE, GENERIC) == WHOLE


SHIPPED: dict[str, tuple[set[str], str, bool, bool]] = {
    "generic-2.0": (set(), "any", True, True),
    "sandbox": (set(), "any", True, True),
    "epic-shaped": (set(), "any", True, True),
    "oracle-shaped": (set(), "any", True, False),
    "strict-1.0": (NEWER_THAN_1_0, "at-most-one", False, True),
}
"""What a card lacks, how suggestions are chosen, whether it has a topic, and whether apps are given a context."""


@pytest.mark.parametrize("name", sorted(profiles()))
def test_each_shipped_profile_takes_what_it_says(name: str) -> None:
    without, behaviour, topic, context = SHIPPED[name]
    profile = profiles()[name]
    assert lacking(profile) == without
    for card in taken(profile)[:-1]:
        assert card["selectionBehavior"] == behaviour
        assert ("topic" in card["source"]) is topic
        assert [("appContext" in each) for each in card["links"]] == [False, context]
    assert faults_of_response({"cards": taken(profile)}) == []


def test_what_a_caller_cannot_take_goes_alone() -> None:
    assert lacking(replace(GENERIC, card_uuid=False)) == {"uuid"}
    assert lacking(replace(GENERIC, override_reasons=False)) == {"overrideReasons"}
    assert lacking(replace(GENERIC, extension=False)) == {"extension"}
    assert lacking(replace(GENERIC, selection_behavior=None)) == {"suggestions", "selectionBehavior"}
    topicless = taken(replace(GENERIC, topic="none"))
    assert {tuple(card["source"]) for card in topicless} == {("label", "url")}
    apps = taken(replace(GENERIC, smart_links=False))
    assert {each["type"] for card in apps for each in card["links"]} == {"absolute"}


def test_links_that_are_all_left_out_leave_no_empty_list() -> None:
    smart = WHOLE[0].model_copy(update={"links": (WHOLE[0].links or ())[1:]})
    (card,) = as_taken([smart], replace(GENERIC, smart_links=False))
    assert card.links is None


def test_actions_belong_together_so_a_suggestion_with_too_many_is_not_sent() -> None:
    (suggestion,) = WHOLE[0].suggestions or ()
    twice = suggestion.model_copy(update={"actions": (*suggestion.actions, Action(description="x", resource={"a": 1}))})
    made = WHOLE[0].model_copy(update={"suggestions": (twice, suggestion)})
    (left,) = as_taken([made], GENERIC)
    assert left.suggestions == (suggestion,)
    (none,) = as_taken([WHOLE[0].model_copy(update={"suggestions": (twice,)})], GENERIC)
    assert (none.suggestions, none.selectionBehavior) == (None, None)
    assert isinstance(Card.model_validate(none.model_dump()), Card)


@pytest.mark.parametrize(("site", "caller", "most"), [(3, None, 3), (3, 1, 1), (2, 5, 2)])
def test_a_caller_caps_the_sites_number_of_cards(site: int, caller: int | None, most: int) -> None:
    assert most_cards(site, replace(GENERIC, max_cards=caller)) == most
