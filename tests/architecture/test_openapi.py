"""The published contract in openapi/ is the one the application keeps."""

import json
from pathlib import Path

from cds.app import openapi_document

CONTRACT = Path(__file__).resolve().parents[2] / "openapi" / "openapi.json"


def test_the_published_contract_is_not_stale(rewrite: bool) -> None:  # noqa: FBT001 - a fixture
    told = json.dumps(openapi_document(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    if rewrite:
        CONTRACT.parent.mkdir(exist_ok=True)
        CONTRACT.write_text(told, encoding="utf-8")
    assert CONTRACT.read_text(encoding="utf-8") == told, "the contract has changed: run `make openapi` and review it"


def test_every_route_says_how_it_fails() -> None:
    paths = openapi_document()["paths"]
    assert set(paths) >= {"/cds-services", "/cds-services/trialcards-patient-view", "/api/assessments", "/health/ready"}
    for path, verbs in paths.items():
        for verb, operation in verbs.items():
            assert "500" in operation["responses"] or path.startswith("/health"), (path, verb)
            assert operation.get("summary"), (path, verb)
