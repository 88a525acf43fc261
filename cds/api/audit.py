"""The audit line of each call: who called, which trials were told, by which rules. For the site to keep.

Only calls that send something have one (hooks, feedback, assessments, matching): nothing else tells of a patient. A
line is written before the answer leaves, so that no trial is told without it. A disk that fails keeps no answer back;
it is counted, and logged once. What may stand in a line is closed: a call's id, the site's name for the caller, our
routes, NCT numbers of loaded trials, versions, and the words of :class:`Outcome`. Who the patient is stands nowhere,
but whoever also sees the EHR's own log can put the two together (docs/intervention.md).
"""

from __future__ import annotations

import enum
import json
import os
import re
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from cds.errors import BadSetting
from cds.telemetry import event

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Mapping

    from starlette.requests import Request
    from starlette.types import Scope

    from cds.trials.editions import Edition, Editions

__all__ = ["Appended", "Audit", "Lines", "Outcome", "StandardError", "audit_lines", "named_in", "trials_told"]

_TOLD: Final = "trials_told"
_NUMBER: Final = re.compile(r"NCT[0-9]{8}")
_SHORT: Final = 16
"""So many characters of a checksum tell editions apart; the whole is at ``/api/about``."""
_MANY: Final = 50
"""More trials than these, where they are all that are loaded, are not written out: the first line tells them."""


class Outcome(enum.Enum):
    """What became of a call, in one word that says nothing about the patient."""

    TOLD = "trials-told"
    NONE_TOLD = "no-trial-told"
    KEPT_BACK = "kept-back"
    TAKEN = "taken"
    REFUSED = "refused"
    BAD = "bad-call"
    BUSY = "busy"
    FAILED = "failed"
    GONE = "gone"


def trials_told(request: Request, nct_ids: Iterable[str]) -> None:
    """Say which trials the answer to a call names: none, some, or all that are loaded."""
    setattr(request.state, _TOLD, frozenset(nct_ids))


def named_in(text: str) -> frozenset[str]:
    """Give the NCT numbers that stand in an answer."""
    return frozenset(_NUMBER.findall(text))


class Lines(Protocol):
    """Where lines go. ``head`` gives what is written first wherever lines begin."""

    def append(self, line: bytes, head: Callable[[], bytes]) -> None:
        """Write one line, which ends in a line feed; raise ``OSError`` where that cannot be done."""


class Audit:
    """Writes the audit line of each call."""

    def __init__(self, lines: Lines, editions: Editions, now: Callable[[], dt.datetime]) -> None:
        self._lines, self._editions, self._now = lines, editions, now
        self._failing = False

    @classmethod
    def started(cls, lines: Lines, editions: Editions, now: Callable[[], dt.datetime]) -> Self:
        """Write down what is loaded, and go on from there; raise ``BadSetting`` where it cannot be written."""
        audit = cls(lines, editions, now)
        try:
            lines.append(b"", audit._head)
        except OSError as problem:
            reason = (problem.strerror or "no room").lower()
            raise BadSetting(f"CDS_AUDIT_LOG: cannot be written: {reason}") from None
        return audit

    def call(self, call_id: str, scope: Scope, status: int) -> bool:
        """Write the line of one call, and say whether that could be done; of calls that send nothing there is none."""
        if scope["method"] != "POST":
            return True
        try:
            self._lines.append(self._line(call_id, scope, status), self._head)
        except OSError:
            if not self._failing:
                event("audit", state="cannot-be-written")
            self._failing = True
            return False
        if self._failing:
            event("audit", state="written-again")
        self._failing = False
        return True

    def _line(self, call_id: str, scope: Scope, status: int) -> bytes:
        state: Mapping[str, Any] = scope["state"]
        told: frozenset[str] | None = state.get(_TOLD)
        loaded = sorted(each for each in told or () if each in self._editions)
        every = len(loaded) > _MANY and len(loaded) == len(self._editions)
        return _written(
            time=self._moment(),
            event="call",
            call_id=call_id,
            caller=state["counts"].get("caller", "nobody"),
            route=getattr(scope.get("route"), "path", "unmatched"),
            status=status,
            outcome=_outcome(status, told, bool(loaded), bool(state["counts"].get("silenced"))).value,
            **self._made_with(),
            every=every,
            trials=[] if every else [_told(self._editions.of(each)) for each in loaded],
        )

    def _head(self) -> bytes:
        """Give the line that says what is loaded, to which the lines of calls refer."""
        trials = [_told(each) for each in self._editions]
        return _written(time=self._moment(), event="loaded", **self._made_with(), trials=trials)

    def _moment(self) -> str:
        return self._now().isoformat(timespec="milliseconds")

    def _made_with(self) -> dict[str, str]:
        of = self._editions
        return {"software": of.software, "tables": of.tables[:_SHORT], "definitions": of.definitions[:_SHORT]}


