"""Several processes over one database: a token id is first used once, and what one is told the other knows."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from cds.store.store import Store
from tests.store.given import HOUR, NOW, card

pytestmark = pytest.mark.anyio
REPOSITORY = Path(__file__).resolve().parents[2]
IDS = 25

USING = """
import asyncio, datetime as dt, sys
from cds.store.store import Store

UNTIL = dt.datetime(2026, 6, 16, tzinfo=dt.UTC)

async def use():
    store = Store.open(sys.argv[1])
    await store.ready()
    sys.stdin.read(1)
    asked = [store.first_use("issuer", str(each), UNTIL) for each in range(int(sys.argv[2]))]
    print(*[place for place, first in enumerate(await asyncio.gather(*asked)) if first])
    store.close()

asyncio.run(use())
"""
DISMISSING = """
import asyncio, datetime as dt, sys
from cds.store.store import Store
from cds.store.values import GivenFeedback

NOW = dt.datetime(2026, 6, 16, tzinfo=dt.UTC)

async def dismiss():
    store = Store.open(sys.argv[1])
    said = GivenFeedback(sys.argv[2], "overridden", NOW, NOW, "ehr", reason_code="patient-refuses")
    print((await store.record([said])).orphaned)
    store.close()

asyncio.run(dismiss())
"""


def started(program: str, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)


async def test_of_several_processes_one_is_the_first_to_use_a_token(url: str) -> None:
    racing = [started(USING, url, str(IDS)) for _ in range(3)]
    won = [each.communicate("x", timeout=60)[0].split() for each in racing]
    assert sorted(int(each) for of_one in won for each in of_one) == list(range(IDS))


async def test_what_is_dismissed_through_one_process_is_known_to_another(store: Store, url: str) -> None:
    await store.told([card()])
    assert await store.dismissals(["k1:aa"]) == ()
    other = await asyncio.to_thread(started(DISMISSING, url, card().uuid).communicate, timeout=60)
    assert other[0] == "0\n"
    assert [each.reason for each in await store.dismissals(["k1:aa"])] == ["patient-refuses"]
    assert await store.first_use("issuer", "id", NOW + HOUR)
