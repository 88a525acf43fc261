"""What no page may do while a test looks on: complain, fail, or ask anybody but the servers of the test."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.browser.serving import OURS

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, WebError

__all__ = ["Watch", "accessible"]

_LOUD = frozenset({"error", "warning", "assert"})


class Watch:
    """Hears every page of one context, its frames and the windows it opens."""

    def __init__(self, context: BrowserContext) -> None:
        self._expected: list[str] = []
        self._complaints: list[str] = []
        self.asked: list[str] = []
        """Every address that was asked for, in order."""
        context.on("console", self._said)
        context.on("weberror", self._broke)
        context.on("request", self._requested)

    def expects(self, *words: str) -> None:
        """Let complaints pass that hold one of these words, as "401" where the service is meant to refuse."""
        self._expected.extend(words)

    @property
    def complaints(self) -> list[str]:
        """What was heard so far and not expected."""
        return [each for each in self._complaints if not any(word in each for word in self._expected)]

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in _LOUD:
            self._complaints.append(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def _broke(self, fault: WebError) -> None:
        self._complaints.append(f"uncaught: {fault.error}")

    def _requested(self, request: Request) -> None:
        parts = urlsplit(request.url)
        self.asked.append(request.url)
        if parts.scheme not in {"data", "blob", "about"} and f"{parts.scheme}://{parts.netloc}" not in OURS:
            self._complaints.append(f"asked outside: {request.method} {request.url}")


def accessible(page: Page) -> None:
    """Fail where axe finds anything that keeps people out, in the page or in a frame of ours within it."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - only where a browser is

    found = []
    for frame in page.frames:
        if any(frame.url.startswith(f"{each}/") for each in OURS):
            told = Axe().run(frame, options={"resultTypes": ["violations"], "iframes": False}).response
            found += [f"{each['id']}: {each['help']}: {_places(each)}" for each in told["violations"]]
    assert not found, "\n".join(found)


def _places(violation: dict[str, list[dict[str, object]]]) -> str:
    return "; ".join(str(each["html"])[:200] for each in violation["nodes"][:5])
