"""What was imported, for the commands that read it: where nothing was, they say so, and make no database."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from cds.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cds.settings import Settings
    from cds.store.studies import Studies

__all__ = ["imported", "there"]

HeldT = TypeVar("HeldT")


@contextmanager
def imported(settings: Settings) -> Iterator[Studies]:
    """Give the records of the store while it is open; raise ``BadCall`` where there is no store yet."""
    from cds.catalogue.loading import studies_in
    from cds.plugs import store_url

    with studies_in(store_url(settings)) as studies:
        yield there(studies)


def there(held: HeldT | None) -> HeldT:
    """Give what a store holds; raise ``BadCall`` where there is no store yet."""
    if held is None:
        raise BadCall("no trial was imported yet: see trialcards trials import --help")
    return held
