"""Findings in words: what decided, with value, unit, date and limit, or what is not known and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from cds.core.computed import COMPUTED
from cds.core.criteria import (
    PERFORMANCE_SCORES,
    Age,
    AllOf,
    AnyOf,
    Asked,
    Cycles,
    Diagnosis,
    Exposed,
    IfThen,
    Lines,
    Measured,
    Not,
    OtherMalignancy,
    PerformanceStatus,
    Readings,
    SexIs,
    Underwent,
    Undetectable,
    Vaccinated,
)
from cds.core.finding import Basis, Cause
from cds.core.phrases import inline, listed
from cds.core.truth import Truth
from cds.core.wording import asks, describe, kind_of, limits, names

if TYPE_CHECKING:
    from cds.core.criteria import Rule
    from cds.core.finding import Evidence, Finding
    from cds.core.vocabulary import Vocabulary

__all__ = ["asks", "cause_words", "describe", "explain", "kind_of"]

_CAUSES = {
    Cause.NOT_READ: "could not be read completely",
    Cause.NO_RECORD: "no record found",
    Cause.TOO_OLD: "the newest result is too old",
    Cause.DATE_IMPRECISE: "the date is not precise enough",
    Cause.UNIT_NOT_COMPARABLE: "the unit cannot be compared",
    Cause.NO_REFERENCE_RANGE: "no reference range was sent with the result",
    Cause.IMPLAUSIBLE: "the value cannot be right or is not a number",
    Cause.CONFLICTING: "records of the same day contradict each other",
    Cause.UNMAPPED: "the code's meaning is not verified",
    Cause.TOO_GENERAL: "what is recorded is too general",
    Cause.CONDITION_UNKNOWN: "it depends on something that is not known",
    Cause.JUDGEMENT: "needs a person's judgement",
    Cause.NOT_COMPUTABLE: "not computed: read the protocol's text",
}
_SHOWN_ENTRIES = 3


def cause_words(cause: Cause) -> str:
    """Say in a few words why something is unknown."""
    return _CAUSES[cause]


def explain(finding: Finding, vocabulary: Vocabulary) -> str:
    """Say in one or two plain sentences what a finding came to."""
    if finding.answered and (finding.note or finding.truth is not Truth.UNKNOWN):
        return _attested(finding)
    rule = finding.rule
    match rule:
        case Asked():
            return rule.question
        case Measured() | PerformanceStatus() | Undetectable():
            return _measured(finding, rule, vocabulary)
        case Age() | SexIs():
            return _person(finding, vocabulary)
        case Diagnosis():
            return _diagnosis(finding, rule, vocabulary)
        case _ if finding.parts and _only_tumours(rule):
            return _tumours(finding)
        case _ if finding.parts:
            return _composite(finding, vocabulary)
        case _:
            return _presence(finding, vocabulary)


def _attested(finding: Finding) -> str:
    said = "A person said so" if finding.truth is not Truth.UNKNOWN else "A person said that it cannot be told"
    return f"{said}: {finding.note}." if finding.note else f"{said}."


_Newest = Measured | PerformanceStatus | Undetectable


def _measured(finding: Finding, rule: _Newest, vocabulary: Vocabulary) -> str:
    """Tell a result with its value, unit, date and limit, and what it was computed from."""
    demand = f"the trial {'excludes' if finding.forbidden else 'asks for'} {_limits(rule, vocabulary)}"
    seen = _results(finding.evidence)
    if finding.truth is not Truth.UNKNOWN:
        return f"{seen}; {demand}.{_assumption(finding)}"
    assert finding.cause is not None  # noqa: S101 - an unknown finding has a cause by construction
    if finding.note:
        return f"{_results(finding.evidence[:1])}: {finding.note}; {demand}."
    name = vocabulary.display(_concept(rule)) if not isinstance(rule, PerformanceStatus) else "ECOG performance status"
    if finding.cause is Cause.NO_RECORD:
        return f"No {inline(name)} on record{_inputs(finding, rule, vocabulary)}; {demand}."
    if finding.cause is Cause.NOT_READ:
        return f"{name}: results could not be read completely; {demand}."
    if finding.cause is Cause.TOO_OLD:
        aside = "," if finding.evidence and finding.evidence[0].attested else ""
        return f"{seen}{aside} is too old: it counts for {_lasts(rule, vocabulary)}; {demand}."
    return f"{seen}: {cause_words(finding.cause)}; {demand}."


def _limits(rule: _Newest, vocabulary: Vocabulary) -> str:
    match rule:
        case Measured():
            return limits(rule, vocabulary)
        case Undetectable():
            return "an undetectable load"
        case PerformanceStatus():
            return f"ECOG {rule.at_least} to {rule.at_most}"


def _assumption(finding: Finding) -> str:
    if finding.basis is not Basis.ASSUMED:
        return ""
    if isinstance(finding.rule, PerformanceStatus):
        return " Converted by convention, not measured."
    return " The range is the site's own; none that can be used was sent with the result."


def _inputs(finding: Finding, rule: _Newest, vocabulary: Vocabulary) -> str:
    """Name what is lacking to compute a value that is not on record."""
    wanted = finding.wanted.concepts if finding.wanted else ()
    inputs = [each for each in wanted if isinstance(rule, Measured) and each not in rule.concepts]
    lacking = [inline(vocabulary.display(each)) for each in inputs]
    return f", nor {listed(lacking)} to compute it" if lacking else ""


def _lasts(rule: _Newest, vocabulary: Vocabulary) -> str:
    concept = vocabulary.concepts.get(_concept(rule))
    usual = concept.scale.freshness_days if concept and concept.scale else None
    return f"{usual if rule.within_days is None else rule.within_days} days"


def _concept(rule: _Newest) -> str:
    return PERFORMANCE_SCORES[0] if isinstance(rule, PerformanceStatus) else rule.concepts[0]


def _results(evidence: tuple[Evidence, ...]) -> str:
    """Tell the first few results; a computed one with everything it was computed from."""
    if not evidence or not evidence[0].label.endswith(COMPUTED):
        return "; ".join(map(_result, evidence[:_SHOWN_ENTRIES]))
    first, *inputs = evidence
    return f"{_result(first)}, from {'; '.join(map(_result, inputs))}" if inputs else _result(first)


def _result(seen: Evidence) -> str:
    spread = f" (range {seen.range})" if seen.range else ""
    day = f" on {seen.date}" if seen.date else ", undated"
    return f"{seen.label} {seen.value}{spread}{day}{_word(seen)}"


def _word(seen: Evidence) -> str:
    """Say of a result that it is a person's word; of a computed value, what it was computed from says so."""
    if not seen.attested or seen.label.endswith(COMPUTED):
        return ""
    return f", as a person said ({seen.note})" if seen.note else ", as a person said"


