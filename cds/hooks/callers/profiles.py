"""The kinds of EHR that are known, read from ``profiles/*.yaml``: data, each with the source of what it says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from cds.errors import BadSetting
from cds.files import read_yaml
from cds.hooks.callers.algorithms import ALGORITHMS
from cds.hooks.callers.caller import Profile
from cds.hooks.callers.fields import Fields

__all__ = ["load_profile", "profiles", "profiles_in"]

_FOLDER = Path(__file__).resolve().parent / "profiles"
_NOT_SENT = "none"
_FIELDS = (
    "about",
    "source",
    "tested",
    "algorithms",
    "audiences",
    "max_lifetime_s",
    "leeway_s",
    "max_cards",
    "selection_behavior",
    "max_actions",
    "topic",
    "html",
    "app_context",
    "smart_links",
    "override_reasons",
    "card_uuid",
    "extension",
)


@cache
def profiles() -> Mapping[str, Profile]:
    """Give every profile that came with the package, by name."""
    return profiles_in(_FOLDER)


def profiles_in(folder: Path) -> Mapping[str, Profile]:
    """Read every profile of a folder; raise ``BadSetting`` with file, line and reason at the first fault."""
    read = [load_profile(path) for path in sorted(folder.glob("*.yaml"))]
    return MappingProxyType({each.name: each for each in read})


def load_profile(path: Path) -> Profile:
    """Read one profile, which goes by its file's name."""
    fields = Fields(read_yaml(path, path.name, BadSetting), path.name)
    fields.only(*_FIELDS)
    selection = fields.one_of("selection_behavior", ("any", "at-most-one", _NOT_SENT), "any")
    return Profile(
        name=path.stem,
        about=fields.text("about"),
        source=fields.text("source"),
        tested=fields.yes("tested", default=False),
        algorithms=signed_by(fields, ("ES384", "RS384")),
        audiences=fields.words("audiences"),
        max_lifetime_s=fields.whole("max_lifetime_s", 3600, 30, 86_400),
        leeway_s=fields.whole("leeway_s", 30, 0, 300),
        max_cards=fields.whole("max_cards", 0, 1, 10) or None,
        selection_behavior=None if selection == _NOT_SENT else selection,
        max_actions=fields.whole("max_actions", 1, 1, 10),
        topic=fields.one_of("topic", ("coding", _NOT_SENT), "coding"),
        html=fields.yes("html", default=False),
        app_context=fields.yes("app_context", default=True),
        smart_links=fields.yes("smart_links", default=True),
        override_reasons=fields.yes("override_reasons", default=True),
        card_uuid=fields.yes("card_uuid", default=True),
        extension=fields.yes("extension", default=True),
    )


def signed_by(fields: Fields, default: tuple[str, ...]) -> tuple[str, ...]:
    """Give the signature algorithms of an entry: out of those with a public key, so never ``none`` and no HMAC."""
    chosen = fields.words("algorithms", default)
    for each in chosen:
        if each not in ALGORITHMS:
            fields.fault("algorithms", f"must be out of {', '.join(sorted(ALGORITHMS))}")
    return chosen
