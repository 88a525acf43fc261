"""Id tokens, good and forged, of people who signed in to the page; with the one word that the log may say of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import jwt

from tests.security.tokens import (
    JKU,
    NOW,
    SANDBOX,
    Json,
    Network,
    b64,
    jwk,
    jwks,
    key_network,
    pem,
    private,
    raw,
    signed,
    token,
)

EAST, WEST = "https://login.east.example.org", "https://login.west.example.org/oauth2"
EAST_KEYS, WEST_KEYS = "https://login.east.example.org/keys", "https://login.west.example.org/oauth2/jwks"
EAST_PAGE, WEST_PAGE, SANDBOX_PAGE = "page-at-east", "page at west", "page-at-the-sandbox"
SANDBOX_KEYS = "https://sandbox.example.org/sign-in/keys"
TRUSTED = "https://east.example.org/gateway"
LAUNCH = f"""\
servers:
  - id: east-hospital
    fhir: https://fhir.east.example.org/r4/
    client_id: {EAST_PAGE}
    issuer: {EAST}
    jwks: {EAST_KEYS}
    origins: [{EAST}]
    audiences: [{TRUSTED}]
    standalone: true
  - id: west-clinic
    fhir: https://west.example.org/fhir
    client_id: {WEST_PAGE}
    issuer: {WEST}
    jwks: {WEST_KEYS}
    algorithms: [ES384]
    max_lifetime_s: 43200
    rate: 0.1
    save_observations: true
  - id: sandbox-page-too
    fhir: https://sandbox.example.org/fhir
    client_id: {SANDBOX_PAGE}
    issuer: {SANDBOX}
    jwks: {SANDBOX_KEYS}
"""
"""Three EHRs from which the page may be opened; the last signs its own calls under the same name as its people's."""


def network() -> Network:
    """Give the network of the callers' keys, with those by which people's tokens are signed."""
    made = key_network()
    made.serve(EAST_KEYS, jwk("rsa-east"), jwk("p256-east"), jwk("p384-east"), jwk("weak-east"))
    made.serve(WEST_KEYS, jwk("p384-west"), jwk("rsa-west"))
    made.serve(SANDBOX_KEYS, jwk("rsa-people"))
    return made


def head(**changes: Any) -> Json:  # noqa: ANN401 - any member
    given: Json = {"alg": "RS256", "kid": "rsa-east"} | changes
    return {name: value for name, value in given.items() if value is not ...}


def body(**changes: Any) -> Json:  # noqa: ANN401 - any claim
    given: Json = {
        "iss": EAST,
        "sub": "clinician-7",
        "aud": EAST_PAGE,
        "exp": NOW + 900,
        "iat": NOW,
        "nonce": "n-1",
        "fhirUser": "https://fhir.east.example.org/r4/Practitioner/7",
    } | changes
    return {name: value for name, value in given.items() if value is not ...}


def id_token(header: Json | None = None, key: str = "rsa-east", **changes: Any) -> str:  # noqa: ANN401 - any claim
    """Give an id token as the east hospital's server makes it, with changes."""
    return signed(head(**(header or {})), body(**changes), key)


def west(header: Json | None = None, key: str = "p384-west", **changes: Any) -> str:  # noqa: ANN401 - any claim
    given: Json = {"iss": WEST, "aud": WEST_PAGE} | changes
    return signed(head(**({"alg": "ES384", "kid": "p384-west"} | (header or {}))), body(**given), key)


def at_the_sandbox(key: str = "rsa-people", **changes: Any) -> str:  # noqa: ANN401 - any claim
    given: Json = {"iss": SANDBOX, "aud": SANDBOX_PAGE} | changes
    return signed(head(kid=key), body(**given), key)


def unsigned(algorithm: str, signature: str = "") -> str:
    return f"{b64(json.dumps(head(alg=algorithm)).encode())}.{b64(json.dumps(body()).encode())}.{signature}"


def with_secret(secret: bytes) -> str:
    """Sign with a public key as if it were a shared secret."""
    said = f"{b64(json.dumps(head(alg='HS256')).encode())}.{b64(json.dumps(body()).encode())}"
    how = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    return f"{said}.{b64(how.sign(said.encode(), secret))}"


def other_claims(**changes: Any) -> str:  # noqa: ANN401 - any claim
    parts = id_token().split(".")
    return f"{parts[0]}.{b64(json.dumps(body(**changes)).encode())}.{parts[2]}"


def warm_keys() -> None:
    """Make the keys beforehand, so that no test is slow for it."""
    for each in ("rsa-east", "p256-east", "p384-west", "rsa-people", "rsa-stranger"):
        private(each)


