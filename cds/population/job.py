"""What a run over a population is: the question, the plan, and how much of the machine it may take."""

from __future__ import annotations

import datetime as dt
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from cds.core.chart import Kind
from cds.core.codes import Code
from cds.core.plan import Plan
from cds.fhir.names import TYPES_OF
from cds.population.sources import Source

__all__ = ["Job", "part_of"]

_PART_BYTES = 48 * 1024 * 1024
_PACKED = 8
"""By about how much gzip makes FHIR smaller."""
_MOST_PARTS = 4096


@dataclass(frozen=True, slots=True)
class Job:
    """One run: the export's files, the trials, the day, and where the results go.

    ``version`` stands for all that answers depend on besides the export and the day: trials, tables, software,
    settings. ``parts`` is how many parts the population is split into, by the patient's id. ``criteria``: findings are
    written too, one row each. ``everything``: pairs of patient and trial that do not concern each other as well.
    ``opt_out`` and ``consents`` are how the site marks patients who refuse research. ``memory_mb`` is how much DuckDB
    may hold in each process before it spills to disk. ``earlier``: the results of an earlier run, whose rows are taken
    over for patients of whom nothing has changed.
    """

    sources: tuple[Source, ...]
    out: Path
    plan: Plan = field(repr=False)
    version: str
    as_of: dt.date
    zone: ZoneInfo
    parts: int
    opt_out: frozenset[Code] = frozenset()
    consents: bool = False
    criteria: bool = False
    everything: bool = False
    memory_mb: int = 512
    earlier: Path | None = None
    first_types: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Work out once which types say whom a trial concerns, and who is to be told nothing."""
        kinds = self.plan.disease_needs()
        drugs = {"Medication"} if Kind.MEDICATION in kinds else set()
        names = {name for kind in kinds for name in TYPES_OF[kind]}
        object.__setattr__(self, "first_types", frozenset({"Patient", "Flag", "Consent"} | names | drugs))

    @property
    def work(self) -> Path:
        """Where the export is kept while it is regrouped."""
        return self.out / "work"

    def part_name(self, part: int) -> str:
        """Give the file name of a part's results."""
        return f"part-{part:04d}.parquet"


def parts_for(sources: tuple[Source, ...], processes: int) -> int:
    """Give a number of parts of which each fits well into memory, and enough of them for all processes."""
    size = sum(each.size * (_PACKED if each.name.endswith(".gz") else 1) for each in sources)
    return min(_MOST_PARTS, max(2 * processes, -(-size // _PART_BYTES)))


def part_of(patient: str, parts: int) -> int:
    """Give the part a patient is in: by the id alone, on any machine, in any run."""
    return zlib.crc32(patient.encode("utf-8", "surrogatepass")) % parts
