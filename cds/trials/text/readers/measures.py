"""Limits of what is measured: "ANC ≥ 1500/mm3", "AST and ALT ≤ 2.5 × ULN (≤ 5 × ULN if liver metastases)".

A sentence is cut at its limits. Each belongs to what is named before it; one with no name before it belongs to the
same thing under a proviso, or is the other end of a range. Words that say for whom a limit holds must be understood, or
nothing of the sentence is read: a limit for some, taken for one of all, would shut the others out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from cds.core.chart import Sex
from cds.core.criteria import Asked, Section, SexIs
from cds.core.limits import Against
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers.analytes import Mention, iter_concepts, mentions_in
from cds.trials.text.readers.bounds import Bound, bounds_in
from cds.trials.text.readers.claim_rules import reading_of
from cds.trials.text.readers.claims import (
    Claim,
    NotPlainError,
    bracket_closed,
    share_windows,
    take_around,
    take_help,
    take_whom,
    take_window,
    take_window_above,
)
from cds.trials.text.readers.provisos import BEHIND, INTO, proviso_of
from cds.trials.text.readers.remainders import check_rest
from cds.trials.text.readers.ways import as_ways
from cds.trials.text.reading import Part, Reading

__all__ = ["read_measures"]

_ONE = Fraction(1)
_LONGEST = 1500
"""Sentences of more characters are not read: what is for whom in them is not plain."""


def read_measures(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
    """Read the limits of a sentence; all of them, or none."""
    if len(part.text) > _LONGEST:
        return ()
    mentions = mentions_in(part, lexicon)
    if not mentions:
        return ()
    try:
        clauses = _clauses(part, mentions) or _normal(part, mentions)
        _share(clauses)
        take_help(part, clauses)
        take_whom(part, clauses)
        check_rest(part, clauses)
        share_windows(clauses)
        take_window_above(part, clauses)
        readings = tuple(reading_of(each, part, lexicon) for each in clauses)
        return readings if part.section is Section.EXCLUSION else as_ways(readings, clauses, part.plain)
    except NotPlainError:
        return ()


def _clauses(part: Part, mentions: Sequence[Mention]) -> list[Claim]:
    claims, behind = list[Claim](), 0
    for bound in bounds_in(part.plain):
        if bound.start >= behind:
            named = [each for each in mentions if behind <= each.start and each.end <= bound.start]
            behind = _taken(claims, _nearest(named, bound, part.plain), bound, behind, part)
    for claim in claims:
        take_window(claim, part.plain)
    if claims:
        take_around(claims, part.plain)
    return claims


def _taken(claims: list[Claim], near: tuple[Mention, ...], bound: Bound, behind: int, part: Part) -> int:
    """Give a limit to what is named before it, or to the claim before; give where it ends."""
    plain = part.plain
    if not near or (claims and _is_other_way(claims[-1], near, bound, plain)):
        if not claims:
            raise NotPlainError
        _add(claims[-1], bound, plain[behind : near[0].start if near else bound.start], plain)
        return _proviso_behind(claims[-1], bound, part)
    claim = _new_clause(near, bound, plain)
    if claims and _is_echo(claims[-1], claim, plain[behind : claim.start]):
        claims[-1].end = bracket_closed(plain, behind, bound.end)
        return claims[-1].end
    claims.append(claim)
    return _proviso_behind(claim, bound, part)


def _share(claims: Sequence[Claim]) -> None:
    """Tell the claims before one with an exception that it may be meant for them too."""
    for claim, before in pairwise(reversed(claims)):
        told, here = before.bounds[0], claim.bounds[0]
        if (told.low, told.value, told.against, told.units) == (here.low, here.value, here.against, here.units):
            before.perhaps = [] if before.provisos else [*claim.provisos, *claim.perhaps]
    for claim in claims[:-1]:
        claim.perhaps_unless = claims[-1].unless


def _nearest(named: Sequence[Mention], bound: Bound, plain: str) -> tuple[Mention, ...]:
    """Give the run of names that ends at a limit; names before it that do not belong to the run are nobody's."""
    run: list[Mention] = []
    behind = bound.start
    for each in reversed(named):
        between = plain[each.end : behind]
        if not (_FILLER if not run else _JOINER).fullmatch(between):
            break
        run.insert(0, each)
        behind = each.start
    return tuple(run)


