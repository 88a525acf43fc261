"""Findings in words: what decided, with value, unit, date and limit, or what is not known and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from cds.core.criteria import (
    PERFORMANCE_SCORES,
    Age,
    AllOf,
    AnyOf,
    Asked,
    Diagnosis,
    Exposed,
    IfThen,
    Measured,
    PerformanceStatus,
    Readings,
    SexIs,
    Underwent,
    Vaccinated,
)
from cds.core.finding import Basis, Cause
from cds.core.truth import Truth
from cds.core.wording import describe, kind_of, limits

if TYPE_CHECKING:
    from cds.core.criteria import Rule
    from cds.core.finding import Evidence, Finding
    from cds.core.vocabulary import Vocabulary

__all__ = ["cause_words", "describe", "explain", "kind_of"]

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
    if finding.basis is Basis.ATTESTED or (finding.note and finding.cause is Cause.JUDGEMENT):
        return _attested(finding)
    rule = finding.rule
    match rule:
        case Asked():
            return rule.question
        case Measured() | PerformanceStatus():
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
    said = "A person said so" if finding.basis is Basis.ATTESTED else "A person said that it cannot be told"
    return f"{said}: {finding.note}." if finding.note else f"{said}."


def _measured(finding: Finding, rule: Measured | PerformanceStatus, vocabulary: Vocabulary) -> str:
    asked = limits(rule, vocabulary) if isinstance(rule, Measured) else f"ECOG {rule.at_least} to {rule.at_most}"
    demand = f"excludes {asked}" if finding.forbidden else f"asks for {asked}"
    name = vocabulary.display(rule.concepts[0]) if isinstance(rule, Measured) else "ECOG performance status"
    seen = "; ".join(_result(each) for each in finding.evidence[:_SHOWN_ENTRIES])
    if finding.truth is not Truth.UNKNOWN:
        assumed = " Converted by convention, not measured." if finding.basis is Basis.ASSUMED else ""
        return f"{seen}; the trial {demand}.{assumed}"
    assert finding.cause is not None  # noqa: S101 - an unknown finding has a cause by construction
    if finding.cause is Cause.NO_RECORD:
        return f"No {name} on record; the trial {demand}."
    if finding.cause is Cause.NOT_READ:
        return f"{name}: results could not be read completely; the trial {demand}."
    if finding.cause is Cause.TOO_OLD:
        return f"{seen} is too old: it counts for {_lasts(rule, vocabulary)}; the trial {demand}."
    return f"{seen}: {cause_words(finding.cause)}; the trial {demand}."


def _lasts(rule: Measured | PerformanceStatus, vocabulary: Vocabulary) -> str:
    name = rule.concepts[0] if isinstance(rule, Measured) else PERFORMANCE_SCORES[0]
    concept = vocabulary.concepts.get(name)
    usual = concept.scale.freshness_days if concept and concept.scale else None
    return f"{usual if rule.within_days is None else rule.within_days} days"


def _result(seen: Evidence) -> str:
    spread = f" (range {seen.range})" if seen.range else ""
    day = f" on {seen.date}" if seen.date else ", undated"
    return f"{seen.label} {seen.value}{spread}{day}"


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
    asked = describe(finding.rule, vocabulary)
    seen = _entries(finding)
    if finding.basis is Basis.NO_RECORD:
        last = f" Last: {seen}." if seen else ""
        return f"No record of {asked}.{last}{_unrecognised(finding)}"
    if finding.truth is not Truth.UNKNOWN:
        wait = _wait(finding)
        return f"{seen}{wait}."
    assert finding.cause is not None  # noqa: S101 - an unknown finding has a cause by construction
    if finding.cause is Cause.NO_RECORD:
        return f"No record of {asked}, which is not enough to rule it out."
    if finding.cause is Cause.NOT_READ:
        return f"{_sentence(asked)}: the records could not be read completely."
    return f"{seen}: {cause_words(finding.cause)} ({asked})."


def _wait(finding: Finding) -> str:
    rule = finding.rule
    timed = isinstance(rule, Exposed | Underwent | Vaccinated) and rule.within_days is not None
    if finding.truth is Truth.UNMET and finding.forbidden and timed:
        return f"; {rule.within_days} days must pass"  # type: ignore[union-attr]  # `timed` says which rules these are
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
    said = dict.fromkeys(explain(replace(part, unrecognised=0), vocabulary) for part in parts)
    counts = {part.unrecognised: part for part in parts if part.basis is Basis.NO_RECORD and part.unrecognised}
    return " ".join(said) + (_unrecognised(counts[max(counts)]) if counts else "")


def _stated(finding: Finding, vocabulary: Vocabulary) -> str:
    """Say what a finding's rule states, its "not" included."""
    return f"{'no ' if finding.forbidden else ''}{describe(finding.rule, vocabulary)}"


def _conditional(finding: Finding, vocabulary: Vocabulary) -> str:
    condition, then, otherwise = finding.parts
    if condition.truth is Truth.MET:
        shown = f" ({_entries(condition)})" if condition.evidence else ""
        return f"With {_stated(condition, vocabulary)}{shown}: {explain(then, vocabulary)}"
    known = "" if condition.truth is Truth.UNMET else " The same by either limit."
    return f"{explain(otherwise, vocabulary)}{known if finding.truth is not Truth.UNKNOWN else ''}"


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
