"""How a command that calls a FHIR server shows who it is: by a key, by a token in a file, or not at all."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cds.cli.words import remark

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    import httpx

    from cds.fhir.backend.access import BackendAccess, Registration
    from cds.settings import Settings

__all__ = ["LongAccess", "access_addresses", "add_access", "long_access", "token_for"]


def add_access(parser: argparse.ArgumentParser) -> None:
    """Add the options. Without any, and without CDS_CLIENT_ID, the server is asked without a token."""
    made = parser.add_argument_group("access to the FHIR server (docs/backend.md)")
    made.add_argument("--client-id", metavar="ID", help="as the EHR registered this site; default: CDS_CLIENT_ID")
    made.add_argument(
        "--key",
        metavar="FILE",
        type=Path,
        action="append",
        help="private key (JWK, JWK Set or PEM) that signs for the client id; default: CDS_CLIENT_KEYS",
    )
    made.add_argument("--token-url", metavar="URL", help="where tokens are had; default: as the server says")
    made.add_argument("--scope", metavar="SCOPES", help="what is asked for; default: to read the types that are read")
    made.add_argument("--token-file", metavar="FILE", type=Path, help="file that holds a bearer token")
    made.add_argument("--open", action="store_true", help="ask without a token, whatever the settings say")


def access_addresses(chosen: argparse.Namespace) -> tuple[str, ...]:
    """Give the addresses named by the options that the HTTP client must be allowed to reach."""
    from cds.errors import BadSetting
    from cds.settings.readers import web_address

    try:
        return (web_address(chosen.token_url),) if chosen.token_url else ()
    except ValueError as problem:
        raise BadSetting(f"--token-url: {problem}") from None


class LongAccess:
    """Tokens for work that outlasts one: had anew when they end, or when the server takes one no more.

    A token in a file is read each time, so that whoever puts it there can put another in its place.
    """

    def __init__(self, server: str, backend: BackendAccess | None = None, file: Path | None = None) -> None:
        """Take the server, and one of the two ways at most."""
        self._server, self._backend, self._file = server, backend, file

    async def token(self) -> str | None:
        """Give a token that is good now; nothing for an open server. Raises ``NoAccess`` and ``BadSetting``."""
        if self._file is not None:
            return _token_in(self._file)
        return await self._backend.token(self._server) if self._backend else None

    def forget(self) -> None:
        """Take it that the last token is good no more."""
        if self._backend is not None:
            self._backend.forget(self._server)

    async def not_granted(self, types: Iterable[str]) -> tuple[str, ...]:
        """Give the types that may not be read with what the server grants; none where it does not say."""
        from cds.fhir.backend.scopes import lacking, scopes_for

        granted = (await self._backend.grant(self._server)).granted if self._backend else ""
        if not granted:
            return ()
        return tuple(each for each in types if lacking(scopes_for([each], granular=True), granted))


def long_access(
    chosen: argparse.Namespace, client: httpx.AsyncClient, server: str, types: tuple[str, ...]
) -> LongAccess:
    """Give what tokens are had by for long work on these types of resources. Raises ``BadSetting``."""
    from cds.app import RandomIds, SystemClock
    from cds.fhir.backend.access import BackendAccess
    from cds.settings import Settings

    settings = Settings.read(os.environ)
    _check(chosen)
    if chosen.open or chosen.token_file:
        return LongAccess(server, file=chosen.token_file)
    registration = _registration(chosen, settings)
    if registration is None:
        return LongAccess(server)
    registration = replace(registration, types=types)
    return LongAccess(server, BackendAccess(client, registration, now=SystemClock().now, new_id=RandomIds().new))


async def token_for(chosen: argparse.Namespace, client: httpx.AsyncClient, server: str) -> str | None:
    """Give the token with which to ask a FHIR server; nothing for an open one.

    Raises ``BadSetting`` for options that do not belong together, ``NoAccess`` where no token can be had.
    """
    from cds.app import RandomIds, SystemClock
    from cds.fhir.backend.access import BackendAccess
    from cds.settings import Settings

    settings = Settings.read(os.environ)
    _check(chosen)
    if chosen.open:
        return None
    if chosen.token_file:
        return _token_in(chosen.token_file)
    registration = _registration(chosen, settings)
    if registration is None:
        return None
    access = BackendAccess(client, registration, now=SystemClock().now, new_id=RandomIds().new)
    grant = await access.grant(server)
    if grant.lacking:
        remark(f"not granted: {' '.join(grant.lacking)}")
    return grant.token


def _check(chosen: argparse.Namespace) -> None:
    from cds.errors import BadSetting

    by_key = any((chosen.client_id, chosen.key, chosen.token_url, chosen.scope))
    if by_key + bool(chosen.token_file) + chosen.open > 1:
        raise BadSetting("--open, --token-file, --client-id with --key: only one of these ways can be taken")


def _token_in(path: Path) -> str:
    from cds.errors import BadSetting
    from cds.fhir.backend.access import is_token

    try:
        text = path.read_bytes()[:100_000].decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if not is_token(text):
        raise BadSetting(f"{path.name}: cannot be read, or holds no bearer token")
    return text


def _registration(chosen: argparse.Namespace, settings: Settings) -> Registration | None:
    """Put options and settings together; nothing where neither names a client id."""
    from cds.errors import BadSetting
    from cds.fhir.backend.access import Registration
    from cds.fhir.backend.keys import keys_in
    from cds.fhir.backend.scopes import READ

    client_id = chosen.client_id or settings.client_id
    if client_id is None:
        if chosen.key or chosen.token_url or chosen.scope:
            raise BadSetting("--client-id, CDS_CLIENT_ID: neither says as whom the EHR registered this site")
        return None
    paths = chosen.key or settings.client_keys
    if not paths:
        raise BadSetting("--key, CDS_CLIENT_KEYS: neither names a private key")
    besides = (("Flag",) if settings.opt_out else ()) + (("Consent",) if settings.read_consent else ())
    (token_url,) = access_addresses(chosen) or ("",)
    return Registration(
        client_id,
        keys_in(paths),
        types=(*READ, *besides),
        scope=chosen.scope or "",
        token_url=token_url,
        allow_http=settings.allow_http,
    )
