"""Opening the clinician's page on a golden chart, or on an answer that a test has made up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

__all__ = ["ANSWERED", "answer_with", "found", "made_up", "open_chart", "row_of", "trial"]

ANSWERED = "As of "
"""How the page's status begins once an answer is shown."""

Json = dict[str, Any]


def open_chart(page: Page, service: str, slug: str, route: str = "") -> None:
    """Open the page on an example chart, and wait until it shows what the service said."""
    page.goto(f"{service}/app/?chart={slug}#/{route}")
    page.locator("#status", has_text=ANSWERED).wait_for()


def row_of(page: Page, trial: str, criterion: str, cohort: str = "") -> Any:  # noqa: ANN401 - Playwright may not be here
    """Give the fold of one criterion of a trial."""
    return page.locator(f"[id='f-{trial}-{cohort}-{criterion}']")


def answer_with(page: Page, answer: Json) -> None:
    """Have every assessment answered with this."""

    def give(route: Route) -> None:
        route.fulfill(status=200, content_type="application/json", body=json.dumps(answer))

    page.route("**/api/assessments", give)


def found(number: int, truth: str = "met", **members: object) -> Json:
    """Make up a finding."""
    because = {"cause": "no-record"} if truth == "unknown" else {"basis": "documented"}
    return {
        "criterion": f"c{number}",
        "label": f"Criterion {number}",
        "kind": "condition",
        "section": "inclusion" if number % 2 else "exclusion",
        "asks": f"The trial asks for {number}.",
        "truth": truth,
        **because,
        "explanation": f"Entry {number} on 2026-06-01.",
        "evidence": [{"reference": f"Condition/{number}", "label": f"Entry {number}", "date": "2026-06-01"}],
        "source": {"line": number + 1},
    } | members


def trial(number: int, findings: list[Json], verdict: str = "near", **members: object) -> Json:
    """Make up what a trial is to the patient."""
    truths = [each["truth"] for each in findings]
    return {
        "nctId": f"NCT{number:08}",
        "title": f"Trial {number}",
        "overallStatus": "RECRUITING",
        "verdict": verdict,
        "definition": {"complete": True, "draft": False},
        "cohorts": [],
        "counts": {truth: truths.count(truth) for truth in ("met", "unmet", "unknown")} | {"judgement": 0},
        "findings": findings,
    } | members


def made_up(*trials: Json, **members: object) -> Json:
    """Make up a whole answer."""
    chart = {"read": {"Condition": 2}, "lost": [], "covered": {"Condition": "complete"}}
    return {"asOf": "2026-06-15", "chart": chart, "trials": list(trials)} | members
