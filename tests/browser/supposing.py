"""What if, as a person does it: unfold a criterion, look at the strip, and what the page asks meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.browser.opening import row_of

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

__all__ = ["NEAR", "WORDS", "bar", "questions", "told_directly", "unfold", "verdict"]

NEAR = "NCT07328490"
"""Of the chart of colon-nec-near: a trial that a platelet count stands in the way of."""
WORDS = {"candidate": "Candidate", "near": "Near", "possible": "Possible", "does-not-fit": "Does not fit"}

Json = dict[str, Any]


def questions(page: Page) -> list[Json]:
    """Give what will hold the questions that the page asks, as it asks them."""
    sent: list[Json] = []

    def heard(request: Any) -> None:  # noqa: ANN401 - Playwright may not be here
        if request.url.endswith("/api/assessments"):
            sent.append(request.post_data_json)

    page.on("request", heard)
    return sent


def unfold(page: Page, criterion: str, trial: str = NEAR) -> Locator:
    """Open a criterion of a trial, unless it is."""
    row: Locator = row_of(page, trial, criterion)
    if not row.evaluate("each => each.open"):
        row.locator("summary").first.click()
    return row


def told_directly(page: Page, service: str, question: Json, **changes: object) -> Json:
    """Ask the service itself, and give the trials by their numbers."""
    answer = page.request.post(f"{service}/api/assessments", data=question | changes)
    assert answer.ok, answer.text()
    return {each["nctId"]: each for each in answer.json()["trials"]}


def verdict(page: Page) -> Locator:
    """Give the word of the open trial's verdict."""
    return page.locator(".trial-head .verdict .word")


def bar(page: Page) -> Locator:
    """Give the strip that lists what was said here."""
    return page.locator("#what-if")
