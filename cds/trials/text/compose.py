"""What was read of a line into one rule told from the patient's side, with everything that was not read beside it.

The law here: what the words leave open stays open. What was not understood is put as a question to a person, in the
place where it can only keep a finding from being settled: beside a narrower statement with *and*, beside one with
exceptions with *or*; where it is not plain which of the two it is, the whole line is the question.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cds.core.criteria import (
    Age,
    AllOf,
    AnyOf,
    Asked,
    Not,
    PerformanceStatus,
    Readings,
    Reason,
    Rule,
    Section,
    leaves,
)
from cds.trials.text.clauses import Main, Verb, behind_colon, elaborates, explains, main_clause, without_examples
from cds.trials.text.effects import EXAMPLES, Effect, effects_of, forms
from cds.trials.text.headings import Mode, asks_nothing
from cds.trials.text.outline import Lead, Line
from cds.trials.text.reading import Part, Reading, ReadingKind
from cds.trials.text.tokens import Sort, Token, tokens_of

__all__ = ["Outcome", "Stated", "stated_by"]


class Outcome(enum.Enum):
    """How far a line was understood: wholly, in part, as a question no record answers, or not."""

    COMPUTED = "computed"
    PARTLY = "partly-computed"
    JUDGEMENT = "judgement"
    REVIEW = "to-review"


@dataclass(frozen=True, slots=True)
class Stated:
    """What a line asks of the patient. ``says`` tells how it was read; ``disease``: it names the trial's disease."""

    rule: Rule
    outcome: Outcome
    kinds: frozenset[ReadingKind] = frozenset()
    says: str = ""
    disease: bool = False


@dataclass(frozen=True, slots=True)
class _Sentence:
    """One sentence read: its rule without negation, whether that is forbidden, and what the other words do."""

    rule: Rule
    forbidden: bool
    effects: frozenset[Effect]
    readings: tuple[Reading, ...]


_TURNING = frozenset({Effect.DENIES, Effect.SHUTS_OUT, Effect.DEMANDS})


def stated_by(line: Line, read: Sequence[tuple[Part, Sequence[Reading]]]) -> Stated:
    """Put what was read of a line's sentences together."""
    question = Asked(line.text, Reason.NOT_COMPUTABLE)
    readings = tuple(each for _, found in read for each in found)
    says = " ".join(dict.fromkeys(each.says for each in readings))
    kinds = frozenset(each.kind for each in readings)
    review = Stated(question, Outcome.REVIEW, kinds, says)
    if not readings:
        return review
    if kinds == {ReadingKind.JUDGEMENT} and not all(
        found or (at and elaborates(part)) for at, (part, found) in enumerate(read)
    ):
        return review
    if kinds == {ReadingKind.JUDGEMENT}:
        return Stated(Asked(line.text, Reason.JUDGEMENT), Outcome.JUDGEMENT, kinds, says)
    telling = [(part, found) for place, (part, found) in enumerate(read) if not (place and explains(part))]
    stating = [
        (part, found)
        for place, (part, found) in enumerate(telling)
        if not (place and elaborates(part) and not (kinds & _VALUES and _limits(part)))
    ]
    sentences = [_sentence(part, tuple(found)) for part, found in stating]
    understood = [each for each in sentences if each is not None]
    above = _above(line, kinds)
    whole = _joined(understood, flipped=above[0]) if above is not None and understood else None
    if above is None or whole is None:
        return review
    rule, forbidden, effects = whole
    effects |= above[1] | (_EXCEPTED if len(stating) < len(telling) else frozenset())
    if len(understood) < len(sentences):
        effects |= _EITHER_WAY
    if Effect.OR in effects and len(effects) > 1 and not kinds & _VALUES:
        return review
    if forbidden and line.section is Section.EXCLUSION and _shuts_out_most(rule):
        return review
    told = _with_rest(rule, effects, question, forbidden=forbidden, line=line)
    asked = any(isinstance(leaf, Asked) for leaf in leaves(told))
    partly = asked or not _all_computed(readings)
    disease = any(each.disease for each in readings) and len(understood) == len(sentences)
    return Stated(told, Outcome.PARTLY if partly else Outcome.COMPUTED, kinds, says, disease)


_EITHER_WAY = frozenset({Effect.NARROWS, Effect.EXCEPTS, Effect.OR})
"""What an unread sentence may do to a read one: ask more, let more in, or be a statement of its own."""
_VALUES = frozenset({ReadingKind.AGE, ReadingKind.PERFORMANCE, ReadingKind.LAB})
"""A value beside a question helps whoever answers it, even where nothing can be settled by it."""