_FILLER = re.compile(
    r"(?:[\s:,=\-()\[\]*]|\b(?:counts?|levels?|values?|concentrations?|serum|plasma|blood|is|are|was|were|"
    r"of|must|should|shall|be|have|has|"
    r"a|an|the|total|ratio|rate|activity|each|both|results?|tests?|interval|measured|calculated|estimated|"
    r"defined|as|will|at|screening|baseline|function|fasting|absolute|resting|peripheral|granulocytes?|"
    r"by|using|per|with|via|Cockcroft|Gault|Cockroft|CKD|EPI|MDRD|formula|equation|method|Fridericia's?|"
    r"Bazett's?|Frederica's|"
    r"ECG|echocardiogra(?:m|phy)|ECHO|MUGA|scan|or|MDRD|24|hour|urine|collection|room|air|on|prolongation|"
    r"prolonged|to|"
    r"correction|corrected|calculation|"
    r"e[A-Z][A-Za-z]{1,6}|(?!(?:If|When|Where|For|In|With|Without|Unless|Not|No|Must|Only|Cohort|Arm|"
    r"Part)\b)[A-Z][A-Za-z0-9+]{0,9})\b){0,40}"
)


_JOINER = re.compile(
    r"(?:[\s()\[\],/;&+=-]|\b(?:and/or|and|or|both|either|plus|as|well|serum|levels?|the|must|count|counts|"
    r"calculated|measured|estimated|"
    r"total|[A-Z]{2,5})\b){0,14}"
)


def _new_clause(run: tuple[Mention, ...], bound: Bound, plain: str) -> Claim:
    between = [plain[one.end : other.start] for one, other in pairwise(run) if one.concepts != other.concepts]
    either = any(re.search(r"\bor\b|/", each, re.IGNORECASE) for each in between)
    return Claim(run, either, [bound], run[0].start, bound.end)


def _is_other_way(before: Claim, near: tuple[Mention, ...], bound: Bound, plain: str) -> bool:
    """Say whether a limit names the same thing again, for whom another holds: "(or total bilirubin ≤ 3 mg/dL if …)"."""
    same = tuple(iter_concepts(near)) == tuple(iter_concepts(before.mentions))
    between = plain[before.end : near[0].start]
    return (
        same
        and bound.low is before.bounds[0].low
        and bool(_OR.fullmatch(between))
        and bool(BEHIND.match(plain, bound.end))
    )


_ECHO = re.compile(
    r"(?:\s*\((?:using |by |per )?(?:the )?(?:Cockcroft|Cockroft|MDRD|CKD)[^()<>≤≥\d]{0,40}\))?"
    r"[\s,(\[]*(?:or )?(?:for|in|if|when|where|only if|in case of)(?: the)?(?: (?:patients?|participants?|"
    r"subjects?|those|individuals))?"
    r"(?: with| who have| whose| having)?(?: an?| the)?(?: baseline| elevated)?[\s(]*",
    re.IGNORECASE,
)


def _is_echo(before: Claim, clause: Claim, between: str) -> bool:
    """Say whether a limit only says when the one before it is looked at: "… for those with creatinine > 1.5 × ULN"."""
    if not _ECHO.fullmatch(between):
        return False
    return (
        clause.bounds[0].low is (not before.bounds[0].low) or clause.mentions[0].concepts != before.mentions[0].concepts
    )


def _add(clause: Claim, bound: Bound, between: str, plain: str) -> None:
    """Add a limit that nothing is named before: the other end of a range, or one under a proviso."""
    first = clause.bounds[0]
    if _RANGE.fullmatch(between) and bound.low is not first.low and len(clause.bounds) == 1 and not clause.provisos:
        clause.bounds.append(bound)
        return
    if bound.low is not first.low:
        raise NotPlainError
    if (own := _OF_ONE_SEX.fullmatch(between)) and (other := _OF_ONE_SEX.match(plain, bound.end)):
        _by_sex(clause, bound, own, other)
        return
    if _FOR_SOME_THEN.match(between) or _BRACKETED.match(between):
        raise NotPlainError
    if _OR.fullmatch(between) and (found := BEHIND.match(plain, bound.end)):
        rule = proviso_of(found["what"] if found["lead"].casefold() not in {"on", "receiving"} else found[0])
    elif into := INTO.fullmatch(between):
        rule = proviso_of(into["what"])
        led = into["lead"] or _EXCEPT.match(between)
        rule = None if not led and isinstance(rule, Asked) else rule
    else:
        rule = None
    if rule is None or (isinstance(rule, Asked) and _ANOTHER_WAY.search(rule.question)):
        raise NotPlainError
    clause.provisos.append((rule, bound))


