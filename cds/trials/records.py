"""Registry records in the form of the ClinicalTrials.gov API v2: the text that definitions are made from."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.errors import BadTrial

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


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
        return hashlib.sha256(self.text.encode()).hexdigest()

    def shown(self, number: int) -> str:
        """Give a line as a person should read it, counted from 1, without the registry's Markdown escapes."""
        return unescaped(self.lines[number - 1])


def unescaped(text: str) -> str:
    r"""Undo Markdown escapes: ``\>=`` is ``>=``, ``10\^9`` is ``10^9``; other backslashes stay."""
    return _ESCAPED.sub(r"\1", text)


def load_records(folder: Path) -> Mapping[str, Record]:
    """Read every ``NCT*.json`` of a folder, by NCT number; raise :class:`BadTrial` for a file that is no record."""
    records = (_record(path) for path in sorted(folder.glob("NCT*.json")))
    return {record.nct_id: record for record in records}


def _record(path: Path) -> Record:
    try:
        protocol = json.loads(path.read_bytes())["protocolSection"]
        status = protocol["statusModule"]
        return Record(
            nct_id=_text(protocol["identificationModule"]["nctId"]),
            title=_text(protocol["identificationModule"].get("briefTitle", "")),
            status=_text(status["overallStatus"]),
            updated=_text(status.get("lastUpdatePostDateStruct", {}).get("date", "")),
            text=_text(protocol["eligibilityModule"]["eligibilityCriteria"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        raise BadTrial(f"{path.name}: not a ClinicalTrials.gov v2 record") from problem


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