def _limits(part: Part) -> bool:
    """Say whether a sentence has a limit of its own, so that it may narrow an exception that was read before it."""
    return any(each.sort is Sort.COMPARISON for each in part.tokens)


def _shuts_out_most(rule: Rule) -> bool:
    """Say whether a rule that is forbidden holds of nearly everybody: then the text means something else by it."""
    match rule:
        case Age(at_least=int(years), at_most=None):
            return years <= _OF_AGE
        case PerformanceStatus(at_least=0):
            return True
        case Readings() | AnyOf():
            return any(map(_shuts_out_most, rule.rules))
        case _:
            return False


_OF_AGE = 21


def _all_computed(readings: Iterable[Reading]) -> bool:
    """Say whether nothing in what was read is a question to a person."""
    return all(
        each.kind is not ReadingKind.JUDGEMENT and not any(isinstance(leaf, Asked) for leaf in leaves(each.rule))
        for each in readings
    )


# ------------------------------------------------------------------------------------------------------ one sentence
def _sentence(part: Part, readings: tuple[Reading, ...]) -> _Sentence | None:
    """Put the readings of a sentence together; nothing where it cannot be told how they belong together."""
    main = main_clause(part, readings) if readings and not _limit_unread(part, readings) else None
    if main is None:
        return None
    before, between, behind = main.gaps[0], main.gaps[1:-1], main.gaps[-1]
    denied = _denied(
        effects_of([before], ""), [effects_of([each], "") for each in between], effects_of([behind], part.text)
    )
    if denied is None or sum(each.form in {"no", "not", "without"} for each in before) > 1:
        return None
    rule = _connected(main.readings, between, denied=denied, part=part)
    forbidden = _forbidden(part.section, effects_of(main.gaps, part.text), denied=denied)
    if rule is None or forbidden is None:
        return None
    if main.verb is Verb.ALLOWS:
        return _allowed(rule, part) if len(main.readings) == 1 else None
    return _Sentence(rule, forbidden, _of_the_rest(main, part, forbidden=forbidden), main.readings)


def _limit_unread(part: Part, readings: Sequence[Reading]) -> bool:
    """Say whether a required condition stands beside a limit that was not read: it may only say for whom that holds."""
    if part.section is not Section.INCLUSION or any(each.kind is not ReadingKind.CONDITION for each in readings):
        return False
    covered = {at for each in readings for at in range(each.first, each.behind)}
    return any(
        each.sort is Sort.COMPARISON or each.form in {"uln", "lln", "iuln"}
        for at, each in enumerate(part.tokens)
        if at not in covered
    )


def _allowed(rule: Rule, part: Part) -> _Sentence:
    """Ask on what terms those are let in who are so; of all others the sentence says nothing."""
    return _Sentence(AnyOf((Not(rule), Asked(part.text, Reason.NOT_COMPUTABLE))), False, _ALLOWANCE, ())  # noqa: FBT003


_ALLOWANCE = frozenset[Effect]()


def _of_the_rest(main: Main, part: Part, *, forbidden: bool) -> frozenset[Effect]:
    """Say what the words do that were not read."""
    behind = without_examples(main.gaps[-1])
    before, lead = behind_colon(main.gaps[0], _OF_HEADINGS)
    told = effects_of([before, behind], part.text) | (_EXCEPTED if main.conditional or lead else frozenset())
    for stretch in map(without_examples, main.gaps[1:-1]):
        between = effects_of([stretch], "")
        told |= between if Effect.NARROWS in between else between - {Effect.OR}
    if forbidden and any(_may_name_another(each) for each in (before, behind, *main.gaps[1:-1])):
        told |= {Effect.OR}
    return told - _TURNING


_EXCEPTED = frozenset({Effect.EXCEPTS})


def _may_name_another(stretch: Sequence[Token]) -> bool:
    """Say whether words that were not read may be one more thing on a list of what is forbidden."""
    return any(each.text in {",", "&"} or each.form == "and" for each in stretch) and (
        Effect.NARROWS in effects_of([without_examples(stretch)], "")
    )


def _without(stretch: Sequence[Token], words: frozenset[str]) -> tuple[Token, ...]:
    return tuple(each for each in stretch if each.form not in words)


def _denied(before: frozenset[Effect], between: Sequence[frozenset[Effect]], behind: frozenset[Effect]) -> bool | None:
    """Say whether all readings are negated; nothing where only some are, or a negation follows them."""
    if Effect.DENIES in behind:
        return None
    if Effect.DENIES in before:
        return True
    return None if any(Effect.DENIES in each for each in between) else False


