"""Our own EHR for the browser tests: an authorisation server as SMART App Launch has it, and a FHIR server behind it.

It holds the page to its duties (a registered redirect URI, ``aud``, PKCE with S256, a long ``state``, each code used
once), and can be told to fail in its own. What it was asked, it keeps in ``asked``.
"""

from __future__ import annotations

import base64
import hashlib
import html
import itertools
import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse, JSONResponse

from cds.web.cut import patient_id_of, prefetch_of, read_templates
from tests.security.tokens import jwk, signed

Json = dict[str, Any]

CLIENT = "trialcards-page"
LAUNCH = "launch-of-the-chart"
KEY = "p384-kit"
GOLDEN = Path(__file__).resolve().parent.parent / "golden"
_SHORTEST_STATE = 22  # of base64url letters: 128 bits
_ABOUT_US = frozenset({"_count", "_include", "page"})


def chart_of(slug: str) -> Json:
    chart: Json = json.loads((GOLDEN / slug / "chart.json").read_text("utf-8"))
    return chart


@dataclass
class Manner:
    """How the kit behaves in one test; by itself, as it should."""

    chart: Json = field(default_factory=lambda: chart_of("stomach-nec-liver-mets"))
    capabilities: tuple[str, ...] = ("launch-ehr", "launch-standalone", "permission-v2", "permission-online")
    configuration: Json = field(default_factory=dict)
    """Members of the smart-configuration that are otherwise, as a token endpoint somewhere else."""
    answer: Json = field(default_factory=dict)
    """Parameters that the browser is sent back with in place of code and state; ``state`` is kept unless named."""
    token: Json = field(default_factory=dict)
    """Members of the token answer that are otherwise; ``...``: left out."""
    renewed: Json = field(default_factory=dict)
    """Members that are otherwise where a token is refreshed."""
    claims: Json = field(default_factory=dict)
    """Claims of the id token that are otherwise; ``...``: left out."""
    withheld: tuple[str, ...] = ()
    """Words of scopes that are not granted."""
    access: bool = True
    """Whether the FHIR server takes the tokens at all."""
    lifetime_s: int = 3600
    refreshes: bool = True
    statuses: dict[str, int] = field(default_factory=dict)
    """By resource type: the status that a search for it is answered with."""
    plain_only: bool = False
    """Whether searches with parameters beside the chart's own are refused."""
    slow_s: dict[str, float] = field(default_factory=dict)
    """By resource type: how long a search for it takes, once it is known whether it is permitted."""
    page_size: int = 7
    next_page: str = ""
    """Where the second page is said to be, in place of where it is."""
    includes: bool = True
    lies: list[Json] = field(default_factory=list)
    """Entries that are added to every first page."""
    statement: Json = field(default_factory=dict)
    """Members of what the FHIR server says of itself that are otherwise."""


