"""What launches the page at the kit: the site with the kit on its list, and a page that can be looked into."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from cds.app import StoppedClock
from cds.settings import Settings
from tests.browser.serving import App
from tests.browser.smart_kit import CLIENT, LAUNCH, Kit

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

__all__ = ["NOON", "Site", "blank", "launch_list", "settings_by_token", "settings_with"]

NOON = StoppedClock(dt.date(2026, 6, 15), dt.UTC)

_FINISH = """async () => {
  const { finishLaunch } = await import("/app/assets/smart.js");
  const settings = await (await fetch("/app/settings.json")).json();
  try {
    globalThis.session = await finishLaunch(settings, location);
  } catch (fault) {
    return { fault: fault.message };
  }
  const { user, patientId, lacking, encounter, appContext, scopes, fhir } = session;
  const saves = [session.canWrite("Observation"), Boolean(session.save)];
  return { user, patientId, lacking, encounter, appContext, scopes, fhir, saves };
}"""
_READ = """async (options) => {
  const { readChart } = await import("/app/assets/records.js");
  const { getJson } = await import("/app/assets/service.js");
  try {
    return await readChart(session, await getJson("/api/needs"), options);
  } catch (fault) {
    return { fault: fault.message, again: fault.again };
  }
}"""


def launch_list(folder: Path, kit: Kit, *more: str) -> Path:
    """Write the site's list with the kit on it; ``more`` are further lines of its entry."""
    lines = [f"id: kit\n    fhir: {kit.fhir}\n    client_id: {CLIENT}\n    standalone: true", *more]
    path = folder / "launch.yaml"
    path.write_text("servers:\n  - " + "\n    ".join(lines) + "\n", "utf-8")
    return path


def blank(app: App) -> App:
    """Put an empty page, under the service's own headers, where the clinician's page is."""
    html = b"<!doctype html><html lang=en><title>Blank</title><link rel=icon href='/app/assets/icon.svg'><h1>Blank</h1>"

    async def called(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's own shapes
        async def sent(message: Any) -> None:  # noqa: ANN401 - ASGI's own shapes
            if message["type"] == "http.response.start":
                kept = [pair for pair in message["headers"] if pair[0] not in {b"content-length", b"etag"}]
                message = {**message, "headers": kept}
            elif message["type"] == "http.response.body":
                message = {"type": "http.response.body", "body": html}
            await send(message)

        if scope["type"] == "http" and scope["path"] == "/app/":
            await app({**scope, "path": "/app/launch", "raw_path": b"/app/launch"}, receive, sent)
        else:
            await app(scope, receive, send)

    return called


def settings_with(launch: Path) -> Settings:
    """Give the settings of a site that asks nobody for proof."""
    return Settings(authentication="off", store_url="sqlite://", launch_servers=launch)


def settings_by_token(folder: Path, kit: Kit) -> Settings:
    """Give the settings of a site that lets nobody in without a token: the kit's people prove themselves by theirs."""
    callers = folder / "callers.yaml"
    callers.write_text(
        "callers:\n  - id: ehr\n    issuer: https://ehr.example.org\n    jku: [https://ehr.example.org/keys]\n"
    )
    launch = launch_list(folder, kit, f"issuer: {kit.address}", f"jwks: {kit.address}/keys")
    public = "https://cards.example.org"
    return Settings(public_url=public, callers=callers, launch_servers=launch, store_url="sqlite://")


class Site:
    """The service at ``address`` with the kit as its EHR, seen through ``page``.

    Sign-in comes back to an empty page (:func:`blank`), so that launch and reading are tried by themselves.
    """

    def __init__(self, address: str, kit: Kit, page: Page) -> None:
        self.address, self.kit, self.page = address, kit, page
        kit.redirects = {f"{address}/app/", f"{address}/app/trials"}

    def open(self, iss: str | None = None, launch: str | None = LAUNCH) -> None:
        """Open the page as the EHR does."""
        where = f"?iss={quote(iss or self.kit.fhir, safe='')}" + (f"&launch={launch}" if launch else "")
        self.page.goto(f"{self.address}/app/launch{where}")

    def came_back(self) -> None:
        """Wait until sign-in has sent the browser back with its answer."""
        self.page.wait_for_url(lambda url: urlsplit(url).path == "/app/" and bool(urlsplit(url).query))

    def finish(self) -> dict[str, Any]:
        """Finish the launch in the empty page; what it came to, or its fault."""
        told: dict[str, Any] = self.page.evaluate(_FINISH)
        return told

    def launched(self) -> dict[str, Any]:
        """Open as the EHR does, come back and finish."""
        self.open()
        self.came_back()
        return self.finish()

    def read(self, **options: object) -> dict[str, Any]:
        """Read the chart with the session that was opened."""
        told: dict[str, Any] = self.page.evaluate(_READ, options)
        return told
