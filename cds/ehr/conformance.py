"""Does an answer keep to CDS Hooks 2.0: every deviation named with its place, its weight and the part of the text.

*must*: the text says SHALL or MUST, or calls the element required. *should*: it recommends. *care*: it forbids nothing,
but clients treat it differently. Source: https://cds-hooks.hl7.org/2.0/ (HL7/cds-hooks at v2.0.1), by anchor.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cds.ehr.plain import one_line

__all__ = ["SPECIFICATION", "Finding", "Weight", "findings_of_answer", "findings_of_discovery"]

SPECIFICATION = "https://cds-hooks.hl7.org/2.0/"
Json = dict[str, Any]
_SUMMARY = 140
_HTML = re.compile(r"(?<![\\`])<(?:/?[A-Za-z][A-Za-z0-9-]*(?:\s[^<>]*)?/?>|!--)")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")


class Weight(enum.Enum):
    """How much a finding weighs."""

    MUST = "must"
    SHOULD = "should"
    CARE = "care"


@dataclass(frozen=True, slots=True)
class Finding:
    """One deviation: where in the answer, what is wrong, and which part of the specification says so."""

    weight: Weight
    where: str
    what: str
    anchor: str


@dataclass(frozen=True, slots=True)
class _Shape:
    """The elements of one structure: name to kind; a kind with ``!`` is required."""

    anchor: str
    elements: tuple[tuple[str, str], ...]


_KINDS: dict[str, tuple[type, str]] = {
    "text": (str, "text"),
    "flag": (bool, "true or false"),
    "list": (list, "a list"),
    "object": (dict, "an object"),
}


def _shape(anchor: str, **elements: str) -> _Shape:
    return _Shape(anchor, tuple(elements.items()))


_CODING = _shape("coding", system="text!", code="text!", display="text")
_SOURCE = _shape("source", label="text!", url="text", icon="text", topic="object")
_LINK = _shape("link", label="text!", url="text!", type="text!", appContext="text", autolaunchable="flag")
_ACTION = _shape("action", type="text!", description="text!", resource="object", resourceId="text")
_SUGGESTION = _shape("suggestion", label="text!", uuid="text", isRecommended="flag", actions="list")
_CARD = _shape(
    "card-attributes",
    uuid="text",
    summary="text!",
    detail="text",
    indicator="text!",
    source="object!",
    suggestions="list",
    selectionBehavior="text",
    overrideReasons="list",
    links="list",
)
_ENTRY = _shape(
    "response",
    hook="text!",
    title="text",
    description="text!",
    id="text!",
    prefetch="object",
    usageRequirements="text",
)
_LATER = {"version", "hookVersion"}
"""Elements of a service that version 3.0 adds."""


def findings_of_answer(body: object) -> tuple[Finding, ...]:
    """Say where the answer to a call deviates (#cds-service-response)."""
    return tuple(_answer(body))


def findings_of_discovery(body: object) -> tuple[Finding, ...]:
    """Say where a discovery document deviates (#discovery)."""
    if not isinstance(body, dict) or not isinstance(body.get("services"), list):
        return (_must("services", "must be a list", "response"),)
    return tuple(finding for n, each in enumerate(body["services"]) for finding in _entry(each, f"services[{n}]"))


def _must(where: str, what: str, anchor: str) -> Finding:
    return Finding(Weight.MUST, where, what, anchor)


def _care(where: str, what: str, anchor: str) -> Finding:
    return Finding(Weight.CARE, where, what, anchor)


# -------------------------------------------------------------------------------------------------------- any structure
def _kept(value: object, where: str, shape: _Shape) -> Iterator[Finding]:
    """Hold a structure against its shape: what is missing, empty, of another kind, or unknown."""
    if not isinstance(value, dict):
        yield _must(where, "must be an object", shape.anchor)
        return
    known = dict(shape.elements)
    for name, kind in known.items():
        yield from _element(value, name, kind, (where, shape.anchor))
    for name in sorted(map(str, value.keys() - known.keys() - {"extension"})):
        yield _care(f"{where}.{one_line(name, 40)}", "is no element of CDS Hooks 2.0", shape.anchor)
    if "extension" in value and not isinstance(value["extension"], dict):
        yield _must(f"{where}.extension", "must be an object", "extensions")


def _element(value: Json, name: str, kind: str, place: tuple[str, str]) -> Iterator[Finding]:
    where, anchor = f"{place[0]}.{name}", place[1]
    if name not in value:
        if kind.endswith("!"):
            yield _must(where, "is missing", anchor)
        return
    held, (wanted, called) = value[name], _KINDS[kind.rstrip("!")]
    if held is None or held in ("", [], {}) or (isinstance(held, str) and not held.strip()):
        yield _must(where, "is there, but null or empty", "use-of-json")
    elif not isinstance(held, wanted):
        yield _must(where, f"must be {called}", anchor)


def _listed(value: Json, name: str) -> list[Any]:
    held = value.get(name)
    return held if isinstance(held, list) else []


def _said(value: object, name: str) -> str:
    held = value.get(name) if isinstance(value, dict) else None
    return held if isinstance(held, str) else ""


# ---------------------------------------------------------------------------------------------------------- the answer
def _answer(body: object) -> Iterator[Finding]:
    if not isinstance(body, dict):
        yield _must("the answer", "must be an object", "http-response")
        return
    if not isinstance(body.get("cards"), list):
        yield _must("cards", "must be a list, an empty one where there is nothing to tell", "http-response")
    for name in sorted(map(str, body.keys() - {"cards", "systemActions", "extension"})):
        yield _care(one_line(name, 40), "is no element of CDS Hooks 2.0", "http-response")
    if "extension" in body and not isinstance(body["extension"], dict):
        yield _must("extension", "must be an object", "extensions")
    for number, card in enumerate(_listed(body, "cards")):
        yield from _card(card, f"cards[{number}]")
    if "systemActions" in body and not _listed(body, "systemActions"):
        yield _must("systemActions", "must be a list, and left out where it is empty", "use-of-json")
    for number, action in enumerate(_listed(body, "systemActions")):
        yield from _action(action, f"systemActions[{number}]")


def _card(card: object, where: str) -> Iterator[Finding]:
    yield from _kept(card, where, _CARD)
    if not isinstance(card, dict):
        return
    yield from _words(card, where)
    if isinstance(card.get("source"), dict):
        yield from _source(card["source"], f"{where}.source")
    yield from _suggestions(card, where)
    for number, link in enumerate(_listed(card, "links")):
        yield from _link(link, f"{where}.links[{number}]")
    for number, reason in enumerate(_listed(card, "overrideReasons")):
        place = f"{where}.overrideReasons[{number}]"
        yield from _kept(reason, place, _CODING)
        if isinstance(reason, dict) and "display" not in reason:
            yield _must(f"{place}.display", "is missing", "reasons-for-rejecting-a-card")
    if "uuid" not in card and ("suggestions" in card or "overrideReasons" in card):
        yield _care(f"{where}.uuid", "is missing: what is done with the card cannot be told to the service", "feedback")


def _words(card: Json, where: str) -> Iterator[Finding]:
    summary = _said(card, "summary")
    longest = max(len(summary), len(summary.encode("utf-16-le", "surrogatepass")) // 2)
    if longest >= _SUMMARY:
        yield _must(
            f"{where}.summary", f"has {longest} characters; fewer than {_SUMMARY} are allowed", "card-attributes"
        )
    if _said(card, "indicator") and card["indicator"] not in {"info", "warning", "critical"}:
        yield _must(f"{where}.indicator", "must be info, warning or critical", "card-attributes")
    if _HTML.search(_said(card, "detail")):
        yield _care(f"{where}.detail", "holds what may be HTML, which clients show, strip or refuse", "card-attributes")
    if _said(card, "uuid") and not _UUID.fullmatch(card["uuid"]):
        yield _care(f"{where}.uuid", "is not of the form of a UUID", "card-attributes")


def _source(source: Json, where: str) -> Iterator[Finding]:
    yield from _kept(source, where, _SOURCE)
    for name in ("url", "icon"):
        if _said(source, name):
            yield from _address(source[name], f"{where}.{name}", "source")
    if isinstance(source.get("topic"), dict) and source["topic"]:
        yield from _kept(source["topic"], f"{where}.topic", _CODING)


def _link(link: object, where: str) -> Iterator[Finding]:
    yield from _kept(link, where, _LINK)
    if not isinstance(link, dict):
        return
    if _said(link, "type") and link["type"] not in {"absolute", "smart"}:
        yield _must(f"{where}.type", "must be absolute or smart", "link")
    if _said(link, "url"):
        yield from _address(link["url"], f"{where}.url", "link")
    if "appContext" in link and link.get("type") != "smart":
        yield _must(f"{where}.appContext", "is for smart links only", "link")


def _address(text: str, where: str, anchor: str) -> Iterator[Finding]:
    try:
        scheme = urlsplit(text).scheme if urlsplit(text).hostname else ""
    except ValueError:
        scheme = ""
    if scheme not in {"http", "https"}:
        yield _must(where, "must be an absolute web address", anchor)
    elif scheme != "https":
        yield Finding(Weight.SHOULD, where, "is not https", "security-and-safety")


# --------------------------------------------------------------------------------------------- suggestions and actions
def _suggestions(card: Json, where: str) -> Iterator[Finding]:
    suggested, behaviour = _listed(card, "suggestions"), card.get("selectionBehavior")
    if suggested and behaviour is None:
        yield _must(f"{where}.selectionBehavior", "is missing where there are suggestions", "card-attributes")
    if isinstance(behaviour, str) and behaviour.strip() and behaviour not in {"at-most-one", "any"}:
        yield _must(f"{where}.selectionBehavior", "must be at-most-one or any", "card-attributes")
    recommended = sum(isinstance(each, dict) and each.get("isRecommended") is True for each in suggested)
    if behaviour == "at-most-one" and recommended > 1:
        yield _must(f"{where}.suggestions", "recommends several where at most one may be chosen", "suggestion")
    for number, each in enumerate(suggested):
        place = f"{where}.suggestions[{number}]"
        yield from _kept(each, place, _SUGGESTION)
        for count, action in enumerate(_listed(each, "actions") if isinstance(each, dict) else ()):
            yield from _action(action, f"{place}.actions[{count}]")


def _action(action: object, where: str) -> Iterator[Finding]:
    old_delete = isinstance(action, dict) and action.get("type") == "delete" and isinstance(action.get("resource"), str)
    if old_delete and isinstance(action, dict):
        yield Finding(Weight.SHOULD, f"{where}.resource", "holds an id, which resourceId has taken over", "action")
        action = {name: each for name, each in action.items() if name != "resource"}
    yield from _kept(action, where, _ACTION)
    if not isinstance(action, dict) or not _said(action, "type"):
        return
    match action["type"]:
        case "create" | "update":
            resource = action.get("resource")
            if not isinstance(resource, dict) or not _said(resource, "resourceType"):
                yield _must(f"{where}.resource", "must be a FHIR resource", "action")
        case "delete":
            if not old_delete and not _REFERENCE.fullmatch(_said(action, "resourceId")):
                yield Finding(
                    Weight.SHOULD, f"{where}.resourceId", "must be Type/id where something is deleted", "action"
                )
        case _:
            yield _must(f"{where}.type", "must be create, update or delete", "action")


# ----------------------------------------------------------------------------------------------------------- discovery
def _entry(entry: object, where: str) -> Iterator[Finding]:
    later = _LATER if isinstance(entry, dict) else set()
    read = {name: each for name, each in entry.items() if name not in later} if isinstance(entry, dict) else entry
    yield from _kept(read, where, _ENTRY)
    if not isinstance(read, dict):
        return
    if "title" not in read:
        yield Finding(Weight.SHOULD, f"{where}.title", "is missing", "response")
    templates = read.get("prefetch")
    for key, template in templates.items() if isinstance(templates, dict) else ():
        if not isinstance(template, str) or not template.strip():
            yield _must(f"{where}.prefetch.{one_line(key, 40)}", "must be a template", "prefetch-template")
