"""What a run over a population came to: per trial, how many patients are left at each step, and what takes the others.

Counted by DuckDB over the results. It holds numbers and names of criteria, and nothing that is one patient's.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cds.population.storing import database, parquet, reading_stopped

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import duckdb

    from cds.core.trial import Trial
    from cds.population.coverage import Covered
    from cds.population.job import Job
    from cds.population.lines import Account

__all__ = ["CriterionCount", "Summary", "TrialSummary", "summarised"]


@dataclass(frozen=True, slots=True)
class CriterionCount:
    """A criterion with how many patients it concerns: ``patients`` in all, ``alone`` those for whom it is the only one.

    Of losses: unmet, and the only obstacle. Of unknowns, among patients with nothing unmet: not known, and all that is
    not known.
    """

    id: str
    label: str
    patients: int
    alone: int


@dataclass(frozen=True, slots=True)
class TrialSummary:
    """One trial over the population.

    ``told``: patients of whom a trial may be told; of the ``concerned`` among them an entry speaks for the trial's
    disease, and ``with_disease`` are known to have it. ``standings`` counts the concerned by verdict. ``losses`` are
    the criteria that are unmet, ``unknowns`` those that stand open where nothing is unmet; most patients first.
    """

    nct_id: str
    title: str
    draft: bool
    told: int
    concerned: int
    with_disease: int
    standings: Mapping[str, int]
    losses: tuple[CriterionCount, ...]
    unknowns: tuple[CriterionCount, ...]

    @property
    def unmet_nothing(self) -> int:
        """How many patients have nothing unmet: candidates and possible ones."""
        return self.standings.get("candidate", 0) + self.standings.get("possible", 0)


@dataclass(frozen=True, slots=True)
class Summary:
    """A run: what was read, of whom no trial is told and why, and the trials that concern anybody.

    ``passed_over`` are the trials that concern nobody. ``earlier_day``: patients whose rows were taken over from a run
    for an earlier day. ``faults`` counts what could not be used, by what was wrong; ``nobodys`` are resources of ids
    that no Patient resource bears. ``extents`` say per kind of entry how much of it the export has, ``gaps`` why not
    all.
    """

    as_of: dt.date
    version: str
    patients: int
    resources: int
    duplicates: int
    lost: int
    withheld: Mapping[str, int]
    problems: Mapping[str, int]
    nobodys: int
    earlier_day: int
    files: int
    faults: Mapping[str, int]
    extents: Mapping[str, str]
    gaps: tuple[str, ...]
    trials: tuple[TrialSummary, ...]
    passed_over: tuple[str, ...] = field(default=())

    @property
    def told(self) -> int:
        """How many patients a trial may be told of."""
        return self.patients - sum(self.withheld.values()) - sum(self.problems.values())


def summarised(job: Job, accounts: Iterable[Account], covered: Covered) -> Summary:
    """Count the results of a finished run. Raises ``RunStopped`` where they cannot be read."""
    files = list(accounts)
    with reading_stopped(job.out), database(job) as connection:
        connection.execute(f"CREATE VIEW patients AS FROM {parquet(*_all_of(job, 'patients'))}")
        connection.execute(f"CREATE VIEW trials AS FROM {parquet(*_all_of(job, 'trials'))}")
        patients, resources, duplicates, lost, earlier = connection.execute(
            "SELECT count(*), coalesce(sum(resources), 0), coalesce(sum(duplicates), 0), coalesce(sum(lost), 0), "
            "count(*) FILTER (as_of <> ?) FROM patients",
            [job.as_of],
        ).fetchone() or (0, 0, 0, 0, 0)
        withheld = dict(_counts(connection, "withheld"))
        problems = dict(_counts(connection, "problem"))
        told = patients - sum(withheld.values()) - sum(problems.values())
        counted = _trials(connection, job.plan.trials, told)
        nobodys = connection.execute(
            "SELECT coalesce(sum(resources), 0) FROM patients WHERE problem = 'no-patient-resource'"
        ).fetchone() or (0,)
    return Summary(
        as_of=job.as_of,
        version=job.version,
        patients=patients,
        resources=int(resources),
        duplicates=int(duplicates),
        lost=int(lost),
        withheld=withheld,
        problems=problems,
        nobodys=int(nobodys[0]),
        earlier_day=earlier,
        files=len(files),
        faults=_faults(files),
        extents=covered.extents,
        gaps=covered.gaps,
        trials=counted,
        passed_over=tuple(
            each.nct_id for each in job.plan.trials if each.nct_id not in {one.nct_id for one in counted}
        ),
    )


def _all_of(job: Job, table: str) -> list[Path]:
    """Give the files of a table, one by one: in a pattern, brackets of a folder's name would be read as one too."""
    return sorted((job.out / table).glob("*.parquet"))


def _counts(connection: duckdb.DuckDBPyConnection, column: str) -> list[tuple[str, int]]:
    return connection.execute(
        f"SELECT {column}, count(*) FROM patients WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()


def _faults(accounts: Iterable[Account]) -> dict[str, int]:
    """Count faults by what was wrong; those that were not named are counted as such."""
    found: Counter[str] = Counter()
    for account in accounts:
        found.update(each.why for each in account.faults)
        if account.unnamed:
            found["more of the same"] += account.unnamed
    return dict(found.most_common())


def _trials(connection: duckdb.DuckDBPyConnection, trials: Iterable[Trial], told: int) -> tuple[TrialSummary, ...]:
    standings: dict[str, dict[str, int]] = {}
    for nct_id, verdict, count in connection.execute(
        "SELECT trial, verdict, count(*) FROM trials GROUP BY ALL ORDER BY 1, 2"
    ).fetchall():
        standings.setdefault(nct_id, {})[verdict] = count
    diseased = dict(
        connection.execute("SELECT trial, count(*) FROM trials WHERE disease = 'met' GROUP BY 1").fetchall()
    )
    losses = _criteria(connection, "blocking", "TRUE")
    unknowns = _criteria(connection, "missing", "unmet = 0 AND verdict IN ('candidate', 'possible')")
    return tuple(
        TrialSummary(
            nct_id=trial.nct_id,
            title=trial.title,
            draft=trial.draft,
            told=told,
            concerned=sum(standings[trial.nct_id].values()),
            with_disease=diseased.get(trial.nct_id, 0),
            standings=standings[trial.nct_id],
            losses=_labelled(trial, losses.get(trial.nct_id, ())),
            unknowns=_labelled(trial, unknowns.get(trial.nct_id, ())),
        )
        for trial in trials
        if trial.nct_id in standings
    )


def _criteria(connection: duckdb.DuckDBPyConnection, column: str, where: str) -> dict[str, list[tuple[str, int, int]]]:
    found: dict[str, list[tuple[str, int, int]]] = {}
    for nct_id, criterion, count, alone in connection.execute(
        f"SELECT trial, criterion, count(*) AS patients, count(*) FILTER (lone) AS alone "
        f"FROM (SELECT trial, unnest({column}) AS criterion, len({column}) = 1 AS lone FROM trials WHERE {where}) "
        "GROUP BY ALL ORDER BY trial, alone DESC, patients DESC, criterion"
    ).fetchall():
        found.setdefault(nct_id, []).append((criterion, count, alone))
    return found


def _labelled(trial: Trial, counts: Iterable[tuple[str, int, int]]) -> tuple[CriterionCount, ...]:
    labels = {
        each.id: each.label
        for each in (*trial.criteria, *(each for cohort in trial.cohorts for each in cohort.criteria))
    }
    return tuple(CriterionCount(name, labels.get(name, name), count, alone) for name, count, alone in counts)
