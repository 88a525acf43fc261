"""The text of a card: what stands in the way, what is not known and what would settle it, then what is settled.

All of it is GitHub-Flavored Markdown without HTML, and every word that is not ours is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cds.core.chart import Kind, Lost
from cds.core.explain import cause_words, explain
from cds.core.finding import CriterionFinding, Evidence
from cds.core.truth import Truth
from cds.core.verdict import CohortVerdict, Standing, Verdict
from cds.core.vocabulary import Vocabulary
from cds.hooks.markdown import bullets, shown

_SHOWN_LOST = 5
_SHOWN_EVIDENCE = 4

KIND_WORDS = {
    Kind.PERSON: "the patient's own data",
    Kind.MEASUREMENT: "results (laboratory, vital signs, scores)",
    Kind.CONDITION: "problem list and diagnoses",
    Kind.MEDICATION: "medications",
    Kind.PROCEDURE: "procedures",
    Kind.IMMUNIZATION: "immunizations",
    Kind.ALLERGY: "allergies",
}

_STANDINGS = {
    Standing.CANDIDATE: "**Candidate.** Nothing that was read speaks against this trial.",
    Standing.NEAR: "**Near.** What stands in the way will pass with time, or may be corrected.",
    Standing.POSSIBLE: "**Possible.** Nothing that was read speaks against this trial, but it may not fit.",
    Standing.DOES_NOT_FIT: "**Does not fit.**",
    Standing.NOT_RELEVANT: "**Not relevant.**",
}


@dataclass(frozen=True, slots=True)
class Unread:
    """What could not be read and could have mattered: kinds of entry with the reason, and single entries."""

    gaps: Mapping[Kind, str] = field(default_factory=dict)
    lost: tuple[Lost, ...] = ()

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of entry that are not whole; all of them if an entry was lost that could have been anything."""
        if any(each.kind is None for each in self.lost):
            return frozenset(Kind)
        return frozenset(self.gaps) | {each.kind for each in self.lost if each.kind is not None}

    def __bool__(self) -> bool:
        return bool(self.gaps or self.lost)


def detail_of(verdict: Verdict, vocabulary: Vocabulary, unread: Unread, where: str = "") -> str:
    """Tell one trial's verdict as the text of its card; ``where`` says, as Markdown, where the trial is open."""
    parts = [
        _opening(verdict),
        where,
        _section("Unmet", verdict.having(Truth.UNMET), vocabulary),
        _section("Unknown", verdict.having(Truth.UNKNOWN), vocabulary),
        _settled(verdict),
        _for_a_person(verdict),
        unread_text(unread),
        _about_the_definition(verdict),
    ]
    return "\n\n".join(part for part in parts if part)


def _opening(verdict: Verdict) -> str:
    trial = verdict.trial
    lines = [_STANDINGS[verdict.standing]]
    if verdict.standing is Standing.NEAR and verdict.earliest is not None:
        lines.append(f"By the dates on record, nothing stands in the way from {verdict.earliest.isoformat()} on.")
    status = trial.status.replace("_", " ").lower()
    as_of = f" (record of {trial.record_date.isoformat()})" if trial.record_date else ""
    if status:
        lines.append(f"Registry status: {shown(status)}{as_of}.")
    return f"{shown(trial.title)}\n\n{' '.join(lines)}{_cohorts(verdict)}"


def fitting_cohorts(verdict: Verdict) -> tuple[CohortVerdict, ...]:
    """Give the open cohorts that have the trial's standing, the one whose findings are told first."""
    same = [each for each in verdict.cohorts if each.open and each.standing is verdict.standing]
    return tuple(sorted(same, key=lambda each: each.findings is not verdict.findings))


def _cohorts(verdict: Verdict) -> str:
    labels = [shown(each.label or each.id) for each in fitting_cohorts(verdict) if each.label or each.id]
    if not labels:
        return ""
    others = f" (also: {'; '.join(labels[1:])})" if labels[1:] else ""
    return f"\n\nCohort: {labels[0]}{others}"


