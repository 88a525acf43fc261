"""The published contract against the application: whatever it allows or forbids, answers are as it says."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cds.api.build import build
from cds.memory import Memory
from cds.settings import Settings
from cds.store.store import Store
from tests.api.calls import RECORDS
from tests.service import world

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
HOOKS = ("patient-view", "order-select")
"""The first, and the one whose context holds most."""
SERVICE = world.service(hooks=HOOKS, memory=Memory(Store.open("sqlite://"), patience_s=5))
schema = schemathesis.openapi.from_asgi(
    "/openapi.json", build(SERVICE, Settings(authentication="off"), RECORDS, door=world.DOOR, news=lambda _: ())
)
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


@schema.parametrize()
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_published(case: Any) -> None:  # noqa: ANN401 - schemathesis gives its cases no public type
    case.call_and_validate(checks=CHECKS)


def test_the_contract_names_every_route() -> None:
    assert sorted(schema.raw_schema["paths"]) == [
        "/.well-known/jwks.json",
        "/api/about",
        "/api/about/{nct_id}",
        "/api/assessments",
        "/api/changes",
        "/api/changes.atom",
        "/api/feedback/summary",
        "/api/needs",
        "/api/trials",
        "/api/trials/{nct_id}",
        "/api/trials/{nct_id}/feedback",
        "/api/trials/{nct_id}/lint",
        "/api/trials/{nct_id}/related",
        "/cds-services",
        *sorted(f"/cds-services/trialcards-{hook}{end}" for hook in HOOKS for end in ("", "/feedback")),
        "/getClinicalTrial",
        "/health/live",
        "/health/ready",
        "/metrics",
    ]
