"""Reading the demo's charts, and the templates that can be answered from them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from cds.errors import BadSetting
from cds.web.charts import demo_day, load_charts
from cds.web.cut import patient_id_of, prefetch_of, read_templates

if TYPE_CHECKING:
    from pathlib import Path


def test_the_demo_plays_the_latest_day_of_its_charts(folder: Path) -> None:
    assert demo_day(load_charts(folder)) == dt.date(2026, 6, 15)


def test_a_folder_without_charts_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="CDS_DEMO_CHARTS: there is no example chart"):
        load_charts(tmp_path)


@pytest.mark.parametrize("name", ["case.json", "chart.json"])
def test_a_broken_case_is_named(folder: Path, name: str) -> None:
    (folder / "first" / name).write_text("{", "utf-8")

    with pytest.raises(BadSetting, match="CDS_DEMO_CHARTS: first: "):
        load_charts(folder)


def test_a_case_without_a_patient_is_named(folder: Path) -> None:
    (folder / "second" / "chart.json").write_text('{"resourceType": "Bundle", "entry": []}', "utf-8")

    with pytest.raises(BadSetting, match="second: the chart holds no patient"):
        load_charts(folder)


def test_a_case_without_a_chart_is_named(folder: Path) -> None:
    (folder / "second" / "chart.json").unlink()

    with pytest.raises(BadSetting, match="second: a file is missing"):
        load_charts(folder)


@pytest.mark.parametrize(
    "template",
    [
        "Encounter/{{context.encounterId}}",
        "Observation?category=laboratory",
        "Observation?patient={{context.patientId}}&date=ge2026-01-01",
    ],
)
def test_a_template_that_cannot_be_answered_stops_the_start(template: str) -> None:
    with pytest.raises(ValueError, match="prefetch template odd"):
        read_templates({"odd": template})


def test_garbage_in_a_chart_is_passed_over() -> None:
    bundle = {"entry": [None, {"resource": 7}, {"resource": {"resourceType": "Patient", "id": "p"}}, {"fullUrl": "x"}]}
    asked = read_templates({"conditions": "Condition?patient={{context.patientId}}&code=1"})

    assert patient_id_of(bundle) == "p"
    assert prefetch_of(bundle, "p", asked) == {
        "conditions": {"resourceType": "Bundle", "type": "searchset", "total": 0, "entry": []}
    }


def test_a_chart_without_a_patient_is_refused() -> None:
    with pytest.raises(ValueError, match="no patient"):
        patient_id_of({"entry": []})
