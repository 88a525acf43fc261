"""``trialcards population screen``: an export of many patients held against the trials."""

from __future__ import annotations

import argparse
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cds.cli.exits import Exit
from cds.cli.screen import check_trials, day
from cds.cli.words import Commands, command, counted, remark, write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import TaskID

    from cds.core.trial import Trial
    from cds.population.job import Job
    from cds.population.run import Came, Engine, Steps
    from cds.settings import Settings

__all__ = ["add_to"]

_ABOUT: Final = (
    "EXPORT is a folder of FHIR Bulk Data files (NDJSON, .gz too) as `population export` or another client left them, "
    "a file of it, or Bundles; several are one population. DIR takes the results as Parquet: patients/, trials/ (a row "
    "for each patient and trial that concern each other) and, with --criteria, criteria/; and summary.md. A run that "
    "was stopped goes on by the same command. docs/population.md tells more."
)


def add_to(population: Commands) -> None:
    """Add the command to those of ``trialcards population``."""
    made = command(population, "screen", _screen, "hold an export of many patients against the trials", _ABOUT)
    add = made.add_argument
    add("export", metavar="EXPORT", nargs="+", type=Path, help="a folder or file of the export")
    add("--out", metavar="DIR", type=Path, help="folder for the results (default: population-DATE)")
    add("--trial", metavar="NCT", nargs="+", action="extend", help="only these trials")
    add("--as-of", metavar="DATE", type=day, help="the day to screen for, YYYY-MM-DD (default: today)")
    add("--criteria", action="store_true", help="write a row for each criterion too")
    add("--all", action="store_true", help="write trials that do not concern a patient too, all of them")
    add("--since", metavar="DIR", type=Path, help="results of an earlier run: only patients with other lines again")
    add("--processes", metavar="N", type=_positive, help="processes of this machine (default: one a core)")
    add("--memory", metavar="MB", type=_positive, default=512, help="what DuckDB may hold in each (default: 512)")
    add("--engine", choices=("local", "spark"), default="local", help="this machine (default) or a Spark cluster")
    add("--master", metavar="URL", default="local[*]", help="the Spark cluster's master (default: local[*])")
    made.set_defaults(misused=made.error)


def _positive(text: str) -> int:
    from cds.settings.readers import whole

    try:
        return whole(1, 1_000_000)(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def _screen(chosen: argparse.Namespace) -> int:
    from cds.settings import Settings

    settings = Settings.read(os.environ)
    _check_duckdb()
    from cds.population.exported import told_of
    from cds.population.run import screen_population

    job = _job(chosen, settings)
    exported = told_of(job.sources)
    with _engine(chosen, job) as engine, _watching() as told:
        came = screen_population(job, engine, told, exported)
    _tell(came, job)
    return Exit.OK


def _check_duckdb() -> None:
    from importlib.util import find_spec

    from cds.errors import BadSetting

    if find_spec("duckdb") is None:
        raise BadSetting("population: DuckDB is not installed; pip install 'trialcards[population]'")


def _job(chosen: argparse.Namespace, settings: Settings) -> Job:
    from cds.app import SystemClock, load_plan
    from cds.population.folder import run_in
    from cds.population.job import Job, parts_for
    from cds.population.sources import find_sources

    sources = find_sources(chosen.export)
    plan = load_plan(settings, store_needed=True)
    if chosen.trial:
        check_trials(chosen.trial, [each.nct_id for each in plan.trials])
        plan = plan.only(frozenset(chosen.trial))
    as_of = chosen.as_of or SystemClock().now().astimezone(settings.time_zone).date()
    out = chosen.out or Path(f"population-{as_of}")
    earlier = run_in(chosen.since) if chosen.since else None
    if chosen.since and (earlier is None or not earlier.finished):
        chosen.misused("--since: must name the folder of a finished run")
    there = run_in(out) or earlier
    return Job(
        sources=sources,
        out=out,
        plan=plan,
        version=_version(plan.trials, settings),
        as_of=as_of,
        zone=settings.time_zone,
        parts=there.parts if there else parts_for(sources, _processes(chosen)),
        opt_out=frozenset(settings.opt_out),
        consents=settings.read_consent,
        criteria=chosen.criteria,
        everything=chosen.all,
        memory_mb=chosen.memory,
        earlier=chosen.since,
    )


def _processes(chosen: argparse.Namespace) -> int:
    return chosen.processes or os.cpu_count() or 1


def _version(trials: tuple[Trial, ...], settings: Settings) -> str:
    """Give what stands for everything but the export and the day that answers depend on."""
    import hashlib

    from cds import __version__
    from cds.terms.digest import tables_sha256
    from cds.trials.editions import Editions

    said = (
        Editions(trials, __version__, tables_sha256(settings.mappings, settings.mappings_overlay)).all_together,
        settings.near_days,
        str(settings.time_zone),
        sorted(map(repr, settings.opt_out)),
        settings.read_consent,
    )
    return hashlib.sha256(repr(said).encode()).hexdigest()


@contextmanager
def _engine(chosen: argparse.Namespace, job: Job) -> Iterator[Engine]:
    if chosen.engine == "spark":
        from cds.population.spark import Spark

        with Spark(job, chosen.master, _processes(chosen)) as spark:
            yield spark
        return
    from cds.app import settle_memory
    from cds.population.local import Local

    settle_memory()
    with Local(job, _processes(chosen)) as local:
        yield local


@contextmanager
def _watching() -> Iterator[Steps]:
    """Show how far the run is, where somebody looks."""
    from cds.cli.bars import progress_bar

    tasks: dict[str, TaskID] = {}
    with progress_bar() as progress:

        def told(step: str, done: int, of: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step, total=of)
            progress.update(tasks[step], completed=done, total=of)

        yield told


def _tell(came: Came, job: Job) -> None:
    from cds.population.telling import markdown

    write(markdown(came.summary))
    again = f"{counted(came.counts.patients, 'patient')} screened now"
    over = f", {came.counts.taken_over} taken over from --since" if came.counts.taken_over else ""
    write(f"{again}{over}; results in {job.out}")
    if job.earlier is not None and not came.took_over:
        remark(
            "--since: that run was of other trials, tables, settings or coverage, so that everybody was screened again"
        )
