"""A hospital's own certificate authority is trusted where the site names it, beside the public ones, and only then."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cds.errors import BadSetting
from cds.plugs import http_client
from cds.settings import Settings

pytestmark = pytest.mark.anyio
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A certificate of its own making for 127.0.0.1, with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "made-up hospital")])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=3650))
        .not_valid_after(now + dt.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "authority.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + secret)
    return file


@pytest.fixture
async def server(authority: Path) -> AsyncIterator[str]:
    """A server that answers everything over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_ANSWER)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with listening:
        yield f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


async def test_it_is_trusted_where_it_is_named(server: str, authority: Path) -> None:
    async with http_client(Settings(fhir_servers=(server,), trusted_ca=authority)) as client:
        assert (await client.get(server)).text == "ok"


async def test_otherwise_it_is_not(server: str) -> None:
    async with http_client(Settings(fhir_servers=(server,))) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(server)


@pytest.mark.parametrize("content", [b"", b"no certificate", None])
def test_a_file_that_holds_none_stops_the_start(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "none.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadSetting, match="CDS_TRUSTED_CA"):
        http_client(Settings(trusted_ca=file))
