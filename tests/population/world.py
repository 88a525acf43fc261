"""A population written by hand over the small vocabulary, two trials, and a run over it in this process."""

from __future__ import annotations

import dataclasses
import datetime as dt
import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import duckdb

from cds.core.codes import Code
from cds.core.criteria import Asked, Criterion, Diagnosis, Exposed, HasCondition, Measured, Not
from cds.core.plan import Plan
from cds.core.trial import Trial
from cds.population.exported import told_of
from cds.population.intake import take_in
from cds.population.job import Job
from cds.population.lines import Row
from cds.population.partition import screen_part
from cds.population.regroup import take_file
from cds.population.run import screen_population
from cds.population.sources import Source, find_sources
from cds.population.storing import quoted
from tests.core.builders import SYSTEM, VOCABULARY, limit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cds.population.lines import Account
    from cds.population.partition import Counts
    from cds.population.run import Came, Work

Json = dict[str, Any]
AS_OF = dt.date(2026, 6, 15)
ZONE = ZoneInfo("UTC")
RESEARCH = Code("urn:flags", "no-research")
NEC = Trial(
    "NCT00000001",
    "A drug in neuroendocrine carcinoma",
    "RECRUITING",
    (
        Criterion("disease", "Neuroendocrine carcinoma", Diagnosis(("neuroendocrine-carcinoma",)), disease=True),
        Criterion("platelets", "Platelets ≥ 100 × 10⁹/L", Measured(("platelets",), low=limit("100 10*9/L"))),
        Criterion("gilbert", "No Gilbert syndrome", Not(HasCondition(("gilbert-syndrome",)))),
        Criterion("itraconazole", "No itraconazole", Not(Exposed(("itraconazole",), ongoing=True))),
        Criterion("consent", "Informed consent", Asked("Has the patient given consent?")),
    ),
    complete=True,
)
COLON = Trial(
    "NCT00000002",
    "A drug in cancer of the colon",
    "RECRUITING",
    (
        Criterion("disease", "Adenocarcinoma", Diagnosis(("adenocarcinoma",), ("colorectum",)), disease=True),
        Criterion("albumin", "Albumin ≥ 3 g/dL", Measured(("albumin",), low=limit("3 g/dL"))),
    ),
    complete=True,
    draft=True,
)
TRIALS = NEC, COLON


# --------------------------------------------------------------------------------------------------- what is exported


def patient(name: str, **more: object) -> Json:
    return {"resourceType": "Patient", "id": name, "gender": "female", "birthDate": "1960-02-03", **more}


def condition(name: str, of: str, code: str = "nec-of-pancreas", **more: object) -> Json:
    """Write a diagnosis in force; ``code`` is one of the small vocabulary."""
    return {
        "resourceType": "Condition",
        "id": name,
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": coded(code),
        "subject": {"reference": f"Patient/{of}"},
        "onsetDateTime": "2025-01-01",
        **more,
    }


def observation(name: str, of: str, value: float = 150, code: str = "platelets", **more: object) -> Json:
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "code": coded(code),
        "subject": {"reference": f"Patient/{of}"},
        "effectiveDateTime": "2026-06-10",
        "valueQuantity": {
            "value": value,
            "unit": "u",
            "system": "http://unitsofmeasure.org",
            "code": "g/dL" if code == "albumin" else "10*9/L",
        },
        **more,
    }


def request(name: str, of: str, **drug: object) -> Json:
    """Write an order in force: ``drug`` is the element that says of what."""
    return {
        "resourceType": "MedicationRequest",
        "id": name,
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{of}"},
        "authoredOn": "2026-06-01",
        **drug,
    }


def statement(name: str, of: str, code: str = "prednisone") -> Json:
    return {
        "resourceType": "MedicationStatement",
        "id": name,
        "status": "active",
        "subject": {"reference": f"Patient/{of}"},
        "medicationCodeableConcept": coded(code),
        "effectivePeriod": {"start": "2026-01-01"},
    }


def coded(code: str) -> Json:
    return {"coding": [{"system": SYSTEM, "code": code}]}


