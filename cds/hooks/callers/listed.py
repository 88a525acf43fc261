"""The callers that a site lists, read from the file that ``CDS_CALLERS`` names (docs/callers.md tells its form)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

from cds.hooks.callers.caller import ANONYMOUS, Caller, Profile
from cds.hooks.callers.fields import Fields, read_list
from cds.hooks.callers.keys import Key, keys_in
from cds.hooks.callers.profiles import profiles, signed_by
from cds.settings.readers import in_clear, web_address

__all__ = ["ListedCaller", "load_callers", "name_of"]

_FIELDS: Final = (
    "id",
    "profile",
    "issuer",
    "jku",
    "keys",
    "audiences",
    "algorithms",
    "tenants",
    "fhir_servers",
    "rate",
)
_ID: Final = re.compile(r"[a-z]+(?:-[a-z]+)*")
_LONGEST_ID: Final = 64
_NOT_AN_ID: Final = frozenset({ANONYMOUS.id, "nobody"})
"""In logs and counts these stand for whoever is not told apart, and for whoever was not let in."""


@dataclass(frozen=True, slots=True)
class ListedCaller:
    """One caller of the site's list: by what its tokens are known, and what it may do once it is known.

    ``jku`` are the addresses its keys may come from. With ``keys`` out of a file none of them is asked: then they are
    only what its tokens may name.
    """

    id: str
    profile: Profile
    issuer: str
    algorithms: tuple[str, ...]
    audiences: tuple[str, ...] = ()
    jku: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    tenants: tuple[str, ...] = ()
    fhir_servers: tuple[str, ...] = ()
    rate_per_s: float | None = None

    def shares_keys(self, other: ListedCaller) -> bool:
        """Say whether a key of this caller is one of another's, as far as the list shows."""
        if self.keys or other.keys:
            return any(ours.public == theirs.public for ours in self.keys for theirs in other.keys)
        return not set(self.jku).isdisjoint(other.jku)

    def as_caller(self, tenant: str | None) -> Caller:
        """Give the caller that a token of this tenant proves."""
        return Caller(self.id, self.profile, self.fhir_servers, self.issuer, tenant, self.rate_per_s)


def load_callers(
    path: Path, known: Mapping[str, Profile] | None = None, *, allow_http: bool = False
) -> tuple[ListedCaller, ...]:
    """Read a site's list; raise ``BadSetting`` with every fault, each with its file and line."""

    def read(fields: Fields) -> ListedCaller:
        return _caller(fields, path.parent, known or profiles(), allow_http=allow_http)

    return read_list(path, "callers", "callers", read, _clashes)


def _caller(fields: Fields, folder: Path, known: Mapping[str, Profile], *, allow_http: bool) -> ListedCaller:
    fields.only(*_FIELDS)
    profile = known[fields.one_of("profile", tuple(known), "generic-2.0")]
    caller = ListedCaller(
        id=name_of(fields),
        profile=profile,
        issuer=fields.text("issuer"),
        algorithms=signed_by(fields, profile.algorithms),
        audiences=fields.words("audiences", profile.audiences),
        jku=_addresses(fields, "jku", allow_http=False),
        keys=_keys(fields, folder),
        tenants=fields.words("tenants"),
        fhir_servers=_addresses(fields, "fhir_servers", allow_http=allow_http),
        rate_per_s=fields.rate("rate"),
    )
    if not caller.jku and not caller.keys:
        fields.fault("jku", "a caller is known by its keys: give addresses (jku), or a file (keys)")
    return caller


def name_of(fields: Fields) -> str:
    """Give the site's own name for somebody who may call, which is logged and counted."""
    text = fields.text("id")
    if not _ID.fullmatch(text) or len(text) > _LONGEST_ID:
        fields.fault("id", "must be words of small letters joined by hyphens, so that it can be logged")
    if text in _NOT_AN_ID:
        fields.fault("id", "stands for those who are not told apart, or not let in")
    return text


def _addresses(fields: Fields, name: str, *, allow_http: bool) -> tuple[str, ...]:
    found = fields.words(name)
    for each in found:
        if not _is_safe(each, allow_http=allow_http):
            fields.fault(name, "must be absolute https addresses without query, fragment or user name")
    return found


def _is_safe(address: str, *, allow_http: bool) -> bool:
    try:
        return not in_clear(web_address(address), allow_http=allow_http)
    except ValueError:
        return False


def _keys(fields: Fields, folder: Path) -> tuple[Key, ...]:
    """Read the file of keys, whose name counts from the folder of the list."""
    if "keys" not in fields.block:
        return ()
    try:
        keys = keys_in((folder / fields.text("keys")).read_bytes())
    except OSError:
        fields.fault("keys", "there is no such file that can be read")
    except ValueError:
        fields.fault("keys", "is not a JSON Web Key Set")
    if not keys:
        fields.fault("keys", "holds no public key (EC or RSA, with a kid) that may verify")
    return keys


def _clashes(callers: Iterable[ListedCaller], file: str) -> Iterable[str]:
    """Say where two callers could not be told apart, or one could sign as the other."""
    callers = tuple(callers)
    for one, other in combinations(callers, 2):
        if one.issuer != other.issuer and one.shares_keys(other):
            yield f"{file}: {other.id}: its keys are those of {one.id}, so either could sign as the other"
    ids: set[str] = set()
    places: set[tuple[str, str | None]] = set()
    for each in callers:
        if each.id in ids:
            yield f"{file}: the id {each.id} stands twice"
        own = {(each.issuer, tenant) for tenant in each.tenants or (None,)}
        if not own.isdisjoint(places):
            yield f"{file}: {each.id}: another caller has the same issuer and tenant, so a token would not tell which"
        ids.add(each.id)
        places |= own