def _connected(
    readings: Sequence[Reading], between: Sequence[Sequence[Token]], *, denied: bool, part: Part
) -> Rule | None:
    """Join several readings by the words between them; where "and" and "or" are mixed, what is the same either way."""
    rules = tuple(dict.fromkeys(each.rule for each in readings))
    if len(rules) == 1:
        return rules[0]
    words = {token.form for gap in between for token in gap} | _at_the_ends(readings, part)
    either, both = bool(words & {"or", "/", *EXAMPLES}), bool(words & {"and", "&", "plus"})
    if either and both:
        if denied or not all(each.kind in _VALUES for each in readings):
            return None
        # However they belong together, it lies between all of them and any one of them.
        return Readings((AllOf(rules), AnyOf(rules)))
    if either or denied:
        return AnyOf(rules)
    if part.section is Section.EXCLUSION:
        return Readings((AllOf(rules), AnyOf(rules)))
    return AllOf(rules)


def _at_the_ends(readings: Sequence[Reading], part: Part) -> frozenset[str]:
    """Give the words at which readings meet; a reading may have taken the "or" behind it for its own."""
    ends = (part.tokens[each.behind - 1].form for each in readings[:-1])
    return frozenset(ends) | {part.tokens[each.first].form for each in readings[1:]}


def _forbidden(section: Section, effects: frozenset[Effect], *, denied: bool) -> bool | None:
    """Say whether the patient must not be so; nothing where section and wording speak against each other."""
    if Effect.SHUTS_OUT in effects:
        return not denied
    if section is Section.INCLUSION or Effect.DEMANDS in effects:
        return denied
    return None if denied else True


# ---------------------------------------------------------------------------------------------- lines and headings
def _above(line: Line, kinds: frozenset[ReadingKind]) -> tuple[bool, frozenset[Effect]] | None:
    """Say whether the headings forbid what is under them, and what their words do; nothing where it is not plain.

    A heading that says more than is known may be a condition or a further demand: what is under it is not settled.
    """
    flipped, found = False, set[Effect]()
    for lead in line.leads:
        if lead.mode is Mode.EXCEPT or _OF_A_SCORE.search(lead.text):
            return None
        if _only_announces(lead, line.section):
            continue
        told = effects_of([_of_heading(lead.text, kinds)], lead.text)
        if lead.mode is Mode.NONE:
            if line.section is Section.EXCLUSION and Effect.DEMANDS not in told:
                return None
            flipped = line.section is not Section.EXCLUSION
        elif Effect.DENIES in told or Effect.SHUTS_OUT in told:
            return None
        found |= told
    if Effect.EXCEPTS in found:
        return None
    around = frozenset(found - _TURNING - {Effect.OR})
    return flipped, (around | _EXCEPTED if around else around)


_OF_A_SCORE = re.compile(r"\b(?:\d{1,2}|one|two|assign) points?\b|\brisk (?:score|model|index)\b", re.IGNORECASE)
"""What stands under it is counted, not demanded."""


def _only_announces(lead: Lead, section: Section | None) -> bool:
    """Say whether a heading says no more than its section does: that what follows is asked, or shuts out."""
    if section is Section.EXCLUSION:
        return _SAYS_WHO_IS_EXCLUDED.fullmatch(lead.text) is not None
    return lead.mode is not Mode.NONE and asks_nothing(lead.text)


_SAYS_WHO_IS_EXCLUDED = re.compile(
    r"(?=.{0,120}\b(?:not|excluded|ineligible)\b)(?!.{0,120}\bnot be excluded)"
    r"(?:to be eligible for (?:this|the) (?:study|trial), )?(?:an? |the |all )?"
    r"(?:patients?|participants?|subjects?|individuals?)"
    r"(?: (?:will|should|must|may|can|is|are|be|not|excluded|ineligible|eligible|enrolled|included|enter|participate|"
    r"meets?|fulfil{1,2}s?|from|for|in|into|based|on|if|he/she|he|she|they|the|this|study|trial|inclusion|any|one|or|"
    r"more|of|following|exclusion|criteria|criterion|conditions?|listed|below|fulfilled|met|apply|applies)){2,25}:?",
    re.IGNORECASE,
)
"""A heading of exclusions that says no more than that: "Subjects will be excluded if any of the following apply"."""


