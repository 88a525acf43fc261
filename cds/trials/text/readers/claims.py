"""What a sentence claims of results: what is named, its limits, for whom they hold, and what stands around them.

Words around a limit ask nothing (whose function it tells of, by which method it is measured), or say when and for whom
it holds; these are taken as a window or as a question. What does neither is left for the sentence to be judged by.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cds.core.criteria import Asked, Reason, Rule, Section
from cds.trials.text.readers.analytes import Mention
from cds.trials.text.readers.bounds import Bound
from cds.trials.text.readers.provisos import allowance_at, unhelped_at
from cds.trials.text.readers.whom import whom_before, whom_behind, whom_of
from cds.trials.text.readers.windows import days_of, span, windows_in
from cds.trials.text.reading import Part

__all__ = [
    "Claim",
    "NotPlainError",
    "bracket_closed",
    "share_windows",
    "take_around",
    "take_help",
    "take_whom",
    "take_window",
    "take_window_above",
]


@dataclass(slots=True)
class Claim:
    """What is named, its limits, and from where to where in the text.

    ``provisos`` are other limits under a condition, ``unless`` an exception; ``perhaps`` and ``perhaps_unless`` those
    of a later claim of the sentence, which may be meant for this one too.
    """

    mentions: tuple[Mention, ...]
    either: bool
    bounds: list[Bound]
    start: int
    end: int
    provisos: list[tuple[Rule, Bound]] = field(default_factory=list)
    perhaps: list[tuple[Rule, Bound]] = field(default_factory=list)
    unless: Rule | None = None
    perhaps_unless: Rule | None = None
    window: int | None = None
    whom: Rule | None = None
    also: Rule | None = None


class NotPlainError(Exception):
    """It is not plain what belongs to what."""


def bracket_closed(plain: str, start: int, end: int) -> int:
    """Give where the brackets close that were opened since ``start``, if they do so at once."""
    opened = plain.count("(", start, end) - plain.count(")", start, end)
    while opened > 0 and (closing := re.compile(r"\s?\)").match(plain, end)):
        end, opened = closing.end(), opened - 1
    return end


def take_window(clause: Claim, plain: str) -> None:
    """Take the time within which a test counts, where it stands right behind the limit."""
    if found := _WINDOW.match(plain, clause.end):
        clause.window = days_of(found["number"], found["unit"])
        clause.end = bracket_closed(plain, clause.end, found.end())
        return
    told = plain[clause.end : clause.end + 200]
    window = next(iter(windows_in(told)), None)
    if window is not None and _TESTED.fullmatch(told, 0, window.start) and window.half_lives is None:
        clause.window = window.days
        clause.end = bracket_closed(plain, clause.end, clause.end + window.end)


def take_window_above(part: Part, claims: Iterable[Claim]) -> None:
    """Take the time within which tests count from the nearest heading that names one.

    An exclusion of a longer time looks back over all results of it, which no rule of the newest one tells, whether the
    heading says so or the sentence.
    """
    told = list(claims)
    for heading in reversed(part.context):
        days = [each.days for each in windows_in(heading) if each.half_lives is None] or _days_in(heading)
        if days:
            looks_back = max(days) > _RECENT
            for claim in told:
                claim.window = min(days) if claim.window is None else claim.window
            break
    else:
        looks_back = False
    if part.section is Section.EXCLUSION and (looks_back or any((each.window or 0) > _RECENT for each in told)):
        raise NotPlainError


def _days_in(heading: str) -> list[int]:
    """Give the days within which a heading has tests done, whatever they are counted from."""
    return [days_of(each["number"], each["unit"]) for each in _WITHIN.finditer(heading)]


_WITHIN = re.compile(
    r"(?:within|≤|<=|=<|no more than|not more than|in the|during(?: the)?)\s{0,2}(?:the )?"
    r"(?:last |past |previous |prior )?" + span("number", "unit"),
    re.IGNORECASE,
)


def share_windows(claims: Sequence[Claim]) -> None:
    """Take the time at the end of a sentence for all results in it: at worst one is too old, and settles nothing."""
    if claims and claims[-1].window is not None:
        for claim in claims:
            claim.window = claim.window or claims[-1].window


_RECENT = 31
_WINDOW = re.compile(
    r"[\s,;]*\((?:must be |to be |specimens must be collected |drawn |labs? )?"
    r"(?:obtained|performed|determined|assessed|measured|tested|drawn|done|collected|"
    r"documented)? ?(?:within|≤|<=|no more than|not more than)\s{0,3}"
    r"(?P<number>\d{1,3}) (?P<unit>days|weeks)(?: of| prior to| before| from|"
    r" preceding)(?: the)?(?: start of| first| date of| initiation of| time of)*"
    r"(?: (?!(?:and|or|with|without|no|not|if|except|but|after|following)\b|"
    r"unless (?!otherwise\b))[A-Za-z0-9/-]{1,32}){1,10}\)",
    re.IGNORECASE,
)
"""A window in brackets of its own, whatever it counts back from: all of it is before the first dose."""


_TESTED = re.compile(
    r"[\s,(\[;]*(?:(?:as )?(?:obtained|performed|determined|assessed|measured|tested|drawn|done|collected|"
    r"documented)? ?)?[\s(]*",
    re.IGNORECASE,
)


def take_around(clauses: Sequence[Claim], plain: str) -> None:
    """Take what stands around limits and asks nothing: whose function they tell of, by which method it is measured."""
    if _ORGAN.fullmatch(plain[: clauses[0].start]):
        clauses[0].start = 0
    for clause, following in zip(clauses, (*clauses[1:], None), strict=True):
        limit = following.start if following else len(plain)
        method = _METHOD.match(plain, clause.end, limit)
        if method is None or method[0].count("(") != method[0].count(")"):
            method = _FORMULA.match(plain, clause.end, limit)
        clause.end = method.end() if method else clause.end
        take_window(clause, plain)
        clause.end = allowance_at(plain, clause.end)


_ORGAN = re.compile(
    r"\W*(?:\b(?:all |the )?(?:patients?|participants?|subjects?) (?:must |should )?have |must have |has )?"
    r"(?:(?:evidence of )?(?:adequate|acceptable|normal|sufficient|good|preserved)\s)?"
    r"(?:(?:bone|marrow|organ|ha?ematologic(?:al)?|ha?ematology|ha?emopoietic|hepatic|liver|renal|kidney|"
    r"cardiac|heart|pulmonary|lung|"
    r"coagulation|blood|clotting|system|end|and|or|&|/|laboratory|baseline|left ventricular|metabolic|"
    r"nutritional|immune)[\s,]{1,2}){1,6}"
    r"(?:(?:function(?:ing|s)?|reserve|parameters?|status|values?|tests?|counts?|criteria|results|profile|"
    r"indices|capacity)\s?){0,3}"
    r"(?:,? ?(?:is |are )?(?:as |be )?(?:defined|evidenced|demonstrated|determined|indicated|documented|"
    r"measured|assessed|shown|"
    r"confirmed|with|specified)?(?: below)?(?: as|"
    r" by)?(?: the)?(?: following)?(?: all of the following)?)[\s:,;()-]*",
    re.IGNORECASE,
)


_METHOD = re.compile(
    r"[\s,]*\(?(?:as |is |are |when )?(?:calculated|estimated|measured|assessed|determined|evaluated|"
    r"obtained|based|documented|confirmed)?"
    r" ?(?:according to|by|using|per|with|on|via|from|at|in)\b"
    r"(?:[\s,/'()-]|\b(?:the|an?|either|of|or|and|modified|standard|institutional|institution|local|"
    r"practice|laboratory|normal|"
    r"Cockcroft|Cockroft|Gault|CKD|EPI|MDRD|Chronic|Kidney|Disease|Epidemiology|Collaboration|Modification|"
    r"Diet|Renal|formula|"
    r"equation|method|calculation|correction|s|Fridericia|Fredericia|Bazett|screening|baseline|ECG|EKG|"
    r"electrocardiogram|"
    r"echocardiogra(?:m|phy)|transthoracic|ECHO|MUGA|multi-?gated|multiple|gated|acquisition|scan|cardiac|"
    r"radionuclide|"
    r"ventriculography|24|hour|hr|h|urine|collection|room|air|ambient|pulse|oximetry|study|entry|time|"
    r"screen|enrol{1,2}ment|"
    r"registration|randomi[sz]ation|consent|2021|2009|central|lab|test|tests|testing|validated|algorithm|"
    r"direct|calculating|"
    r"most|recent|results?|scans|triplicates?|mean|average|averaged|readings?|following|"
    r"creatinine|clearance|collected|serum|standards?|guidelines?|assessment|peripheral|blood)\b){1,40}\)?"
    r"(?=\s*(?:$|[.;,)]|and\b|or\b|within\b|\())",
    re.IGNORECASE,
)


_FORMULA = re.compile(
    r"[\s,]*\((?:(?:measured or |estimated or )?(?:calculated |estimated )?(?:with|using|by|per|via) )?(?:the |a )?"
    r"(?:modified )?(?:Cockcroft|Cockroft|Cockgroft|MDRD|CKD[ -]EPI|Fridericia|Fredericia|Bazett)(?:'s)?"
    r"(?:[ -]{1,2}(?:and|Gault|formula|equation|method|formulae|calculation|correction|2021|2009)){0,4}\)",
    re.IGNORECASE,
)
"""An equation in brackets of its own."""


def take_help(part: Part, clauses: Sequence[Claim]) -> None:
    """Take at the end of a requirement that it be met without transfusion or growth factor, as its own question."""
    last = clauses[-1]
    found = unhelped_at(part.plain, last.end)
    if found is None:
        return
    if part.section is Section.EXCLUSION:
        raise NotPlainError
    last.also = Asked(f"Was the result reached so: {found['what'].strip()}?", Reason.NOT_COMPUTABLE)
    last.end = found.end()


def take_whom(part: Part, clauses: Sequence[Claim]) -> None:
    """Take what stands before a colon and says for whom or when all limits hold: a question they then hang on."""
    first = clauses[0]
    if part.section is Section.INCLUSION and len(clauses) == 1 and (whom := whom_before(part.plain[: first.start])):
        first.whom, first.start = whom, 0
        return
    if part.section is Section.INCLUSION and len(clauses) == 1 and (behind := whom_behind(part.plain, first.end)):
        first.whom, first.end = behind
        return
    found = _WHOM.match(part.plain[: first.start])
    if (
        found is None
        or _AT_ENTRY.fullmatch(found["whom"].strip(" ()"))
        or _ORGAN.fullmatch(found["whom"])
        or _TELLS_OF.search(found["whom"])
    ):
        if found and _AT_ENTRY.fullmatch(found["whom"].strip(" ()")) and not found["rest"].strip(" (*-"):
            first.start = 0
        return
    if part.section is Section.EXCLUSION or found["rest"].strip(" (*-") or len(clauses) > 1:
        raise NotPlainError
    first.whom = whom_of(found["whom"])
    first.start = 0


_WHOM = re.compile(r"\W*(?P<whom>[A-Za-z][^:<>≤≥]{2,120}):[\s(]*(?P<rest>[^:<>≤≥]{0,60})$")


_AT_ENTRY = re.compile(
    r"\W*(?:(?:pre-?)?registration|enrol{1,2}ment|screening|baseline|step [0I1]+ registration|"
    r"laborator(?:y|ies)|labs?|inclusion|other|"
    r"criteria|values?|parameters?|blood|counts?|tests?|function|h(?:a)?ematolog\w+|chemistry|coagulation|biochemistry|hepatic|renal|liver|kidney|[()]|and|/|,|\s)+",
    re.IGNORECASE,
)


_TELLS_OF = re.compile(
    r"\b(?:function|criteria|values?|following|defined|counts?|reserve|parameters?|laborator\w+|tests?|"
    r"status|include|includes|including|"
    r"requirements?|results?|evidenced|by)\W*$",
    re.IGNORECASE,
)
