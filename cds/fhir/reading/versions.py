"""Several versions of one resource: which of them counts, and whether they can be told apart at all."""

from __future__ import annotations

import datetime as dt

import msgspec

from cds.fhir.values import Json, part, text


class Entry(msgspec.Struct, frozen=True):
    """One resource with the reference it is called by and the URL of its entry in a Bundle."""

    resource: Json
    reference: str
    url: str


def by_server(same: list[Entry]) -> list[list[Entry]]:
    """Part entries that differ by the server their URLs name; those that name none go with the first.

    Where all are equal the first is enough. Raises :class:`RecursionError` for very deep ones.
    """
    if all(each.resource == same[0].resource for each in same[1:]):
        url = next((each.url for each in same if each.url), "")
        return [[Entry(same[0].resource, same[0].reference, url)]]
    bases = list(dict.fromkeys(filter(None, (server_of(each.url) for each in same))))
    parted: dict[str, list[Entry]] = {base: [] for base in bases or [""]}
    for each in same:
        parted[server_of(each.url) or next(iter(parted))].append(each)
    return list(parted.values())


def server_of(url: str) -> str:
    """Give the base of an absolute web address ``[base]/Type/id``, for comparing; nothing for any other reference."""
    scheme, _, rest = url.strip().partition("/_history/")[0].partition("://")
    base = rest.rpartition("/")[0].rpartition("/")[0]
    return base.rstrip("/").casefold() if scheme.casefold() in {"http", "https"} else ""


def newest(entries: list[Entry]) -> list[Entry]:
    """Give the newest of several versions, in the same order however they came; more where they tie and differ."""
    if len(entries) == 1:
        return entries
    url = next((each.url for each in entries if each.url), "")
    latest = max(_version(each.resource) for each in entries)
    told = {
        msgspec.json.encode(each.resource, order="sorted", enc_hook=str): each
        for each in entries
        if _version(each.resource) == latest
    }
    by_content: dict[bytes, Entry] = {}
    for _, each in sorted(told.items(), reverse=True):
        content = each.resource if each.reference.startswith("Patient/") else _content(each.resource)
        sent = msgspec.json.encode(content, order="sorted", enc_hook=str)
        by_content.setdefault(sent, Entry(each.resource, each.reference, url))
    return list(by_content.values())


def _content(resource: Json) -> Json:
    """Give what a resource says, without what is said about it."""
    return {name: value for name, value in resource.items() if name not in {"meta", "text"}}


def _version(resource: Json) -> tuple[float, int]:
    meta = resource.get("meta")
    sent = text(part(meta, "lastUpdated"))
    try:
        moment = dt.datetime.fromisoformat(sent)
        updated = (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()
    except (ValueError, OverflowError):
        updated = float("-inf")
    version = str(part(meta, "versionId") or "")
    number = int(version) if version.isascii() and version.isdigit() and len(version) < _LONGEST_VERSION else -1
    return updated, number


_LONGEST_VERSION = 20
