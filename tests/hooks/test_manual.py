"""The manual of the cards (docs/cards.md): its examples are what is sent, and it leaves nothing out."""

import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from cds.core.chart import Kind
from cds.core.screen import screen
from cds.core.verdict import Standing
from cds.hooks.callers.caller import Profile
from cds.hooks.cards import refusals_unread, tell
from cds.hooks.detail import Unread
from cds.hooks.steps import proposal
from cds.hooks.wire import Card
from tests.core.builders import AS_OF
from tests.hooks.test_cards import CANDIDATE, UNSURE, telling
from tests.hooks.test_steps import REQUEST, as_sent, told
from tests.service.world import NEC, PLAN, twins

MANUAL = Path(__file__).resolve().parents[2] / "docs" / "cards.md"
pytestmark = pytest.mark.skipif(not MANUAL.is_file(), reason="the manuals are not part of an installed package")


def examples() -> list[Any]:
    return [json.loads(each) for each in re.findall(r"```json\n(.*?)```", MANUAL.read_text("utf-8"), re.DOTALL)]


def test_the_examples_are_what_is_sent() -> None:
    order, context, extension = examples()
    (card,) = as_sent(told(CANDIDATE))["cards"]
    assert order == proposal(NEC, REQUEST, "pat-1") == card["suggestions"][0]["actions"][0]["resource"]
    assert context == json.loads(card["links"][1]["appContext"])
    assert extension == card["extension"]


def test_every_part_of_a_card_and_every_word_of_a_profile_on_cards_is_told() -> None:
    manual = MANUAL.read_text("utf-8")
    topic = {"source": "source.topic"}
    assert [name for name in Card.model_fields if f"`{topic.get(name, name)}`" not in manual] == []
    elsewhere = {"name", "about", "source", "tested", "algorithms", "audiences", "max_lifetime_s", "leeway_s", "html"}
    ours = [each.name for each in fields(Profile) if each.name not in elsewhere]
    assert [name for name in ours if not re.search(rf"`{name}[`:]", manual)] == []


def test_every_topic_of_ours_is_told() -> None:
    unfit = [replace(screen(CANDIDATE, PLAN, AS_OF)[0], standing=Standing.DOES_NOT_FIT)]
    cards = [*told(plan=twins(5)), *told(UNSURE), refusals_unread("x", telling())]
    cards += tell(unfit, Unread({Kind.MEASUREMENT: "x"}), telling())
    codes = {card.source.topic.code for card in cards if card.source.topic}
    assert {"moreTrials", "possibleTrials", "notRead", "refusalsNotRead"} <= codes
    manual = MANUAL.read_text("utf-8")
    assert [code for code in codes if not code.startswith("NCT") and f"`{code}`" not in manual] == []
