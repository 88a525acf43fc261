"""A run on one machine: processes that take files in, then parts of the population, each on its own."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for
from typing import TYPE_CHECKING, Self, TypeVar

from cds.errors import RunStopped
from cds.population.partition import screen_part
from cds.population.regroup import take_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from concurrent.futures import Future
    from multiprocessing.context import BaseContext

    from cds.population.coverage import Covered
    from cds.population.job import Job
    from cds.population.lines import Account
    from cds.population.partition import Counts
    from cds.population.run import Work

__all__ = ["Local"]

ResultT = TypeVar("ResultT")


class Local:
    """Some processes of this machine.

    Each has the trials in memory: as a copy that is shared where the system forks processes, else as its own. A
    process that is killed stops the run (``RunStopped``).
    """

    def __init__(self, job: Job, processes: int) -> None:
        self._job = job
        self._pool = ProcessPoolExecutor(processes, mp_context=_context(), initializer=_begin, initargs=(job,))
        self._pool.submit(_ready).result()  # processes are made before anything here makes threads

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def take_in(self, numbers: Sequence[int]) -> Iterable[Account]:
        """Take in files, the largest first, so that none is left to the end on its own."""
        in_order = sorted(numbers, key=lambda each: -self._job.sources[each].size)
        return self._all(_take, [(number,) for number in in_order])

    def screen(self, work: Work) -> Iterable[Counts]:
        """Screen parts."""
        return self._all(_screen, [(part, work.covered, work.take_over) for part in work.parts])

    def _all(self, do: Callable[..., ResultT], work: Iterable[tuple[object, ...]]) -> Iterator[ResultT]:
        """Do all pieces of work and give each result as it comes."""
        try:
            waiting: set[Future[ResultT]] = {self._pool.submit(do, *each) for each in work}
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (each.result() for each in done)
        except BrokenProcessPool:
            why = "a process was ended from outside, for want of memory perhaps; the same command goes on from here"
            raise RunStopped(why) from None


def _context() -> BaseContext:
    return multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn")


_BEGUN: list[Job] = []
"""The job of this process, which it is given once and not with each piece of work."""


def _begin(job: Job) -> None:
    _BEGUN[:] = [job]
    threading.Thread(target=_end_with_the_run, daemon=True).start()


def _end_with_the_run() -> None:
    """End this process once the one that began it is gone: nothing may write beside a run that follows."""
    run = multiprocessing.parent_process()
    if run is not None:
        wait_for([run.sentinel])
        os._exit(1)


def _ready() -> None:
    """Do nothing: a process that can is there."""


def _take(number: int) -> Account:
    return take_file(_BEGUN[0], number)


def _screen(part: int, covered: Covered, take_over: bool) -> Counts:  # noqa: FBT001 - as it was sent
    return screen_part(_BEGUN[0], part, covered, take_over=take_over)
