"""Eligibility text in words: numbers, names, signs; each with its place, and in the form in which names are compared.

Letters and figures part (``CTLA4`` is ``ctla`` and ``4``), and hyphens, slashes and blanks do not count, so that
``CTLA-4`` and ``CTLA4`` are the same name. Plurals and the two spellings of English are one form.
"""

from __future__ import annotations

import enum
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Sort", "Token", "compared", "covering", "tokens_of"]


class Sort(enum.Enum):
    """What a token is: letters, a number, a sign of comparison, or any other sign."""

    WORD = "word"
    NUMBER = "number"
    COMPARISON = "comparison"
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Token:
    """One token: as written, in the form that is compared, and its place in the text that was given."""

    text: str
    form: str
    sort: Sort
    start: int
    end: int


_TOKEN = re.compile(
    r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|\.\d+)"
    r"|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)?)"
    r"|(?P<comparison>[<>]\s?=|=\s?[<>]|[≥≤≧≦⩾⩽<>=])"
    r"|(?P<sign>\S)"
)
_SORTS = {each.value: each for each in Sort}
_COMPARISONS = {
    **dict.fromkeys((">=", "=>", "≥", "≧", "⩾"), ">="),
    **dict.fromkeys(("<=", "=<", "≤", "≦", "⩽"), "<="),
}
_SPELLING = (
    ("tumour", "tumor"),
    ("ae", "e"),
    ("oe", "e"),
    ("ise", "ize"),
    ("isation", "ization"),
    ("our", "or"),
    ("µ", "μ"),
)
_SHORTEST_PLURAL = 4


def tokens_of(text: str) -> tuple[Token, ...]:
    """Take a text apart; every character but blanks is in one token."""
    return tuple(
        Token(found[0], _form(found[0], found.lastgroup or "sign"), _SORTS[found.lastgroup or "sign"], *found.span())
        for found in _TOKEN.finditer(text)
    )


def compared(text: str) -> tuple[str, ...]:
    """Give a name in the form it is compared in: its words and numbers."""
    return tuple(each.form for each in tokens_of(text) if each.sort in {Sort.WORD, Sort.NUMBER})


def _form(text: str, sort: str) -> str:
    match sort:
        case "word":
            return _word_form(text)
        case "number":
            return text.replace(",", "")
        case "comparison":
            told = text.replace(" ", "")
            return _COMPARISONS.get(told, told)
        case _:
            return text


@lru_cache(maxsize=20_000)
def _word_form(text: str) -> str:
    """Give a word in small letters, in the singular, in one of the two spellings."""
    form = text.casefold().replace("’", "'").removesuffix("'s")
    for written, told in _SPELLING:
        form = form.replace(written, told)
    if form.endswith("ies") and len(form) > _SHORTEST_PLURAL:
        return form[:-3] + "y"
    if form.endswith("s") and len(form) >= _SHORTEST_PLURAL and not form.endswith(("ss", "us", "is")):
        return form[:-1]
    return form


def covering(tokens: Sequence[Token], start: int, end: int) -> tuple[int, int]:
    """Give the first token of a piece of the text, and the one behind its last; a token counts that it touches."""
    first = bisect_right(tokens, start, key=_end)
    return first, max(first, bisect_left(tokens, end, key=_start))


def _start(token: Token) -> int:
    return token.start


def _end(token: Token) -> int:
    return token.end
