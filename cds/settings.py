"""All settings of one installation, read once from the environment and handed down as one frozen object.

Authentication of callers (JWT) has no setting yet: until it comes, run the service where only the EHR can reach it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cds.core.codes import Code
from cds.errors import BadSetting

ItemT = TypeVar("ItemT")

_PREFIX = "CDS_"
_PACKAGE = Path(__file__).resolve().parent


def _data(name: str) -> Path:
    """Say where reviewed data lie: beside the code in an installed wheel, at the root of a checkout otherwise."""
    packed = _PACKAGE / "_data" / name
    return packed if packed.is_dir() else _PACKAGE.parent / name


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("must be an absolute http or https address without query, fragment or user name")
    return text.rstrip("/")


def _origin(text: str) -> str:
    address = _web_address(text)
    if urlsplit(address).path:
        raise ValueError("must be an origin: scheme, host and port, without a path")
    return address


def _listed(each: Callable[[str], ItemT]) -> Callable[[str], tuple[ItemT, ...]]:
    return lambda text: tuple(each(part.strip()) for part in text.split(",") if part.strip())


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return read


def _seconds(text: str) -> float:
    problem = "must be a number of seconds above 0 and up to 60"
    try:
        value = float(text)
    except ValueError:
        raise ValueError(problem) from None
    if not 0 < value <= 60:  # noqa: PLR2004 - said in the sentence above
        raise ValueError(problem)
    return value


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError("must be an IANA time zone such as Europe/Berlin, known to this machine") from None


def _yes_or_no(text: str) -> bool:
    answers = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in answers:
        raise ValueError("must be true or false")
    return answers[text.lower()]


def _log_level(text: str) -> str:
    if text.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
    return text.upper()


def _code(text: str) -> Code:
    system, _, value = text.rpartition("|")
    if not system or not value:
        raise ValueError("must be codes written as system|code")
    return Code(system, value)


def _about(says: str, read: Callable[[str], object], shown: str = "(empty)") -> dict[str, object]:
    """Say of a setting what it means, how its text is read, and how its default is told."""
    return {"says": says, "read": read, "shown": shown}


@dataclass(frozen=True, slots=True)
class Settings:
    """What one installation has chosen. Each field is read from ``CDS_`` and its name in capitals."""

    public_url: str = field(
        default="http://127.0.0.1:8000",
        metadata=_about(
            "Address at which callers reach the service, without a trailing slash. Callers are not "
            "authenticated yet (JWT comes later): let only the EHR reach it.",
            _web_address,
            "http://127.0.0.1:8000",
        ),
    )
    host: str = field(default="127.0.0.1", metadata=_about("Address the server listens on.", str, "127.0.0.1"))
    port: int = field(default=8000, metadata=_about("Port the server listens on.", _whole(1, 65535), "8000"))
    time_zone: ZoneInfo = field(
        default=ZoneInfo("UTC"),
        metadata=_about(
            "Time zone of the site (IANA name): which calendar day a time stamp, and today, belong to.", _zone, "UTC"
        ),
    )
    near_days: int = field(
        default=28,
        metadata=_about(
            "A trial whose obstacles all pass by themselves within this many days is told as near.",
            _whole(0, 3650),
            "28",
        ),
    )
    fhir_servers: tuple[str, ...] = field(
        default=(),
        metadata=_about(
            "Base addresses of FHIR servers that may be asked for what prefetch lacks, separated by commas. "
            "Tokens go nowhere else. Empty: prefetch only.",
            _listed(_web_address),
        ),
    )
    deadline_s: float = field(
        default=4.0,
        metadata=_about(
            "Seconds that all reading from the FHIR server may take in one call; what is not there by then "
            "is told as unknown.",
            _seconds,
            "4",
        ),
    )
    max_body_bytes: int = field(
        default=20000000,
        metadata=_about(
            "Largest request body, in bytes; a larger one is answered with 413.", _whole(1000, 1000000000), "20000000"
        ),
    )
    max_cards: int = field(
        default=3,
        metadata=_about(
            "How many trials are told as cards of their own; one more card says how many others there are.",
            _whole(1, 10),
            "3",
        ),
    )
    show_drafts: bool = field(
        default=False,
        metadata=_about(
            "Whether cards tell trials whose definition was made by machine and reviewed by nobody (marked draft).",
            _yes_or_no,
            "false",
        ),
    )
    mappings: Path = field(
        default_factory=lambda: _data("mappings"),
        metadata=_about("Folder of the terminology tables.", Path, "the `mappings/` that came with it"),
    )
    mappings_overlay: Path | None = field(
        default=None,
        metadata=_about(
            "Folder of the site's own terminology tables, of the same form and read last: local codes, other policies, "
            "rows switched off. Empty: none.",
            Path,
        ),
    )
    terminology_url: str | None = field(
        default=None,
        metadata=_about(
            "Base address of a FHIR R4 terminology server. It is asked about SNOMED CT codes that the tables do not "
            "hold (the codes alone, nothing of the patient). Empty: such codes stay unrecognised.",
            _web_address,
        ),
    )
    terminology_deadline_s: float = field(
        default=2.0,
        metadata=_about(
            "Seconds that all questions to the terminology server may take in one call; codes that are not settled by "
            "then stay unrecognised in that call.",
            _seconds,
            "2",
        ),
    )
    trials: Path = field(
        default_factory=lambda: _data("trials"),
        metadata=_about("Folder of the trial definitions.", Path, "the `trials/` that came with it"),
    )
    records: Path | None = field(
        default=None,
        metadata=_about(
            "Folder of ClinicalTrials.gov records (one JSON file per trial), for the registry's own words "
            "beside a criterion. Empty: line numbers only.",
            Path,
        ),
    )
    demo_charts: Path | None = field(
        default=None,
        metadata=_about(
            "Folder of example charts: turns the demo page on, and has the service play the charts' day "
            "instead of today. Never where patients are.",
            Path,
        ),
    )
    opt_out: tuple[Code, ...] = field(
        default=(),
        metadata=_about(
            "Labels (`meta.security`, `meta.tag`) of patients who do not want to hear of research, as system|code, "
            "separated by commas. No cards are told of them.",
            _listed(_code),
        ),
    )
    allow_origins: tuple[str, ...] = field(
        default=(),
        metadata=_about(
            "Web origins whose pages may call the service (CORS), separated by commas; never `*`. Empty: its "
            "own pages only.",
            _listed(_origin),
        ),
    )
    log_level: str = field(
        default="INFO",
        metadata=_about(
            "How much is logged: DEBUG, INFO, WARNING or ERROR. Logs hold counts, durations and call ids, no "
            "patient data.",
            _log_level,
            "INFO",
        ),
    )

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Take the settings from environment variables; one that is absent or empty leaves the default.

        Raises ``BadSetting`` with the variable's name and the reason, also for a ``CDS_`` variable that is no setting.
        """
        known = {_PREFIX + each.name.upper(): each for each in fields(cls)}
        strays = [name for name in environment if name.startswith(_PREFIX) and name not in known.keys() | _NOT_OURS]
        if strays:
            raise BadSetting(f"{min(strays)}: there is no such setting")
        chosen: dict[str, Any] = {}
        for name, each in known.items():
            text = environment.get(name, "").strip()
            if text:
                try:
                    chosen[each.name] = each.metadata["read"](text)
                except ValueError as problem:
                    raise BadSetting(f"{name}: {problem}") from None
        return cls(**chosen)

    @property
    def log_threshold(self) -> int:
        """The log level as the number that :mod:`logging` compares."""
        return logging.getLevelNamesMapping()[self.log_level]


_NOT_OURS = frozenset({_PREFIX + "SHARED"})
"""Read by the tests alone: the folder of real charts."""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting as the README's table tells it."""

    variable: str
    default: str
    says: str


def setting_rows() -> tuple[SettingRow, ...]:
    """Give every setting with its variable, its default in words and what it means, in order."""
    return tuple(
        SettingRow(_PREFIX + each.name.upper(), each.metadata["shown"], each.metadata["says"])
        for each in fields(Settings)
    )


def settings_table() -> str:
    """Give the settings as the Markdown table that stands in the README."""
    head = "| Variable | Default | Meaning |\n| --- | --- | --- |\n"
    return head + "".join(
        f"| `{row.variable}` | {row.default} | {row.says} |\n".replace("system|", "system\\|") for row in setting_rows()
    )
