"""Signature algorithms that are taken, and which key fits which. All have a public key; none is symmetric.

A shared secret would let whoever verifies also sign, and ``none`` would let everybody: CDS Hooks forbids both, so they
are not in the table and no setting can put them there.
Source: https://cds-hooks.hl7.org/2.0/#jwt-signing-algorithm, RFC 7518 section 3 (key sizes and curves).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import get_default_algorithms

__all__ = ["ALGORITHMS", "PublicKey", "fits", "is_signed_by"]

PublicKey = EllipticCurvePublicKey | RSAPublicKey

ALGORITHMS: Final = MappingProxyType(
    {
        "ES256": "secp256r1",
        "ES384": "secp384r1",
        "ES512": "secp521r1",
        "RS256": "rsa",
        "RS384": "rsa",
        "RS512": "rsa",
        "PS256": "rsa",
        "PS384": "rsa",
        "PS512": "rsa",
    }
)
"""Every algorithm that a site may list, and what its key must be: the name of a curve, or RSA."""

_WEAKEST_BITS: Final = 2048
_LARGEST_BITS: Final = 8192
"""A larger key would only make each verification slow."""
_HOW: Final = get_default_algorithms()


def fits(algorithm: str, key: PublicKey) -> bool:
    """Say whether a key is of the type, curve and size that an algorithm asks for."""
    wanted = ALGORITHMS.get(algorithm)
    if isinstance(key, RSAPublicKey):
        return wanted == "rsa" and _WEAKEST_BITS <= key.key_size <= _LARGEST_BITS
    return key.curve.name == wanted


def is_signed_by(key: PublicKey, algorithm: str, said: bytes, signature: bytes) -> bool:
    """Say whether a signature over these bytes was made with the private half of a key that fits the algorithm."""
    return fits(algorithm, key) and bool(_HOW[algorithm].verify(said, key, signature))
