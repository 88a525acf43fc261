"""Killed at any moment, the store has lost nothing that it acknowledged, and holds no half of a batch.

A dozen kills by default; ``KILLS=200`` (make nightly, make security) for the long run. A kill leaves what the
operating system was given, so this shows that nothing is acknowledged before it is committed. That a commit reaches the
disk before it returns is a setting of the databases, held in ``test_database.py``.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from sqlalchemy import text

from cds.store.database import address, engine_for, migrate
from tests.store.writer import BATCH, batch_of

REPOSITORY = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("KILLS") or 12)
LATEST_S = 0.25


def kept(url: str) -> Counter[tuple[int, int]]:
    """Count the feedback of each batch in the database."""
    engine = engine_for(address(url))
    migrate(engine)
    with engine.connect() as connection:
        cards = connection.execute(text("SELECT card FROM feedback")).scalars().all()
    engine.dispose()
    return Counter(map(batch_of, cards))


def killed(forks: "subprocess.Popen[str]", run: int, chance: random.Random) -> list[tuple[int, int]]:
    """Have one process write, kill it at a random moment, and give the batches that it said were kept.

    Every other process is killed soon after it has begun to acknowledge, the rest soon after they have started.
    """
    assert forks.stdin is not None
    assert forks.stdout is not None
    forks.stdin.write(f"{run}\n")
    forks.stdin.flush()
    said = forks.stdout.readline().split()
    acknowledged = []
    while said[0] != "pid":  # the child may speak before its parent does
        acknowledged.append((run, int(said[1])))
        said = forks.stdout.readline().split()
    child = int(said[1])
    if run % 2 and not acknowledged:
        acknowledged.append((run, int(forks.stdout.readline().split()[1])))
    time.sleep(chance.uniform(0, LATEST_S))
    os.kill(child, signal.SIGKILL)
    while (line := forks.stdout.readline().split())[0] != "ended":
        acknowledged.append((run, int(line[1])))
    return acknowledged


def test_nothing_acknowledged_is_lost(url: str) -> None:
    chance = random.Random(KILLS)  # noqa: S311 - moments of killing, not secrets
    command = [sys.executable, str(REPOSITORY / "tests" / "store" / "writer.py"), url]
    acknowledged: set[tuple[int, int]] = set()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as forks:
        for run in range(KILLS):
            acknowledged.update(killed(forks, run, chance))
            if run % 10 == 0 or run == KILLS - 1:
                found = kept(url)
                assert [each for each in acknowledged if found[each] != BATCH] == []
                assert set(found.values()) <= {BATCH}
        assert forks.stdin is not None
        forks.stdin.close()
    assert len(acknowledged) > KILLS, "hardly anything was written: the test would show nothing"
