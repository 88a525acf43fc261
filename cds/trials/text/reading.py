"""What a reader makes of a piece of text: a rule, how it was read, and how much of the words it covers."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cds.core.criteria import Rule, Section
    from cds.trials.text.lexicon import Lexicon, Named
    from cds.trials.text.tokens import Token

__all__ = ["Part", "Reader", "Reading", "ReadingKind"]


class ReadingKind(enum.Enum):
    """The kinds of statement that are read, for which precision is measured one by one."""

    AGE = "age"
    SEX = "sex"
    PERFORMANCE = "performance-status"
    LAB = "laboratory-or-vital-sign"
    DISEASE = "disease"
    CONDITION = "condition"
    OTHER_CANCER = "other-cancer"
    PRIOR_DRUG = "earlier-treatment"
    WASHOUT = "washout"
    CONCOMITANT = "concomitant-drug"
    LINES = "lines-of-treatment"
    PROCEDURE = "procedure"
    VACCINE = "vaccine"
    ALLERGY = "allergy"
    PREGNANCY = "pregnancy"
    JUDGEMENT = "judgement"


@dataclass(frozen=True, slots=True)
class Part:
    """One sentence of a line, ready to be read.

    ``plain`` is the text with one form of each sign (``≥``, ``≤``, ``-``, ``×``), letter for letter as long.
    ``tokens`` with their places in the sentence's text, ``names`` the names found among them, ``section`` where it
    stands, ``context`` the headings above it, outermost first. Readers do not look at negation or exceptions: what they
    give is what the words would say without them.
    """

    text: str
    plain: str
    tokens: tuple[Token, ...]
    names: tuple[Named, ...]
    section: Section
    context: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A rule that a stretch of a sentence states, as of the patient, whether that includes or excludes.

    ``first`` and ``behind`` bound the tokens that it covers: nothing else of the sentence has been heeded. ``says``
    tells in one sentence how it was read. ``disease``: it says which disease the trial is about. ``for_some``: it holds
    of some patients only, for whom it may loosen what another sentence asks of all. A rule that already holds a
    negation ("negative for", "not pregnant") covers its words.
    """

    kind: ReadingKind
    rule: Rule
    first: int
    behind: int
    says: str
    disease: bool = False
    for_some: bool = False


class Reader(Protocol):
    """Reads one kind of statement; pure, and linear in the length of the sentence."""

    def __call__(self, part: Part, lexicon: Lexicon) -> Sequence[Reading]:
        """Give what is stated, in the order it stands; nothing where nothing is understood for sure."""
        ...
