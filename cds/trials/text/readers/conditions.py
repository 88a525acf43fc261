"""Diagnoses beside the tumour: "history of interstitial lung disease", "stroke within 6 months", "active tuberculosis".

What is named counts as the patient's own unless the words say whose, or what of it, it is. How bad, how treated or how
stable is not read: those words are left over, so that they keep open what they ask.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cds.core.criteria import HasCondition
from cds.core.vocabulary import ConceptKind
from cds.trials.text.lexicon import Lexicon, Named
from cds.trials.text.readers.windows import window_behind
from cds.trials.text.reading import Part, Reading, ReadingKind
from cds.trials.text.tokens import covering

__all__ = ["read_conditions"]

_BEFORE = re.compile(
    r"(?:\b(?:family history|risk|risks|risk factors?|predispos\w+|prophylaxis|prevention|treatments?|therapy|"
    r"treated|treat|treats|prevent|manage|"
    r"prior to|before|after|since|following|vaccin\w+|"
    r"screen(?:ing|ed)?|test(?:s|ed|ing)?|testing|assay|antibod\w+|due|secondary|related|attribut\w+|caused|"
    r"causing|resulting|result|symptoms?|signs?|suspicio\w+|"
    r"suspected|possible|potential|evaluat\w+|assess\w+|monitor\w+|exclude|rule out|resistan\w+|because|grade|"
    r"defin\w+|"
    r"other than|than|except\w*|unless|excluding|but|medications?|drugs?|agents?|induced|from)\b"
    r"(?: (?:of|for|to|by|with|from|in|the|a|an|any|any|is|are|on|against)\b){0,3}|\banti-?|\bnon-?|\bpre-?|"
    r"\bpost-?)\s*$",
    re.IGNORECASE,
)
"""What stands before a name where it is not the patient's own diagnosis."""
_BEHIND = re.compile(
    r"\)?[\s-]{0,2}(?:surface|core|anti-?viral|directed|reactivation|carriers?|antigens?|antibod\w+|DNA|RNA|"
    r"viral load|virus (?:DNA|RNA)|tests?\b|testing|"
    r"serolog\w+|status|vaccin\w+|immuni[sz]ation|"
    r"screen\w*|related|associated|induced|risk|prophyla\w+|medications?|therap\w+|treatments?|infected partners?|"
    r"like|negative|"
    r"nurse|specialists?|clinic|trials?|protocol|scores?|surgery|class|grade|panel|carrier|ribonucleic|"
    r"deoxyribonucleic)",
    re.IGNORECASE,
)
_WHOM = re.compile(
    r"[\s-]{0,2}(?:infected|positive|seropositive|affected)[\s-]{1,2}(?:adult )?"
    r"(?:patients?|participants?|subjects?|individuals|persons?|people|women|men)\b",
    re.IGNORECASE,
)
"""Those who have it: what follows is asked of them, and nobody is asked to have it."""
_OF_THE_NERVES = frozenset(
    ("cns-metastasis", "brain-metastasis", "leptomeningeal-disease", "meningeal-metastasis", "spinal-cord-metastasis")
)
"""They stay listed as active when they are treated and silent, which "active" does not mean."""
_ACTIVE = re.compile(
    r"\b(?:active|current|currently active|ongoing|presently active|currently)\s*(?:known |or chronic )?$",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:prior|previous|past|personal|medical|any|known|a|an|the|history of|history)\s*$", re.IGNORECASE
)
_FAR = 60
"""So far before a name at most the words stand that go with it."""
_JOINT = re.compile(
    r"\s*(?:,|/|;)?\s*(?:\(\w{1,6}\),?\s*)?(?:or|and/or|,)?\s*(?:(?:a|an|any|the|other|known|history of|prior|"
    r"other forms of)\s+){0,3}",
    re.IGNORECASE,
)
_BRACKET = re.compile(r"\s?\([A-Z][\w-]{0,7}\)")


def read_conditions(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
    """Read the diagnoses that a sentence names as the patient's own."""
    named = [each for each in part.names if _condition(each, lexicon)]
    if not named:
        return ()
    return tuple(_reading(run, part, lexicon) for run in _runs(_own(named, part), part))


def _condition(named: Named, lexicon: Lexicon) -> str:
    """Give the one condition a name stands for; nothing where it may stand for something else."""
    kinds = [each for each in named.concepts if lexicon.vocabulary.concepts[each].kind is ConceptKind.CONDITION]
    if _READ_ELSEWHERE.intersection(kinds):
        return ""
    return kinds[0] if len(kinds) == 1 == len(named.concepts) else ""


_READ_ELSEWHERE = frozenset({"pregnancy", "pregnancy-ended", "lactation", "no-childbearing-potential"})
"""States of a time, which are no diagnoses: a pregnancy of years ago is none of today."""


def _own(named: Sequence[Named], part: Part) -> Iterator[Named]:
    for each in named:
        start, end = part.tokens[each.first].start, _end(each, part)
        if _BEFORE.search(part.plain[max(0, start - 60) : start]) or _BEHIND.match(part.plain, end):
            continue
        if _WHOM.match(part.plain, end):
            continue
        if not ("active-infection" in each.concepts and _WITH_WHAT.match(part.plain, end)):
            yield each


_WITH_WHAT = re.compile(r"\s*\(?(?:with|by|of|due to|caused by|including|such as|e\.?g)\b", re.IGNORECASE)
"""Behind "active infection": what infection is meant, so that not every one is."""
_TESTED = frozenset({"hepatitis-b", "hepatitis-c", "chronic-hepatitis-b", "chronic-hepatitis-c", "hiv-infection"})
"""Infections of which a test, and no entry of a problem list, says whether they are active."""


def _runs(named: Iterator[Named], part: Part) -> Iterator[list[Named]]:
    """Give the names that are joined by commas and "or" together: a window behind the last holds for all."""
    run: list[Named] = []
    for each in named:
        if run and not _JOINT.fullmatch(part.plain[_end(run[-1], part) : part.tokens[each.first].start]):
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _end(named: Named, part: Part) -> int:
    end = part.tokens[named.behind - 1].end
    bracket = _BRACKET.match(part.plain, end)
    return bracket.end() if bracket else end


def _before(words: re.Pattern[str], part: Part, start: int) -> re.Match[str] | None:
    return words.search(part.plain, max(0, start - _FAR), start)


def _reading(run: Sequence[Named], part: Part, lexicon: Lexicon) -> Reading:
    start, end = part.tokens[run[0].first].start, _end(run[-1], part)
    concepts = tuple(dict.fromkeys(_condition(each, lexicon) for each in run))
    lead = (
        None
        if (_TESTED | _OF_THE_NERVES).intersection(concepts)
        else _ACTIVE.search(part.plain, max(0, start - _FAR), start)
    )
    is_active = lead is not None or part.tokens[run[0].first].form == "active"
    while lead or (lead := _before(_PAST, part, start)):
        start, lead = lead.start(), None
    days, end = window_behind(part.plain, end)
    first, behind = covering(part.tokens, start, end)
    rule = HasCondition(concepts, active=is_active and days is None, within_days=days)
    names = " or ".join(lexicon.vocabulary.display(each) for each in concepts)
    told = f"Read as {names}{', active' if rule.active else ''}{f', begun within {days} days' if days else ''}."
    return Reading(ReadingKind.CONDITION, rule, first, behind, told)
