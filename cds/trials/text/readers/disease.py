"""The disease that a line asks for: "histologically confirmed small cell lung cancer"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cds.core.criteria import AllOf, Asked, Reason, Section
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.reading import Part, Reading, ReadingKind
from cds.trials.text.tokens import covering

__all__ = ["read_disease"]

_LEAD = re.compile(
    r"\b(?:(?:histo|cyto|patho)\w*(?:,? ?(?:and/or|or|and|/) ?(?:histo|cyto|patho)\w*)?[\s-]{0,2}|biopsy[- ]|"
    r"tissue[- ]|microscopically[- ]){0,2}"
    r"(?:confirmed|proven|documented|verified|established)(?: (?:diagnosis|evidence|histology) of)?"
    r"|\bdiagnos(?:is|ed)(?: of| with)|\b(?:histologic(?:al)?|cytologic(?:al)?|pathologic(?:al)?|"
    r"histopathologic(?:al)?)(?:ly)?"
    r" (?:diagnosis|confirmation|documentation|evidence|proof) of",
    re.IGNORECASE,
)
_EXTENT = re.compile(
    r"\b(?:advanced|metasta\w+|stages?|recurrent|relapsed?|refractory|unresectable|resectable|inoperable|incurable|newly|untreated|"
    r"previously|early|limited|extensive|progressi\w+|persistent|localized|R/R)\b",
    re.IGNORECASE,
)
"""Words of a disease's name that its code does not tell: how far it has come, and what was done about it."""
_NOT_OWN = re.compile(
    r"\b(?:family|relatives?|first[- ]degree|suspected|suspicion|risk|without|no|not)\b", re.IGNORECASE
)


def read_disease(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
    """Read the disease that an inclusion names as confirmed or diagnosed, as far as its name goes."""
    if part.section is not Section.INCLUSION or _NOT_OWN.search(part.plain):
        return ()
    for lead in _LEAD.finditer(part.plain):
        first, behind = covering(part.tokens, *lead.span())
        found = lexicon.diseases.at(part.tokens, behind)
        if found is not None:
            says = "Read as the disease that the trial asks for."
            named = part.plain[part.tokens[first].start : part.tokens[found.behind - 1].end]
            rule = found.rule
            if _EXTENT.search(named):
                rule = AllOf((rule, Asked(f"Is it of the extent that is asked for: {named}?", Reason.NOT_COMPUTABLE)))
            return (Reading(ReadingKind.DISEASE, rule, first, found.behind, says),)
    return ()
