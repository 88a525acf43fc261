"""The harness itself: it hears what it should, and lets pass what a test says it brings about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.watch import Watch, accessible

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page


@pytest.fixture
def heard(context: BrowserContext) -> Watch:
    return Watch(context)


@pytest.mark.parametrize(
    ("does", "word"),
    [
        ("console.warn('odd')", "console warning: odd"),
        ("console.error('bad')", "console error: bad"),
        ("setTimeout(() => { throw new Error('broke') })", "uncaught: broke"),
        ("fetch('/nothing-here')", "status of 404"),
        ("fetch('https://example.org/').catch(() => 0)", "connect-src"),
        ("document.body.append(Object.assign(document.createElement('img'), {src: 'x', onerror: '1'}))", "404"),
        ("document.body.setAttribute('style', 'color: red')", "style-src"),
        ("new WebSocket('ws://127.0.0.1:9')", "connect-src"),
    ],
)
def test_what_a_page_should_not_do_is_heard(
    context: BrowserContext, heard: Watch, service: str, does: str, word: str
) -> None:
    page = context.new_page()
    page.goto(f"{service}/app/trials")
    page.wait_for_load_state("networkidle")
    assert heard.complaints == []
    page.evaluate(f"() => {{ {does} }}")
    page.wait_for_timeout(300)
    assert any(word in each for each in heard.complaints), heard.complaints
    heard.expects(word)
    assert not any(word in each for each in heard.complaints)


def test_a_request_outside_is_heard(context: BrowserContext, heard: Watch) -> None:
    page = context.new_page()
    page.goto("data:text/html,<img src='http://127.0.0.1:9/pixel' alt=''>")
    page.wait_for_timeout(200)
    assert any("asked outside: GET http://127.0.0.1:9/pixel" in each for each in heard.complaints)


def test_what_keeps_people_out_is_named(page: Page, service: str) -> None:
    page.goto(f"{service}/app/trials")
    accessible(page)
    page.evaluate("document.body.append(document.createElement('button'))")
    with pytest.raises(AssertionError, match="button-name"):
        accessible(page)
