"""Age in years, as eligibility texts put it: at least 18 years of age, 18 to 75, patients over 65 with …."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cds.core.chart import Sex
from cds.core.criteria import Age, AllOf, Readings, Rule, SexIs
from cds.trials.text.effects import forms
from cds.trials.text.headings import asks_nothing
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.reading import Part, Reading, ReadingKind
from cds.trials.text.tokens import Token, covering

__all__ = ["read_age"]

_LOW = r"(?P<low>1[01]\d|\d{1,2})(?!\d|\.\d|\s?%)"
_HIGH = r"(?P<high>1[01]\d|\d{1,2})(?!\d|\.\d|\s?%)"
_YEARS = r"(?:[- ]?(?:years?|yrs?|y/?o|y)\b\.?(?:[- ]?(?:of[- ]age|old|age))?)"
_NOT_YEARS = r"(?!\s?(?:months?|weeks?|days?|%))"
_AGE = r"(?:\b(?:aged?|ages)\b(?: (?:of|is|must be|range|between|from)){0,3}[:,]?(?: (?:from|between))?\s?\(?)"
_AT_LEAST = (
    r"(?P<low_sign>≥|>|at least|minimum(?: age)?(?: of)?|not? younger than|older than|over|above|from|"
    r"(?:greater|more) than or equal(?: to)?|> or equal(?: to)?|equal(?: to)? or (?:greater|more|older) than|"
    r"greater than)"
)
_AT_MOST = (
    r"(?P<high_sign>≤|<|at most|not? (?:older|more) than|up to|younger than|under|below|less than or equal(?: to)?|"
    r"less than|maximum(?: age)?(?: of)?)"
)
_OLDER = r"(?:\s?(?:(?:or|and|&) (?:older|over|above|greater|more|up)|\+))"
_TO = r"\s{0,2}(?:-|to|and|through|until)\s{0,2}"

_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"between (?:the )?ages (?:of )?{_LOW}{_YEARS}?{_TO}{_HIGH}{_YEARS}?{_NOT_YEARS}",
        # 18 to 75 years; between 18 and 75 years of age; ≥ 18 and ≤ 75 years; aged 18-75
        rf"{_AGE}?(?:between (?:the ages of )?)?≥?\s{{0,3}}{_LOW}{_YEARS}?{_TO}≤?\s{{0,3}}{_HIGH}{_YEARS}",
        rf"{_AGE}(?:between )?≥?\s{{0,3}}{_LOW}{_YEARS}?{_TO}≤?\s{{0,3}}{_HIGH}{_NOT_YEARS}",
        rf"{_AGE}?{_AT_LEAST}\s{{0,3}}{_LOW}{_YEARS}?\s?(?:,|and|to|-)?\s?(?:and )?{_AT_MOST}\s{{0,3}}{_HIGH}{_YEARS}",
        # at least 18 years old; aged over 18; 18 years or older
        rf"{_AGE}?{_AT_LEAST}\s{{0,3}}(?:the age of )?{_LOW}{_YEARS}",
        rf"{_AGE}{_AT_LEAST}\s{{0,3}}{_LOW}{_NOT_YEARS}",
        rf"{_AT_LEAST} (?:the age of|age(?: of)?) {_LOW}{_NOT_YEARS}",
        rf"{_AGE}?{_LOW}{_YEARS}?,?{_OLDER}{_YEARS}?(?: (?:of|in) age)?",
        # up to 75 years; younger than 18
        rf"{_AGE}?{_AT_MOST}\s{{0,3}}(?:the age of )?{_HIGH}{_YEARS}",
        rf"{_AGE}{_AT_MOST}\s{{0,3}}{_HIGH}{_NOT_YEARS}",
        rf"{_AT_MOST} (?:the age of|age(?: of)?) {_HIGH}{_NOT_YEARS}",
    )
)
_ABOUT_AGE = re.compile(r"\b(?:aged?|ages|old|older|adults?)\b|y/?o\b", re.IGNORECASE)
_OF_SOMETHING_ELSE = re.compile(
    r"\b(?:within|prior|previous|last|past|for|ago|free|since|life|survival|smok\w*|pack|\w*menopaus\w*|amenorrh\w*|"
    r"menses|childbearing|history|interval|relatives?|family|donors?|caregivers?|diagnosed (?:at|before|under)|"
    r"years? (?:after|before|from|prior|post)|if|when|unless|except)\b",
    re.IGNORECASE,
)
"""Words beside which a number of years is hardly the patient's age, or the age is but a condition of something else."""

_IN_YEARS = re.compile(r"ye?a?rs?\b|y/?o?\b|\bage|\d\+|older", re.IGNORECASE)
"""Without any of these there is no age to look for."""
_LEGAL = re.compile(
    r"\((?:or|follow)\b[^()]{0,80}\b(?:legal|local|adult age|minimum age|regulations?|law)\b[^()]{0,100}\)",
    re.IGNORECASE,
)
"""A country's own age of consent, in brackets: it stays a question beside the age that is read."""
_LONGEST = 400
"""A sentence that states an age is short; longer ones are left to others."""
_YOUNGEST_UNNAMED = 10
"""A bare "≥ 18 years" is an age; a bare "≥ 2 years" may be any span."""