_BUSY: Final = frozenset({429, 503})
_OUR_FAULT: Final = 500


def _outcome(status: int, told: frozenset[str] | None, named: bool, silenced: bool) -> Outcome:  # noqa: FBT001 - facts
    if status == 0:
        return Outcome.GONE
    if status == 401:  # noqa: PLR2004 - HTTP's number
        return Outcome.REFUSED
    if status in _BUSY:
        return Outcome.BUSY
    if status >= 400:  # noqa: PLR2004 - HTTP's number
        return Outcome.FAILED if status >= _OUR_FAULT else Outcome.BAD
    if silenced:
        return Outcome.KEPT_BACK
    if told is None:
        return Outcome.TAKEN
    return Outcome.TOLD if named else Outcome.NONE_TOLD


def _told(edition: Edition) -> dict[str, object]:
    draft = {"draft": True} if edition.draft else {}
    return {"nctId": edition.nct_id, "version": edition.version, "sha256": edition.sha256[:_SHORT], **draft}


def _written(**fields: object) -> bytes:
    return json.dumps({"logger": "cds.audit", **fields}, separators=(",", ":")).encode() + b"\n"


class Appended:
    """A file that several processes of one machine append to, each line in one write.

    It is made readable by its owner alone; one that is there keeps the rights that the site gave it. Where it was moved
    away or emptied (``logrotate``) it begins anew, with what is loaded as its first line.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._begun: tuple[int, int] | None = None
        self._torn = False

    def append(self, line: bytes, head: Callable[[], bytes]) -> None:
        """Write a line; where it ends up torn, the next begins on a new one."""
        try:
            file = self._opened()
            found = os.fstat(file)
            which = found.st_dev, found.st_ino
            emptied = stat.S_ISREG(found.st_mode) and not found.st_size
            if emptied or which != self._begun:
                self._torn = self._torn and not emptied
                self._write(file, head())
                self._begun = which
            if line:
                self._write(file, line)
        except OSError:
            self.close()
            raise

    def _opened(self) -> int:
        if self._file is not None and not self._is_there(self._file):
            self.close()
            self._begun = None
        if self._file is None:
            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._file

    def _is_there(self, file: int) -> bool:
        try:
            return os.path.samestat(self._path.stat(), os.fstat(file))
        except FileNotFoundError:
            return False

    def _write(self, file: int, line: bytes) -> None:
        whole = b"\n" + line if self._torn else line
        written = os.write(file, whole)
        self._torn = written < len(whole)
        if self._torn:
            raise OSError(None, "a line could not be written whole")

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            with suppress(OSError):
                os.close(self._file)
        self._file = None


class StandardError:
    """Standard error, among the logs."""

    def __init__(self) -> None:
        self._begun = False

    def append(self, line: bytes, head: Callable[[], bytes]) -> None:
        """Write a line, and before the first one what is loaded."""
        first = b"" if self._begun else head()
        try:
            sys.stderr.write((first + line).decode())
            sys.stderr.flush()
        except ValueError as closed:
            raise OSError(None, "standard error is closed") from closed
        self._begun = True


def audit_lines(path: Path | None) -> Lines | None:
    """Give where a site has its calls written down, if it has."""
    if path is None:
        return None
    return StandardError() if path == Path("-") else Appended(path)
