"""What deviates from CDS Hooks 2.0 is found: all that two other readings of it find, and what they pass over."""

import copy
from typing import Any

import pytest

from cds.ehr.conformance import SPECIFICATION, Weight, findings_of_answer, findings_of_discovery
from tests.conformance import inferno, invariants
from tests.ehr.world import CARD, ENTRY

Json = dict[str, Any]
_GONE = object()


def answer(path: str, value: object) -> Json:
    """A conforming answer with one element changed, or taken out."""
    body: Json = {"cards": [copy.deepcopy(CARD)]}
    at: Any = body["cards"][0]
    *way, last = path.split(".")
    for step in way:
        at = at[int(step) if step.isdigit() else step]
    if value is _GONE:
        del at[last]
    else:
        at[last] = value
    return body


BROKEN = {
    "no summary": ("summary", _GONE),
    "a summary of 140": ("summary", "x" * 140),
    "a summary of 139 that is longer in UTF-16": ("summary", "x" * 138 + "\U0001f600"),
    "a blank summary": ("summary", "  "),
    "an indicator of its own": ("indicator", "success"),
    "no indicator": ("indicator", _GONE),
    "no source": ("source", _GONE),
    "a source that is text": ("source", "Trials"),
    "a source without label": ("source.label", _GONE),
    "a relative source url": ("source.url", "/about"),
    "a topic without code": ("source.topic.code", _GONE),
    "null for a detail": ("detail", None),
    "no links, but said": ("links", []),
    "a link without type": ("links.0.type", _GONE),
    "a link of another type": ("links.0.type", "popup"),
    "a link that runs a script": ("links.0.url", "javascript:alert(1)"),
    "appContext on an absolute link": ("links.0.appContext", "x"),
    "suggestions without selectionBehavior": ("selectionBehavior", _GONE),
    "another selectionBehavior": ("selectionBehavior", "all"),
    "a suggestion without label": ("suggestions.0.label", _GONE),
    "no actions, but said": ("suggestions.0.actions", []),
    "an action of another type": ("suggestions.0.actions.0.type", "erase"),
    "an action without description": ("suggestions.0.actions.0.description", _GONE),
    "a create without resource": ("suggestions.0.actions.0.resource", _GONE),
    "a reason without display": ("overrideReasons.0.display", _GONE),
    "a reason without system": ("overrideReasons.0.system", _GONE),
    "isRecommended as a word": ("suggestions.0.isRecommended", "yes"),
    "an extension that is a list": ("extension", [1]),
}


def test_a_conforming_answer_has_no_finding() -> None:
    body = {"cards": [CARD]}
    assert invariants.faults_of_response(body) == inferno.complaints_of_response(body) == []
    assert findings_of_answer(body) == ()
    assert findings_of_answer({"cards": []}) == ()
    assert findings_of_discovery({"services": [ENTRY]}) == ()


@pytest.mark.parametrize("name", BROKEN)
def test_each_break_is_found_here_and_by_another_reading(name: str) -> None:
    body = answer(*BROKEN[name])
    assert [*invariants.faults_of_response(body), *inferno.complaints_of_response(body)]
    found = findings_of_answer(body)
    assert Weight.MUST in {each.weight for each in found}
    assert all(each.where.startswith("cards[0]") for each in found)
    assert all(each.anchor in ANCHORS for each in found), SPECIFICATION


ANCHORS = {
    "card-attributes",
    "source",
    "suggestion",
    "action",
    "link",
    "coding",
    "reasons-for-rejecting-a-card",
    "use-of-json",
    "extensions",
}
"""Headings of the specification, version 2.0.1."""


@pytest.mark.parametrize(
    ("path", "value", "weight"),
    [
        ("uuid", _GONE, Weight.CARE),
        ("mood", "good", Weight.CARE),
        ("detail", "platelets <LLN or >ULN", Weight.CARE),
        ("detail", "a <script>x</script>", Weight.CARE),
        ("links.0.url", "http://example.org/", Weight.SHOULD),
    ],
)
def test_what_is_not_forbidden_weighs_less(path: str, value: object, weight: Weight) -> None:
    found = findings_of_answer(answer(path, value))
    assert [each.weight for each in found] == [weight]


def test_escaped_text_is_no_html() -> None:
    assert findings_of_answer(answer("detail", r"platelets \<LLN or \>ULN, <https://example.org>, `<b>`")) == ()


@pytest.mark.parametrize("body", [None, [], "cards", {}, {"cards": {}}, {"cards": ["x"]}, {"cards": [None]}])
def test_what_is_no_answer_is_said(body: object) -> None:
    assert Weight.MUST in {each.weight for each in findings_of_answer(body)}


def test_system_actions_need_what_actions_need() -> None:
    body = {"cards": [], "systemActions": [{"type": "update"}]}
    assert {each.where for each in findings_of_answer(body)} == {
        "systemActions[0].description",
        "systemActions[0].resource",
    }
    assert findings_of_answer({"cards": [], "systemActions": []})


@pytest.mark.parametrize("lacking", ["hook", "id", "description"])
def test_discovery_says_what_it_must(lacking: str) -> None:
    entry = {name: each for name, each in ENTRY.items() if name != lacking}
    assert inferno.complaints_of_discovery({"services": [entry]})
    (found,) = findings_of_discovery({"services": [entry]})
    assert (found.weight, found.where) == (Weight.MUST, f"services[0].{lacking}")
