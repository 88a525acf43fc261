"""One error shape for every route: a FHIR OperationOutcome that says which element and why.

Source: http://hl7.org/fhir/R4/operationoutcome.html.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Literal

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from cds.errors import CallerError, NotAuthenticated, Unavailable

JSON = "application/json"


class Issue(BaseModel):
    """What was wrong: `code` is one of FHIR's issue types, `diagnostics` names the element."""

    model_config = ConfigDict(extra="forbid")

    severity: Literal["error", "fatal"]
    code: str
    diagnostics: str


class OperationOutcome(BaseModel):
    """What went wrong with a call."""

    model_config = ConfigDict(extra="forbid")

    resourceType: Literal["OperationOutcome"]  # noqa: N815 - FHIR's name
    issue: list[Issue]


_WORDS = {
    400: ("invalid", "the call is malformed: the diagnostics name the element"),
    404: ("not-found", "no such service, trial or page"),
    405: ("not-supported", "this page does not take that method"),
    412: ("incomplete", "the patient can be had neither from prefetch nor from the FHIR server"),
    413: ("too-costly", "the body is too large"),
    422: ("required", "the bundle does not say which patient it is about"),
    429: ("throttled", "there were more calls than were agreed with this caller; Retry-After says when to come back"),
    500: ("exception", "our fault; the diagnostics hold the call's id for the log"),
    503: ("transient", "not now; Retry-After says when to come back"),
}


def outcome(status: int, code: str, diagnostics: str, headers: dict[str, str] | None = None) -> Response:
    """Give the error response."""
    severity = "fatal" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "error"
    issue = {"severity": severity, "code": code, "diagnostics": diagnostics}
    return reply({"resourceType": "OperationOutcome", "issue": [issue]}, status, headers)


def told(problem: CallerError | Unavailable) -> Response:
    """Give the error response for what was raised on purpose, with when to come back where that is known.

    Who is not let in learns nothing more than that.
    """
    if isinstance(problem, NotAuthenticated):
        return Response(status_code=problem.status, headers={"WWW-Authenticate": "Bearer"})
    wait_s = getattr(problem, "retry_after_s", None)
    headers = {"Retry-After": str(wait_s)} if wait_s is not None else None
    return outcome(problem.status, problem.code, str(problem), headers)


def reply(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Give a JSON response."""
    return Response(msgspec.json.encode(body), status, headers, JSON)


Described = dict[int | str, dict[str, Any]]


def answers(model: type[BaseModel], description: str, example: object) -> Described:
    """Describe the good answer of a route for the published contract."""
    return {200: {"model": model, "description": description, "content": {JSON: {"example": example}}}}


def errors(*statuses: int) -> Described:
    """Describe error responses for the published contract, each with an example."""
    return {
        status: {
            "model": OperationOutcome,
            "description": _WORDS[status][1],
            "content": {JSON: {"example": _example(status)}},
        }
        for status in statuses
    }


def _example(status: int) -> dict[str, Any]:
    code, words = _WORDS[status]
    severity = "fatal" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "error"
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": severity, "code": code, "diagnostics": words}],
    }


def tell_errors(app: FastAPI) -> None:
    """Have every error that is raised on purpose, ours or the framework's, answered with an OperationOutcome."""

    @app.exception_handler(CallerError)
    async def ours(request: Request, problem: CallerError) -> Response:
        del request
        return told(problem)

    @app.exception_handler(Unavailable)
    async def not_now(request: Request, problem: Unavailable) -> Response:
        del request
        return told(problem)

    @app.exception_handler(HTTPException)
    async def theirs(request: Request, problem: HTTPException) -> Response:
        del request
        code, words = _WORDS.get(problem.status_code, ("processing", HTTPStatus(problem.status_code).phrase))
        return outcome(problem.status_code, code, words, dict(problem.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, problem: RequestValidationError) -> Response:
        del request, problem
        return outcome(400, *_WORDS[400])

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, problem: ClientDisconnect) -> Response:
        del request, problem
        return outcome(400, "incomplete", "the caller went away before the body was complete")