_ANOTHER_WAY = re.compile(r"\bor (?:with|at|as|if|when|unless|after)\b", re.IGNORECASE)
"""A second way in behind a proviso: "≤ 3 if due to X, or with the sponsor's approval" has no limit on that way."""


_OF_ONE_SEX = re.compile(
    r"\s*[(\[,]?\s*(?:(?:in|for) )?(?:adult )?(?P<sex>females?|women|males?|men)(?: patients| participants|"
    r" subjects)?"
    r"\s*[)\],;]*\s*(?:and|or|/|;)?[\s(]*",
    re.IGNORECASE,
)


_FOR_SOME_THEN = re.compile(r"\s*(?:in|for|with|without|if)\b", re.IGNORECASE)


_BRACKETED = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")
"""A proviso right behind the limit before: what follows is then one for others, and not the exception."""


def _by_sex(clause: Claim, bound: Bound, own: re.Match[str], other: re.Match[str]) -> None:
    """Take two limits of which each is for one sex."""
    here, there = (each["sex"].casefold()[0] in "fw" for each in (own, other))
    if here is there or clause.provisos or len(clause.bounds) > 1:
        raise NotPlainError
    clause.provisos.append((SexIs(Sex.FEMALE if there else Sex.MALE), bound))


_EXCEPT = re.compile(r"[\s,;(\[]*(?:or |but )?(?:except|unless|with the exception)", re.IGNORECASE)


_RANGE = re.compile(r"\s*(?:,|and|but|to|-)?\s*", re.IGNORECASE)


_OR = re.compile(r"[\s,;(\[]*(?:or|and|but)?[\s(\[]*", re.IGNORECASE)


def _proviso_behind(clause: Claim, bound: Bound, part: Part) -> int:
    """Cover what says for whom the last limit holds, and its brackets; give where the clause ends."""
    plain, end = part.plain, bound.end
    if clause.provisos and clause.provisos[-1][1] is bound:
        found = (_OF_ONE_SEX if isinstance(clause.provisos[-1][0], SexIs) else BEHIND).match(plain, end)
        end = found.end() if found else _ALLOWED.match(plain, end).end()  # type: ignore[union-attr] # it may be empty
    elif unless := _UNLESS.match(plain, end):
        rule = proviso_of(unless["what"])
        if rule is None or plain[unless.end() :].strip(" .)];"):
            return _end(clause, bracket_closed(plain, clause.start, end))
        clause.unless, end = rule, unless.end()
    return _end(clause, bracket_closed(plain, clause.start, end))


_ALLOWED = re.compile(
    r"(?:\s*(?:(?:is|are|will be|may be|would be)\s)?(?:allowed|acceptable|permitted|eligible)(?=\s*(?:[)\].;]|$)))?",
    re.IGNORECASE,
)


def _end(clause: Claim, end: int) -> int:
    clause.end = end
    return end


_UNLESS = re.compile(
    r"\s*[,;(\[]?\s*(?:unless|except(?:ion)?(?:s)?(?: for| in| of| if)?|with the exception of|"
    r"excluding)\s+(?P<what>[^.;:<>≤≥\d]{3,160}?)\s*(?=[)\].;:]|$)",
    re.IGNORECASE,
)


_IS_NORMAL = re.compile(
    r"[\s:,=-]*(?:(?:is|are|must be|should be|levels?|count|values?|counts)\s+){0,3}"
    r"(?:within (?:the )?(?:institutional |institution'?s? |local |laboratory )?(?:normal|reference) "
    r"(?:institutional |laboratory )?(?:limits?|ranges?)(?: \(WNL\))?(?: of (?:the )?(?:institution|"
    r"laboratory))?|WNL)\b",
    re.IGNORECASE,
)


def _normal(part: Part, mentions: Sequence[Mention]) -> list[Claim]:
    """Read "bilirubin within normal limits", where it is the only thing the sentence says of results."""
    for found in _IS_NORMAL.finditer(part.plain):
        low, high = (
            Bound(low, inclusive=True, value=_ONE, against=against, units=(), start=found.start(), end=found.end())
            for low, against in ((True, Against.LLN), (False, Against.ULN))
        )
        run = _nearest([each for each in mentions if each.end <= found.start()], high, part.plain)
        if run:
            claim = _new_clause(run, high, part.plain)
            claim.bounds.append(low)
            take_window(claim, part.plain)
            return [claim]
    raise NotPlainError
