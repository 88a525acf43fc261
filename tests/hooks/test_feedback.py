"""Feedback as EHRs send it: what is understood, what little of it is taken, what is refused, and in which words."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.errors import BadCall
from cds.hooks.feedback import MOST_FEEDBACK, read_feedback
from cds.hooks.reasons import KNOWN_REASONS, REASON_SYSTEM

Json = dict[str, Any]
CARD = "9368d37b-283f-44a0-93ea-547cebab93ed"
AT = "2026-06-15T09:30:00Z"
NOON = dt.datetime(2026, 6, 15, 9, 30, tzinfo=dt.UTC)


def item(**changes: object) -> Json:
    """Give one item that was overridden; an element given as `...` is left out."""
    whole: Json = {"card": CARD, "outcome": "overridden", "outcomeTimestamp": AT}
    return {key: value for key, value in (whole | changes).items() if value is not ...}


def read(*items: object) -> Any:  # noqa: ANN401 - one feedback
    (only,) = read_feedback({"feedback": list(items)})
    return only


def reason(code: object, system: object = REASON_SYSTEM, **more: object) -> Json:
    return {"overrideReason": {"reason": {"code": code, "system": system, **more}}}


def test_an_override_as_the_public_sandbox_sends_it() -> None:
    said = read(item(outcomeTimestamp="2026-06-15T09:30:00.250Z", **reason("patient-refuses")))
    assert (said.card, said.outcome, said.reason) == (CARD, "overridden", "patient-refuses")
    assert said.at == NOON + dt.timedelta(milliseconds=250)


def test_an_acceptance() -> None:
    said = read(item(outcome="accepted", acceptedSuggestions=[{"id": CARD.upper()}, {"id": CARD}]))
    assert (said.outcome, said.accepted, said.reason) == ("accepted", (CARD,), None)


def test_an_override_without_reason_and_unknown_members() -> None:
    said = read(item(extension={"org.example": 1}, overrideReason=None, acceptedSuggestions=None))
    assert (said.reason, said.comment, said.accepted) == (None, None, ())
    assert read(item(overrideReason={})).reason is None


@pytest.mark.parametrize("code", sorted(KNOWN_REASONS))
def test_hl7s_reasons_are_understood_with_and_without_their_system(code: str) -> None:
    assert read(item(**reason(code))).reason == code
    assert read(item(**reason(code, None))).reason == code
    assert read(item(**reason(code, ""))).reason == code


@pytest.mark.parametrize(
    ("code", "system"), [("patient-refuses", "urn:site"), ("Mrs Canary refused", REASON_SYSTEM), ("42", None)]
)
def test_any_other_reason_is_not_kept_in_its_own_words(code: str, system: str | None) -> None:
    assert read(item(**reason(code, system, display="Canary"))).reason == "other"


@pytest.mark.parametrize("code", [None, "", " "])
def test_a_reason_without_a_code_is_none(code: object) -> None:
    assert read(item(**reason(code))).reason is None


def test_long_comments_are_cut_and_not_refused() -> None:
    assert read(item(overrideReason={"userComment": " x" * 3000})).comment == ("x " * 1000).strip() + " "
    assert read(item(overrideReason={"userComment": "  "})).comment is None
    assert read(item(overrideReason={"userComment": "a\0b"})).comment == "ab"


@pytest.mark.parametrize("card", [CARD, CARD.upper(), f"urn:uuid:{CARD}", f" {CARD} "])
def test_a_card_is_known_in_any_dress(card: str) -> None:
    assert read(item(card=card)).card == CARD


def test_what_cannot_be_a_card_of_ours_is_taken_and_dropped() -> None:
    assert read(item(card="Mrs Canary")).card is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-06-15T09:30:00Z", NOON),
        ("2026-06-15t09:30:00z", NOON),
        ("2026-06-15T11:30:00+02:00", NOON),
        ("2026-06-15T09:30:00", NOON),
        ("2026-06-15T09:30:00.1Z", NOON + dt.timedelta(milliseconds=100)),
        ("2026-06-15T09:30:00.123456789Z", NOON + dt.timedelta(microseconds=123456)),
        ("2026-06-15T04:00:00.5-05:30", NOON + dt.timedelta(milliseconds=500)),
        ("2016-12-31T23:59:60Z", dt.datetime(2016, 12, 31, 23, 59, 59, 999999, tzinfo=dt.UTC)),
    ],
)
def test_moments_are_kept_as_sent(text: str, moment: dt.datetime) -> None:
    assert read(item(outcomeTimestamp=text)).at == moment


BAD: dict[str, tuple[object, str]] = {
    "no list": ({}, "feedback: is missing"),
    "a list": ([], "the body must be a JSON object"),
    "not a list": ({"feedback": "Canary"}, "feedback: "),
    "no card": ({"feedback": [item(card=...)]}, "feedback[0].card: is missing"),
    "empty card": ({"feedback": [item(card="")]}, "feedback[0].card: "),
    "card is a number": ({"feedback": [item(), item(card=31415)]}, "feedback[1].card: "),
    "no outcome": ({"feedback": [item(outcome=...)]}, "feedback[0].outcome: is missing"),
    "other outcome": ({"feedback": [item(outcome="Canary")]}, "feedback[0].outcome: "),
    "no moment": ({"feedback": [item(outcomeTimestamp=...)]}, "feedback[0].outcomeTimestamp: is missing"),
    "no real moment": (
        {"feedback": [item(outcomeTimestamp="Canary")]},
        "feedback[0].outcomeTimestamp: must be a time stamp",
    ),
    "31 June": ({"feedback": [item(outcomeTimestamp="2026-06-31T09:30:00Z")]}, "feedback[0].outcomeTimestamp: must be"),
    "year 0": ({"feedback": [item(outcomeTimestamp="0001-01-01T00:00:00+23:00")]}, "feedback[0].outcomeTimestamp: "),
    "accepted nothing": ({"feedback": [item(outcome="accepted")]}, "acceptedSuggestions must name what was accepted"),
    "accepted no id": (
        {"feedback": [item(outcome="accepted", acceptedSuggestions=[{"id": "Canary"}])]},
        "feedback[0].acceptedSuggestions[0].id: ",
    ),
    "comment is a list": (
        {"feedback": [item(overrideReason={"userComment": ["Canary"]})]},
        "overrideReason.userComment",
    ),
    "too many": ({"feedback": [item()] * (MOST_FEEDBACK + 1)}, "feedback: "),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_feedback_is_refused_by_element_without_its_value(name: str) -> None:
    body, words = BAD[name]
    with pytest.raises(BadCall) as refused:
        read_feedback(body)
    assert words in str(refused.value)
    assert "Canary" not in str(refused.value)
    assert "31415" not in str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["card", "outcome", "outcomeTimestamp", "acceptedSuggestions", "overrideReason"])


@given(st.lists(st.dictionaries(NAMES, JSON).map(lambda changes: item() | changes), max_size=3))
def test_any_json_is_read_or_refused(items: list[Json]) -> None:
    try:
        said = read_feedback({"feedback": items})
    except BadCall:
        return
    assert len(said) == len(items)
