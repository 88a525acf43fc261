"""Where keys come from: what a key set may hold, when it is fetched, and how little a bad address can do."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm

from cds.errors import KeysUnavailable, NotAuthenticated
from cds.hooks.callers.fetching import over_http
from cds.hooks.callers.keys import FetchedKeys, StaticKeys, keys_in
from tests.security.tokens import Clock, Json, jwk, jwks, pieces, private

pytestmark = pytest.mark.anyio
URL = "https://keys.example.org/jwks"


class Served:
    """Stands for an address of keys: counts how often it is asked, and may fail or take its time."""

    def __init__(self, *keys: Json) -> None:
        self.document: bytes | None = jwks(*keys)
        self.asked = 0
        self.wait_s = 0.0

    async def __call__(self, url: str) -> bytes:
        assert url == URL
        self.asked += 1
        await asyncio.sleep(self.wait_s)
        if self.document is None:
            raise KeysUnavailable
        return self.document


async def has(keys: FetchedKeys, kid: str) -> bool:
    try:
        return bool(await keys.keys(kid, "ES384"))
    except NotAuthenticated:
        return False


# --------------------------------------------------------------------------------------------------------- fetching


async def test_keys_are_fetched_when_first_needed_and_kept() -> None:
    served, clock = Served(jwk("p384-a")), Clock()
    keys = FetchedKeys(URL, served, clock.now)
    assert served.asked == 0
    for _ in range(5):
        assert await has(keys, "p384-a")
        clock.wait(100)
    assert served.asked == 1
    clock.wait(101)
    assert await has(keys, "p384-a")
    assert served.asked == 2


async def test_many_at_once_fetch_once() -> None:
    served = Served(jwk("p384-a"))
    served.wait_s = 0.01
    keys = FetchedKeys(URL, served, Clock().now)
    assert all(await asyncio.gather(*(has(keys, "p384-a") for _ in range(50))))
    assert served.asked == 1


async def test_a_caller_that_goes_away_takes_no_other_s_keys_with_it() -> None:
    served = Served(jwk("p384-a"))
    served.wait_s = 0.02
    keys = FetchedKeys(URL, served, Clock().now)
    first, second = asyncio.create_task(has(keys, "p384-a")), asyncio.create_task(has(keys, "p384-a"))
    await asyncio.sleep(0.005)
    first.cancel()
    assert await second


async def test_an_unknown_key_is_looked_for_once_in_a_while() -> None:
    served, clock = Served(jwk("p384-a")), Clock()
    keys = FetchedKeys(URL, served, clock.now, pause_s=30)
    assert await has(keys, "p384-a")
    clock.wait(40)
    for number in range(100):
        assert not await has(keys, f"invented-{number}")
    assert served.asked == 2
    clock.wait(31)
    served.document = jwks(jwk("p384-b"))
    assert await has(keys, "p384-b")
    assert not await has(keys, "p384-a")
    assert served.asked == 3


async def test_old_keys_hold_for_a_while_where_new_ones_cannot_be_had() -> None:
    served, clock = Served(jwk("p384-a")), Clock()
    keys = FetchedKeys(URL, served, clock.now, ttl_s=600, stale_s=3600, pause_s=30)
    assert await has(keys, "p384-a")
    served.document = None
    clock.wait(700)
    assert await has(keys, "p384-a")
    clock.wait(2800)
    assert await has(keys, "p384-a")
    clock.wait(101)
    assert not await has(keys, "p384-a")
    served.document = b"[]"
    clock.wait(31)
    assert not await has(keys, "p384-a")
    served.document = jwks(jwk("p384-a"))
    clock.wait(31)
    assert await has(keys, "p384-a")


async def test_a_failing_address_is_not_asked_again_at_once() -> None:
    served, clock = Served(), Clock()
    served.document = None
    keys = FetchedKeys(URL, served, clock.now)
    for _ in range(50):
        with pytest.raises(NotAuthenticated, match="no-keys"):
            await keys.keys("p384-a", "ES384")
    assert served.asked == 1


# ------------------------------------------------------------------------------------------------------- over http


async def got(answer: Callable[[], httpx.Response], longest: int = 1000, deadline_s: float = 1.0) -> bytes:
    seen: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answer()

    async with httpx.AsyncClient(transport=httpx.MockTransport(respond), follow_redirects=True) as client:
        try:
            return await over_http(client, longest=longest, deadline_s=deadline_s)(URL)
        finally:
            assert [str(each.url) for each in seen] == [URL]


async def test_a_document_is_got_whole() -> None:
    assert await got(lambda: httpx.Response(200, content=pieces(b"x" * 1000))) == b"x" * 1000


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 100


async def silent() -> AsyncIterator[bytes]:
    yield b"{"
    await asyncio.sleep(60)


async def broken() -> AsyncIterator[bytes]:
    yield b"{"
    raise httpx.ReadError("cut")


BAD: dict[str, Callable[[], httpx.Response]] = {
    "not there": lambda: httpx.Response(404),
    "elsewhere": lambda: httpx.Response(302, headers={"location": "https://evil.example/"}),
    "no content": lambda: httpx.Response(204),
    "too long": lambda: httpx.Response(200, content=pieces(b"x" * 1001)),
    "endless": lambda: httpx.Response(200, content=endless()),
    "silent": lambda: httpx.Response(200, content=silent()),
    "cut": lambda: httpx.Response(200, content=broken()),
    "a bomb": lambda: httpx.Response(
        200, content=pieces(gzip.compress(b"x" * 9_000_000)), headers={"content-encoding": "gzip"}
    ),
}


@pytest.mark.parametrize("name", BAD)
async def test_anything_else_is_no_keys(name: str) -> None:
    with pytest.raises(KeysUnavailable):
        await got(BAD[name], deadline_s=0.2)


# --------------------------------------------------------------------------------------------------------- key sets


def test_keys_that_may_not_sign_are_left_out() -> None:
    secret = {"kty": "oct", "kid": "secret", "k": "AAAA"}
    unusable: list[object] = [
        secret,
        jwk("p384-a", "no-kid") | {"kid": 7},
        jwk("p384-a", "for-encryption", use="enc"),
        jwk("p384-a", "for-wrapping", key_ops=["wrapKey"]),
        jwk("p384-a", "leaked", d="AAAA"),
        ECAlgorithm.to_jwk(private("p384-a"), as_dict=True) | {"kid": "leaked-for-real"},
        jwk("rsa-a", "half-leaked", p="AAAA"),
        jwk("p384-a", "off-the-curve") | {"x": jwk("p384-b")["x"]},
        jwk("p384-a", "another-curve") | {"crv": "P-1"},
        jwk("rsa-a", "no-number") | {"n": 5},
        jwk("rsa-a", "exponent-of-one") | {"e": "AQ"},
        jwk("rsa-a", "exponent-of-two") | {"e": "Ag"},
        {"kid": "nothing"},
        "text",
        None,
    ]
    document = json.dumps({"keys": [*unusable, jwk("p384-a", "good", key_ops=["verify"])]}).encode()
    assert [each.kid for each in keys_in(document)] == ["good"]


MORE_THAN_A_HUNDRED = b'{"keys": [' + b"{}," * 100 + b"{}]}"


@pytest.mark.parametrize("document", [b"", b"{}", b"[]", b'{"keys": {}}', b"\xff", MORE_THAN_A_HUNDRED])
def test_what_is_no_key_set_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        keys_in(document)


def test_a_key_set_nested_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match=r".+"):
        keys_in(b"[" * 100_000)


simple = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
json_values = st.recursive(simple, lambda inner: st.lists(inner, max_size=3), max_leaves=4)
MEMBERS = ["kty", "kid", "alg", "use", "key_ops", "crv", "x", "y", "n", "e"]


@given(st.dictionaries(st.sampled_from(MEMBERS), json_values))
def test_no_key_whatever_it_says_is_an_error(changes: Json) -> None:
    for name in ("p384-a", "rsa-a"):
        keys_in(json.dumps({"keys": [jwk(name) | changes]}).encode())


async def test_two_keys_of_one_id_are_both_tried() -> None:
    held = keys_in(jwks(jwk("p384-a", "same"), jwk("p384-b", "same"), jwk("rsa-a", "same")))
    found = await StaticKeys(held).keys("same", "ES384")
    assert [each.public for each in found] == [private("p384-a").public_key(), private("p384-b").public_key()]
