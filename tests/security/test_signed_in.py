"""The page shows who signed in to it: forged id tokens let nobody in, and good ones only to what the page needs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cds.api.limits import Gate
from cds.errors import BadSetting
from tests.security.id_tokens import (
    EAST_KEYS,
    FORGED,
    GOOD,
    LAUNCH,
    SANDBOX_KEYS,
    WEST_KEYS,
    at_the_sandbox,
    id_token,
    network,
    warm_keys,
    west,
)
from tests.security.tokens import DISCOVERY, FEEDBACK, HOOK, LIST, PUBLIC, Site, jwk, make_site, token
from tests.service import world
from tests.shipped import read_once

pytestmark = pytest.mark.anyio
NEEDS, ASSESS = "/api/needs", "/api/assessments"
CHART = {"bundle": {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": world.patient()}]}}


@pytest.fixture(scope="session", autouse=True)
def _keys() -> None:
    warm_keys()


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give one site for all that changes nothing there."""
    with pytest.MonkeyPatch.context() as patch:
        read_once(patch)
        folder = tmp_path_factory.mktemp("site")
        yield make_site(folder, network(), launch=LAUNCH.replace("    rate: 0.1\n", ""))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    read_once(monkeypatch)
    return make_site(tmp_path, network(), launch=LAUNCH)


def logged(caplog: pytest.LogCaptureFixture) -> dict[str, object]:
    (call,) = [each for each in caplog.records if each.msg == "call"]
    fields: dict[str, object] = call.__dict__["fields"]
    return fields


def refused(answer: httpx.Response, caplog: pytest.LogCaptureFixture) -> str:
    assert (answer.status_code, answer.content) == (401, b"")
    assert answer.headers["www-authenticate"] == "Bearer"
    fields = logged(caplog)
    assert "caller" not in fields
    return str(fields["refused"])


# ------------------------------------------------------------------------------------------------------ who is let in


