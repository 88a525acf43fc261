"""The ground floor of the browser tests: the service on a real socket, Chromium, and an ear on all that a page does.

Every test in this folder is marked ``browser`` and left out of ``make test``; ``make test-browser`` runs them. Where
Playwright is not installed nothing of this folder is collected, and where Chromium is not to be had each test is
skipped, saying so.

- ``service``: the address of the demo's service with the golden charts. ``service_with(settings, clock=…)`` starts
  another that ends with the test.
- ``page``: a fresh context of its own, of a wide screen. At its end the test fails on any error or warning of the
  console, any uncaught error, and any request but to the servers of these tests. ``watch.expects("401")`` lets pass
  what a test means to bring about; ``watch.asked`` are the addresses asked for. ``new_page()`` gives a context more.
- ``axe(page)``: fails on whatever axe finds, by name.
- ``kit``: an EHR to open the page from, and ``site``: a service that lists it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cds.settings import Settings
from tests.browser.launching import NOON, Site, blank, launch_list, settings_with
from tests.browser.serving import App, running, serving
from tests.browser.smart_kit import Kit, make_kit
from tests.browser.watch import Watch, accessible
from tests.shipped import read_once

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden"
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no page and no browser asks anybody outside
)
PATIENCE_MS = 10_000

collect_ignore_glob = [] if find_spec("playwright") and find_spec("axe_playwright_python") else ["test_*.py"]


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out what is marked
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browser")


# ------------------------------------------------------------------------------------------------------- the service


@pytest.fixture(scope="session")
def _tables() -> Iterator[None]:
    """Read tables and trials once for all services of the session."""
    with pytest.MonkeyPatch.context() as patch:
        read_once(patch)
        yield


@pytest.fixture(scope="session")
def service(_tables: None) -> Iterator[str]:
    """Give the address of the demo."""
    with running(Settings(demo_charts=GOLDEN)) as address:
        yield address


@pytest.fixture
def service_with(_tables: None) -> Iterator[Callable[..., str]]:
    """Give what starts a service with other settings, until the test ends."""
    with ExitStack() as open_ones:
        yield lambda settings, clock=None: open_ones.enter_context(running(settings, clock))


@pytest.fixture(scope="session")
def _ehr() -> Iterator[Kit]:
    kits = []

    def made(address: str) -> App:
        kits.append(Kit(address))
        return make_kit(kits[0])

    with serving(made):
        yield kits[0]


@pytest.fixture
def kit(_ehr: Kit) -> Kit:
    """Give the EHR from which the page is opened, as it behaves by itself and with nothing asked yet."""
    _ehr.renew()
    return _ehr


@pytest.fixture(scope="session")
def opened_from_kit(_tables: None, _ehr: Kit, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    listed = launch_list(tmp_path_factory.mktemp("site"), _ehr, "save_observations: true")
    with running(settings_with(listed), NOON, blank) as address:
        yield address


@pytest.fixture
def site(opened_from_kit: str, kit: Kit, page: Page) -> Site:
    """Give a site that opens from the kit, and comes back to an empty page; it plays the golden charts' day."""
    return Site(opened_from_kit, kit, page)


# ------------------------------------------------------------------------------------------------------- the browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Give one Chromium for all tests: that of ``CDS_CHROMIUM``, or the machine's own."""
    program = os.environ.get("CDS_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no Chromium here; name one with CDS_CHROMIUM")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where a browser is

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Give a context with nothing in it: the clipboard may be written, and nobody is in a hurry."""
    made = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", timezone_id="UTC")
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


@pytest.fixture
def watch(context: BrowserContext) -> Iterator[Watch]:
    """Hear what the pages of the context do, and fail on what they should not."""
    ears = Watch(context)
    yield ears
    assert not ears.complaints, "\n".join(ears.complaints)


@pytest.fixture
def page(context: BrowserContext, watch: Watch) -> Page:
    """Give a page that is watched."""
    assert not watch.complaints
    return context.new_page()


@pytest.fixture
def new_page(context: BrowserContext, watch: Watch) -> Callable[[], Page]:
    """Give what opens another page of the same context, watched too."""
    assert not watch.complaints
    return context.new_page


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """Give what fails on anything that keeps people out."""
    return accessible
