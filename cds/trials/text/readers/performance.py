"""Performance status: the ECOG grade, and the Karnofsky score that stands for one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from cds.core.criteria import PERFORMANCE_SCORES, Age, AllOf, Asked, IfThen, PerformanceStatus, Readings, Reason, Rule
from cds.core.vocabulary import Vocabulary
from cds.trials.text.effects import forms
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers.windows import days_of
from cds.trials.text.reading import Part, Reading, ReadingKind
from cds.trials.text.tokens import Sort, covering, tokens_of

__all__ = ["read_performance"]

_ECOG = (
    r"(?:\b(?:Eastern (?:Cooperative|Co-operative|Cooperate|Clinical) (?:Oncology )?Group|"
    r"Eastern Cooperative Oncology(?= \(ECOG)|ECOG|Zubrod|(?-i:WHO)|"
    r"World Health Organi[sz]ation|SWOG)\b)"
)
_STATUS = (
    r"(?:performance|PS|status|score|scale|grade|\(PS\)|\((?:Eastern Cooperative Oncology Group|ECOG)(?:[ -]PS)?\)|"
    r"\(WHO\)|of|is|that is|in|either|at study entry|must be|scores?|rating|/Zubrod|/WHO|with an?|level)"
)
_BETWEEN = r"[\s=:,-]{0,4}(?:of |a |score of |between |from |grade ){0,2}\(?"
_SIGN = (
    r"≤|<|≥|>|less than or equal(?: to)?|no (?:greater|more|worse|higher) than|at most|of at least|up to|less than|"
    r"greater than|not exceeding|better than or equal to"
)


def _grades_named(prefix: str) -> str:
    """Give the form of a grade or grades; the names of its groups begin with the prefix."""
    return (
        rf"(?:(?P<{prefix}low>[0-4])\s{{0,2}}(?:-|to|through)\s{{0,2}}(?P<{prefix}high>[0-4])"
        rf"|(?P<{prefix}listed>[0-4](?:\s?(?:,|or|and|/|, or)\s?[0-4]){{1,4}})"
        rf"|(?P<{prefix}sign>{_SIGN})\s{{0,3}}(?P<{prefix}limit>[0-5])"
        rf"|(?P<{prefix}only>[0-4])(?P<{prefix}better>,?\s?or (?:less|lower|better|below))?)"
        r"(?!\d|\.\d|%|\s?(?:-|to)\s?\d)"
    )


_PERFORMANCE = re.compile(
    # ECOG performance status of 0 or 1
    rf"(?:{_ECOG}(?:[\s,-]{{0,3}}(?:{_STATUS}|{_ECOG})){{0,8}}{_BETWEEN}{_grades_named('a_')})"
    # performance status (ECOG) 0-1
    rf"|(?:\b(?:performance status|PS)[\s,]{{0,3}}\(?(?:{_ECOG}|\(ECOG\))[^\d<>≤≥=]{{0,20}}{_grades_named('b_')}\)?)"
    # performance status 0-1 by ECOG
    rf"|(?:\b(?:performance status|PS)\s?(?:of |is |must be |score ){{0,2}}[\s=:]{{0,3}}{_grades_named('c_')}\s?"
    rf"(?:\(|on |by |per |as per |according to ){{0,2}}(?:the )?{_ECOG}"
    r"(?:\s(?:performance|status|scale|score|criteria)){0,3})",
    re.IGNORECASE,
)
_KARNOFSKY = re.compile(
    r"\b(?:Karnofsky|KPS)\b(?:[\s,-]{0,3}(?:performance|status|score|scale|index|\(KPS\)|KPS|of|is|PS|must be)){0,6}"
    r"[\s=:]{0,3}(?P<sign>≥|>|at least|greater than or equal(?: to)?|greater than|of at least|no less than|"
    r"equal(?: to)? or greater than)?\s{0,3}(?P<score>[3-9]0|100)(?!\d|\s?-)(?:\s?%)?"
    r"(?P<more> or (?:more|higher|greater|better|above))?",
    re.IGNORECASE,
)
_SCALES = re.compile(r"ECOG|Eastern|Zubrod|WHO|World|SWOG|Karnofsky|KPS", re.IGNORECASE)
_CONDITIONAL = re.compile(r"\b(?:if|unless|due to|because|provided)\b", re.IGNORECASE)
_DETERIORATING = re.compile(
    r"\b(?:decline|declining|deteriorat\w*|change|worsen\w*|improve\w*|increase\w*)\b", re.IGNORECASE
)
_NAMED = re.compile(r"ECOG|Eastern|Zubrod|SWOG|performance|\bPS\b|status", re.IGNORECASE)
"""The World Health Organization has grades of tumours too."""
_WORST = 5


def read_performance(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
    """Read an ECOG (WHO, Zubrod) grade, and Karnofsky scores as the grade they stand for.

    Not Lansky's, which is a scale for children, nor what is allowed on a condition or said of a change.
    """
    if not _SCALES.search(part.plain) or _CONDITIONAL.search(part.plain):
        return ()
    steady = _STEADY.search(part.plain)
    if steady is not None and steady.start() > 0:
        return _with_question(part, read_performance(_until(part, steady.start()), lexicon))
    if _DETERIORATING.search(part.plain):
        return ()
    found = sorted([*_ecog(part), *_karnofsky(part, lexicon.vocabulary)], key=lambda each: each.first)
    if found and _LANSKY.search(part.plain):
        return _of_adults(part, found)
    return tuple(_in_brackets_left_out(part, found))


def _in_brackets_left_out(part: Part, found: Sequence[Reading]) -> Iterable[Reading]:
    """Take a score in brackets behind a grade for what it is: the same on another scale, and not asked beside it."""
    kept: list[Reading] = []
    for each in found:
        between = part.tokens[kept[-1].behind : each.first] if kept else ()
        if between and all(token.text in {"(", "/", "["} or token.form in _THE_SAME for token in between):
            kept[-1] = replace(kept[-1], behind=each.behind, says=f"{kept[-1].says} {each.says}")
        else:
            kept.append(each)
    return kept


_THE_SAME = forms("equivalent to corresponding i.e. ie equal = is")


def _of_adults(part: Part, found: Sequence[Reading]) -> Sequence[Reading]:
    """Hold the grade against adults where Lansky's scale is named beside it for the young."""
    first = found[0].first
    covered = {place for each in found for place in range(each.first, each.behind)}
    rest = [each for place, each in enumerate(part.tokens) if place >= first and place not in covered]
    if len({each.rule for each in found}) > 1 or any(
        each.sort is Sort.WORD and each.form not in _WHOSE_SCALE for each in rest
    ):
        return ()
    children = Asked(part.text, Reason.NOT_COMPUTABLE)
    rule = IfThen(Age(at_least=_ADULT), found[0].rule, children)
    says = f"{found[0].says.removesuffix('.')}, for adults; a Lansky score is not read."
    return (Reading(ReadingKind.PERFORMANCE, rule, first, len(part.tokens), says),)


