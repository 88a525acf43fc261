"""Killed at any moment, a run goes on and comes to the same Parquet: nobody repeated, nobody lost, nothing done twice.

Three kills by default; with ``KILLS`` (make nightly, make security) ten. Half of them are at any moment, half as the
tables of some part are written. Two of three take the whole run, the third its first process only, as a machine out of
memory may: the others must not go on writing beside the run that follows.
"""

import os
import random
from pathlib import Path

import pytest

from tests.population.running import (
    TABLES,
    Moment,
    done_in,
    export_of_people,
    finished,
    killed,
    patients_in,
    running,
    sorted_rows,
)

KILLS = min(10, int(os.environ.get("KILLS") or 3))
LATEST_S = 0.25


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="kills as POSIX does")
def test_a_run_that_is_killed_goes_on_to_the_same_rows(tmp_path: Path) -> None:
    export, undisturbed, out = (tmp_path / name for name in ("export", "undisturbed", "out"))
    people = export_of_people(export, copies=9)
    finished(export, undisturbed)
    everything = len(done_in(undisturbed))
    chance = random.Random(KILLS)  # noqa: S311 - moments of killing, not secrets
    moments = sorted(chance.randrange(everything) for _ in range(KILLS))
    in_the_midst = 0
    for number, after in enumerate(moments):
        with running(export, out) as process:
            later_s = chance.uniform(0, LATEST_S)
            before = killed(process, out, Moment(after, later_s, writing=number % 2 == 0, alone=number % 3 == 1))
        in_the_midst += 0 < len(before) < everything
        if number == KILLS - 1:
            finished(export, out)
        now = done_in(out)
        assert {name: now[name] for name in before} == before, "what was done is done again"
    assert in_the_midst, "no kill hit a run in the midst of its work: the test would show nothing"

    for table in TABLES:
        assert sorted_rows(out, table) == sorted_rows(undisturbed, table), table
    assert len(patients_in(out)) == len(set(patients_in(out))) == people
    assert (out / "summary.json").read_bytes() == (undisturbed / "summary.json").read_bytes()
    assert not (out / "work").exists()
