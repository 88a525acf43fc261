"""The pages that are served always: the clinician's, the SMART launch, the coordinator's, and what they must know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from cds.web.files import asset, content_policy, json_file, page

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from cds.hooks.callers.launch import LaunchServer

__all__ = ["Told", "page_router"]


@dataclass(frozen=True, slots=True)
class Told:
    """What a browser is told of this installation before anybody has signed in: nothing that is secret, no patient.

    ``servers`` are the SMART launch servers that the site lists. ``frames`` are origins that may embed the pages.
    ``demo``: the example charts are there, and the demo embeds the pages too. ``facilities`` are the site's own.
    ``today`` gives the day it is here, or that is played. ``scopes`` are what reading a chart needs, as version 1 of
    SMART writes them and as version 2 does: they are asked for before there is a token to ask for the searches with.
    """

    today: Callable[[], dt.date]
    servers: Sequence[LaunchServer] = ()
    frames: Sequence[str] = ()
    facilities: Sequence[str] = ()
    demo: bool = False
    scopes: Mapping[str, Sequence[str]] = field(default_factory=dict)


def page_router(told: Told) -> APIRouter:
    """Give the routes under ``/app``, which anybody may read."""
    policy = content_policy(_asked(told.servers), told.frames, framed_here=told.demo)
    router = APIRouter(include_in_schema=False)

    @router.get("/app")
    def short(request: Request) -> Response:
        query = request.url.query
        return RedirectResponse(f"app/?{query}" if query else "app/")

    @router.get("/app/")
    def clinician(request: Request) -> Response:
        return page("app.html", policy, request, opened_by_others=True)

    @router.get("/app/launch")
    def launch(request: Request) -> Response:
        return page("launch.html", policy, request, opened_by_others=True)

    @router.get("/app/trials")
    def coordinator(request: Request) -> Response:
        return page("trials.html", policy, request)

    @router.get("/app/assets/{name}")
    def file(name: str, request: Request) -> Response:
        return asset(name, policy, request)

    @router.get("/app/settings.json")
    def settings() -> Response:
        return json_file(_settings(told))

    return router


def _settings(told: Told) -> dict[str, object]:
    return {
        "servers": [_server(each) for each in told.servers],
        "demo": told.demo,
        "site": {"facilities": list(told.facilities)},
        "today": told.today().isoformat(),
        **({"scopes": told.scopes} if told.scopes else {}),
    }


def _server(server: LaunchServer) -> dict[str, object]:
    return {
        "id": server.id,
        "fhir": server.fhir,
        "clientId": server.client_id,
        "origins": list(server.origins),
        "standalone": server.standalone,
        "saveObservations": server.save_observations,
        **({"issuer": server.issuer} if server.issuer else {}),
    }


def _asked(servers: Sequence[LaunchServer]) -> list[str]:
    """Give the origins that the page asks: those of the FHIR servers, and those listed for signing in."""
    return [origin for each in servers for origin in (_origin(each.fhir), *each.origins)]


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
