"""What a sentence with limits says beside them: whether any of it may turn them round, or hold them for some only."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cds.core.criteria import Section
from cds.trials.text.readers.claims import Claim, NotPlainError
from cds.trials.text.reading import Part

__all__ = ["check_rest"]


_DEMANDED = re.compile(r"\b(?:must|should|shall|required)\b", re.IGNORECASE)


_TURNED = re.compile(r"\b(?:excluded|ineligible|not eligible|not allowed|not permitted|prohibited)\b", re.IGNORECASE)


_FOR_SOME = re.compile(
    r"\b(?:if|unless|except\w*|when|where|whose|who|only|cohorts?|arms?|phase|part [A-D\d]|males?|females?|"
    r"women|men|child\w*|populations?|races?|racial|ethnic\w*|ancestry|black|african\w*|asian\w*|"
    r"p(?:a)?ediatric\w*|adults?|age[ds]?|however|but|may|allow\w*|accept\w*|eligible|permit\w*|provided|regardless|"
    r"in (?:the )?(?:patients?|subjects?|participants?|those|cases?|setting|presence|absence|event|context)|"
    r"for (?:patients?|subjects?|participants?|those|the|all|any|cohort|arm|adults|children)|"
    r"(?:patients?|subjects?|participants?|individuals|those) (?:with|in|on|who|receiving|undergoing|"
    r"treated|without|taking|using|\w+ing)|"
    r"absence of|not (?:receiving|taking|on)|diagnosis|nadir|(?<!days )(?<!weeks )(?<!months )(?:prior|"
    r"before)|previous|history|taking|receiving|results? in|"
    r"with(?:out)? (?:[\w-]+ ){0,2}(?:metasta\w+|involvement|disease|syndrome|cancer|tumou?rs?|Gilbert\S*)|"
    r"or|otherwise|versus|either|years?|months? (?:old|of age)|defined by|risk|stage|score|criteria|group|"
    r"stratum|day \d|cycle)\b",
    re.IGNORECASE,
)


_LETS_IN = re.compile(
    r"\b(?:is|are|be|if) (?:permitted|allowed|eligible|acceptable|included)\b|"
    r"\bmay (?:enrol|participate|be (?:enrolled|included))",
    re.IGNORECASE,
)
_REMARK = re.compile(
    r"\W*(?:notes?|nb|n\.b|if|when|where|in case|for example|e\.g|they|these|those|such)\b", re.IGNORECASE
)
"""How a sentence begins that speaks of some, or of what the one before has said."""


_HARMLESS = re.compile(
    r"(?:\b(?:all|the) )?(?:\b(?:patients?|subjects?|participants?|individuals|they) )?"
    r"(?:\b(?:must|should|shall|will|with|have|has|had|an?|the|adequate|acceptable|documented|baseline)\b ?){1,4}$",
    re.IGNORECASE,
)


_JOINING = re.compile(r"^\W{0,6}(?:and/or|or|and)\W{0,6}$", re.IGNORECASE)
"""An "or" by itself that joins a line to its neighbour: it stays left over, and offers another way."""


def check_rest(part: Part, clauses: Sequence[Claim]) -> None:
    """Refuse a sentence whose other words may say that a limit holds for some only, or in the other direction."""
    plain = part.plain
    turned = bool(_TURNED.search(plain))
    forbids = part.section is Section.EXCLUSION
    if turned or (forbids and (_DEMANDED.search(plain) or _LETS_IN.search(plain))):
        raise NotPlainError
    if _REMARK.match(plain) and clauses[0].start > 0:
        raise NotPlainError
    places = [0, *(place for each in clauses for place in (each.start, each.end)), len(plain)]
    gaps = [_JOINING.sub(" ", plain[start:end]) for start, end in zip(places[::2], places[1::2], strict=True)]
    if not forbids and any(
        _FOR_SOME.search(_HARMLESS.sub(" ", _without_joint(gap, inner=0 < at < len(gaps) - 1)))
        for at, gap in enumerate(gaps)
    ):
        raise NotPlainError
    if any(re.search(r"\d\s*(?:x|×|\*)?\s*(?:U|L)LN|[<>≤≥]", gap) for gap in gaps):
        raise NotPlainError


def _without_joint(gap: str, *, inner: bool) -> str:
    """Leave out the "or" and "and" between two clauses, which joins them."""
    return re.sub(r"^[\s,;)\]]*(?:and|or|and/or)\b", " ", gap, flags=re.IGNORECASE) if inner else gap
