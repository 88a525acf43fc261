"""A run on a cluster: the same function over the same parts, spread by Spark (the extra ``spark``).

The run's folder must be the same on every node, as on a shared disk, and Trialcards be installed on each. Files are
taken in where the run was started; the trials go to each node once, as they were loaded there.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Self

from cds.errors import BadSetting, RunStopped
from cds.population.local import Local
from cds.population.partition import Counts, screen_part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cds.population.job import Job
    from cds.population.lines import Account
    from cds.population.run import Work

__all__ = ["Spark"]


class Spark:
    """A Spark cluster by its master's address. Raises ``BadSetting`` where PySpark or a JDK is not there."""

    def __init__(self, job: Job, master: str, processes: int = 1) -> None:
        self._local = Local(job, processes)
        self._job = job
        self._context = _context(master)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._local.__exit__(*raised)
        self._context.stop()

    def take_in(self, numbers: Sequence[int]) -> Iterable[Account]:
        """Take files in on this machine."""
        return self._local.take_in(numbers)

    def screen(self, work: Work) -> Iterator[Counts]:
        """Screen parts on the cluster; how many patients each held is known when all are done."""
        if not work.parts:
            return
        shared = self._context.broadcast((self._job, work.covered, work.take_over))

        def done(part: int) -> tuple[int, int]:
            job, covered, take_over = shared.value
            counts = screen_part(job, part, covered, take_over=take_over)
            return counts.patients, counts.taken_over

        try:
            every = self._context.parallelize(work.parts, len(work.parts)).map(done).collect()
        except Exception as fault:  # noqa: BLE001 - what Spark raises holds traces of other machines; its kind is told
            why = f"the cluster gave up ({type(fault).__name__}); the same command goes on from here"
            raise RunStopped(why) from None
        yield from (Counts(*each) for each in every)


def _context(master: str) -> Any:  # noqa: ANN401 - PySpark is an optional extra
    try:
        from pyspark import SparkConf, SparkContext  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise BadSetting("--engine spark: needs PySpark; pip install 'trialcards[population,spark]'") from None
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    settings = {"spark.ui.enabled": "false", "spark.task.maxFailures": "2", "spark.log.level": "ERROR"}
    conf = SparkConf().setMaster(master).setAppName("trialcards population screen").setAll(list(settings.items()))
    try:
        return SparkContext(conf=conf)
    except Exception:  # noqa: BLE001 - the gateway raises what it likes where there is no JDK
        raise BadSetting(
            "--engine spark: no session could be begun: is there a JDK, 17 or newer, and the master?"
        ) from None
