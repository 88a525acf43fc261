"""Whether men or women take part."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cds.core.chart import Sex
from cds.core.criteria import AnyOf, Rule, SexIs
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.reading import Part, Reading, ReadingKind

__all__ = ["read_sex"]

_LONGEST = 120
_SEX = re.compile(
    r"\W{0,4}(?:(?:all|adult|eligible|patients? (?:must be|are|is)|participants? (?:must be|are)|"
    r"subjects? (?:must be|are)|sex|gender)\b[\s:,]{0,4}){0,4}"
    r"(?P<sex>females?|women|woman|males?|men|man)\b"
    r"(?P<other>\s?(?:or|and|/|&)\s?(?:females?|women|males?|men|non-?pregnant females?))?"
    r"(?:\s(?:patients?|participants?|subjects?|sex|only|gender)){0,3}\W{0,4}",
    re.IGNORECASE,
)


def read_sex(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
    """Read a sentence that says whether men or women take part, and nothing else; not a heading."""
    del lexicon
    found = _SEX.fullmatch(part.plain) if len(part.plain) <= _LONGEST else None
    if found is None or part.plain.rstrip().endswith(":"):
        return ()
    rule: Rule
    if found["other"]:
        rule, says = AnyOf((SexIs(Sex.MALE), SexIs(Sex.FEMALE))), "Read as men and women alike."
    elif found["sex"].casefold()[0] in "fw":
        rule, says = SexIs(Sex.FEMALE), "Read as women only."
    else:
        rule, says = SexIs(Sex.MALE), "Read as men only."
    return (Reading(ReadingKind.SEX, rule, 0, len(part.tokens), says),)
