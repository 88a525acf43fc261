"""What one search of a patient's record gave, however it came: by prefetch, by fetch, or not at all."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class AnswerState(enum.Enum):
    """How a search went.

    *Not offered*: the server says that it has no resources of this type at all, which for one of several types that
    tell of the same thing is an answer; *not asked*: neither sent nor fetched.
    """

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"
    NOT_OFFERED = "not-offered"
    NOT_ASKED = "not-asked"


@dataclass(frozen=True, slots=True)
class Answer:
    """The resources a search gave, as decoded JSON that nobody has judged yet, and why it is not complete.

    ``why`` is for people: it names neither the patient nor a token nor a URL.
    """

    state: AnswerState
    resources: tuple[object, ...] = ()
    why: str = ""


NOT_ASKED = Answer(AnswerState.NOT_ASKED, why="it was neither sent nor asked for")
