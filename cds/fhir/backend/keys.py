"""The site's own signing keys: made, read out of files, and their public halves as they are published.

Two algorithms, as SMART asks of every client: ES384 (curve P-384) and RS384 (RSA). A key's id is the thumbprint of its
public half, so that the same key has the same id wherever it is read. No message holds anything of a key.
Source: https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html; RFC 7517, RFC 7518, RFC 7638.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP384R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from cds.errors import BadSetting

__all__ = ["ALGORITHMS", "OwnKey", "keys_in", "new_key", "private_jwk", "public_set", "read_keys"]

PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey
PublicKey = EllipticCurvePublicKey | RSAPublicKey

ALGORITHMS: Final = ("ES384", "RS384")
_NEW_RSA_BITS: Final = 3072
_RSA_BITS: Final = range(2048, 8192 + 1)
_MOST_KEYS: Final = 20
_LONGEST: Final = 100_000
_LONGEST_ID: Final = 200
_THUMBED: Final = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}
_PEM: Final = b"-----BEGIN "
_CURVE: Final = SECP384R1.name
_NEITHER: Final = "holds a key that is neither RSA nor on the curve P-384"


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A key of this site: both halves, or the public one alone, which can be published but signs nothing."""

    kid: str
    algorithm: str
    half: PrivateKey | PublicKey = field(repr=False)

    @property
    def signs(self) -> bool:
        """Whether the private half is here."""
        return isinstance(self.half, PrivateKey)

    def public(self) -> dict[str, str]:
        """Give the public half as it is published."""
        return {**_bare(self.half), "kid": self.kid, "alg": self.algorithm, "use": "sig"}

    def signed(self, claims: Mapping[str, object], header: Mapping[str, str]) -> str:
        """Give these claims as a signed token (JWT) that names this key."""
        if not isinstance(self.half, PrivateKey):
            raise TypeError("the public half of a key signs nothing")
        return jwt.encode(dict(claims), self.half, self.algorithm, {**header, "kid": self.kid, "typ": "JWT"})


def new_key(algorithm: str) -> OwnKey:
    """Make a key for ES384 or RS384."""
    made: PrivateKey = generate_private_key(SECP384R1())
    if algorithm == "RS384":
        made = generate_rsa_key(65537, _NEW_RSA_BITS)
    return _own(made, None)


def private_jwk(key: OwnKey) -> str:
    """Give a key with its private half as the text of a file (JWK). Whoever reads it can sign as this site."""
    whole = _of_type(key.half).to_jwk(key.half, as_dict=True)
    whole.pop("key_ops", None)  # says the same as `use`, beside which it should not stand
    return json.dumps({**whole, "kid": key.kid, "alg": key.algorithm, "use": "sig"}, indent=2) + "\n"


def public_set(keys: Iterable[OwnKey]) -> dict[str, list[dict[str, str]]]:
    """Give the JSON Web Key Set that is registered with an EHR, or published: public halves and nothing else."""
    return {"keys": [key.public() for key in keys]}


def keys_in(paths: Iterable[Path]) -> tuple[OwnKey, ...]:
    """Read the keys of these files in their order. Raises ``BadSetting`` with the file's name and what is wrong."""
    found = [(path.name, key) for path in paths for key in _read_file(path)]
    kids: dict[str, str] = {}
    for name, key in found:
        if key.kid in kids:
            raise BadSetting(f"{name}: holds a key whose id is also that of one in {kids[key.kid]}")
        kids[key.kid] = name
    return tuple(key for _, key in found)


def _read_file(path: Path) -> tuple[OwnKey, ...]:
    try:
        with path.open("rb") as file:
            document = file.read(_LONGEST + 1)
        return read_keys(document)
    except FileNotFoundError:
        raise BadSetting(f"{path.name}: there is no such file") from None
    except OSError:
        raise BadSetting(f"{path.name}: cannot be read") from None
    except ValueError as problem:
        raise BadSetting(f"{path.name}: {problem}") from None


