"""The one table of what is asked of a FHIR server: it makes both the prefetch templates and the searches.

Templates keep to what CDS Hooks 2.0.1 recommends (instance reads; type searches by reference and token). Searches ask
for larger pages besides, and for the drugs that medication entries refer to.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from cds.core.chart import Kind
from cds.core.codes import LOINC, NAME, VARIANT, Code
from cds.fhir.reading.implications import IMPLICATIONS
from cds.fhir.reading.variants import ASSESSMENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cds.core.finding import Wanted
    from cds.core.vocabulary import Vocabulary

CODES_PER_SEARCH = 20
PAGE_SIZE = 200
_PATIENT = "{{context.patientId}}"


@dataclass(frozen=True, slots=True)
class Search:
    """One question to a FHIR server about one patient; ``key`` is its name among the prefetch keys.

    ``includes`` names the reference whose target is wanted as well, where the server follows it. ``codes`` are those of
    the results that are wanted, for servers that are asked in another way than ``params`` says.
    """

    key: str
    resource_type: str
    kind: Kind | None
    params: tuple[tuple[str, str], ...] = ()
    includes: str = ""
    codes: tuple[str, ...] = field(default=(), repr=False)

    @property
    def by_codes(self) -> bool:
        """Whether it asks for nothing but its codes."""
        return [name for name, _ in self.params] == ["code"]

    @property
    def template(self) -> str:
        """The prefetch template: a relative search with a place for the patient's id."""
        return self._written(_PATIENT, self.params)

    def plain_url(self, patient_id: str) -> str:
        """Give the search exactly as the template asks it, for servers that refuse anything more."""
        return self.url_with(patient_id, self.params, plain=True)

    def url(self, patient_id: str) -> str:
        """Give the relative search for a patient, with large pages and the references followed."""
        return self.url_with(patient_id, self.params)

    def url_with(
        self, patient_id: str, params: Iterable[tuple[str, str]], *, plain: bool = False, follow: bool = True
    ) -> str:
        """Give the search with other parameters in the place of its own; ``follow``: with the references followed."""
        url = self._written(quote(patient_id, safe=""), [(name, quote(text, safe=",:/")) for name, text in params])
        if plain or self.resource_type == "Patient":
            return url
        include = f"&_include={self.includes}" if self.includes and follow else ""
        return f"{url}&_count={PAGE_SIZE}{include}"

    def _written(self, patient: str, params: Iterable[tuple[str, str]]) -> str:
        if self.resource_type == "Patient":
            return f"Patient/{patient}"
        pairs = "&".join(f"{name}={text}" for name, text in (("patient", patient), *params))
        return f"{self.resource_type}?{pairs}"


PATIENT = Search("patient", "Patient", Kind.PERSON)

_BY_KIND = {
    Kind.CONDITION: (Search("conditions", "Condition", Kind.CONDITION),),
    Kind.MEDICATION: (
        Search(
            "medicationStatements", "MedicationStatement", Kind.MEDICATION, includes="MedicationStatement:medication"
        ),
        Search("medicationRequests", "MedicationRequest", Kind.MEDICATION, includes="MedicationRequest:medication"),
        Search(
            "medicationAdministrations",
            "MedicationAdministration",
            Kind.MEDICATION,
            includes="MedicationAdministration:medication",
        ),
        Search("medicationDispenses", "MedicationDispense", Kind.MEDICATION, includes="MedicationDispense:medication"),
    ),
    Kind.PROCEDURE: (Search("procedures", "Procedure", Kind.PROCEDURE),),
    Kind.IMMUNIZATION: (Search("immunizations", "Immunization", Kind.IMMUNIZATION),),
    Kind.ALLERGY: (Search("allergies", "AllergyIntolerance", Kind.ALLERGY),),
}

_BY_CATEGORY = {
    "laboratory": Search("laboratory", "Observation", Kind.MEASUREMENT, (("category", "laboratory"),)),
    "vital-signs": Search("vitalSigns", "Observation", Kind.MEASUREMENT, (("category", "vital-signs"),)),
}