@pytest.mark.parametrize("name", FORGED)
async def test_nobody_gets_in_by(name: str, standing: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    make, reason = FORGED[name]
    made = make()
    standing.network.asked.clear()
    answer = await standing.call(NEEDS, f"Bearer {made}")
    assert refused(answer, caplog) == reason
    assert set(standing.network.asked) <= {EAST_KEYS, WEST_KEYS, SANDBOX_KEYS}
    if reason not in {"bad-signature", "unknown-key", "unfit-key"}:
        assert standing.network.asked == []
    told = caplog.text + "".join(str(each.__dict__) for each in caplog.records)
    for part in made.split("."):
        assert len(part) < 8 or part not in told
    assert "clinician-7" not in told


@pytest.mark.parametrize("name", GOOD)
async def test_what_is_good_is_let_in(name: str, standing: Site) -> None:
    assert (await standing.call(NEEDS, f"Bearer {GOOD[name]()}")).status_code == 200


async def test_the_page_has_a_chart_assessed_and_is_known_by_its_server_alone(
    standing: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = await standing.call(ASSESS, f"Bearer {id_token()}", CHART)
    assert answer.status_code == 200
    assert answer.json()["trials"]
    assert logged(caplog)["caller"] == "east-hospital-page"
    assert "clinician-7" not in caplog.text + str([each.__dict__ for each in caplog.records])


async def test_one_token_is_good_for_many_calls_until_it_expires(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    made = f"Bearer {id_token()}"
    for _ in range(3):
        assert (await site.call(NEEDS, made)).status_code == 200
    site.clock.wait(929)
    assert (await site.call(NEEDS, made)).status_code == 200
    site.clock.wait(1)
    caplog.set_level(logging.INFO)
    assert refused(await site.call(NEEDS, made), caplog) == "expired"


# ---------------------------------------------------------------------------------------------------- what it may do

ELSEWHERE = [
    ("GET", DISCOVERY),
    ("GET", f"{DISCOVERY}/"),
    ("POST", HOOK),
    ("POST", FEEDBACK),
    ("POST", "/api/needs"),
    ("POST", "/getClinicalTrial"),
    ("POST", "/api/trials"),
    ("PUT", ASSESS),
    ("DELETE", "/api/trials/NCT00000001"),
    ("GET", "/api"),
    ("GET", "/apis/needs"),
    ("GET", "/"),
]


@pytest.mark.parametrize(("method", "path"), ELSEWHERE)
async def test_the_page_may_read_and_assess_and_nothing_else(
    method: str, path: str, standing: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    transport = httpx.ASGITransport(app=standing.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as page:
        body = world.hook_body({"patient": world.patient()}) if method == "POST" else None
        made = {"authorization": f"Bearer {id_token()}"}
        answer = await page.request(method, path, json=body, headers=made)
    assert refused(answer, caplog) == "not-for-the-page"


@pytest.mark.parametrize("path", [NEEDS, "/api/trials", "/api/trials/NCT07328490", "/api/feedback/summary"])
async def test_the_page_may_read(path: str, standing: Site) -> None:
    assert (await standing.call(path, f"Bearer {id_token()}")).status_code == 200


async def test_an_ehr_calls_as_before(site: Site) -> None:
    """Also the one whose name for its own calls is that by which its people sign in."""
    assert (await site.hook(token())).status_code == 200
    assert (await site.call(NEEDS, f"Bearer {token(NEEDS)}")).status_code == 200
    made = token()
    assert [(await site.hook(made)).status_code for _ in range(2)] == [200, 401]
    assert (await site.call(NEEDS, f"Bearer {at_the_sandbox()}")).status_code == 200


async def test_without_a_list_no_id_token_is_a_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_once(monkeypatch)
    closed = make_site(tmp_path, network())
    for made in (id_token(), id_token({"typ": "JWT"}, jti="1"), at_the_sandbox()):
        assert (await closed.call(NEEDS, f"Bearer {made}")).status_code == 401
    assert closed.network.asked == []


async def test_the_page_of_each_server_is_held_to_its_rate(site: Site) -> None:
    made = f"Bearer {west()}"
    statuses = [(await site.call(NEEDS, made)).status_code for _ in range(2)]
    assert statuses == [200, 429]
    assert (await site.call(NEEDS, f"Bearer {id_token()}")).status_code == 200


async def test_the_page_is_somebody_besides_the_one_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So neither may have every place: a ward that opens the page leaves room for hooks, and the other way round."""
    read_once(monkeypatch)
    site = make_site(tmp_path, callers=LIST.partition("  - id: north")[0], launch=LAUNCH)
    (gate,) = [each for each in site.app.user_middleware if getattr(each.cls, "__name__", "") == Gate.__name__]
    assert gate.kwargs["share"] == 48


async def test_keys_are_fetched_once_and_a_new_one_is_found(site: Site) -> None:
    assert (await site.call(NEEDS, f"Bearer {id_token()}")).status_code == 200
    site.network.serve(EAST_KEYS, jwk("rsa-new"))
    site.clock.wait(31)
    assert (await site.call(NEEDS, f"Bearer {id_token({'kid': 'rsa-new'}, 'rsa-new')}")).status_code == 200
    assert (await site.call(NEEDS, f"Bearer {id_token()}")).status_code == 401
    assert site.network.asked == [EAST_KEYS] * 2


# --------------------------------------------------------------------------------------------------------- in the open


@pytest.mark.parametrize("path", ["/app/settings.json", "/app/assets/nodes.js", "/app/assets/none.js", "/app/none"])
async def test_the_pages_themselves_need_no_proof(path: str, standing: Site) -> None:
    assert (await standing.call(path, None)).status_code == (404 if "none" in path else 200)


@pytest.mark.parametrize("path", ["/application", "/app.json", "//app/", "/App/"])
async def test_nothing_beside_them_is_open(path: str, standing: Site) -> None:
    transport = httpx.ASGITransport(app=standing.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as stranger:
        answer = await stranger.get(httpx.URL(f"http://testserver{path}"))
    assert answer.status_code == 401


async def test_the_browser_is_told_the_servers_and_nothing_secret(standing: Site) -> None:
    told = (await standing.call("/app/settings.json", None)).json()
    assert told["demo"] is False
    assert told["servers"][0] == {
        "id": "east-hospital",
        "fhir": "https://fhir.east.example.org/r4",
        "issuer": "https://login.east.example.org",
        "clientId": "page-at-east",
        "origins": ["https://login.east.example.org"],
        "standalone": True,
        "saveObservations": False,
    }
    assert [(each["id"], each["saveObservations"]) for each in told["servers"][1:]] == [
        ("west-clinic", True),
        ("sandbox-page-too", False),
    ]


async def test_the_page_asks_the_listed_servers_and_nobody_else(standing: Site) -> None:
    policy = (await standing.call("/app/assets/nodes.js", None)).headers["content-security-policy"]
    (connect,) = [each for each in policy.split("; ") if each.startswith("connect-src")]
    assert connect.split() == [
        "connect-src",
        "'self'",
        "https://fhir.east.example.org",
        "https://login.east.example.org",
        "https://west.example.org",
        "https://sandbox.example.org",
    ]


# ------------------------------------------------------------------------------------------------------------ starting


def test_a_caller_with_the_name_of_a_page_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_once(monkeypatch)
    with pytest.raises(BadSetting, match="CDS_CALLERS, CDS_LAUNCH_SERVERS: east-hospital-page would stand for two"):
        make_site(tmp_path, callers=LIST.replace("id: sandbox", "id: east-hospital-page"), launch=LAUNCH)


def test_with_tokens_keys_must_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_once(monkeypatch)
    with pytest.raises(BadSetting, match=r"launch\.yaml:2: jwks: must be a text"):
        make_site(tmp_path, launch=LAUNCH.replace(f"    jwks: {EAST_KEYS}\n", ""))


async def test_the_matrix_is_tried_at_the_page_as_at_the_hook(standing: Site) -> None:
    """Else it would be green where nobody is ever let in by an id token."""
    assert PUBLIC.endswith("/trials")
    assert (await standing.call(NEEDS, f"Bearer {id_token()}")).json()["searches"]
