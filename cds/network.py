"""Calls that leave this machine go to public addresses, or to those that the site lists; never to what a name hides.

A caller names the FHIR server of a call, and a name may lead anywhere: to this machine, to the metadata of a cloud,
to the hospital's own network. Names of servers are on the site's list already; what stands here holds for the addresses
they lead to. The address that was looked at is the address that is connected to, so that a name whose answer changes
in between (DNS rebinding) gains nothing.

Source: OWASP, Server Side Request Forgery Prevention; IANA, special-purpose address registries; https://www.python-httpx.org/advanced/extensions/#sni_hostname.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

__all__ = ["ForbiddenAddress", "GuardedTransport", "Network", "named_outright", "plain_transports"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
"""Stand before the IPv4 address in the lower half of an IPv6 address that leads to it (RFC 5214)."""
_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        (
            *("192.0.0.0/24", "192.88.99.0/24"),  # protocol assignments, 6to4 relays
            "168.63.129.16/32",  # a public address by which a cloud (Azure) answers its machines from within
            *("::/96", "::ffff:0:0:0/96"),  # IPv4 inside IPv6: compatible, translated
            *("64:ff9b:1::/48", "5f00::/16", "fec0::/10"),  # local NAT64, segment routing, old site-local
        ),
    )
)
"""Networks that Python's ``is_global`` lets through, in some of its versions at least."""
_KEPT_S = 30.0
"""How long the addresses of a name are kept. They were looked at, so keeping them is safe, and calls ask often."""


class ForbiddenAddress(httpx.ConnectError):
    """A name leads to an address of a private network that the site does not list. No connection was made."""


def named_outright(addresses: Iterable[str]) -> frozenset[str]:
    """Give the hosts among web addresses that are themselves private: ``localhost``, or an address in figures.

    Whoever lists ``http://127.0.0.1:8080/fhir`` has listed that private address.
    """
    hosts = {httpx.URL(each).host for each in addresses}
    return frozenset(each for each in hosts if each == "localhost" or _read(each) is not None)


async def resolve(host: str, port: int) -> Sequence[str]:
    """Give the addresses of a name as this machine's resolver tells them. Raises ``OSError``."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True, slots=True)
class _Kept:
    addresses: tuple[str, ...]
    until: float


class GuardedTransport(httpx.AsyncBaseTransport):
    """Connects to public addresses, to ``networks``, and to the hosts in ``outright``; to nothing else.

    Every host has connections of its own: two hosts behind one address never share one.
    """

    def __init__(
        self,
        networks: Iterable[Network] = (),
        outright: Iterable[str] = (),
        *,
        look_up: Resolve = resolve,
        inner: Callable[[], httpx.AsyncBaseTransport] | None = None,
    ) -> None:
        self._networks = tuple(networks)
        self._outright = frozenset(outright)
        self._look_up = look_up
        self._make = inner or plain_transports()
        self._inner: dict[str, httpx.AsyncBaseTransport] = {}
        self._kept: dict[tuple[str, int], _Kept] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. Raises ``ForbiddenAddress``, and what httpx raises when a connection fails."""
        host = request.url.host
        inner = self._inner.get(host) or self._inner.setdefault(host, self._make())
        problem: httpx.ConnectError | httpx.ConnectTimeout = httpx.ConnectError("the name has no address")
        for address in await self._addresses(host, _port(request.url)):
            try:
                return await inner.handle_async_request(_to(address, request))
            except (httpx.ConnectError, httpx.ConnectTimeout) as failed:
                problem = failed
        raise problem

    async def aclose(self) -> None:
        """Close every connection."""
        for each in self._inner.values():
            await each.aclose()

    async def _addresses(self, host: str, port: int) -> tuple[str, ...]:
        now = asyncio.get_running_loop().time()
        kept = self._kept.get((host, port))
        if kept is None or kept.until < now:
            kept = _Kept(await self._looked_up(host, port), now + _KEPT_S)
            self._kept[host, port] = kept
        return kept.addresses

    async def _looked_up(self, host: str, port: int) -> tuple[str, ...]:
        try:
            found = tuple(await self._look_up(host, port))
        except (OSError, UnicodeError):
            raise httpx.ConnectError("the name cannot be resolved") from None
        if host not in self._outright and not all(self._may_connect(each) for each in found):
            raise ForbiddenAddress("the name leads into a private network that CDS_PRIVATE_NETWORKS does not list")
        return found

    def _may_connect(self, text: str) -> bool:
        address = _read(text)
        if address is None:
            return False
        inside = any(address in each for each in self._networks if each.version == address.version)
        return inside or all(map(_is_public, (address, *_carried(address))))


def plain_transports(authorities: Path | None = None) -> Callable[[], httpx.AsyncBaseTransport]:
    """Make transports that share one TLS context, which is slow to build.

    It trusts certifi's list, and besides it the certificate authorities in a PEM file. Raises ``OSError`` for a file
    that cannot be read and ``ssl.SSLError`` for one that holds no certificate.
    """
    context = httpx.create_ssl_context(trust_env=False)
    if authorities is not None:
        context.load_verify_locations(cafile=authorities)
    return lambda: httpx.AsyncHTTPTransport(verify=context, trust_env=False)


def _to(address: str, request: httpx.Request) -> httpx.Request:
    """Give the same request for an address in figures: the name stays in the Host header and in the TLS handshake."""
    extensions = {**request.extensions, "sni_hostname": request.url.host}
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions=extensions,
    )


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _read(text: str) -> Address | None:
    """Read an address in figures; a scope (``%eth0``) is left out."""
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _is_public(address: Address) -> bool:
    special = any(address in each for each in _NOT_PUBLIC if each.version == address.version)
    return address.is_global and not address.is_multicast and not special


def _carried(address: Address) -> tuple[Address, ...]:
    """Give the IPv4 addresses that an IPv6 address carries: mapped, 6to4, Teredo, NAT64, ISATAP."""
    if isinstance(address, ipaddress.IPv4Address):
        return ()
    through = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64 or int(address) >> 32 & 0xFFFFFFFF in _ISATAP:
        through.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return tuple(each for each in through if each is not None)
