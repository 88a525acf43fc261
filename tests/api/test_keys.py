"""The public keys of the site, where EHRs fetch them."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from cds.app import create_app
from cds.cli.config import HIDDEN, shown
from cds.errors import BadSetting
from cds.fhir.backend.keys import private_jwk, public_set
from cds.settings import Settings
from tests.fhir.backend.authority import ES, RS
from tests.shipped import read_once

PATH = "/.well-known/jwks.json"


async def answered(**chosen: object) -> httpx.Response:
    settings = Settings(store_url="sqlite://", **chosen)  # type: ignore[arg-type] # settings of several kinds
    app = create_app(settings)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://testserver") as ehr:
        return await ehr.get(PATH)


@pytest.mark.anyio
async def test_the_public_halves_are_published_to_everybody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    read_once(monkeypatch)
    callers = tmp_path / "callers.yaml"
    callers.write_text("callers:\n  - id: north\n    issuer: https://a.example\n    jku: [https://a.example/keys]\n")
    files = []
    for key in (ES, RS):
        files.append(tmp_path / key.algorithm)
        files[-1].write_text(private_jwk(key))
    answer = await answered(client_keys=tuple(files), callers=callers)
    assert answer.status_code == 200
    assert answer.json() == public_set([ES, RS])
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.anyio
async def test_a_site_without_keys_publishes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    read_once(monkeypatch)
    answer = await answered(authentication="off")
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["issue"][0]["diagnostics"] == "this site publishes no keys"


@pytest.mark.anyio
async def test_a_key_that_cannot_be_read_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    read_once(monkeypatch)
    with pytest.raises(BadSetting, match=r"none\.json: there is no such file"):
        await answered(authentication="off", client_keys=(tmp_path / "none.json",))


def test_where_the_keys_lie_is_not_shown() -> None:
    assert shown("client_keys", (Path("key.json"),)) == HIDDEN
