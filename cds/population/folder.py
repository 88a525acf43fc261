"""The folder of a run: what it is a run of, so that nothing else is mixed into it, and its summary in the end."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from cds.errors import BadCall
from cds.population.bulk.account import ACCOUNT
from cds.population.disk import write_whole
from cds.population.storing import reading_stopped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cds.population.job import Job
    from cds.population.sources import Source

__all__ = ["Run", "finish", "open_folder", "run_in"]

_FORM = 1
_BEGUN = "run.json.unfinished"
"""All there is of a run that was stopped at once."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a folder's results are of: they go on only by a command that means the same.

    ``question`` stands for all that the answers depend on besides the day and the export: trials, tables, settings.
    ``export`` stands for the files. ``finished``: all of it is there; ``covered`` then stands for what the export
    covers.
    """

    as_of: str
    question: str
    export: str
    parts: int
    criteria: bool
    everything: bool
    finished: bool = False
    covered: str = ""
    form: int = _FORM


def export_digest(sources: Sequence[Source]) -> str:
    """Give what stands for the files of an export, and its account: names, sizes and times of change."""
    said = "".join(f"{each.name}\t{each.size}\t{each.path.stat().st_mtime_ns}\n" for each in sources)
    accounts = sorted({each.folder / ACCOUNT for each in sources})
    said += "".join(f"{number}\t{each.stat().st_mtime_ns}\n" for number, each in enumerate(accounts) if each.exists())
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def run_in(folder: Path) -> Run | None:
    """Give the run whose results are in a folder; nothing where there is none.

    Raises ``BadCall`` for a folder with something else in it.
    """
    try:
        run = msgspec.json.decode((folder / "run.json").read_bytes(), type=Run)
    except FileNotFoundError:
        if folder.exists() and any(each.name != _BEGUN for each in folder.iterdir()):
            raise BadCall(f"{folder.name}: holds something that is no run of `population screen`") from None
        return None
    except (OSError, msgspec.MsgspecError):
        raise BadCall(f"{folder.name}: its run.json cannot be read") from None
    if run.form != _FORM:
        raise BadCall(f"{folder.name}: was written by another version of Trialcards")
    return run


def open_folder(job: Job, run: Run) -> bool:
    """Make a folder a run's, or find it to be; say whether the run is finished already.

    Raises ``BadCall`` where the folder is of another run, naming what differs, and ``RunStopped``.
    """
    there = run_in(job.out)
    if there is None:
        with reading_stopped(job.out):
            job.out.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(job.out / "run.json", msgspec.json.encode(run))
        return False
    for name, what in _MUST_AGREE.items():
        if getattr(there, name) != getattr(run, name):
            raise BadCall(f"{job.out.name}: is of a run with {what}; name another folder")
    return there.finished


_MUST_AGREE = {
    "as_of": "another day (--as-of)",
    "question": "other trials, tables or settings",
    "export": "other files, or files that have changed",
    "parts": "another number of parts",
    "criteria": "another choice of --criteria",
    "everything": "another choice of --all",
}


def finish(job: Job, run: Run, files: dict[str, bytes]) -> None:
    """Write what is told of the whole run, and that it is finished. Raises ``RunStopped``."""
    with reading_stopped(job.out):
        for name, body in files.items():
            write_whole(job.out / name, body)
        write_whole(job.out / "run.json", msgspec.json.encode(replace(run, finished=True)))
