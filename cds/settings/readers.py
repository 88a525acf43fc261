"""How the text of each setting is read: one reader for each kind of value, which says what the text must be.

A reader raises ``ValueError`` with what it would have taken, never with what it got: that may be a secret.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cds.core.codes import Code

ItemT = TypeVar("ItemT")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

HOOKS = ("patient-view", "order-select", "order-sign", "encounter-start", "appointment-book")
"""Every hook that can be answered, in the order they are told."""

STATUSES = ("RECRUITING", "NOT_YET_RECRUITING", "ENROLLING_BY_INVITATION", "AVAILABLE")
"""Every status of the registry in which a trial may take patients, now or soon (its API v2: ``Status``)."""

_PACKAGE = Path(__file__).resolve().parents[1]
_ORIGIN = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s|]+")
_FHIR_CODE = re.compile(r"[^\s|]+( [^\s|]+)*")
_LONGEST_LINE = 300


@dataclass(frozen=True, slots=True)
class RequestCode:
    """The code of a site's own order, and what it is called there."""

    code: Code
    display: str

    def __str__(self) -> str:
        return f"{self.code}|{self.display}"


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine, by its name or in figures; a name that begins like figures is any name."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def in_clear(url: str, *, allow_http: bool) -> bool:
    """Say whether what is sent to a web address could be read on the way, where that is not allowed."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not (allow_http or is_loopback(parts.hostname or ""))


def shipped(name: str) -> Path:
    """Say where reviewed data lie: beside the code in an installed wheel, at the root of a checkout otherwise."""
    packed = _PACKAGE / "_data" / name
    return packed if packed.is_dir() else _PACKAGE.parent / name


def web_address(text: str) -> str:
    """Take an address of a server, without the slash at its end."""
    parts = urlsplit(text)
    extra = parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in {"http", "https"} or not parts.hostname or extra:
        raise ValueError("must be an absolute http or https address without query, fragment or user name")
    return text.rstrip("/")


def origin(text: str) -> str:
    """Take what a browser calls an origin. It may stand in a header, so there is nothing in it that parts others."""
    if not _ORIGIN.fullmatch(web_address(text)):
        raise ValueError("must be an origin: scheme, host and port, without a path")
    return text.rstrip("/")


def listed(each: Callable[[str], ItemT]) -> Callable[[str], tuple[ItemT, ...]]:
    """Give a reader of several, separated by commas."""
    return lambda text: tuple(each(part.strip()) for part in text.split(",") if part.strip())


def whole(low: int, high: int) -> Callable[[str], int]:
    """Give a reader of whole numbers between two others, both allowed."""

    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return read


def seconds(text: str) -> float:
    """Take a time that a call may be kept waiting."""
    problem = "must be a number of seconds above 0 and up to 60"
    try:
        value = float(text)
    except ValueError:
        raise ValueError(problem) from None
    if not 0 < value <= 60:  # noqa: PLR2004 - said in the sentence above
        raise ValueError(problem)
    return value


def pause(text: str) -> float:
    """Take a time that nobody is kept waiting for; none is one too."""
    problem = "must be a number of seconds from 0 to 300"
    try:
        value = float(text)
    except ValueError:
        raise ValueError(problem) from None
    if not 0 <= value <= 300:  # noqa: PLR2004 - said in the sentence above
        raise ValueError(problem)
    return value


def network(text: str) -> Network:
    """Take a network of addresses in figures."""
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise ValueError("must be networks written as 10.0.0.0/8 or fd00::/8") from None


def zone(text: str) -> ZoneInfo:
    """Take a time zone by its IANA name."""
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError("must be an IANA time zone such as Europe/Berlin, known to this machine") from None


def yes_or_no(text: str) -> bool:
    """Take a choice; capitals do not matter."""
    answers = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in answers:
        raise ValueError("must be true or false")
    return answers[text.lower()]


def log_level(text: str) -> str:
    """Take a log level; capitals do not matter."""
    if text.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
    return text.upper()


def code(text: str) -> Code:
    """Take a code with its system; the last stroke parts them."""
    system, _, value = text.rpartition("|")
    if not system or not value:
        raise ValueError("must be codes written as system|code")
    return Code(system, value)


def request_code(text: str) -> RequestCode:
    """Take the code of an order as FHIR allows codes, with its words."""
    system, value, display, *more = (*map(str.strip, text.split("|")), "", "")
    if any(more) or not (_URI.fullmatch(system) and _FHIR_CODE.fullmatch(value) and display):
        raise ValueError("must be written as system|code|display, the system being an address or urn:")
    return RequestCode(Code(system, value), display)


def launch_address(text: str) -> str:
    """Take the address as it is written, as EHRs compare it letter by letter."""
    host = urlsplit(web_address(text)).hostname or ""
    if not text.startswith("https://") and host not in {"localhost", "127.0.0.1", "::1"}:
        raise ValueError("must be an https address")
    return text


def proof(text: str) -> str:
    """Take a way in which callers prove who they are."""
    if text not in {"jwt", "gateway", "off"}:
        raise ValueError("must be jwt, gateway or off")
    return text


def unbroken(text: str) -> str:
    """Take a name or a secret that a server gave."""
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be printable characters without blanks")
    return text


def one_line(text: str) -> str:
    """Take words for people, on one line that is not endless."""
    if not text.isprintable() or len(text) > _LONGEST_LINE:
        raise ValueError(f"must be one line of printable characters, {_LONGEST_LINE} at most")
    return text


def hooks(text: str) -> tuple[str, ...]:
    """Take hooks, in whatever order; they are told in ours."""
    chosen = {part.strip() for part in text.split(",") if part.strip()}
    if not chosen or chosen - set(HOOKS):
        raise ValueError(f"must be out of {', '.join(HOOKS)}")
    return tuple(hook for hook in HOOKS if hook in chosen)


def statuses(text: str) -> tuple[str, ...]:
    """Take statuses of the registry in which a trial takes patients or will, in whatever order and writing."""
    chosen = {part.strip().upper().replace(" ", "_") for part in text.split(",") if part.strip()}
    if not chosen or chosen - set(STATUSES):
        raise ValueError(f"must be out of {', '.join(STATUSES)}")
    return tuple(status for status in STATUSES if status in chosen)


def facilities(text: str) -> tuple[str, ...]:
    """Take names of facilities, which hold commas and are parted by semicolons."""
    names = tuple(" ".join(part.split()) for part in text.split(";") if part.strip(" ,"))
    if not all(any(map(str.isalnum, name)) for name in names):
        raise ValueError("must be names, separated by semicolons")
    return names
