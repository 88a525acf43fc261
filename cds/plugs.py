"""The real things that are plugged into the ports, each made out of what the site has set."""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx

from cds.errors import BadSetting, StoreDown
from cds.extractor.model import Model
from cds.hooks.callers.authenticate import Anyone, Authenticator, Door
from cds.hooks.callers.caller import ANONYMOUS, Caller
from cds.hooks.callers.launch import LaunchServer, load_launch_servers
from cds.hooks.callers.listed import ListedCaller, load_callers
from cds.hooks.callers.profiles import profiles
from cds.hooks.callers.replays import MemoryReplays, Replays, SharedReplays
from cds.hooks.callers.signed_in import SignedIn
from cds.hooks.pseudonyms import Pseudonyms
from cds.memory import Memory
from cds.network import GuardedTransport, named_outright, plain_transports
from cds.settings.readers import in_clear
from cds.telemetry import event
from cds.terms.descent import ServerTerminology
from cds.terms.server import TerminologyServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from cds.hooks.callers.keys import Fetch
    from cds.ports import Clock, Terminology
    from cds.settings import Settings
    from cds.store.store import Store

__all__ = [
    "forget_daily",
    "http_client",
    "launch_servers",
    "listed_callers",
    "make_door",
    "make_memory",
    "make_terminology",
    "outgoing",
    "second_reader",
    "store_url",
]

_DAY_S = 86_400


def http_client(
    settings: Settings, network: httpx.AsyncBaseTransport | None = None, callers: Iterable[str] = ()
) -> httpx.AsyncClient:
    """Give a client that sends nothing but what it is told, and to no private address that the site does not list.

    ``callers`` are the addresses that are listed for callers. No proxies or passwords out of the environment.
    """
    listed = (*callers, *settings.fhir_servers, *filter(None, [settings.terminology_url]))
    network = network or outgoing(settings, listed)
    return httpx.AsyncClient(transport=network, trust_env=False, follow_redirects=False)


def outgoing(settings: Settings, listed: Iterable[str]) -> httpx.AsyncBaseTransport:
    """Give what carries outgoing calls to listed addresses; raises ``BadSetting`` where CDS_TRUSTED_CA holds none."""
    try:
        inner = plain_transports(settings.trusted_ca)
    except (OSError, ValueError):
        raise BadSetting("CDS_TRUSTED_CA: is no PEM file of certificate authorities that can be read") from None
    return GuardedTransport(settings.private_networks, named_outright(listed), inner=inner)


def make_terminology(settings: Settings, client: httpx.AsyncClient) -> Terminology | None:
    """Give what asks the site's terminology server, if it has one."""
    if settings.terminology_url is None:
        return None
    return ServerTerminology(TerminologyServer(client, settings.terminology_url), settings.terminology_deadline_s)


@asynccontextmanager
async def second_reader(settings: Settings) -> AsyncIterator[Model | None]:
    """Give the language model that the site has named as a second reader, with a client of its own, if it has one.

    Raises ``BadSetting`` where it is not named, or would be asked in the clear.
    """
    base = settings.extractor_llm_url
    if base is None:
        yield None
        return
    if settings.extractor_llm_model is None:
        raise BadSetting("CDS_EXTRACTOR_LLM_MODEL: must say which model the server is to be asked for")
    if in_clear(base, allow_http=settings.allow_http):
        raise BadSetting(
            "CDS_EXTRACTOR_LLM_URL: over http anyone on the way could read the key; use https, or allow http"
        )
    async with http_client(settings, callers=(base,)) as client:
        yield Model(client, base, settings.extractor_llm_model, settings.extractor_llm_key)


# ------------------------------------------------------------------------------------------------------------ who calls


def listed_callers(settings: Settings) -> tuple[ListedCaller, ...]:
    """Give the callers that the site has listed."""
    return load_callers(settings.callers, allow_http=settings.allow_http) if settings.callers else ()


def launch_servers(settings: Settings) -> tuple[LaunchServer, ...]:
    """Give the EHRs from which the page may be opened, as the site has listed them."""
    path = settings.launch_servers
    if path is None:
        return ()
    return load_launch_servers(path, by_token=settings.proof == "jwt", allow_http=settings.allow_http)


def make_door(
    settings: Settings,
    callers: Iterable[ListedCaller],
    *,
    fetch: Fetch,
    shared: Replays,
    now: Callable[[], dt.datetime],
    opened_from: Iterable[LaunchServer] = (),
) -> Door:
    """Give what every call comes through: by token, or anyone where the site has said so.

    ``opened_from`` are the EHRs from which the page may be opened. Raises ``BadSetting`` where a caller has the name of
    such a page.
    """
    if settings.proof == "jwt":
        callers, replays = tuple(callers), SharedReplays(MemoryReplays(now), shared, now)
        signed_in = SignedIn(opened_from, fetch=fetch, now=now)
        for each in callers:
            if each.id in signed_in.ids:
                raise BadSetting(f"CDS_CALLERS, CDS_LAUNCH_SERVERS: {each.id} would stand for two in logs and counts")
        return Authenticator(callers, fetch=fetch, replays=replays, now=now, signed_in=signed_in)
    event("callers-are-not-told-apart", proof=settings.proof)
    return Anyone(_anonymous(settings))


def _anonymous(settings: Settings) -> Caller:
    """Give the one caller there is where callers are not told apart."""
    known = profiles()
    if settings.profile not in known:
        raise BadSetting(f"CDS_PROFILE: must be one of {', '.join(known)}")
    return replace(ANONYMOUS, profile=known[settings.profile], fhir_servers=settings.fhir_servers)


# ------------------------------------------------------------------------------------------------------- what is kept


def store_url(settings: Settings) -> str:
    """Say where feedback is kept; with demo charts, nowhere for long."""
    return settings.store_url or ("sqlite://" if settings.demo_charts else "sqlite:///trialcards.sqlite3")


def make_memory(settings: Settings, store: Store) -> Memory:
    """Give what remembers cards and dismissals; raises ``BadSetting`` for keys that are none."""
    keys = settings.pseudonym_keys
    return Memory(
        store,
        Pseudonyms.read(keys) if keys else None,
        cool_down=dt.timedelta(hours=settings.cool_down_hours),
        keep_comments=settings.keep_comments,
    )


async def forget_daily(store: Store, memory: Memory, clock: Clock, keep: dt.timedelta) -> None:
    """Say at the start whether the store answers and patients are remembered; delete what is too old, then daily."""
    remembers = memory.pseudonyms is not None
    event("store", answers=await store.ready(), dismissals="remembered" if remembers else "not-remembered-without-keys")
    while True:
        with suppress(StoreDown):
            event("forgotten", rows=await store.forget(clock.now(), keep))
        await asyncio.sleep(_DAY_S)
