"""The outermost of our own code around a call: gives it an id, logs how it went, and lets no exception out."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from cds.api.outcomes import outcome
from cds.telemetry import event, failure

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from cds.service import Ids

CALL_ID = "X-Call-Id"


class Guard:
    """Stands inside the CORS middleware, so that even an unforeseen error reaches a page of an allowed origin."""

    def __init__(self, app: ASGIApp, ids: Ids) -> None:
        self._app = app
        self._ids = ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call_id = self._ids.new()
        counts: dict[str, object] = {}
        scope.setdefault("state", {})["counts"] = counts
        status = 0
        began = time.perf_counter()

        async def tagged(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (CALL_ID.lower().encode(), call_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, tagged)
        except Exception as problem:  # noqa: BLE001 - this is the last place to answer with an OperationOutcome
            failure("unforeseen error", problem, call_id=call_id)
            if status:
                return  # the answer has begun: it cannot be taken back, and the server closes the connection
            sorry = outcome(HTTPStatus.INTERNAL_SERVER_ERROR, "exception", f"internal error, call {call_id}")
            await sorry(scope, receive, tagged)
        finally:
            milliseconds = round((time.perf_counter() - began) * 1000, 1)
            route = getattr(scope.get("route"), "path", "unmatched")
            event("call", call_id=call_id, route=route, status=status, duration_ms=milliseconds, **counts)


def count(request: Request, **counts: object) -> None:
    """Put counts beside the line that will be logged for this call."""
    request.state.counts.update(counts)
