"""Used tokens: remembered as long as they could be used, and never more than there is room for."""

import asyncio
import datetime as dt

import pytest

from cds.errors import Overloaded, StoreDown
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
    replays = SharedReplays(MemoryReplays(clock.now), Stuck(), clock.now, patience_s=0.01)
    assert await replays.first_use("a", "1", clock.now() + MINUTE)
    assert not await replays.first_use("a", "1", clock.now() + MINUTE)


class Database:
    """A store that several processes share, and that can be taken down."""

    def __init__(self) -> None:
        self.up = True
        self.asked = 0
        self.used: set[tuple[str, str]] = set()

    async def heard(self, number: int) -> None:
        """Wait until it has been told of so many tokens."""
        for _ in range(5000):
            if len(self.used) == number:
                return
            await asyncio.sleep(0.001)

    async def first_use(self, issuer: str, jti: str, until: dt.datetime) -> bool:
        del until
        self.asked += 1
        if not self.up:
            raise StoreDown("the store does not answer")
        first = (issuer, jti) not in self.used
        self.used.add((issuer, jti))
        return first


def two(clock: Clock, database: Database, pause_s: float) -> list[SharedReplays]:
    return [SharedReplays(MemoryReplays(clock.now), database, clock.now, pause_s=pause_s) for _ in range(2)]


async def test_what_was_let_in_during_an_outage_is_refused_by_all_after_it() -> None:
    clock, database = Clock(), Database()
    one, other = two(clock, database, pause_s=0.001)
    database.up = False
    for number in range(5):
        assert await one.first_use("a", str(number), clock.now() + MINUTE)
    assert database.used == set()
    database.up = True
    await database.heard(5)
    for number in range(5):
        assert not await other.first_use("a", str(number), clock.now() + MINUTE)


async def test_a_store_that_is_down_is_left_alone() -> None:
    clock, database = Clock(), Database()
    database.up = False
    one, _ = two(clock, database, pause_s=60)
    for number in range(20):
        assert await one.first_use("a", str(number), clock.now() + MINUTE)
    assert database.asked <= 4  # three calls, and the first try to tell what was missed


async def test_what_can_be_used_no_more_is_not_owed() -> None:
    clock, database = Clock(), Database()
    database.up = False
    one, _ = two(clock, database, pause_s=0.001)
    assert await one.first_use("a", "1", clock.now() + MINUTE)
    clock.wait(120)
    await asyncio.sleep(0.02)
    database.up = True
    asked = database.asked
    await asyncio.sleep(0.02)
    assert (database.used, database.asked) == (set(), asked)
