"""What one installation has chosen: each setting with its default and its meaning, in the order they are told."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from cds.core.codes import Code
from cds.errors import BadSetting
from cds.settings import readers
from cds.settings.account import Account
from cds.settings.calls import about

PREFIX = "CDS_"


@dataclass(frozen=True, slots=True)
class Settings(Account):
    """What one installation has chosen. Each field is read from ``CDS_`` and its name in capitals."""

    mappings: Path = field(
        default_factory=lambda: readers.shipped("mappings"),
        metadata=about("Folder of the terminology tables.", Path, "the `mappings/` that came with it"),
    )
    mappings_overlay: Path | None = field(
        default=None,
        metadata=about(
            "Folder of the site's own terminology tables, of the same form and read last: local codes, other policies, "
            "rows switched off. Empty: none.",
            Path,
        ),
    )
    terminology_url: str | None = field(
        default=None,
        metadata=about(
            "Base address of a FHIR R4 terminology server. It is asked about SNOMED CT codes and products (RxNorm, "
            "NDC) that the tables do not hold (the codes alone, nothing of the patient). Empty: such codes stay "
            "unrecognised.",
            readers.web_address,
        ),
    )
    terminology_deadline_s: float = field(
        default=2.0,
        metadata=about(
            "Seconds that all questions to the terminology server may take in one call; codes that are not settled by "
            "then stay unrecognised in that call.",
            readers.seconds,
            "2",
        ),
    )
    trials: Path = field(
        default_factory=lambda: readers.shipped("trials"),
        metadata=about("Folder of the trial definitions.", Path, "the `trials/` that came with it"),
    )
    records: Path | None = field(
        default=None,
        metadata=about(
            "Folder of ClinicalTrials.gov records (one JSON file per trial), for the registry's own words "
            "beside a criterion. Empty: line numbers only.",
            Path,
        ),
    )
    registry_url: str = field(
        default="https://clinicaltrials.gov/api/v2",
        metadata=about(
            "Base address of the ClinicalTrials.gov API v2, or of a mirror of it, that `trialcards trials import` and "
            "`sync` ask. Nothing of a patient goes there; the service itself never asks it.",
            readers.web_address,
            "`https://clinicaltrials.gov/api/v2`",
        ),
    )
    extractor_llm_url: str | None = field(
        default=None,
        metadata=about(
            "Base address of a server that offers chat completions as OpenAI's API does (such as "
            "http://127.0.0.1:8080/v1): a second reader that `trialcards trials review` asks about lines of registry "
            "text that were left to review (docs/second-reader.md). Nothing of a patient goes there. Empty: none.",
            readers.web_address,
        ),
    )
    extractor_llm_model: str | None = field(
        default=None,
        metadata=about("What that server calls the model that is to be asked.", readers.unbroken),
    )
    extractor_llm_key: str | None = field(
        default=None,
        repr=False,
        metadata=about("Bearer token for that server. Empty: it is asked without one.", readers.unbroken),
    )
    extractor_llm_deadline_s: int = field(
        default=120,
        metadata=about(
            "Seconds that all questions to it about one trial may take; lines that were not answered by then stay as "
            "they were.",
            readers.whole(1, 3600),
            "120",
        ),
    )
    statuses: tuple[str, ...] = field(
        default=("RECRUITING", "NOT_YET_RECRUITING"),
        metadata=about(
            "Registry statuses of trials that cards tell, separated by commas, out of RECRUITING, NOT_YET_RECRUITING, "
            "ENROLLING_BY_INVITATION (for people whom the trial chose beforehand) and AVAILABLE (expanded access).",
            readers.statuses,
            "RECRUITING, NOT_YET_RECRUITING",
        ),
    )
    facilities: tuple[str, ...] = field(
        default=(),
        metadata=about(
            "The site's own facilities as the registry writes them, each with its city after a comma where the name "
            "alone is not unique, separated by semicolons (names hold commas). Capitals, accents and punctuation do "
            "not count. Cards tell trials that are open there first, and whom to ask. Empty: no trial is preferred.",
            readers.facilities,
            separator="; ",
        ),
    )
    demo_charts: Path | None = field(
        default=None,
        metadata=about(
            "Folder of example charts: turns the demo page on, and has the service play the charts' day "
            "instead of today. Never where patients are.",
            Path,
        ),
    )
    opt_out: tuple[Code, ...] = field(
        default=(),
        metadata=about(
            "Labels (`meta.security`, `meta.tag`) and codes of flags (`Flag`) of patients who do not want to hear of "
            "research, as system|code, separated by commas. No cards are told of them. Where any are listed, flags are "
            "read, and cards name no trials where that fails.",
            readers.listed(readers.code),
        ),
    )
    read_consent: bool = field(
        default=False,
        metadata=about(
            "Whether consents (`Consent`) are read for refusals of research. Where that fails, cards name no trials.",
            readers.yes_or_no,
            "false",
        ),
    )
    silent: bool = field(
        default=False,
        metadata=about(
            "Silent mode, to try the service before it goes live: charts are screened, and cards made and counted, but "
            "every call is answered with no cards.",
            readers.yes_or_no,
            "false",
        ),
    )
    request_code: readers.RequestCode | None = field(
        default=None,
        metadata=about(
            "The site's order for asking its research team, as system|code|display. Cards of trials then suggest it, "
            "as a draft that nobody has signed. Empty: no suggestions.",
            readers.request_code,
        ),
    )
    app_url: str | None = field(
        default=None,
        metadata=about(
            "SMART launch address (https) of an app that shows every criterion of a trial for the patient. Cards of "
            "trials then link to it. Empty: no such link.",
            readers.launch_address,
        ),
    )
    allow_origins: tuple[str, ...] = field(
        default=(),
        metadata=about(
            "Web origins whose pages may call the service (CORS), separated by commas; never `*`. Empty: its "
            "own pages only.",
            readers.listed(readers.origin),
        ),
    )
    metrics_token: str | None = field(
        default=None,
        repr=False,
        metadata=about(
            "Bearer token with which the site's monitoring reads `/metrics`. Empty: where callers prove themselves by "
            "JWT nobody may read it, elsewhere everyone who reaches the service.",
            str,
        ),
    )
    traces_url: str | None = field(
        default=None,
        metadata=about(
            "Address of an OpenTelemetry collector (OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces) that gets "
            "one span per call, without patient data. Empty: no traces.",
            readers.web_address,
        ),
    )
    store_url: str | None = field(
        default=None,
        repr=False,
        metadata=about(
            "Database for feedback, told cards and used token ids: `sqlite:///trialcards.sqlite3` (a file in the "
            "working folder) or `postgresql://user:password@host/name`; several processes may share it. With demo "
            "charts: in memory.",
            str,
            "`sqlite:///trialcards.sqlite3`",
        ),
    )
    keep_days: int = field(
        default=400,
        metadata=about(
            "Days for which told cards and feedback are kept. Below 365, dismissals may be forgotten before their "
            "quiet period ends.",
            readers.whole(1, 3650),
            "400",
        ),
    )
    keep_comments: bool = field(
        default=False,
        metadata=about(
            "Whether the free text that clinicians write with feedback is kept. It may name patients.",
            readers.yes_or_no,
            "false",
        ),
    )
    pseudonym_keys: str | None = field(
        default=None,
        repr=False,
        metadata=about(
            "Secret keys of the hashes that stand for patients and clinicians, as id:base64 (32 random bytes or more), "
            "separated by commas, the newest first. Empty: dismissed trials are told again, as no "
            "patient is remembered.",
            str,
        ),
    )
    cool_down_hours: int = field(
        default=0,
        metadata=about(
            "Hours in which a trial is not told again to the same clinician for the same patient on the same findings. "
            "0: it is told at every call.",
            readers.whole(0, 8760),
            "0",
        ),
    )
    log_level: str = field(
        default="INFO",
        metadata=about(
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
