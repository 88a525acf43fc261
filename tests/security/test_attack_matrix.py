"""Forged, stale and misdirected tokens against the real application: none is let in, and none learns why."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cds.app import create_app
from cds.errors import BadSetting
from cds.hooks.callers.keys import keys_in
from cds.settings import Settings
from tests.security.forged import attacks, north, south
from tests.security.tokens import (
    DISCOVERY,
    FEEDBACK,
    HOOK,
    JKU,
    LIST,
    NORTH,
    NOW,
    PUBLIC,
    SANDBOX,
    STATIC,
    TYPED_AUDIENCE,
    Json,
    Site,
    claims,
    header,
    jwk,
    jwks,
    key_network,
    make_site,
    private,
    signed,
    token,
)
from tests.service import world
from tests.shipped import read_once

pytestmark = pytest.mark.anyio
ATTACKS = attacks()
KEYS = ["p384-sandbox", "p256-sandbox", "rsa-sandbox", "rsa-north", "p384-south", "p521-south", "p384-static"]
FEEDBACK_BODY = {
    "feedback": [
        {
            "card": "9368d37b-283f-44a0-93ea-547cebab93ed",
            "outcome": "overridden",
            "outcomeTimestamp": "2026-06-15T09:30:00Z",
        }
    ]
}


@pytest.fixture(scope="session", autouse=True)
def _keys() -> None:
    for each in KEYS:
        private(each)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give one site for all that changes nothing there."""
    with pytest.MonkeyPatch.context() as patch:
        read_once(patch)
        yield make_site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    read_once(monkeypatch)
    return make_site(tmp_path)


def refused(answer: httpx.Response, caplog: pytest.LogCaptureFixture) -> str:
    """Check that an answer says nothing, and give the word that the log says."""
    assert (answer.status_code, answer.content) == (401, b"")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["access-control-allow-origin"] == "https://ehr.example.org"
    (call,) = [each for each in caplog.records if each.msg == "call"]
    fields = call.__dict__["fields"]
    assert "caller" not in fields
    return str(fields["refused"])


# -------------------------------------------------------------------------------------------------------- the matrix


def test_the_matrix_is_not_small() -> None:
    assert len(ATTACKS) >= 40


@pytest.mark.parametrize("name", ATTACKS)
async def test_nobody_gets_in_by(name: str, standing: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    make, reason = ATTACKS[name]
    header_sent = make()
    standing.network.asked.clear()
    answer = await standing.call(HOOK, header_sent, world.hook_body({"patient": world.patient()}))
    assert refused(answer, caplog) == reason
    assert set(standing.network.asked) <= set(JKU.values())
    if reason not in {"bad-signature", "unknown-key", "unfit-key"}:
        assert standing.network.asked == []
    told = caplog.text + "".join(str(each.__dict__) for each in caplog.records)
    for part in (header_sent or "").removeprefix("Bearer ").replace(".", " ").split():
        assert len(part) < 8 or part not in told


async def test_the_same_site_lets_good_tokens_in(standing: Site) -> None:
    """Else the matrix would be green where nobody is ever let in."""
    assert (await standing.hook(token())).status_code == 200


# ---------------------------------------------------------------------------------------------------------- let in


async def test_the_sandbox_signs_discovery_service_and_feedback(site: Site) -> None:
    """ES384, the exact address as audience, five minutes."""
    services = await site.call(DISCOVERY, f"Bearer {token(DISCOVERY)}")
    assert services.json()["services"][0]["hook"] == "patient-view"
    assert (await site.hook(token())).json()["cards"]
    assert (await site.call(FEEDBACK, f"Bearer {token(FEEDBACK)}", FEEDBACK_BODY)).status_code == 200
    assert site.network.asked == [JKU[SANDBOX]]


async def test_an_epic_shaped_caller(standing: Site) -> None:
    """RS384, nbf five minutes before iat, audience typed in by hand, a subject besides."""
    made = north(nbf=NOW - 300, iat=NOW, exp=NOW + 900, aud=TYPED_AUDIENCE, sub="client-7")
    assert (await standing.hook(made)).status_code == 200


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("ES384", "p384-south"),
        ("ES256", "p256-south"),
        ("ES512", "p521-south"),
        ("RS384", "rsa-south"),
        ("PS384", "rsa-south"),
    ],
)
async def test_algorithms_that_a_site_lists(algorithm: str, key: str, standing: Site) -> None:
    assert (await standing.hook(south(alg=algorithm, kid=key, key=key))).status_code == 200


