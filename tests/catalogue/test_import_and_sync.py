"""Trials come in and are kept current: what came is kept whatever happens, and nothing is taken for gone lightly."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from cds.catalogue import trials as catalogue
from cds.catalogue.importing import import_files, import_numbers, import_query, since_after
from cds.catalogue.syncing import sync
from cds.catalogue.taking import Taking, Watch
from cds.core.trial import Trial
from cds.errors import BadTrial, RegistryError
from cds.registry.client import Patience, Registry
from cds.registry.files import Found
from cds.registry.queries import Query
from cds.store.store import Store
from cds.store.studies import Studies
from cds.trials.drafting import Drafting
from cds.trials.study import Study
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers import READERS
from tests.core.builders import VOCABULARY
from tests.registry.fake import BASE, FakeRegistry, nct, record

pytestmark = pytest.mark.anyio

NOW = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
GLIOMA = Query("glioma", "", ("RECRUITING",))


def old(number: int) -> dict[str, Any]:
    """A record of April, the fifth alone of May."""
    return record(number, updated="2026-05-01" if number == 5 else f"2026-04-0{number}")


@dataclass
class Site:
    """A store, a registry, a clock, and what was told of bad records."""

    studies: Studies
    fake: FakeRegistry
    now: dt.datetime = NOW
    told: list[str] = field(default_factory=list)
    steps: list[tuple[int, int | None]] = field(default_factory=list)
    drafter: Any = None

    @property
    def registry(self) -> Registry:
        return Registry(self.fake.client(), BASE, Patience(tries=2), _at_once)

    def taking(self) -> Taking:
        watch = Watch(self.told.append, lambda done, total: self.steps.append((done, total)))
        return Taking(self.studies, lambda: self.now, self.drafter, watch)

    async def find(self, query: Query = GLIOMA) -> str:
        taking = self.taking()
        await import_query(taking, self.registry, query)
        return str(taking.tally)

    async def sync(self) -> Taking:
        taking = self.taking()
        await sync(taking, self.registry)
        return taking

    @property
    def held(self) -> list[str]:
        return list(self.studies.heads())


async def _at_once(seconds: float) -> None:
    del seconds


@pytest.fixture
def site() -> Iterator[Site]:
    store = Store.open("sqlite://")
    yield Site(Studies(store), FakeRegistry([old(number) for number in range(1, 6)], page_size=2))
    store.close()


def broken_at(number: int) -> Any:  # noqa: ANN401 - what a fake takes
    """The connection breaks at this request and ever after."""
    left = [number]

    def breaks(request: httpx.Request) -> None:
        left[0] -= 1
        if left[0] <= 0:
            raise httpx.ReadError("x", request=request)

    return breaks


async def test_a_search_brings_every_page_in(site: Site) -> None:
    assert await site.find() == "5 records: 5 new, 0 changed, 0 same, 0 bad"
    assert site.held == [nct(number) for number in range(1, 6)]
    assert site.steps == [(2, 5), (4, 5), (5, 5)]
    assert await site.find() == "5 records: 0 new, 0 changed, 5 same, 0 bad"


async def test_a_search_that_was_cut_short_goes_on_where_it_stopped(site: Site) -> None:
    site.fake.before = broken_at(2)
    with pytest.raises(RegistryError, match="what has come is kept"):
        await site.find()
    assert site.held == [nct(1), nct(2)]
    site.fake = FakeRegistry(site.fake.studies, page_size=2)

    assert await site.find() == "3 records: 3 new, 0 changed, 0 same, 0 bad"
    assert [asked.get("pageToken") for asked in site.fake.asked] == ["t2", "t4"]
    assert len(site.held) == 5


async def test_one_whose_token_has_run_out_begins_again(site: Site) -> None:
    site.fake.before = broken_at(2)
    with pytest.raises(RegistryError):
        await site.find()
    refused = [httpx.Response(400, text="token")]
    site.fake = FakeRegistry(site.fake.studies, page_size=2, before=lambda _: refused.pop() if refused else None)

    assert await site.find() == "5 records: 3 new, 0 changed, 2 same, 0 bad"
    assert [asked.get("pageToken") for asked in site.fake.asked] == [None, "t2", "t4"]


async def test_another_search_does_not_go_on_from_the_first_ones_page(site: Site) -> None:
    site.fake.before = broken_at(2)
    with pytest.raises(RegistryError):
        await site.find()
    site.fake = FakeRegistry(site.fake.studies, page_size=2)
    await site.find(Query("glioma"))
    assert "pageToken" not in site.fake.asked[0]


async def test_a_bad_record_is_told_and_the_others_come(site: Site) -> None:
    broken = record(3)
    broken["protocolSection"]["designModule"] = []
    site.fake.studies[2:3] = [broken]
    site.fake.studies.insert(0, "no record at all")
    site.fake.page_size = None

    assert await site.find() == "6 records: 4 new, 0 changed, 0 same, 2 bad"
    assert site.told == [
        "the registry's page: record 1: must be an object",
        "the registry's page: record 4: NCT00000003: protocolSection.designModule: must be an object",
    ]


async def test_a_record_that_stands_on_two_pages_is_kept_once(site: Site) -> None:
    site.fake.studies.insert(2, old(2))
    assert await site.find() == "6 records: 5 new, 0 changed, 1 same, 0 bad"


async def test_numbers_come_one_by_one_and_one_that_is_not_there_is_told(site: Site) -> None:
    taking = site.taking()
    await import_numbers(taking, site.registry, [nct(2), nct(77), nct(4)])
    assert str(taking.tally) == "3 records: 2 new, 0 changed, 0 same, 1 bad"
    assert site.told == ["NCT00000077: the registry has no such study"]


async def test_many_numbers_are_asked_for_together(site: Site) -> None:
    site.fake = FakeRegistry([record(number) for number in range(1, 301)])
    site.fake.studies[6]["protocolSection"]["designModule"] = []
    taking = site.taking()
    await import_numbers(taking, site.registry, [nct(number) for number in range(2, 302)])
    assert str(taking.tally) == "300 records: 298 new, 0 changed, 0 same, 2 bad"
    assert (len(site.fake.asked), site.fake.singles) == (2, [nct(301)])
    assert site.told[1] == "NCT00000301: the registry has no such study"


async def test_sync_has_only_what_changed(site: Site) -> None:
    await site.find()
    site.now += 2 * DAY
    site.fake.put(
        record(2, updated="2026-05-21", text="Exclusion Criteria:\n\n* Fear of rooms"), record(9, updated="2026-05-21")
    )
    site.fake.asked.clear()

    taking = await site.sync()

    assert str(taking.tally) == "3 records: 1 new, 1 changed, 1 same, 0 bad"
    full = [asked for asked in site.fake.asked if asked["fields"] == "ProtocolSection"]
    assert [asked.get("filter.advanced") for asked in full] == ["AREA[LastUpdatePostDate]RANGE[2026-05-01,MAX]"] * len(
        full
    )
    assert len(site.studies.versions(nct(2))) == 2
    assert site.studies.heads()[nct(4)].seen_at == site.now


async def test_a_trial_that_left_its_search_is_followed_all_the_same(site: Site) -> None:
    await site.find()
    site.now += DAY
    site.fake.put(record(2, status="COMPLETED", updated="2026-05-21"))

    taking = await site.sync()

    assert taking.tally.gone == []
    (now,) = site.studies.current([nct(2)])
    assert now.record()["protocolSection"]["statusModule"]["overallStatus"] == "COMPLETED"


async def test_the_next_sync_asks_from_the_day_the_last_one_came_to(site: Site) -> None:
    await site.find()
    for day in ("2026-05-18", "2026-05-19"):
        site.now += DAY
        site.fake.put(record(8, updated=day))
        site.fake.asked.clear()
        await site.sync()
    assert "RANGE[2026-05-18,MAX]" in site.fake.asked[0]["filter.advanced"]
    assert site.studies.asked()[0].since == "2026-05-19"


async def test_what_is_held_without_a_day_is_had_anew(site: Site) -> None:
    undated = record(3)
    del undated["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]
    site.taking().take([Found(undated, "x")])
    assert str((await site.sync()).tally) == "1 record: 0 new, 1 changed, 0 same, 0 bad"


async def test_sync_finishes_a_search_that_was_cut_short(site: Site) -> None:
    site.fake.before = broken_at(2)
    with pytest.raises(RegistryError):
        await site.find()
    site.fake = FakeRegistry(site.fake.studies, page_size=2)
    await site.sync()
    assert len(site.held) == 5
    assert site.studies.asked()[0].finished_at == NOW


async def test_gone_is_what_the_registry_says_it_has_not_and_told_once(site: Site) -> None:
    await site.find()
    site.fake.drop(3)

    assert (await site.sync()).tally.gone == [nct(3)]
    assert site.fake.singles == [nct(3)]
    assert site.studies.heads()[nct(3)].gone_at == NOW
    assert (await site.sync()).tally.gone == []
    site.fake.put(old(3))
    assert (await site.sync()).tally.gone == []
    assert site.studies.heads()[nct(3)].gone_at is None


async def test_a_list_that_leaves_a_trial_out_does_not_make_it_gone(site: Site) -> None:
    await site.find()
    whole = site.fake.studies

    def hides(request: httpx.Request) -> None:
        listed = request.url.path.endswith("/studies")
        site.fake.studies = [each for each in whole if not listed or each != old(3)]

    site.fake.before = hides
    assert (await site.sync()).tally.gone == []
    assert site.studies.heads()[nct(3)].gone_at is None


async def test_a_number_that_another_one_took_the_place_of_is_gone(site: Site) -> None:
    await site.find()
    site.fake.drop(3)
    site.fake.before = lambda request: httpx.Response(200, json=old(4)) if request.url.path.endswith(nct(3)) else None
    assert (await site.sync()).tally.gone == [nct(3)]
    assert len(site.studies.versions(nct(4))) == 1


async def test_a_registry_that_shows_hardly_anything_makes_nothing_gone(site: Site) -> None:
    site.fake = FakeRegistry([record(number) for number in range(1, 61)])
    await site.find()
    site.fake.studies = site.fake.studies[:20]
    with pytest.raises(RegistryError, match=r"shows 40 of 60 trials no more: none of them was taken for gone"):
        await site.sync()
    assert not any(head.gone_at for head in site.studies.heads().values())


def test_a_search_is_asked_again_from_its_last_posting_or_the_day_before() -> None:
    assert since_after("2026-05-01", NOW) == "2026-05-01"
    assert since_after("2026-05-20", NOW) == "2026-05-19"
    assert since_after("", NOW) == "2026-05-19"


class Drafts(catalogue.Drafts):
    """Drafts of next to nothing; some records are beyond them."""

    def __init__(self, made_with: str = "m1") -> None:
        self.asked: list[str] = []
        super().__init__(made_with, lambda: _Writing(self.asked))


class _Writing(Drafting):
    def __init__(self, asked: list[str]) -> None:
        super().__init__(READERS, Lexicon.of(VOCABULARY), frozenset())
        object.__setattr__(self, "_asked", asked)

    def trial(self, study: Study) -> Trial:
        self.__dict__["_asked"].append(study.nct_id)
        if study.nct_id == nct(2):
            raise BadTrial(f"{study.nct_id}: eligibility: too strange")
        if study.nct_id in {nct(3), nct(4)}:
            raise ZeroDivisionError
        return super().trial(study)


async def test_each_new_or_changed_record_is_drafted_and_one_that_cannot_be_is_kept(site: Site) -> None:
    drafts = site.drafter = Drafts()

    assert await site.find() == "5 records: 5 new, 0 changed, 0 same, 0 bad, 3 undrafted"
    assert len(site.held) == 5
    assert site.told == [
        "NCT00000002: eligibility: too strange",
        "NCT00000003: could not be drafted (ZeroDivisionError)",
        "NCT00000004: could not be drafted (ZeroDivisionError)",
    ]
    assert [each.nct_id for each in site.studies.drafts()] == [nct(1), nct(5)]

    drafts.asked.clear()
    site.fake.put(record(1, text="* Something else", updated="2026-05-19"))
    await site.sync()
    assert drafts.asked == [nct(1)]  # what is new of May is drafted, what is the same is not


async def test_a_record_that_is_the_same_is_drafted_anew_by_a_new_drafter(site: Site) -> None:
    site.drafter = Drafts()
    await site.find()
    again = site.drafter = Drafts("m2")
    await site.find()
    assert again.asked == [nct(number) for number in range(1, 6)]
    assert {each.made_with for each in site.studies.drafts()} == {"m2"}


async def test_a_file_does_not_bring_back_what_the_registry_has_no_more(site: Site, tmp_path: Path) -> None:
    await site.find()
    site.fake.drop(3)
    await site.sync()
    (tmp_path / "x.json").write_text(json.dumps(record(3, updated="2026-05-19")), encoding="utf-8")
    import_files(site.taking(), [tmp_path / "x.json"])
    assert len(site.studies.versions(nct(3))) == 2
    assert site.studies.heads()[nct(3)].gone_at == NOW


def test_files_come_in_batches(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    lines: Sequence[str] = [json.dumps(record(number)) for number in range(1, 251)]
    path.write_text("\n".join([*lines, '{"protocolSection": {"identificationModule": {']), encoding="utf-8")
    taking = site.taking()
    import_files(taking, [path])
    assert str(taking.tally) == "251 records: 250 new, 0 changed, 0 same, 1 bad"
    assert site.told == ["x.jsonl: line 251: breaks off in the middle"]
