"""What the words do that no reader covers: nothing, narrow, except, offer another way, or turn the sentence round.

Only words on a short list do nothing. Everything that is not known narrows, so that what was read is never the whole.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from cds.trials.text.tokens import Sort, Token, tokens_of

__all__ = ["EXAMPLES", "Effect", "effects_of", "forms"]


class Effect(enum.Enum):
    """What left-over words do to what was read of a sentence.

    *Narrows*: more is asked than was read. *Excepts*: it holds with exceptions. *Or*: something else will do as well.
    *Denies*: the statement is turned round. *Shuts out*: whom it describes is excluded, whatever the section says.
    *Demands*: it is a requirement, whatever the section says.
    """

    NARROWS = "narrows"
    EXCEPTS = "excepts"
    OR = "or"
    DENIES = "denies"
    SHUTS_OUT = "shuts-out"
    DEMANDS = "demands"


def forms(words: str) -> frozenset[str]:
    """Give words in the form they are compared in."""
    return frozenset(each.form for each in tokens_of(words))


_NOTHING = forms(
    """a an the of with any all in at on by to for from as per and be is are was been being has have had having who whom
    that which this these those their his her patient subject participant individual person people adult
    known documented documentation evidence history following criteria criterion study trial defined below above listed
    time enrollment enrolment screening registration baseline randomization entry inclusion i.e. ie also
    must be able meet status level value result least measured assessed determined according based using
    obtained performed note diagnosis diagnosed presence present its it they he she each both laboratory serum
    blood plasma local institutional institution standard g"""
)
_SIGNS_OF_NOTHING = frozenset(".,;:()[]\"'•*-–—‐#%†‡&")
_EXCEPTS = forms(
    """unless except exception excepting excluding however provided if when where allowed allowable permitted acceptable
    eligible may but although though despite regardless waived exempt otherwise instead whether apart other than"""
)
EXAMPLES = forms("including include such eg e like namely example")
"""Words that name examples: of what was read, they say nothing; where only the example was read, more is meant."""
_OR = forms("or / alternatively") | EXAMPLES
_DENIES = forms(
    """no not without never none neither nor absence absent free negative cannot lack lacking non denies unwilling
    unable refuse refuses refusal decline don't doesn't isn't haven't hasn't"""
)
_SHUTS_OUT = (
    re.compile(r"\b(?:is|are|will be|should be|must be) (?:excluded|ineligible)\b", re.IGNORECASE),
    re.compile(
        r"\b(?:is|are|will|would) not (?:be )?(?:eligible|allowed|permitted|included|enrolled)\b", re.IGNORECASE
    ),
    re.compile(r"(?<!\bnot )(?<!\bnot be )\b(?:excluded|ineligible|prohibited|exclusionary)\W*$", re.IGNORECASE),
)
_DEMANDS = re.compile(
    r"\W*(?:(?:all|the) )?(?:(?:female|male|adult|eligible) )?"
    r"(?:patients?|participants?|subjects?|individuals?|women|men|females?|males?|they)?\s*"
    r"(?:(?:must|should|shall|may not|can ?not|will not|(?:are|is) required to|needs? to)\b)"
    r"(?! (?:not )?be (?:eligible|allowed|included|enrolled|permitted|excluded|ineligible))",
    re.IGNORECASE,
)
"""A requirement of whoever takes part; not "patients who must …"."""


def effects_of(left_over: Iterable[Sequence[Token]], text: str) -> frozenset[Effect]:
    """Say what the tokens do that are left over, stretch by stretch, of a sentence or heading with this text."""
    shut_out, demands = _turned_by(text)
    found = {
        effect
        for stretch in left_over
        for at, each in enumerate(stretch)
        if not _pairs(stretch, at) and (effect := _effect(each, shut_out=shut_out))
    }
    if shut_out:
        found.add(Effect.SHUTS_OUT)
    if demands:
        found.add(Effect.DEMANDS)
    return frozenset(found)


@lru_cache(maxsize=32)
def _turned_by(text: str) -> tuple[bool, bool]:
    """Say whether a text shuts out, and whether it demands; a sentence is asked several times while it is read."""
    return any(form.search(text) for form in _SHUTS_OUT), _DEMANDS.match(text) is not None


_PAIRED = forms(
    """advanced metastatic recurrent unresectable relapsed refractory inoperable incurable local locoregional persistent
    neoadjuvant adjuvant abdominal pelvic"""
)


def _pairs(stretch: Sequence[Token], at: int) -> bool:
    """Say whether an "or" only joins two words that narrow the same thing: "for advanced or metastatic disease"."""
    around = stretch[at - 1 : at + 2] if at else ()
    return stretch[at].text in {"or", "/"} and len(around) > 2 and {around[0].form, around[2].form} <= _PAIRED  # noqa: PLR2004 - one on each side


_SHUTTING_OUT = forms(
    "excluded ineligible prohibited exclusionary will not eligible allowed permitted included enrolled"
)


def _effect(token: Token, *, shut_out: bool) -> Effect | None:
    if shut_out and token.form in _SHUTTING_OUT:
        return None
    if token.form in _OR:
        return Effect.OR
    if token.sort is Sort.SIGN:
        return None if token.text in _SIGNS_OF_NOTHING else Effect.NARROWS
    for words, effect in ((_DENIES, Effect.DENIES), (_EXCEPTS, Effect.EXCEPTS)):
        if token.form in words:
            return effect
    return None if token.form in _NOTHING else Effect.NARROWS
