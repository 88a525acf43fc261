"""Cards as this caller takes them: the one place where what its profile says of cards is done.

Cards are made whole, kept as made (:mod:`cds.memory`), and only then cut down here. Nothing is ever added that a card
does not hold, and detail is Markdown without HTML for every caller.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cds.hooks.wire import Card, Link, Suggestion

if TYPE_CHECKING:
    from cds.hooks.callers.caller import Profile

__all__ = ["as_taken", "most_cards"]


def most_cards(site: int, profile: Profile) -> int:
    """Say how many trials are told as cards of their own: the site's number, unless the caller takes fewer."""
    return site if profile.max_cards is None else min(site, profile.max_cards)


def as_taken(cards: Iterable[Card], profile: Profile) -> tuple[Card, ...]:
    """Give the cards without what the caller cannot take."""
    return tuple(_suited(card, profile) for card in cards)


def _suited(card: Card, profile: Profile) -> Card:
    suggestions = _suggestions(card, profile)
    changes: dict[str, Any] = {
        "suggestions": suggestions,
        "selectionBehavior": profile.selection_behavior if suggestions else None,
        "links": _links(card, profile),
    }
    if profile.topic == "none":
        changes["source"] = card.source.model_copy(update={"topic": None})
    unwanted = {
        "uuid": not profile.card_uuid,
        "overrideReasons": not profile.override_reasons,
        "extension": not profile.extension,
    }
    return card.model_copy(update=changes | {name: None for name, without in unwanted.items() if without})


def _suggestions(card: Card, profile: Profile) -> tuple[Suggestion, ...] | None:
    """Give the suggestions the caller can carry out; actions belong together, so none is cut short."""
    if profile.selection_behavior is None or card.suggestions is None:
        return None
    return tuple(each for each in card.suggestions if len(each.actions) <= profile.max_actions) or None


def _links(card: Card, profile: Profile) -> tuple[Link, ...] | None:
    kept = [each for each in card.links or () if profile.smart_links or each.type != "smart"]
    return tuple(each if profile.app_context else each.model_copy(update={"appContext": None}) for each in kept) or None
