"""Calls on the server, and an account of what they asked of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx

from cds.service import Call
from tests.live.hapi import Hapi
from tests.service.world import CALLER


class Http(httpx.AsyncClient):
    """Counts the requests for the record, those of them for further pages, and those for drugs that entries refer to.

    What the server says of itself is asked once a process, and not counted.
    """

    def __init__(self) -> None:
        super().__init__(trust_env=False, event_hooks={"request": [self._count]})
        self.requests = self.pages = self.drugs = 0

    async def _count(self, request: httpx.Request) -> None:
        self.requests += not request.url.path.endswith("/metadata")
        self.pages += "_getpages" in request.url.params
        self.drugs += "/Medication/" in request.url.path or request.url.path.endswith("/Medication")


def reading(call: Call, hapi: Hapi) -> Call:
    """The same call of a caller who may read from that server."""
    return replace(call, caller=replace(CALLER, fhir_servers=(hapi.base,)))


def flat(value: object, place: str = "") -> dict[str, Any]:
    """Give what stands in nested objects by the way to it."""
    if not isinstance(value, dict):
        return {place: value}
    return {name: inner for key, each in value.items() for name, inner in flat(each, f"{place}/{key}").items()}
