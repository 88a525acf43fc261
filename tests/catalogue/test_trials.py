"""The stored records as trials: drafted when they come in, drafted anew when something changed, never from thin air."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cds import app
from cds.catalogue import loading
from cds.catalogue.loading import make_drafting, stored_trials, studies_in
from cds.catalogue.taking import Taking
from cds.catalogue.trials import Drafts, StoredTrials
from cds.core.criteria import Criterion, HasCondition
from cds.core.trial import Trial
from cds.core.vocabulary import Vocabulary
from cds.errors import BadMapping, BadSetting, BadTrial
from cds.registry.files import Found
from cds.settings import Settings
from cds.store.records import new_record
from cds.store.store import Store
from cds.store.studies import Studies
from cds.trials.definition import Definition, RecordNote
from cds.trials.drafting import Drafting
from cds.trials.study import Study
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


def stored(studies: Studies, drafts: Drafts, told: list[str] | None = None) -> StoredTrials:
    """Give the stored trials; with no list to tell it to, nothing may be bad."""

    def bad(line: str) -> None:
        assert told is not None, line
        told.append(line)

    return StoredTrials(studies, VOCABULARY, drafts, bad)


def test_what_came_in_is_offered_as_a_draft(studies: Studies) -> None:
    making = Making()
    drafts = making.with_("one")
    taking = put(studies, drafts, record(1), record(2), record(3, status="COMPLETED"))
    assert taking.tally.drafted == 3
    found = list(stored(studies, making.with_("one")).drafted(OPEN))
    assert [each.nct_id for each in found] == [nct(1), nct(2)]
    assert all(each.draft and not each.complete for each in found)
    assert found[0].criteria[0].label == "Room 1 is free"
    assert making.loaded == 1


def test_those_that_are_curated_or_gone_are_left_out(studies: Studies) -> None:
    drafts = Making().with_("one")
    put(studies, drafts, record(1), record(2), record(3))
    studies.gone([nct(2)], NOW)
    assert [each.nct_id for each in stored(studies, drafts).drafted(OPEN, {nct(1)})] == [nct(3)]


def test_drafts_are_made_anew_when_tables_change_and_only_then(studies: Studies) -> None:
    making = Making()
    put(studies, making.with_("one"), record(1))
    assert making.loaded == 1
    for tables, loaded in (("two", 2), ("two", 2)):
        (trial,) = stored(studies, making.with_(tables)).drafted(OPEN)
        assert (trial.nct_id, making.loaded) == (nct(1), loaded)
    assert studies.drafted()[nct(1)][1] == "two"


def test_a_record_that_has_no_draft_yet_gets_one(studies: Studies) -> None:
    put(studies, None, record(1))
    assert [each.nct_id for each in stored(studies, Making().with_("one")).drafted(OPEN)] == [nct(1)]


def definition(text: str) -> Definition:
    disease = Criterion("disease", "Liver", HasCondition(("liver-metastasis",)), lines=(3,), disease=True)
    trial = Trial(nct(1), "Ours", "RECRUITING", (disease,), version="1", complete=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Definition(f"{nct(1)}.yaml", trial, RecordNote(None, "RECRUITING", 3, (2,), digest), (1,))


def test_a_definition_is_laid_over_the_version_of_today(studies: Studies) -> None:
    drafts = Making().with_("one")
    held = stored(studies, drafts)
    (alone,) = held.brought_up_to_date([definition(TEXT)])
    assert alone.trial == definition(TEXT).trial
    put(studies, drafts, record(1, text=TEXT))
    (same,) = held.brought_up_to_date([definition(TEXT)])
    assert (len(same.trial.criteria), same.flags) == (1, ())
    put(studies, drafts, record(1, text=f"{TEXT}\n* And so is room 2", updated="2026-05-02", status="SUSPENDED"))
    (newer,) = held.brought_up_to_date([definition(TEXT)])
    assert [each.draft for each in newer.trial.criteria] == [False, True]
    assert newer.trial.status == "SUSPENDED"
    assert len(newer.flags) == 1


def test_a_definition_of_a_text_that_was_never_stored_stands_alone(studies: Studies) -> None:
    drafts = Making().with_("one")
    put(studies, drafts, record(1))
    (found,) = stored(studies, drafts).brought_up_to_date([definition("Another text")])
    assert [each.id for each in found.trial.criteria] == ["disease"]
    assert "not in the store" in str(found.flags[0])


class Failing(Drafting):
    """Drafts that cannot be made of two records."""

    def trial(self, study: Study) -> Trial:
        if study.nct_id == nct(1):
            raise ZeroDivisionError("of the text")
        if study.nct_id == nct(2):
            raise BadTrial(f"{nct(2)}: too strange")
        return super().trial(study)


def failing(tables: str) -> Drafts:
    return Drafts(tables, lambda: Failing(READERS, Lexicon.of(VOCABULARY), frozenset()))


FAILED = [f"{nct(1)}: could not be drafted (ZeroDivisionError)", f"{nct(2)}: too strange"]


def test_one_that_cannot_be_drafted_keeps_nobody_from_the_others(studies: Studies) -> None:
    put(studies, Making().with_("one"), record(1), record(2), record(3))
    told: list[str] = []
    found = list(stored(studies, failing("two"), told).drafted(OPEN))
    assert ([each.nct_id for each in found], told) == ([nct(3)], FAILED)


def test_tables_that_cannot_be_loaded_are_the_fault_of_no_record(studies: Studies) -> None:
    def load() -> Drafting:
        raise BadMapping("diseases.csv: line 1")

    put(studies, None, record(1))
    with pytest.raises(BadMapping):
        list(stored(studies, Drafts("one", load), []).drafted(OPEN))


def test_a_definition_whose_record_cannot_be_drafted_is_brought_up_to_it_without_what_is_new(studies: Studies) -> None:
    put(studies, None, record(1, text=TEXT))
    (same,) = stored(studies, failing("one"), []).brought_up_to_date([definition(TEXT)])
    assert (same.trial.complete, len(same.trial.criteria), len(same.flags)) == (True, 1, 1)
    put(studies, None, record(1, text=f"{TEXT}\n* And so is room 2", updated="2026-05-02", status="SUSPENDED"))
    told: list[str] = []
    (newer,) = stored(studies, failing("one"), told).brought_up_to_date([definition(TEXT)])
    assert (newer.trial.status, newer.trial.complete) == ("SUSPENDED", False)
    assert ("cannot be drafted" in str(newer.flags[0]), told) == (True, FAILED[:1])


def broken(studies: Studies, number: int, status: object, packed: bytes | None = None) -> None:
    """Keep a record that cannot be read, as nothing that takes records in would."""
    odd = new_record(nct(number), "2026-05-02", record(number) | {"protocolSection": {"statusModule": status}})
    studies.keep([odd if packed is None else replace(odd, packed=packed)], NOW, seen=True)


@pytest.mark.parametrize("packed", [None, b"no gzip"])
def test_a_record_that_cannot_be_read_leaves_its_definition_alone_and_the_others_too(
    studies: Studies, packed: bytes | None
) -> None:
    drafts = Making().with_("one")
    put(studies, drafts, record(1, text=TEXT), record(2), record(3))
    for number in (1, 2):
        broken(studies, number, 7, packed)
    told: list[str] = []
    held = stored(studies, drafts, told)
    (found,) = held.brought_up_to_date([definition(TEXT)])
    assert (found.trial, [str(each) for each in found.flags]) == (
        definition(TEXT).trial,
        ["the stored record cannot be read"],
    )
    assert [each.nct_id for each in held.drafted(OPEN, {nct(1)})] == [nct(3)]
    assert len(told) == 2


def test_a_version_that_cannot_be_read_hides_no_other(studies: Studies) -> None:
    drafts = Making().with_("one")
    put(studies, drafts, record(1, text=TEXT, updated="2026-05-01"))
    broken(studies, 1, 7)
    put(studies, drafts, record(1, text=f"{TEXT}\n* And so is room 2", updated="2026-05-03"))
    (found,) = stored(studies, drafts, []).brought_up_to_date([definition(TEXT)])
    assert [each.draft for each in found.trial.criteria] == [False, True]


def test_a_kept_draft_that_cannot_be_read_is_told(studies: Studies) -> None:
    drafts = Making().with_("one")
    put(studies, drafts, record(1), record(2))
    (kept,) = studies.drafts([nct(1)])
    studies.keep_drafts([replace(kept, text="{}")])
    told: list[str] = []
    assert [each.nct_id for each in stored(studies, drafts, told).drafted(OPEN)] == [nct(2)]
    assert told == [f"{nct(1)}: the saved draft cannot be read"]


def test_the_service_starts_without_what_cannot_be_drafted_and_counts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"sqlite:///{tmp_path / 'held.sqlite3'}"
    store = Store.open(url)
    put(Studies(store), None, record(1), record(2), record(3))
    store.close()
    monkeypatch.setattr(loading, "make_drafts", lambda *_: failing("one"))
    monkeypatch.setattr(app, "load_definitions", lambda *_: ())
    with caplog.at_level("INFO", logger="cds"):
        plan = app.load_plan(Settings(store_url=url))
    assert [each.nct_id for each in plan.trials] == [nct(3)]
    assert [vars(each)["fields"] for each in caplog.records] == [{"curated": 0, "drafts": 1, "complaints": 2}]


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:"])
def test_where_something_is_to_be_kept_a_store_in_memory_is_none(address: str) -> None:
    with pytest.raises(BadSetting, match=r"^CDS_STORE_URL: must name a database"), studies_in(address, make=True):
        pass


def test_a_store_is_made_where_it_is_to_be_and_an_address_of_sqlites_own_is_one(tmp_path: Path) -> None:
    for address in (f"sqlite:///{tmp_path / 'a.sqlite3'}", f"sqlite:///file:{tmp_path / 'b.sqlite3'}?uri=true"):
        with studies_in(address) as nothing:
            assert nothing is None
        with studies_in(address, make=True) as made:
            assert made is not None
            put(made, None, record(1))
        with studies_in(address) as found:
            assert found is not None
            assert list(found.heads()) == [nct(1)]


def test_looking_for_a_store_makes_none(tmp_path: Path) -> None:
    file = tmp_path / "none.sqlite3"
    with stored_trials(f"sqlite:///{file}", Settings(), Vocabulary({}), print) as found:
        assert found is None
    assert not file.exists()
    with stored_trials("sqlite://", Settings(), Vocabulary({}), print) as found:
        assert found is None
    Store.open(f"sqlite:///{file}").close()
    file.touch()
    with stored_trials(f"sqlite:///{file}", Settings(), Vocabulary({}), print) as found:
        assert found is not None
        assert list(found.drafted(OPEN)) == []


def test_drafts_trust_the_kinds_that_were_measured_well_enough(tmp_path: Path) -> None:
    (tmp_path / "diseases.csv").write_text("phrase,role,histologies,sites,comment\n", "utf-8")
    (tmp_path / "precision.csv").write_text("kind,round,right,wrong\nage,1,59,0\nsex,1,58,0\n", "utf-8")
    made = make_drafting(Settings(mappings=tmp_path), VOCABULARY)
    assert made.trusted == {ReadingKind.AGE}