async def test_a_listed_caller_may_ask_for_matches(standing: Site) -> None:
    path = "/getClinicalTrial"
    assert (await standing.call(path, None, world.collection(world.patient()))).status_code == 401
    told = await standing.call(path, f"Bearer {token(path)}", world.collection(world.patient()))
    assert told.json()["resourceType"] == "Bundle"


GOOD = {
    "several audiences, one of them this": lambda: token(aud=["https://else.example.org", PUBLIC + HOOK]),
    "an audience with a slash at its end": lambda: token(aud=PUBLIC + HOOK + "/"),
    "no jku, as its keys are at one listed address": lambda: token(head={"jku": ...}),
    "keys out of a file": lambda: signed(header(kid="p384-static", jku=...), claims(iss=STATIC), "p384-static"),
    "a clock that is a little behind": lambda: token(iat=NOW - 320, exp=NOW - 20),
    "a clock that is a little ahead": lambda: token(iat=NOW + 20, nbf=NOW + 20),
    "moments with fractions": lambda: token(iat=NOW - 0.5, exp=NOW + 299.5),
    "the second tenant": lambda: south(tenant="ward-2"),
    "claims that mean nothing here": lambda: token(sub="x", azp=["y"], extra={"deep": [1]}),
    "a header that means nothing here": lambda: token(head={"x5t": "abc", "cty": "x"}),
}


@pytest.mark.parametrize("name", GOOD)
async def test_what_is_good_is_let_in(name: str, standing: Site) -> None:
    assert (await standing.hook(GOOD[name]())).status_code == 200


async def test_the_scheme_may_be_spelt_in_any_case(standing: Site) -> None:
    body = world.hook_body({"patient": world.patient()})
    assert (await standing.call(HOOK, f"bearer {token()}", body)).status_code == 200
    assert (await standing.call(HOOK + "/", f"BEARER {token()}", body)).status_code == 200


# --------------------------------------------------------------------------------------------------- what is behind it


CLOSED = [
    ("GET", DISCOVERY),
    ("GET", DISCOVERY + "/"),
    ("POST", HOOK),
    ("POST", HOOK + "/"),
    ("GET", HOOK),
    ("POST", FEEDBACK),
    ("POST", "/cds-services/no-such-service"),
    ("GET", "/api/trials"),
    ("POST", "/api/assessments"),
    ("POST", "/getClinicalTrial"),
    ("GET", "/api/feedback/summary"),
    ("GET", "/"),
    ("GET", "/docs"),
    ("GET", "//health/live"),
    ("GET", "/health/live/../../api/trials"),
    ("OPTIONS", "/api/trials"),
    ("HEAD", DISCOVERY),
]
OPEN = ["/.well-known/jwks.json", "/health/live", "/health/ready", "/metrics", "/openapi.json"]


@pytest.mark.parametrize(("method", "path"), CLOSED)
async def test_everything_is_behind_the_door(method: str, path: str, standing: Site) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=standing.app), base_url="http://testserver"
    ) as stranger:
        answer = await stranger.request(method, path)
    assert (answer.status_code, answer.content) == (401, b"")


@pytest.mark.parametrize("path", sorted(OPEN))
async def test_what_operators_need_is_open(path: str, standing: Site) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=standing.app), base_url="http://testserver"
    ) as stranger:
        expected = {"/metrics": 401, "/.well-known/jwks.json": 404}.get(path, 200)  # this site publishes no keys
        assert (await stranger.get(path)).status_code == expected


