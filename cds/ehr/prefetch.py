"""What an EHR sends along: each template answered out of a FHIR server or of files, or left out with the reason.

The specification tells the cases apart (https://cds-hooks.hl7.org/2.0/#prefetch-template): data; ``null`` where there
is no such resource; an OperationOutcome, or no key at all, where it could not be had.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from cds.ehr.plain import one_line
from cds.ehr.templates import LeftOutError, Question, Scene, question
from cds.fhir.values import many

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Part", "Source", "filled", "prefetch_of"]

Json = dict[str, Any]
_AT_A_TIME = 6


class Source(Protocol):
    """Where charts are read from."""

    async def ask(self, asked: Question) -> Json | None:
        """Give the resource or search result that was asked for, nothing for a read of what is not there.

        Raises ``LeftOutError``.
        """
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """One prefetch key: what is sent under it, if it is, and what a person is told of it."""

    key: str
    is_sent: bool
    value: Json | None
    said: str


class _Nothing:
    async def ask(self, asked: Question) -> Json | None:
        del asked
        raise LeftOutError("there is neither a FHIR server nor a file to take it from")


async def filled(
    templates: Sequence[tuple[str, str]], scene: Scene, source: Source | None, *, tell_failures: bool = False
) -> tuple[Part, ...]:
    """Answer every template; without a source none is. ``tell_failures`` sends an OperationOutcome for a failure."""
    gate = asyncio.Semaphore(_AT_A_TIME)

    async def one(key: str, template: str) -> Part:
        try:
            asked = question(template, scene)
            async with gate:
                value = await (source or _Nothing()).ask(asked)
        except LeftOutError as why:
            outcome = _outcome() if tell_failures else None
            said = "an OperationOutcome" if tell_failures else "left out"
            return Part(key, tell_failures, outcome, f"{said}: {why}")
        return Part(key, is_sent=True, value=value, said=_said(value))

    return tuple(await asyncio.gather(*(one(key, template) for key, template in templates)))


def prefetch_of(parts: Iterable[Part]) -> dict[str, Json | None]:
    """Give the ``prefetch`` object of a call."""
    return {each.key: each.value for each in parts if each.is_sent}


def _outcome() -> Json:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}


def _said(value: Json | None) -> str:
    if value is None:
        return "null: there is no such resource"
    if value.get("resourceType") != "Bundle":
        return one_line(value.get("resourceType"), 60)
    count = len(many(value.get("entry")))
    more = any(isinstance(each, dict) and each.get("relation") == "next" for each in many(value.get("link")))
    return f"{count} {'entry' if count == 1 else 'entries'}{', and further pages' if more else ''}"
