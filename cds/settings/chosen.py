"""What one installation has chosen: each setting with its default and its meaning, in the order they are told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cds.core.codes import Code
from cds.errors import BadSetting
from cds.settings import readers

PREFIX = "CDS_"


def _about(says: str, read: Callable[[str], object], shown: str = "(empty)") -> dict[str, object]:
    """Say of a setting what it means, how its text is read, and how its default is told."""
    return {"says": says, "read": read, "shown": shown}


@dataclass(frozen=True, slots=True)
class Settings:
    """What one installation has chosen. Each field is read from ``CDS_`` and its name in capitals."""

    public_url: str = field(
        default="http://127.0.0.1:8000",
        metadata=_about(
            "Address at which callers reach the service, without a trailing slash. A caller's token must name it, with "
            "the path that is called, as its audience.",
            readers.web_address,
            "http://127.0.0.1:8000",
        ),
    )
    host: str = field(default="127.0.0.1", metadata=_about("Address the server listens on.", str, "127.0.0.1"))
    port: int = field(default=8000, metadata=_about("Port the server listens on.", readers.whole(1, 65535), "8000"))
    authentication: str | None = field(
        default=None,
        metadata=_about(
            "How callers prove who they are: `jwt` (a signed token with every call, as CDS Hooks tells), `gateway` "
            "(what stands in front has proved it, for instance by TLS certificates, and nothing else can reach the "
            "service) or `off` (only on a machine that serves itself alone, or with demo charts).",
            readers.proof,
            "`jwt`; with demo charts `off`",
        ),
    )
    callers: Path | None = field(
        default=None,
        metadata=_about(
            "YAML file that lists the EHRs that may call (docs/callers.md). With `jwt` there must be one, and nobody "
            "else is let in.",
            Path,
        ),
    )
    profile: str = field(
        default="generic-2.0",
        metadata=_about(
            "What kind of EHR calls, where callers are not told apart (`gateway`, `off`): generic-2.0, sandbox, "
            "epic-shaped, oracle-shaped or strict-1.0.",
            str,
            "generic-2.0",
        ),
    )
    time_zone: ZoneInfo = field(
        default=ZoneInfo("UTC"),
        metadata=_about(
            "Time zone of the site (IANA name): which calendar day a time stamp, and today, belong to.",
            readers.zone,
            "UTC",
        ),
    )
    near_days: int = field(
        default=28,
        metadata=_about(
            "A trial whose obstacles all pass by themselves within this many days is told as near.",
            readers.whole(0, 3650),
            "28",
        ),
    )
    fhir_servers: tuple[str, ...] = field(
        default=(),
        metadata=_about(
            "Base addresses of FHIR servers that may be asked for what prefetch lacks, separated by commas. "
            "Tokens go nowhere else. Empty: prefetch only. With `jwt` they are listed for each caller instead, in "
            "CDS_CALLERS.",
            readers.listed(readers.web_address),
        ),
    )
    deadline_s: float = field(
        default=4.0,
        metadata=_about(
            "Seconds that all reading from the FHIR server may take in one call; what is not there by then "
            "is told as unknown.",
            readers.seconds,
            "4",
        ),
    )
    max_body_bytes: int = field(
        default=20000000,
        metadata=_about(
            "Largest request body, in bytes; a larger one is answered with 413.",
            readers.whole(1000, 1000000000),
            "20000000",
        ),
    )
    max_calls: int = field(
        default=64,
        metadata=_about(
            "Calls with a chart that are answered at a time; more are told to come back (503 with Retry-After).",
            readers.whole(1, 10000),
            "64",
        ),
    )
    max_cards: int = field(
        default=3,
        metadata=_about(
            "How many trials are told as cards of their own; one more card says how many others there are.",
            readers.whole(1, 10),
            "3",
        ),
    )
    show_drafts: bool = field(
        default=False,
        metadata=_about(
            "Whether cards tell trials whose definition was made by machine and reviewed by nobody (marked draft).",
            readers.yes_or_no,
            "false",
        ),
    )
    allow_http: bool = field(
        default=False,
        metadata=_about(
            "Whether servers other than this machine may be asked over http, in the clear: only inside a network that "
            "nobody else can read.",
            readers.yes_or_no,
            "false",
        ),
    )
    client_id: str | None = field(
        default=None,
        metadata=_about(
            "The id under which an EHR has registered this site as a backend service (docs/backend.md), for commands "
            "that read a FHIR server. Empty: they ask without a token, unless they are told otherwise.",
            readers.client_id,
        ),
    )
    client_keys: tuple[Path, ...] = field(
        default=(),
        metadata=_about(
            "Files with this site's own keys (JWK, JWK Set or PEM), separated by commas: the first that fits signs for "
            "`CDS_CLIENT_ID`, and the public halves of all are published at `/.well-known/jwks.json`. For the service, "
            "files with public halves alone suffice. Empty: nothing is published.",
            readers.listed(Path),
        ),
    )
    private_networks: tuple[readers.Network, ...] = field(
        default=(),
        metadata=_about(
            "Private networks that outgoing calls may reach, as 10.0.0.0/8, separated by commas. A listed server whose "
            "name leads to any other private address is not asked; one that is listed as localhost or in figures is.",
            readers.listed(readers.network),
        ),
    )
    trusted_ca: Path | None = field(
        default=None,
        metadata=_about(
            "PEM file of certificate authorities that outgoing calls trust besides the public ones: a hospital's own.",
            Path,
        ),
    )
    services: tuple[str, ...] = field(
        default=("patient-view",),
        metadata=_about(
            "Hooks that are answered, separated by commas: patient-view, order-select, order-sign (trials that an "
            "order would close), encounter-start, appointment-book. Each is a service of its own in discovery.",
            readers.hooks,
            "patient-view",
        ),
    )
    mappings: Path = field(
        default_factory=lambda: readers.shipped("mappings"),
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
            "Base address of a FHIR R4 terminology server. It is asked about SNOMED CT codes and products (RxNorm, "
            "NDC) that the tables do not hold (the codes alone, nothing of the patient). Empty: such codes stay "
            "unrecognised.",
            readers.web_address,
        ),
    )
    terminology_deadline_s: float = field(
        default=2.0,
        metadata=_about(
            "Seconds that all questions to the terminology server may take in one call; codes that are not settled by "
            "then stay unrecognised in that call.",
            readers.seconds,
            "2",
        ),
    )
    trials: Path = field(
        default_factory=lambda: readers.shipped("trials"),
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
            "Labels (`meta.security`, `meta.tag`) and codes of flags (`Flag`) of patients who do not want to hear of "
            "research, as system|code, separated by commas. No cards are told of them. Where any are listed, flags are "
            "read, and cards name no trials where that fails.",
            readers.listed(readers.code),
        ),
    )
    read_consent: bool = field(
        default=False,
        metadata=_about(
            "Whether consents (`Consent`) are read for refusals of research. Where that fails, cards name no trials.",
            readers.yes_or_no,
            "false",
        ),
    )
    silent: bool = field(
        default=False,
        metadata=_about(
            "Silent mode, to try the service before it goes live: charts are screened, and cards made and counted, but "
            "every call is answered with no cards.",
            readers.yes_or_no,
            "false",
        ),
    )
    request_code: readers.RequestCode | None = field(
        default=None,
        metadata=_about(
            "The site's order for asking its research team, as system|code|display. Cards of trials then suggest it, "
            "as a draft that nobody has signed. Empty: no suggestions.",
            readers.request_code,
        ),
    )
    app_url: str | None = field(
        default=None,
        metadata=_about(
            "SMART launch address (https) of an app that shows every criterion of a trial for the patient. Cards of "
            "trials then link to it. Empty: no such link.",
            readers.launch_address,
        ),
    )
    allow_origins: tuple[str, ...] = field(
        default=(),
        metadata=_about(
            "Web origins whose pages may call the service (CORS), separated by commas; never `*`. Empty: its "
            "own pages only.",
            readers.listed(readers.origin),
        ),
    )
    metrics_token: str | None = field(
        default=None,
        repr=False,
        metadata=_about(
            "Bearer token with which the site's monitoring reads `/metrics`. Empty: where callers prove themselves by "
            "JWT nobody may read it, elsewhere everyone who reaches the service.",
            str,
        ),
    )
    traces_url: str | None = field(
        default=None,
        metadata=_about(
            "Address of an OpenTelemetry collector (OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces) that gets "
            "one span per call, without patient data. Empty: no traces.",
            readers.web_address,
        ),
    )
    store_url: str | None = field(
        default=None,
        repr=False,
        metadata=_about(
            "Database for feedback, told cards and used token ids: `sqlite:///trialcards.sqlite3` (a file in the "
            "working folder) or `postgresql://user:password@host/name`; several processes may share it. With demo "
            "charts: in memory.",
            str,
            "`sqlite:///trialcards.sqlite3`",
        ),
    )
    keep_days: int = field(
        default=400,
        metadata=_about(
            "Days for which told cards and feedback are kept. Below 365, dismissals may be forgotten before their "
            "quiet period ends.",
            readers.whole(1, 3650),
            "400",
        ),
    )
    keep_comments: bool = field(
        default=False,
        metadata=_about(
            "Whether the free text that clinicians write with feedback is kept. It may name patients.",
            readers.yes_or_no,
            "false",
        ),
    )
    pseudonym_keys: str | None = field(
        default=None,
        repr=False,
        metadata=_about(
            "Secret keys of the hashes that stand for patients and clinicians, as id:base64 (32 random bytes or more), "
            "separated by commas, the newest first. Empty: dismissed trials are told again, as no "
            "patient is remembered.",
            str,
        ),
    )
    cool_down_hours: int = field(
        default=0,
        metadata=_about(
            "Hours in which a trial is not told again to the same clinician for the same patient on the same findings. "
            "0: it is told at every call.",
            readers.whole(0, 8760),
            "0",
        ),
    )
    log_level: str = field(
        default="INFO",
        metadata=_about(
            "How much is logged: DEBUG, INFO, WARNING or ERROR. Logs hold counts, durations and call ids, no "
            "patient data.",
            readers.log_level,
            "INFO",
        ),
    )

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """Take the settings from environment variables; one that is absent or empty leaves the default.

        Raises ``BadSetting`` with the variable's name and the reason, also for a ``CDS_`` variable that is no setting.
        """
        known = {PREFIX + each.name.upper(): each for each in fields(cls)}
        strays = [name for name in environment if name.startswith(PREFIX) and name not in known.keys() | _NOT_OURS]
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
    def proof(self) -> str:
        """How callers prove who they are: unless it is said, by token; on the demo page, which has none, not at all."""
        return self.authentication or ("off" if self.demo_charts else "jwt")

    @property
    def log_threshold(self) -> int:
        """The log level as the number that :mod:`logging` compares."""
        return logging.getLevelNamesMapping()[self.log_level]


_NOT_OURS = frozenset({PREFIX + "SHARED"})
"""Read by the tests alone: the folder of real charts."""
