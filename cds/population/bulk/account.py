"""What a folder of exported records holds, and how far it can be trusted to be all: ``export.json`` beside the files.

It is written once, when an export is over, and is what lets an absence speak: a type that was asked for, and of which
the export gave no file and no fault, was read whole and has no entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from cds.core.chart import Extent
from cds.errors import BadCall

if TYPE_CHECKING:
    from cds.population.bulk.folder import Folder

__all__ = ["ACCOUNT", "JOURNAL", "Account", "Issue", "Kept", "is_unfinished", "read_account", "write_account"]

ACCOUNT: Final = "export.json"
"""The account's name in the folder."""
JOURNAL: Final = ".export.unfinished"
"""Stands in the folder while an export is under way: what is there is not all yet."""

_FORM: Final = 1
_GRAVE: Final = frozenset({"fatal", "error"})
_NAME: Final = re.compile(r"[A-Za-z]{1,64}[.-]\d{3,}\.(?:ndjson|bundles)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file of the folder: its name, the type of its entries, its size, and what the server had announced of it.

    ``lines`` counts those that are not blank, ``expected`` is the server's count where it gave one; ``whole`` is false
    where the file ends within a line, or begins with something else than an entry of its type, however often it was
    fetched. ``sha256`` is of the file as it lies there.
    """

    name: str
    type: str
    bytes: int
    sha256: str
    lines: int
    expected: int | None = None
    whole: bool = True

    @property
    def as_announced(self) -> bool:
        """Whether it is whole, and has as many entries as the server said."""
        return self.whole and self.expected in {None, self.lines}


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """How often the server's error files tell of a fault of this severity and code (``OperationOutcome.issue``)."""

    severity: str
    code: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What was asked of a server, what it gave, and what it told of faults.

    ``request`` is the address of the kick-off, ``transaction_time`` the moment up to which the records are told, in the
    server's own words (FHIR instant): a later export takes it as ``since``. Types: ``asked`` are those of the request;
    ``not_offered``, ``refused`` and ``not_granted`` were wanted and left out, as the server has no such type, does not
    give it in exports of this level, or has not granted its scope; of ``filtered`` a part alone was asked for.
    ``unasked`` counts, by type, files that the server gave of its own accord, which were left; ``doubles`` those that
    it listed once more; ``unread_errors`` what could not be read in error files.
    """

    server: str
    level: str
    request: str
    transaction_time: str
    asked: tuple[str, ...]
    not_offered: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    not_granted: tuple[str, ...] = ()
    filtered: tuple[str, ...] = ()
    since: str | None = None
    files: tuple[Kept, ...] = ()
    deleted: tuple[Kept, ...] = ()
    issues: tuple[Issue, ...] = ()
    unread_errors: int = 0
    unasked: dict[str, int] = field(default_factory=dict)
    doubles: int = 0
    form: int = _FORM

    @property
    def faults(self) -> int:
        """The number of errors that the server told; error files that could not be read count as one each."""
        return sum(each.count for each in self.issues if each.severity in _GRAVE) + self.unread_errors

    @property
    def complete(self) -> bool:
        """Whether everything that was wanted came whole."""
        lacking = (*self.not_offered, *self.refused, *self.not_granted)
        return not (lacking or self.faults) and all(each.as_announced for each in self.files)

    @property
    def without_entries(self) -> tuple[str, ...]:
        """The types that were asked for and of which no file came."""
        given = {each.type for each in self.files}
        return tuple(each for each in self.asked if each not in given)

    def extent(self, resource_type: str) -> Extent:
        """Say how completely the entries of a type were read, for every patient of the export.

        Partial: only what changed since a moment, only what a filter let through, fewer or more than announced, or an
        export in which any error was told, since nobody can say whose entries it concerns.
        """
        if resource_type not in self.asked:
            return Extent.NOT_READ
        files = [each for each in self.files if each.type == resource_type]
        whole = all(each.as_announced for each in files) and not self.faults
        if self.since is not None or resource_type in self.filtered or not whole:
            return Extent.PARTIAL
        return Extent.COMPLETE


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Account)


def read_account(folder: Path) -> Account | None:
    """Give the account of an exported folder; nothing where there is none, as in folders that came another way.

    Raises ``BadCall`` for one that cannot be read, that another version wrote, or that names a file outside the folder.
    """
    path = folder / ACCOUNT
    try:
        account = _DECODER.decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        raise BadCall(f"{path.name}: cannot be read; it is written by trialcards population export") from None
    if account.form != _FORM or not all(_NAME.fullmatch(each.name) for each in (*account.files, *account.deleted)):
        raise BadCall(f"{path.name}: is not of a form that is read here")
    return account


def is_unfinished(folder: Path) -> bool:
    """Say whether an export into this folder is still under way, or was cut short: what is there is not all."""
    return (folder / JOURNAL).exists() and not (folder / ACCOUNT).exists()


def write_account(folder: Folder, account: Account) -> None:
    """Write the account, all at once. Raises ``RunStopped``."""
    folder.write(ACCOUNT, msgspec.json.format(_ENCODER.encode(account), indent=2) + b"\n")


def counted(issues: Iterable[tuple[str, str]]) -> tuple[Issue, ...]:
    """Count faults by severity and code, in the order of their words."""
    found: dict[tuple[str, str], int] = {}
    for each in issues:
        found[each] = found.get(each, 0) + 1
    return tuple(Issue(severity=kind, code=code, count=found[kind, code]) for kind, code in sorted(found))
