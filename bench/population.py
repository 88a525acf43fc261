"""How many patients a second are held against trials, in how much memory, and how both grow with the population.

The population is the public exports of the shared data (MIMIC-IV demo, SMART's bulk sample, Synthea), or the golden
charts where these are not there, copied under fresh ids. It is held against the curated trials and against all of a
cancer centre's in a registry file, by one process, two, and Spark (where PySpark is installed). Time is of the whole
run: files taken in, regrouped, screened, written and summed up; loading the trials and starting Spark are not in it.
Memory is that of the run's first process and all beneath it at the worst moment, pages they share counted once.
The growth is drawn (``docs/figures/population.svg``). Measures, and judges nothing.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import os
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bench.chart import golden_day
from bench.copies import Lines, copied, golden_lines, lines_of_bundle, marked, written
from bench.figure import Line, drawn
from bench.many_trials import imported
from cds.app import load_plan, settle_memory
from cds.population.coverage import covered_by
from cds.population.job import Job, parts_for
from cds.population.local import Local
from cds.population.regroup import bring_drugs, entries_of, take_file
from cds.population.run import screen_population
from cds.population.screening import screened
from cds.population.sources import find_sources
from cds.population.storing import database
from cds.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from multiprocessing.connection import Connection

    from cds.core.plan import Plan
    from cds.population.spark import Spark

ROOT = Path(__file__).resolve().parent.parent
FIGURE = ROOT / "docs" / "figures" / "population.svg"
SIZES = (1, 4, 16)
THROUGHPUT = 4
AIM_A_SECOND = 300
SHARED_TYPES = ("Medication", "Organization", "Location", "Practitioner", "PractitionerRole")
EXPORTS = ("mimic-iv-demo-on-fhir", "smart-bulk-10-patients")
BUNDLES = ("smart-generated-sample-data-r4", "synthea-2021-2024")
FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run came to: patients, how many of them some trial concerns, seconds by step, and megabytes."""

    patients: int
    concerned: int
    seconds: float
    screen_s: float
    megabytes: float

    @property
    def rate(self) -> float:
        """Patients a second."""
        return self.patients / self.seconds


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    shared = Path(os.environ.get("CDS_SHARED") or ROOT.parent / "shared") / "data"
    usual = shared / "oncology-trials.dev.jsonl.gz"
    parser.add_argument("--records", type=Path, default=usual, help="the registry's records, as JSON lines")
    parser.add_argument("--golden", action="store_true", help="copies of the golden charts: everybody has a tumour")
    parser.add_argument("--most", type=int, default=SIZES[-1], help="most copies of the population (default: 16)")
    parser.add_argument("--figure", type=Path, default=FIGURE, help="where the growth is drawn")
    chosen = parser.parse_args()
    if "fork" not in multiprocessing.get_all_start_methods() or not Path("/proc/self/smaps_rollup").exists():
        print("bench.population is left out: it forks, and reads memory as Linux tells it")
        return
    with tempfile.TemporaryDirectory() as folder:
        exports = populations(Path(folder), shared / "fhir", chosen)
        held = plans(Path(folder), chosen.records)
        settle_memory()
        each_patient(exports[1], held)
        throughput(exports[max(copies for copies in exports if copies <= THROUGHPUT)], held)
        growth(exports, next(reversed(held.values())), chosen.figure)


# ----------------------------------------------------------------------------------------------- what is held together
def populations(folder: Path, fhir: Path, chosen: argparse.Namespace) -> Mapping[int, tuple[Path, ...]]:
    """Write the population in each size, as so many exports; give their folders by the number of copies."""
    there = {} if chosen.golden else dict(_public(fhir))
    if not there:
        there = {"golden": golden_lines(ROOT / "tests" / "golden")}
    made = {}
    for copies in (each for each in SIZES if each <= chosen.most):
        size = 0
        for name, lines in there.items():
            for number in range(copies):
                size += written(copied(lines, number), folder / f"{copies}x" / name)
        made[copies] = tuple(sorted((folder / f"{copies}x").iterdir()))
        of = sum(kind == "Patient" for lines in there.values() for kind, _ in lines) * copies
        print(f"{copies:3} ×: {of} patients, {size / 1e6:.0f} MB of NDJSON ({', '.join(there)})")
    return made