def _section(title: str, findings: tuple[CriterionFinding, ...], vocabulary: Vocabulary) -> str:
    if not findings:
        return ""
    return f"**{title} ({len(findings)})**\n\n{bullets([_line(each, vocabulary) for each in findings])}"


def _line(found: CriterionFinding, vocabulary: Vocabulary) -> str:
    finding = found.finding
    cause = f" ({shown(cause_words(finding.cause))})" if finding.cause else ""
    explained = explain(finding, vocabulary)
    draft = " (draft)" if found.criterion.draft else ""
    said = [f"**{_bold(found.criterion.label or found.criterion.id)}**{draft}{cause}: {shown(explained)}"]
    besides = untold(finding.evidence, explained)
    if besides:
        said.append(f"Evidence: {evidence_text(besides)}.")
    if finding.resolves_on is not None:
        said.append(f"Passes by itself on {finding.resolves_on.isoformat()}.")
    elif finding.clears_on is not None:
        said.append(f"Time removes this on {finding.clears_on.isoformat()}; what remains is then unknown.")
    if finding.cause is not None and finding.wanted is not None and finding.wanted.question:
        said.append(f"To settle it: {shown(finding.wanted.question)}")
    return " ".join(said)


def _bold(label: str) -> str:
    """Escape a label for bold type; where it ends in a sign, the asterisks after it count only before a space."""
    return shown(label)


def untold(evidence: tuple[Evidence, ...], explained: str) -> tuple[Evidence, ...]:
    """Give the entries that an explanation does not name already, with their days."""
    return tuple(each for each in evidence if each.label not in explained or each.date not in explained)


def evidence_text(evidence: tuple[Evidence, ...]) -> str:
    """Tell what decided: words, value, range and date of each entry, the first few of them."""
    told = [_entry(each) for each in evidence[:_SHOWN_EVIDENCE]]
    more = len(evidence) - _SHOWN_EVIDENCE
    return "; ".join(told) + (f"; {more} more" if more > 0 else "")


def _entry(seen: Evidence) -> str:
    what = " ".join(filter(None, (seen.label or seen.reference, seen.value)))
    spread = f"range {seen.range}" if seen.range else ""
    return shown(", ".join(filter(None, (what, spread, seen.date))))


def _settled(verdict: Verdict) -> str:
    met = len(verdict.having(Truth.MET))
    return f"**Met:** {met} of {len(verdict.findings)} criteria." if met else ""


def _for_a_person(verdict: Verdict) -> str:
    asked = verdict.for_a_person
    if not asked:
        return ""
    return f"**For a person to judge ({len(asked)}):** {'; '.join(shown(each.criterion.label) for each in asked)}"


def unread_text(unread: Unread) -> str:
    """Tell what could not be read, or nothing."""
    if not unread:
        return ""
    lines = [f"{_upper(KIND_WORDS[kind])}: {shown(why)}" for kind, why in _ordered(unread.gaps)]
    lines += [f"{shown(each.reference)}: {shown(each.why)}" for each in unread.lost[:_SHOWN_LOST]]
    more = len(unread.lost) - _SHOWN_LOST
    if more > 0:
        lines.append(f"{more} more entries")
    return f"**Could not be read**\n\n{bullets(lines)}"


def _ordered(gaps: Mapping[Kind, str]) -> Iterable[tuple[Kind, str]]:
    return ((kind, gaps[kind]) for kind in Kind if kind in gaps)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _about_the_definition(verdict: Verdict) -> str:
    trial = verdict.trial
    said = []
    if trial.draft:
        said.append("Draft: a machine read these criteria out of the registry's text.")
    if trial.reviewed_on is None:
        said.append("Not clinically reviewed: no clinician has checked how this trial's criteria are written here.")
    if not trial.complete:
        said.append("Not every line of the registry's text is covered: read the protocol.")
    said.append("The study team decides on eligibility.")
    return " ".join(said)
