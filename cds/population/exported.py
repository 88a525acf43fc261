"""What the client of a bulk export said of the folders it filled: which types came whole, and which did not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.chart import Extent
from cds.errors import BadCall
from cds.population.bulk.account import is_unfinished, read_account

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cds.population.sources import Source

__all__ = ["NOTHING_TOLD", "Told", "told_of"]


@dataclass(frozen=True, slots=True)
class Told:
    """Types that were asked for and came ``whole``, with entries or without any, and those that came in ``part``.

    Files of the account that are not among those of the run leave their type a part.
    """

    whole: frozenset[str] = frozenset()
    part: frozenset[str] = frozenset()


NOTHING_TOLD = Told()
"""Of folders that came another way: what they hold is taken for all there is of its types."""


def told_of(sources: Iterable[Source]) -> dict[int, Told]:
    """Read the accounts of exports, by their numbers; of one that has none nothing is told.

    Raises ``BadCall`` for a folder whose export is not over, and for an account that cannot be read.
    """
    told: dict[int, Told] = {}
    files = list(sources)
    here = {each.path.resolve() for each in files}
    for export, folder in {each.export: each.folder for each in files}.items():
        if is_unfinished(folder):
            raise BadCall(f"{folder.name}: its export is not over; finish it by trialcards population export")
        account = read_account(folder)
        if account is not None:
            absent = {each.type for each in account.files if (folder / each.name).resolve() not in here}
            whole = frozenset(name for name in account.asked if account.extent(name) is Extent.COMPLETE) - absent
            told[export] = Told(whole, frozenset(account.asked) - whole)
    return told
