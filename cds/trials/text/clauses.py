"""Parts of a sentence that only say when or for whom the rest holds: "if …", "for patients with …", "Women … must".

What stands in such a part is no statement about whoever takes part, so nothing that was read there is asked of them;
the rest of the sentence then holds for some patients only, and no one can be turned away by it.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cds.trials.text.effects import EXAMPLES, Effect, effects_of, forms
from cds.trials.text.reading import Part, Reading
from cds.trials.text.tokens import Sort, Token

__all__ = ["Main", "Verb", "behind_colon", "elaborates", "explains", "main_clause", "without_examples"]


class Verb(enum.Enum):
    """What the sentence does with whom it describes: says it of them, or lets them in although they are so."""

    STATES = "states"
    ALLOWS = "allows"


@dataclass(frozen=True, slots=True)
class Main:
    """The readings of the main clause, the stretches of words around them, and what else the sentence does.

    ``conditional``: it holds for some patients, or in some circumstances, only.
    """

    readings: tuple[Reading, ...]
    gaps: tuple[tuple[Token, ...], ...]
    conditional: bool
    verb: Verb


def main_clause(part: Part, readings: Sequence[Reading]) -> Main | None:
    """Leave out what stands in a condition; nothing where no reading stays, or it is not plain what depends on what."""
    covered = _covered(part, readings)
    aside = [*_asides(part.tokens, covered)]
    subject = _subject(part, readings, covered)
    if subject is None:
        return None
    if subject:
        aside.append((0, subject))
    left_out = {place for first, behind in aside for place in range(first, behind)}
    kept = tuple(each for each in readings if each.first not in left_out)
    if not kept:
        return None
    return Main(kept, _gaps(part.tokens, kept, left_out), bool(aside), _verb(part, kept))


def _covered(part: Part, readings: Sequence[Reading]) -> list[bool]:
    covered = [False] * len(part.tokens)
    for each in readings:
        covered[each.first : each.behind] = [True] * (each.behind - each.first)
    return covered


def _gaps(tokens: Sequence[Token], readings: Sequence[Reading], left_out: set[int]) -> tuple[tuple[Token, ...], ...]:
    ends = [0, *(each.behind for each in readings)]
    starts = [*(each.first for each in readings), len(tokens)]
    return tuple(
        tuple(tokens[place] for place in range(end, start) if place not in left_out)
        for end, start in zip(ends, starts, strict=True)
    )


# ------------------------------------------------------------------------------------------------------- if, for whom
_IF = forms("if when where whenever unless except exception excepting excluding provided other although though")
_FOR = forms("for in among amongst")
_PEOPLE = forms(
    """patient participant subject woman man female male individual person people those adult child children adolescent
    volunteer anyone"""
)
_BETWEEN = forms("the all any those such only adult pediatric female male eligible")
_ENDS = frozenset(",;:)]")
_FAR = 4


def _asides(tokens: Sequence[Token], covered: Sequence[bool]) -> list[tuple[int, int]]:
    """Give the stretches that hold a condition, from its first word to the comma, bracket or end that closes it."""
    found: list[tuple[int, int]] = []
    place = 0
    while place < len(tokens):
        if covered[place] or not _begins(tokens, place):
            place += 1
            continue
        behind = _end(tokens, place, at_start=not any(covered[:place]))
        found.append((place, behind))
        place = behind
    return found


def _begins(tokens: Sequence[Token], place: int) -> bool:
    form = tokens[place].form
    if form in _IF:
        return True
    if form not in _FOR:
        return False
    ahead = [each.form for each in tokens[place + 1 : place + 1 + _FAR]]
    who = next((at for at, each in enumerate(ahead) if each in _PEOPLE), None)
    if who is None or any(each not in _BETWEEN | _PEOPLE for each in ahead[:who]):
        return False
    behind = place + 2 + who
    particular = any(each in _PEOPLE - _EVERYBODY or each in _BETWEEN - _EVERYBODY for each in ahead[: who + 1])
    return particular or (behind < len(tokens) and tokens[behind].text not in _CLOSING)


_CLOSING = frozenset(".;:,)]")


def _end(tokens: Sequence[Token], first: int, *, at_start: bool) -> int:
    depth = 0
    for place in range(first, len(tokens)):
        text = tokens[place].text
        if text in "([":
            depth += 1
        elif text in ")]":
            if depth == 0:
                return place
            depth -= 1
        elif depth == 0 and (text in ";:" or (at_start and text == ",")):
            return place
    return len(tokens)


# ------------------------------------------------------------------------------------------------- who must, and what
_MODAL = forms("must should shall need require required will")
_EVERYBODY = forms(
    """the all any each every eligible potential a an patient participant subject individual person people volunteer
    candidate they he she who that it study trial and or also in this on at prior to enrollment enrolled entry have has
    note please of"""
)
_BE = forms("be present have been documented confirmed available excluded ineligible")


def _subject(part: Part, readings: Sequence[Reading], covered: Sequence[bool]) -> int | None:
    """Say where the subject of "must" ends if it is not everybody (0 if it is); nothing where "must" follows all.

    "Patients with HIV must have …" asks something of those with HIV; "HIV must be controlled" asks something that was
    not read.
    """
    modal = next((at for at, each in enumerate(part.tokens) if each.form in _MODAL and not covered[at]), None)
    if modal is None:
        return 0
    before = [each for each in readings if each.first < modal]
    words = [each for at, each in enumerate(part.tokens[:modal]) if not covered[at] and each.sort is not Sort.SIGN]
    if not before and all(each.form in _EVERYBODY for each in words):
        return 0
    if any(each.first > modal for each in readings):
        return modal
    rest = [each for at, each in enumerate(part.tokens) if at > modal and not covered[at]]
    return 0 if before and all(each.form in _BE or each.sort is Sort.SIGN for each in rest) else None


# -------------------------------------------------------------------------------------------- allowed although they are
_ALLOWED = re.compile(
    r"\b(?:are|is|will be|may be|can be|remain|be) (?:also |still |potentially |considered )?"
    r"(?:allowed|permitted|eligible|acceptable|permissible|included|enrolled)\b"
    r"|\b(?:may|can) (?:also |still )?(?:be |enrol|participate|have|join|receive|continue)"
    r"|\b(?:allowed|permitted|acceptable)\b",
    re.IGNORECASE,
)


def _verb(part: Part, readings: Sequence[Reading]) -> Verb:
    found = next((each for each in _ALLOWED.finditer(part.text) if not _in_brackets(part.text, each.start())), None)
    if found is None:
        return Verb.STATES
    inside = any(part.tokens[each.first].start <= found.start() < part.tokens[each.behind - 1].end for each in readings)
    return Verb.STATES if inside else Verb.ALLOWS


def _in_brackets(text: str, place: int) -> bool:
    """Say whether a place lies in brackets: a permission there is a remark on what stands before them."""
    before = text[:place]
    return before.count("(") + before.count("[") > before.count(")") + before.count("]")


_ELABORATING = re.compile(
    r"\W{0,3}(?:notes?\b|nb\b|exceptions?\b|examples?\b|for example\b|e\.g\.|however\b|this\b|these\b|including\b|"
    r"except\b|unless\b)",
    re.IGNORECASE,
)
_REMARKS = re.compile(r"\W{0,3}if (?:a|the) (?:urine |serum )?(?:pregnancy )?(?:test|result)\b", re.IGNORECASE)
"""How a test is repeated: whatever is demanded there is demanded of the test alone."""
_DEMANDING = forms("must should shall need require required not no exclude excluded ineligible prohibited without")


def elaborates(part: Part) -> bool:
    """Say whether a sentence only explains the one before it, or lets some in: it asks and forbids nothing itself."""
    if _REMARKS.match(part.text):
        return True
    if any(each.form in _DEMANDING for each in part.tokens):
        return False
    return _ELABORATING.match(part.text) is not None or _ALLOWED.search(part.text) is not None


_WHO_IS_LEFT_OUT = (
    r"(?:children|minors|adolescents|pa?ediatric (?:patients|participants|subjects)|"
    r"(?:patients|participants|subjects|persons|those|individuals) (?:<|under|younger than|below) ?(?:the age of )?18"
    r"(?: years?(?: of age| old)?)?)(?: (?:and|or) (?:children|minors|adolescents))?"
    r" (?:are|is|will be) excluded from (?:this|the) (?:study|trial|protocol)"
    r"(?:,? but (?:will|may) be eligible for future pa?ediatric (?:[\w-]{1,20} ){0,4}(?:trials?|study|studies)"
    r"(?:,? if applicable)?)?"
)
_EXPLAINS = (
    re.compile(rf"\W*(?:(?:because|as|since)\b[^.;]{{1,300}}, )?{_WHO_IS_LEFT_OUT}\W*", re.IGNORECASE),
    re.compile(
        r"\W*(?:furthermore, |moreover, )?(?:no|there (?:are|is) no) (?:reliable |sufficient )?dosing (?:or|and) "
        r"adverse event data (?:are|is) (?:currently )?available\b"
        r"(?:(?!\b(?:must|should|excluded|eligible)\b).){0,300}",
        re.IGNORECASE,
    ),
    re.compile(
        r"\W*(?:please )?(?:(?:see|refer to|per|cf\.?)(?: also)? )?(?:the )?(?:protocol )?(?:appendix|section|table|"
        r"attachment) ?[\w.]{1,8}\W*",
        re.IGNORECASE,
    ),
    re.compile(
        r"\W*(?:both (?:men and women|women and men|males and females|genders|sexes)|"
        r"(?:men and women|members) of all (?:races and )?ethnic (?:groups|backgrounds))"
        r"(?:,? (?:and|of) (?:members of )?all races and ethnic (?:groups|backgrounds))?"
        r" (?:are|will be) (?:included|eligible|enrolled)(?: (?:for|in) this (?:study|trial))?\W*",
        re.IGNORECASE,
    ),
)
_LONGEST_EXPLANATION = 500


def explains(part: Part) -> bool:
    """Say whether a sentence asks nothing: why children are left out, where a scale is printed, that both sexes may.

    That those under 18 are left out is asked of an age already, wherever this is said behind it.
    """
    return len(part.plain) <= _LONGEST_EXPLANATION and any(each.fullmatch(part.plain) for each in _EXPLAINS)


def without_examples(stretch: Sequence[Token]) -> tuple[Token, ...]:
    """Leave out examples of what stands before them: they say nothing more. Numbers and exceptions are none."""
    start = next((at for at, each in enumerate(stretch) if each.form in EXAMPLES), None)
    if start is None:
        return tuple(stretch)
    behind = next((at for at in range(start, len(stretch)) if stretch[at].text in ");:"), len(stretch))
    examples = stretch[start:behind]
    plain = all(each.sort is Sort.WORD or each.text in ",./-&'" for each in examples) and not effects_of(
        [examples], ""
    ) - {Effect.NARROWS, Effect.OR}
    return (*stretch[:start], *stretch[behind:]) if plain else tuple(stretch)


def behind_colon(stretch: Sequence[Token], about: frozenset[str]) -> tuple[tuple[Token, ...], bool]:
    """Leave out what stands before a colon, and say whether that names more than what the rest is about."""
    behind = max((at + 1 for at, each in enumerate(stretch) if each.text == ":"), default=0)
    words = [each for each in stretch[:behind] if each.form not in about]
    told = effects_of([words], "")
    if Effect.DENIES in told:
        return tuple(stretch), False
    return tuple(stretch[behind:]), bool(told - {Effect.OR})
