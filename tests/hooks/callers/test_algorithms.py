"""Which key may verify which signature: every pairing, and no algorithm that is not in the table."""

import hashlib
import hmac

import jwt
import pytest

from cds.hooks.callers.algorithms import ALGORITHMS, fits, is_signed_by
from tests.security.tokens import pem, private

KEYS = {"rsa-a": "rsa", "p256-a": "secp256r1", "p384-a": "secp384r1", "p521-a": "secp521r1"}
SAID = b"what is signed"


def sign(algorithm: str, key: str) -> bytes:
    return jwt.algorithms.get_default_algorithms()[algorithm].sign(SAID, private(key))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_algorithm_takes_the_one_kind_of_key_that_is_its_own(algorithm: str) -> None:
    (own,) = [name for name, kind in KEYS.items() if kind == ALGORITHMS[algorithm]]
    signature = sign(algorithm, own)
    assert is_signed_by(private(own).public_key(), algorithm, SAID, signature)
    assert not is_signed_by(private(own).public_key(), algorithm, SAID + b".", signature)
    for other in KEYS.keys() - {own}:
        assert not is_signed_by(private(other).public_key(), algorithm, SAID, signature)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384"])
def test_a_good_signature_by_a_key_of_another_curve_is_none(algorithm: str) -> None:
    """A library may verify it; the key is still not one that the algorithm asks for."""
    other = "p521-a"
    assert not is_signed_by(private(other).public_key(), algorithm, SAID, sign("ES512", other))


def test_a_short_key_verifies_nothing() -> None:
    assert not fits("RS384", private("weak-a").public_key())
    assert not is_signed_by(private("weak-a").public_key(), "RS384", SAID, sign("RS384", "weak-a"))


def test_no_symmetric_algorithm_and_not_none() -> None:
    assert not {"none", "HS256", "HS384", "HS512"} & ALGORITHMS.keys()
    secret = hmac.new(pem("rsa-a"), SAID, hashlib.sha256).digest()
    for algorithm in ("none", "HS256", "", "rsa"):
        assert not is_signed_by(private("rsa-a").public_key(), algorithm, SAID, secret)
        assert not is_signed_by(private("p384-a").public_key(), algorithm, SAID, b"")