def _person(finding: Finding, vocabulary: Vocabulary) -> str:
    asked = describe(finding.rule, vocabulary)
    if not finding.evidence:
        return f"{_sentence(cause_words(finding.cause) if finding.cause else '')}; the trial asks for {asked}."
    seen = "; ".join(f"{each.label} {each.value}" for each in finding.evidence)
    return f"{seen}; the trial {'excludes' if finding.forbidden else 'asks for'} {asked}."


def _diagnosis(finding: Finding, rule: Diagnosis, vocabulary: Vocabulary) -> str:
    asked = describe(rule, vocabulary)
    seen = _entries(finding)
    if finding.truth is not Truth.UNKNOWN:
        joined = " Histology and site come from separate entries." if finding.basis is Basis.ASSUMED else ""
        return f"{seen}.{joined}" if (finding.truth is Truth.MET) is not finding.forbidden else f"{seen}: not {asked}."
    if finding.cause is Cause.NO_RECORD:
        return f"No tumour on record that could be {asked}.{_unrecognised(finding)}"
    if finding.cause is Cause.NOT_READ:
        return f"Diagnoses could not be read completely; the trial asks for {asked}."
    if finding.cause is Cause.CONDITION_UNKNOWN:
        return f"{seen}: resolved, or not confirmed; is it {asked} now?"
    if finding.cause is Cause.UNMAPPED:
        return f"{seen}: no code that could be recognised; is it {asked}?"
    assert finding.cause is not None  # noqa: S101 - an unknown finding has a cause by construction
    return f"{seen}: {cause_words(finding.cause)} to tell {asked}."


def _only_tumours(rule: Rule) -> bool:
    match rule:
        case Diagnosis():
            return True
        case AllOf() | AnyOf() | Readings():
            return all(map(_only_tumours, rule.rules))
        case _:
            return False


def _tumours(finding: Finding) -> str:
    """Tell a disease that is written as several tumours once, not once for each."""
    seen = _entries(finding)
    if finding.truth is Truth.MET:
        return f"{seen}."
    if finding.truth is Truth.UNMET:
        return f"{seen}: not what this trial is about."
    if finding.cause is Cause.NO_RECORD:
        return f"No such tumour on record.{_unrecognised(finding)}"
    why = cause_words(finding.cause) if finding.cause else ""
    return f"{seen}: {why}." if seen else f"Diagnoses: {why}."


