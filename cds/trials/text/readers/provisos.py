"""For whom another limit holds: "if liver metastases are present", "in patients with Gilbert's syndrome".

What a proviso says becomes a rule where the tables can express it, and a question where they cannot. Either way both
limits are tried where it is not known (DESIGN law 7).
"""

from __future__ import annotations

import re

from cds.core.chart import Sex
from cds.core.criteria import Asked, Exposed, HasCondition, Reason, Rule, SexIs

__all__ = ["BEHIND", "INTO", "allowance_at", "proviso_of", "unhelped_at"]

_WHOM = (
    r"(?:(?:the |all |any |those |these )?(?:patients?|participants?|subjects?|individuals|people|persons?|"
    r"those)\b ?)"
)
BEHIND = re.compile(
    rf"\s*[,(\[]?\s*(?:(?:is|are|will be) (?:allowed|permitted|acceptable) )?"
    rf"(?P<lead>if|when|where|in the (?:case|presence|setting|event|context) of|in case of|with|due to|"
    rf"(?:for|in|among) {_WHOM}?(?:with|who have|who are|that have|having|on|receiving|whose)?|for|in)\s+"
    r"(?P<what>[^.;:<>≤≥]{3,140}?)\s*(?=[)\].;:]|$|,? or (?:≤|<|≥|>)|, ?$|\((?:[a-z]{3,12} )?within \d)",
    re.IGNORECASE,
)
"""A proviso behind a limit: it ends with its bracket, or with the sentence."""
INTO = re.compile(
    rf"[\s,;(\[]*(?:or |and |but |then |except(?:ion)?(?:s)?(?: for| in| of| that| if)? |unless |however,? |"
    rf"note:? |with the exception of )*"
    rf"(?:(?P<lead>if|when|where|in the (?:case|presence|setting|event) of|in case of|with|"
    rf"(?:for|in|among)(?: {_WHOM}?(?:with|who have|having)?)?|{_WHOM}(?:with|who have|having)|unless) ?)?"
    r"(?P<what>[^.;<>≤≥]{3,140}?)"
    r"[\s,:)\]]*(?:\b(?:it|they|this|these|then|who|which|for whom|where|in which case|must|should|may|can|"
    r"is|are|be|have|has|a|an|the|total|serum|"
    r"up to|allowed|eligible|permitted|acceptable|must be|value|values|level|levels|limit|with|AST|ALT|and|"
    r"or|bilirubin|of)\b[\s,:/(]*){0,10}",
    re.IGNORECASE,
)
"""A proviso before its limit, from the limit before it: "… (if liver metastases are present, ≤ 5 × ULN)"."""
_LEADING = re.compile(
    rf"^(?:(?:{_WHOM}|known or suspected|suspected|with|who have|who has|whose|have|has|having|a|an|the|any|"
    rf"of|known|documented|confirmed|proven|active|"
    r"presence|evidence|diagnosis|history|existing|underlying|there (?:is|are)|secondary to|due to|"
    r"serologically|metastatic|"
    r"elevat\w+|attributable|to|subject|patient|participant|is|are|been|diagnosed|concurrent|baseline)\b[\s:'’/-]*)+",
    re.IGNORECASE,
)
_TRAILING = re.compile(
    r"(?:[\s,]+(?:are|is|were|present|exists?|at|baseline|screening|study|entry|disease|known|documented|"
    r"confirmed|who|"
    r"considered|patients?|participants?|subjects?|only|may|be|enrolled|in|the|have|has|must|should|can|cohort))+$",
    re.IGNORECASE,
)
_KNOWN: tuple[tuple[re.Pattern[str], Rule], ...] = (
    (
        re.compile(
            r"(?:liver|hepatic) (?:metasta(?:s[ei]s|tic disease|tic)|mets)|metastas[ei]s (?:to|in|of) the liver",
            re.IGNORECASE,
        ),
        HasCondition(("liver-metastasis",), active=True),
    ),
    (
        re.compile(r"(?:bone|bony|skeletal|osseous) (?:metastas[ei]s|mets)", re.IGNORECASE),
        HasCondition(("bone-metastasis",), active=True),
    ),
    (
        re.compile(
            r"(?:liver|hepatic) (?:and/or|or|and) bone (?:metastas[ei]s)|bone (?:and/or|or) liver (?:metastas[ei]s)",
            re.IGNORECASE,
        ),
        HasCondition(("liver-metastasis", "bone-metastasis"), active=True),
    ),
    (
        re.compile(r"(?:familial )?Gilbert(?:'s|s| s)?(?:[ -](?:syndrome|disease))?", re.IGNORECASE),
        HasCondition(("gilbert-syndrome",)),
    ),
    (
        re.compile(
            r"(?:(?:receiving|on|taking|using|treated with|stable|therapeutic|oral|systemic|dose|doses|"
            r"full|of|ongoing|"
            r"concurrent|use|therapy with|treatment with) )*(?:anti-?coagulants?|anti-?coagulation)"
            r"(?: (?:therapy|treatment|medications?))?",
            re.IGNORECASE,
        ),
        Exposed(("anticoagulant",), ongoing=True),
    ),
    (re.compile(r"(?:males?|men)(?: patients?| participants?| subjects?)?", re.IGNORECASE), SexIs(Sex.MALE)),
    (re.compile(r"(?:females?|women)(?: patients?| participants?| subjects?)?", re.IGNORECASE), SexIs(Sex.FEMALE)),
)
_HELP = (
    r"(?:transfusions?|transfused|growth factors?|G-?CSF|GM-?CSF|filgrastim|colony[- ]stimulating|"
    r"erythropoie\w+|EPO|platelet support|"
    r"blood products?|haematopoietic support|hematopoietic support|supportive care)"
)
_ALLOWANCE = re.compile(
    rf"\s*\((?![^()]*\b(?:no|not|without|unless|except|more than|less than|"
    rf"at least)\b)[^()<>≤≥\d]{{0,60}}{_HELP}[^()<>≤≥\d]{{0,60}}"
    r"\b(?:allowed|permitted|acceptable|ok|okay)\b[^()<>≤≥\d]{0,60}\)",
    re.IGNORECASE,
)
_NOT_HELPED = re.compile(
    r"[\s,;(\[]*(?P<what>(?:without|independent of|in the absence of|(?:with|after|and) no|no|"
    r"not requiring|unsupported by|not supported by|un-?transfused|"
    r"transfusion[- ]independent)\b[^;<>()\[\]]{0,160})(?:\([^()<>]{0,80}\))?[\])\s.;]*$",
    re.IGNORECASE,
)
"""That a result was reached without help: a transfusion, a growth factor; to the end of the sentence."""
_OF_HELP = re.compile(rf"\b{_HELP}|transfusion[- ]independent|un-?transfused", re.IGNORECASE)


def allowance_at(plain: str, place: int) -> int:
    """Give where a remark ends that help is allowed to reach a limit, which asks nothing; else its place."""
    found = _ALLOWANCE.match(plain, place)
    return found.end() if found else place


def unhelped_at(plain: str, place: int) -> re.Match[str] | None:
    """Give the words behind a limit that ask that it be reached without help."""
    found = _NOT_HELPED.match(plain, place)
    return found if found and _OF_HELP.search(found["what"]) else None


_NEGATIVE = re.compile(r"\b(?:no|not|without|absence|absent|free|unless|never|non|neither|other)\b", re.IGNORECASE)


def proviso_of(text: str) -> Rule | None:
    """Give what a proviso says; nothing where it is negative or says nothing."""
    told = " ".join(text.split()).strip(" ,;:()[]")
    if _NEGATIVE.search(told) or not re.search(r"[A-Za-z]{2}", told):
        return None
    short = _TRAILING.sub("", _LEADING.sub("", told))
    for form, rule in _KNOWN:
        if form.fullmatch(short):
            return rule
    return Asked(f"Does this hold of the patient: {told}?", Reason.NOT_COMPUTABLE)
