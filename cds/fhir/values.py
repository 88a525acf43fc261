"""JSON of unknown shape, looked into without ever failing: lists, parts, words, flags."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
"""A JSON object as it was sent; nothing about its members is known."""


class CannotReadError(Exception):
    """This entry cannot be read. The message says why, without a value from the entry."""


def many(value: object) -> list[Any]:
    """Give a list as it is, one thing as a list of one, and nothing as an empty list."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def first(value: object) -> Any:  # noqa: ANN401 - JSON of unknown shape
    """Give the first of a list, or the one thing there is."""
    if isinstance(value, list):
        return value[0] if value else None
    return value


def part(value: object, *path: str) -> Any:  # noqa: ANN401 - JSON of unknown shape
    """Follow names into nested objects; lists on the way give their first member; nothing where the way ends."""
    for name in path:
        if isinstance(value, list):
            value = value[0] if value else None
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def text(value: object) -> str:
    """Give a string without the blanks around it, and an empty one for anything else."""
    return value.strip() if isinstance(value, str) else ""


@lru_cache(maxsize=512)
def _word(sent: str) -> str:
    return sent.strip().casefold().replace("_", "-").replace(" ", "-")


def word(value: object) -> str:
    """Give a status or flag as one lower-case word, whether sent as a string or as a CodeableConcept."""
    if isinstance(value, str):
        return _word(value)
    sent = first(value)
    if isinstance(sent, dict):
        sent = part(sent, "coding", "code") or sent.get("code") or sent.get("text")
    return _word(sent) if isinstance(sent, str) else ""


def true(value: object) -> bool:
    """Say whether a flag is set, also where it was sent as a string."""
    return value is True or (isinstance(value, str) and word(value) == "true")
