"""Which services an address offers (https://cds-hooks.hl7.org/2.0/#discovery), and which of them a hook calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from cds.ehr.plain import one_line
from cds.errors import BadCall, UnknownService

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Address", "Offered", "chosen", "offered_by", "read_address"]

_SERVICES = "cds-services"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a CDS server is: its base, and the one service that was named, if one was."""

    base: str
    service_id: str | None = None

    @property
    def discovery(self) -> str:
        """The address of its discovery document."""
        return f"{self.base}/{_SERVICES}"


@dataclass(frozen=True, slots=True)
class Offered:
    """One service as discovery tells of it; ``prefetch`` are its templates by key, those that are text."""

    id: str
    hook: str
    title: str
    prefetch: tuple[tuple[str, str], ...]
    url: str


def read_address(text: str) -> Address:
    """Read what a person typed: the base, the discovery address, or the address of one service.

    The base keeps the letters that were typed, as a token must name exactly the address that is called. Raises
    ``BadCall``.
    """
    parts = urlsplit(text.strip())
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
    ):
        raise BadCall("--service: must be an address such as https://cds.example.org/cds-services")
    whole = text.strip().rstrip("/")
    base, found, rest = whole.rpartition(f"/{_SERVICES}")
    if not found or (rest and not rest.startswith("/")):
        return Address(whole)
    service_id = rest.strip("/")
    if "/" in service_id:
        raise BadCall("--service: names more than a service; it must end with the service's id")
    return Address(base, service_id or None)


def offered_by(document: object, address: Address) -> tuple[Offered, ...]:
    """Give the services of a discovery document that can be called; raise ``BadCall`` for what is no such document."""
    listed = document.get("services") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise BadCall("the address is not that of a CDS service: its discovery document has no list of services")
    return tuple(
        _offered(each, address)
        for each in listed
        if isinstance(each, dict) and isinstance(each.get("id"), str) and isinstance(each.get("hook"), str)
    )


def _offered(entry: dict[str, object], address: Address) -> Offered:
    service_id, templates = str(entry["id"]), entry.get("prefetch")
    told = templates.items() if isinstance(templates, dict) else ()
    return Offered(
        id=service_id,
        hook=str(entry["hook"]),
        title=one_line(entry.get("title") or service_id),
        prefetch=tuple((key, text) for key, text in told if isinstance(text, str)),
        url=f"{address.discovery}/{quote(service_id, safe='')}",
    )


def chosen(offered: Sequence[Offered], hook: str, service_id: str | None) -> tuple[Offered, ...]:
    """Give the services that a hook calls: all of them, as an EHR does, or the one with this id.

    Raises ``UnknownService`` that names what there is.
    """
    found = tuple(each for each in offered if each.hook == hook and service_id in {None, each.id})
    if not found:
        there = ", ".join(f"{one_line(each.id, 60)} ({one_line(each.hook, 40)})" for each in offered) or "none"
        named = f" with the id {one_line(service_id, 60)}" if service_id else ""
        raise UnknownService(f"no service of the hook {hook}{named} is offered there; there are: {there}")
    return found
