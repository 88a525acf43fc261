"""Where a trial is open: at the site's own facilities, with whom to ask there, or else where.

A site names its facilities as the registry writes them. Names are compared whole, but for capitals, accents and
punctuation: a name that is only alike is another hospital's. The registry's text and contacts are public, and escaped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cds.core.place_names import normalised
from cds.core.trial import OFFERED
from cds.hooks.markdown import shown

if TYPE_CHECKING:
    from cds.core.trial import Site, Trial

__all__ = ["NOWHERE", "Here", "where"]

_SHOWN_OWN = 3


@dataclass(frozen=True, slots=True)
class Here:
    """The site's own facilities among those of the trials, by NCT number, and the cities and countries they are in.

    ``towns`` are cities as the site itself has named them, of whatever country.
    """

    own: Mapping[str, tuple[Site, ...]] = field(default_factory=dict)
    cities: frozenset[tuple[str, str]] = frozenset()
    countries: frozenset[str] = frozenset()
    towns: frozenset[str] = frozenset()

    @classmethod
    def of(cls, facilities: Collection[str], trials: Iterable[Trial]) -> Here:
        """Find the facilities in the trials; each is named by itself, or with its city after it, or country too."""
        names = frozenset(map(normalised, facilities))
        own: dict[str, tuple[Site, ...]] = {}
        if names:
            for trial in trials:
                found = tuple(each for each in trial.facilities if _is_one_of(names, each))
                if found:
                    own[trial.nct_id] = found
        every = [each for found in own.values() for each in found]
        towns = frozenset(normalised(part) for each in facilities for part in each.split(",")[1:])
        countries = frozenset(each.country for each in every if each.country)
        return cls(own, frozenset(map(_city, every)), countries, towns - {""})

    def is_open(self, trial: Trial, statuses: Collection[str] = OFFERED) -> bool:
        """Say whether a trial is open at one of them."""
        return any(trial.open_at(each, statuses) for each in self.own.get(trial.nct_id, ()))

    def distance(self, site: Site) -> int:
        """Say how far a place is as far as words tell: in the same city, in the same country, or elsewhere."""
        if _city(site) in self.cities or normalised(site.city) in self.towns:
            return 0
        return 1 if site.country in self.countries else 2


NOWHERE: Final = Here()
"""A site that has named no facility."""


def _is_one_of(names: frozenset[str], site: Site) -> bool:
    """Say whether a place is named: by its name alone, with its city after it, or with city and country."""
    name = normalised(site.name)
    if not name or name in names:
        return bool(name)
    longer = [each for each in names if each.startswith(f"{name} ")]
    placed = f"{site.name} {site.city}"
    return any(each in {normalised(placed), normalised(f"{placed} {site.country}")} for each in longer)


def _city(site: Site) -> tuple[str, str]:
    return normalised(site.city), site.country


def where(trial: Trial, here: Here, statuses: Collection[str] = OFFERED) -> str:
    """Tell where a trial is open, as Markdown: first at this site and whom to ask, then elsewhere; blank if unknown."""
    own = here.own.get(trial.nct_id, ())
    others = [each for each in trial.facilities if each not in own]
    lines = [_at_this_site(own, trial, statuses), _elsewhere(others, trial, here, statuses, beside=bool(own))]
    return "\n\n".join(filter(None, lines))


def _at_this_site(own: tuple[Site, ...], trial: Trial, statuses: Collection[str]) -> str:
    ordered = sorted(own, key=lambda each: not trial.open_at(each, statuses))
    told = [_own(each, is_open=trial.open_at(each, statuses)) for each in ordered[:_SHOWN_OWN]]
    more = len(own) - _SHOWN_OWN
    return f"**At this site:** {' '.join(told)}{f' And {more} more.' if more > 0 else ''}" if told else ""


def _own(site: Site, *, is_open: bool) -> str:
    status = site.status.replace("_", " ").lower()
    if not is_open:
        return f"{_named(site)}: not open there{f' ({shown(status)})' if status else ''}."
    contact = f" Contact: {shown(site.contact)}." if site.contact else ""
    return f"{_named(site)}{f' ({shown(status)})' if status else ''}.{contact}"


def _named(site: Site) -> str:
    return shown(", ".join(filter(None, (site.name, site.city))))


def _elsewhere(others: list[Site], trial: Trial, here: Here, statuses: Collection[str], *, beside: bool) -> str:
    still = [each for each in others if trial.open_at(each, statuses)]
    if not still:
        return "" if beside else _unplaced(trial)
    if beside:
        return f"Open at {len(still)} other {_noun(len(still))} too."
    nearest = min(still, key=here.distance)
    place = shown(", ".join(filter(None, (nearest.city, nearest.country))) or nearest.name) or "a place without a name"
    more = len(still) - 1
    return f"**Where:** {place}{f', and {more} other {_noun(more)}' if more else ''}."


def _unplaced(trial: Trial) -> str:
    """Tell of a trial for which the registry names no open place what it does name, or what a person has written."""
    if trial.facilities:
        return f"**Where:** the registry names {_places(len(trial.facilities))}, none of them open."
    return f"**Where:** {shown('; '.join(trial.sites))}." if trial.sites else ""


def _places(count: int) -> str:
    return f"{count} {_noun(count)}"


def _noun(count: int) -> str:
    return "place" if count == 1 else "places"
