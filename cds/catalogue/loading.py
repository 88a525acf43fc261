"""The stored trials as a service or a command loads them: with the tables of the settings, from the store there is."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cds.catalogue.trials import Drafts, StoredTrials
from cds.store.database import address, in_memory
from cds.store.store import Store
from cds.store.studies import Studies
from cds.trials.disease import disease_of
from cds.trials.drafting import Drafting, fingerprint
from cds.trials.text.phrases import load_lexicon
from cds.trials.text.readers import READERS
from cds.trials.text.trust import trusted_kinds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cds.core.vocabulary import Vocabulary
    from cds.settings import Settings

__all__ = ["make_drafting", "make_drafts", "stored_trials"]


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
def stored_trials(url: str, settings: Settings, vocabulary: Vocabulary) -> Iterator[StoredTrials | None]:
    """Give the trials of the store at an address while it is open; nothing where there is no store yet.

    A file is not made by looking for it. Raises ``BadSetting`` for what is no address.
    """
    where = address(url)
    if in_memory(where) or (where.drivername == "sqlite" and not Path(where.database or "").exists()):
        yield None
        return
    store = Store.open(url)
    try:
        yield StoredTrials(Studies(store), vocabulary, make_drafts(settings, vocabulary))
    finally:
        store.close()
