"""Request bodies: read no further than they may be long, and decoded with exact numbers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from cds.api.outcomes import JSON
from cds.errors import BadCall, TooLarge

if TYPE_CHECKING:
    from fastapi import Request
    from pydantic import BaseModel


_LONGEST_NUMBER = 18
LONGEST_WAIT_S: Final = 20.0
"""A body that drips holds one of the places that calls are answered in; the largest that is taken needs 1 MB/s."""


async def read_body(request: Request, limit_bytes: int, longest_wait_s: float = LONGEST_WAIT_S) -> bytes:
    """Read a request's body, as long as it comes in time.

    Raises ``TooLarge`` as soon as it is, or says that it will be, larger than the limit, and ``BadCall`` for one that
    is not whole by then.
    """
    declared = request.headers.get("content-length", "")
    too_large = TooLarge(f"the body is larger than {limit_bytes} bytes")
    if declared.isdecimal() and (len(declared) > _LONGEST_NUMBER or int(declared) > limit_bytes):
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(longest_wait_s):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit_bytes:
                    raise too_large
    except TimeoutError:
        raise BadCall(f"the body was not whole within {longest_wait_s:g} seconds") from None
    return bytes(body)


def body_of(*models: type[BaseModel], example: object, extra: dict[str, Any] | None = None) -> dict[str, Any]:
    """Describe a request body for the published contract: one of these models, or the schema in ``extra``."""
    schemas: list[dict[str, Any]] = [{"$ref": f"#/components/schemas/{model.__name__}"} for model in models]
    schemas += [extra] if extra else []
    schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema, "example": example}}}}
