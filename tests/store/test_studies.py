"""The registry's records in the store, over SQLite and PostgreSQL: versions, what changed when, questions, drafts."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import threading
from typing import Any

import pytest

from cds.store.records import Asked, Became, NewRecord, SavedDraft, StoredRecord, new_record
from cds.store.store import Store
from cds.store.studies import Studies
from tests.store.given import DAY, NOW


def raw(number: int = 1, **changes: object) -> dict[str, Any]:
    return {"protocolSection": {"identificationModule": {"nctId": nct(number)}, "told": dict(changes)}}


def nct(number: int) -> str:
    return f"NCT{number:08d}"


def made(number: int = 1, updated: str = "2026-05-01", **changes: object) -> NewRecord:
    return new_record(nct(number), updated, raw(number, **changes))


@pytest.fixture
def studies(store: Store) -> Studies:
    return Studies(store)


def test_a_record_comes_back_as_it_was(studies: Studies) -> None:
    assert studies.keep([made(words="18 – 75 µg")], NOW, seen=True) == ((nct(1), Became.NEW),)

    (held,) = studies.current()

    assert held.record() == raw(words="18 – 75 µg")
    assert (held.nct_id, held.number, held.updated, held.imported_at) == (nct(1), 1, "2026-05-01", NOW)
    assert studies.heads()[nct(1)].first_seen == NOW


def test_the_order_of_its_elements_is_no_difference(studies: Studies) -> None:
    turned = {"b": [1, {"y": None, "x": "ü"}], "a": {"d": 1.5, "c": True}}
    straight = {"a": {"c": True, "d": 1.5}, "b": [1, {"x": "ü", "y": None}]}
    studies.keep([new_record(nct(1), "", turned)], NOW, seen=True)

    assert studies.keep([new_record(nct(1), "", straight)], NOW + DAY, seen=True) == ((nct(1), Became.SAME),)
    assert len(studies.versions(nct(1))) == 1
    head = studies.heads()[nct(1)]
    assert (head.changed_at, head.seen_at) == (NOW, NOW + DAY)


def test_the_day_of_the_registrys_data_is_no_difference(studies: Studies) -> None:
    def of(day: str, country: str) -> NewRecord:
        derived = {"miscInfoModule": {"versionHolder": day, "removedCountries": [country]}}
        return new_record(nct(1), "", {**raw(), "derivedSection": derived})

    studies.keep([of("2026-05-01", "Here")], NOW, seen=True)

    assert studies.keep([of("2026-05-02", "Here")], NOW, seen=True)[0][1] is Became.SAME
    assert studies.keep([of("2026-05-02", "There")], NOW, seen=True)[0][1] is Became.CHANGED


def test_every_version_is_kept_also_one_that_comes_again(studies: Studies) -> None:
    for day, words in enumerate(["one", "two", "one"]):
        studies.keep([made(words=words)], NOW + day * DAY, seen=True)

    versions = studies.versions(nct(1))

    assert [each.record()["protocolSection"]["told"]["words"] for each in versions] == ["one", "two", "one"]
    assert [each.number for each in versions] == [1, 2, 3]
    assert [each.number for each in studies.current()] == [3]
    head = studies.heads()[nct(1)]
    assert (head.first_seen, head.changed_at) == (NOW, NOW + 2 * DAY)


def test_what_was_posted_before_does_not_take_the_place_of_what_is_held(studies: Studies) -> None:
    studies.keep([made(updated="2026-05-01", words="new")], NOW, seen=True)

    assert studies.keep([made(updated="2026-04-01", words="old")], NOW, seen=True)[0][1] is Became.OLDER
    assert studies.keep([made(updated="", words="undated")], NOW, seen=True)[0][1] is Became.OLDER
    assert [each.record() for each in studies.current()] == [raw(words="new")]


def test_one_that_stands_twice_in_a_batch_is_taken_in_its_order(studies: Studies) -> None:
    told = studies.keep([made(words="a"), made(2), made(words="a"), made(words="b")], NOW, seen=True)

    assert [became for _, became in told] == [Became.NEW, Became.NEW, Became.SAME, Became.CHANGED]
    assert [(each.nct_id, each.number) for each in studies.current()] == [(nct(1), 2), (nct(2), 1)]


def test_many_are_read_in_order_and_some_by_number(studies: Studies) -> None:
    records = [made(number) for number in range(1203, 0, -1)]

    assert {became for _, became in studies.keep(records, NOW, seen=True)} == {Became.NEW}
    assert [each.nct_id for each in studies.current()] == [nct(number) for number in range(1, 1204)]
    assert [each.nct_id for each in studies.current([nct(9), nct(3), nct(5000)])] == [nct(3), nct(9)]
    assert list(studies.current([])) == []


def test_gone_and_found_again(studies: Studies) -> None:
    studies.keep([made(1), made(2)], NOW, seen=True)
    studies.gone([nct(1), nct(2)], NOW + DAY)
    studies.seen([nct(2)], NOW + 2 * DAY)

    heads = studies.heads()
    assert (heads[nct(1)].gone_at, heads[nct(2)].gone_at) == (NOW + DAY, None)
    assert len(list(studies.current())) == 2
    studies.keep([made(1)], NOW + 3 * DAY, seen=True)
    assert studies.heads()[nct(1)].gone_at is None


@pytest.mark.parametrize(("words", "updated"), [("a", "2026-05-01"), ("old", "2026-04-01"), ("new", "2026-05-02")])
def test_only_what_was_seen_in_the_registry_is_gone_no_more(studies: Studies, words: str, updated: str) -> None:
    studies.keep([made(words="a")], NOW, seen=True)
    studies.gone([nct(1)], NOW + DAY)

    studies.keep([made(words=words, updated=updated)], NOW + 2 * DAY, seen=False)
    head = studies.heads()[nct(1)]
    assert (head.gone_at, head.seen_at) == (NOW + DAY, NOW)

    studies.keep([made(words=words, updated=updated)], NOW + 3 * DAY, seen=True)
    head = studies.heads()[nct(1)]
    assert (head.gone_at, head.seen_at) == (None, NOW + 3 * DAY)


def test_what_is_broken_in_the_store_is_told_as_such() -> None:
    for packed in (b"", b"no gzip", gzip.compress(b"{}")[:-9], gzip.compress(b"{"), gzip.compress(b"[]")):
        with pytest.raises(ValueError, match=r"^the stored record cannot be read$"):
            StoredRecord(nct(1), 1, "", "", NOW, packed).record()


def test_how_far_a_question_came_is_kept_with_what_came(studies: Studies) -> None:
    begun = Asked("k", '{"query.cond":"glioma"}', NOW, page_token="t1", taken=1, newest="2026-05-01")
    studies.keep([made()], NOW, begun, seen=True)
    assert studies.asked() == (begun,)

    done = Asked("k", begun.query, NOW, None, 2, "2026-05-02", "2026-05-02", NOW + DAY)
    studies.note(done)

    assert studies.asked() == (done,)
    studies.forget("another")
    assert studies.asked() == (done,)
    studies.forget("k")
    assert studies.asked() == ()
    assert len(list(studies.current())) == 1


def test_one_draft_for_each_trial(studies: Studies) -> None:
    studies.keep_drafts([SavedDraft(nct(1), "aa", "m1", "{}"), SavedDraft(nct(2), "bb", "m1", '{"µ": 1}')])
    studies.keep_drafts([SavedDraft(nct(1), "cc", "m2", "[]")])
    studies.keep_drafts([])

    assert list(studies.drafts()) == [SavedDraft(nct(1), "cc", "m2", "[]"), SavedDraft(nct(2), "bb", "m1", '{"µ": 1}')]
    assert [each.nct_id for each in studies.drafts([nct(2)])] == [nct(2)]
    assert studies.drafted() == {nct(1): ("cc", "m2"), nct(2): ("bb", "m1")}


def test_what_json_cannot_hold_is_no_record() -> None:
    with pytest.raises(ValueError, match="cannot be kept"):
        new_record(nct(1), "", {"a": object()})
    with pytest.raises(ValueError, match="cannot be kept"):
        new_record(nct(1), "", {"a": "\ud800"})


def test_two_that_write_at_once_both_succeed(url: str) -> None:
    stores = [Store.open(url) for _ in range(2)]
    told: list[Became] = []

    def write(store: Store, words: str) -> None:
        told.extend(
            became for _, became in Studies(store).keep([made(n, words=words) for n in range(1, 50)], NOW, seen=True)
        )

    threads = [threading.Thread(target=write, args=(store, words)) for store, words in zip(stores, "ab", strict=True)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sorted(each.value for each in told) == ["changed"] * 49 + ["new"] * 49
    assert len(list(Studies(stores[0]).current())) == 49
    for store in stores:
        store.close()


def test_the_stores_day_long_forgetting_leaves_records_alone(studies: Studies, store: Store) -> None:
    studies.keep([made()], NOW, seen=True)
    asyncio.run(store.forget(NOW + 1000 * DAY, dt.timedelta(days=1)))
    assert len(list(studies.current())) == 1
