"""The attack matrix: forged, stale, misdirected and malformed tokens, each with the one word that the log may say."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import jwt

from tests.security.tokens import (
    DISCOVERY,
    FEEDBACK,
    HOOK,
    JKU,
    NORTH,
    NOW,
    PUBLIC,
    SANDBOX,
    SOUTH,
    STATIC,
    Json,
    b64,
    claims,
    header,
    jwk,
    jwks,
    pem,
    raw,
    signed,
    token,
)

Attack = tuple[Callable[[], str | None], str]
"""How the whole ``Authorization`` header is made, and the reason that is logged."""


def with_secret(algorithm: str, secret: bytes) -> str:
    """Sign with a public key as if it were a shared secret, which libraries refuse to do by themselves."""
    said = f"{b64(json.dumps(header(alg=algorithm)).encode())}.{b64(json.dumps(claims()).encode())}"
    return f"{said}.{b64(jwt.algorithms.HMACAlgorithm(_HASHES[algorithm]).sign(said.encode(), secret))}"


_HASHES = {
    "HS256": jwt.algorithms.HMACAlgorithm.SHA256,
    "HS384": jwt.algorithms.HMACAlgorithm.SHA384,
    "HS512": jwt.algorithms.HMACAlgorithm.SHA512,
}


def unsigned(algorithm: str, signature: str = "") -> str:
    return f"{b64(json.dumps(header(alg=algorithm)).encode())}.{b64(json.dumps(claims()).encode())}.{signature}"


def respelt(part: int, change: Callable[[str], str]) -> str:
    parts = token().split(".")
    parts[part] = change(parts[part])
    return ".".join(parts)


def other_claims(**changes: Any) -> str:  # noqa: ANN401 - any claim
    """Take the signature of a good token, and put other claims under it."""
    parts = token().split(".")
    return f"{parts[0]}.{b64(json.dumps(claims(**changes)).encode())}.{parts[2]}"


def written(head: str | None = None, body: str | None = None) -> str:
    """Sign JSON as it is written here, letter by letter."""
    return raw(
        (head or json.dumps(header())).encode(), (body or json.dumps(claims())).encode(), "ES384", "p384-sandbox"
    )


def north(**changes: Any) -> str:  # noqa: ANN401 - any claim
    head: Json = {"alg": "RS384", "kid": "rsa-north", "jku": JKU[NORTH]}
    head |= {name: value for name, value in changes.items() if name in {"alg", "kid", "jku"}}
    rest = {name: value for name, value in changes.items() if name not in head and name != "key"}
    return signed(header(**head), claims(**({"iss": NORTH} | rest)), str(changes.get("key", "rsa-north")))


def south(**changes: Any) -> str:  # noqa: ANN401 - any claim
    head: Json = {"alg": "ES384", "kid": "p384-south", "jku": JKU[SOUTH]}
    head |= {name: value for name, value in changes.items() if name in {"alg", "kid", "jku"}}
    rest = {name: value for name, value in changes.items() if name not in head and name != "key"}
    return signed(
        header(**head), claims(**({"iss": SOUTH, "tenant": "ward-1"} | rest)), str(changes.get("key", "p384-south"))
    )


def last_letter(part: str) -> str:
    """Spell the same bytes otherwise: the last letter of base64url may hold bits that are thrown away."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spare = {2: 4, 3: 2}[len(part) % 4]
    place = letters.index(part[-1])
    return part[:-1] + letters[place ^ 1 if spare >= 1 else place]


def spare_bits() -> str:
    """Give a token whose claims are spelt with spare bits set."""
    padding = next(pad for pad in ("", "x", "xx") if len(b64(json.dumps(claims(pad=pad)).encode())) % 4)
    parts = token(pad=padding).split(".")
    while len(parts[1]) % 4 == 0:
        padding += "x"
        parts = token(pad=padding).split(".")
    return f"{parts[0]}.{last_letter(parts[1])}.{parts[2]}"


def attacks() -> Mapping[str, Attack]:
    """Give every attack by name; each is made anew, so that none is refused for having been seen before."""
    return {**{name: (_header(make), reason) for name, (make, reason) in _TOKENS.items()}, **_HEADERS}


def _header(make: Callable[[], str]) -> Callable[[], str | None]:
    return lambda: f"Bearer {make()}"


