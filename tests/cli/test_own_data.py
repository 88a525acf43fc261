"""The commands about our own data, settings and contract, and how the service is started."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cds.cli.config import HIDDEN, shown
from cds.cli.exits import Exit
from cds.cli.serve import listen, with_demo
from cds.errors import BadSetting
from cds.settings import Settings, setting_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    Run = Callable[..., Any]


def test_the_shipped_data_are_clean(run: Run) -> None:
    assert run("mappings", "lint").out == "mappings: 0 faults\n"
    assert run("trials", "lint").out == "trials: 0 faults\n"


def test_a_linter_lists_faults_and_says_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "NCT00000001.yaml").write_text("nct_id: NCT00000001\n", "utf-8")

    ran = run("trials", "lint", tmp_path)

    assert ran.code == Exit.FAULTS
    assert "NCT00000001.yaml" in ran.out
    assert run("trials", "lint", tmp_path / "none").code == Exit.INPUT


def test_a_chart_is_checked_by_the_letter(run: Run, tmp_path: Path) -> None:
    chart = tmp_path / "odd.ndjson"
    patient = {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1960-01-01", "shoeSize": 39}
    chart.write_text(json.dumps(patient), "utf-8")

    ran = run("chart", "check", chart)

    assert ran.code == Exit.FAULTS
    assert ran.out == (
        "odd.ndjson: Patient/p shoeSize: R4B has no such element here\nodd.ndjson: 1 resource, 1 fault\n"
    )


def test_a_clean_chart_has_no_faults(run: Run, golden: Path) -> None:
    ran = run("chart", "check", golden / "breast-sparse" / "chart.json")

    assert ran.code == Exit.OK
    assert ran.out.endswith("resources, 0 faults\n")


def test_config_shows_every_setting(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDS_NEAR_DAYS", "14")

    ran = run("config")

    assert ran.code == Exit.OK
    for row in setting_rows():
        assert f"{row.variable} " in ran.out
    assert "14\n" in "\n".join(line.rstrip() for line in ran.out.splitlines())


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("near_days", 14, "14"),
        ("show_drafts", False, "false"),
        ("records", None, "(empty)"),
        ("fhir_servers", (), "(empty)"),
        ("fhir_servers", ("https://a.test", "https://b.test"), "https://a.test, https://b.test"),
        ("store_url", "postgresql://u:a@b:c/d@host/x", f"postgresql://u:{HIDDEN}@host/x"),
        ("store_url", "postgresql://host/x?user=u&password=abc", f"postgresql://host/x?{HIDDEN}"),
        ("signing_key", "abc", HIDDEN),
        ("client_secret", "abc", HIDDEN),
        ("database", "postgresql://user:abc@host/name", HIDDEN),
    ],
)
def test_settings_are_shown_but_for_secrets(name: str, value: object, text: str) -> None:
    assert shown(name, value) == text


def test_names_that_hold_commas_are_shown_as_they_are_written(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDS_FACILITIES", "Example Hospital, Springfield; Another")
    assert "Example Hospital, Springfield; Another" in run("config").out


def test_openapi_prints_the_contract(run: Run) -> None:
    told = json.loads(run("openapi").out)

    assert told["info"]["title"] == "Trialcards"
    assert "/api/assessments" in told["paths"]


def test_the_demo_needs_charts(tmp_path: Path, golden: Path) -> None:
    assert with_demo(Settings(), golden).demo_charts == golden
    assert with_demo(Settings(demo_charts=tmp_path), golden).demo_charts == tmp_path
    with pytest.raises(BadSetting, match="CDS_DEMO_CHARTS"):
        with_demo(Settings(), tmp_path / "none")


def test_an_address_in_use_is_said_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadSetting, match=f"cannot listen on 127.0.0.1 port {port}: address already in use"):
            listen("127.0.0.1", port)


def test_it_runs_as_a_module() -> None:
    ran = subprocess.run([sys.executable, "-m", "cds", "--version"], capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("trialcards ")