def _public(fhir: Path) -> Iterator[tuple[str, Lines]]:
    for name in EXPORTS:
        files = sorted((fhir / name).glob("*.ndjson*"))
        lines = [each for file in files for each in _resources(_text(file).splitlines())]
        if lines:
            yield name, marked(lines, SHARED_TYPES)
    bundles = [json.loads(_text(file)) for name in BUNDLES for file in sorted((fhir / name).glob("*.json*"))]
    lines = [each for bundle in bundles for each in marked(lines_of_bundle(bundle))]
    if lines:
        yield "synthea", lines


def _resources(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        resource = json.loads(line)
        if "resourceType" in resource and "id" in resource:
            yield resource["resourceType"], line


def _text(file: Path) -> str:
    body = file.read_bytes()
    return (gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body).decode()


def plans(folder: Path, records: Path) -> dict[str, Plan]:
    """Load the curated trials, then with them those of the registry's records where these are at hand."""
    held = [load_plan(Settings(authentication="off", store_url="sqlite://"))]
    if records.is_file():
        settings = Settings(authentication="off", store_url=f"sqlite:///{folder}/bench.sqlite3")
        imported(settings, records)
        held.append(load_plan(settings))
    else:
        print(f"{records.name} is not here (CDS_SHARED names the folder of shared data): the curated trials only")
    return {f"{len(plan.trials)} trials": plan for plan in held}


# ---------------------------------------------------------------------------------------------------------------- runs
def job_for(exports: tuple[Path, ...], plan: Plan, out: Path, processes: int) -> Job:
    """Give the run as the command would, but for the day."""
    sources = find_sources(exports)
    return Job(
        sources=sources,
        out=out,
        plan=plan,
        version="bench",
        as_of=golden_day(),
        zone=ZoneInfo("UTC"),
        parts=parts_for(sources, processes),
    )


def measured(exports: tuple[Path, ...], plan: Plan, processes: int, *, spark: bool = False) -> Measured:
    """Run in a process of its own, and watch the memory of that and all beneath it."""
    with tempfile.TemporaryDirectory() as folder:
        job = job_for(exports, plan, Path(folder) / "out", processes)
        ours, theirs = FORK.Pipe()
        run = FORK.Process(target=_run, args=(job, processes, spark, theirs))
        run.start()
        most = 0.0
        while not ours.poll(0.1) and run.is_alive():
            most = max(most, megabytes(run.pid or 0))
        if not ours.poll():
            raise SystemExit("the run ended before it was done")
        measured: Measured = ours.recv()
        run.join()
    return replace(measured, megabytes=most)


def _run(job: Job, processes: int, spark: bool, to: Connection) -> None:  # noqa: FBT001 - as it was sent
    with _engine(job, processes, spark=spark) as engine:
        ends: dict[str, float] = {}

        def told(step: str, done: int, of: int) -> None:
            assert done <= of  # noqa: S101 - a bench of a broken run means nothing
            ends[step] = time.perf_counter()

        began = time.perf_counter()
        came = screen_population(job, engine, told)
        took = time.perf_counter() - began
    with database(job) as connection:
        found = connection.execute(
            f"SELECT count(*) FILTER (trials > 0) FROM '{job.out}/patients/*.parquet'"  # noqa: S608 - our own folder
        ).fetchone()
    to.send(Measured(came.counts.patients, int(found[0]) if found else 0, took, ends["screen"] - ends["take in"], 0))


def _engine(job: Job, processes: int, *, spark: bool) -> Local | Spark:
    if spark:
        from cds.population.spark import Spark  # noqa: PLC0415 - an optional extra

        return Spark(job, f"local[{processes}]", processes)
    return Local(job, processes)


def megabytes(pid: int) -> float:
    """Give what a process and all beneath it hold now, pages they share counted once."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
    waiting, held = [pid], 0
    while waiting:
        one = waiting.pop()
        waiting += parents.get(one, [])
        with suppress(OSError, StopIteration):
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
            held += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return held / 1024


def _told(what: str, run: Measured) -> None:
    print(f"{what:<36}{run.rate:8.1f} patients/s{run.seconds:8.1f} s{run.megabytes:8.0f} MB", flush=True)


# ------------------------------------------------------------------------------------------------------------- figures
def each_patient(exports: tuple[Path, ...], plans: Mapping[str, Plan]) -> None:
    """Say what a patient costs whom no trial concerns, and one whom some do: other mixes have other rates."""
    print("\nOne patient held against the trials, reading included, one process; the mean of each kind:")
    for name, plan in plans.items():
        with tempfile.TemporaryDirectory() as folder:
            job = job_for(exports, plan, Path(folder) / "out", 1)
            accounts = [take_file(job, number) for number in range(len(job.sources))]
            bring_drugs(job)
            covered = covered_by(accounts, job)
            took: dict[bool, list[float]] = {True: [], False: []}
            trials = 0
            with database(job) as connection:
                for patient, rows in (each for part in range(job.parts) for each in entries_of(job, part, connection)):
                    began = time.perf_counter()
                    made = screened(patient, rows, covered, job).patient
                    took[made.trials > 0].append((time.perf_counter() - began) * 1000)
                    trials += made.trials
        of = {kind: f"{len(times)} × {mean(times):.1f} ms" for kind, times in took.items() if times}
        each = trials / max(1, len(took[True]))
        print(
            f"  {name}: no trial concerns {of.get(False, 'nobody')}; some do {of.get(True, 'nobody')} ({each:.0f} each)"
        )


def throughput(exports: tuple[Path, ...], plans: Mapping[str, Plan]) -> None:
    """Say how many patients a second are held against each plan: by one process, by two, by Spark with two."""
    print("\nWhole runs:")
    spark = find_spec("pyspark") is not None
    two: dict[str, Measured] = {}
    for name, plan in plans.items():
        one, two[name] = measured(exports, plan, 1), measured(exports, plan, 2)
        _told(f"{name}, one process", one)
        _told(f"{name}, two processes", two[name])
        ratio = f"two processes / one {two[name].rate / one.rate:.2f}"
        if spark:
            cluster = measured(exports, plan, 2, spark=True)
            _told(f"{name}, Spark local[2]", cluster)
            ratio += f"; Spark / local {cluster.rate / two[name].rate:.2f}"
        print(f"  {ratio}{'' if spark else '; no Spark: PySpark is not installed'}")
    last = next(reversed(two.values()))
    print(f"{last.concerned} of {last.patients} patients are concerned by some trial of the last")
    if len(two) > 1:
        first = next(iter(two.values()))
        print(f"rate against many trials / against few, two processes: {last.rate / first.rate:.2f}")
    print(f"aim: at least {AIM_A_SECOND} patients/s on two cores against all; measured: {last.rate:.0f}")


def growth(populations: Mapping[int, tuple[Path, ...]], plan: Plan, figure: Path) -> None:
    """Say and draw how time and memory of a run of two processes grow with the population."""
    print("\nGrowth, two processes, all trials:")
    runs = {copies: measured(exports, plan, 2) for copies, exports in populations.items()}
    for copies, run in runs.items():
        _told(f"{copies} × the population, {run.patients} patients", run)
    first, last = next(iter(runs.values())), next(reversed(runs.values()))
    times = tuple((run.patients, run.seconds / first.seconds) for run in runs.values())
    memory = tuple((run.patients, run.megabytes / first.megabytes) for run in runs.values())
    people, held = last.patients / first.patients, last.megabytes / first.megabytes
    print(f"{people:.0f} × the patients: {last.seconds / first.seconds:.1f} × the time, {held:.2f} × the memory")
    print("aim: memory that does not grow with the population")
    figure.parent.mkdir(parents=True, exist_ok=True)
    title = "A run's time and memory by the number of patients, as multiples of those of the fewest"
    figure.write_text(drawn(title, "patients", (Line("time", times), Line("memory", memory))), encoding="utf-8")


if __name__ == "__main__":
    main()
