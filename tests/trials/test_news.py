"""What became of the trials since a day: for people, for programs, and as a feed that any reader takes."""

import datetime as dt
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cds.trials.changes import Matter
from cds.trials.news import News, Version, as_atom, as_json, as_text, news_since
from tests.trials.studies import TEXT, place, study

ADDRESS = "https://cards.example.org"
SINCE = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
ATOM = {"": "http://www.w3.org/2005/Atom"}


def on(day: int, month: int = 6) -> dt.datetime:
    return dt.datetime(2026, month, day, 9, 30, tzinfo=dt.UTC)


FIRST = Version(study(), on(1, 5), "00")
SECOND = Version(
    study(
        status="COMPLETED",
        facilities=(place(status="COMPLETED"),),
        conditions=("Small Cell Lung Cancer", "Sarcoma"),
        text=TEXT.replace("0 or 1", "0, 1 or 2").replace("* Active infection", "* Pregnancy"),
        updated="2026-06-09",
    ),
    on(10),
    "01",
)
LATER = Version(replace(SECOND.study, sponsor="Somebody Else"), on(12), "02")
NEW = Version(study("NCT00000002", title="A New One", phases=()), on(11), "10")
VERSIONS = (LATER, FIRST, NEW, SECOND)
NEWS = news_since(VERSIONS, SINCE)


def test_the_latest_comes_first_and_what_changes_nothing_that_is_told_is_left_out() -> None:
    assert [(each.version.sha256, each.is_new) for each in NEWS] == [("10", True), ("01", False)]


def test_what_came_before_the_day_is_compared_with_but_not_told() -> None:
    assert news_since(VERSIONS, on(11)) == (News(NEW, is_new=True),)
    assert [each.is_new for each in news_since(VERSIONS, on(1, 4))] == [True, False, True]


def test_an_entry_says_the_same_whenever_it_is_asked_for() -> None:
    assert news_since(VERSIONS, on(1, 1))[1] == news_since(VERSIONS, on(10))[1]


def test_it_is_told_for_people() -> None:
    assert as_text(NEWS).splitlines() == [
        "2026-06-11  NCT00000002  A New One",
        "    new here: RECRUITING, no phase, 1 place",
        "",
        "2026-06-10  NCT00000001  A Drug in Small Cell Lung Cancer",
        "    status: RECRUITING -> COMPLETED",
        "    site closed: Example Hospital, Springfield, Ruritania (RECRUITING -> COMPLETED)",
        "    condition added: Sarcoma",
        "    eligibility reworded (inclusion):",
        "      - ECOG performance status 0 or 1",
        "      + ECOG performance status 0, 1 or 2",
        "    eligibility added (exclusion): Pregnancy",
        "    eligibility removed (exclusion): Active infection",
    ]


def test_a_line_that_moved_says_from_where_to_where() -> None:
    moved = TEXT.replace("* ECOG performance status 0 or 1\n", "") + "* ECOG performance status 0 or 1\n"
    told = as_text(news_since((FIRST, Version(study(text=moved), on(9), "03")), SINCE))
    assert "    eligibility moved (inclusion -> exclusion): ECOG performance status 0 or 1" in told


def test_of_many_places_the_first_are_named_and_the_rest_counted() -> None:
    many = Version(study(facilities=tuple(place(f"House {number}") for number in range(30))), on(9), "05")
    (news,) = news_since((FIRST, many), SINCE)
    told = as_text((news,)).splitlines()
    assert sum("site opened: House" in line for line in told) == 10
    assert told[-1] == "    site opened: 20 more"
    assert len(as_json((news,), SINCE)["news"][0]["changes"]) == 31


def test_no_control_character_of_a_record_reaches_a_terminal() -> None:
    hostile = Version(study(title="a\x1b[31mb\u202ec\nd", status="X\x07"), on(9), "04")
    assert re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", as_text(news_since((FIRST, hostile), SINCE))) is None


def test_it_is_told_for_programs() -> None:
    told = as_json(NEWS, SINCE)
    assert json.loads(json.dumps(told)) == told
    assert told["since"] == "2026-06-01T00:00:00+00:00"
    new, changed = told["news"]
    assert new == {
        "nctId": "NCT00000002",
        "title": "A New One",
        "overallStatus": "RECRUITING",
        "seen": "2026-06-11T09:30:00+00:00",
        "posted": "2026-06-01",
        "version": "10",
        "new": True,
        "changes": [],
    }
    assert changed["changes"][0] == {
        "matter": "status",
        "how": "changed",
        "before": "RECRUITING",
        "after": "COMPLETED",
    }
    assert {each["matter"] for each in changed["changes"]} <= {each.value for each in Matter}


def test_the_feed_has_what_every_feed_and_entry_must_have() -> None:
    feed = ET.fromstring(as_atom(NEWS, SINCE, ADDRESS))  # noqa: S314 - our own
    assert feed.tag == "{http://www.w3.org/2005/Atom}feed"
    assert (feed.findtext("updated", namespaces=ATOM), feed.findtext("author/name", namespaces=ATOM)) == (
        "2026-06-11T09:30:00+00:00",
        "Trialcards, from ClinicalTrials.gov",
    )
    entries = feed.findall("entry", ATOM)
    for each in (feed, *entries):
        assert re.fullmatch("urn:uuid:[0-9a-f-]{36}", each.findtext("id", "", ATOM))
        assert each.findtext("title", namespaces=ATOM)
        assert dt.datetime.fromisoformat(each.findtext("updated", "", ATOM)).tzinfo
    changed = entries[1]
    assert changed.find("link", ATOM).attrib == {  # type: ignore[union-attr] # there is one
        "rel": "alternate",
        "href": "https://clinicaltrials.gov/study/NCT00000001",
    }
    assert [each.get("term") for each in changed.findall("category", ATOM)] == [
        "status",
        "site",
        "condition",
        "eligibility",
    ]
    assert "+ ECOG performance status 0, 1 or 2" in changed.findtext("content", "", ATOM)


def ids(text: str) -> list[str]:
    return re.findall("urn:uuid:[0-9a-f-]{36}", text)


def test_ids_stay_and_are_told_apart_by_version_and_installation() -> None:
    feed, *entries = ids(as_atom(NEWS, SINCE, ADDRESS))
    assert ids(as_atom(NEWS, on(1, 1), ADDRESS)) == [feed, *entries]
    assert ids(as_atom(NEWS[1:], SINCE, ADDRESS)) == [feed, entries[1]]
    assert len({feed, *entries}) == 3
    other = ids(as_atom(NEWS, SINCE, "https://other.example.org"))
    assert (other[0] == feed, other[1:] == entries) == (False, True)


def test_a_feed_without_news_was_updated_when_it_begins() -> None:
    feed = ET.fromstring(as_atom((), SINCE, ADDRESS))  # noqa: S314 - our own
    assert (feed.findtext("updated", namespaces=ATOM), feed.findall("entry", ATOM)) == ("2026-06-01T00:00:00+00:00", [])


@given(st.text(max_size=30))
def test_whatever_a_record_says_the_feed_can_be_read(words: str) -> None:
    hostile = Version(study(title=words, conditions=(words,), text=f"Inclusion Criteria:\n\n* {words}"), on(9), words)
    text = as_atom(news_since((FIRST, hostile), SINCE), SINCE, ADDRESS)
    assert text.isascii()
    entry = ET.fromstring(text).find("entry/title", ATOM)  # noqa: S314 - our own
    assert entry is None or entry.text
