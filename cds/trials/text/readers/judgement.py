"""What no record settles: consent, contraception, life expectancy, measurable disease, an investigator's view.

Such a sentence becomes a question to a person. It is told apart from what is merely not understood: here it is plain
that a person must answer, and no entry of a chart will. What a chart may well hold (a pregnancy test, a drug, a result)
is left to the other readers, which come first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cds.core.criteria import Asked, Reason
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers.questions import ABOUT
from cds.trials.text.reading import Part, Reading, ReadingKind

__all__ = ["read_judgement"]

_LONGEST = 3000
_RECORDED = re.compile(
    r"\b(?:amplification|mutation|fusion|rearrangement)s?\b|\bpregnant (?:patient|wom[ae]n|female)|"
    r"pregnancy tests?|\bpregnant\b,? ?(?:or|and|and/or|/|,) ?(?:are |is )?(?:breast|nursing|lactat)|\bULN\b|\bLLN\b|"
    r"\b(?:mg|g|ng|mmol|µmol|umol)\s?/\s?d?L\b|mL\s?/\s?min|mm\s?Hg|\bECOG\b|Karnofsky|\d\s?%|\bHER-?2\b|"
    r"\baged?\s?[≥>]|(?:other|prior|previous|second(?:ary)?|concurrent) malignan|"
    r"(?:histo|cyto|patho)\w{0,12}[\w/, ]{0,40}(?:confirm|proven|diagnos|verif|document)|"
    r"\b(?:major|prior|recent) surgery\b.{0,60}\b(?:days?|weeks?|months?)\b",
    re.IGNORECASE,
)
"""What a chart may hold: a sentence that names it is more than a question to a person, so it is left to review."""


def read_judgement(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
    """Read a sentence as a question to a person, whole; it gives way to whatever else is read of it."""
    del lexicon
    text = part.plain[:_LONGEST]
    if _RECORDED.search(text):
        return ()
    for about, form in ABOUT:
        if form.search(text):
            rule = Asked(part.text, Reason.JUDGEMENT)
            says = f"Read as a question to a person, about {about}."
            return (Reading(ReadingKind.JUDGEMENT, rule, 0, len(part.tokens), says),)
    return ()
