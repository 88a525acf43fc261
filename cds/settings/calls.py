"""How an installation is called and called upon: where it is reached, by whom, what it answers and how long it takes.

The first part of :class:`cds.settings.Settings`, in the order they are told; :mod:`cds.settings.account` follows, and
then what it has loaded and what it keeps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from cds.settings import readers


def about(says: str, read: Callable[[str], object], shown: str = "(empty)", separator: str = ", ") -> dict[str, object]:
    """Say of a setting what it means, how its text is read, how its default is told, and what parts its values."""
    return {"says": says, "read": read, "shown": shown, "separator": separator}


@dataclass(frozen=True, slots=True)
class Calls:
    """What one installation has chosen for the calls it answers."""

    public_url: str = field(
        default="http://127.0.0.1:8000",
        metadata=about(
            "Address at which callers reach the service, without a trailing slash. A caller's token must name it, with "
            "the path that is called, as its audience.",
            readers.web_address,
            "http://127.0.0.1:8000",
        ),
    )
    host: str = field(default="127.0.0.1", metadata=about("Address the server listens on.", str, "127.0.0.1"))
    port: int = field(default=8000, metadata=about("Port the server listens on.", readers.whole(1, 65535), "8000"))
    authentication: str | None = field(
        default=None,
        metadata=about(
            "How callers prove who they are: `jwt` (a signed token with every call, as CDS Hooks tells), `gateway` "
            "(what stands in front has proved it, for instance by TLS certificates, and nothing else can reach the "
            "service) or `off` (only on a machine that serves itself alone, or with demo charts).",
            readers.proof,
            "`jwt`; with demo charts `off`",
        ),
    )
    callers: Path | None = field(
        default=None,
        metadata=about(
            "YAML file that lists the EHRs that may call (docs/callers.md). With `jwt` there must be one, and nobody "
            "else is let in.",
            Path,
        ),
    )
    launch_servers: Path | None = field(
        default=None,
        metadata=about(
            "YAML file that lists the EHRs from which the page at `/app/` may be opened (SMART App Launch, "
            "docs/launch.md). Empty: from none.",
            Path,
        ),
    )
    app_frames: tuple[str, ...] = field(
        default=(),
        metadata=about(
            "Web origins that may show the pages of `/app/` inside their own, as EHRs do, separated by commas. Empty: "
            "none, so that the page opens in a window of its own.",
            readers.listed(readers.origin),
        ),
    )
    profile: str = field(
        default="generic-2.0",
        metadata=about(
            "What kind of EHR calls, where callers are not told apart (`gateway`, `off`): generic-2.0, sandbox, "
            "epic-shaped, oracle-shaped or strict-1.0.",
            str,
            "generic-2.0",
        ),
    )
    time_zone: ZoneInfo = field(
        default=ZoneInfo("UTC"),
        metadata=about(
            "Time zone of the site (IANA name): which calendar day a time stamp, and today, belong to.",
            readers.zone,
            "UTC",
        ),
    )
    near_days: int = field(
        default=28,
        metadata=about(
            "A trial whose obstacles all pass by themselves within this many days is told as near.",
            readers.whole(0, 3650),
            "28",
        ),
    )
    fhir_servers: tuple[str, ...] = field(
        default=(),
        metadata=about(
            "Base addresses of FHIR servers that may be asked for what prefetch lacks, separated by commas. "
            "Tokens go nowhere else. Empty: prefetch only. With `jwt` they are listed for each caller instead, in "
            "CDS_CALLERS.",
            readers.listed(readers.web_address),
        ),
    )
    deadline_s: float = field(
        default=4.0,
        metadata=about(
            "Seconds that all reading from the FHIR server may take in one call; what is not there by then "
            "is told as unknown.",
            readers.seconds,
            "4",
        ),
    )
    max_body_bytes: int = field(
        default=20000000,
        metadata=about(
            "Largest request body, in bytes; a larger one is answered with 413.",
            readers.whole(1000, 1000000000),
            "20000000",
        ),
    )
    max_calls: int = field(
        default=64,
        metadata=about(
            "Calls with a chart that are answered at a time; more are told to come back (503 with Retry-After).",
            readers.whole(1, 10000),
            "64",
        ),
    )
    drain_s: float = field(
        default=0.0,
        metadata=about(
            "Seconds for which the service, told to end (SIGTERM), still takes calls while `/health/ready` says 503, "
            "so that a load balancer takes it out first. 0: it takes no more at once. Those it has are answered.",
            readers.pause,
            "0",
        ),
    )
    max_cards: int = field(
        default=3,
        metadata=about(
            "How many trials are told as cards of their own; one more card says how many others there are.",
            readers.whole(1, 10),
            "3",
        ),
    )
    max_matches: int = field(
        default=15,
        metadata=about(
            "How many trials `POST /getClinicalTrial` (docs/matching-service.md) tells at most, the best first; an "
            "entry beside them says how many are left out. The public matching app shows no more than 15.",
            readers.whole(1, 1000),
            "15",
        ),
    )
    show_drafts: bool = field(
        default=False,
        metadata=about(
            "Whether cards tell trials whose definition was made by machine and reviewed by nobody (marked draft).",
            readers.yes_or_no,
            "false",
        ),
    )
    allow_http: bool = field(
        default=False,
        metadata=about(
            "Whether servers other than this machine may be asked over http, in the clear: only inside a network that "
            "nobody else can read.",
            readers.yes_or_no,
            "false",
        ),
    )
    client_id: str | None = field(
        default=None,
        metadata=about(
            "The id under which an EHR has registered this site as a backend service (docs/backend.md), for commands "
            "that read a FHIR server. Empty: they ask without a token, unless they are told otherwise.",
            readers.unbroken,
        ),
    )
    client_keys: tuple[Path, ...] = field(
        default=(),
        metadata=about(
            "Files with this site's own keys (JWK, JWK Set or PEM), separated by commas: the first that fits signs for "
            "`CDS_CLIENT_ID`, and the public halves of all are published at `/.well-known/jwks.json`. For the service, "
            "files with public halves alone suffice. Empty: nothing is published.",
            readers.listed(Path),
        ),
    )
    private_networks: tuple[readers.Network, ...] = field(
        default=(),
        metadata=about(
            "Private networks that outgoing calls may reach, as 10.0.0.0/8, separated by commas. A listed server whose "
            "name leads to any other private address is not asked; one that is listed as localhost or in figures is.",
            readers.listed(readers.network),
        ),
    )
    trusted_ca: Path | None = field(
        default=None,
        metadata=about(
            "PEM file of certificate authorities that outgoing calls trust besides the public ones: a hospital's own.",
            Path,
        ),
    )
    services: tuple[str, ...] = field(
        default=("patient-view",),
        metadata=about(
            "Hooks that are answered, separated by commas: patient-view, order-select, order-sign (trials that an "
            "order would close), encounter-start, appointment-book. Each is a service of its own in discovery.",
            readers.hooks,
            "patient-view",
        ),
    )