def whole(name: str, *, platelets: float = 150, diagnosis: str = "nec-of-pancreas") -> list[Json]:
    """Give somebody's whole record: a diagnosis, a result and a drug that is in nobody's way."""
    return [
        patient(name),
        condition(f"{name}-c", name, diagnosis),
        observation(f"{name}-o", name, platelets),
        statement(f"{name}-m", name),
    ]


def line(resource: object) -> str:
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":"))


def put(path: Path, *resources: object) -> Path:
    """Write resources as NDJSON, in gzip where the file's name says so; text stands as it is."""
    body = "".join(f"{each if isinstance(each, str) else line(each)}\n" for each in resources).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(body, mtime=0) if path.name.endswith(".gz") else body)
    return path


def export(folder: Path, resources: Iterable[Json], *, files: int = 1, ending: str = ".ndjson") -> Path:
    """Write resources as an export has them: by type, each type over some files."""
    by_type: dict[str, list[Json]] = {}
    for each in resources:
        by_type.setdefault(each["resourceType"], []).append(each)
    for name, every in by_type.items():
        for number in range(min(files, len(every))):
            put(folder / f"{name}.{number:03d}{ending}", *every[number::files])
    return folder


# --------------------------------------------------------------------------------------------------------------- a run


class Here:
    """An engine that does everything in this process; it can be told after how many pieces of work to break off."""

    def __init__(self, job: Job, *, breaks_after: int = 1_000_000) -> None:
        self._job, self._left = job, breaks_after
        self.taken: list[int] = []
        self.screened: list[int] = []

    def take_in(self, numbers: Sequence[int]) -> Iterator[Account]:
        for each in numbers:
            self._go_on()
            self.taken.append(each)
            yield take_file(self._job, each)

    def screen(self, work: Work) -> Iterator[Counts]:
        for each in work.parts:
            self._go_on()
            self.screened.append(each)
            yield screen_part(self._job, each, work.covered, take_over=work.take_over)

    def _go_on(self) -> None:
        if not self._left:
            raise BrokenOffError
        self._left -= 1


class BrokenOffError(Exception):
    """The run was stopped from outside."""


def untold(step: str, done: int, of: int) -> None:
    """Hear of a run's steps and say nothing."""


def job(named: Path | Sequence[Path], out: Path, **more: Any) -> Job:  # noqa: ANN401 - members of several types
    """Give a run's job; ``more`` is what differs from a plain one."""
    sources = find_sources([named] if isinstance(named, Path) else named)
    made = Job(sources, out, Plan.of(TRIALS, VOCABULARY), "as tried here", AS_OF, ZONE, parts=1, memory_mb=256)
    return dataclasses.replace(made, **more)


def run(the_job: Job, engine: Here | None = None) -> Came:
    return screen_population(the_job, engine or Here(the_job), untold, told_of(the_job.sources))


def screen(named: Path | Sequence[Path], out: Path, **more: Any) -> Came:  # noqa: ANN401 - as above
    return run(job(named, out, **more))


def rows(out: Path, table: str) -> list[Json]:
    """Give the rows of a run's table, in their order."""
    order = {"patients": "patient", "trials": "patient, trial", "criteria": "patient, trial, criterion"}[table]
    files = ", ".join(map(quoted, sorted((out / table).glob("*.parquet"))))
    with duckdb.connect() as connection:
        found = connection.execute(f"FROM read_parquet([{files}], hive_partitioning = false) ORDER BY {order}")
        names = [each[0] for each in found.description or ()]
        return [dict(zip(names, each, strict=True)) for each in found.fetchall()]


def patients(out: Path) -> dict[str, Json]:
    return {each["patient"]: each for each in rows(out, "patients")}


def taken(path: Path, parts: int = 1) -> tuple[list[Row], Account]:
    """Take one file in and give what was kept, and the account."""
    kept: list[Row] = []
    account = take_in(Source(path, path.name, path.stat().st_size, 0, path.parent), parts, kept.append)
    return kept, account


def trials_of(out: Path) -> dict[tuple[str, str], Json]:
    """Give the rows of patients and trials."""
    return {(each["patient"], each["trial"]): each for each in rows(out, "trials")}
