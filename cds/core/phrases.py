"""Words put together to one sentence: lists, names inside a sentence, and questions that an answer is asked of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMED_AFTER = frozenset(
    {
        *("Addison", "Burkitt", "Crohn", "Cushing", "Ewing", "Gilbert", "Graves", "Guillain-Barré", "Hashimoto"),
        *("Hodgkin", "Kaposi", "Karnofsky", "Krenning", "Merkel", "Paget", "Sjögren", "St", "Wilms"),
        "Ki-67",
    }
)
"""First words of names that keep their capital wherever they stand: mostly of people."""
_ASIDE = re.compile(r"\([^()]*\)|“[^”]*”")
_JOINING = re.compile(r" (?:and|or) ")
_QUALIFIED = re.compile(r"([^,(]+), ([^,(]+)")


def inline(display: str) -> str:
    """Give a name as it stands inside a sentence: ``Heart failure, NYHA class II`` → ``heart failure (NYHA class II)``.

    Abbreviations and the names of people keep their capitals.
    """
    first = display.split(" ", 1)[0].rstrip(",")
    if first not in _NAMED_AFTER and first[1:2].islower() and first[1:] == first[1:].lower():
        display = display[:1].lower() + display[1:]
    qualified = _QUALIFIED.fullmatch(display)
    return display if qualified is None or " or " in display else f"{qualified[1]} ({qualified[2]})"


def listed(names: Sequence[str]) -> str:
    """Put names in a row, the last after ``or``."""
    *before, last = names or ("",)
    return f"{', '.join(before)} or {last}" if before else last


def series(parts: Sequence[str], word: str) -> str:
    """Put parts in a row, the last after ``and``, ``or`` or ``nor``, so that it stays plain where each of them ends.

    Those with commas of their own are set apart by semicolons.
    """
    *before, last = dict.fromkeys(parts)
    if not before:
        return last
    bare = _ASIDE.sub("", "\n".join((*before, last)))
    between = ";" if "," in bare else ","
    ending = between if between == ";" or _JOINING.search(bare) else ""
    return f"{f'{between} '.join(before)}{ending} {word} {last}"


def answered(question: str, *, yes: bool) -> str:
    """Name the answer that is asked of a person; what a question adds after its question mark is left out."""
    asked = question.partition("?")[0].rstrip(". ")
    return f"a {'yes' if yes else 'no'} to “{asked}?”"
