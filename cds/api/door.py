"""The door: every call that could tell or keep anything proves who it is before any of it is read.

Closed by default: a path that is not named here as open needs proof, so a route that is added later does too, and a
stranger cannot even learn which paths there are. Preflights never come here, as CORS answers them further out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cds.api.keys import PATH as KEYS
from cds.api.limits import Rates
from cds.api.outcomes import JSON, errors, told
from cds.errors import CallerError, NotAuthenticated, Unavailable
from cds.hooks.callers.caller import Caller

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from cds.hooks.callers.authenticate import Door

__all__ = ["OPEN", "Doorway", "caller_of", "is_open", "shut"]

OPEN: Final = frozenset({"/health/live", "/health/ready", "/metrics", "/openapi.json", KEYS})
"""What anyone who reaches the service may read: it runs, what was counted, how it is called, its public keys."""


PAGES: Final = "/app"
"""Where the pages are: files that hold nothing of a patient and no secret. What they show is behind the door."""
_ASSESSMENTS: Final = "/api/assessments"


def is_open(path: str) -> bool:
    """Say whether anyone who reaches the service may read what is at this path."""
    return path.rstrip("/") in OPEN or path == PAGES or path.startswith(f"{PAGES}/")


class Doorway:
    """Stands before everything that reads a call, and says in ``request.state.caller`` who it is from."""

    def __init__(self, app: ASGIApp, door: Door, public_url: str) -> None:
        self._app = app
        self._door = door
        self._public_url = public_url
        self._rates = Rates()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one call in, or answer that it is not let in."""
        if scope["type"] != "http" or is_open(scope["path"]):
            await self._app(scope, receive, send)
            return
        state: dict[str, Any] = scope["state"]
        try:
            caller = await self._caller(scope)
            state["counts"]["caller"] = caller.id
            self._rates.check(caller.id, caller.rate_per_s)
        except NotAuthenticated as problem:
            state["counts"]["refused"] = str(problem)
            await told(problem)(scope, receive, send)
        except (CallerError, Unavailable) as problem:
            await told(problem)(scope, receive, send)
        else:
            state["caller"] = caller
            await self._app(scope, receive, send)

    async def _caller(self, scope: Scope) -> Caller:
        """Ask the door, with the address that was called as this site tells it: never by the call's own Host header."""
        sent = [value for name, value in scope["headers"] if name == b"authorization"]
        if len(sent) > 1:
            raise NotAuthenticated("several-tokens")
        header = sent[0].decode("latin-1") if sent else None
        path = scope["path"].rstrip("/")
        caller = await self._door.caller(header, self._public_url + path)
        if caller.page and not _is_for_the_page(scope["method"], path):
            raise NotAuthenticated("not-for-the-page")
        return caller


def _is_for_the_page(method: str, path: str) -> bool:
    """Say whether the page makes such calls. It tells no hook, and sends no feedback: only an EHR does."""
    if method == "POST":
        return path == _ASSESSMENTS
    return method in {"GET", "HEAD"} and path.startswith("/api/")


def caller_of(request: Request) -> Caller:
    """Say who a request is from that came through the door."""
    caller: Caller = request.state.caller
    return caller


def shut(document: dict[str, Any]) -> None:
    """Write into the published contract that everything but what is open needs a token."""
    document["components"]["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": (
                "A signed token as CDS Hooks tells, one for each call: https://cds-hooks.hl7.org/2.0/. What is under "
                "/api may be read, and charts assessed, also with the id token of whoever signed in to the page."
            ),
        }
    }
    for path, methods in document["paths"].items():
        if path not in OPEN:
            for operation in methods.values():
                operation["security"] = [{"token": []}]
                answers = operation["responses"]
                answers["401"] = {"description": "nobody whom this site lists; there is no body"}
                operation["responses"] = dict(sorted((_AT_THE_DOOR | answers).items()))


_AT_THE_DOOR: Final = {
    str(status): {
        "description": said["description"],
        "content": {
            JSON: {
                "schema": {"$ref": "#/components/schemas/OperationOutcome"},
                "example": said["content"][JSON]["example"],
            }
        },
    }
    for status, said in errors(429, 503).items()
}
"""What any call may be answered at the door besides: too many calls, or no room to remember its token."""
