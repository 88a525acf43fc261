"""The Medications that entries refer to: which of them did not come along, and which may be asked of a server."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cds.fhir.addresses import origin_of
from cds.fhir.reading.sorting import bundle_entries, is_bundle, type_of
from cds.fhir.values import many, part, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cds.fhir.answer import Answer

__all__ = ["medication_ids", "unsent_medications"]

_ID = re.compile(r"Medication/([A-Za-z0-9][A-Za-z0-9._-]{0,127})")
"""FHIR allows 64 letters and no underscore; servers have been seen to send both."""


def unsent_medications(answers: Mapping[str, Answer]) -> dict[str, str]:
    """Give the references to Medications that did not come with the answers, each with the key of one that makes it.

    What is contained, or told by words beside the reference, is left to reading; so is what has no address.
    """
    told = [(key, each) for key, answer in answers.items() for each in _opened(answer)]
    held = {name for _, each in told if type_of(each) == "Medication" for name in _names(each)}
    found: dict[str, str] = {}
    for key, each in told:
        for reference in _references(each):
            if reference and not reference.startswith("#") and _tail(reference) not in held:
                found.setdefault(reference, key)
    return found


def medication_ids(references: Iterable[str], base: str) -> dict[str, None]:
    """Give the ids of the Medications that these references name on this server, and on no other."""
    ids: dict[str, None] = {}
    for reference in references:
        found = _ID.fullmatch(_below(reference.strip().partition("/_history/")[0], base))
        if found:
            ids[found[1]] = None
    return ids


def _below(reference: str, base: str) -> str:
    """Give a reference as one from the server's base; nothing for one that leads elsewhere."""
    if "://" not in reference:
        return reference
    try:
        here, parts = origin_of(reference) == origin_of(base), urlsplit(reference)
    except ValueError:
        return ""
    root = urlsplit(base).path + "/"
    if not here or "@" in parts.netloc or parts.query or parts.fragment or not parts.path.startswith(root):
        return ""
    return parts.path.removeprefix(root)


def _opened(answer: Answer) -> Iterator[object]:
    for each in answer.resources:
        if is_bundle(each):
            yield from (resource for resource, *_ in bundle_entries(each))
        else:
            yield each


def _references(entry: object) -> Iterator[str]:
    """Give the references to Medications in an entry: those of R4 and of R5, and a mixture's ingredients."""
    if not isinstance(entry, dict):
        return
    name = type_of(entry) or ""
    if name == "Medication":
        told = many(entry.get("ingredient"))
        places: Iterable[object] = chain.from_iterable(
            (part(each, "itemReference"), part(each, "item", "reference"), part(each, "item")) for each in told
        )
    elif name.startswith("Medication"):
        sent = entry.get("medication")
        places = (entry.get("medicationReference"), part(sent, "reference"), sent)
    else:
        return
    yield from (text(each.get("reference")) for each in places if isinstance(each, dict))


def _names(medication: object) -> Iterator[str]:
    if isinstance(medication, dict):
        yield from (text(each) for each in (medication.get("id"),) if text(each))


def _tail(reference: str) -> str:
    return reference.partition("/_history/")[0].rpartition("/")[2].rpartition(":")[2]