def read_keys(document: bytes) -> tuple[OwnKey, ...]:
    """Read keys: one JWK, a JWK Set, or one key as PEM. Raises ``ValueError`` with a sentence that tells none of it."""
    if len(document) > _LONGEST:
        raise ValueError("is larger than keys are")
    if document.lstrip().startswith(_PEM):
        return (_own(_from_pem(document), None),)
    try:
        said = json.loads(document)
    except (ValueError, RecursionError):
        raise ValueError("is neither PEM nor JSON") from None
    listed = said["keys"] if isinstance(said, dict) and "keys" in said else [said]
    if not isinstance(listed, list) or not 0 < len(listed) <= _MOST_KEYS:
        raise ValueError(f"must hold from one to {_MOST_KEYS} keys")
    return tuple(map(_from_jwk, listed))


def _from_pem(document: bytes) -> PrivateKey | PublicKey:
    """Read the private half of a key, or the public one where that is all there is."""
    try:
        if b"PUBLIC KEY-----" in document and b"PRIVATE KEY-----" not in document:
            return _taken(load_pem_public_key(document))
        return _taken(load_pem_private_key(document, password=None))
    except TypeError:
        raise ValueError("is locked with a passphrase, which is not asked for; unlock it for this use") from None
    except UnsupportedAlgorithm:
        raise ValueError(_NEITHER) from None
    except ValueError as problem:
        raise ValueError(
            _NEITHER if str(problem) == _NEITHER else "is PEM, but holds no key that can be read"
        ) from None


def _from_jwk(said: object) -> OwnKey:
    """Read one JWK, private or public."""
    if not isinstance(said, dict):
        raise ValueError("must hold keys in the form of JWK")  # noqa: TRY004 - told as a fault of the file
    reader = {"EC": ECAlgorithm.from_jwk, "RSA": RSAAlgorithm.from_jwk}.get(str(said.get("kty")))
    if reader is None:
        raise ValueError(_NEITHER)
    try:
        key = reader(said)
    except (jwt.InvalidKeyError, ValueError, TypeError, KeyError, UnsupportedAlgorithm):
        raise ValueError("holds a JWK that cannot be read") from None
    made = _own(_taken(key), said.get("kid"))
    if said.get("alg", made.algorithm) != made.algorithm:
        raise ValueError(f"holds a key for another algorithm than {made.algorithm}")
    if said.get("use", "sig") != "sig":
        raise ValueError("holds a key that is not for signing")
    return made


def _taken(key: object) -> PrivateKey | PublicKey:
    """Take a key of a type, curve and size that signs here."""
    if isinstance(key, (EllipticCurvePrivateKey, EllipticCurvePublicKey)) and key.curve.name == _CURVE:
        return key
    if isinstance(key, (RSAPrivateKey, RSAPublicKey)) and key.key_size in _RSA_BITS:
        return key
    raise ValueError("holds an RSA key of a size that is not taken" if _is_rsa(key) else _NEITHER)


def _is_rsa(key: object) -> bool:
    return isinstance(key, (RSAPrivateKey, RSAPublicKey))


def _own(half: PrivateKey | PublicKey, kid: object) -> OwnKey:
    """Give the key its id, by its thumbprint unless its file says one."""
    if kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= _LONGEST_ID and kid.isprintable()):
        raise ValueError("holds a key whose id is no printable text")
    algorithm = "RS384" if _is_rsa(half) else "ES384"
    return OwnKey(kid or _thumbprint(_bare(half)), algorithm, half)


def _bare(half: PrivateKey | PublicKey) -> dict[str, str]:
    """Give the members of a JWK that make the public key, and no other."""
    public = half.public_key() if isinstance(half, PrivateKey) else half
    whole: dict[str, Any] = _of_type(public).to_jwk(public, as_dict=True)
    return {name: str(whole[name]) for name in _THUMBED[whole["kty"]]}


def _of_type(key: object) -> Any:  # noqa: ANN401 - two classes with the same two functions
    return RSAAlgorithm if _is_rsa(key) else ECAlgorithm


def _thumbprint(bare: Mapping[str, str]) -> str:
    """Give the SHA-256 thumbprint of a public key (RFC 7638)."""
    told = json.dumps(bare, sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(told).digest()).rstrip(b"=").decode()
