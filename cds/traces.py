"""Each call as a span for the site's OpenTelemetry collector, where ``CDS_TRACES_URL`` names one.

One span a call, with its route, status, call id and counts. Outgoing searches are counted and not traced: a span would
hold their address, and their address holds the patient. A caller's ``traceparent`` is taken up, its baggage is not.
The packages are an extra, so they are imported where they are used.
Source: https://opentelemetry.io/docs/specs/semconv/http/http-spans/, https://www.w3.org/TR/trace-context/.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from cds.errors import BadSetting
from cds.telemetry import plain_value

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

__all__ = ["Traces", "traces_to"]

_BILLION: Final = 1_000_000_000
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
_OTHER_METHOD: Final = "_OTHER"
"""Stands for a method that HTTP does not have, as the conventions want: it is whatever a stranger wrote."""


class Traces:
    """Sends spans through an exporter, in batches beside the calls. Only what is plain is sent."""

    def __init__(self, exporter: SpanExporter, version: str, *, at_once: bool = False) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

        resource = Resource({"service.name": "trialcards", "service.version": version})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(SimpleSpanProcessor(exporter) if at_once else BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("cds", version)

    def called(  # noqa: PLR0913 - what a span holds
        self,
        *,
        call_id: str,
        method: str,
        route: str,
        status: int,
        took_s: float,
        counts: Mapping[str, object],
        traceparent: str = "",
    ) -> None:
        """Tell of one call that was answered just now."""
        from opentelemetry.trace import SpanKind, Status, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        method = method if method in _METHODS else _OTHER_METHOD
        context = TraceContextTextMapPropagator().extract({"traceparent": traceparent})
        ended = time.time_ns()
        span = self._tracer.start_span(
            f"{method} {route}",
            context=context,
            kind=SpanKind.SERVER,
            attributes={
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": status,
                "trialcards.call_id": call_id,
                **dict(_flat("trialcards", counts)),
            },
            start_time=ended - round(took_s * _BILLION),
        )
        if status >= 500:  # noqa: PLR2004 - HTTP's number for our own faults
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended)

    def stop(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def traces_to(url: str, version: str) -> Traces:
    """Give what sends spans to a collector that takes OTLP over HTTP; raise ``BadSetting`` without the extra."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise BadSetting("CDS_TRACES_URL: needs the extra `traces` (pip install trialcards[traces])") from None
    return Traces(OTLPSpanExporter(endpoint=url), version)


def _flat(name: str, value: object) -> Iterator[tuple[str, str | int | float | bool]]:
    """Give nested counts as dotted names; what is not plain is replaced, as in the log."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _flat(f"{name}.{plain_value(key)}", each)
        return
    plain = plain_value(value)
    if isinstance(plain, (str, int, float, bool)):
        yield name, plain
