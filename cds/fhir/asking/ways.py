"""The ways one search can be put to a FHIR server, each a plain value; the first is the search as it stands.

Servers differ in what they require and refuse, and say so with 400 or 422. Then the next way is tried, and the one that
worked is remembered (:mod:`cds.fhir.asking.servers`). What comes besides is told apart by reading; a way that may ask
for less than the search does says so, and its answer is never whole.

Sources: https://github.com/jwilleke/yourphr/issues/754 (Epic, live: an Observation search without category or code gets
400, issue ``required``); https://hl7.org/fhir/us/core/STU3/CapabilityStatement-us-core-server.json.html (400 for an
invalid parameter, 403 for scope alone).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cds.fhir.asking.capability import Capability
    from cds.fhir.searches import Search

__all__ = ["WAYS", "Params", "Way", "questions", "ways_for"]

Params = tuple[tuple[str, str], ...]

OBSERVATION_CATEGORIES = (
    *("laboratory", "vital-signs", "survey", "exam", "social-history", "procedure", "imaging", "therapy", "activity"),
)
"""Source: https://hl7.org/fhir/R4/codesystem-observation-category.html; R5 has the same nine."""
_CONDITION_CATEGORIES = ("problem-list-item", "encounter-diagnosis", "health-concern")
"""Source: https://hl7.org/fhir/R4/codesystem-condition-category.html, and US Core, where
each Condition has one of these. FHIR does not ask for one, and servers have others (Epic's medical history)."""
_NOT_EACH_CATEGORY = "the FHIR server wants a category, and diagnoses of other categories, or of none, may be there"
_INTENTS = "proposal,plan,order,original-order,reflex-order,filler-order,instance-order,option"
"""Source: https://hl7.org/fhir/R4/codesystem-medicationrequest-intent.html; R5 has the same eight."""
_STATUSES = "active,on-hold,cancelled,completed,entered-in-error,stopped,draft,unknown"
"""Source: https://hl7.org/fhir/R4/codesystem-medicationrequest-status.html."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ask: which parameter is added to a search of this type, or takes the place of which.

    Each of ``values`` is a question of its own, and the answer is whole only where all of them are. ``by_codes``: the
    search's codes are listed, ``at_once`` so many. ``plain``: without larger pages and followed references. ``lacks``
    says what may be there that this way does not ask for.
    """

    name: str
    when: str
    resource_type: str = ""
    param: str = ""
    values: tuple[str, ...] = ()
    instead_of: str = ""
    besides: Params = ()
    by_codes: bool = False
    plain: bool = False
    releases: frozenset[str] = frozenset()
    lacks: str = ""

    def fits(self, search: Search, capability: Capability) -> bool:
        """Say whether a search can be put this way to this server; ``releases`` are those it is known to be whole in.

        Where a server does not say which release it speaks, it is taken to be any.
        """
        if self.resource_type not in {"", search.resource_type}:
            return False
        if self.releases and capability.release not in {"", *self.releases}:
            return False
        names = {name for name, _ in search.params}
        return (not self.instead_of or self.instead_of in names) and (not self.by_codes or bool(search.codes))


WAYS = (
    Way("as it stands", "the first attempt"),
    Way(
        "by every category",
        "results may not be asked for by code",
        "Observation",
        "category",
        OBSERVATION_CATEGORIES,
        instead_of="code",
    ),
    Way(
        "by codes",
        "results may not be asked for by category",
        "Observation",
        "code",
        instead_of="category",
        by_codes=True,
    ),
    Way(
        "by category",
        "diagnoses may not be asked for without one",
        "Condition",
        "category",
        _CONDITION_CATEGORIES,
        lacks=_NOT_EACH_CATEGORY,
    ),
    Way("by intent", "orders may not be asked for without one", "MedicationRequest", "intent", (_INTENTS,)),
    Way(
        "by intent and status",
        "orders may not be asked for without either",
        "MedicationRequest",
        "intent",
        (_INTENTS,),
        besides=(("status", _STATUSES),),
        releases=frozenset({"R4", "R4B"}),
    ),
)
"""Every way, in the order in which they are tried; each is tried plainly too before the next."""


def ways_for(search: Search, capability: Capability, learned: str) -> tuple[Way, ...]:
    """Give the ways to put a search to a server: what worked last first, what it says it cannot do last."""
    fitting = [each for each in WAYS if each.fits(search, capability)]
    fitting.sort(key=lambda way: _unsearchable(way, search, capability))
    both = [each for way in fitting for each in (way, replace(way, name=f"{way.name}, plainly", plain=True))]
    return tuple(sorted(both, key=lambda way: way.name != learned))


def questions(way: Way, search: Search, at_once: int) -> tuple[Params, ...]:
    """Give the parameters of each request that this way makes of a search."""
    if way.by_codes or (not way.param and len(search.codes) > at_once and search.by_codes):
        chunks = [search.codes[start : start + at_once] for start in range(0, len(search.codes), at_once)]
        return tuple((("code", ",".join(chunk)),) for chunk in chunks)
    kept = tuple(pair for pair in search.params if pair[0] != way.instead_of)
    if not way.param:
        return (kept,)
    return tuple((*kept, (way.param, value), *way.besides) for value in way.values)


def _unsearchable(way: Way, search: Search, capability: Capability) -> bool:
    names = {way.param} if way.param else {name for name, _ in search.params}
    return any(capability.searches_by(search.resource_type, name) is False for name in names)
