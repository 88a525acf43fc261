r"""The registry's text as a person reads it, with the way back to where each character stands in the record.

Source: the ClinicalTrials.gov API v2 gives rich text as Markdown with escapes (``\>=``, ``10\^9``), and older records
hold HTML entities (``&lt;``).
"""

from __future__ import annotations

import html
import re
from array import array
from dataclasses import dataclass

__all__ = ["Clean", "Span", "cleaned"]


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the record's eligibility text: from ``start`` up to but not including ``end``, in characters."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Clean:
    """The text without escapes. ``at`` holds for each of its characters, and for its end, the place in the record."""

    text: str
    at: array[int]

    def span(self, start: int, end: int) -> Span:
        """Say where a piece of the clean text stands in the record; an escape belongs to what it escapes."""
        return Span(self.at[start], self.at[end] if start < end else self.at[start])


_ODD = re.compile(
    r"""
      \\?&(?:amp;){0,5}(?P<entity>\#[0-9]{1,7}|\#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,8}[0-9]{0,2});
    | \\(?P<escaped>[!-/:-@\[-`{-~])            # a Markdown escape
    | (?P<space>[\u00a0\u2000-\u200a\u202f\u205f\u3000\t\r\f\v])
    | (?P<broken>[\ud800-\udfff])              # half of a character
    | (?P<nothing>[\u200b-\u200f\u2028\u2029\ufeff\u00ad])
    """,
    re.VERBOSE,
)


def cleaned(raw: str) -> Clean:
    """Undo escapes and entities, make every sort of blank a plain one; lines stay as they are."""
    pieces: list[str] = []
    at = array("l")
    last = 0
    for odd in _ODD.finditer(raw):
        pieces.append(raw[last : odd.start()])
        at.extend(range(last, odd.start()))
        told = _meaning(odd)
        pieces.append(told)
        at.extend([odd.start()] * len(told))
        last = odd.end()
    pieces.append(raw[last:])
    at.extend(range(last, len(raw) + 1))
    return Clean("".join(pieces), at)


def _meaning(odd: re.Match[str]) -> str:
    match odd.lastgroup:
        case "escaped":
            return odd["escaped"]
        case "entity":
            told = html.unescape(f"&{odd['entity']};")
            return " " if told.isspace() else told
        case "space":
            return " "
        case "broken":
            return "\ufffd"
        case _:
            return ""
