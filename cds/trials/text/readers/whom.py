"""For whom a limit holds by the words before it: "For those with liver metastases, …", "Patients ≥ 18 years must have".

What is said so must hold of nobody else: the limit hangs on it, and shuts out none of whom it does not speak.
"""

from __future__ import annotations

import re

from cds.core.criteria import Age, Asked, Not, Reason, Rule
from cds.trials.text.readers.provisos import proviso_of

__all__ = ["whom_before", "whom_behind", "whom_of"]

_PEOPLE = r"(?:(?:the |all |any |those )?(?:patients?|participants?|subjects?|individuals|those)\b ?)"
_HAVE = r"(?:,|,? (?:must|should|need to|are required to|will) (?:have|be|show|demonstrate))"
_LIMITED = r"(?:\s(?:an?|the|their|serum|total|baseline|documented)\b){0,3}\s*"
_WITH = re.compile(
    rf"\W{{0,4}}(?:(?:for|in|among|if) )?(?P<whom>(?:{_PEOPLE}(?:with|who have|having|receiving|on|taking|not)|"
    rf"(?<=if )(?!not\b)\w+) [^:;.,<>≤≥()]{{3,80}}?){_HAVE}{_LIMITED}",
    re.IGNORECASE,
)
_OF_AGE = re.compile(
    rf"\W{{0,4}}(?:(?:for|in) )?{_PEOPLE}(?:who are )?(?:aged? )?(?P<sign>[≥<]|under|younger than) ?"
    rf"(?P<years>\d{{1,2}}) "
    rf"(?:years|yrs)(?: of age| old)?{_HAVE}{_LIMITED}",
    re.IGNORECASE,
)
_LEAD = re.compile(r"\W*(?:for|in|among|if)\s+", re.IGNORECASE)
_NOT_ON = re.compile(
    rf"{_PEOPLE}?(?:who are |that are )?not (?P<what>(?:receiving|on|taking|treated with) .+)", re.IGNORECASE
)


def whom_before(text: str) -> Rule | None:
    """Say of whom a limit holds that these words stand before; nothing where they do not say it for sure."""
    if aged := _OF_AGE.fullmatch(text):
        years = int(aged["years"])
        return Age(years) if aged["sign"] == "≥" else Age(at_most=years - 1)
    found = _WITH.fullmatch(text)
    return whom_of(found["whom"]) if found else None


_BEHIND = re.compile(
    rf"\s*[,(\[]?\s*(?P<whom>(?:if|in case of|in the presence of|(?:for|in|among) {_PEOPLE}(?:with|who have|having)) "
    r"[^:;.,<>≤≥()]{3,80}?)\s*[)\]]?[\s.;]*",
    re.IGNORECASE,
)


def whom_behind(text: str, place: int) -> tuple[Rule, int] | None:
    """Say of whom a limit holds that ends at a place, and where that ends; nothing where the text says more."""
    found = _BEHIND.fullmatch(text, place)
    return (
        (whom_of(found["whom"].removeprefix("in the presence of ").removeprefix("in case of ")), found.end())
        if found
        else None
    )


def whom_of(text: str) -> Rule:
    """Give what a patient is of whom a limit holds: as a rule where the tables have it, or as a question."""
    told = _LEAD.sub("", text.strip())
    rule = proviso_of(told)
    if rule is not None and not isinstance(rule, Asked):
        return rule
    if (absent := _NOT_ON.fullmatch(told)) and not isinstance(rule := proviso_of(absent["what"]), Asked | None):
        return Not(rule)
    return Asked(f"Does this concern the patient now: {text.strip()}?", Reason.NOT_COMPUTABLE)
