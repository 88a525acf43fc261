"""One patient's entries held against the trials: the same function on one machine and on a cluster."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cds.core.chart import Chart
from cds.core.screen import withheld
from cds.core.tally import concerned, tally
from cds.core.truth import Truth
from cds.errors import BadCall, NoPatient
from cds.fhir.names import KIND_OF
from cds.fhir.reading.read import chart_of_entries
from cds.fhir.wire import decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cds.core.finding import CriterionFinding
    from cds.core.tally import Tally
    from cds.fhir.reading.coverage import Coverage
    from cds.fhir.reading.sorting import Sent
    from cds.population.coverage import Covered
    from cds.population.job import Job
    from cds.population.lines import Row

__all__ = ["CriterionRow", "PatientRow", "Rows", "TrialRow", "digest_of", "screened"]


@dataclass(frozen=True, slots=True)
class PatientRow:
    """One patient of the export. Every id that an entry names has one, also where no Patient resource bears it.

    ``as_of``: the day that was screened for. ``trials``: how many trials concern the patient, which are the rows of
    theirs. ``withheld``: why no trial is told (``deceased``, ``opted-out``, ``refusals-not-read``). ``problem``: why
    there was nothing to hold against trials (``no-patient-resource``) or a fault of ours, by its type. ``duplicates``:
    lines that repeat another's type and id. ``lost``: entries that could not be read; of those whom no trial concerns
    only what says so was looked at. ``digest`` stands for the lines.
    """

    patient: str
    as_of: dt.date
    trials: int = 0
    withheld: str | None = None
    problem: str | None = None
    resources: int = 0
    duplicates: int = 0
    lost: int = 0
    digest: str = ""


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One patient and one trial: what the trial came to, and the criteria behind it, by their ids in the definition.

    ``disease``: ``met``, ``unknown``, or ``ruled-out``. ``met``, ``unmet``, ``unknown`` count criteria that the
    records may settle, ``for_a_person`` those that only a person can. ``earliest``: the day from which nothing is
    unmet any more, by time alone.
    """

    patient: str
    trial: str
    as_of: dt.date
    verdict: str
    disease: str
    cohort: str
    earliest: dt.date | None
    met: int
    unmet: int
    unknown: int
    for_a_person: int
    blocking: tuple[str, ...]
    missing: tuple[str, ...]
    draft: bool


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """One patient, trial and criterion: the finding, in the words of ``POST /api/assessments``, without evidence."""

    patient: str
    trial: str
    cohort: str
    criterion: str
    truth: str
    basis: str | None
    cause: str | None
    wanted: str | None
    resolves_on: dt.date | None
    expires_on: dt.date | None
    evidence: tuple[str, ...]


@dataclass(slots=True)
class Rows:
    """What is written of one patient."""

    patient: PatientRow
    trials: list[TrialRow] = field(default_factory=list)
    criteria: list[CriterionRow] = field(default_factory=list)


def screened(patient: str, rows: Sequence[Row], covered: Covered, job: Job) -> Rows:
    """Hold one patient's entries against the trials of a job.

    First only what it takes to say whether any trial concerns the patient is read, and the rest for whom one does.
    Never raises for what is in them: whatever goes wrong with one patient is told in their row, and keeps nobody from
    the others.
    """
    repeated = sum(count - 1 for count in Counter((each.type, each.id) for each in rows if each.id).values())
    made = PatientRow(patient, job.as_of, resources=len(rows), duplicates=repeated, digest=digest_of(rows))
    try:
        first = [each for each in rows if each.type in job.first_types]
        coverage = covered.of(patient, rows)
        chart = _chart(patient, first, coverage, job)
        reason = withheld(chart, job.as_of)
        unseen = bool(covered.refusals) and any(each.kind is None for each in chart.lost)
        if reason is not None or unseen or covered.refusals_unread(rows):
            return Rows(replace(made, withheld=reason.value if reason else "refusals-not-read"))
        if not job.everything and not concerned(chart, job.plan, job.as_of):
            return Rows(replace(made, lost=len(chart.lost)))
        chart = _chart(patient, rows, covered.of(patient, rows), job)
        return _told(chart, replace(made, lost=len(chart.lost)), job)
    except NoPatient:
        return Rows(replace(made, problem="no-patient-resource"))
    except Exception as fault:  # noqa: BLE001 - one patient must not end the run; the row says that it happened
        return Rows(replace(made, problem=f"fault:{type(fault).__name__}"))


def _chart(patient: str, rows: Sequence[Row], coverage: Coverage, job: Job) -> Chart:
    return chart_of_entries(_sent(rows), patient_id=patient, coverage=coverage, zone=job.zone, opt_out=job.opt_out)


def digest_of(rows: Sequence[Row]) -> str:
    """Give what stands for a patient's lines and the exports they are of, in whatever order and files they came."""
    digest = hashlib.sha256()
    for line in sorted(f"{each.origin}\n{each.url}\n{each.line}" for each in rows):
        digest.update(hashlib.sha256(line.encode("utf-8", "surrogatepass")).digest())
    return digest.hexdigest()


def _sent(rows: Sequence[Row]) -> Iterator[Sent]:
    """Give the resources; what cannot be decoded is an entry of its kind that is lost."""
    for each in rows:
        try:
            resource = decode(each.line.encode("utf-8", "surrogatepass"))
        except BadCall:
            resource = None
        yield resource, each.url, KIND_OF.get(each.type)


def _told(chart: Chart, made: PatientRow, job: Job) -> Rows:
    told = Rows(made)
    for each in tally(chart, job.plan, job.as_of, everything=job.everything):
        told.trials.append(_trial(made.patient, each, job.as_of))
        if job.criteria:
            told.criteria += [_criterion(made.patient, each, found) for found in each.findings]
    told.patient = replace(made, trials=len(told.trials))
    return told


_WORDS = {Truth.MET: "met", Truth.UNKNOWN: "unknown", Truth.UNMET: "unmet", None: "ruled-out"}


def _trial(patient: str, told: Tally, as_of: dt.date) -> TrialRow:
    return TrialRow(
        patient=patient,
        trial=told.trial.nct_id,
        as_of=as_of,
        verdict=told.standing.value,
        disease=_WORDS[told.disease],
        cohort=told.cohort,
        earliest=told.earliest,
        met=told.met,
        unmet=len(told.unmet),
        unknown=len(told.unknown),
        for_a_person=told.for_a_person,
        blocking=told.unmet,
        missing=told.unknown,
        draft=told.trial.draft,
    )


def _criterion(patient: str, told: Tally, each: CriterionFinding) -> CriterionRow:
    found = each.finding
    return CriterionRow(
        patient=patient,
        trial=told.trial.nct_id,
        cohort=told.cohort,
        criterion=each.criterion.id,
        truth=_WORDS[found.truth],
        basis=found.basis.value if found.basis else None,
        cause=found.cause.value if found.cause else None,
        wanted=found.wanted.question if found.wanted else None,
        resolves_on=found.resolves_on,
        expires_on=found.expires_on,
        evidence=tuple(dict.fromkeys(each.reference for each in found.evidence)),
    )