def searches_for(needs: Mapping[Kind, frozenset[str]], vocabulary: Vocabulary) -> tuple[Search, ...]:
    """Give the searches that fetch what the criteria need, and no others; the patient is always asked for.

    Results are asked for by category where the tables say that servers file them under one, otherwise by their codes.
    """
    asked = [PATIENT]
    for kind, concepts in sorted(needs.items(), key=lambda need: need[0].value):
        if kind is Kind.MEASUREMENT:
            asked.extend(_measurement_searches(concepts, vocabulary))
        else:
            asked.extend(_BY_KIND.get(kind, ()))
    return tuple(asked)


def _measurement_searches(concepts: Iterable[str], vocabulary: Vocabulary) -> list[Search]:
    wanted = sorted(vocabulary.narrower(concepts))
    category = {name: _category(name, vocabulary) for name in wanted}
    found = [
        replace(search, codes=_listed(vocabulary.codes_of(each for each in wanted if category[each] == name)))
        for name, search in _BY_CATEGORY.items()
        if name in category.values()
    ]
    codes = _searchable(vocabulary.codes_of(name for name in wanted if category[name] not in _BY_CATEGORY))
    for number, start in enumerate(range(0, len(codes), CODES_PER_SEARCH), start=1):
        key = "scores" if number == 1 else f"scores{number}"
        listed = tuple(str(code) for code in codes[start : start + CODES_PER_SEARCH])
        found.append(Search(key, "Observation", Kind.MEASUREMENT, (("code", ",".join(listed)),), codes=listed))
    return found


_PANELS = {"8480-6": ("85354-9", "55284-4"), "8462-4": ("85354-9", "55284-4")}
"""LOINC numbers whose results stand as components under another number: some servers find the whole by its own alone.

Blood pressure; sources: https://hl7.org/fhir/R4B/bp.html, and for the older panel
https://www.hl7.org/fhir/2017Jan/valueset-observation-vitalsignresult.html.
"""


def _listed(codes: Iterable[Code]) -> tuple[str, ...]:
    """Give codes to be searched for, panels that hold some of them included."""
    sent = _searchable(codes)
    panels = [Code(LOINC, above) for code in sent if code.system == LOINC for above in _PANELS.get(code.value, ())]
    return tuple(dict.fromkeys(map(str, (*sent, *panels))))


def _category(concept: str, vocabulary: Vocabulary) -> str | None:
    known = vocabulary.concepts.get(concept)
    return known.scale.category if known and known.scale else None


_VARIANTS = (ASSESSMENT, *IMPLICATIONS)


def _searchable(codes: Iterable[Code]) -> list[Code]:
    """Leave out what no chart holds as a code; a variant is asked for by the one number that all variants have.

    What others say of it, its significance above all, is asked for as well: it stands in Observations of their own.
    """
    sent = dict.fromkeys(each for code in codes for each in (_VARIANTS if code.system == VARIANT else (code,)))
    return [code for code in sent if code.system != NAME and not {",", "|", "&", "$"} & set(code.value)]


_SETTLING = {
    Kind.MEASUREMENT: ("Observation", "code"),
    Kind.CONDITION: ("Condition", "code"),
    Kind.MEDICATION: ("MedicationStatement", "code"),
    Kind.PROCEDURE: ("Procedure", "code"),
    Kind.IMMUNIZATION: ("Immunization", "vaccine-code"),
    Kind.ALLERGY: ("AllergyIntolerance", "code"),
}


def settling_search(wanted: Wanted, vocabulary: Vocabulary) -> str | None:
    """Give the search whose answer would settle an unknown, without the patient; nothing where no code is known.

    A long list of codes is cut to its first :data:`CODES_PER_SEARCH`.
    """
    place = _SETTLING.get(wanted.kind) if wanted.kind else None
    if place is None:
        return None
    concepts: Iterable[str] = wanted.concepts
    if wanted.kind is Kind.MEDICATION:
        concepts = vocabulary.ingredients_of(wanted.concepts)
    codes = _searchable(vocabulary.codes_of(concepts))[:CODES_PER_SEARCH]
    return f"{place[0]}?{place[1]}={','.join(map(str, codes))}" if codes else None
