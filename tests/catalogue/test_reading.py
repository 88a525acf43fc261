"""Stored records read as studies: one bad record hides no other, and nothing is read before it is asked for."""

import datetime as dt
from typing import Any

import pytest

from cds.catalogue.reading import HeldStudies, news_of, studies_held
from cds.errors import StoreDown
from cds.store.records import new_record
from cds.store.store import Store
from cds.store.studies import Studies
from cds.trials.changes import Matter
from tests.trials.studies import study

FIRST, LATER, LAST = (dt.datetime(2026, month, 1, tzinfo=dt.UTC) for month in (4, 5, 6))


def record(number: int, status: object = "RECRUITING") -> dict[str, Any]:
    identity = {"nctId": f"NCT0000000{number}", "briefTitle": f"Trial {number}"}
    return {"protocolSection": {"identificationModule": identity, "statusModule": {"overallStatus": status}}}


def keep(held: Studies, at: dt.datetime, *records: dict[str, Any]) -> None:
    day = at.date().isoformat()
    held.keep(
        [new_record(each["protocolSection"]["identificationModule"]["nctId"], day, each) for each in records],
        at,
        seen=True,
    )


@pytest.fixture
def held() -> Studies:
    """Give a store whose second record is none that can be read."""
    studies = Studies(Store.open("sqlite://"))
    keep(studies, FIRST, record(1), record(2, status=7), record(3))
    keep(studies, LATER, record(1, "SUSPENDED"))
    return studies


def test_a_bad_record_is_told_and_the_rest_goes_on(held: Studies) -> None:
    told: list[str] = []
    assert [each.nct_id for each in studies_held(held, told.append)] == ["NCT00000001", "NCT00000003"]
    assert told == ["NCT00000002: protocolSection.statusModule.overallStatus: must be text"]
    assert [each.nct_id for each in studies_held(held, told.append, ["NCT00000003"])] == ["NCT00000003"]


def test_studies_of_the_trials_that_are_loaded_are_held_as_a_mapping(held: Studies) -> None:
    loaded = HeldStudies(held, ["NCT00000001", "NCT00000002", "NCT00000009"])
    assert list(loaded) == ["NCT00000001"]
    assert (len(loaded), loaded["NCT00000001"].status) == (1, "SUSPENDED")
    assert loaded.get("NCT00000003") is None


def test_a_record_of_a_file_stands_in_where_none_is_stored(held: Studies) -> None:
    files = {number: study(number) for number in ("NCT00000001", "NCT00000008", "NCT00000009")}
    loaded = HeldStudies(held, ["NCT00000001", "NCT00000009"], files)
    assert sorted(loaded) == ["NCT00000001", "NCT00000009"]
    assert loaded["NCT00000001"].status == "SUSPENDED"
    assert loaded["NCT00000009"] is files["NCT00000009"]


def test_nothing_is_read_before_it_is_asked_for_and_a_store_that_is_back_is_read() -> None:
    class Down(Studies):
        down = True

        def current(self, nct_ids: Any = None) -> Any:  # noqa: ANN401 - as the method it stands for
            if self.down:
                raise StoreDown("the store does not answer")
            return super().current(nct_ids)

    store = Down(Store.open("sqlite://"))
    keep(store, FIRST, record(1))
    loaded = HeldStudies(store, ["NCT00000001"])
    with pytest.raises(StoreDown):
        len(loaded)
    store.down = False
    assert len(loaded) == 1


def test_news_are_of_the_versions_that_came_and_of_what_went(held: Studies) -> None:
    told: list[str] = []
    held.gone(["NCT00000003"], LAST)
    news = news_of(held, LATER, told.append)
    assert [(each.version.study.nct_id, [change.matter for change in each.changes]) for each in news] == [
        ("NCT00000003", [Matter.RECORD]),
        ("NCT00000001", [Matter.STATUS]),
    ]
    assert told == []
    assert len(news_of(held, FIRST, told.append)) == 4
    assert len(told) == 1