_HEADERS: Mapping[str, Attack] = {
    "no token at all": (lambda: None, "no-token"),
    "an empty header": (lambda: "", "no-token"),
    "a scheme without a token": (lambda: "Bearer ", "no-token"),
    "a good token under Basic": (lambda: f"Basic {token()}", "no-token"),
    "a good token without a scheme": (lambda: token(), "no-token"),  # noqa: PLW0108 - made when it is used
    "a good token and something more": (lambda: f"Bearer {token()} {token()}", "not-a-token"),
    "two tokens with a comma": (lambda: f"Bearer {token()},{token()}", "not-a-token"),
}
_TOKENS: Mapping[str, tuple[Callable[[], str], str]] = {
    # --------------------------------------------------------------------------------------------- algorithm confusion
    "alg none": (lambda: unsigned("none"), "not-a-token"),
    "alg none with something for a signature": (lambda: unsigned("none", "AAAA"), "unlisted-algorithm"),
    "alg NONE in capitals": (lambda: unsigned("NONE", "AAAA"), "unlisted-algorithm"),
    "alg nOnE mixed": (lambda: unsigned("nOnE", "AAAA"), "unlisted-algorithm"),
    "no alg": (lambda: written(json.dumps(header(alg=...))), "bad-header"),
    "alg that is no text": (lambda: written(json.dumps(header(alg=["ES384"]))), "bad-header"),
    "HS256 with the public key as secret": (lambda: with_secret("HS256", pem("rsa-sandbox")), "unlisted-algorithm"),
    "HS384 with the public key as secret": (lambda: with_secret("HS384", pem("p384-sandbox")), "unlisted-algorithm"),
    "HS512 with the key set as secret": (lambda: with_secret("HS512", jwks(jwk("p384-sandbox"))), "unlisted-algorithm"),
    "a good algorithm that this caller does not use": (
        lambda: token(head={"alg": "RS384", "kid": "rsa-sandbox"}, key="rsa-sandbox"),
        "unlisted-algorithm",
    ),
    "RS384 where the key is a curve's": (lambda: south(alg="RS384", kid="p384-south", key="rsa-south"), "unfit-key"),
    "ES256 with the key of another curve": (
        lambda: south(alg="ES256", kid="p384-south", key="p256-south"),
        "unfit-key",
    ),
    "ES384 with a P-521 key": (lambda: south(alg="ES384", kid="p521-south", key="p384-south"), "unfit-key"),
    "PS384 said of an RS384 signature": (
        lambda: raw(
            json.dumps(header(alg="PS384", kid="rsa-south", jku=JKU[SOUTH])).encode(),
            json.dumps(claims(iss=SOUTH, tenant="ward-1")).encode(),
            "RS384",
            "rsa-south",
        ),
        "bad-signature",
    ),
    "an RSA key that is too short": (lambda: north(kid="weak-north", key="weak-north"), "unfit-key"),
    # ---------------------------------------------------------------------------------------------------- wrong key
    "signed by another key under this kid": (lambda: token(key="p384-stranger"), "bad-signature"),
    "signed by another listed caller": (lambda: token(key="p384-south"), "bad-signature"),
    "the kid of nobody": (lambda: token(head={"kid": "nobody"}), "unknown-key"),
    "no kid": (lambda: token(head={"kid": ...}), "bad-header"),
    "an empty kid": (lambda: token(head={"kid": ""}), "bad-header"),
    "a kid that is a path": (lambda: token(head={"kid": "../../dev/null"}), "unknown-key"),
    "a kid that is SQL": (lambda: token(head={"kid": "x' UNION SELECT 'key' --"}), "unknown-key"),
    "a kid that is a number": (lambda: token(head={"kid": 7}), "bad-header"),
    "a key meant for encryption": (lambda: token(head={"kid": "p384-enc"}, key="p384-enc"), "unknown-key"),
    "a key bound to another algorithm": (lambda: token(head={"kid": "p384-bound"}, key="p384-bound"), "unfit-key"),
    "a key whose secret lies open": (lambda: token(head={"kid": "p384-leaked"}, key="p384-leaked"), "unknown-key"),
    "another caller's key and kid": (lambda: token(head={"kid": "p384-south"}, key="p384-south"), "unknown-key"),
    # ---------------------------------------------------------------------------------------- keys that a token brings
    "a jku of the attacker's": (
        lambda: token(head={"jku": "https://evil.example/jwks"}, key="p384-evil"),
        "unlisted-address",
    ),
    "the jku of another listed caller": (
        lambda: token(head={"jku": JKU[SOUTH], "kid": "p384-south"}, key="p384-south"),
        "unlisted-address",
    ),
    "a jku that begins as the listed one": (
        lambda: token(head={"jku": JKU[SANDBOX] + "@evil.example/"}),
        "unlisted-address",
    ),
    "a jku on the listed host elsewhere": (
        lambda: token(head={"jku": "https://sandbox.example.org/upload/jwks.json"}),
        "unlisted-address",
    ),
    "a jku with a fragment": (lambda: token(head={"jku": JKU[SANDBOX] + "#x"}), "unlisted-address"),
    "a jku over http": (lambda: token(head={"jku": JKU[SANDBOX].replace("https", "http")}), "unlisted-address"),
    "a jku that leads inside": (
        lambda: token(head={"jku": "http://169.254.169.254/latest/meta-data"}),
        "unlisted-address",
    ),
    "a jku that is a file": (lambda: token(head={"jku": "file:///etc/passwd"}), "unlisted-address"),
    "a jku for a caller known by file": (
        lambda: signed(header(kid="p384-static", jku=JKU[SANDBOX]), claims(iss=STATIC), "p384-static"),
        "unlisted-address",
    ),
    "a jwk in the header": (lambda: token(head={"jwk": jwk("p384-evil")}, key="p384-evil"), "brings-its-key"),
    "an x5c in the header": (lambda: token(head={"x5c": ["AAAA"]}), "brings-its-key"),
    "an x5u in the header": (lambda: token(head={"x5u": "https://evil.example/cert.pem"}), "brings-its-key"),
    # ------------------------------------------------------------------------------------------------------ header
    "crit that nobody understands": (lambda: token(head={"crit": ["exp"]}), "not-understood"),
    "an unencoded payload": (lambda: token(head={"crit": ["b64"], "b64": False}), "not-understood"),
    "a packed payload": (lambda: token(head={"zip": "DEF"}), "not-understood"),
    "no typ": (lambda: token(head={"typ": ...}), "wrong-type"),
    "a typ of an access token": (lambda: token(head={"typ": "at+jwt"}), "wrong-type"),
    "typ in small letters": (lambda: token(head={"typ": "jwt"}), "wrong-type"),
    # ------------------------------------------------------------------------------------------------------ claims
    "claims changed after signing": (lambda: other_claims(aud=PUBLIC + HOOK, exp=NOW + 299), "bad-signature"),
    "no iss": (lambda: token(iss=...), "bad-claims"),
    "an unknown iss": (lambda: token(iss="https://evil.example"), "unlisted-issuer"),
    "an iss with a slash more": (lambda: token(iss=SANDBOX + "/"), "unlisted-issuer"),
    "an iss in capitals": (lambda: token(iss=SANDBOX.upper()), "unlisted-issuer"),
    "a list for iss": (lambda: token(iss=[SANDBOX]), "bad-claims"),
    "the iss of another listed caller": (lambda: token(iss=NORTH), "unlisted-algorithm"),
    "no aud": (lambda: token(aud=...), "bad-claims"),
    "an empty list for aud": (lambda: token(aud=[]), "bad-claims"),
    "an object for aud": (lambda: token(aud={"url": PUBLIC + HOOK}), "bad-claims"),
    "the aud of another service": (lambda: token(aud="https://other.example.org" + HOOK), "wrong-audience"),
    "the aud by the Host header": (lambda: token(aud="http://testserver" + HOOK), "wrong-audience"),
    "the aud of discovery": (lambda: token(DISCOVERY), "wrong-audience"),
    "the aud of feedback": (lambda: token(FEEDBACK), "wrong-audience"),
    "the aud that another caller types by hand": (
        lambda: token(aud="https://cards.example.org/typed by hand"),
        "wrong-audience",
    ),
    "an aud that begins as the right one": (lambda: token(aud=PUBLIC + HOOK + "/more"), "wrong-audience"),
    "an aud that is the base alone": (lambda: token(aud=PUBLIC), "wrong-audience"),
    "no exp": (lambda: token(exp=...), "bad-claims"),
    "an exp in words": (lambda: token(exp=str(NOW + 300)), "bad-claims"),
    "an exp that is true": (lambda: token(exp=True), "bad-claims"),
    "an exp without end": (lambda: written(body=json.dumps(claims()).replace(str(NOW + 300), "1e999")), "bad-claims"),
    "an exp that is not a number": (
        lambda: written(body=json.dumps(claims()).replace(str(NOW + 300), "NaN")),
        "not-a-token",
    ),
    "an exp of four hundred digits": (lambda: token(exp=10**400), "bad-claims"),
    "an exp below nought": (lambda: token(exp=-1), "bad-claims"),
    "expired": (lambda: token(iat=NOW - 400, exp=NOW - 100), "expired"),
    "expired just beyond the leeway": (lambda: token(iat=NOW - 300, exp=NOW - 30), "expired"),
    "expired before it was made": (lambda: token(iat=NOW + 20, exp=NOW + 10), "bad-claims"),
    "a lifetime of a year": (lambda: token(exp=NOW + 31_536_000), "lives-too-long"),
    "a lifetime of an hour where minutes are agreed": (lambda: token(exp=NOW + 601), "lives-too-long"),
    "no iat": (lambda: token(iat=...), "bad-claims"),
    "an iat in the future": (lambda: token(iat=NOW + 31, exp=NOW + 200), "not-yet"),
    "an nbf in the future": (lambda: token(nbf=NOW + 31), "not-yet"),
    "an nbf in words": (lambda: token(nbf="now"), "bad-claims"),
    "no jti": (lambda: token(jti=...), "bad-claims"),
    "an empty jti": (lambda: token(jti=""), "bad-claims"),
    "a jti that is a number": (lambda: token(jti=7), "bad-claims"),
    "an endless jti": (lambda: token(jti="j" * 257), "bad-claims"),
    "a jti with a line break": (lambda: token(jti="a\nb"), "bad-claims"),
    "a tenant where none is listed": (lambda: token(tenant="ward-1"), "unlisted-tenant"),
    "no tenant where some are listed": (lambda: south(tenant=...), "unlisted-tenant"),
    "a tenant that is not listed": (lambda: south(tenant="ward-9"), "unlisted-tenant"),
    "a tenant that is a list": (lambda: south(tenant=["ward-1"]), "bad-claims"),
    # -------------------------------------------------------------------------------------------------- spelling
    "a name twice in the claims": (
        lambda: written(body=json.dumps(claims())[:-1] + f', "aud": "{PUBLIC}{HOOK}"}}'),
        "not-a-token",
    ),
    "a name twice in the header": (lambda: written(json.dumps(header())[:-1] + ', "alg": "none"}'), "not-a-token"),
    "two parts": (lambda: token().rpartition(".")[0], "not-a-token"),
    "four parts": (lambda: token() + ".AAAA", "not-a-token"),
    "five parts, as of an encrypted token": (lambda: token() + ".AAAA.AAAA", "not-a-token"),
    "an empty signature": (lambda: respelt(2, lambda _: ""), "not-a-token"),
    "a signature cut short": (lambda: respelt(2, lambda part: part[:-4]), "bad-signature"),
    "a signature of noughts": (lambda: respelt(2, lambda part: "A" * len(part)), "bad-signature"),
    "a signature with one letter changed": (
        lambda: respelt(2, lambda part: ("B" if part[0] == "A" else "A") + part[1:]),
        "bad-signature",
    ),
    "padding": (lambda: respelt(2, lambda part: part + "=="), "not-a-token"),
    "the letters of plain base64": (lambda: respelt(2, lambda part: "+/" + part[2:]), "not-a-token"),
    "spare bits": (spare_bits, "not-a-token"),
    "a letter outside ASCII": (lambda: respelt(2, lambda part: "\u00e9" + part[1:]), "not-a-token"),
    "claims that are a list": (lambda: written(body="[]"), "not-a-token"),
    "claims that are not JSON": (lambda: written(body="{exp: 1}"), "not-a-token"),
    "claims that are not UTF-8": (
        lambda: raw(json.dumps(header()).encode(), b'{"iss": "\xff"}', "ES384", "p384-sandbox"),
        "not-a-token",
    ),
    "a header that is a list": (lambda: written("[]"), "not-a-token"),
    "claims nested without end": (lambda: written(body="[" * 2500 + "]" * 2500), "not-a-token"),
    "a token of many kilobytes": (lambda: token(pad="x" * 9000), "too-long"),
    "only dots": (lambda: "..", "not-a-token"),
    "a good token for another site's key set": (
        lambda: signed(header(jku=...), claims(), "p384-static"),
        "bad-signature",
    ),
}
