"""The SMART launch servers that a site lists, read from the file that ``CDS_LAUNCH_SERVERS`` names (docs/launch.md).

Each is an EHR from which the page may be opened: where its FHIR server is, under which id the page is registered
there, and by what its people are known once they have signed in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

from cds.hooks.callers.fields import Fields, read_list
from cds.hooks.callers.listed import name_of
from cds.hooks.callers.profiles import signed_by
from cds.settings.readers import in_clear, origin, web_address

__all__ = ["LaunchServer", "load_launch_servers"]

_FIELDS: Final = (
    "id",
    "fhir",
    "client_id",
    "issuer",
    "jwks",
    "origins",
    "audiences",
    "algorithms",
    "max_lifetime_s",
    "rate",
    "standalone",
    "save_observations",
)
_ALGORITHMS: Final = ("RS256", "RS384", "ES256", "ES384")
_RATE: Final = 50.0
_CLIENT_ID: Final = re.compile(r"[\x20-\x7e]{1,256}")
"""What OAuth allows in a client id: visible ASCII and blanks (RFC 6749 appendix A.1)."""


@dataclass(frozen=True, slots=True)
class LaunchServer:
    """One EHR that may open the page. ``fhir`` is the base of its FHIR server, without a slash at its end.

    ``origins`` are where its people sign in and tokens are had, besides the origin of ``fhir``. ``issuer`` and ``jwks``
    are by whom its id tokens are said to be made, and where the keys are that prove it; empty where callers do not
    prove themselves by token. ``audiences`` are trusted in an id token beside the page itself. ``standalone``: the page
    may be opened without an EHR around it. ``save_observations``: it may offer to save what somebody measured.
    """

    id: str
    fhir: str
    client_id: str
    issuer: str = ""
    jwks: str = ""
    origins: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = _ALGORITHMS
    max_lifetime_s: int = 3600
    leeway_s: int = 30
    rate_per_s: float = _RATE
    standalone: bool = False
    save_observations: bool = False

    @property
    def caller_id(self) -> str:
        """What the page is called in logs and counts, when somebody of this EHR has opened it: never who."""
        return f"{self.id}-page"


def load_launch_servers(path: Path, *, by_token: bool, allow_http: bool = False) -> tuple[LaunchServer, ...]:
    """Read a site's list; raise ``BadSetting`` with every fault, each with its file and line.

    ``by_token``: callers prove themselves by token, so that issuer and keys must be listed.
    """

    def read(fields: Fields) -> LaunchServer:
        return _server(fields, by_token=by_token, allow_http=allow_http)

    return read_list(path, "servers", "launch servers", read, _clashes)


def _server(fields: Fields, *, by_token: bool, allow_http: bool) -> LaunchServer:
    fields.only(*_FIELDS)
    proves = {name: fields.text(name) if by_token or name in fields.block else "" for name in ("issuer", "jwks")}
    if proves["jwks"]:
        _address(fields, "jwks", allow_http=False)
    return LaunchServer(
        id=name_of(fields),
        fhir=_address(fields, "fhir", allow_http=allow_http),
        client_id=_client_id(fields),
        issuer=proves["issuer"],
        jwks=proves["jwks"],
        origins=_origins(fields, allow_http=allow_http),
        audiences=fields.words("audiences"),
        algorithms=signed_by(fields, _ALGORITHMS),
        max_lifetime_s=fields.whole("max_lifetime_s", 3600, 60, 86_400),
        rate_per_s=fields.rate("rate") or _RATE,
        standalone=fields.yes("standalone", default=False),
        save_observations=fields.yes("save_observations", default=False),
    )


def _client_id(fields: Fields) -> str:
    text = fields.text("client_id")
    if not _CLIENT_ID.fullmatch(text):
        fields.fault("client_id", "must be up to 256 letters, figures and signs of ASCII, as the EHR gave it")
    return text


def _address(fields: Fields, name: str, *, allow_http: bool) -> str:
    """Take an address that the browser or the service asks: its host is what may stand in a content policy."""
    try:
        address = web_address(fields.text(name))
        origin("/".join(address.split("/")[:3]))
    except ValueError:
        address = ""
    if not address or in_clear(address, allow_http=allow_http):
        fields.fault(name, "must be an absolute https address without query, fragment or user name")
    return address


def _origins(fields: Fields, *, allow_http: bool) -> tuple[str, ...]:
    found = fields.words("origins")
    try:
        taken = tuple(origin(each) for each in found)
    except ValueError:
        taken = ()
    if len(taken) != len(found) or any(in_clear(each, allow_http=allow_http) for each in taken):
        fields.fault("origins", "must be https origins: scheme, host and port, without a path")
    return taken


def _clashes(servers: Iterable[LaunchServer], file: str) -> Iterable[str]:
    """Say where two servers could not be told apart: by name, by address, or by the tokens of their people."""
    for one, other in combinations(servers, 2):
        if one.id == other.id:
            yield f"{file}: the id {one.id} stands twice"
        if one.fhir == other.fhir:
            yield f"{file}: {other.id}: its fhir is that of {one.id}, so a launch would not tell which"
        if one.issuer and (one.issuer, one.client_id) == (other.issuer, other.client_id):
            yield f"{file}: {other.id}: {one.id} has the same issuer and client_id, so a token would not tell which"
