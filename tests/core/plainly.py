"""The screen as plainly as it can be written: every criterion of every trial decided anew, on its own."""

import dataclasses
import datetime as dt

from cds.core.chart import Chart
from cds.core.criteria import Criterion
from cds.core.evaluate import evaluate
from cds.core.finding import Attestation, Basis, Cause, CriterionFinding, Finding, Wanted
from cds.core.recognise import Case, recognise
from cds.core.trial import Cohort, Trial
from cds.core.truth import Truth
from cds.core.verdict import CohortVerdict, Standing, Terms, Verdict, standing_of
from cds.core.vocabulary import Vocabulary

_PLACES = list(Standing)
Said = dict[tuple[str, str], Attestation]


def plain_screen(
    chart: Chart,
    trials: tuple[Trial, ...],
    terms: Terms,
    attestations: tuple[Attestation, ...] = (),
    *,
    relevant_only: bool = False,
) -> tuple[Verdict, ...]:
    """Hold a chart against each trial by itself."""
    case = recognise(chart, terms.vocabulary, terms.as_of)
    said = {(each.trial, each.criterion): each for each in attestations}
    verdicts = [_verdict(trial, case, terms, said, relevant_only) for trial in trials]
    return tuple(sorted(verdicts, key=_in_order))


def terms_of(vocabulary: Vocabulary, as_of: dt.date, near_days: int = 28) -> Terms:
    """Say on what day, in which words and how near is near."""
    return Terms(as_of, near_days, vocabulary)


def _in_order(verdict: Verdict) -> tuple[object, ...]:
    counts = len(verdict.having(Truth.UNMET)), len(verdict.having(Truth.UNKNOWN))
    return (
        _PLACES.index(verdict.standing),
        verdict.trial.draft,
        *counts,
        verdict.earliest or dt.date.min,
        verdict.trial.nct_id,
    )


def _verdict(trial: Trial, case: Case, terms: Terms, said: Said, brief: bool) -> Verdict:  # noqa: FBT001 - a test's own
    cohorts = [_cohort(cohort, trial, case, terms, said, brief) for cohort in trial.cohorts or (Cohort("", ""),)]
    chosen = min(
        cohorts,
        key=lambda each: (
            not each.open,
            _PLACES.index(each.standing),
            sum(found.finding.truth is Truth.UNMET for found in each.findings),
            each.id,
        ),
    )
    return Verdict(trial, chosen.standing, tuple(cohorts), chosen.findings, chosen.earliest)


def _cohort(
    cohort: Cohort,
    trial: Trial,
    case: Case,
    terms: Terms,
    said: Said,
    brief: bool,  # noqa: FBT001 - the same
) -> CohortVerdict:
    def find(criterion: Criterion) -> CriterionFinding:
        finding, attested = evaluate(criterion.rule, case), said.get((trial.nct_id, criterion.id))
        return CriterionFinding(criterion, finding if attested is None else _attested(finding, attested))

    criteria = (*trial.criteria, *cohort.criteria)
    findings = tuple(find(each) for each in criteria if each.disease)
    standing, earliest = standing_of(findings, complete=trial.complete, terms=terms)
    if not (brief and standing is Standing.NOT_RELEVANT):
        findings = tuple(map(find, criteria))
        standing, earliest = standing_of(findings, complete=trial.complete, terms=terms)
    return CohortVerdict(cohort.id, cohort.label, cohort.open, standing, findings, earliest)


def _attested(finding: Finding, attestation: Attestation) -> Finding:
    unknown = attestation.truth is Truth.UNKNOWN
    return dataclasses.replace(
        finding,
        truth=attestation.truth,
        basis=None if unknown else Basis.ATTESTED,
        cause=Cause.JUDGEMENT if unknown else None,
        wanted=(finding.wanted or Wanted(attestation.note or "What would settle it?")) if unknown else None,
        resolves_on=None,
        clears_on=None,
        expires_on=None,
        ruled_out=False,
        note=attestation.note,
        parts=(),
        answered=True,
    )
