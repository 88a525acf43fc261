"""What became of the trials since a day: as JSON for the coordinator's page, and as a feed."""

import datetime as dt
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import anyio
import pytest
from fastapi import FastAPI

from cds.api.build import build
from cds.api.changes import Changes, NewsSince
from cds.app import create_app
from cds.errors import StoreDown
from cds.settings import Settings
from cds.store.records import new_record
from cds.store.store import Store
from cds.store.studies import Studies
from cds.trials.news import News, Version
from tests.api.calls import ORIGIN, diagnostics, send
from tests.service import world
from tests.shipped import read_once
from tests.trials.studies import study

pytestmark = pytest.mark.anyio
BERLIN = ZoneInfo("Europe/Berlin")
SEEN = dt.datetime(2026, 6, 10, 22, 30, tzinfo=dt.UTC)
ATOM = {"": "http://www.w3.org/2005/Atom"}
PATHS = ("/api/changes", "/api/changes.atom")


class Told:
    """News that are always the same, and the moment that was asked for."""

    def __init__(self, *news: News) -> None:
        self.news = news
        self.asked: list[dt.datetime] = []

    def __call__(self, since: dt.datetime) -> Sequence[News]:
        """Give them."""
        self.asked.append(since)
        return self.news


def app(news: NewsSince | None) -> FastAPI:
    settings = Settings(authentication="off", allow_origins=(ORIGIN,), public_url="https://cards.example.org")
    return build(world.service(zone=BERLIN), settings, {}, door=world.DOOR, news=news)


def down(since: dt.datetime) -> Sequence[News]:
    raise StoreDown(f"the store does not answer about {since.year}")


async def test_news_are_told_since_the_day_began_at_the_site() -> None:
    news = Told(News(Version(study(), SEEN, "00"), is_new=True))
    answer = await send("GET", "/api/changes?since=2026-06-11", the_app=app(news))
    assert answer.status_code == 200, answer.text
    assert news.asked == [dt.datetime(2026, 6, 10, 22, tzinfo=dt.UTC)]
    body = answer.json()
    Changes.model_validate(body)
    assert body == {
        "since": "2026-06-11T00:00:00+02:00",
        "news": [
            {
                "nctId": "NCT00000001",
                "title": "A Drug in Small Cell Lung Cancer",
                "overallStatus": "RECRUITING",
                "seen": "2026-06-11T00:30:00+02:00",
                "posted": "2026-06-01",
                "version": "00",
                "new": True,
                "changes": [],
            }
        ],
    }


async def test_the_feed_is_one_of_this_installation() -> None:
    news = Told(News(Version(study(), SEEN, "00"), is_new=True))
    answer = await send("GET", "/api/changes.atom?since=2026-06-11", the_app=app(news))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/atom+xml")
    feed = ET.fromstring(answer.content)  # noqa: S314 - our own answer
    assert feed.findtext("entry/title", namespaces=ATOM) == "NCT00000001 (new): A Drug in Small Cell Lung Cancer"
    assert feed.findtext("updated", namespaces=ATOM) == "2026-06-11T00:30:00+02:00"


@pytest.mark.parametrize("path", PATHS)
async def test_nothing_kept_is_no_news_and_the_first_day_of_all_can_be_asked(path: str) -> None:
    whole = build(world.service(), Settings(authentication="off"), {}, door=world.DOOR, news=Told())
    answer = await send("GET", f"{path}?since=0001-01-01", the_app=whole)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "since: must be given once"),
        ("?since=2026-06-01&since=2026-06-02", "since: must be given once"),
        ("?since=canary", "since: must be a day"),
        ("?since=20260601", "since: must be a day"),
        ("?since=2026-02-30", "since: must be a day"),
        ("?since=2026-06-01&until=canary", "a parameter is not known here; there are since"),
    ],
)
async def test_days_that_are_none(path: str, query: str, words: str) -> None:
    said = diagnostics(await send("GET", path + query, the_app=app(Told())), 400, "invalid")
    assert said.startswith(words)
    assert "canary" not in said


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("news", [down, None], ids=["down", "nothing kept"])
async def test_a_store_that_does_not_answer_is_said_to(path: str, news: NewsSince | None) -> None:
    answer = await send("GET", f"{path}?since=2026-06-01", the_app=app(news))
    diagnostics(answer, 503, "transient")
    assert answer.headers["retry-after"] == "30"


async def test_one_answer_is_read_at_a_time() -> None:
    running, most, guard = 0, 0, threading.Lock()

    def slow(since: dt.datetime) -> Sequence[News]:
        nonlocal running, most
        del since
        with guard:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with guard:
            running -= 1
        return ()

    the_app = app(slow)
    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(send, "GET", "/api/changes?since=2026-06-01", None, the_app)
    assert most == 1


def _record(status: str) -> dict[str, Any]:
    identity = {"nctId": "NCT00000009", "briefTitle": "A trial"}
    return {"protocolSection": {"identificationModule": identity, "statusModule": {"overallStatus": status}}}


async def test_the_whole_application_tells_what_its_store_has_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_once(monkeypatch)
    url = f"sqlite:///{tmp_path / 'held.sqlite3'}"
    store = Store.open(url)
    for month, status in ((5, "RECRUITING"), (6, "COMPLETED")):
        at = dt.datetime(2026, month, 10, 12, tzinfo=dt.UTC)
        Studies(store).keep([new_record("NCT00000009", f"2026-0{month}-09", _record(status))], at, seen=True)
    store.close()
    whole = create_app(Settings(store_url=url, authentication="off"))
    (news,) = (await send("GET", "/api/changes?since=2026-06-01", the_app=whole)).json()["news"]
    assert (news["nctId"], news["new"]) == ("NCT00000009", False)
    assert news["changes"] == [{"matter": "status", "how": "changed", "before": "RECRUITING", "after": "COMPLETED"}]
