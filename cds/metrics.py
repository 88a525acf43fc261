"""What is counted for the site's operators, in Prometheus' form: numbers and plain words, nothing about a patient.

The counts come from the same place as the log line of a call (:mod:`cds.api.guard`), so that the two never disagree.
Source: https://prometheus.io/docs/practices/naming/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

from cds.telemetry import plain_value

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Seconds. CDS Hooks asks for answers of the order of half a second, CRD for five seconds in nine calls of ten."""

_BY_WORD: Final = {
    "verdicts": ("trialcards_verdicts", "Verdicts on trials, by standing.", "standing"),
    "searches": ("trialcards_searches", "Kinds of entry that charts were read for, by how that went.", "state"),
    "read": ("trialcards_resources_read", "Resources that were read, by type.", "type"),
    "orders": ("trialcards_draft_orders", "Orders being written, by whether they could be judged.", "state"),
    "withheld": ("trialcards_withheld", "Calls whose cards were withheld, by reason.", "reason"),
    "refused": ("trialcards_refused_callers", "Calls of nobody whom the site lists, by reason.", "reason"),
    "feedback": ("trialcards_feedback", "Feedback received, by what became of it.", "fate"),
    "store": ("trialcards_store_failures", "Times that the store could not be used, by what for.", "purpose"),
}
"""Counts of a call that are tables of words, or one word: the metric they feed, what it means, and its label."""

_PLAIN: Final = {
    "cards": ("trialcards_cards", "Cards told."),
    "silenced": ("trialcards_cards_silenced", "Cards that silent mode kept back."),
    "quieted": ("trialcards_trials_quieted", "Trials not told because they were dismissed or told before."),
    "lost": ("trialcards_resources_lost", "Resources that could not be read."),
    "unaudited": ("trialcards_calls_unaudited", "Calls whose audit line could not be written."),
}


class Metrics:
    """The counters of one application. Several applications in one process never share any."""

    def __init__(self, version: str, trials: int) -> None:
        self._registry = CollectorRegistry()
        info = Gauge(
            "trialcards_build_info", "Always 1; the label is the version.", ["version"], registry=self._registry
        )
        info.labels(version).set(1)
        Gauge("trialcards_trials_loaded", "Trials that charts are held against.", registry=self._registry).set(trials)
        labels = ["route", "caller", "status"]
        self._calls = Counter("trialcards_calls", "Calls answered.", labels, registry=self._registry)
        self._seconds = Histogram(
            "trialcards_call_seconds",
            "How long an answer took, by the server's clock.",
            ["route"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._by_word = {
            name: Counter(metric, says, [label], registry=self._registry)
            for name, (metric, says, label) in _BY_WORD.items()
        }
        self._plain = {name: Counter(metric, says, registry=self._registry) for name, (metric, says) in _PLAIN.items()}

    def called(self, route: str, status: int, seconds: float, counts: Mapping[str, object]) -> None:
        """Count one call that was answered, with what was counted on the way (see :func:`cds.api.guard.count`)."""
        caller = str(plain_value(counts.get("caller", "nobody")))
        self._calls.labels(route, caller, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        for name, value in counts.items():
            if name in self._plain and isinstance(value, int):
                self._plain[name].inc(value)
            elif name in self._by_word:
                self._count_words(self._by_word[name], value)

    def _count_words(self, counter: Counter, value: object) -> None:
        table = value if isinstance(value, dict) else {value: 1}
        for word, number in table.items():
            if word is not None:
                counter.labels(str(plain_value(word))).inc(number)

    def told(self) -> bytes:
        """Give all counts in Prometheus' text form."""
        return generate_latest(self._registry)
