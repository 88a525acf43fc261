"""How long text takes that was made to be slow to read: four times the text should take about four times the time.

Prints, for each kind of such text, the seconds for a quarter and for the whole, and how many times longer the whole
took. Measures, and judges nothing; that the steps stay in proportion is tested.
"""

from __future__ import annotations

import time
from pathlib import Path

from cds.terms.load import load_vocabulary
from cds.trials.text.draft import drafted
from cds.trials.text.phrases import load_lexicon
from cds.trials.text.readers import READERS
from cds.trials.text.reading import ReadingKind

MAPPINGS = Path(__file__).resolve().parent.parent / "mappings"

HOSTILE = {
    "one line": "Age ≥ 18 " * 22_000,
    "brackets": "(" * 200_000,
    "numbers": "1" * 200_000,
    "no spaces": "a" * 200_000,
    "blanks": " " * 200_000,
    "signs": "≥ < = " * 33_000,
    "bullets": "* \n" * 30_000,
    "items": "1) a 2) b " * 20_000,
    "letters": "Inclusion Criteria:\n" + "(a) x (b) y " * 6_000,
    "or": "Inclusion Criteria:\n" + "* HIV or\n" * 4_000,
    "sentences": "Inclusion Criteria:\n* " + "No age. ECOG 1; " * 2_500,
    "status": "ECOG performance status " * 8_000,
    "who": "for patients with " * 11_000,
    "if": "if must unless " * 13_000,
    "deeper": "\n".join(" " * depth + "* a" for depth in range(600)),
    "escapes": r"\&lt;" * 33_000,
    "entities": "&#x3c;" * 33_000,
}
"""Texts of up to 200 KB, each repeating what one of the patterns looks for."""


def main() -> None:
    """Read every text, a quarter of it first."""
    lexicon = load_lexicon(MAPPINGS, load_vocabulary(MAPPINGS))

    def took(piece: str) -> float:
        begun = time.perf_counter()
        drafted(piece, READERS, lexicon, frozenset(ReadingKind))
        return time.perf_counter() - begun

    took(HOSTILE["sentences"][:1000])
    for name, text in HOSTILE.items():
        quarter, whole = took(text[: len(text) // 4]), took(text)
        print(f"{name:12} {quarter:7.3f} s {whole:7.3f} s  {whole / max(quarter, 1e-4):6.1f} times")


if __name__ == "__main__":
    main()
