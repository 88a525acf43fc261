"""The stored records as trials: drafted when they come in, drafted anew when something changed, never from thin air."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from cds.catalogue.loading import make_drafting, stored_trials
from cds.catalogue.taking import Taking
from cds.catalogue.trials import Drafts, StoredTrials
from cds.core.criteria import Criterion, HasCondition
from cds.core.trial import Trial
from cds.core.vocabulary import Vocabulary
from cds.registry.files import Found
from cds.settings import Settings
from cds.store.store import Store
from cds.store.studies import Studies
from cds.trials.definition import Definition, RecordNote
from cds.trials.drafting import Drafting
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers import READERS
from cds.trials.text.reading import ReadingKind
from tests.core.builders import VOCABULARY
from tests.registry.fake import nct, record

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
OPEN = ("RECRUITING",)
TEXT = "Inclusion Criteria:\n\n* Room 1 is free"


class Making:
    """Drafts that say how often they were made ready."""

    def __init__(self) -> None:
        self.loaded = 0

    def with_(self, tables: str) -> Drafts:
        def load() -> Drafting:
            self.loaded += 1
            return Drafting(READERS, Lexicon.of(VOCABULARY), frozenset())

        return Drafts(tables, load)


@pytest.fixture
def studies() -> Iterator[Studies]:
    store = Store.open("sqlite://")
    yield Studies(store)
    store.close()


def put(studies: Studies, drafts: Drafts | None, *records: dict[str, object]) -> Taking:
    taking = Taking(studies, lambda: NOW, drafts)
    taking.take([Found(each, "a test") for each in records])
    return taking


def test_what_came_in_is_offered_as_a_draft(studies: Studies) -> None:
    making = Making()
    drafts = making.with_("one")
    taking = put(studies, drafts, record(1), record(2), record(3, status="COMPLETED"))
    assert taking.tally.drafted == 3
    found = list(StoredTrials(studies, VOCABULARY, making.with_("one")).drafted(OPEN))
    assert [each.nct_id for each in found] == [nct(1), nct(2)]
    assert all(each.draft and not each.complete for each in found)
    assert found[0].criteria[0].label == "Room 1 is free"
    assert making.loaded == 1


def test_those_that_are_curated_or_gone_are_left_out(studies: Studies) -> None:
    drafts = Making().with_("one")
    put(studies, drafts, record(1), record(2), record(3))
    studies.gone([nct(2)], NOW)
    assert [each.nct_id for each in StoredTrials(studies, VOCABULARY, drafts).drafted(OPEN, {nct(1)})] == [nct(3)]


def test_drafts_are_made_anew_when_tables_change_and_only_then(studies: Studies) -> None:
    making = Making()
    put(studies, making.with_("one"), record(1))
    assert making.loaded == 1
    for tables, loaded in (("two", 2), ("two", 2)):
        (trial,) = StoredTrials(studies, VOCABULARY, making.with_(tables)).drafted(OPEN)
        assert (trial.nct_id, making.loaded) == (nct(1), loaded)
    assert studies.drafted()[nct(1)][1] == "two"


def test_a_record_that_has_no_draft_yet_gets_one(studies: Studies) -> None:
    put(studies, None, record(1))
    assert [each.nct_id for each in StoredTrials(studies, VOCABULARY, Making().with_("one")).drafted(OPEN)] == [nct(1)]


def definition(text: str) -> Definition:
    disease = Criterion("disease", "Liver", HasCondition(("liver-metastasis",)), lines=(3,), disease=True)
    trial = Trial(nct(1), "Ours", "RECRUITING", (disease,), version="1", complete=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Definition(f"{nct(1)}.yaml", trial, RecordNote(None, "RECRUITING", 3, (2,), digest), (1,))


def test_a_definition_is_laid_over_the_version_of_today(studies: Studies) -> None:
    drafts = Making().with_("one")
    stored = StoredTrials(studies, VOCABULARY, drafts)
    (alone,) = stored.brought_up_to_date([definition(TEXT)])
    assert alone.trial == definition(TEXT).trial
    put(studies, drafts, record(1, text=TEXT))
    (same,) = stored.brought_up_to_date([definition(TEXT)])
    assert (len(same.trial.criteria), same.flags) == (1, ())
    put(studies, drafts, record(1, text=f"{TEXT}\n* And so is room 2", updated="2026-05-02", status="SUSPENDED"))
    (newer,) = stored.brought_up_to_date([definition(TEXT)])
    assert [each.draft for each in newer.trial.criteria] == [False, True]
    assert newer.trial.status == "SUSPENDED"
    assert len(newer.flags) == 1


def test_a_definition_of_a_text_that_was_never_stored_stands_alone(studies: Studies) -> None:
    drafts = Making().with_("one")
    put(studies, drafts, record(1))
    (found,) = StoredTrials(studies, VOCABULARY, drafts).brought_up_to_date([definition("Another text")])
    assert [each.id for each in found.trial.criteria] == ["disease"]
    assert "not in the store" in str(found.flags[0])


def test_looking_for_a_store_makes_none(tmp_path: Path) -> None:
    file = tmp_path / "none.sqlite3"
    with stored_trials(f"sqlite:///{file}", Settings(), Vocabulary({})) as stored:
        assert stored is None
    assert not file.exists()
    with stored_trials("sqlite://", Settings(), Vocabulary({})) as stored:
        assert stored is None
    Store.open(f"sqlite:///{file}").close()
    file.touch()
    with stored_trials(f"sqlite:///{file}", Settings(), Vocabulary({})) as stored:
        assert stored is not None
        assert list(stored.drafted(OPEN)) == []


def test_drafts_trust_the_kinds_that_were_measured_well_enough(tmp_path: Path) -> None:
    (tmp_path / "diseases.csv").write_text("phrase,role,histologies,sites,comment\n", "utf-8")
    (tmp_path / "precision.csv").write_text("kind,round,right,wrong\nage,1,59,0\nsex,1,58,0\n", "utf-8")
    made = make_drafting(Settings(mappings=tmp_path), VOCABULARY)
    assert made.trusted == {ReadingKind.AGE}
