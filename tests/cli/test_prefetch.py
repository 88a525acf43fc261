"""``trialcards prefetch``: the templates as a table, or the service's entry in discovery as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cds.cli.exits import Exit
from cds.fhir.searches import searches_for
from tests.shipped import plan, read_once

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    read_once(monkeypatch)


def templates() -> dict[str, str]:
    return {each.key: each.template for each in searches_for(plan().needs, plan().vocabulary)}


def test_every_template_stands_on_a_line_of_its_own(run: Run) -> None:
    ran = run("prefetch")
    assert ran.code == Exit.OK
    assert dict(line.split(maxsplit=1) for line in ran.out.splitlines()) == templates()


def test_the_whole_entry_is_told_as_discovery_tells_it(run: Run) -> None:
    ran = run("prefetch", "--service", "trialcards-order-sign", "--json")
    entry = json.loads(ran.out)
    assert (ran.code, entry["hook"], entry["id"]) == (Exit.OK, "order-sign", "trialcards-order-sign")
    assert entry["prefetch"] == templates()


def test_a_service_that_is_switched_off_is_said_to_be(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    note = "# trialcards-order-sign is not switched on: CDS_SERVICES does not name order-sign"
    assert run("prefetch", "--service", "trialcards-order-sign").out.splitlines()[0] == note
    monkeypatch.setenv("CDS_SERVICES", "order-sign,patient-view")
    assert not run("prefetch", "--service", "trialcards-order-sign").out.startswith("#")


def test_a_service_that_there_is_not(run: Run) -> None:
    ran = run("prefetch", "--service", "trialcards-nothing")
    assert ran.code == Exit.USAGE
    assert "trialcards-nothing: there is no such service; there are trialcards-patient-view, " in ran.err
