"""What a language model proposed for lines that the readers left to review, held against everything that can be held.

A model may make things up, and the text it was shown may tell it to. So nothing of its own words is kept: a proposal is
a rule in our language, made of concepts and units that we have, and a quotation that stands word for word in the line.
Every number of the rule must come from what is quoted. The rule must pass what the linter asks of a curated one.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import msgspec

from cds.core.criteria import Asked, Not, Rule, Section, leaves
from cds.errors import BadTrial
from cds.trials.fields import Place
from cds.trials.lint import rule_faults
from cds.trials.rules import RuleReader
from cds.trials.text.readers.windows import days_of
from cds.trials.text.tokens import Sort, tokens_of
from cds.trials.writing import block_of

if TYPE_CHECKING:
    from cds.trials.codebook import Codebook

__all__ = ["Heard", "OpenLine", "Proposal", "Refusal", "heard"]

Json = Mapping[str, object]

_LONGEST_ANSWER: Final = 200_000
_DEEPEST: Final = 20
"""Objects and lists within each other; a rule within a rule takes two or three."""
_MOST: Final = 200
_LONGEST: Final = 100
_SHORTEST_QUOTE: Final = 3
_MARKS: Final = frozenset(".,:/-\u2010\u2011\u2013")
"""Join what stands before and behind them without a blank into one: 1.5, 100,000, 0-1, non-small."""


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A line that the readers left to review: its criterion, its words, where it stands, and the headings above it."""

    criterion: str
    text: str
    section: Section
    above: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule told from the patient's side, and the words of the line it was made from."""

    rule: Rule
    quote: str


class Refusal(enum.Enum):
    """Why a proposal was not taken."""

    FORM = "not in the form that was asked for"
    LINE = "for no line that was asked about, or twice for one"
    QUOTE = "quotes what the line does not say"
    RULE = "no rule of our language, or a concept or unit that we do not have"
    NUMBER = "a number that is not in what it quotes"
    CHECK = "refused by the linter"


@dataclass(slots=True)
class Heard:
    """What came of an answer: proposals by criterion, and how many were refused for what."""

    proposals: dict[str, Proposal] = field(default_factory=dict)
    refused: dict[Refusal, int] = field(default_factory=dict)

    def refuse(self, why: Refusal) -> None:
        """Count one that was refused."""
        self.refused[why] = self.refused.get(why, 0) + 1

    def add(self, other: Heard) -> None:
        """Take in what came of another answer."""
        self.proposals.update(other.proposals)
        for why, count in other.refused.items():
            self.refused[why] = self.refused.get(why, 0) + count


def heard(answer: str, lines: Sequence[OpenLine], codebook: Codebook) -> Heard:
    """Take what may be taken of an answer about these lines, which it numbers from 1; all else is refused and counted.

    Two proposals for one line contradict each other or each lack something: neither is taken.
    """
    told = Heard()
    found: dict[int, list[Json]] = {}
    for proposal in _proposals(answer):
        number = _number(proposal, len(lines))
        if number is None:
            told.refuse(Refusal.FORM if proposal is None else Refusal.LINE)
        else:
            found.setdefault(number, []).append(proposal or {})
    for number, proposals in found.items():
        line = lines[number - 1]
        taken = _taken(proposals[0], line, codebook) if len(proposals) == 1 else Refusal.LINE
        if isinstance(taken, Proposal):
            told.proposals[line.criterion] = taken
        else:
            told.refuse(taken)
    return told


# ---------------------------------------------------------------------------------------------------- out of the answer
def _proposals(answer: str) -> list[Json | None]:
    """Give what was proposed; nothing in the place of what is no proposal."""
    document = _document(answer)
    proposals = document.get("proposals") if isinstance(document, dict) else None
    if not isinstance(proposals, list):
        return [None]
    return [each if isinstance(each, dict) else None for each in proposals]


def _document(answer: str) -> object:
    """Read the answer as JSON, also where prose or a fence stands around it: from the first bracket to the last."""
    begin, end = answer.find("{"), answer.rfind("}")
    if not 0 <= begin < end or len(answer) > _LONGEST_ANSWER:
        return None
    try:
        document: object = msgspec.json.decode(answer[begin : end + 1])
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None
    return document


def _number(proposal: Json | None, count: int) -> int | None:
    number = proposal.get("line") if proposal is not None else None
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= count:
        return None
    return number


# ------------------------------------------------------------------------------------------------------ one by one
def _taken(proposal: Json, line: OpenLine, codebook: Codebook) -> Proposal | Refusal:
    forms = [form for form in ("require", "forbid") if form in proposal]
    if len(forms) != 1 or proposal.keys() - {"line", "quote", *forms}:
        return Refusal.FORM
    quote = _quote(proposal, line)
    if quote is None:
        return Refusal.QUOTE
    written = proposal[forms[0]]
    rule = _rule(written, codebook)
    if rule is None:
        return Refusal.RULE
    if not all(_stands_in(quote, name, value) for name, value in _values(written)):
        return Refusal.NUMBER
    rule = Not(rule) if forms[0] == "forbid" else rule
    return Refusal.CHECK if rule_faults(rule, codebook) else Proposal(rule, quote)


