"""What leaves this machine goes to public addresses, or to those the site lists, by whatever name it is asked for."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cds.network import ForbiddenAddress, GuardedTransport, named_outright

pytestmark = pytest.mark.anyio
NAME = "ehr.example"
TEN = ipaddress.ip_network("10.0.0.0/8")


class Answering(httpx.AsyncBaseTransport):
    """Keeps what it was asked, and answers; at ``broken`` addresses nobody listens."""

    def __init__(self, *broken: str) -> None:
        self.broken = broken
        self.seen: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        if request.url.host in self.broken:
            raise httpx.ConnectError("nobody listens")
        return httpx.Response(200, text="here")


def asking(*addresses: str, inner: Answering | None = None, **listed: Iterable[object]) -> httpx.AsyncClient:
    async def look_up(host: str, port: int) -> Sequence[str]:
        del host, port
        return addresses

    made = inner or Answering()
    return httpx.AsyncClient(transport=GuardedTransport(look_up=look_up, inner=lambda: made, **listed))  # type: ignore[arg-type]


PRIVATE = {
    "this machine": "127.0.0.1",
    "this machine, by another number": "127.9.9.9",
    "no address at all": "0.0.0.0",  # noqa: S104 - where a name leads, not where we listen
    "ten": "10.1.2.3",
    "one hundred and seventy-two": "172.16.0.1",
    "one hundred and ninety-two": "192.168.1.1",
    "a cloud's metadata": "169.254.169.254",
    "a carrier's own": "100.64.0.1",
    "many at once": "224.0.0.1",
    "everyone": "255.255.255.255",
    "this machine, long": "::1",
    "unique local": "fd00::1",
    "link local": "fe80::1",
    "link local, with its scope": "fe80::1%eth0",
    "a public group": "ff0e::1",
    "ten, mapped": "::ffff:10.0.0.1",
    "ten, through NAT64": "64:ff9b::a00:1",
    "ten, through 6to4": "2002:a00:1::1",
    "ten, through Teredo": "2001:0:a00:1::1",
    "ten, through ISATAP": "2001:470:1f00::5efe:10.0.0.1",
    "ten, compatible": "::10.0.0.1",
    "ten, translated": "::ffff:0:10.0.0.1",
    "ten, through a local NAT64": "64:ff9b:1::a00:1",
    "site local, as it once was": "fec0::1",
    "a cloud's own service": "168.63.129.16",
    "a protocol's own": "192.0.0.8",
    "words": "not an address",
}


@pytest.mark.parametrize("address", PRIVATE.values(), ids=PRIVATE)
async def test_a_name_that_leads_into_a_private_network_is_not_asked(address: str) -> None:
    inner = Answering()
    with pytest.raises(ForbiddenAddress):
        await asking(address, inner=inner).get(f"https://{NAME}/fhir")
    assert inner.seen == []


async def test_nor_is_one_that_leads_there_among_public_addresses() -> None:
    with pytest.raises(ForbiddenAddress):
        await asking("8.8.8.8", "10.0.0.1").get(f"https://{NAME}/fhir")


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
async def test_a_public_address_is_asked_under_its_name(address: str) -> None:
    inner = Answering()
    response = await asking(address, inner=inner).get(f"https://{NAME}/fhir/metadata")
    assert response.text == "here"
    (request,) = inner.seen
    assert request.url.host == address
    assert request.headers["host"] == NAME
    assert request.extensions["sni_hostname"] == NAME


async def test_a_listed_network_is_asked_and_its_neighbour_is_not() -> None:
    assert (await asking("10.1.2.3", networks=[TEN]).get(f"https://{NAME}/")).text == "here"
    with pytest.raises(ForbiddenAddress):
        await asking("192.168.1.1", networks=[TEN]).get(f"https://{NAME}/")


async def test_whoever_lists_a_private_address_in_figures_has_listed_it() -> None:
    hosts = named_outright(["http://127.0.0.1:8080/fhir", "http://localhost:8081/fhir", f"https://{NAME}/fhir"])
    assert hosts == {"127.0.0.1", "localhost"}
    assert (await asking("127.0.0.1", outright=hosts).get("http://localhost:8081/")).text == "here"
    with pytest.raises(ForbiddenAddress):
        await asking("127.0.0.1", outright=hosts).get(f"https://{NAME}/")


async def test_a_name_that_changes_its_mind_changes_nothing() -> None:
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])

    async def look_up(host: str, port: int) -> Sequence[str]:
        del host, port
        return next(answers)

    inner = Answering()
    transport = GuardedTransport(look_up=look_up, inner=lambda: inner)
    async with httpx.AsyncClient(transport=transport) as client:
        for _ in range(2):
            await client.get(f"https://{NAME}/")
    assert [each.url.host for each in inner.seen] == ["8.8.8.8", "8.8.8.8"]


async def test_the_next_address_is_tried_where_nobody_listens() -> None:
    inner = Answering("8.8.8.8")
    assert (await asking("8.8.8.8", "8.8.4.4", inner=inner).get(f"https://{NAME}/")).text == "here"
    assert [each.url.host for each in inner.seen] == ["8.8.8.8", "8.8.4.4"]
    with pytest.raises(httpx.ConnectError):
        await asking("8.8.8.8", inner=Answering("8.8.8.8")).get(f"https://{NAME}/")
    with pytest.raises(httpx.ConnectError):
        await asking().get(f"https://{NAME}/")


async def test_a_name_that_nobody_knows_is_a_failed_connection() -> None:
    async def look_up(host: str, port: int) -> Sequence[str]:
        raise OSError(f"{host}:{port}")

    with pytest.raises(httpx.ConnectError) as caught:
        await httpx.AsyncClient(transport=GuardedTransport(look_up=look_up, inner=Answering)).get(f"https://{NAME}/")
    assert NAME not in str(caught.value)


@pytest.mark.parametrize("host", ["a..example", f"{'a' * 64}.example"])
async def test_so_is_one_that_can_be_none(host: str) -> None:
    with pytest.raises(httpx.ConnectError, match="the name cannot be resolved"):
        await httpx.AsyncClient(transport=GuardedTransport(inner=Answering)).get(f"https://{host}/")


async def test_hosts_behind_one_address_have_connections_of_their_own() -> None:
    made: list[Answering] = []

    def make() -> Answering:
        made.append(Answering())
        return made[-1]

    async def look_up(host: str, port: int) -> Sequence[str]:
        del host, port
        return ["8.8.8.8"]

    async with httpx.AsyncClient(transport=GuardedTransport(look_up=look_up, inner=make)) as client:
        for name in (NAME, "other.example", NAME):
            await client.get(f"https://{name}/")
    assert [len(each.seen) for each in made] == [2, 1]


async def test_the_certificate_is_held_against_the_name_and_not_the_address(tmp_path: Path) -> None:
    """A real TLS server on this machine: its own name passes, another name does not."""
    certificate, key = _certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with _tls_server(certificate, key) as port:

        async def look_up(host: str, port: int) -> Sequence[str]:
            del host, port
            return ["127.0.0.1"]

        transport = GuardedTransport(
            [ipaddress.ip_network("127.0.0.0/8")],
            look_up=look_up,
            inner=lambda: httpx.AsyncHTTPTransport(verify=trusting),
        )
        async with httpx.AsyncClient(transport=transport) as client:
            assert (await client.get(f"https://{NAME}:{port}/")).text == f"{NAME}:{port}"
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await client.get(f"https://other.example:{port}/")


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, NAME)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2120, 1, 1, tzinfo=dt.UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, kept = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    kept.write_bytes(key.private_bytes(*plain))
    return certificate, kept


@asynccontextmanager
async def _tls_server(certificate: Path, key: Path) -> AsyncIterator[int]:
    """Answer every request with its Host header."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        host = next(line.partition(": ")[2] for line in head.split("\r\n") if line.lower().startswith("host:"))
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(host)}\r\nConnection: close\r\n\r\n{host}".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]
