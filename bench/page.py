"""How long the clinician's page takes to show a trial of many criteria: a ratio and milliseconds, no pass or fail.

A made-up trial of 500 findings is opened in Chromium, from the press of its link until it is on the screen. The
same number of lines is laid out as a plain list in the same page, measured in turn with it, so that the ratio means
the same on a slow machine. ``make bench`` does not run it, as it needs a browser: ``python -m bench.page``;
``--help`` tells the options.
"""

from __future__ import annotations

import argparse
import os
import shutil
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import uvicorn

from cds.app import create_app
from cds.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

GOLDEN = Path(__file__).resolve().parents[1] / "tests" / "golden"
CHART = "colon-nec-near"
TRIAL = "NCT00000001"
TRUTHS = ("met", "unmet", "unknown")
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")

OPENING = """(place) => new Promise((done) => {
    const began = performance.now();
    addEventListener("hashchange", () => requestAnimationFrame(() => setTimeout(() => done(performance.now() - began))),
        { once: true });
    location.hash = place;
})"""
LISTING = """(number) => new Promise((done) => {
    const began = performance.now();
    const list = document.createElement("ul");
    for (let each = 0; each < number; each += 1) {
        const line = document.createElement("li");
        line.textContent = `Criterion ${each}: Entry ${each} on 2026-06-01.`;
        list.append(line);
    }
    const view = document.getElementById("view");
    view.replaceChildren(list);
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
})"""


def findings(number: int) -> list[dict[str, Any]]:
    """Make up findings of all three answers, each with an entry as its evidence."""
    return [
        {
            "criterion": f"c{each}",
            "label": f"Criterion {each}",
            "kind": "condition",
            "section": "inclusion" if each % 2 else "exclusion",
            "asks": f"The trial asks for {each}.",
            "truth": TRUTHS[each % 3],
            **({"cause": "no-record"} if each % 3 == 2 else {"basis": "documented"}),
            "explanation": f"Entry {each} on 2026-06-01.",
            "evidence": [{"reference": f"Condition/{each}", "label": f"Entry {each}", "date": "2026-06-01"}],
            "source": {"line": each + 1},
        }
        for each in range(number)
    ]


def answer(number: int) -> dict[str, Any]:
    """Make up the answer of an assessment with one trial."""
    told = findings(number)
    counts = {truth: sum(each["truth"] == truth for each in told) for truth in TRUTHS}
    trial = {
        "nctId": TRIAL,
        "title": f"A trial of {number} criteria",
        "overallStatus": "RECRUITING",
        "verdict": "near",
        "definition": {"complete": True, "draft": False},
        "cohorts": [],
        "counts": counts | {"judgement": 0},
        "findings": told,
    }
    chart = {"read": {"Condition": 1}, "lost": [], "covered": {"Condition": "complete"}}
    return {"asOf": "2026-06-15", "chart": chart, "trials": [trial]}


@contextmanager
def served() -> Iterator[str]:
    """Serve the demo on a free port of this machine, and give its address."""
    config = uvicorn.Config(
        create_app(Settings(demo_charts=GOLDEN)), host="127.0.0.1", port=0, log_config=None, ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


def measured(number: int, rounds: int, program: str) -> tuple[list[float], list[float]]:
    """Give the milliseconds of opening the trial, and of the plain list, round by round."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where a browser is

    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        made = answer(number)
        page.route("**/api/assessments", lambda route: route.fulfill(json=made))
        page.goto(f"{address}/app/?chart={CHART}#/")
        page.locator(".row").first.wait_for()
        opened, plain = [], []
        for _ in range(rounds + 1):
            opened.append(page.evaluate(OPENING, f"#/{TRIAL}"))
            plain.append(page.evaluate(LISTING, number))
            page.evaluate(OPENING, "#/")
        browser.close()
    return opened[1:], plain[1:]  # the first round warms up


def main() -> None:
    """Measure, and print a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--findings", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    program = os.environ.get("CDS_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        raise SystemExit("no Chromium here; name one with CDS_CHROMIUM")
    opened, plain = measured(options.findings, options.rounds, program)
    ratio = median(one / other for one, other in zip(opened, plain, strict=True))
    print(
        f"{options.findings} findings: {median(opened):.0f} ms to open (slowest {max(opened):.0f} ms), "
        f"{ratio:.1f} times a plain list of as many lines ({median(plain):.0f} ms)"
    )


if __name__ == "__main__":
    main()
