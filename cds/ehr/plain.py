"""Text that somebody else wrote, made harmless: a terminal obeys what stands in a text, and no card may steer it."""

from __future__ import annotations

import unicodedata

__all__ = ["harmless", "one_line"]

_SHOWN_INSTEAD = "\N{REPLACEMENT CHARACTER}"
_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They change the direction of the text around them, so that it reads otherwise than it is."""
_UNSEEN = frozenset("\u00ad\u180e\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff")
"""They take no room: with them two names that look alike differ, and a word hides in another."""
_NEVER = _TURNS | _UNSEEN


def harmless(text: str) -> str:
    """Give a text with every control character but the line's end replaced by a sign that something stood there."""
    return "".join(map(_harmless, text.replace("\r\n", "\n")))


def one_line(text: object, most: int = 200) -> str:
    """Give a text as one harmless line, cut to so many characters; for what is no text, its kind."""
    if not isinstance(text, str):
        return f"({type(text).__name__})"
    line = " ".join(harmless(text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _harmless(character: str) -> str:
    if character == "\n":
        return character
    if character == "\t":
        return " "
    if character in _NEVER or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}:
        return _SHOWN_INSTEAD
    return character