_STEADY = re.compile(
    r",?\s(?:and|with) no (?:clinically (?:significant|relevant) )?(?:deterioration|worsening|decline)\b[^;:]{0,200}$",
    re.IGNORECASE,
)


def _until(part: Part, end: int) -> Part:
    """Give the part of a sentence that stands before a place."""
    tokens = tuple(each for each in part.tokens if each.end <= end)
    return replace(part, text=part.text[:end], plain=part.plain[:end], tokens=tokens, names=())


def _with_question(part: Part, found: Sequence[Reading]) -> Sequence[Reading]:
    """Ask beside a grade that it has not become worse of late, which no record says."""
    if len(found) != 1:
        return ()
    asked = Asked(part.text, Reason.NOT_COMPUTABLE)
    return (replace(found[0], rule=AllOf((found[0].rule, asked)), behind=len(part.tokens)),)


_LANSKY = re.compile(r"\bLansky\b", re.IGNORECASE)
_ADULT = 18
_WHOSE_SCALE = forms(
    """lansky karnofsky performance play status scale score ps lps for patient participant subject who are is be of age
    aged year yr old older younger adult child children pediatric and or than greater less equal to at least under over
    must have a the if in case on level by with use used
    """
)


def _ecog(part: Part) -> Iterable[Reading]:
    for found in _PERFORMANCE.finditer(part.plain):
        grades = _grades({name[2:]: text for name, text in found.groupdict().items() if text})
        if grades is None or not _NAMED.search(found[0]):
            continue
        low, high = grades
        end, days = _measured_when(part.plain, found.end())
        says = f"Read as ECOG performance status {low}{'' if low == high else f' to {high}'}."
        rule = PerformanceStatus(high, low, days)
        yield Reading(ReadingKind.PERFORMANCE, rule, *covering(part.tokens, found.start(), end), says)


