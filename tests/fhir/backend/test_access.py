"""SMART Backend Services, against an authorisation server that verifies what it is sent."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import traceback
from typing import Any

import httpx
import jwt
import pytest

from cds.errors import NoAccess
from cds.fhir.backend.access import BackendAccess, Registration, client_assertion, is_token
from cds.fhir.backend.keys import OwnKey, new_key, public_set
from tests.fhir.backend.authority import (
    BASE,
    CLIENT,
    CONFIGURATION,
    ES,
    NOW,
    RS,
    TOKEN_URL,
    Page,
    World,
    claims_of,
    page,
)

pytestmark = pytest.mark.anyio


async def refused(access: BackendAccess, server: str = BASE) -> str:
    """Give the sentence of a refusal, once it is seen that nothing secret stands in it."""
    with pytest.raises(NoAccess) as caught:
        await access.token(server)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "eyJ" not in told
    assert "secret" not in told
    return str(caught.value)


# ------------------------------------------------------------------------------------------------------- the good case
@pytest.mark.parametrize("key", [ES, RS], ids=lambda key: key.algorithm)
async def test_a_token_is_had_with_either_algorithm(key: OwnKey) -> None:
    world = World()
    assert await world.access(key).token(BASE) == "secret.1"
    assert world.authority.refusals == []
    (form,) = world.authority.forms
    head, said = jwt.get_unverified_header(form["client_assertion"]), claims_of(form)
    assert head == {"alg": key.algorithm, "kid": key.kid, "typ": "JWT"}
    assert set(said) == {"iss", "sub", "aud", "exp", "jti"}
    assert said["iss"] == said["sub"] == CLIENT
    assert said["aud"] == TOKEN_URL
    assert 0 < said["exp"] - NOW.timestamp() <= 300
    assert set(form) == {"grant_type", "scope", "client_assertion_type", "client_assertion"}
    assert "authorization" not in world.authority.headers[0]


async def test_exactly_what_is_read_is_asked_for() -> None:
    world = World()
    await world.access().token(BASE)
    assert world.authority.forms[0]["scope"].split() == [
        f"system/{each}.rs"
        for each in (
            *("AllergyIntolerance", "Condition", "Immunization", "Medication", "MedicationAdministration"),
            *("MedicationDispense", "MedicationRequest", "MedicationStatement", "Observation", "Patient", "Procedure"),
        )
    ]


async def test_a_server_that_knows_no_second_version_is_asked_by_the_first() -> None:
    world = World(pages={f"{BASE}/.well-known/smart-configuration": page(200, {"token_endpoint": TOKEN_URL})})
    await world.access(types=("Patient", "Consent")).token(BASE)
    assert world.authority.forms[0]["scope"] == "system/Consent.read system/Patient.read"


async def test_the_site_s_own_scope_and_address_need_nothing_of_the_fhir_server() -> None:
    world = World()
    await world.access(scope="system/*.read", token_url=TOKEN_URL).token(BASE)
    assert world.asked == [TOKEN_URL]
    assert world.authority.forms[0]["scope"] == "system/*.read"


async def test_a_named_address_goes_before_what_the_server_says_and_stands_where_it_says_nothing() -> None:
    elsewhere = {"token_endpoint": "https://elsewhere.example.org/token", "capabilities": ["permission-v2"]}
    for configuration in (page(200, elsewhere), page(500, {})):
        world = World(pages={f"{BASE}/.well-known/smart-configuration": configuration})
        assert await world.access(token_url=TOKEN_URL).token(BASE) == "secret.1"


async def test_the_published_address_of_the_keys_is_named_where_it_is_registered() -> None:
    world = World()
    world.authority.jku = "https://cards.example.org/.well-known/jwks.json"
    await world.access(jku=world.authority.jku).token(BASE)
    assert jwt.get_unverified_header(world.authority.forms[0]["client_assertion"])["jku"] == world.authority.jku
    assert "invalid_client" in await refused(world.access(jku="https://cards.example.org/others"))
    assert world.authority.refusals == ["jku"]


async def test_the_key_is_one_whose_signature_the_server_takes() -> None:
    said = CONFIGURATION | {"token_endpoint_auth_signing_alg_values_supported": ["RS384"]}
    world = World(pages={f"{BASE}/.well-known/smart-configuration": page(200, said)})
    await world.access(ES, RS).token(BASE)
    assert jwt.get_unverified_header(world.authority.forms[0]["client_assertion"])["kid"] == RS.kid
    assert "no signature by ES384" in await refused(world.access(ES))


async def test_a_public_half_signs_nothing() -> None:
    public = OwnKey("half", "ES384", ES.half.public_key())  # type: ignore[union-attr] # a private key
    assert "no private key" in await refused(World().access(public))
    world = World()
    await world.access(public, RS).token(BASE)
    assert jwt.get_unverified_header(world.authority.forms[0]["client_assertion"])["kid"] == RS.kid


# -------------------------------------------------------------------------------------- the authority refuses the wrong
@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"registered": public_set([new_key("ES384")])}, "kid"),
        (
            {"registered": {"keys": [public_set([new_key("ES384")])["keys"][0] | {"kid": ES.kid}]}},
            "InvalidSignatureError",
        ),
        ({"url": "https://ehr.example.org/other/token"}, "InvalidAudienceError"),
    ],
)
async def test_a_wrong_assertion_is_refused(change: dict[str, Any], why: str) -> None:
    world = World()
    world.authority = dataclasses.replace(world.authority, **change)
    world.pages[TOKEN_URL] = world.authority
    said = await refused(world.access())
    assert said.endswith("is the key registered, is the clock right? (invalid_client)")
    assert world.authority.refusals == [why]


async def test_another_client_a_used_id_and_a_wrong_clock_are_refused() -> None:
    world = World()
    await refused(world.access(client="somebody-else"))
    same = world.access(ids=lambda: "the-same")
    await same.token(BASE)
    world.clock.pass_(1000)
    await refused(same)
    slow = World()
    slow.authority.clock = dataclasses.replace(slow.clock)
    slow.authority.clock.pass_(-61)  # more than an assertion leaves room for
    await refused(slow.access())
    assert (world.authority.refusals, slow.authority.refusals) == (["client", "replayed"], ["exp"])


async def test_a_server_whose_clock_is_a_minute_behind_takes_the_assertion() -> None:
    world = World()
    world.authority.clock = dataclasses.replace(world.clock)
    world.authority.clock.pass_(-60)
    await world.access().token(BASE)


# -------------------------------------------------------------------------------------------------- kept, and shared
async def test_a_token_is_kept_until_shortly_before_it_ends() -> None:
    world = World()
    access = world.access()
    assert [await access.token(BASE), await access.token(BASE + "/")] == ["secret.1", "secret.1"]
    world.clock.pass_(269)
    assert await access.token(BASE) == "secret.1"
    world.clock.pass_(1)
    assert await access.token(BASE) == "secret.2"
    assert len({claims_of(form)["jti"] for form in world.authority.forms}) == 2


@pytest.mark.parametrize(("lasts", "kept_s"), [("300", 270), (20, 10), (10**9, 3570), (None, 0)])
async def test_how_long_a_token_is_kept(lasts: object, kept_s: int) -> None:
    world = World()
    world.authority.lasts = lasts
    grant = await world.access().grant(BASE)
    assert (grant.good_until - NOW).total_seconds() == kept_s


async def test_callers_at_one_time_ask_once_and_one_who_goes_takes_it_from_nobody() -> None:
    world = World()
    access = world.access()
    first, *others = [asyncio.create_task(access.token(BASE)) for _ in range(5)]
    await asyncio.sleep(0)
    first.cancel()
    assert set(await asyncio.gather(*others)) == {"secret.1"}
    assert len(world.authority.forms) == 1


async def test_a_failure_is_told_to_all_who_waited_and_not_kept() -> None:
    world = World(pages={TOKEN_URL: page(503, b"")})
    access = world.access()
    said = await asyncio.gather(*(access.token(BASE) for _ in range(3)), return_exceptions=True)
    assert {str(each) for each in said} == {"the authorisation server is not available at the moment (503)"}
    assert world.asked.count(TOKEN_URL) == 1
    world.pages[TOKEN_URL] = world.authority
    assert await access.token(BASE) == "secret.1"


async def test_servers_have_tokens_of_their_own() -> None:
    other = "https://ehr.example.org/south/fhir"
    world = World(pages={f"{other}/.well-known/smart-configuration": page(200, CONFIGURATION)})
    access = world.access()
    assert await access.token(BASE) != await access.token(other)


async def test_what_was_not_granted_is_told() -> None:
    world = World()
    world.authority.scope = "system/Patient.read system/Observation.rs?category=laboratory launch"
    grant = await world.access(types=("Patient", "Observation")).grant(BASE)
    assert grant.lacking == ("system/Observation.rs",)
    world.authority.scope = "system/*.cruds"
    assert (await world.access().grant(BASE)).lacking == ()


# ----------------------------------------------------------------------------------------------------------- discovery
STATEMENT = {
    "resourceType": "CapabilityStatement",
    "rest": [
        {
            "mode": "server",
            "security": {
                "extension": [
                    {
                        "url": "http://example.org/other",
                        "extension": [{"url": "token", "valueUri": "https://no.example"}],
                    },
                    {
                        "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
                        "extension": [
                            {"url": "authorize", "valueUri": "https://no.example"},
                            {"url": "token", "valueUri": TOKEN_URL},
                        ],
                    },
                ]
            },
        }
    ],
}


@pytest.mark.parametrize("there", [page(404, {}), page(200, {}), page(200, b"<html>"), page(302, {}, location="/x")])
async def test_the_capability_statement_is_asked_where_there_is_no_configuration(there: Page) -> None:
    world = World(pages={f"{BASE}/.well-known/smart-configuration": there, f"{BASE}/metadata": page(200, STATEMENT)})
    assert await world.access(types=("Patient",)).token(BASE) == "secret.1"
    assert world.authority.forms[0]["scope"] == "system/Patient.read"


@pytest.mark.parametrize("statement", [{}, {"rest": ["x", {"security": 1}, {"security": {"extension": [3, {}]}}]}, []])
async def test_a_server_that_does_not_say_where_tokens_are_had_is_told_so(statement: object) -> None:
    world = World(
        pages={f"{BASE}/.well-known/smart-configuration": page(404, {}), f"{BASE}/metadata": page(200, statement)}
    )
    assert "does not say where its tokens are had" in await refused(world.access())


async def test_an_address_that_is_not_whole_stands_below_the_base() -> None:
    world = World(pages={f"{BASE}/.well-known/smart-configuration": page(200, {"token_endpoint": "oauth/token"})})
    world.authority.url = f"{BASE}/oauth/token"
    world.pages[world.authority.url] = world.authority
    assert await world.access().token(BASE) == "secret.1"


@pytest.mark.parametrize(
    "url",
    [
        "http://auth.example.org/token",
        "http://localhost.example.org/token",
        "https://user@auth.example.org/token",
        "https://auth.example.org/token#there",
        "ftp://auth.example.org/token",
        "https://",
        "https://[/token",
        "javascript:alert(1)",
    ],
)
async def test_nothing_is_sent_to_an_address_that_is_not_safe(url: str) -> None:
    world = World(pages={f"{BASE}/.well-known/smart-configuration": page(200, {"token_endpoint": url})})
    assert "where tokens are said to be had" in await refused(world.access())
    assert len(world.asked) == 1


@pytest.mark.parametrize(
    "url", ["https://auth.elsewhere.example/token", "http://127.0.0.1:8080/token", "https://ehr.example.org.evil/token"]
)
async def test_a_token_endpoint_on_another_host_must_be_named_by_the_site(url: str) -> None:
    """A server that lies about it would be handed the token of another EHR, which knows this site by the same key."""
    world = World(pages={f"{BASE}/.well-known/smart-configuration": page(200, {"token_endpoint": url})})
    world.authority.url = url
    world.pages[url] = world.authority
    assert "--token-url" in await refused(world.access())
    assert url not in world.asked
    assert await world.access(token_url=url).token(BASE) == "secret.1"


async def test_http_is_for_this_machine_and_for_sites_that_allow_it() -> None:
    local, inside = "http://127.0.0.1:8080/token", "http://auth.inside/token"
    for url, inside_only in ((local, False), (inside, True)):
        world = World(pages={f"{BASE}/.well-known/smart-configuration": page(200, {"token_endpoint": url})})
        world.authority.url = url
        world.pages[url] = world.authority
        assert await world.access(allow_http=inside_only, token_url=url).token(BASE) == "secret.1"
    assert "https" in await refused(World().access(), "http://ehr.example.org/fhir")
    assert "no address" in await refused(World().access(), "file:///etc/passwd")


# ---------------------------------------------------------------------------------------------------- hostile answers
GOOD = {"access_token": "secret.1", "token_type": "bearer", "expires_in": 300, "scope": "system/*.rs"}
ODD_TIMES: tuple[object, ...] = (0, -5, True, "soon", 1.5, "9" * 5000, [])
HUGE = page(200, {"access_token": "secret" + "x" * 200_000, "token_type": "bearer", "expires_in": 300})


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (HUGE, "sent more than is taken"),
        (page(302, GOOD, location="https://evil.example/secret"), "points elsewhere (302), which is not followed"),
        (page(307, GOOD, location="https://evil.example/secret"), "points elsewhere (307), which is not followed"),
        (page(200, b"<html>secret"), "no JSON object"),
        (page(200, ["secret"]), "no JSON object"),
        (page(200, b"[" * 5000), "no JSON object"),
        (page(200, GOOD, **{"content-encoding": "gzip"}), "packed"),
        (page(200, {}), "no token that can be used"),
        (page(200, GOOD | {"access_token": "secret\nx-evil: 1"}), "no token that can be used"),
        (page(200, GOOD | {"access_token": "secret token"}), "no token that can be used"),
        (page(200, GOOD | {"access_token": "secret\u00e4"}), "no token that can be used"),
        (page(200, GOOD | {"access_token": ""}), "no token that can be used"),
        (page(200, GOOD | {"access_token": ["secret"]}), "no token that can be used"),
        (page(200, GOOD | {"access_token": "x" * 16_001}), "no token that can be used"),
        (page(200, GOOD | {"token_type": "mac"}), "another type than bearer"),
        (page(200, GOOD | {"token_type": None}), "another type than bearer"),
        *((page(200, GOOD | {"expires_in": each}), "how long") for each in ODD_TIMES),
        (page(400, {"error": "invalid_scope", "error_description": "secret"}), "(invalid_scope)"),
        (page(400, {"error": "unauthorized_client"}), "(unauthorized_client)"),
        (page(400, {"error": "secret-id-4711"}), "answered 400 and gives no reason that is known here"),
        (page(400, {"error": ["secret"]}), "answered 400"),
        (page(201, GOOD), "answered 201"),
        (page(429, b"secret"), "asked too much at the moment (429)"),
        (page(500, b"secret"), "answered 500 with something that is no JSON object"),
    ],
)
async def test_an_odd_answer_is_told_without_what_it_holds(
    answer: Page, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    world = World(pages={TOKEN_URL: answer})
    assert says in await refused(world.access())
    assert "secret" not in caplog.text
    assert "eyJ" not in caplog.text


async def test_servers_that_break_off_or_take_too_long() -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("secret", request=request)

    assert await refused(World(pages={TOKEN_URL: broken}).access()) == (
        "the authorisation server cannot be reached, or broke off"
    )
    world = World()

    async def slow(request: httpx.Request) -> httpx.Response:
        del request
        await asyncio.sleep(5)
        return httpx.Response(200)

    client = httpx.AsyncClient(transport=httpx.MockTransport(slow))
    who = Registration(CLIENT, (ES,))
    access = BackendAccess(client, who, now=world.clock.now, new_id=lambda: "1", deadline_s=0.01)
    assert await refused(access) == "the FHIR server took too long"


async def test_no_cookie_is_sent_back() -> None:
    world = World()

    def with_cookie(request: httpx.Request) -> httpx.Response:
        answer = world.authority(request)
        answer.headers["set-cookie"] = "session=secret; Path=/"
        return answer

    world.pages[TOKEN_URL] = with_cookie
    access = world.access()
    await access.token(BASE)
    world.clock.pass_(1000)
    await access.token(BASE)
    assert "cookie" not in world.authority.headers[1]


async def test_nothing_secret_is_shown_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    world = World()
    access = world.access()
    shown = repr(await access.grant(BASE)) + repr(access) + repr(Registration(CLIENT, (ES, RS))) + repr(ES)
    for secret in ("secret", "eyJ"):
        assert secret not in shown
        assert secret not in caplog.text


def test_an_assertion_holds_no_longer_than_five_minutes_whatever_the_clock() -> None:
    said = jwt.decode(
        client_assertion(ES, "c", audience="a", now=NOW.replace(microsecond=999_999), jti="j"),
        options={"verify_signature": False},
    )
    assert said["exp"] - NOW.timestamp() <= 300


@pytest.mark.parametrize(("text", "good"), [("a.B-_~+/9==", True), ("a=b", False), ("=", False), ("a\n", False)])
def test_what_can_stand_as_a_token(text: str, good: bool) -> None:  # noqa: FBT001 - the case
    assert is_token(text) is good