FORGED: Mapping[str, tuple[Callable[[], str], str]] = {
    # --------------------------------------------------------------------------------------------- algorithm confusion
    "alg none": (lambda: unsigned("none"), "not-a-token"),
    "alg none with something for a signature": (lambda: unsigned("none", "AAAA"), "unlisted-algorithm"),
    "alg nOnE mixed": (lambda: unsigned("nOnE", "AAAA"), "unlisted-algorithm"),
    "HS256 with the public key as secret": (lambda: with_secret(pem("rsa-east")), "unlisted-algorithm"),
    "HS256 with the key set as secret": (lambda: with_secret(jwks(jwk("rsa-east"))), "unlisted-algorithm"),
    "HS256 with the client id as secret": (lambda: with_secret(EAST_PAGE.encode()), "unlisted-algorithm"),
    "an algorithm with a public key that nobody listed": (lambda: id_token({"alg": "PS256"}), "unlisted-algorithm"),
    "a good algorithm that this server does not use": (
        lambda: west({"alg": "RS256", "kid": "rsa-west"}, "rsa-west"),
        "unlisted-algorithm",
    ),
    "ES256 with the key of another curve": (
        lambda: id_token({"alg": "ES256", "kid": "p384-east"}, "p256-east"),
        "unfit-key",
    ),
    "an RSA key that is too short": (lambda: id_token({"kid": "weak-east"}, "weak-east"), "unfit-key"),
    # ---------------------------------------------------------------------------------------------------- wrong key
    "signed by a stranger under this kid": (lambda: id_token(key="rsa-stranger"), "bad-signature"),
    "signed by another listed server": (lambda: id_token({"kid": "rsa-people"}, "rsa-people"), "unknown-key"),
    "signed with the key of a caller": (
        lambda: at_the_sandbox(key="rsa-sandbox"),
        "unknown-key",
    ),
    "the kid of nobody": (lambda: id_token({"kid": "nobody"}), "unknown-key"),
    "no kid": (lambda: id_token({"kid": ...}), "bad-header"),
    "a jku of the attacker's": (lambda: id_token({"jku": "https://evil.example/keys"}), "unlisted-address"),
    "the jku of a listed caller": (lambda: id_token({"jku": JKU[SANDBOX]}), "unlisted-address"),
    "a jwk in the header": (lambda: id_token({"jwk": jwk("rsa-stranger")}, "rsa-stranger"), "brings-its-key"),
    "an x5c in the header": (lambda: id_token({"x5c": ["AAAA"]}), "brings-its-key"),
    "crit that nobody understands": (lambda: id_token({"crit": ["exp"]}), "not-understood"),
    # ------------------------------------------------------------------------------------------ another kind of token
    "an access token": (lambda: id_token({"typ": "at+jwt"}), "wrong-type"),
    "a logout token by its type": (lambda: id_token({"typ": "logout+jwt"}), "wrong-type"),
    "a logout token without a type": (
        lambda: id_token(events={"http://schemas.openid.net/event/backchannel-logout": {}}),
        "wrong-type",
    ),
    "a typ that is no text": (lambda: id_token({"typ": ["JWT"]}), "wrong-type"),
    "nobody signed in": (lambda: id_token(sub=...), "bad-claims"),
    "an endless sub": (lambda: id_token(sub="s" * 256), "bad-claims"),
    # ------------------------------------------------------------------------------------------------------- for whom
    "for another client of the same issuer": (lambda: id_token(aud="another-app"), "wrong-audience"),
    "for this service's address": (
        lambda: id_token(aud="https://cards.example.org/trials/api/needs"),
        "wrong-audience",
    ),
    "for the client of another server": (lambda: id_token(aud=WEST_PAGE), "wrong-audience"),
    "for a client whose id begins the same": (lambda: id_token(aud=EAST_PAGE + "-2"), "wrong-audience"),
    "for the client in capitals": (lambda: id_token(aud=EAST_PAGE.upper()), "wrong-audience"),
    "no aud": (lambda: id_token(aud=...), "wrong-audience"),
    "an object for aud": (lambda: id_token(aud={"id": EAST_PAGE}), "wrong-audience"),
    "for the page and somebody whom nobody trusts": (
        lambda: id_token(aud=[EAST_PAGE, "https://else.example"], azp=EAST_PAGE),
        "wrong-audience",
    ),
    "for the page and nothing": (lambda: id_token(aud=[EAST_PAGE, None], azp=EAST_PAGE), "bad-claims"),
    "for two, and not said to whom it was given": (lambda: id_token(aud=[EAST_PAGE, TRUSTED]), "wrong-party"),
    "given to another client": (lambda: id_token(azp="another-app"), "wrong-party"),
    "given to another client, for two": (lambda: id_token(aud=[EAST_PAGE, TRUSTED], azp=TRUSTED), "wrong-party"),
    "an azp that is a list": (lambda: id_token(azp=[EAST_PAGE]), "bad-claims"),
    # -------------------------------------------------------------------------------------------------------- by whom
    "an unknown iss": (lambda: id_token(iss="https://evil.example"), "wrong-type"),
    "an unknown iss, with a type": (
        lambda: id_token({"typ": "JWT"}, iss="https://evil.example", jti="1"),
        "unlisted-issuer",
    ),
    "an iss with a slash more": (lambda: id_token({"typ": "JWT"}, iss=EAST + "/", jti="1"), "unlisted-issuer"),
    "a list for iss": (lambda: id_token({"typ": "JWT"}, iss=[EAST], jti="1"), "bad-claims"),
    "the iss of another listed server": (lambda: id_token(iss=WEST, aud=WEST_PAGE), "unlisted-algorithm"),
    # --------------------------------------------------------------------------------------------------------- when
    "claims changed after signing": (lambda: other_claims(exp=NOW + 901), "bad-signature"),
    "no exp": (lambda: id_token(exp=...), "bad-claims"),
    "an exp in words": (lambda: id_token(exp=str(NOW + 300)), "bad-claims"),
    "an exp that is true": (lambda: id_token(exp=True), "bad-claims"),
    "expired": (lambda: id_token(iat=NOW - 900, exp=NOW - 100), "expired"),
    "expired just beyond the leeway": (lambda: id_token(iat=NOW - 900, exp=NOW - 30), "expired"),
    "expired before it was made": (lambda: id_token(iat=NOW + 20, exp=NOW + 10), "bad-claims"),
    "a lifetime of a year": (lambda: id_token(exp=NOW + 31_536_000), "lives-too-long"),
    "a second more than an hour": (lambda: id_token(exp=NOW + 3601), "lives-too-long"),
    "no iat": (lambda: id_token(iat=...), "bad-claims"),
    "an iat in the future": (lambda: id_token(iat=NOW + 31), "not-yet"),
    "an nbf in the future": (lambda: id_token(nbf=NOW + 31), "not-yet"),
    # ------------------------------------------------------------------------------------------------------- spelling
    "a name twice in the claims": (
        lambda: raw(
            json.dumps(head()).encode(),
            (json.dumps(body())[:-1] + f', "aud": "{EAST_PAGE}"}}').encode(),
            "RS256",
            "rsa-east",
        ),
        "not-a-token",
    ),
    "padding": (lambda: id_token() + "==", "not-a-token"),
    "five parts, as of an encrypted token": (lambda: id_token() + ".AAAA.AAAA", "not-a-token"),
    # --------------------------------------------------------------------------------- a caller's token for the page
    "a caller's token for a hook": (lambda: token(), "wrong-audience"),  # noqa: PLW0108 - made when it is used
    "a caller's token under the page's id": (lambda: token(aud=SANDBOX_PAGE, sub="x"), "unlisted-address"),
}
"""Each forged token, and the reason that is logged when the page's routes are called with it."""

