"""Used tokens: remembered as long as they could be used, and never more than there is room for."""

import asyncio
import datetime as dt

import pytest

from cds.errors import Overloaded
from cds.hooks.callers.replays import MemoryReplays, SharedReplays
from tests.security.tokens import Clock

pytestmark = pytest.mark.anyio
MINUTE = dt.timedelta(minutes=1)


async def test_a_token_is_new_once_until_it_expires() -> None:
    clock = Clock()
    replays = MemoryReplays(clock.now)
    until = clock.now() + MINUTE
    assert await replays.first_use("a", "1", until)
    assert not await replays.first_use("a", "1", until + MINUTE)
    assert await replays.first_use("b", "1", until)
    clock.wait(60)
    assert not await replays.first_use("a", "1", until)
    clock.wait(1)
    assert await replays.first_use("a", "1", until + MINUTE)


async def test_when_it_is_full_nobody_is_let_in_unremembered() -> None:
    clock = Clock()
    replays = MemoryReplays(clock.now, most=2)
    for number in range(2):
        assert await replays.first_use("a", str(number), clock.now() + MINUTE * (number + 1))
    with pytest.raises(Overloaded):
        await replays.first_use("a", "2", clock.now() + MINUTE)
    assert not await replays.first_use("a", "1", clock.now() + MINUTE)
    clock.wait(61)
    assert await replays.first_use("a", "2", clock.now() + MINUTE)
    with pytest.raises(Overloaded):
        await replays.first_use("a", "3", clock.now() + MINUTE)


async def test_no_issuer_takes_the_room_of_another() -> None:
    clock = Clock()
    replays = MemoryReplays(clock.now, most=1)
    for issuer in ("a", "b"):
        assert await replays.first_use(issuer, "1", clock.now() + MINUTE)
    with pytest.raises(Overloaded):
        await replays.first_use("a", "2", clock.now() + MINUTE)
    clock.wait(61)
    assert await replays.first_use("a", "2", clock.now() + MINUTE)


class Stuck:
    async def first_use(self, issuer: str, jti: str, until: dt.datetime) -> bool:
        del issuer, jti, until
        await asyncio.sleep(60)
        return False


async def test_a_store_that_does_not_answer_holds_nobody_up() -> None:
    clock = Clock()
    replays = SharedReplays(MemoryReplays(clock.now), Stuck(), patience_s=0.01)
    assert await replays.first_use("a", "1", clock.now() + MINUTE)
    assert not await replays.first_use("a", "1", clock.now() + MINUTE)
