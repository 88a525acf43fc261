"""The checks that the public CRD test kit makes of discovery and cards, written anew: a second opinion.

Source of the checks: inferno-framework/davinci-crd-test-kit at 1d1f2c4 (the discovery tests, ``cards_validation``,
``suggestion_actions_validation``). The kit tests payers' services, so it asks for more than CDS Hooks does: a topic on
every card. What only payers owe (an action must refer to the draft orders, system actions, CRD profiles: its checks 16
and 18) is left out, and that there are no cards is no fault here (its check 5 warns).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]

_URL = re.compile(r"https?://[^\s/?#]+\S*")
_REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")
_LIMIT = 140
_Check = tuple[str, type, bool]
"""An element's name, its type, and whether it is required."""


def complaints_of_discovery(body: object) -> list[str]:
    """Give what the kit would complain of in a discovery document (checks 1 and 2)."""
    services = body.get("services") if isinstance(body, dict) else None
    if not isinstance(services, list):
        return ["2: services is no list"]
    return [
        f"2: services[{number}].{name}"
        for number, each in enumerate(services)
        for name in ("hook", "description", "id")
        if not isinstance(each, dict) or not isinstance(each.get(name), str)
    ]


def complaints_of_response(body: object) -> list[str]:
    """Give what the kit would complain of in the answer to a call (checks 3, 4, 6 to 15 and 17)."""
    cards = body.get("cards") if isinstance(body, dict) else None
    if not isinstance(cards, list):
        return ["4: cards is no list"]
    found: list[str] = []
    for number, card in enumerate(cards):
        made = _of_card(card) if isinstance(card, dict) else iter(["6: no object"])
        found += [f"{complaint} (card {number})" for complaint in made]
    return found


def _typed(of: Json, checks: tuple[_Check, ...], number: int) -> Iterator[str]:
    for name, kind, required in checks:
        if name not in of:
            if required:
                yield f"{number}: {name} is missing"
        elif not isinstance(of[name], kind) or of[name] in ("", [], {}):
            yield f"{number}: {name} is of another type or blank"


_REQUIRED: tuple[_Check, ...] = (("summary", str, True), ("indicator", str, True), ("source", dict, True))
_OPTIONAL: tuple[_Check, ...] = (
    ("uuid", str, False),
    ("detail", str, False),
    ("suggestions", list, False),
    ("overrideReasons", list, False),
    ("links", list, False),
)
_LINK: tuple[_Check, ...] = (("label", str, True), ("type", str, True), ("url", str, True))
_CODING: tuple[_Check, ...] = (("code", str, True), ("system", str, True))


def _of_card(card: Json) -> Iterator[str]:
    faults = [*_typed(card, _REQUIRED, 6), *_typed(card, _OPTIONAL, 10)]
    yield from faults
    if faults:
        return
    if len(card["summary"]) >= _LIMIT:
        yield "7: summary"
    if card["indicator"] not in ("info", "warning", "critical"):
        yield "8: indicator"
    yield from _of_source(card["source"])
    for part in ("suggestions", "overrideReasons", "links"):
        for each in card.get(part, []):
            yield from _PARTS[part](each, card) if isinstance(each, dict) else ["10: no object"]
    if _shape(card) is None:
        yield "17: a card of no known shape"


def _of_source(source: Json) -> Iterator[str]:
    faults = list(_typed(source, (("label", str, True), ("topic", dict, True)), 9))
    yield from faults
    if not faults:
        yield from _typed(source["topic"], _CODING, 9)


def _of_suggestion(suggestion: Json, card: Json) -> Iterator[str]:
    if card.get("selectionBehavior") not in ("at-most-one", "any"):
        yield "11: selectionBehavior"
    yield from _typed(suggestion, (("label", str, True), ("actions", list, True)), 14)
    actions = suggestion.get("actions")
    for action in actions if isinstance(actions, list) else []:
        yield from _of_action(action)


def _of_action(action: Json) -> Iterator[str]:
    yield from _typed(action, (("type", str, True), ("description", str, True)), 15)
    match action.get("type"):
        case "create" | "update":
            resource = action.get("resource")
            if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
                yield "15: resource"
        case "delete":
            if not _REFERENCE.fullmatch(str(action.get("resourceId"))):
                yield "15: resourceId"
        case _:
            yield "15: type"


def _of_reason(reason: Json, card: Json) -> Iterator[str]:
    del card
    yield from _typed(reason, (*_CODING, ("display", str, True)), 12)


def _of_link(link: Json, card: Json) -> Iterator[str]:
    del card
    faults = list(_typed(link, _LINK, 13))
    yield from faults
    if faults:
        return
    if link["type"] not in ("absolute", "smart") or not _URL.fullmatch(link["url"]):
        yield "13: type or url"
    if link["type"] == "absolute" and "appContext" in link:
        yield "13: appContext"


_PARTS: dict[str, Callable[[Json, Json], Iterator[str]]] = {
    "suggestions": _of_suggestion,
    "overrideReasons": _of_reason,
    "links": _of_link,
}


def _shape(card: Json) -> str | None:
    """Give the kind of answer a card is by its shape (check 17)."""
    kinds = {each.get("type") for each in card.get("links", []) if isinstance(each, dict)}
    if card.get("suggestions"):
        return "suggestions"
    if not kinds:
        return "instructions"
    return {("absolute",): "references", ("smart",): "launch", ("absolute", "smart"): "both"}.get(
        tuple(sorted(map(str, kinds)))
    )
