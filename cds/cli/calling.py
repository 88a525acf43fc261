"""Calling a FHIR server from the command line: the client, what was seen of the calls, and a sentence for what fails.

Each sentence says what to do next. None holds an address, an id or anything that the server sent.
"""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from cds.errors import BadCall, PatientUnavailable, RecordsError
from cds.fhir.addresses import base_of
from cds.fhir.inspection import Asked
from cds.network import ForbiddenAddress
from cds.plugs import http_client, outgoing
from cds.settings.readers import in_clear, web_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cds.fhir.asking.client import FhirRecords
    from cds.settings import Settings

__all__ = ["ServerFault", "Watched", "address", "client_for", "doubted", "sentences"]


class ServerFault(RecordsError):
    """A FHIR server cannot be used; the message says why, and what to do."""


def address(text: str, settings: Settings) -> str:
    """Give a FHIR server's base address as it was named; raise ``BadCall`` for what is none, or sends in the clear."""
    try:
        url = web_address(text.strip())
        known = base_of(url) is not None
    except ValueError:
        known, url = False, ""
    if not known:
        raise BadCall("the server: must be the web address at which its FHIR API begins (https://…/fhir)")
    if in_clear(str(httpx.URL(url)), allow_http=settings.allow_http):
        raise BadCall("the server: http would send charts in the clear; use https, or set CDS_ALLOW_HTTP=true")
    return url.rstrip("/")


@dataclass(slots=True)
class Watched(httpx.AsyncBaseTransport):
    """Passes requests on, and keeps of each what may be kept: type, status, TLS, what broke."""

    inner: httpx.AsyncBaseTransport
    base: str
    asked: list[Asked] = field(default_factory=list)
    problem: Exception | None = None
    tls: str = ""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request on."""
        try:
            response = await self.inner.handle_async_request(request)
        except httpx.TransportError as problem:
            self.problem = problem
            raise
        self.asked.append(Asked.of(str(request.url), self.base, response.status_code))
        stream = response.extensions.get("network_stream")
        secured = stream.get_extra_info("ssl_object") if stream is not None else None
        self.tls = (secured.version() or "") if secured is not None else self.tls
        return response

    async def aclose(self) -> None:
        """Close what is below."""
        await self.inner.aclose()

    def since(self, place: int) -> list[Asked]:
        """Give what was asked after the first so many requests."""
        return self.asked[place:]

    def status(self, target: str) -> int:
        """Give the status of the last answer about this type; 0 where there was none."""
        return next((each.status for each in reversed(self.asked) if each.target == target), 0)


def client_for(settings: Settings, server: str, others: tuple[str, ...] = ()) -> tuple[httpx.AsyncClient, Watched]:
    """Give an HTTP client that may reach this server as if the settings listed it, and what watches its calls."""
    listed = (server, *others, *settings.fhir_servers)
    watched = Watched(outgoing(settings, listed), server)
    return http_client(settings, watched, listed), watched


async def doubted(
    problem: PatientUnavailable, records: FhirRecords, server: str, deadline_s: float
) -> PatientUnavailable | RecordsError:
    """Give the reason why there is no patient, which may be that the address holds no FHIR API at all."""
    try:
        await records.capability(server, deadline_s=deadline_s)
    except RecordsError as stranger:
        return stranger if _STRANGE in str(stranger) else problem
    return problem


_ACCESS = "give access with --client-id and --key, or --token-file"
_NO_API = "the address holds no FHIR API: it must end where the API begins, as in …/fhir or …/r4"
_NOWHERE = frozenset({404, 405, 410, 501})
_STRANGE = "something that is not FHIR"
_PRIVATE = "the name leads into a private network: list that in CDS_PRIVATE_NETWORKS, or name the server in figures"
_TLS = (
    "the TLS handshake failed: the certificate is not signed by a public authority, has run out or is of another name; "
    "use the name in the certificate, or have whoever runs the server mend it"
)
_DOWN = "the FHIR server cannot be reached: see that name and port are right and that a firewall lets this machine out"


@contextmanager
def sentences(watched: Watched) -> Iterator[None]:
    """Turn what a server did into a sentence that says what to do; what is not the server's doing stays as it is."""
    try:
        yield
    except PatientUnavailable as problem:
        raise _about_patient(problem, watched) from None
    except ServerFault:
        raise
    except RecordsError as problem:
        raise ServerFault(_advice(problem, watched)) from None


def _about_patient(problem: PatientUnavailable, watched: Watched) -> Exception:
    if watched.status("metadata") in _NOWHERE or _STRANGE in str(problem):
        return ServerFault(_NO_API)
    match watched.status("Patient"):
        case 404 | 410 as status if f"({status})" in str(problem):
            return PatientUnavailable("the FHIR server has no such patient: --patient takes the id of the resource")
        case 401 | 403 as status if f"({status})" in str(problem):
            return ServerFault(f"the FHIR server does not give the patient ({status}): {_ACCESS}")
        case 0 if watched.problem is not None:
            return ServerFault(_broken(watched.problem))
        case _:
            return ServerFault(str(problem))


def _advice(problem: RecordsError, watched: Watched) -> str:
    if watched.status("metadata") in _NOWHERE or _STRANGE in str(problem):
        return _NO_API
    match watched.status("metadata"):
        case 401 | 403 as status:
            return f"the FHIR server does not let us in ({status}): {_ACCESS}"
        case 0 if watched.problem is not None:
            return _broken(watched.problem)
        case _:
            return str(problem)


def _broken(problem: BaseException) -> str:
    """Say what broke a connection, by what lies at the bottom of it."""
    seen: BaseException | None = problem
    while seen is not None:
        if isinstance(seen, ForbiddenAddress):
            return _PRIVATE
        if isinstance(seen, ssl.SSLError):
            return _TLS
        seen = seen.__cause__ or seen.__context__
    return _DOWN
