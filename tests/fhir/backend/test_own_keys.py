"""The site's own keys: read from every form that is taken, refused in every other, published without their secrets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from cds.errors import BadSetting
from cds.fhir.backend.keys import OwnKey, keys_in, new_key, private_jwk, public_set, read_keys
from tests.fhir.backend.authority import ES, RS

SECRETS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
P256 = ec.generate_private_key(ec.SECP256R1())
WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505 - that it is refused is the point
# The example of RFC 7638, section 3.1.
RFC_N = (
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhM"
    "stn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5"
    "hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
)


def pem(half: Any, form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:  # noqa: ANN401 - a private key of any kind
    told: bytes = half.private_bytes(Encoding.PEM, form, NoEncryption())
    return told


def jwk(key: OwnKey, **more: object) -> bytes:
    return json.dumps({**json.loads(private_jwk(key)), **more}).encode()


@pytest.mark.parametrize("key", [ES, RS], ids=lambda key: key.algorithm)
def test_a_key_is_the_same_in_every_form(key: OwnKey) -> None:
    public: Any = key.half.public_key()  # type: ignore[union-attr] # a private key
    told = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    private = [jwk(key), pem(key.half), pem(key.half, PrivateFormat.TraditionalOpenSSL)]
    for document in (*private, told, json.dumps(public_set([key])).encode()):
        (read,) = read_keys(document)
        assert (read.kid, read.algorithm, read.public()) == (key.kid, key.algorithm, key.public())
        assert read.signs == (document in private)


def test_a_set_keeps_its_order_and_its_ids() -> None:
    both = json.dumps({"keys": [json.loads(jwk(RS, kid="old")), json.loads(jwk(ES))]}).encode()
    assert [key.kid for key in read_keys(both)] == ["old", ES.kid]


def test_a_key_s_id_is_its_thumbprint() -> None:
    (key,) = read_keys(json.dumps({"kty": "RSA", "n": RFC_N, "e": "AQAB"}).encode())
    assert key.kid == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize("key", [ES, RS], ids=lambda key: key.algorithm)
def test_what_is_published_verifies_and_tells_no_secret(key: OwnKey) -> None:
    (told,) = public_set([key])["keys"]
    assert SECRETS.isdisjoint(told)
    assert set(told) == {"kty", "kid", "alg", "use"} | ({"n", "e"} if key.algorithm == "RS384" else {"crv", "x", "y"})
    assert jwt.decode(key.signed({"a": 1}, {}), jwt.PyJWK(told).key, algorithms=[key.algorithm]) == {"a": 1}


def test_the_coordinates_of_a_point_have_their_whole_length() -> None:
    """RFC 7518 section 6.2.1.2: noughts at the front stay, though the number could be written shorter."""
    halves = (ec.derive_private_key(number, ec.SECP384R1()) for number in range(1, 5000))
    short = next(each for each in halves if each.public_key().public_numbers().x < 1 << 376)
    (key,) = read_keys(pem(short))
    assert len(key.public()["x"]) == 64


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (b"", "neither PEM nor JSON"),
        (b"\xff\xfe", "neither PEM nor JSON"),
        (b"[" * 90_000, "neither PEM nor JSON"),
        (b" " * 100_001, "larger than keys are"),
        (b"{}", "neither RSA nor on the curve"),
        (b"[]", "in the form of JWK"),
        (b'{"keys": []}', "from one to 20 keys"),
        (b'{"keys": 7}', "from one to 20 keys"),
        (b'{"kty": "oct", "k": "secret"}', "neither RSA nor on the curve"),
        (b'{"kty": "EC", "crv": "P-384", "x": "secret", "y": "secret"}', "JWK that cannot be read"),
        (jwk(ES, x=RS.public()["n"][:64]), "JWK that cannot be read"),
        (jwk(ES, alg="RS384"), "another algorithm than ES384"),
        (jwk(RS, alg="RS256"), "another algorithm than RS384"),
        (jwk(ES, use="enc"), "not for signing"),
        (jwk(ES, kid=7), "no printable text"),
        (jwk(ES, kid=""), "no printable text"),
        (jwk(ES, kid="a\nb"), "no printable text"),
        (pem(P256), "neither RSA nor on the curve"),
        (pem(ed25519.Ed25519PrivateKey.generate()), "neither RSA nor on the curve"),
        (pem(WEAK), "a size that is not taken|no key that can be read"),
        (b"-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n", "no key that can be read"),
        (b"-----BEGIN CERTIFICATE-----\nsecret\n-----END CERTIFICATE-----\n", "no key that can be read"),
        (
            P256.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")),
            "locked with a passphrase",
        ),
    ],
)
def test_what_is_no_key_of_ours_is_refused_without_being_told(document: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        read_keys(document)
    assert "secret" not in str(caught.value)


def test_faults_of_files_are_told_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_bytes(b"{")
    (tmp_path / "one.json").write_bytes(jwk(ES))
    (tmp_path / "two.pem").write_bytes(pem(ES.half))
    for names, says in (
        (["none.json"], "none.json: there is no such file"),
        (["."], ": cannot be read"),
        (["bad.json"], "bad.json: is neither PEM nor JSON"),
        (["one.json", "two.pem"], "two.pem: holds a key whose id is also that of one in one.json"),
    ):
        with pytest.raises(BadSetting) as caught:
            keys_in([tmp_path / name for name in names])
        assert str(caught.value).endswith(says)


def test_new_keys_differ() -> None:
    assert new_key("ES384").kid != new_key("ES384").kid
