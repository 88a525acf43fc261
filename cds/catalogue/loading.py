"""The stored trials as a service or a command loads them: with the tables of the settings, from the store there is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from cds.catalogue.trials import Drafts, StoredTrials
from cds.errors import BadSetting
from cds.store.database import address, in_memory, is_there
from cds.store.store import Store
from cds.store.studies import Studies
from cds.trials.disease import disease_of
from cds.trials.drafting import Drafting, fingerprint
from cds.trials.text.phrases import load_lexicon
from cds.trials.text.readers import READERS
from cds.trials.text.trust import trusted_kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cds.core.vocabulary import Vocabulary
    from cds.settings import Settings

__all__ = ["make_drafting", "make_drafts", "stored_trials", "studies_in"]


def make_drafting(settings: Settings, vocabulary: Vocabulary) -> Drafting:
    """Load what drafts are made with: readers, names, and which kinds of statement may speak against a patient.

    Raises ``BadMapping`` for a table that cannot be used.
    """
    lexicon = load_lexicon(settings.mappings, vocabulary)
    return Drafting(READERS, lexicon, trusted_kinds(settings.mappings), disease_of)


def make_drafts(settings: Settings, vocabulary: Vocabulary) -> Drafts:
    """Give what drafts the registry's records, with the tables of today; nothing is loaded before it is needed."""
    folders = [settings.mappings, *([settings.mappings_overlay] if settings.mappings_overlay else [])]
    return Drafts(fingerprint(folders), lambda: make_drafting(settings, vocabulary))


@contextmanager
def studies_in(url: str, *, make: bool = False) -> Iterator[Studies | None]:
    """Give the records of the store at an address while it is open; nothing where there is no store yet.

    A file is not made by looking for it, unless it is to be made. Raises ``BadSetting`` for what is no address, and for
    one at which nothing is kept where something should be.
    """
    where = address(url)
    if make and in_memory(where):
        raise BadSetting("CDS_STORE_URL: must name a database: with demo charts nothing is kept")
    if not make and not is_there(where):
        yield None
        return
    store = Store.open(url)
    try:
        yield Studies(store)
    finally:
        store.close()


@contextmanager
def stored_trials(
    url: str, settings: Settings, vocabulary: Vocabulary, bad: Callable[[str], None]
) -> Iterator[StoredTrials | None]:
    """Give the trials of the store at an address, as :func:`studies_in` gives its records.

    Of each record that cannot be read or drafted ``bad`` is told.
    """
    with studies_in(url) as studies:
        if studies is None:
            yield None
        else:
            yield StoredTrials(studies, vocabulary, make_drafts(settings, vocabulary), bad)