def _of_heading(text: str, kinds: frozenset[ReadingKind]) -> tuple[Token, ...]:
    """Give the words of a heading that are not only about what its items are about.

    A window over results ("within 14 days before registration") asks no other value, so it is left out there alone.
    """
    words = tokens_of(_NUMBERED.sub("", text, count=1))
    if not kinds <= _RESULTS:
        return _without(words, _OF_HEADINGS)
    spans = {at for first in range(len(words)) for at in _span_at(words, first)}
    return _without([each for at, each in enumerate(words) if at not in spans], _OF_HEADINGS | _OF_RESULTS)


_NUMBERED = re.compile(r"^\W{0,3}(?:\d{1,2}\.){1,4}\d{0,2}(?=\s)")


def _span_at(words: Sequence[Token], at: int) -> Iterable[int]:
    """Give the places of a number of days or weeks that begins here, and of the sign before it: "≤ 28 days"."""
    if words[at].sort is not Sort.NUMBER:
        return ()
    before, behind = words[at - 1] if at else None, [each.form for each in words[at + 1 : at + 3] if each.form != "-"]
    if before is not None and before.form in _WINDOW:
        return (at,)
    if not behind or behind[0] not in _SPANS:
        return ()
    return (at - 1, at) if before is not None and before.form in {"<=", "<"} else (at,)


_WINDOW = forms("within last past previous preceding cycle c day d")
_SPANS = forms("day week hour")
_RESULTS = frozenset({ReadingKind.LAB, ReadingKind.PERFORMANCE})
_OF_RESULTS = forms(
    """within prior before day week hour registration enrollment randomization dose study treatment start starting first
    initiation initiating beginning therapy cycle screening obtained laboratory lab value last previous than more no
    confirmed collected drawn performed period window data specimen sample intervention administration dosing drug
    allocation day treatment most recent available used demonstrate demonstrating
    measure c d eligibility reference confirmation supporting"""
)
_OF_HEADINGS = forms(
    """adequate acceptable appropriate sufficient satisfactory organ end essential vital bone marrow function functional
    functioning hematologic hematological hematology hematopoietic hepatic liver renal kidney coagulation cardiac value
    parameter requirement reserve normal either following all any one or more both indicated evidenced demonstrated
    demonstrate shown and test blood count range profile based upon meeting laboratory clinical required initial
    abnormality abnormal inadequate insufficient threshold measure follow assessment biochemistry chemistry"""
)


def _joined(sentences: Sequence[_Sentence], *, flipped: bool) -> tuple[Rule, bool, frozenset[Effect]] | None:
    """Join the sentences of a line: each asks something of its own, all in the same direction."""
    effects = frozenset[Effect]().union(*(each.effects for each in sentences))
    directions = {each.forbidden for each in sentences}
    allows = any(not each.readings for each in sentences)
    if len(directions) > 1 or (flipped and (True in directions or allows)):
        return None
    forbidden = flipped or directions == {True}
    rules = tuple(dict.fromkeys(each.rule for each in sentences))
    if len(rules) == 1:
        return rules[0], forbidden, effects
    # A sentence with conditions may say something else of what another one asks: "≤ 3; ≤ 5 with metastases".
    if any(each.for_some for sentence in sentences for each in sentence.readings):
        effects |= _EITHER_WAY
    return (AnyOf(rules) if forbidden else AllOf(rules)), forbidden, _EITHER_WAY if effects else effects


def _with_rest(rule: Rule, effects: frozenset[Effect], question: Asked, *, forbidden: bool, line: Line) -> Rule:
    """Put the question beside what was read; where it is not plain in which direction it works, nothing is settled.

    Of a line that forbids something among what is required the whole text is what must hold: a yes is no obstacle.
    """
    narrows, excepts, either = (each in effects for each in (Effect.NARROWS, Effect.EXCEPTS, Effect.OR))
    if not effects:
        return Not(rule) if forbidden else rule
    if (either and (excepts or narrows)) or (narrows and excepts and not forbidden):
        # The words of an exception narrow nothing; others may stand among them.
        if not forbidden or line.section is Section.INCLUSION:
            asked = Not(rule) if forbidden else rule
            return Readings((AllOf((asked, question)), AnyOf((asked, question))))
        return Not(Readings((AllOf((rule, question)), AnyOf((rule, question)))))
    if forbidden and (line.section is Section.INCLUSION or _DENIED.search(line.text)):
        return (AllOf if either else AnyOf)((Not(rule), question))
    if forbidden:
        return Not((AnyOf if either else AllOf)((rule, question)))
    return (AnyOf if excepts or either else AllOf)((rule, question))


_DENIED = re.compile(r"^\W*no\b|\b(?:must|may|should|can) ?not\b", re.IGNORECASE)
"""The line itself says that it must not be so: a yes to it is no obstacle."""
