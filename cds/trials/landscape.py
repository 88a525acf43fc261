"""Which trials there are: filters by what the registry tells of them, and the rows that a programme lead reads.

A name that the tables know stands for everything it names: *checkpoint inhibitor* finds pembrolizumab, a kind of
lymphoma is found by *lymphoma*, and a brand by its ingredient. What they do not know is looked for word by word. A name
is looked for in what a trial is about (conditions, keywords, titles; for drugs, its interventions), never in its
eligibility text, which names what it excludes; ``text`` alone looks there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cds.core.place_names import normalised
from cds.core.vocabulary import ConceptKind
from cds.trials.filters import PHASES, country_of, rank_of, spoken
from cds.trials.names import all_in, entry_of, terms_of
from cds.trials.text.tokens import tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cds.trials.filters import Filters
    from cds.trials.names import Entry
    from cds.trials.study import Intervention, Study
    from cds.trials.text.lexicon import Lexicon

__all__ = ["DRUGS", "Landscape", "Row", "as_object", "drugs_of"]

DRUGS: Final = frozenset({"DRUG", "BIOLOGICAL", "GENETIC", "COMBINATION_PRODUCT"})
"""The kinds of intervention that are drugs in the wide sense (the registry's API v2: ``InterventionType``)."""

_DRUG_KINDS: Final = frozenset({ConceptKind.INGREDIENT, ConceptKind.DRUG_CLASS})


@dataclass(frozen=True, slots=True)
class Row:
    """One trial of the landscape. ``sites`` counts the places that the registry names."""

    nct_id: str
    title: str
    phases: tuple[str, ...]
    status: str
    drugs: tuple[str, ...]
    sponsor: str
    countries: tuple[str, ...]
    sites: int
    start: str
    updated: str


@dataclass(frozen=True, slots=True)
class _Known:
    """A study with the entries in which names are looked for."""

    study: Study
    conditions: tuple[Entry, ...]
    drugs: tuple[Entry, ...]
    countries: frozenset[str]


@dataclass(frozen=True, slots=True)
class Landscape:
    """Studies ready to be filtered, in the order in which they are told: open ones first, later phases before."""

    lexicon: Lexicon
    _known: tuple[_Known, ...] = field(repr=False)

    @classmethod
    def of(cls, studies: Iterable[Study], lexicon: Lexicon) -> Landscape:
        """Look through the names of studies once."""
        return cls(lexicon, tuple(_known(each, lexicon) for each in sorted(studies, key=_order)))

    def studies(self, filters: Filters) -> tuple[Study, ...]:
        """Give the studies that every filter lets through."""
        tests = tuple(_tests(filters, self.lexicon))
        return tuple(each.study for each in self._known if all(test(each) for test in tests))

    def rows(self, filters: Filters) -> tuple[Row, ...]:
        """Give the studies that every filter lets through, as rows."""
        return tuple(_row(each, self.lexicon) for each in self.studies(filters))


def _order(study: Study) -> tuple[int, int, str]:
    return rank_of(study.status), -max(map(_rank, _phases(study)), default=-1), study.nct_id


def _rank(phase: str) -> int:
    return PHASES.index(phase) if phase in PHASES[:-1] else -1


def _known(study: Study, lexicon: Lexicon) -> _Known:
    about = dict.fromkeys((*study.conditions, *study.keywords, study.title, study.official_title))
    given = dict.fromkeys(name for each in study.interventions for name in (each.name, *each.other_names))
    return _Known(
        study,
        tuple(entry_of(each, lexicon) for each in about),
        tuple(entry_of(each, lexicon) for each in given),
        frozenset(country_of(each) for each in dict.fromkeys(place.country for place in study.facilities)),
    )


def _tests(filters: Filters, lexicon: Lexicon) -> Iterable[Callable[[_Known], bool]]:
    """Give one test for each filter that is given."""
    if filters.status:
        yield lambda known: known.study.status in filters.status
    if filters.phase:
        yield lambda known: any(each <= _phases(known.study) for each in filters.phase)
    if filters.country:
        yield lambda known: not filters.country.isdisjoint(known.countries)
    if filters.condition:
        conditions = tuple(terms_of(each, lexicon) for each in filters.condition)
        yield lambda known: any(all_in(terms, known.conditions) for terms in conditions)
    if filters.drug:
        drugs = tuple(terms_of(each, lexicon) for each in filters.drug)
        yield lambda known: any(all_in(terms, known.drugs) for terms in drugs)
    if filters.site:
        yield lambda known: any(_at(each, known.study) for each in filters.site)
    if filters.text:
        yield lambda known: any(each in _everything(known.study) for each in filters.text)


def _phases(study: Study) -> frozenset[str]:
    """Give a study's phases; some exports of the registry write them without the underscore."""
    return frozenset({"EARLYPHASE1": "EARLY_PHASE1", "NOTAPPLICABLE": "NA"}.get(each, each) for each in study.phases)


def _at(wanted: str, study: Study) -> bool:
    return any(
        f" {wanted} " in f" {normalised(f'{each.name} {each.city} {each.state} {each.country}')} "
        for each in study.facilities
    )


def _everything(study: Study) -> str:
    told = (study.title, study.official_title, *study.conditions, *study.keywords, study.text)
    return spoken("\n".join((*told, *(each.name for each in study.interventions))))


def _row(study: Study, lexicon: Lexicon) -> Row:
    return Row(
        study.nct_id,
        study.title,
        study.phases,
        study.status,
        drugs_of(study, lexicon),
        study.sponsor,
        tuple(dict.fromkeys(each.country for each in study.facilities if each.country)),
        len(study.facilities),
        study.start,
        study.updated,
    )


def drugs_of(study: Study, lexicon: Lexicon) -> tuple[str, ...]:
    """Give the drugs of a study; where the registry does not say what kind an intervention is, those that are known."""
    told = [each.name for each in study.interventions if each.kind in DRUGS]
    silent = [each for each in study.interventions if not each.kind]
    known = [each.name for each in silent if _is_drug(each, lexicon)]
    return tuple(dict.fromkeys((*told, *(known or (each.name for each in silent)))))


def _is_drug(told: Intervention, lexicon: Lexicon) -> bool:
    names = (told.name, *told.other_names)
    return any(
        not _DRUG_KINDS.isdisjoint(lexicon.kinds(each)) for name in names for each in lexicon.find(tokens_of(name))
    )


def as_object(row: Row) -> dict[str, Any]:
    """Tell a row for programs; what the registry leaves out is left out."""
    told = {
        "nctId": row.nct_id,
        "title": row.title,
        "overallStatus": row.status,
        "phases": list(row.phases),
        "drugs": list(row.drugs),
        "sponsor": row.sponsor,
        "countries": list(row.countries),
        "sites": row.sites,
        "start": row.start,
        "updated": row.updated,
    }
    return {name: each for name, each in told.items() if each != ""}