GOOD: Mapping[str, Callable[[], str]] = {
    "RS256": id_token,
    "ES256": lambda: id_token({"alg": "ES256", "kid": "p256-east"}, "p256-east"),
    "ES384": lambda: id_token({"alg": "ES384", "kid": "p384-east"}, "p384-east"),
    "RS384": lambda: id_token({"alg": "RS384"}),
    "of the other server": west,
    "for a working day, where that is listed": lambda: west(exp=NOW + 43_200),
    "with a type": lambda: id_token({"typ": "JWT"}),
    "with a type in small letters": lambda: id_token({"typ": "jwt"}),
    "with the listed address of its keys": lambda: id_token({"jku": EAST_KEYS}),
    "given to the page": lambda: id_token(azp=EAST_PAGE),
    "one audience in a list": lambda: id_token(aud=[EAST_PAGE]),
    "for a trusted audience besides": lambda: id_token(aud=[TRUSTED, EAST_PAGE], azp=EAST_PAGE),
    "refreshed, without a nonce": lambda: id_token(nonce=...),
    "a clock that is a little behind": lambda: id_token(iat=NOW - 900, exp=NOW - 29),
    "a clock that is a little ahead": lambda: id_token(iat=NOW + 29, nbf=NOW + 29),
    "exactly an hour": lambda: id_token(exp=NOW + 3600),
    "by an issuer that is a caller as well": at_the_sandbox,
}
