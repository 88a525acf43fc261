"""The public keys by which this site proves who it is, for EHRs that have registered it as a backend service.

Source: https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html#registering-a-client-communicating-public-keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from cds.api.outcomes import answers, errors, reply
from cds.errors import UnknownService
from cds.fhir.backend.keys import public_set

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cds.fhir.backend.keys import OwnKey

PATH: Final = "/.well-known/jwks.json"
_KEPT: Final = {"Cache-Control": "public, max-age=300"}
"""An EHR keeps the set no longer than that, so that a new key is known there within minutes."""
_EXAMPLE: Final = {
    "keys": [{"kty": "EC", "crv": "P-384", "x": "…", "y": "…", "kid": "…", "alg": "ES384", "use": "sig"}],
}


class PublicJwk(BaseModel):
    """A public key; `crv`, `x`, `y` of a key on a curve, `n`, `e` of an RSA key."""

    model_config = ConfigDict(extra="allow")

    kty: str
    kid: str
    alg: str
    use: str


class PublicKeys(BaseModel):
    """A JSON Web Key Set (RFC 7517)."""

    model_config = ConfigDict(extra="forbid")

    keys: list[PublicJwk]


def key_routes(keys: Iterable[OwnKey]) -> APIRouter:
    """Give the route that publishes the public halves of these keys; without any, there is no such page."""
    routes = APIRouter(tags=["Operations"])
    published = public_set(keys)

    @routes.get(
        PATH,
        summary="The public keys of this site",
        operation_id="keys",
        responses=answers(PublicKeys, "the keys that this site signs with", _EXAMPLE) | errors(404, 405, 500),
    )
    async def told() -> Response:
        """Give the JSON Web Key Set to which this site's registration as a SMART backend service points."""
        if not published["keys"]:
            raise UnknownService("this site publishes no keys")
        return reply(published, headers=_KEPT)

    return routes