def _presence(finding: Finding, vocabulary: Vocabulary) -> str:
    rule = finding.rule
    asked = names(rule.drugs, vocabulary) if isinstance(rule, Lines | Cycles) else describe(rule, vocabulary)
    seen = _entries(finding)
    if finding.basis is Basis.NO_RECORD:
        last = f" {'Looked at' if isinstance(finding.rule, OtherMalignancy) else 'Last'}: {seen}." if seen else ""
        return f"No record of {asked}.{last}{_unrecognised(finding)}"
    if finding.truth is not Truth.UNKNOWN:
        wait = _wait(finding)
        return f"{seen}{wait}."
    assert finding.cause is not None  # noqa: S101 - an unknown finding has a cause by construction
    if finding.cause is Cause.NO_RECORD:
        return f"No record of {asked}, which is not enough to rule it out."
    if finding.cause is Cause.NOT_READ:
        return f"{_sentence(asked)}: the records could not be read completely."
    if finding.cause is Cause.CONFLICTING:
        return f"{seen}: records contradict each other ({asked})."
    return f"{seen}: {cause_words(finding.cause)} ({asked})."


def _wait(finding: Finding) -> str:
    rule = finding.rule
    timed = isinstance(rule, Exposed | Underwent | Vaccinated) and rule.within_days is not None
    if finding.truth is Truth.UNMET and finding.forbidden and timed:
        half_lives = rule.half_lives if isinstance(rule, Exposed) else None
        either = f" or {half_lives.count} half-lives, whichever is {half_lives.whichever.value}," if half_lives else ""
        return f"; {rule.within_days} days{either} must pass"  # type: ignore[union-attr]  # `timed` says which rules
    return ""


def _composite(finding: Finding, vocabulary: Vocabulary) -> str:
    telling = [part for part in finding.parts if part.truth is finding.truth] or list(finding.parts)
    if finding.cause is Cause.CONDITION_UNKNOWN and isinstance(finding.rule, IfThen):
        condition, then, otherwise = finding.parts
        what = _stated(condition, vocabulary)
        return f"Depends on {what}, which is not known: {explain(then, vocabulary)} {explain(otherwise, vocabulary)}"
    if finding.cause is Cause.CONDITION_UNKNOWN and isinstance(finding.rule, Readings):
        said = " ".join(explain(part, vocabulary) for part in finding.parts)
        return f"The protocol's wording can be read in two ways that differ here: {said}"
    if isinstance(finding.rule, IfThen):
        return _conditional(finding, vocabulary)
    lifted = [part for part in finding.parts if finding.truth is Truth.UNKNOWN and part.truth is Truth.UNMET]
    told = lifted + telling
    gates = [part for part in told if isinstance(part.rule, Age | SexIs)]
    if isinstance(finding.rule, Readings) or not gates:
        return _joined(told, vocabulary)
    if len(gates) < len(told):
        return _joined([part for part in told if part not in gates], vocabulary)
    return f"Does not apply: {', '.join(f'{seen.label} {seen.value}'.lower() for seen in finding.evidence)}."


def _joined(parts: Iterable[Finding], vocabulary: Vocabulary) -> str:
    """Tell parts one after the other, and how many entries were not recognised but once."""
    said = dict.fromkeys(explain(_all_recognised(part), vocabulary) for part in parts)
    counts = {part.unrecognised: part for part in parts if part.basis is Basis.NO_RECORD and part.unrecognised}
    return " ".join(said) + (_unrecognised(counts[max(counts)]) if counts else "")


def _all_recognised(finding: Finding) -> Finding:
    return replace(finding, unrecognised=0, parts=tuple(map(_all_recognised, finding.parts)))


def _stated(finding: Finding, vocabulary: Vocabulary) -> str:
    """Say what a finding's rule states, its "not" included."""
    return describe(Not(finding.rule) if finding.forbidden else finding.rule, vocabulary)


def _conditional(finding: Finding, vocabulary: Vocabulary) -> str:
    condition, then, otherwise = finding.parts
    if condition.truth is Truth.MET:
        shown = f" ({_entries(condition)})" if condition.evidence else ""
        return f"With {_stated(condition, vocabulary)}{shown}: {explain(then, vocabulary)}"
    said, known = explain(otherwise, vocabulary), " The same by either limit."
    told = condition.truth is Truth.UNMET or finding.truth is Truth.UNKNOWN or said.endswith(known)
    return said if told else said + known


def _entries(finding: Finding) -> str:
    shown = [
        " ".join(filter(None, (each.label, f"({each.value})" if each.value else "", _on(each))))
        for each in finding.evidence[:_SHOWN_ENTRIES]
    ]
    more = len(finding.evidence) - _SHOWN_ENTRIES
    return "; ".join(shown) + (f" and {more} more" if more > 0 else "")


def _on(seen: Evidence) -> str:
    return f"on {seen.date}" if seen.date else ""


def _unrecognised(finding: Finding) -> str:
    count = finding.unrecognised
    if not count:
        return ""
    return f" {count} other {'entry' if count == 1 else 'entries'} of this kind could not be recognised."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