def read_age(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
    """Read an age in years of whoever takes part.

    Not how long ago something was, nor the age of somebody else or at something else, nor one on which another
    requirement depends ("patients over 16 must have …").
    """
    del lexicon
    if len(part.plain) > _LONGEST or not _IN_YEARS.search(part.plain):
        return ()
    above = part.context[-1] if part.context and not asks_nothing(part.context[-1]) else ""
    if _OF_SOMETHING_ELSE.search(f"{_LEGAL.sub('', part.plain)} {above}"):
        return ()
    found = next(filter(None, (form.search(part.plain) for form in _FORMS)), None)
    return () if found is None else _age(part, found)


def _age(part: Part, found: re.Match[str]) -> Sequence[Reading]:
    rule = _limits(found)
    first, behind = covering(part.tokens, *found.span())
    around = _around(part.tokens, first, behind)
    if rule is None or around is None:
        return ()
    last, sexes = around
    named = _ABOUT_AGE.search(part.plain) is not None
    alone = last == len(part.tokens)
    years = [int(each) for name, each in found.groupdict().items() if name in {"low", "high"} and each]
    if not named and not (alone and min(years) >= _YOUNGEST_UNNAMED):
        return ()
    if len(sexes) == 1:
        rule = AllOf((SexIs(*sexes), rule))
    return (Reading(ReadingKind.AGE, rule, 0, last, _said(found, sexes)),)


def _limits(found: re.Match[str]) -> Rule | None:
    """Give the limits in completed years. Of "older than 18" both that it takes people of 18 and that it does not."""
    told = found.groupdict()
    low, high = (int(told[name]) if told.get(name) else None for name in ("low", "high"))
    if high is not None and _sign(told.get("high_sign")) in _STRICTLY_BELOW:
        high -= 1
    if (low is not None and high is not None and low > high) or (high is not None and high < 0):
        return None
    if low is not None and _sign(told.get("low_sign")) in _STRICTLY_ABOVE:
        return Readings((Age(low, high), Age(low + 1, high))) if high is None or low < high else None
    return Age(low, high)


_STRICTLY_ABOVE = frozenset({">", "older than", "over", "above", "greater than"})
_STRICTLY_BELOW = frozenset({"<", "younger than", "under", "below", "less than"})


def _sign(text: str | None) -> str:
    return " ".join((text or "").casefold().split())


def _said(found: re.Match[str], sexes: frozenset[Sex]) -> str:
    told = found.groupdict()
    low, high = told.get("low"), told.get("high")
    least = "over" if _sign(told.get("low_sign")) in _STRICTLY_ABOVE else "at least"
    most = "under" if _sign(told.get("high_sign")) in _STRICTLY_BELOW else "at most"
    ends = " and ".join([*([f"{least} {low}"] if low else []), *([f"{most} {high}"] if high else [])])
    whom = {Sex.FEMALE: "women only, ", Sex.MALE: "men only, "}[next(iter(sexes))] if len(sexes) == 1 else ""
    return f"Read as {whom}age {ends} years."


# ------------------------------------------------------------------------------------------------ whose age, and when
_WHO = forms(
    """all the a an any each eligible adult patient subject participant individual person people volunteer must should
    shall be is are have has of who has been with age aged legal and or at time both genders gender sex either & race
    ethnicity ethnic group identity from between pre re registration only
    consenting children adolescent child inclusion minimum required for this study to trial"""
)
_SEXES = {
    **dict.fromkeys(forms("woman women female"), Sex.FEMALE),
    **dict.fromkeys(forms("man men male"), Sex.MALE),
}
_WHEN = forms(
    """at on the time day date of sign signing signed signature provide providing give giving obtain obtaining informed
    consent form icf assent screening enrollment enrolment registration randomization entry study start inclusion
    inclusive included regardless treatment visit or and are is age old year both gender sex female male any first dose
    baseline in of either document written step pre"""
)
_GOES_ON = forms("with who diagnosed undergoing having scheduled receiving planned able willing weighing")
_OTHERWISE = forms("or follow")
_NUMBERED = forms("visit day step cycle")
_DEPENDS = forms("must should shall need require required may can will eligible excluded exclude ineligible")
_SIGNS = frozenset(".,;:()[]\"'•*-–—/")


def _around(tokens: Sequence[Token], first: int, behind: int) -> tuple[int, frozenset[Sex]] | None:
    """Say how far a statement of age goes, and of whom; nothing where its words may be only part of another one."""
    before = tokens[:first]
    if any(each.form not in _WHO and each.form not in _SEXES and each.text not in _SIGNS for each in before):
        return None
    if _somebody_s_child(before):
        return None
    sexes = frozenset(_SEXES[each.form] for each in before if each.form in _SEXES)
    goes_on = behind
    while goes_on < len(tokens) and _says_when(tokens, goes_on):
        goes_on += 1
    rest = tokens[goes_on:]
    if not rest or [each.form for each in rest if each.text not in _SIGNS] == ["eligible"]:
        return len(tokens), sexes
    if rest[0].form in _OTHERWISE and tokens[goes_on - 1].text == "(":
        return behind, sexes
    if rest[0].form not in _GOES_ON or any(each.form in _DEPENDS for each in rest):
        return None
    return behind, sexes


_CHILD = forms("child children adolescent")
_HAVING = forms("have has with who of")


def _somebody_s_child(before: Sequence[Token]) -> bool:
    """Say whether the age is that of a child whom somebody has: "adults who have a child 3 years of age or older"."""
    child = next((at for at, each in enumerate(before) if each.form in _CHILD), None)
    return child is not None and any(each.form in _HAVING for each in before[:child])


def _says_when(tokens: Sequence[Token], at: int) -> bool:
    """Say whether a word only says when the age is taken; "or" in a bracket begins another age."""
    each = tokens[at]
    if each.form in _OTHERWISE and tokens[at - 1].text == "(":
        return False
    return each.form in _WHEN or each.text in _SIGNS or (each.form == "1" and tokens[at - 1].form in _NUMBERED)
