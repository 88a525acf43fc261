"""Who is pregnant or breastfeeds, where a sentence names that alone: "Pregnant or breastfeeding women".

A test or status outweighs the problem list, as in the curated trials: from 61 years on, and in men, it does not occur.
What is planned, agreed to, or asked of those who could become pregnant is left.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cds.core.chart import Sex
from cds.core.criteria import Age, AllOf, AnyOf, Asked, HasCondition, Measured, Rule, Section, SexIs
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers.presence import PRESENT
from cds.trials.text.reading import Part, Reading, ReadingKind
from cds.trials.text.tokens import covering

__all__ = ["FROM_AGE", "read_pregnancy"]

_WHO = (
    r"(?:(?:female |adult )?(?:patients?|participants?|subjects?|individuals?|persons?|people|women|woman|females?|"
    r"mothers?)(?: of (?:child[- ]?bearing|reproductive) (?:potential|age))?(?: patients?| participants?| subjects?)?)"
)
_PREGNANT = r"(?:pregnant|pregnancy)"
_NURSING = (
    r"(?:(?:is |are )?(?:(?:currently|actively) )?(?:breast[- ]?feeding|nursing|lactating|lactation)"
    r"(?: \((?:breast[- ]?feeding|nursing|lactating)\)| an? (?:child|infant))?)"
)
_JOIN = r"(?: ?, ?| ?/ ?| (?:and|or|and ?/ ?or) ?| ?, (?:and|or) )"
_FORM = re.compile(
    rf"(?:(?:any |all |an? )?{_WHO}(?: only)?[:,]? (?:(?:who|that) )?)?(?:(?:is|are|be) )?"
    rf"(?:(?:currently|known to be) )?(?P<first>{_PREGNANT}|{_NURSING})(?: {_WHO})?"
    rf"(?P<rest>(?:{_JOIN}(?:{_PREGNANT}|{_NURSING})(?: {_WHO})?){{0,3}})",
    re.IGNORECASE,
)
FROM_AGE = 61
"""Years from which the curated trials take a pregnancy not to occur."""
_LONGEST_PREGNANCY = 301


def read_pregnancy(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
    """Read a sentence that begins with these words, "not" or "must not be" before them left to others."""
    if part.section is Section.EXCLUSION and _DISCONTINUED.fullmatch(part.plain):
        return _going_on(part, lexicon)
    lead = _LEAD.match(part.plain)
    found = _FORM.match(part.plain, lead.end() if lead else 0)
    rest = _BEHIND.match(part.plain, found.end()) if found else None
    if found is None or rest is None:
        return ()
    told = found["first"] + found["rest"]
    rules = tuple(
        rule
        for words, concepts, rule in (("pregnan", _TESTS, _pregnant()), ("breast|nurs|lactat", _FEEDING, _nursing()))
        if re.search(words, told, re.IGNORECASE) and all(each in lexicon.vocabulary.concepts for each in concepts)
    )
    if not rules:
        return ()
    state = rules[0] if len(rules) == 1 else AnyOf(rules)
    first, behind = covering(part.tokens, found.start(), rest.end())
    rule = AllOf((SexIs(Sex.FEMALE), Age(at_most=FROM_AGE - 1), state))
    says = "Read as a woman up to 60 years old who is pregnant or breastfeeds, whichever the words name."
    return (Reading(ReadingKind.PREGNANCY, rule, first, behind, says),)


def _going_on(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
    """Read "because …, breastfeeding should be discontinued": who breastfeeds is asked whether she will go on."""
    if any(each not in lexicon.vocabulary.concepts for each in _FEEDING):
        return ()
    rule = AllOf((SexIs(Sex.FEMALE), Age(at_most=FROM_AGE - 1), _nursing(), Asked("Will she go on breastfeeding?")))
    says = "Read as a woman up to 60 years old who breastfeeds and will go on, which a person must ask."
    return (Reading(ReadingKind.PREGNANCY, rule, 0, len(part.tokens), says),)


_DISCONTINUED = re.compile(
    r"because there (?:is|are|may be) [^.;]{0,400}\bbreast[- ]?feeding (?:should|must) be discontinued"
    r"[^.;]{0,200}[.;\s]*",
    re.IGNORECASE,
)
_LEAD = re.compile(
    rf"(?:{_WHO} )?(?:(?:must|should|may|will|can) ?not be |(?:is|are) not (?:be )?|not |no )(?:currently )?",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"(?:,? (?:at (?:the )?(?:time of )?(?:study )?(?:screening|enrol{1,2}ment|entry|registration|baseline)))?"
    r"(?:,? (?:are|is|will be|should be|must be) (?:excluded|ineligible|not eligible)"
    r"(?: (?:from|for) (?:this|the) (?:study|trial|protocol))?)?"
    r"(?:,? (?:because|due to|given) [^.;]{0,600})?[\s.;,]*$",
    re.IGNORECASE,
)
"""What may follow: when, that they are excluded, and why, which asks nothing more."""
_TESTS = ("pregnancy-test", "pregnancy-status", "pregnancy")
_FEEDING = ("breastfeeding-status", "lactation")


def _pregnant() -> Rule:
    recorded = HasCondition(("pregnancy",), active=True, listed=True, within_days=_LONGEST_PREGNANCY)
    return AnyOf((Measured(("pregnancy-test", "pregnancy-status"), low=PRESENT), recorded))


def _nursing() -> Rule:
    recorded = HasCondition(("lactation",), active=True, listed=True)
    return AnyOf((Measured(("breastfeeding-status",), low=PRESENT), recorded))
