"""What became of the trials since a day, told as text, as JSON and as a feed that programs follow.

One entry is one version of a record against the one before it, so that an entry says the same whenever it is asked for.
The registry's words are told without what a terminal or XML would not take for text.
Source of the feed's form: RFC 4287 (The Atom Syndication Format), sections 4.1.1, 4.1.2 and 4.2.6.
"""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cds.trials.changes import Change, How, Matter, changes

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Sequence

    from cds.trials.study import Study

__all__ = ["News", "Version", "as_atom", "as_json", "as_text", "news_since"]

_SHOWN_PLACES = 10
_ATOM: Final = "http://www.w3.org/2005/Atom"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a record: when it first came here, and the checksum that tells it from others."""

    study: Study
    seen: dt.datetime
    sha256: str


@dataclass(frozen=True, slots=True)
class News:
    """What a version changed; ``is_new``: there was none before it, so that all of the trial is new here."""

    version: Version
    changes: tuple[Change, ...] = ()
    is_new: bool = False


def news_since(versions: Iterable[Version], since: dt.datetime) -> tuple[News, ...]:
    """Give what came since a moment, the latest first; versions that changed nothing that is told are left out."""
    by_trial: defaultdict[str, list[Version]] = defaultdict(list)
    for each in versions:
        by_trial[each.study.nct_id].append(each)
    found = [news for each in by_trial.values() for news in _of_one(each, since)]
    found.sort(key=lambda each: each.version.study.nct_id)
    return tuple(sorted(found, key=lambda each: each.version.seen, reverse=True))


def _of_one(versions: list[Version], since: dt.datetime) -> Iterator[News]:
    ordered = sorted(versions, key=lambda each: each.seen)
    for place, each in enumerate(ordered):
        if each.seen < since:
            continue
        if not place:
            yield News(each, is_new=True)
        elif changed := changes(ordered[place - 1].study, each.study):
            yield News(each, changed)


# ---------------------------------------------------------------------------------------------------------------- text


def as_text(news: Sequence[News]) -> str:
    """Tell news for people, one block of lines for each version."""
    return "\n\n".join("\n".join((_head(each), *(f"    {line}" for line in _lines(each)))) for each in news)


def _head(news: News) -> str:
    study = news.version.study
    return f"{news.version.seen.date().isoformat()}  {study.nct_id}  {_plain(study.title)}"


def _lines(news: News) -> Iterator[str]:
    if news.is_new:
        yield f"new here: {_about(news.version.study)}"
    places: Counter[How] = Counter()
    for each in news.changes:
        if each.matter is Matter.SITE:
            places[each.how] += 1
            if places[each.how] > _SHOWN_PLACES:
                continue
        yield from _told(each)
    for how, count in places.items():
        if count > _SHOWN_PLACES:
            yield f"site {how.value}: {count - _SHOWN_PLACES} more"


def _about(study: Study) -> str:
    places = len(study.facilities)
    phases = _plain(", ".join(study.phases)) or "no phase"
    return f"{_plain(study.status)}, {phases}, {places} place{'' if places == 1 else 's'}"


def _told(change: Change) -> Iterator[str]:
    before, after, where = _plain(change.before), _plain(change.after), _plain(change.where)
    name = change.matter.value.replace("-", " ")
    match change.how:
        case How.CHANGED if change.matter is not Matter.SITE:
            yield f"{name}: {before or 'none'} -> {after or 'none'}"
        case How.REWORDED:
            yield f"{name} reworded{f' ({where})' if where else ''}:"
            yield f"  - {before}"
            yield f"  + {after}"
        case How.MOVED:
            yield f"{name} moved ({before} -> {after}): {where}"
        case _ if change.matter is Matter.SITE:
            yield f"{name} {change.how.value}: {where} ({before or 'not listed'} -> {after or 'not listed'})"
        case _:
            yield f"{name} {change.how.value}{f' ({where})' if where else ''}: {after or before}"


def _plain(text: str) -> str:
    """Give text on one line, without control characters and marks that turn the direction of writing."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


# ---------------------------------------------------------------------------------------------------------------- JSON


def as_json(news: Sequence[News], since: dt.datetime) -> dict[str, Any]:
    """Tell news for programs; what is blank is left out."""
    return {"since": since.isoformat(), "news": [_as_object(each) for each in news]}


def _as_object(news: News) -> dict[str, Any]:
    version, study = news.version, news.version.study
    return {
        "nctId": study.nct_id,
        "title": study.title,
        "overallStatus": study.status,
        "seen": version.seen.isoformat(),
        **({"posted": study.updated} if study.updated else {}),
        "version": version.sha256,
        "new": news.is_new,
        "changes": [_change(each) for each in news.changes],
    }


def _change(change: Change) -> dict[str, str]:
    given = {"before": change.before, "after": change.after, "where": change.where}
    return {
        "matter": change.matter.value,
        "how": change.how.value,
        **{name: text for name, text in given.items() if text},
    }


# ---------------------------------------------------------------------------------------------------------------- feed


def as_atom(news: Sequence[News], since: dt.datetime, address: str) -> str:
    """Tell news as an Atom feed of the installation at this address.

    Ids are made from the address and from each record's number and checksum, so that they stay as long as those do. It
    is written in ASCII, so that it is the same whatever a terminal or file takes.
    """
    ET.register_namespace("", _ATOM)
    feed = ET.Element(f"{{{_ATOM}}}feed")
    _add(feed, "id", _id(f"{address}#changes"))
    _add(feed, "title", "Trialcards: what changed in the registry's records")
    _add(feed, "updated", _moment(max((each.version.seen for each in news), default=since)))
    _add(_add(feed, "author"), "name", "Trialcards, from ClinicalTrials.gov")
    for each in news:
        _entry(feed, each)
    ET.indent(feed)
    written: bytes = ET.tostring(feed, encoding="us-ascii", xml_declaration=True)
    return f"{written.decode('ascii')}\n"


def _entry(feed: ET.Element, news: News) -> None:
    study = news.version.study
    page = f"https://clinicaltrials.gov/study/{study.nct_id}"
    entry = _add(feed, "entry")
    _add(entry, "id", _id(f"{page}#{news.version.sha256}"))
    _add(entry, "title", f"{study.nct_id}{' (new)' if news.is_new else ''}: {_plain(study.title)}")
    _add(entry, "updated", _moment(news.version.seen))
    _add(entry, "link", rel="alternate", href=page)
    for matter in dict.fromkeys(each.matter for each in news.changes):
        _add(entry, "category", term=matter.value)
    _add(entry, "content", "\n".join(_lines(news)), type="text")


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    made = ET.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    if text:
        made.text = text
    return made


def _id(address: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, address).urn


def _moment(moment: dt.datetime) -> str:
    """Write a moment as RFC 3339 does, with its zone."""
    return moment.isoformat(timespec="seconds")
