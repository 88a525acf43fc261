"""What HL7's logical models demand of requests, cards, discovery and feedback, checked on decoded JSON.

Written anew from the constraints of HL7/cds-hooks, ``input/fsh`` at fb10ca7 (3.0.0-ballot): each fault begins with the
name the model has for it (``cds-resp-6``), or with ``model`` where it is the type, the number or the values of an
element. They hold for 2.0.1 as well, except where a function says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_KEY = re.compile(r"[^\s]+( [^\s]+)*")
_REVERSE_DNS = re.compile(r"[a-z][a-z0-9-]*(\.[A-Za-z0-9_-]+){2,}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_MAY_BE_EMPTY = {"cards", "services", "feedback"}
MOST_UNITS = 139
"""The longest summary, in characters as in UTF-16 units: fewer than 140."""


def faults_of_discovery(body: object) -> list[str]:
    """Say what is wrong with a discovery document."""
    return [*_empties(body), *_discovery(body)]


def faults_of_response(body: object) -> list[str]:
    """Say what is wrong with the answer to a hook call."""
    return [*_empties(body), *_response(body)]


def faults_of_request(body: Json) -> Iterator[str]:
    """Say what is wrong with a hook call."""
    yield from _texts(body, "hook")
    if not _UUID.fullmatch(str(body.get("hookInstance")).lower()):
        yield "model: hookInstance is no UUID"
    if not isinstance(body.get("context"), dict):
        yield "model: context is missing"
    granted = body.get("fhirAuthorization")
    if granted is not None and body.get("fhirServer") is None:
        yield "cds-r-1: a token without a server"
    if isinstance(granted, dict):
        yield from _texts(granted, "access_token", "scope", "subject")
        if granted.get("token_type") != "Bearer" or not isinstance(granted.get("expires_in"), int):
            yield "model: token_type or expires_in"
        if "patient/" in str(granted.get("scope")) and granted.get("patient") is None:
            yield "cds-r-2 (a warning): patient scopes without the patient"


def faults_of_feedback(body: Json) -> Iterator[str]:
    """Say what is wrong with a call of the feedback endpoint."""
    for each in body.get("feedback", ()):
        if not _UUID.fullmatch(str(each.get("card"))):
            yield "model: card is no UUID"
        if each.get("outcome") not in {"accepted", "overridden"}:
            yield "cds-fb-1: outcome"
        if each.get("outcome") == "accepted" and not each.get("acceptedSuggestions"):
            yield "cds-fb-2: accepted without saying which suggestion"
        reason = each.get("overrideReason")
        if reason is not None and not (reason.get("reason") or reason.get("userComment")):
            yield "cds-fb-3: an override reason that says nothing"
        if not _INSTANT.fullmatch(str(each.get("outcomeTimestamp"))):
            yield "model: outcomeTimestamp is no instant"


# ------------------------------------------------------------------------------------------------ nothing is left empty
def _empties(value: object, name: str = "") -> Iterator[str]:
    if value is None or value == "" or (value in ([], {}) and name not in _MAY_BE_EMPTY):
        yield f"model: {name or 'the body'} is empty or null"
    if isinstance(value, str) and not value.strip():
        yield f"model: {name} is blank"
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _empties(each, key)
    if isinstance(value, list):
        for each in value:
            yield from _empties(each, f"{name}[]")


def _texts(of: Json, *names: str) -> Iterator[str]:
    for name in names:
        if not isinstance(of.get(name), str) or not of[name].strip():
            yield f"model: {name} must be words"


def _text_if_any(of: Json, *names: str) -> Iterator[str]:
    yield from _texts(of, *(name for name in names if name in of))


def _only(of: Json, *names: str) -> Iterator[str]:
    strange = sorted(of.keys() - {*names, "extension"})
    if strange:
        yield f"model: {', '.join(strange)} is no element of this structure"


def _list_of(of: Json, name: str) -> list[Json]:
    value = of.get(name, [])
    return [each if isinstance(each, dict) else {} for each in value] if isinstance(value, list) else [{}]


def _extension(of: Json) -> Iterator[str]:
    if "extension" not in of:
        return
    if not isinstance(of["extension"], dict):
        yield "model: extension must be an object"
    elif not all(_REVERSE_DNS.fullmatch(name) for name in of["extension"]):
        yield "model: extension names must be reverse-DNS"


# ---------------------------------------------------------------------------------------------------------- discovery
def _discovery(body: object) -> Iterator[str]:
    if not isinstance(body, dict) or not isinstance(body.get("services"), list):
        yield "model: services must be a list"
        return
    yield from _only(body, "services")
    for each in _list_of(body, "services"):
        yield from _only(
            each, "hook", "title", "description", "id", "prefetch", "usageRequirements", "version", "hookVersion"
        )
        yield from _texts(each, "hook", "description", "id")
        yield from _text_if_any(each, "title", "usageRequirements", "version")
        yield from _extension(each)
        for key, template in each.get("prefetch", {}).items():
            if not _KEY.fullmatch(key) or not isinstance(template, str):
                yield f"model: prefetch {key}"


# ---------------------------------------------------------------------------------------------------------------- cards
def _response(body: object) -> Iterator[str]:
    if not isinstance(body, dict) or not isinstance(body.get("cards"), list):
        yield "model: cards must be a list"
        return
    yield from _only(body, "cards", "systemActions")
    yield from _extension(body)
    for card in _list_of(body, "cards"):
        yield from _card(card)
    for action in _list_of(body, "systemActions"):
        yield from _action(action)


_CARD = (
    "uuid",
    "summary",
    "detail",
    "indicator",
    "source",
    "suggestions",
    "selectionBehavior",
    "overrideReasons",
    "links",
)


def _card(card: Json) -> Iterator[str]:
    yield from _only(card, *_CARD)
    yield from _texts(card, "summary", "indicator")
    yield from _text_if_any(card, "detail", "uuid")
    yield from _extension(card)
    summary = str(card.get("summary"))
    if max(len(summary), len(summary.encode("utf-16-le", "surrogatepass")) // 2) > MOST_UNITS:
        yield "model: summary is too long"
    if card.get("indicator") not in {"info", "warning", "critical"}:
        yield "model: indicator"
    if "uuid" in card and not _UUID.fullmatch(str(card["uuid"])):
        yield "model: uuid"
    yield from _source(card.get("source"))
    yield from _suggestions(card)
    for link in _list_of(card, "links"):
        yield from _link(link)
    for reason in _list_of(card, "overrideReasons"):
        yield from _coding(reason)
        if not reason.get("display"):
            yield "cds-resp-4: an override reason without words"


def _source(source: object) -> Iterator[str]:
    if not isinstance(source, dict):
        yield "model: source must be an object"
        return
    yield from _only(source, "label", "url", "icon", "topic")
    yield from _texts(source, "label")
    for name in ("url", "icon"):
        if name in source and not _absolute(source[name]):
            yield f"model: source.{name} must be an absolute address"
    if "topic" in source:
        yield from _coding(source["topic"])


def _coding(coding: object) -> Iterator[str]:
    if not isinstance(coding, dict):
        yield "model: a coding must be an object"
        return
    yield from _only(coding, "code", "system", "display")
    yield from _texts(coding, "code", "system")
    yield from _text_if_any(coding, "display")


def _suggestions(card: Json) -> Iterator[str]:
    suggested = _list_of(card, "suggestions")
    behaviour = card.get("selectionBehavior")
    if suggested and behaviour is None:
        yield "cds-resp-6: suggestions without selectionBehavior"
    if behaviour not in {None, "at-most-one", "any"}:
        yield "model: selectionBehavior"
    if behaviour == "at-most-one" and sum(each.get("isRecommended") is True for each in suggested) > 1:
        yield "cds-resp-1: more than one is recommended where one may be chosen"
    for each in suggested:
        yield from _suggestion(each)


def _suggestion(suggestion: Json) -> Iterator[str]:
    yield from _only(suggestion, "label", "uuid", "isRecommended", "actions", "actionSelectionBehavior")
    yield from _texts(suggestion, "label")
    if suggestion.get("actionSelectionBehavior") not in {None, "all", "any", "at-most-one"}:
        yield "cds-resp-7: actionSelectionBehavior"
    if not isinstance(suggestion.get("isRecommended", False), bool):
        yield "model: isRecommended"
    for action in _list_of(suggestion, "actions"):
        yield from _action(action)
        if not action.get("description"):
            yield "cds-resp-5: an action without a description"


def _action(action: Json) -> Iterator[str]:
    yield from _only(action, "type", "description", "resource", "resourceId")
    kind = action.get("type")
    if kind not in {"create", "update", "delete"}:
        yield "model: an action's type"
    if kind == "delete" and ("resource" in action or not action.get("resourceId")):
        yield "cds-resp-2 (a warning in 3.0): a deletion needs resourceId and no resource"
    if kind in {"create", "update"} and not isinstance(action.get("resource"), dict):
        yield "model: an action's resource"


def _link(link: Json) -> Iterator[str]:
    yield from _only(link, "label", "url", "type", "appContext", "autolaunchable")
    yield from _texts(link, "label", "url")
    if not _absolute(link.get("url")):
        yield "model: a link's address must be absolute"
    if link.get("type") not in {"absolute", "smart"}:
        yield "model: a link's type"
    if link.get("type") != "smart" and "appContext" in link:
        yield "cds-resp-3: appContext on a link that launches nothing"


def _absolute(url: object) -> bool:
    parts = urlsplit(url) if isinstance(url, str) else None
    return bool(parts and parts.scheme in {"http", "https"} and parts.hostname and " " not in str(url))
