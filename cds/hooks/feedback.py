"""What an EHR tells of cards: accepted or overridden, when, and why. Read leniently, and little of it is kept.

Source: https://cds-hooks.hl7.org/2.0/#feedback. A batch is taken whole or not at all, so that sending it again is
always right.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from cds.hooks.reasons import KNOWN_REASONS, OTHER_REASON, REASON_SYSTEM
from cds.hooks.wire import UuidShaped, checked

__all__ = ["MOST_FEEDBACK", "Feedback", "FeedbackRequest", "read_feedback"]

MOST_FEEDBACK: Final = 200
_LONGEST_COMMENT: Final = 2000
_LONGEST_TEXT: Final = 10_000
_MOMENT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:)(\d{2})(?:[.,](\d{1,30}))?\s*([Zz]|[+-]\d{2}:\d{2})?", re.ASCII
)
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def _moment(value: object) -> object:
    """Read an RFC 3339 time stamp; without an offset it is in UTC, which the specification asks for."""
    problem = "must be a time stamp such as 2026-06-15T09:30:00Z"
    found = _MOMENT.fullmatch(value.strip()) if isinstance(value, str) and len(value) <= _LONGEST_TEXT else None
    if found is None:
        raise ValueError(problem)
    day, minute, second, fraction, offset = found.groups()
    zone = "+00:00" if offset in {None, "Z", "z"} else offset
    leap = second == "60"  # RFC 3339 has leap seconds, Python has none: the last moment before is meant
    sharp = "59.999999" if leap else f"{second}.{(fraction or '')[:6]:0<6}"
    try:
        return dt.datetime.fromisoformat(f"{day}T{minute}{sharp}{zone}").astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise ValueError(problem) from None


def _bare(value: object) -> object:
    return value.strip().removeprefix("urn:uuid:") if isinstance(value, str) else value


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


Moment = Annotated[
    dt.datetime,
    BeforeValidator(_moment, json_schema_input_type=str),
    Field(description="When it was done (RFC 3339), kept to the microsecond."),
]


class AcceptedSuggestion(_Lenient):
    """One suggestion that was taken."""

    id: Annotated[UuidShaped, BeforeValidator(_bare)] = Field(description="`uuid` of the suggestion.")


class ReasonCoding(_Lenient):
    """Why a card was overridden; no display is needed. A reason that has no HL7 code is kept as `other`."""

    system: str | None = Field(None, max_length=_LONGEST_TEXT)
    code: str | None = Field(None, max_length=_LONGEST_TEXT)


class OverrideReason(_Lenient):
    """Why a card was overridden."""

    reason: ReasonCoding | None = None
    userComment: str | None = Field(  # noqa: N815 - the specification's name
        None, max_length=_LONGEST_TEXT, description="Kept only where the site has chosen so; the rest past 2000 is cut."
    )


class FeedbackItem(_Lenient):
    """What became of one card."""

    card: str = Field(min_length=1, max_length=_LONGEST_TEXT, description="`uuid` of the card.")
    outcome: Literal["accepted", "overridden"]
    outcomeTimestamp: Moment  # noqa: N815 - the specification's name
    acceptedSuggestions: tuple[AcceptedSuggestion, ...] | None = Field(None, max_length=MOST_FEEDBACK)  # noqa: N815 - the specification's name
    overrideReason: OverrideReason | None = None  # noqa: N815 - the specification's name

    @model_validator(mode="after")
    def _names_what_was_accepted(self) -> FeedbackItem:
        if self.outcome == "accepted" and not self.acceptedSuggestions:
            raise ValueError("acceptedSuggestions must name what was accepted")
        return self


class FeedbackRequest(_Lenient):
    """A batch of feedback, on cards of one call or of several."""

    feedback: tuple[FeedbackItem, ...] = Field(max_length=MOST_FEEDBACK)


@dataclass(frozen=True, slots=True)
class Feedback:
    """One feedback as far as it is worth keeping; ``card`` is ``None`` where what was sent cannot be a card of ours."""

    card: str | None
    outcome: str
    at: dt.datetime
    reason: str | None = None
    comment: str | None = None
    accepted: tuple[str, ...] = ()


def read_feedback(body: object) -> tuple[Feedback, ...]:
    """Read a decoded body; raise ``BadCall`` that names the elements at fault, never what they held."""
    return tuple(map(_as_feedback, checked(FeedbackRequest, body).feedback))


def _as_feedback(item: FeedbackItem) -> Feedback:
    said = item.overrideReason
    overridden = item.outcome == "overridden"
    card = item.card.strip().lower().removeprefix("urn:uuid:")
    return Feedback(
        card=card if _UUID.fullmatch(card) else None,
        outcome=item.outcome,
        at=item.outcomeTimestamp,
        reason=_reason(said.reason) if overridden and said is not None else None,
        comment=_comment(said.userComment) if said is not None else None,
        accepted=() if overridden else _ids(item.acceptedSuggestions or ()),
    )


def _ids(accepted: Sequence[AcceptedSuggestion]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.id.lower() for each in accepted))


def _reason(coding: ReasonCoding | None) -> str | None:
    """Give HL7's code, or `other` for anything else that was said."""
    if coding is None or not (coding.code or "").strip():
        return None
    known = coding.system in {REASON_SYSTEM, None, ""} and coding.code in KNOWN_REASONS
    return coding.code if known else OTHER_REASON


def _comment(text: str | None) -> str | None:
    """Give the words that may be kept; a null character, which some databases refuse, would never be taken."""
    return (text or "").replace("\0", "").strip()[:_LONGEST_COMMENT] or None
