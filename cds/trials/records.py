"""Registry records in the form of the ClinicalTrials.gov API v2: the text that definitions are made from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.errors import BadTrial
from cds.trials.study import study_of
from cds.trials.text.source import cleaned

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cds.trials.study import Study


@dataclass(frozen=True, slots=True)
class Record:
    """One record: ``text`` is the eligibility text exactly as the registry gives it, ``updated`` its last posting."""

    nct_id: str
    title: str
    status: str
    updated: str
    text: str

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the text; number 1 is the first, and blank lines count."""
        return tuple(self.text.split("\n"))

    @property
    def sha256(self) -> str:
        """What tells one version of the text from another."""
        return text_sha256(self.text)

    def shown(self, number: int) -> str:
        """Give a line as a person should read it, counted from 1, without the registry's Markdown escapes."""
        return unescaped(self.lines[number - 1])


def text_sha256(text: str) -> str:
    """Give what tells one version of an eligibility text from another, as definitions hold it."""
    return hashlib.sha256(text.encode()).hexdigest()


def record_of(study: Study) -> Record:
    """Give what of a study its definition is held against."""
    return Record(study.nct_id, study.title, study.status, study.updated, study.text)


def unescaped(text: str) -> str:
    r"""Undo Markdown escapes and entities: ``\>=`` and ``&gt;=`` are ``>=``; other backslashes stay."""
    return cleaned(text).text


def load_records(folder: Path) -> Mapping[str, Record]:
    """Read every ``NCT*.json`` of a folder, by NCT number; raise :class:`BadTrial` for a file that is no record."""
    return {nct_id: record_of(study) for nct_id, study in load_studies(folder).items()}


def load_studies(folder: Path) -> Mapping[str, Study]:
    """Read every ``NCT*.json`` of a folder in full, by NCT number, as :func:`load_records` does."""
    studies = (_study(path) for path in sorted(folder.glob("NCT*.json")))
    return {study.nct_id: study for study in studies}


def _study(path: Path) -> Study:
    try:
        study = study_of(json.loads(path.read_bytes()))
    except (BadTrial, ValueError, RecursionError) as problem:
        raise BadTrial(f"{path.name}: not a ClinicalTrials.gov v2 record") from problem
    if not study.text:
        raise BadTrial(f"{path.name}: not a ClinicalTrials.gov v2 record: it has no eligibility text")
    return study
