"""A base patient who meets a trial, and one change of one record for each thing the trial asks.

The files in ``one_change/`` say, per criterion, which row of the base patient is taken out and which put in, and what
the criterion then comes to. They are proposed from the rules (:mod:`tests.golden.proposals`); what a file says is tried
again by the tests, against every criterion of the trial.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from cds.core.chart import Chart
from cds.core.criteria import Asked, Criterion, leaves
from cds.core.evaluate import evaluate
from cds.core.finding import Cause, Finding
from cds.core.recognise import Case, recognise
from cds.core.trial import Trial
from cds.core.truth import Truth
from cds.core.verdict import Standing
from cds.errors import BadTrial
from cds.files import Block, read_yaml
from cds.trials.examples import example_of
from tests.golden.proposals import Change, proposals
from tests.shipped import codebook, definition, vocabulary

FOLDER = Path(__file__).resolve().parent / "one_change"
REPOSITORY = FOLDER.parents[2]
EXAMPLES = REPOSITORY / "trials" / "examples"
FULL = ("NCT05058651", "NCT06161532", "NCT06893783", "NCT07328490", "NCT07343453")
_FIELDS = ("criterion", "was", "becomes", "section", "out", "into")


@dataclass(frozen=True, slots=True)
class Variant:
    """One change and what it does to one criterion; to every other criterion of the trial it does nothing."""

    criterion: str
    was: str
    becomes: str
    change: Change


def trial(nct_id: str) -> Trial:
    """Give a trial of the repository."""
    return definition(nct_id).trial


@cache
def base(nct_id: str) -> Block:
    """Give a trial's base patient as the file says it."""
    path = EXAMPLES / nct_id / "base.yaml"
    return read_yaml(path, path.name, BadTrial)


def criteria_of(the_trial: Trial) -> list[Criterion]:
    """Give the criteria of a trial and of its cohorts."""
    return [*the_trial.criteria, *(each for cohort in the_trial.cohorts for each in cohort.criteria)]


def asked_of_base(nct_id: str) -> list[Criterion]:
    """Give the criteria of a trial and of its cohorts, those left out that the base patient stands outside of."""
    said = example_of(base(nct_id), f"{nct_id}.yaml", codebook()).cohorts
    outside = {Standing.NOT_RELEVANT, Standing.DOES_NOT_FIT}
    cohorts = [each for each in trial(nct_id).cohorts if said.get(each.id) not in outside]
    return [*trial(nct_id).criteria, *(each for cohort in cohorts for each in cohort.criteria)]


def open_silence(finding: Finding) -> bool:
    """Say whether a finding is unknown only because no record of a thing does not mean that it is not there."""
    if not finding.parts:
        return finding.cause is Cause.NO_RECORD and finding.forbidden
    unknown = [part for part in finding.parts if part.truth is Truth.UNKNOWN]
    return any(map(open_silence, unknown)) and all(open_silence(part) or _asks(part) for part in unknown)


def _asks(finding: Finding) -> bool:
    return finding.cause is not None and finding.cause.for_a_person


def computable(criterion: Criterion) -> bool:
    """Say whether a criterion looks at the chart at all."""
    return any(not isinstance(leaf, Asked) for leaf in leaves(criterion.rule))


def changed(block: Block, change: Change) -> Block:
    """Give the patient with one row taken out, put in or exchanged; raise ``ValueError`` if it is not there."""
    other = Block(block)
    if change.section == "patient":
        key, _, value = change.into.partition(" ")
        patient = Block(block["patient"])  # type: ignore[call-overload]  # a mapping in every example
        if f"{key} {patient.get(key, '')}".strip() != change.out:
            message = f"the patient has no {change.out!r}"
            raise ValueError(message)
        patient[key] = value
        other["patient"] = patient
        return other
    rows = list(block.get(change.section, []))  # type: ignore[call-overload]  # a list in every example
    if change.out:
        rows[rows.index(change.out) : rows.index(change.out) + 1] = [change.into] if change.into else []
    else:
        rows.append(change.into)
    other[change.section] = rows
    return other


def case_of(block: Block, nct_id: str) -> Case:
    """Read a patient, ready to be asked."""
    example = example_of(block, f"{nct_id}.yaml", codebook())
    chart: Chart = example.chart
    return recognise(chart, vocabulary(), example.as_of)


@cache
def base_findings(nct_id: str) -> dict[str, Finding]:
    """Give what every criterion comes to for the base patient."""
    case = case_of(base(nct_id), nct_id)
    return {each.id: evaluate(each.rule, case) for each in criteria_of(trial(nct_id))}


def base_truths(nct_id: str) -> dict[str, Truth]:
    """Give the answers for the base patient."""
    return {name: finding.truth for name, finding in base_findings(nct_id).items()}


def flipped(nct_id: str, change: Change) -> dict[str, Truth]:
    """Give the criteria that a change makes come to something else, each with what it comes to."""
    case = case_of(changed(base(nct_id), change), nct_id)
    now = {each.id: evaluate(each.rule, case).truth for each in criteria_of(trial(nct_id))}
    return {name: truth for name, truth in now.items() if truth is not base_truths(nct_id)[name]}


def proposed(nct_id: str) -> Iterator[Variant]:
    """Try the changes that the rules suggest, and give for each part of a criterion the first that flips it alone."""
    for criterion in filter(computable, criteria_of(trial(nct_id))):
        seen: set[Change] = set()
        spare: Variant | None = None
        found = False
        for leaf in dict.fromkeys(leaves(criterion.rule)):
            for change in proposals(leaf, base(nct_id), vocabulary()):
                if change in seen:
                    continue
                seen.add(change)
                variant = _tried(nct_id, criterion, change)
                if variant is not None and variant.becomes == Truth.UNMET.value:
                    found = True
                    yield variant
                    break
                spare = spare or variant
        if not found and spare is not None:
            yield spare


def _tried(nct_id: str, criterion: Criterion, change: Change) -> Variant | None:
    try:
        now = flipped(nct_id, change)
    except (BadTrial, ValueError):
        return None
    if set(now) != {criterion.id}:
        return None
    return Variant(criterion.id, base_truths(nct_id)[criterion.id].value, now[criterion.id].value, change)


@cache
def stored(nct_id: str) -> tuple[Variant, ...]:
    """Read the variants of a trial from their file."""
    said = yaml.safe_load((FOLDER / f"{nct_id}.yaml").read_text("utf-8"))
    return tuple(
        Variant(
            each["criterion"],
            each["was"],
            each["becomes"],
            Change(each["section"], each.get("out", ""), each.get("into", "")),
        )
        for each in said["variants"]
    )


def written(nct_id: str, variants: list[Variant]) -> str:
    """Write the variants of a trial as a file that a person can read."""
    said = [
        {
            name: value
            for name, value in zip(
                _FIELDS,
                (each.criterion, each.was, each.becomes, each.change.section, each.change.out, each.change.into),
                strict=True,
            )
            if value
        }
        for each in variants
    ]
    head = (
        f"# One change each to the patient in trials/examples/{nct_id}/base.yaml, and the one criterion it flips.\n"
        "# Written by `make golden`; what the rows mean is told in trials/README.md.\n"
    )
    return head + yaml.safe_dump({"variants": said}, sort_keys=False, allow_unicode=True, width=120)