async def test_a_preflight_needs_no_token(standing: Site) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=standing.app), base_url="http://testserver") as page:
        answer = await page.options(HOOK, headers={"origin": "https://ehr.example.org"} | asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://ehr.example.org"


async def test_two_authorization_headers_are_none(standing: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=standing.app), base_url="http://testserver") as ehr:
        sent = [("authorization", f"Bearer {token()}"), ("authorization", f"Bearer {token()}")]
        answer = await ehr.post(HOOK, headers=[*sent, ("origin", "https://ehr.example.org")])
    assert refused(answer, caplog) == "several-tokens"


async def test_the_published_contract_says_so(standing: Site) -> None:
    paths = standing.app.openapi()["paths"]
    for path, methods in paths.items():
        for operation in methods.values():
            assert ("security" in operation) is (path not in OPEN)
            assert ("401" in operation["responses"]) is (path not in OPEN or path == "/metrics")


async def test_each_caller_reads_from_its_own_servers_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is on the site's list, but not on this caller's."""
    read_once(monkeypatch)
    network = key_network()
    site = make_site(tmp_path, network)
    body = world.hook_body({"patient": world.patient()}, fhirServer=world.SERVER)
    for made, asks in ((south(), False), (token(), True)):
        network.asked.clear()
        answer = await site.call(HOOK, f"Bearer {made}", body)
        assert answer.status_code == 200
        assert any(url.startswith(world.SERVER) for url in network.asked) is asks


async def test_a_caller_is_held_to_its_rate_and_no_other_caller_pays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_once(monkeypatch)
    site = make_site(tmp_path, callers=LIST.replace("    profile: sandbox\n", "    profile: sandbox\n    rate: 0.1\n"))
    assert (await site.hook(token())).status_code == 200
    too_many = await site.hook(token())
    assert (too_many.status_code, too_many.json()["issue"][0]["code"]) == (429, "throttled")
    assert 0 < int(too_many.headers["retry-after"]) <= 10
    assert (await site.hook(south())).status_code == 200


async def test_a_refusal_is_counted_by_its_reason(site: Site) -> None:
    await site.hook(token(key="p384-stranger"))
    await site.hook(token())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=site.app), base_url="http://testserver") as monitor:
        counts = (await monitor.get("/metrics", headers={"authorization": "Bearer monitoring"})).text
    assert 'trialcards_refused_callers_total{reason="bad-signature"} 1.0' in counts
    assert 'caller="sandbox"' in counts


# -------------------------------------------------------------------------------------------------------------- replay


async def test_a_token_is_good_once(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    made = token()
    assert (await site.hook(made)).status_code == 200
    caplog.clear()
    caplog.set_level(logging.INFO)
    assert refused(await site.hook(made), caplog) == "replayed"


async def test_a_token_sent_many_times_at_once_is_good_once(site: Site) -> None:
    made = token()
    answers = await asyncio.gather(*(site.hook(made) for _ in range(20)))
    assert sorted(each.status_code for each in answers) == [200] + [401] * 19


async def test_the_same_id_of_another_caller_is_another_token(site: Site) -> None:
    assert (await site.hook(token(jti="one"))).status_code == 200
    assert (await site.hook(south(jti="one"))).status_code == 200


async def test_a_forged_token_does_not_use_up_the_id_of_a_good_one(site: Site) -> None:
    assert (await site.hook(token(jti="mine", key="p384-stranger"))).status_code == 401
    assert (await site.hook(token(jti="mine", aud=PUBLIC))).status_code == 401
    assert (await site.hook(token(jti="mine"))).status_code == 200


async def test_two_sites_that_share_a_store_share_used_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_once(monkeypatch)
    url = f"sqlite:///{tmp_path / 'shared.sqlite3'}"
    first, second = make_site(tmp_path, store_url=url), make_site(tmp_path, store_url=url)
    made = token()
    assert (await first.hook(made)).status_code == 200
    assert (await second.hook(made)).status_code == 401
    assert (await second.hook(token())).status_code == 200


# ---------------------------------------------------------------------------------------------------------------- keys


async def test_invented_key_ids_are_no_storm(site: Site) -> None:
    """A hundred at once, then a hundred one by one: two requests at most, where one fetches and one looks again."""
    await asyncio.gather(*(site.hook(token(head={"kid": f"invented-{number}"})) for number in range(100)))
    for number in range(100):
        assert (await site.hook(token(head={"kid": f"more-{number}"}))).status_code == 401
    assert 1 <= len(site.network.asked) <= 2


async def test_a_changed_key_is_fetched_once_and_the_old_one_ends(site: Site) -> None:
    assert (await site.hook(token())).status_code == 200
    site.network.serve(JKU[SANDBOX], jwk("p384-new"))
    site.clock.wait(31)
    moment: Json = {"iat": NOW + 31, "exp": NOW + 300}
    assert (await site.hook(token(head={"kid": "p384-new"}, key="p384-new", **moment))).status_code == 200
    assert (await site.hook(token(**moment))).status_code == 401
    assert site.network.asked == [JKU[SANDBOX]] * 2


async def test_keys_that_cannot_be_had_let_nobody_in(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    site.network.served[JKU[SANDBOX]] = lambda: httpx.Response(302, headers={"location": "https://evil.example/jwks"})
    assert refused(await site.hook(token()), caplog) == "no-keys"
    assert (await site.hook(token())).status_code == 401
    assert site.network.asked == [JKU[SANDBOX]]


# ------------------------------------------------------------------------------------------------------------ starting


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ({}, "CDS_CALLERS: must name the list"),
        ({"authentication": "off", "public_url": "https://cards.example.org"}, "off would let anyone in"),
        ({"authentication": "off", "host": "0.0.0.0"}, "off would let anyone in"),  # noqa: S104 - a value to refuse
        ({"authentication": "off", "callers": Path("x.yaml")}, "no list"),
        ({"authentication": "gateway", "callers": Path("x.yaml")}, "no list"),
        ({"authentication": "jwt", "demo_charts": Path("tests/golden")}, "no token to show"),
        ({"callers": Path("x.yaml"), "fhir_servers": ("https://a.example",)}, "CDS_FHIR_SERVERS: with tokens"),
        ({"callers": Path("x.yaml"), "profile": "sandbox"}, "CDS_PROFILE: with tokens"),
        ({"callers": Path("x.yaml"), "public_url": "http://cards.example.org"}, "CDS_PUBLIC_URL: must be https"),
        ({"authentication": "off", "profile": "no-such", "store_url": "sqlite://"}, "CDS_PROFILE: must be one of"),
        ({"callers": Path("no-such.yaml"), "store_url": "sqlite://"}, "there is no such file"),
    ],
)
def test_unsafe_settings_do_not_start(chosen: dict[str, object], names: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read_once(monkeypatch)
    with pytest.raises(BadSetting, match=names):
        create_app(Settings(**chosen))  # type: ignore[arg-type] # any setting


async def test_behind_a_gateway_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    read_once(monkeypatch)
    app = create_app(Settings(authentication="gateway", public_url="https://cards.example.org", store_url="sqlite://"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://testserver") as ehr:
        assert (await ehr.get(DISCOVERY)).status_code == 200
        assert "security" not in str((await ehr.get("/openapi.json")).json()["paths"])


def test_the_keys_here_are_what_they_are_said_to_be() -> None:
    assert [each.kid for each in keys_in(jwks(jwk("p384-sandbox"), jwk("rsa-north")))] == ["p384-sandbox", "rsa-north"]
    assert NORTH != SANDBOX
