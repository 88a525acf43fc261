"""What we send in CDS Hooks 2.0.1, cards and the discovery document, which is strict; and how bodies are read.

What an EHR sends is in :mod:`cds.hooks.requests`.
Source: https://cds-hooks.hl7.org/2.0/ (anchors beside each class).
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from cds.errors import BadCall

_ID = re.compile(r"(?!\.+$)[A-Za-z0-9\-._]{1,128}")


def bare_id(value: object) -> object:
    """Give the id alone where ``Patient/123`` was sent; refuse what is no id, as it becomes part of an address."""
    if not isinstance(value, str):
        return value
    bare = value.removeprefix("Patient/")
    if not _ID.fullmatch(bare):
        raise ValueError("must be an id: letters, digits, '-', '.' and '_'")
    return bare


PatientId = Annotated[str, BeforeValidator(bare_id)]
"""A patient's logical id; ``Patient/123`` is taken for ``123``."""

_HEX = "[0-9A-Fa-f]"
UuidShaped = Annotated[
    str, StringConstraints(pattern=f"^{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}$")
]
"""A UUID of any version: some EHRs send ones that no version allows."""


LENIENT = ConfigDict(frozen=True, extra="ignore")
"""How what others send is read: members we do not know are left alone."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Coding(_Strict):
    """A code with its system (#coding)."""

    system: str
    code: str
    display: str | None = None


class Source(_Strict):
    """Where a card's content is from (#source). The topic's code is the bare NCT number, the same on every call."""

    label: str
    url: str | None = None
    topic: Coding | None = None


class Link(_Strict):
    """A link that opens in a browser, or in the EHR by SMART launch (#link); only the latter may carry appContext."""

    label: str = Field(min_length=1)
    url: str
    type: Literal["absolute", "smart"] = "absolute"
    appContext: str | None = Field(None, min_length=1)  # noqa: N815 - the specification's name

    @model_validator(mode="after")
    def _context_for_an_app_only(self) -> Self:
        if self.appContext is not None and self.type != "smart":
            raise ValueError("appContext is for smart links only")
        return self


class Action(_Strict):
    """What the EHR does where a suggestion is taken (#action): here, to create one resource of FHIR R4."""

    type: Literal["create"] = "create"
    description: str = Field(min_length=1)
    resource: dict[str, Any] = Field(min_length=1)


class Suggestion(_Strict):
    """What may be taken up with one click (#suggestion); nothing is recommended over leaving it."""

    label: str = Field(min_length=1)
    uuid: str
    actions: tuple[Action, ...] = Field(min_length=1)


class Card(_Strict):
    """One card (#card-attributes). The summary holds nothing about the patient; the detail is GFM.

    ``uuid`` is absent only for an EHR that cannot take it. Suggestions go with the way they are chosen, and not alone.
    """

    uuid: str | None = None
    summary: str = Field(min_length=1, max_length=139)
    indicator: Literal["info", "warning"]
    detail: str = Field(min_length=1)
    source: Source
    suggestions: tuple[Suggestion, ...] | None = Field(None, min_length=1)
    selectionBehavior: Literal["any", "at-most-one"] | None = None  # noqa: N815 - the specification's name
    overrideReasons: tuple[Coding, ...] | None = Field(None, min_length=1)  # noqa: N815 - the specification's name
    links: tuple[Link, ...] | None = Field(None, min_length=1)
    extension: dict[str, Any] | None = Field(None, min_length=1)

    @model_validator(mode="after")
    def _suggestions_say_how_they_are_chosen(self) -> Self:
        if (self.suggestions is None) != (self.selectionBehavior is None):
            raise ValueError("suggestions and selectionBehavior go together")
        return self


class HookResponse(_Strict):
    """The answer to a call (#cds-service-response): no cards means that there is nothing to tell."""

    cards: tuple[Card, ...]


class ServiceEntry(_Strict):
    """One service as discovery tells it (#response)."""

    hook: str
    title: str
    description: str
    id: str
    prefetch: dict[str, str] | None = Field(None, min_length=1)
    usageRequirements: str | None = None  # noqa: N815 - the specification's name


class Discovery(_Strict):
    """The services offered (#discovery)."""

    services: tuple[ServiceEntry, ...]


Model = TypeVar("Model", bound=BaseModel)


def checked(model: type[Model], body: object) -> Model:
    """Read a decoded body as one of our models; raise ``BadCall`` naming elements, never values."""
    if not isinstance(body, dict):
        raise BadCall("the body must be a JSON object")
    try:
        return model.model_validate(body)
    except ValidationError as problem:
        raise BadCall(_complaint(problem)) from None


def _complaint(problem: ValidationError) -> str:
    faults = problem.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{_place(fault['loc'])}: {_plain(fault['type'], fault['msg'])}" for fault in faults[:5])


def _place(steps: tuple[int | str, ...]) -> str:
    """Name an element; what stands in ``covered`` is named by the caller, and a caller's words are not repeated."""
    ours = steps[:1] if steps[:1] == ("covered",) else steps
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in ours).lstrip(".")


def _plain(kind: str, message: str) -> str:
    if kind == "missing":
        return "is missing"
    if kind == "string_pattern_mismatch":
        return "does not have the form it must have"
    return message.removeprefix("Value error, ")
