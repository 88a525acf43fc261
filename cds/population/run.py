"""One run from beginning to end, on whatever machines: regroup, screen, count. What is done is never done again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import msgspec

from cds.population.coverage import Covered, covered_by, said_of
from cds.population.disk import held
from cds.population.exported import Told
from cds.population.folder import Run, export_digest, finish, open_folder, run_in
from cds.population.partition import Counts, is_done
from cds.population.regroup import account_of, bring_drugs, discard, is_taken
from cds.population.summary import summarised
from cds.population.telling import markdown, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cds.population.job import Job
    from cds.population.lines import Account
    from cds.population.summary import Summary

__all__ = ["Came", "Engine", "Steps", "Work", "screen_population"]


class Steps(Protocol):
    """Whoever wants to see how far a run is: so many of so many, in steps named ``take in`` and ``screen``."""

    def __call__(self, step: str, done: int, of: int) -> None:
        """Hear of it."""


@dataclass(frozen=True, slots=True)
class Work:
    """Parts to be screened, what the export covers, and whether rows of the earlier run may be taken over."""

    parts: tuple[int, ...]
    covered: Covered
    take_over: bool = False


class Engine(Protocol):
    """Machines that do the work of a run: files in any order, then parts in any order."""

    def take_in(self, numbers: Sequence[int]) -> Iterable[Account]:
        """Take in the files with these numbers and give each account as it is there."""

    def screen(self, work: Work) -> Iterable[Counts]:
        """Screen parts and give the counts of each as it is done."""


@dataclass(frozen=True, slots=True)
class Came:
    """What a run came to, and what was done this time: nought patients where it was finished before."""

    summary: Summary
    counts: Counts
    took_over: bool


def screen_population(job: Job, engine: Engine, told: Steps, exported: Mapping[int, Told] | None = None) -> Came:
    """Screen a population, or go on where an earlier run into the same folder was stopped.

    ``exported`` is what the client of each export said of it. Raises ``BadCall`` where the folder is of another
    run, and ``RunStopped`` where this one cannot go on.
    """
    run = run_of(job)
    finished = open_folder(job, run)
    with held(job.out):
        # of a finished run the export is not there any more: where a part has gone since, it is taken in again
        finished = finished and all(is_done(job, part) for part in range(job.parts))
        return _screened(job, engine, told, exported, run, finished=finished)


def _screened(
    job: Job, engine: Engine, told: Steps, exported: Mapping[int, Told] | None, run: Run, *, finished: bool
) -> Came:
    _take_in(job, engine, told, finished=finished)
    accounts = [account for number in range(len(job.sources)) if (account := account_of(job, number))]
    covered = covered_by(accounts, job, exported)
    if not finished:
        bring_drugs(job)
    take_over = _may_take_over(job, run, covered)
    counts = _screen(job, engine, told, covered, take_over=take_over)
    summary = summarised(job, accounts, covered)
    run = replace(run, covered=digest_of(covered))
    texts = {"summary.md": markdown(summary).encode(), "summary.json": _json(summary)}
    finish(job, run, texts)
    discard(job)
    return Came(summary, counts, take_over)


def run_of(job: Job) -> Run:
    """Give what the folder of a job's results is of."""
    return Run(
        as_of=job.as_of.isoformat(),
        question=job.version,
        export=export_digest(job.sources),
        parts=job.parts,
        criteria=job.criteria,
        everything=job.everything,
    )


def _take_in(job: Job, engine: Engine, told: Steps, *, finished: bool) -> None:
    there = account_of if finished else is_taken
    missing = [number for number in range(len(job.sources)) if not there(job, number)]
    every = len(job.sources)
    told("take in", every - len(missing), every)
    for done, _ in enumerate(engine.take_in(missing), start=every - len(missing) + 1):
        told("take in", done, every)


def _screen(job: Job, engine: Engine, told: Steps, covered: Covered, *, take_over: bool) -> Counts:
    missing = tuple(part for part in range(job.parts) if not is_done(job, part))
    counts = Counts()
    told("screen", job.parts - len(missing), job.parts)
    for done, each in enumerate(engine.screen(Work(missing, covered, take_over)), start=job.parts - len(missing) + 1):
        counts = Counts(counts.patients + each.patients, counts.taken_over + each.taken_over)
        told("screen", done, job.parts)
    return counts


def _may_take_over(job: Job, run: Run, covered: Covered) -> bool:
    """Say whether the earlier run's rows are what this one would give of a patient with the same lines."""
    earlier = run_in(job.earlier) if job.earlier is not None else None
    return earlier is not None and (earlier.question, earlier.covered, earlier.criteria, earlier.everything) == (
        run.question,
        digest_of(covered),
        run.criteria,
        run.everything,
    )


def digest_of(covered: Covered) -> str:
    """Give what stands for what an export covers, of everybody and of those of whom single lines are lacking."""
    return hashlib.sha256(repr(list(said_of(covered))).encode()).hexdigest()


def _json(summary: Summary) -> bytes:
    return msgspec.json.format(msgspec.json.encode(plain(summary)), indent=2) + b"\n"
