"""Bodies that are nearly right: a good one with a few edits, each drawn from a source of choices.

Random bytes rarely get past the JSON reader. What hurts a reader of charts is a body of the right shape with one thing
in it that nobody foresaw; so edits put strange values, foreign structure and repetition in the place of good ones.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any, Protocol

Json = Any


class Choices(Protocol):
    """Where decisions come from: a fuzzer's bytes, or a random generator."""

    def below(self, number: int) -> int:
        """Give a whole number from 0 to below this one."""
        ...


STRANGE: tuple[Json, ...] = (
    *(None, True, False, 0, -1, 10**30, 1e308, -0.0, 0.1, [], {}, [[]], [None], "1" * 400, "x" * 5000),
    *("", " ", "\u0000", "\ud800", "\u202e", "null", "NaN", "%s%n", "1e999999999", "<LLN or >ULN", "../../etc"),
    *("2026-06-15", "2026", "9999-12-31", "0000-00-00", "2026-02-30T25:61:61Z", "2026-06-15T00:00:00+99:99"),
    *("Patient/pat-1", "http://[::1", "https://fhir.example.org/r4", "urn:uuid:0", "http://loinc.org"),
    *("final", "active", "entered-in-error", "10*9/L", "mg/dL", "{score}", "draft", "proposal"),
    *({"resourceType": each} for each in (None, "Patient", "OperationOutcome", "Bundle")),
    {"resourceType": "Bundle", "entry": 1},
)
_MOST_EDITS = 6


def edited(body: Json, choices: Choices) -> Json:
    """Give a copy of a body with some edits."""
    whole = {"": copy.deepcopy(body)}
    for _ in range(1 + choices.below(_MOST_EDITS)):
        if not whole:
            break
        holder, key = _somewhere(whole, choices)
        _EDITS[choices.below(len(_EDITS))](holder, key, choices)
    return whole.get("")


def _somewhere(whole: dict[str, Json], choices: Choices) -> tuple[Json, Any]:
    """Walk down from the top, and stop somewhere: a place is what holds it and the key it stands under."""
    holder: Json = whole
    key: Any = ""
    while True:
        value = holder[key]
        inner = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
        if not inner or choices.below(8) == 0:
            return holder, key
        holder, key = value, inner[choices.below(len(inner))]


def _strange(holder: Json, key: Any, choices: Choices) -> None:  # noqa: ANN401 - a name or a number
    holder[key] = copy.deepcopy(STRANGE[choices.below(len(STRANGE))])


def _gone(holder: Json, key: Any, choices: Choices) -> None:  # noqa: ANN401 - the same
    del choices
    del holder[key]


def _twice(holder: Json, key: Any, choices: Choices) -> None:  # noqa: ANN401 - the same
    value = holder.get(key) if isinstance(holder, dict) else holder[key]
    times = 1 + choices.below(3)
    holder[key] = [copy.deepcopy(value) for _ in range(times)]


def _renamed(holder: Json, key: Any, choices: Choices) -> None:  # noqa: ANN401 - the same
    if isinstance(holder, dict) and key != "":
        holder[f"{key}{'sx_'[choices.below(3)]}"] = holder.pop(key)


def _nested(holder: Json, key: Any, choices: Choices) -> None:  # noqa: ANN401 - the same
    for _ in range(1 + choices.below(80)):
        holder[key] = {"extension": [holder[key]]}


def _as_text(holder: Json, key: Any, choices: Choices) -> None:  # noqa: ANN401 - the same
    del choices
    holder[key] = json.dumps(holder[key])


_EDITS: tuple[Callable[[Json, Any, Choices], None], ...] = (
    _strange,
    _strange,
    _gone,
    _twice,
    _renamed,
    _nested,
    _as_text,
)


def encoded(body: Json) -> bytes:
    """Give the bytes; half a surrogate pair goes out as it is escaped in JSON."""
    return json.dumps(body, ensure_ascii=True).encode()
