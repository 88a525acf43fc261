"""The form in which names of hospitals and cities are compared: letters and figures, word by word.

The same hospital is written in many ways ("St. Anna's", "ST ANNAS"); a name that is only alike is another hospital's.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["normalised"]

_DROPPED = re.compile(r"[.'`\u00b4\u2018\u2019\u02bc]")
"""What is written in the place of an apostrophe. Decomposed, an acute accent of its own would be a blank."""
_BLANKS = re.compile(r"[\W_]+")


@lru_cache(maxsize=20_000)
def normalised(name: str) -> str:
    """Give a name without capitals, accents and punctuation, and with single blanks."""
    letters = unicodedata.normalize("NFKD", _DROPPED.sub("", name))
    plain = "".join(each for each in letters if not unicodedata.combining(each))
    return _BLANKS.sub(" ", plain.casefold()).strip()
