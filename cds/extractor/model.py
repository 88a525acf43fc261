"""A client of one server that offers chat completions as OpenAI's API does; every failure is a ``None``.

What leaves this program is the text of public registry records and our own instructions, to the one address that the
site named. What comes back is text that nobody has reason to believe: whoever takes it holds it against the line.
Form: the request is ``POST {base}/chat/completions`` with ``model`` and ``messages``, the answer stands in
``choices[0].message.content`` (OpenAI's API reference; https://docs.vllm.ai/en/v0.10.2/serving/openai_compatible_server.html).
``response_format`` is not sent, as servers differ in which they know.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

import httpx
import msgspec

__all__ = ["Limits", "Model", "Visit"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is asked at a time, and how much is taken of an answer."""

    parallel: int = 2
    bytes: int = 1_000_000


@dataclass(slots=True)
class Visit:
    """All that is asked under one deadline, and what came of it. ``problem`` says in a few words what failed last.

    Once the server has failed in a way that will not pass, or the time is over, it is not asked again.
    """

    until: float
    gate: asyncio.Semaphore
    asked: int = 0
    answered: int = 0
    problem: str = ""
    over: bool = False


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message


class _Completion(msgspec.Struct):
    choices: list[_Choice]


_READ: Final = msgspec.json.Decoder(_Completion)
_UNPACKED: Final = frozenset({"", "identity", "gzip"})
"""What is packed twice would unpack to any size before it could be counted."""
_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})
"""Other questions may be answered."""
_NOT_TAKEN: Final = 400


class _FailedError(Exception):
    """The server gave no answer; the message says how, and holds nothing of it."""

    def __init__(self, problem: str, *, over: bool = False) -> None:
        super().__init__(problem)
        self.problem, self.over = problem, over


class Model:
    """One model of one server. ``name`` is what the server calls it."""

    def __init__(
        self, client: httpx.AsyncClient, base: str, name: str, key: str | None, *, limits: Limits | None = None
    ) -> None:
        """Use this HTTP client, without its request log."""
        self.name = name
        self._client, self._address, self._key = client, f"{base.rstrip('/')}/chat/completions", key
        self._limits = limits or Limits()
        self._chosen: dict[str, object] = {"temperature": 0}
        for logger in ("httpx", "httpcore"):
            logging.getLogger(logger).setLevel(logging.WARNING)

    def begin(self, deadline_s: float) -> Visit:
        """Begin to ask, with one deadline for all questions."""
        return Visit(asyncio.get_running_loop().time() + deadline_s, asyncio.Semaphore(self._limits.parallel))

    async def answer(self, instructions: str, question: str, visit: Visit) -> str | None:
        """Ask one question; nothing where there is no answer."""
        try:
            async with asyncio.timeout_at(visit.until), visit.gate:
                if visit.over:
                    return None
                visit.asked += 1
                told = await self._told(instructions, question)
        except TimeoutError:
            visit.problem, visit.over = "took longer than it may", True
        except _FailedError as failed:
            visit.problem, visit.over = failed.problem, visit.over or failed.over
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as failed:
            visit.problem, visit.over = f"cannot be reached ({type(failed).__name__})", True
        else:
            visit.answered += 1
            return told
        return None

    async def _told(self, instructions: str, question: str) -> str:
        chosen = self._chosen
        status, body = await self._posted(instructions, question, chosen)
        if status == _NOT_TAKEN and chosen:
            # Some models take no temperature but their own, and answer 400: they are asked without one from then on.
            self._chosen = {}
            status, body = await self._posted(instructions, question, {})
        if not httpx.codes.is_success(status):
            raise _FailedError(f"answered {status}", over=status not in _PASSING)
        try:
            choices = _READ.decode(body).choices
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise _FailedError("sent something that is no chat completion") from None
        if not choices or not choices[0].message.content:
            raise _FailedError("sent a chat completion without an answer")
        return choices[0].message.content

    async def _posted(self, instructions: str, question: str, chosen: dict[str, object]) -> tuple[int, bytes]:
        """Ask once. Redirects are not followed: the site named one server, and none other is asked."""
        messages = [{"role": "system", "content": instructions}, {"role": "user", "content": question}]
        request = self._client.build_request(
            "POST",
            self._address,
            json={"model": self.name, "messages": messages, **chosen},
            headers={"accept": "application/json", "accept-encoding": "gzip", **self._proof()},
            timeout=None,
        )
        response = await self._client.send(request, stream=True, follow_redirects=False)
        try:
            return response.status_code, await self._body(response)
        finally:
            await response.aclose()

    def _proof(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._key}"} if self._key else {}

    async def _body(self, response: httpx.Response) -> bytes:
        if response.headers.get("content-encoding", "").strip().lower() not in _UNPACKED:
            raise _FailedError("sent its answer packed in a way that is not taken")
        taken = bytearray()
        async for chunk in response.aiter_bytes():
            taken += chunk
            if len(taken) > self._limits.bytes:
                raise _FailedError("sent more than is taken at once")
        return bytes(taken)