def _quote(proposal: Json, line: OpenLine) -> str | None:
    told = proposal.get("quote")
    quote = " ".join(told.split()) if isinstance(told, str) else ""
    return quote if sum(map(str.isalnum, quote)) >= _SHORTEST_QUOTE and _whole(quote, line.text) else None


def _whole(quote: str, text: str) -> bool:
    """Say whether these words stand in the text with none cut: "5 × ULN" is not what "1.5 × ULN" says."""
    at = text.find(quote)
    while at >= 0:
        if not _cut(text, at) and not _cut(text, at + len(quote)):
            return True
        at = text.find(quote, at + 1)
    return False


def _cut(text: str, at: int) -> bool:
    """Say whether a text that is cut here is cut within a word or a number, or at a mark between two of them."""
    before, after = text[max(0, at - 2) : at], text[at : at + 2]
    if not before or not after:
        return False
    inner = before[-1].isalnum() and after[0].isalnum()
    ends_at_mark = before[-1] in _MARKS and before[:-1].isalnum() and after[0].isalnum()
    return inner or ends_at_mark or (before[-1].isalnum() and after[0] in _MARKS and after[1:].isalnum())


def _rule(written: object, codebook: Codebook) -> Rule | None:
    """Read a rule; one that asks or leaves to review would carry the model's own words, and is none."""
    if not _small(written):
        return None
    try:
        rule = RuleReader(codebook.vocabulary).rule(block_of(written), Place("a proposal"))
    except BadTrial:
        return None
    return None if any(isinstance(leaf, Asked) for leaf in leaves(rule)) else rule


def _small(written: object) -> bool:
    """Say whether a rule is no deeper, longer or wider than any that a person writes."""
    level, count = [written], 0
    for _ in range(_DEEPEST):
        level = [inner for each in level for inner in _inside(each)]
        count += len(level)
        if count > _MOST or any(isinstance(each, str | int | float) and len(str(each)) > _LONGEST for each in level):
            return False
        if not level:
            return True
    return False


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


# -------------------------------------------------------------------------------------------------------------- numbers
_DAYS = frozenset({"within_days", "stable_days", "days"})
_ENDS = frozenset({"at_least", "at_most", "above", "below"})
_COUNTS = frozenset({"age", "ecog", "lines", "cycles"})
_LEADING = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_UNITS = ("day", "week", "month", "year")
_WORDS = {
    word: number
    for number, words in enumerate(
        (
            "no not none without never naive untreated",
            "one first single once",
            "two second twice",
            "three third",
            "four fourth",
            "five fifth",
            "six sixth",
            *("seven", "eight", "nine", "ten", "eleven", "twelve"),
        )
    )
    for word in words.split()
}


def _values(written: object, above: str = "") -> Iterator[tuple[str, str]]:
    """Give the numbers of a written rule, each with what it is a number of; ends of counts are told from limits."""
    if isinstance(written, list):
        for each in written:
            yield from _values(each, above)
    elif isinstance(written, dict):
        for name, value in written.items():
            yield from _values(value, f"count {name}" if above in _COUNTS and name in _ENDS else name)
    elif written is not None and not isinstance(written, bool):
        found = _LEADING.match(str(written))
        if found is not None and _is_number(above):
            yield above, found[0]


def _is_number(name: str) -> bool:
    return name in _DAYS or name in _ENDS or name.startswith("count ") or name in {"line", "half_lives", "from_age"}


def _stands_in(quote: str, name: str, value: str) -> bool:
    """Say whether a number comes from what is quoted: in figures, or for windows in weeks, months or years.

    Windows and counts may stand there in words. Ends of counts may be one off: "older than 18" is 19 and more, "fewer
    than three lines" at most two.
    """
    wanted, figures = Fraction(value), _figures(quote)
    if name in _DAYS:
        counts = {int(each) for each in figures | _words(quote) if each.denominator == 1}
        return any(wanted == days_of(str(each), unit) for each in counts for unit in _UNITS)
    if name.startswith("count ") or name == "line":
        nothing = name == "count at_least" and not wanted
        return nothing or any(abs(wanted - each) <= 1 for each in figures | _words(quote))
    return wanted in figures


def _figures(quote: str) -> set[Fraction]:
    return {Fraction(each.form) for each in tokens_of(quote) if each.sort is Sort.NUMBER}


def _words(quote: str) -> set[Fraction]:
    return {Fraction(_WORDS[form]) for each in tokens_of(quote) if (form := each.text.casefold()) in _WORDS}
