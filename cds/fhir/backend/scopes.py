"""What is asked of an authorisation server: to read and search the types of resources that we read, and nothing more.

Version 2 writes ``system/Observation.rs``, version 1 ``system/Observation.read``, which means the same.
Source: https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from cds.fhir.names import KIND_OF

__all__ = ["READ", "lacking", "scopes_for"]

READ: Final = tuple(sorted({*KIND_OF, "Medication"}))
"""Types of resources that are read of every patient; Medication is what other resources refer to."""

_FORM: Final = re.compile(r"system/(?P<type>\*|[A-Z][A-Za-z]{1,60})\.(?P<may>read|write|\*|(?=[cruds])c?r?u?d?s?)")
_READS_AND_SEARCHES: Final = frozenset("rs")


def scopes_for(types: Iterable[str], *, granular: bool, of: str = "system") -> str:
    """Write the scopes for reading these types, as version 2 has them (``granular``) or as version 1 does.

    ``of`` is whose records: ``system`` for all that this site may read by itself, ``patient`` for the one in context.
    """
    may = "rs" if granular else "read"
    return " ".join(f"{of}/{each}.{may}" for each in sorted(set(types)))


def lacking(asked: str, granted: str) -> tuple[str, ...]:
    """Give what was asked for and not granted, out of an answer that may write it otherwise.

    A scope that is granted for some resources of a type alone (``?category=…``) counts as not granted.
    """
    held = dict(_parted(granted))
    for name, may in _parted(granted):
        held[name] = held.get(name, frozenset()) | may
    everything = held.get("*", frozenset())
    return tuple(
        dict.fromkeys(
            scope
            for scope in asked.split()
            for name, may in _parted(scope)
            if not may <= held.get(name, frozenset()) | everything
        )
    )


def _parted(scopes: str) -> list[tuple[str, frozenset[str]]]:
    """Give type and permitted interactions of each scope that is of the known form."""
    found = filter(None, map(_FORM.fullmatch, scopes.split()))
    return [(each["type"], _interactions(each["may"])) for each in found]


def _interactions(may: str) -> frozenset[str]:
    """Read what a scope permits, that of version 1 by the meaning that version 2 gives it."""
    meaning = {"read": _READS_AND_SEARCHES, "write": frozenset("cud"), "*": frozenset("cruds")}
    return meaning.get(may, frozenset(may))
