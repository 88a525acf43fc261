"""Small charts to read: one Patient/p and whatever entries a test puts beside it."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cds.core.chart import Chart
from cds.fhir.reading.read import chart_of_bundle

Json = dict[str, Any]


@pytest.fixture(scope="session")
def zone() -> ZoneInfo:
    return ZoneInfo("America/New_York")


@pytest.fixture
def chart(zone: ZoneInfo) -> Callable[..., Chart]:
    """Read resources, given as JSON objects, together with a patient born on 1960-02-29."""

    def read(*resources: Json, patient: Json | None = None, covered: dict[str, str] | None = None) -> Chart:
        person = {"resourceType": "Patient", "id": "p", "birthDate": "1960-02-29", **(patient or {})}
        bundle = {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": each} for each in (person, *resources)],
        }
        return chart_of_bundle(bundle, patient_id=None, covered=covered, zone=zone)

    return read
