"""A process to be killed: keeps feedback in batches, and says of each batch when it is kept.

Loading Python takes longer than the writing, so this process stays and forks: for each line on its standard input (the
number of a run) a child writes until it is killed. Child and parent speak on standard output: ``pid 123``,
``kept 7`` (batch 7 is kept), ``ended``. It is run by its path, so it imports nothing of the tests.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import sys
from itertools import count

from cds.store.database import address, engine_for
from cds.store.store import Store
from cds.store.values import GivenFeedback

BATCH = 3
NOW = dt.datetime(2026, 6, 15, 9, 0, tzinfo=dt.UTC)
_RUN, _PLACE = 1_000_000, 10


def batch(run: int, number: int) -> list[GivenFeedback]:
    """Give a batch of which no feedback is in another."""
    first = run * _RUN + number * _PLACE
    return [feedback(f"00000000-0000-4000-8000-{first + place:012x}") for place in range(BATCH)]


def feedback(card: str) -> GivenFeedback:
    """Give one feedback on a card."""
    return GivenFeedback(card, "overridden", NOW, NOW, "ehr")


def batch_of(card: str) -> tuple[int, int]:
    """Say of which run and batch a card is."""
    run, rest = divmod(int(card.rsplit("-", 1)[1], 16), _RUN)
    return run, rest // _PLACE


def say(words: str) -> None:
    """Say it at once: nothing that was said is left in a buffer when the process is killed."""
    os.write(1, f"{words}\n".encode())


async def write(url: str, run: int) -> None:
    """Keep batch after batch."""
    store = Store.open(url)
    for number in count():
        await store.record(batch(run, number))
        say(f"kept {number}")


def main() -> None:
    """Fork a writer for each run that is asked for."""
    engine_for(address(sys.argv[1]))  # loads the driver; nothing is connected
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(write(sys.argv[1], int(line)))
        say(f"pid {child}")
        os.waitpid(child, 0)
        say("ended")


if __name__ == "__main__":
    main()