class Kit:
    """An EHR at ``address``, whose FHIR server is at ``/fhir``."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.fhir = f"{address}/fhir"
        self.redirects: set[str] = set()
        self.renew()

    def renew(self) -> None:
        """Forget everything, and behave."""
        self.manner = Manner()
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.saved: list[Json] = []
        self.scopes_asked = ""
        self.issued: list[str] = []
        self._codes: dict[str, Json] = {}
        self._access: dict[str, str] = {}
        self._refresh: dict[str, Json] = {}
        self._numbers = itertools.count(1)

    @property
    def patient_id(self) -> str:
        return patient_id_of(self.manner.chart)

    def revoke(self, *, refresh: bool = False) -> None:
        """Let no access token hold any longer, and with ``refresh`` no refresh token either."""
        self._access.clear()
        if refresh:
            self._refresh.clear()

    def count(self, beginning: str) -> int:
        """Count the requests that begin so, as ``GET /fhir/Condition``."""
        return sum(each.startswith(beginning) for each in self.asked)

    # ------------------------------------------------------------------------------------------------ signing in

    def configuration(self) -> Json:
        told = {
            "issuer": self.address,
            "jwks_uri": f"{self.address}/keys",
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "grant_types_supported": ["authorization_code"],
            "code_challenge_methods_supported": ["S256"],
            "capabilities": list(self.manner.capabilities),
        }
        return _but(told, self.manner.configuration)

    def authorize(self, asked: dict[str, str]) -> Response:
        """Let whoever asks in at once, or say what the page did wrong."""
        faults = {
            "response_type": asked.get("response_type") != "code",
            "client_id": asked.get("client_id") != CLIENT,
            "redirect_uri": asked.get("redirect_uri") not in self.redirects,
            "aud": asked.get("aud", "").rstrip("/") != self.fhir,
            "code_challenge": not re.fullmatch(r"[A-Za-z0-9_-]{43}", asked.get("code_challenge", "")),
            "code_challenge_method": asked.get("code_challenge_method") != "S256",
            "state": len(asked.get("state", "")) < _SHORTEST_STATE,
            "nonce": len(asked.get("nonce", "")) < _SHORTEST_STATE,
            "launch": ("launch" in asked["scope"].split()) != (asked.get("launch") == LAUNCH),
            "offline_access": "offline_access" in asked["scope"],
        }
        wrong = [name for name, is_wrong in faults.items() if is_wrong]
        if wrong:
            return Response(f"wrong: {', '.join(wrong)}", 400)
        self.scopes_asked = asked["scope"]
        code = f"code-{next(self._numbers)}-{hashlib.sha256(asked['state'].encode()).hexdigest()}"
        self._codes[code] = asked
        back = {"code": code, "state": asked["state"]}
        if self.manner.answer:
            back = _but(back, self.manner.answer)
        there = html.escape(f"{asked['redirect_uri']}?{urlencode(back)}")
        head = f'<meta http-equiv="refresh" content="0;url={there}"><link rel="icon" href="data:,">'
        return HTMLResponse(f"<!doctype html><title>Signed in</title>{head}")

    def exchange(self, form: dict[str, str]) -> Response:
        """Give tokens for a code or a refresh token, each good for one use."""
        if form.get("client_id") != CLIENT:
            return _no("invalid_client")
        if form.get("grant_type") == "refresh_token":
            asked = self._refresh.pop(form.get("refresh_token", ""), None)
            return self._tokens(asked, again=True) if asked else _no("invalid_grant", "the refresh token is no good")
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or form.get("redirect_uri") != asked["redirect_uri"]:
            return _no("invalid_grant", "the code is no good")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return _no("invalid_grant", "the verifier is no good")
        return self._tokens(asked)

    def _tokens(self, asked: dict[str, str], *, again: bool = False) -> Response:
        scope = " ".join(each for each in asked["scope"].split() if not any(w in each for w in self.manner.withheld))
        access, refresh = (f"{what}-secret-{next(self._numbers)}-{time.time_ns()}" for what in ("access", "refresh"))
        told: Json = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": self.manner.lifetime_s,
            "scope": scope,
            "patient": self.patient_id,
            "id_token": self._id_token("" if again else asked["nonce"]),
        }
        if self.manner.refreshes:
            told["refresh_token"] = refresh
            self._refresh[refresh] = asked
        told = _but(told, self.manner.token | (self.manner.renewed if again else {}))
        self._access[access] = str(told.get("scope", scope))
        self.issued += [each for each in (access, refresh, told.get("id_token", "")) if each]
        return JSONResponse(told, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.address,
            "aud": CLIENT,
            "sub": "clinician-1",
            "iat": now,
            "exp": now + min(self.manner.lifetime_s, 3600),
            "fhirUser": f"{self.fhir}/Practitioner/1",
        } | ({"nonce": nonce} if nonce else {})
        return signed({"alg": "ES384", "kid": KEY}, _but(claims, self.manner.claims), KEY)

    # ------------------------------------------------------------------------------------------------ the chart

    def permits(self, authorization: str, resource_type: str, *, letter: str = "r") -> int:
        """Give the status of a request: 200 where the token permits it."""
        scope = self._access.get(authorization.removeprefix("Bearer "))
        if scope is None or not self.manner.access:
            return 401
        found = re.findall(r"patient/(\*|\w+)\.(\w+)", scope)
        means = {"read": "rs", "write": "cud"}
        may = "".join(means.get(does, does) for name, does in found if name in {"*", resource_type})
        return 200 if letter in may else 403

    def read(self, resource_type: str, identity: str) -> Response:
        for each in self._resources():
            if (each["resourceType"], each.get("id")) == (resource_type, identity):
                return JSONResponse(each)
        return JSONResponse({"resourceType": "OperationOutcome"}, 404)

    def search(self, resource_type: str, query: list[tuple[str, str]]) -> Response:
        status = self.manner.statuses.get(resource_type, 200)
        beside = {name for name, _ in query} & {"_count", "_include"}
        if status == 200 and self.manner.plain_only and beside:
            status = 400
        if status != 200:
            return JSONResponse({"resourceType": "OperationOutcome"}, status)
        entries = self._found(resource_type, query)
        start = int(dict(query).get("page", "0"))
        shown = entries[start : start + self.manner.page_size]
        bundle: Json = {"resourceType": "Bundle", "type": "searchset", "entry": shown, "link": []}
        matched = [each for each in entries if each["search"]["mode"] == "match"]
        bundle["total"] = len(matched)
        following = start + self.manner.page_size
        if start == 0:
            bundle["entry"] = [*shown, *({"resource": each} for each in self.manner.lies)]
            bundle["total"] += len(self.manner.lies)
        if following < len(entries):
            rest = [pair for pair in query if pair[0] != "page"] + [("page", str(following))]
            there = self.manner.next_page or f"{self.fhir}/{resource_type}?{urlencode(rest)}"
            bundle["link"].append({"relation": "next", "url": there})
        return JSONResponse(bundle)

    def _found(self, resource_type: str, query: list[tuple[str, str]]) -> list[Json]:
        if resource_type == "Medication":
            wanted = dict(query).get("_id", "").split(",")
            return [
                {"resource": each, "search": {"mode": "match"}}
                for each in self._resources()
                if each["resourceType"] == "Medication" and each.get("id") in wanted
            ]
        told = "&".join(f"{name}={value}" for name, value in query if name not in {*_ABOUT_US, "patient"})
        template = f"{resource_type}?patient={{{{context.patientId}}}}" + (f"&{told}" if told else "")
        asked_of = dict(query)["patient"]
        bundle = prefetch_of(self.manner.chart, asked_of, read_templates({"it": template}))["it"]
        entries: list[Json] = bundle["entry"]  # type: ignore[index] # a Bundle
        if self.manner.includes and any(name == "_include" for name, _ in query):
            return entries
        return [each for each in entries if each["search"]["mode"] == "match"]

    def _resources(self) -> list[Json]:
        return [each["resource"] for each in self.manner.chart["entry"]]


def make_kit(kit: Kit) -> FastAPI:
    """Give the kit's routes, open to browsers of this machine's origins."""
    app = FastAPI()
    app.add_middleware(
        CORSMiddleware, allow_origin_regex=r"http://127\.0\.0\.1:\d+", allow_methods=["*"], allow_headers=["*"]
    )

    @app.middleware("http")
    async def kept(request: Request, proceed: Any) -> Any:  # noqa: ANN401 - the framework's own shapes
        query = f"?{request.url.query}" if request.url.query else ""
        kit.asked.append(f"{request.method} {request.url.path}{query}")
        kit.headers.append(dict(request.headers))
        return await proceed(request)

    @app.get("/fhir/.well-known/smart-configuration")
    def configuration() -> Response:
        return JSONResponse(kit.configuration())

    @app.get("/keys")
    def keys() -> Response:
        return JSONResponse({"keys": [jwk(KEY)]})

    @app.get("/authorize")
    def authorize(request: Request) -> Response:
        return kit.authorize(dict(request.query_params))

    @app.post("/token")
    async def token(request: Request) -> Response:
        assert request.headers["content-type"].startswith("application/x-www-form-urlencoded")
        return kit.exchange(dict(parse_qsl((await request.body()).decode())))

    _chart_routes(app, kit)
    return app


def _chart_routes(app: FastAPI, kit: Kit) -> None:
    @app.get("/fhir/metadata")
    def metadata() -> Response:
        offered = ("Patient", "Observation", "Condition", "MedicationRequest", "MedicationStatement")
        rest = [{"mode": "server", "resource": [{"type": each} for each in offered]}]
        told = {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "rest": rest}
        return JSONResponse(_but(told, kit.manner.statement))

    @app.get("/fhir/{resource_type}/{identity}")
    def read(resource_type: str, identity: str, request: Request) -> Response:
        status = kit.permits(request.headers.get("authorization", ""), resource_type)
        return kit.read(resource_type, identity) if status == 200 else Response(status_code=status)

    @app.get("/fhir/{resource_type}")
    def search(resource_type: str, request: Request) -> Response:
        status = kit.permits(request.headers.get("authorization", ""), resource_type)
        time.sleep(kit.manner.slow_s.get(resource_type, 0))
        if status != 200:
            return Response(status_code=status)
        return kit.search(resource_type, request.query_params.multi_items())

    @app.post("/fhir/{resource_type}")
    async def create(resource_type: str, request: Request) -> Response:
        status = kit.permits(request.headers.get("authorization", ""), resource_type, letter="c")
        if status != 200:
            return Response(status_code=status)
        kit.saved.append(json.loads(await request.body()))
        return JSONResponse(kit.saved[-1] | {"id": f"saved-{len(kit.saved)}"}, 201)


def _but(told: Json, otherwise: Json) -> Json:
    return {name: value for name, value in (told | otherwise).items() if value is not ...}


def _no(error: str, description: str = "") -> Response:
    return JSONResponse({"error": error, "error_description": description}, 400)
