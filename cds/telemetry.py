"""Logs as JSON lines: an event's name, the call's id, counts, kinds and durations. Nothing about a patient, ever.

Our own events cannot carry text at all beyond short plain words. What other packages log is kept as its template,
without the values put into it (httpx, for one, would log the address of every search), and exceptions as their type
and place.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import sys
import traceback
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

LOGGER: Final = logging.getLogger("cds")
SCRUBBED: Final = "(scrubbed)"

_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_ROUTE = re.compile(r"(?:/(?:[a-z.-]*|\{[a-z_]+\}|getClinicalTrial))+")
_CALL_ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")
_LONGEST = 64
_RESOURCE_TYPES = frozenset(
    {
        "AllergyIntolerance",
        "Condition",
        "Consent",
        "Flag",
        "Immunization",
        "Medication",
        "MedicationAdministration",
        "MedicationDispense",
        "MedicationRequest",
        "MedicationStatement",
        "Observation",
        "Patient",
        "Procedure",
    }
)


def event(name: str, /, **fields: object) -> None:
    """Log that something happened: counts, durations and plain words; all else is replaced on the way out."""
    LOGGER.info(name, extra={"fields": fields})


def failure(name: str, problem: BaseException, /, **fields: object) -> None:
    """Log that something went wrong which should not have: the exception's type and place, not its message."""
    LOGGER.error(name, exc_info=problem, extra={"fields": fields})


def plain_value(value: object) -> object:
    """Let numbers, plain words and call ids through, tables of them too; replace everything else.

    Plain are words in small letters (``not-relevant``), our own routes, and the FHIR resource types that are read.
    """
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, dict):
        return {str(plain_value(key)): plain_value(each) for key, each in value.items()}
    text = str(value)
    plain = any(form.fullmatch(text) for form in (_CALL_ID, _WORD, _ROUTE)) or text in _RESOURCE_TYPES
    return text if plain and len(text) <= _LONGEST else SCRUBBED


class Scrub(logging.Filter):
    """The second defence: takes everything out of a record that might come from a chart, whoever logged it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Scrub the record in place, and keep it."""
        fields: Mapping[str, object] = getattr(record, "fields", {})
        record.fields = {name: plain_value(value) for name, value in fields.items()}
        if record.name != LOGGER.name:
            record.msg = _kept(record)
        record.args = None
        return True


def _kept(record: logging.LogRecord) -> str:
    """Keep a template, and what the web server says of itself: fixed sentences, and why it cannot listen."""
    of_the_server = record.name == "uvicorn.error" and isinstance(record.msg, (str, OSError))
    return str(record.msg) if record.args or of_the_server else SCRUBBED


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Give time (UTC), level, logger, event and fields; of an exception its type and where it was raised."""
        moment = dt.datetime.fromtimestamp(record.created, tz=dt.UTC)
        line: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.msg,
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["raised_at"] = _places(record.exc_info[2])
        return json.dumps(line, ensure_ascii=True)


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-5:]
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]


def start_logging(level: int, stream: TextIO | None = None) -> None:
    """Send everything that is logged, by anyone, through the scrubbing filter to a stream (standard error if none)."""
    target = logging.StreamHandler(stream or sys.stderr)
    target.addFilter(Scrub())
    target.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [target]
    root.setLevel(level)
    for chatty in ("httpx", "httpcore", "uvicorn.access", "alembic"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        theirs = logging.getLogger(name)
        theirs.handlers[:] = []
        theirs.propagate = True