_WHEN = re.compile(
    r"(?:\s?\((?:see |refer to |per )?appendix [\w.]{1,5}\))?"
    r"(?:,?\s?(?:as )?(?:assessed|measured|determined|documented|evaluated|performed|obtained)?\s?"
    r"within (?P<number>\d{1,2}) (?P<unit>day|week)s? "
    r"(?:prior to|before|of|from|preceding) (?P<what>[\w ,]{3,80}))?[\s.;]{0,3}$",
    re.IGNORECASE,
)
_STARTS = forms(
    """the a of to study trial drug treatment therapy intervention first dose dosing start starting initiation
    initiating beginning enrollment enrolment registration randomization screening signing informed consent cycle day
    entry or and allocation inclusion protocol sub date"""
)


def _measured_when(text: str, end: int) -> tuple[int, int | None]:
    """Say how far a statement goes with what it says of an appendix and of when the status is measured, in days."""
    found = _WHEN.match(text, end)
    if found is None or found.end() == end:
        return end, None
    if not found["number"]:
        return found.end(), None
    if any(each.form not in _STARTS for each in tokens_of(found["what"]) if each.sort is Sort.WORD):
        return end, None
    return found.end(), days_of(found["number"], found["unit"])


def _grades(told: dict[str, str]) -> tuple[int, int] | None:
    match told:
        case {"low": low, "high": high}:
            return (int(low), int(high)) if low < high else None
        case {"listed": listed}:
            grades = sorted({int(each) for each in re.findall(r"\d", listed)})
            return (grades[0], grades[-1]) if grades == list(range(grades[0], grades[-1] + 1)) else None
        case {"sign": sign, "limit": limit}:
            return _limited(" ".join(sign.casefold().split()), int(limit))
        case {"only": only}:
            return (0 if told.get("better") else int(only), int(only))
        case _:
            return None


_AT_MOST = frozenset(
    {"≤", "less than or equal", "less than or equal to", "at most", "up to", "not exceeding", "better than or equal to"}
)


def _limited(sign: str, limit: int) -> tuple[int, int] | None:
    if sign in _AT_MOST or sign.startswith("no "):
        return 0, limit
    if sign in {"<", "less than"}:
        return (0, limit - 1) if limit else None
    if sign in {">", "greater than"}:
        return (limit + 1, _WORST) if limit < _WORST else None
    return limit, _WORST


def _karnofsky(part: Part, vocabulary: Vocabulary) -> Iterable[Reading]:
    for found in _KARNOFSKY.finditer(part.plain):
        if not found["sign"] and not found["more"]:
            continue
        strict = " ".join((found["sign"] or "").casefold().split()) in {">", "greater than"}
        score = int(found["score"]) + (10 if strict else 0)
        rule = _as_grades(score, vocabulary)
        if rule is not None:
            says = f"Read as Karnofsky score {score} or more, as the ECOG grades it stands for."
            yield Reading(ReadingKind.PERFORMANCE, rule, *covering(part.tokens, *found.span()), says)


def _as_grades(score: int, vocabulary: Vocabulary) -> Rule | None:
    """Give a Karnofsky score or more as ECOG grades by the tables' crosswalk; nothing where no grade is surely so good.

    Sure are the grades that no lower score stands for, possible those up to the worst the score itself may stand for.
    """
    ecog, karnofsky = PERFORMANCE_SCORES
    steps = [each for each in vocabulary.crosswalks if (each.source, each.target) == (karnofsky, ecog)]
    lower = [each.target_low for each in steps if each.source_high < score]
    own = [each.target_high for each in steps if each.source_low <= score <= each.source_high]
    sure = int(min(lower)) - 1 if lower else -1
    if not own or sure < 0:
        return None
    grades = dict.fromkeys((sure, int(max(own))))
    rules = tuple(PerformanceStatus(each) for each in grades)
    return rules[0] if len(rules) == 1 else Readings(rules)
