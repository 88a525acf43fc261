"""Lines of systemic treatment, and progression on or after a drug.

"No more than two" leaves its "no" to the joining of the words, so that words that narrow it ("for metastatic disease")
keep open what they should; an upper limit told otherwise is read only where nothing narrows it, because a patient
may have had more lines than those that are meant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cds.core.criteria import Lines, Progressed, Readings, Rule
from cds.trials.text.effects import Effect, effects_of
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers.lists import LIST, items_of, together_in
from cds.trials.text.readers.naming import DRUG, shape_of
from cds.trials.text.reading import Part, Reading, ReadingKind
from cds.trials.text.tokens import covering

__all__ = ["read_lines", "read_progressed"]

_SMALL = {"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_N = rf"(?:\d|{'|'.join(_SMALL)})(?: ?\(\d\))?"
_COUNT = (
    rf"(?:(?P<low>{_N}) ?(?:-|to) ?(?P<high>{_N})"
    rf"|(?P<least>at least|≥|(?:a )?minimum of|no (?:less|fewer) than|not (?:less|fewer) than) ?(?P<at_least>{_N})"
    rf"|(?P<most>at most|≤|up to|(?:a )?maximum of) ?(?P<at_most>{_N})"
    rf"|(?P<over>more than|greater than|>) ?(?P<more>{_N})"
    rf"|(?P<fewer><|less than|fewer than) ?(?P<less>{_N})"
    rf"|(?P<or_more>{_N})(?P<plus> or more|\+| or greater)|(?P<or_less>{_N})(?P<minus> or (?:fewer|less))"
    rf"|(?P<only>only )(?P<just>{_N}))"
)
_LINES = re.compile(
    rf"\b(?<![\d.])(?:(?:have |has |had )?(?:received|undergone|had|failed to) )?{_COUNT} "
    r"(?:(?:prior|previous) )(?:different |separate |distinct )?"
    rf"(?:(?:lines?|regimens?) of (?:prior |previous )?(?P<of>{DRUG}+)|(?P<systemic>{DRUG}+)(?: lines?| regimens?)?"
    r"|(?P<line>lines?|regimens?)(?: of (?:prior |previous )?(?:anti-?cancer |antineoplastic "
    r"|anti-?neoplastic )?(?:therap(?:y|ies)|treatments?))?)"
    r"(?! \w+ (?:lines?|regimens?))",
    re.IGNORECASE,
)
_LINES_OF = re.compile(
    rf"\b(?<![\d.])(?:(?:have |has |had )?(?:received|undergone|had) )?{_COUNT} lines? of (?:prior |previous )"
    rf"(?P<of>{DRUG}+)(?P<systemic>)(?P<line>)",
    re.IGNORECASE,
)


_EARLIER = re.compile(
    r"\b(?:prior|previous) (?:\w+ ){0,3}(?:lines?|regimens?|therap|treat|\w*chemo|cyto)"
    r"|lines? of (?:prior|previous)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Count:
    """How many there were, both ends included; ``upper``: it says that there were not more."""

    at_least: int | None = None
    at_most: int | None = None

    @property
    def upper(self) -> bool:
        """Say whether it is a limit upwards."""
        return self.at_most is not None


def read_lines(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
    """Read how many lines of systemic treatment were given."""
    if not _EARLIER.search(part.plain):
        return ()
    shape = shape_of(part, lexicon)
    found = _LINES.search(shape.text) or _LINES_OF.search(shape.text)
    if found is None:
        return ()
    at = next((found.start(each) for each in ("of", "systemic") if found[each]), None)
    concepts = ("anticancer-therapy",) if at is None or shape.named[at].vague else shape.named[at].concepts
    count = _count(found)
    if count is None or (at is not None and not _is_line(found, concepts)):
        return ()
    first, behind = covering(part.tokens, *found.span())
    rest = effects_of([part.tokens[:first], part.tokens[behind:]], part.text)
    if count.upper and rest - {Effect.DEMANDS}:
        return ()
    ends = [
        f"{word} {end}" for word, end in (("at least", count.at_least), ("at most", count.at_most)) if end is not None
    ]
    names = ", ".join(map(lexicon.vocabulary.display, concepts))
    says = f"Read as {' and '.join(ends)} lines of: {names}."
    return (Reading(ReadingKind.LINES, _lines(concepts, count), first, behind, says),)


def _is_line(found: re.Match[str], concepts: tuple[str, ...]) -> bool:
    """Say whether what is counted is a line: of a class that treats cancer, not of single drugs."""
    counted = bool(found["of"]) or bool(found["systemic"])
    return counted and set(concepts) <= {"anticancer-therapy", "cytotoxic-chemotherapy"}


def _lines(concepts: tuple[str, ...], count: _Count) -> Rule:
    """Count lines; those of hormones alone count in some protocols and not in others."""
    narrow = Lines(concepts, at_least=count.at_least, at_most=count.at_most)
    if concepts != ("anticancer-therapy",):
        return narrow
    return Readings((narrow, Lines((*concepts, "endocrine-therapy"), at_least=count.at_least, at_most=count.at_most)))


def _count(found: re.Match[str]) -> _Count | None:
    told = {name: _number(text) for name, text in found.groupdict().items() if text and name in _NUMBERED}
    match told:
        case {"low": low, "high": high}:
            return _Count(low or None, high) if low < high else None
        case {"at_least": least} | {"or_more": least}:
            return _Count(least) if least else None
        case {"at_most": most} | {"or_less": most} | {"just": most}:
            return _Count(most if found["only"] else None, most)
        case {"more": more}:
            return _Count(more + 1)
        case {"less": less}:
            return _Count(None, less - 1) if less else None
        case _:
            return None


_NUMBERED = frozenset({"low", "high", "at_least", "at_most", "more", "less", "or_more", "or_less", "just"})


def _number(text: str) -> int:
    told = text.casefold().split("(")[0].strip()
    return _SMALL[told] if told in _SMALL else int(told)


# --------------------------------------------------------------------------------------------------------- progression
_PROGRESSED = re.compile(
    r"(?:(?:disease|tumou?r|documented|radiographic|clinical|radiological|objective) )*"
    r"(?:progress(?:ed|ion)(?: (?:of|in) (?:the |their )?disease)?|disease progression)(?: (?:while|either"
    r"|confirmed))?,? "
    r"(?:on or after|on or following|during or after|during or following|after or during|on/after|on and after"
    r"|on|after|following|during)"
    r"(?: (?:treatment|therapy) with| (?:receiving|receipt of))?"
    r"(?: (?:an?|the|at least one|at least 1|any|prior|previous|their|prior treatment with|prior therapy with"
    r"|either)\b){0,3} "
    rf"(?P<list>{LIST})",
    re.IGNORECASE,
)
_GOVERNED = re.compile(
    r"\b(?:if|unless|until|when|without|free|whether|time|risk|rapid\w*|prevent\w*|defined|obtained|within|after|"
    r"biops\w*|between|including)\b",
    re.IGNORECASE,
)


def read_progressed(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
    """Read that the disease progressed on or after a drug."""
    if "rogress" not in part.plain:
        return ()
    shape = shape_of(part, lexicon)
    found = _PROGRESSED.search(shape.text)
    if found is None or _GOVERNED.search(shape.text[: found.start()]):
        return ()
    items = [each for _, each in items_of(shape, *found.span("list"))]
    together = together_in(found["list"]) if len(items) > 1 else False
    if any(each.sign != DRUG for each in items) or together is not False:
        return ()
    concepts = tuple(dict.fromkeys(concept for each in items for concept in each.concepts))
    first, behind = covering(part.tokens, *found.span())
    names = ", ".join(map(lexicon.vocabulary.display, concepts))
    return (
        Reading(
            ReadingKind.PRIOR_DRUG, Progressed(concepts), first, behind, f"Read as progression on or after: {names}."
        ),
    )
