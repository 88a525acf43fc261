"""A plain FHIR server around one chart, and the ways real servers deviate from it, each laid around it as a layer.

A layer is a function of the request and of what the inner layers would answer; it may keep counts in ``seen``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote

import httpx

from tests.quirks.quirk import Json

BASE = "https://fhir.example.org/r4"
Ask: TypeAlias = Callable[[httpx.Request], Awaitable[httpx.Response]]
Layer: TypeAlias = Callable[[httpx.Request, Ask, Counter[str]], Awaitable[httpx.Response]]


@dataclass(frozen=True, slots=True)
class PlainServer:
    """Reads by id; searches by patient, category, code and `_id`; `_count`, `_include`, pages, and `/metadata`."""

    resources: tuple[Json, ...]
    page: int = 1000

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a GET."""
        name, _, identity = request.url.path.removeprefix(httpx.URL(BASE).path).strip("/").partition("/")
        if name == "metadata":
            return answer(statement({each["resourceType"] for each in self.resources}))
        if identity:
            one = next((each for each in self._of(name) if each["id"] == unquote(identity)), None)
            return answer(one) if one else httpx.Response(404)
        return answer(self._found(name, dict(parse_qsl(request.url.query.decode())), str(request.url)))

    def _of(self, name: str) -> list[Json]:
        return [each for each in self.resources if each["resourceType"] == name]

    def _found(self, name: str, params: Mapping[str, str], url: str) -> Json:
        found = [each for each in self._of(name) if _matches(each, params)]
        start, size = int(params.get("_offset", 0)), min(self.page, int(params.get("_count", self.page)))
        page = found[start : start + size]
        drugs = {each.get("medicationReference", {}).get("reference") for each in page}
        along = [d for d in self._of("Medication") if "_include" in params and f"Medication/{d['id']}" in drugs]
        following = f"{url.partition('&_offset')[0]}&_offset={start + size}"
        return {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(found),
            "link": [{"relation": "next", "url": following}] if start + size < len(found) else [],
            "entry": [{"resource": each, "search": {"mode": "match"}} for each in page]
            + [{"resource": each, "search": {"mode": "include"}} for each in along],
        }


def statement(types: Iterable[str], version: str = "4.0.1") -> Json:
    """Give a CapabilityStatement that offers these types."""
    offered = [{"type": name, "interaction": [{"code": "search-type"}]} for name in sorted(types)]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "kind": "instance",
        "fhirVersion": version,
        "format": ["json"],
        "rest": [{"mode": "server", "resource": offered}],
    }


def answer(body: object, status: int = 200) -> httpx.Response:
    """Give a body as a FHIR server sends it."""
    text = json.dumps(body, default=lambda value: float(value) if isinstance(value, Decimal) else str(value))
    return httpx.Response(status, content=text.encode(), headers={"content-type": "application/fhir+json"})


def _matches(resource: Json, params: Mapping[str, str]) -> bool:
    pointer = (resource.get("subject") or resource.get("patient") or {}).get("reference", "")
    who = params.get("patient", params.get("subject"))
    if who is not None and pointer.removeprefix("Patient/") != who.removeprefix("Patient/"):
        return False
    if "_id" in params and resource["id"] not in params["_id"].split(","):
        return False
    wanted = {name: set(params[name].split(",")) for name in ("category", "code") if name in params}
    return all(_tokens(resource.get(name)) & tokens for name, tokens in wanted.items())


def _tokens(concepts: Json | list[Json] | None) -> set[str]:
    listed = concepts if isinstance(concepts, list) else [concepts or {}]
    codings = [coding for each in listed for coding in each.get("coding", [])]
    return {each["code"] for each in codings} | {f"{each.get('system', '')}|{each['code']}" for each in codings}


def layered(server: PlainServer, layers: Iterable[Layer]) -> Ask:
    """Lay quirks around a server, the first innermost."""
    asked: Ask = server.__call__
    for layer in layers:
        asked = _around(layer, asked)
    return asked


def _around(layer: Layer, inner: Ask) -> Ask:
    seen: Counter[str] = Counter()

    async def ask(request: httpx.Request) -> httpx.Response:
        return await layer(request, inner, seen)

    return ask
