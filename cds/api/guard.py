"""The outermost of our own code around a call: gives it an id, logs and counts how it went, lets no exception out.

It also puts on every answer what keeps browsers and caches from doing more with it than they should.
Source: https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html#security-headers.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from cds.api.outcomes import outcome
from cds.telemetry import event, failure

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from cds.api.audit import Audit
    from cds.metrics import Metrics
    from cds.ports import Ids
    from cds.traces import Traces

CALL_ID = "X-Call-Id"

_HEADERS = {
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
}
"""On every answer that does not say otherwise itself, as the pages do."""
_HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


class Guard:
    """Stands inside the CORS middleware, so that even an unforeseen error reaches a page of an allowed origin."""

    def __init__(
        self,
        app: ASGIApp,
        ids: Ids,
        metrics: Metrics,
        traces: Traces | None = None,
        audit: Audit | None = None,
        *,
        https: bool = False,
    ) -> None:
        self._app = app
        self._ids = ids
        self._metrics = metrics
        self._traces = traces
        self._audit = audit
        self._always = [_HTTPS_ONLY] if https else []

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
                self._write_down(scope, call_id, status)
                message["headers"] = self._headers(message["headers"], call_id)
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
            if not status:
                self._write_down(scope, call_id, status)
            self._tell(scope, call_id, status, time.perf_counter() - began)

    def _write_down(self, scope: Scope, call_id: str, status: int) -> None:
        """Write the audit line, where the site keeps any: before the answer leaves, and also where none does."""
        if self._audit is not None and not self._audit.call(call_id, scope, status):
            scope["state"]["counts"]["unaudited"] = 1

    def _tell(self, scope: Scope, call_id: str, status: int, took_s: float) -> None:
        """Log the call, count it, and trace it: the same facts three times."""
        counts: dict[str, object] = scope["state"]["counts"]
        route = getattr(scope.get("route"), "path", "unmatched")
        event("call", call_id=call_id, route=route, status=status, duration_ms=round(took_s * 1000, 1), **counts)
        self._metrics.called(route, status, took_s, counts)
        if self._traces is not None:
            self._traces.called(
                call_id=call_id,
                method=scope["method"],
                route=route,
                status=status,
                took_s=took_s,
                counts=counts,
                traceparent=_traceparent(scope),
            )

    def _headers(self, said: list[tuple[bytes, bytes]], call_id: str) -> list[tuple[bytes, bytes]]:
        names = {name.lower() for name, _ in said}
        ours = [each for each in _HEADERS.items() if each[0] not in names]
        return [*said, *ours, *self._always, (CALL_ID.lower().encode(), call_id.encode())]


def _traceparent(scope: Scope) -> str:
    sent = dict(scope["headers"]).get(b"traceparent", b"")
    return str(sent.decode("ascii", "ignore"))


def count(request: Request, **counts: object) -> None:
    """Put counts beside the line that will be logged for this call."""
    request.state.counts.update(counts)
