"""The tables as FHIR R4 resources: the concepts as a CodeSystem, their codes as ValueSets, the rows as ConceptMaps.

A ValueSet holds what settles a finding for its concept: verified codes, exact or narrower, and those of narrower
concepts. A ConceptMap holds every verified row of one code system, the vague and the denied too, told by their
equivalence. Names are no code system and are left out. The result depends on the tables and the arguments alone.
Shapes: https://hl7.org/fhir/R4/valueset.html, conceptmap.html, codesystem.html.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.codes import NOT_SENT, Code, Coded
from cds.core.vocabulary import Concept, Relation
from cds.terms.load import YES_NO
from cds.terms.systems import short_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cds.core.vocabulary import Vocabulary
    from cds.terms.tables import Tables

Json = dict[str, object]

_TERMS = (
    "The codes are those of their terminologies, each on its own terms: see NOTICE.md, which comes with these files."
)
_PARENT = "http://hl7.org/fhir/concept-properties#parent"


@dataclass(frozen=True, slots=True)
class Frame:
    """What the tables do not say of the resources: where they live, their version, and the day they are given out."""

    base: str
    version: str
    date: str | None = None

    def url(self, kind: str, name: str) -> str:
        """Give the canonical URL of a resource."""
        return f"{self.base}/{kind}/{name}"

    def head(self, kind: str, name: str, title: str, says: str) -> Json:
        """Give what every resource begins with. All are drafts: no clinician has reviewed a row."""
        dated = {} if self.date is None else {"date": self.date}
        return {
            "resourceType": kind,
            "id": name,
            "url": self.url(kind, name),
            "version": self.version,
            "name": "Trialcards" + "".join(word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", name)),
            "title": title,
            "status": "draft",
            **dated,
            "description": says,
            "copyright": _TERMS,
        }


@dataclass(frozen=True, slots=True, order=True)
class _Entry:
    """One verified row of the code tables, its code as charts are compared with it."""

    code: Code
    concept: str
    starts: bool
    denied: bool
    relation: str
    display: str
    comment: str

    @property
    def counts(self) -> bool:
        return not self.denied and self.relation in {Relation.EXACT.value, Relation.NARROW.value}

    @property
    def shown(self) -> Json:
        return {"code": self.code.value, **({"display": self.display} if self.display else {})}


def resources_of(tables: Tables, vocabulary: Vocabulary, frame: Frame) -> Iterator[Json]:
    """Give every resource, in order: the CodeSystem, the ValueSets by concept, the ConceptMaps by code system."""
    entries = sorted(_entries(tables, vocabulary))
    yield _code_system(vocabulary, frame)
    yield from _ValueSets(entries, vocabulary, frame).every()
    by_system: dict[str, list[_Entry]] = defaultdict(list)
    for entry in entries:
        by_system[entry.code.system].append(entry)
    for system in sorted(by_system):
        yield _concept_map(system, by_system[system], vocabulary, frame)


def _entries(tables: Tables, vocabulary: Vocabulary) -> Iterator[_Entry]:
    for row in (row for rows in tables.codes.values() for row in rows):
        if YES_NO[row["verified"]] and row["system"] not in NOT_SENT:
            yield _Entry(
                code=vocabulary.canonical(Code(row["system"], row["code"])),
                concept=row["concept_id"],
                starts=row["match"] == "prefix",
                denied=row["include"] == "-",
                relation=row["relation"],
                display=" ".join(row["display"].split()),
                comment=" ".join(row["comment"].split()),
            )


def _code_system(vocabulary: Vocabulary, frame: Frame) -> Json:
    concepts = [vocabulary.concepts[name] for name in sorted(vocabulary.concepts)]
    return {
        **frame.head("CodeSystem", "concepts", "Trialcards concepts", "What criteria of clinical trials speak of."),
        "caseSensitive": True,
        "hierarchyMeaning": "is-a",
        "content": "complete",
        "count": len(concepts),
        "property": [
            {"code": "kind", "description": "What sort of thing it is.", "type": "string"},
            {"code": "parent", "uri": _PARENT, "description": "A concept that is more general.", "type": "code"},
        ],
        "concept": [_defined(each) for each in concepts],
    }


def _defined(concept: Concept) -> Json:
    kind: Json = {"code": "kind", "valueString": concept.kind.value}
    parents: list[Json] = [{"code": "parent", "valueCode": each} for each in sorted(concept.broader)]
    return {"code": concept.id, "display": concept.display, "property": [kind, *parents]}


class _ValueSets:
    """One ValueSet for each concept that is reached by a code, its own, a narrower concept's or a class member's."""

    def __init__(self, entries: Iterable[_Entry], vocabulary: Vocabulary, frame: Frame) -> None:
        self._vocabulary, self._frame = vocabulary, frame
        self._own: dict[str, list[_Entry]] = defaultdict(list)
        self._shown: dict[Code, str] = {}
        for entry in entries:
            self._own[entry.concept].append(entry)
            self._shown.setdefault(entry.code, entry.display)
        self._within = _within(vocabulary)
        self._excluding: dict[str, frozenset[Code]] = {}
        self._reached = {each.id for each in vocabulary.concepts.values() if self._is_reached(each.id)}
        self._codes = sorted(vocabulary.exact)
        self._starts = sorted(Code(system, value) for system, starts in vocabulary.prefixes.items() for value in starts)
        self._every = sorted({*self._codes, *self._starts})

    def every(self) -> Iterator[Json]:
        """Give them by the ids of their concepts."""
        for name in sorted(self._reached):
            yield from self._of(self._vocabulary.concepts[name])

    def _is_reached(self, name: str) -> bool:
        return any(each.counts for each in self._own[name]) or any(map(self._is_reached, self._within[name]))

    def _of(self, concept: Concept) -> Iterator[Json]:
        """Give a concept's ValueSet; where its exclusions would hit what is narrower, its own codes as one apart.

        What is narrower stands first, sets with exclusions before the others, and codes that count although one of
        these excludes them are listed once more. By R4 none of that matters; but HAPI takes what an included set
        excludes away from all that it has collected so far.
        """
        own = {each.code: each.display for each in self._own[concept.id] if each.counts and not each.starts}
        starts, denied, apart = self._parts(concept.id)
        exclude = [*_listed(denied), *map(_below, apart)]
        inner = self._value_sets(sorted(self._within[concept.id] & self._reached, key=self._excludes_nothing))
        again = self._counting_all_the_same(concept.id)
        if any(self._means(code, self._reach(concept.id)) for each in apart for code in _below_in(self._every, each)):
            itself = f"{concept.id}.itself"
            include = [*_listed(own), *map(_below, starts)]
            yield self._made(itself, f"{concept.display}, by its own rows", include, exclude)
            yield self._made(concept.id, concept.display, [*self._value_sets([itself]), *inner, *_listed(again)], [])
        else:
            include = [*inner, *_listed({**again, **own}), *map(_below, starts)]
            yield self._made(concept.id, concept.display, include, exclude)

    def _reach(self, name: str) -> frozenset[str]:
        return self._vocabulary.narrower((name,))

    def _parts(self, name: str) -> tuple[list[Code], Mapping[Code, str], list[Code]]:
        """Give the beginnings that count for a concept, and the codes and the beginnings that it excludes."""
        own, reach = self._own[name], self._reach(name)
        starts = [each.code for each in own if each.counts and each.starts]
        return starts, self._denied(own, starts, reach), self._apart(starts, reach)

    def _excluded(self, name: str) -> frozenset[Code]:
        """Give all codes and beginnings that a concept's set excludes, or any set within it."""
        if name not in self._excluding:
            _, denied, apart = self._parts(name)
            inner = (self._excluded(each) for each in self._within[name] & self._reached)
            self._excluding[name] = frozenset({*denied, *apart}).union(*inner)
        return self._excluding[name]

    def _excludes_nothing(self, name: str) -> tuple[bool, str]:
        return not self._excluded(name), name

    def _counting_all_the_same(self, name: str) -> Mapping[Code, str]:
        excluded = frozenset[Code]().union(*map(self._excluded, self._within[name] & self._reached))
        reach = self._reach(name)
        return {code: self._shown.get(code, "") for code in sorted(excluded) if self._means(code, reach)}

    def _made(self, name: str, title: str, include: list[Json], exclude: list[Json]) -> Json:
        compose = {"include": include, **({"exclude": exclude} if exclude else {})}
        return {**self._frame.head("ValueSet", name, title, f"Codes that count for: {title}."), "compose": compose}

    def _value_sets(self, names: Iterable[str]) -> list[Json]:
        return [{"valueSet": [self._frame.url("ValueSet", name)]} for name in names]

    def _denied(self, own: list[_Entry], starts: list[Code], reach: frozenset[str]) -> Mapping[Code, str]:
        """Give the look-alikes, and the codes below a beginning whose own rows say otherwise."""
        codes = {code: "" for start in starts for code in _below_in(self._codes, start)}
        codes |= {each.code: each.display for each in own if each.denied}
        return {code: display for code, display in codes.items() if not self._means(code, reach)}

    def _apart(self, starts: list[Code], reach: frozenset[str]) -> list[Code]:
        """Give the longer beginnings that say otherwise, those below another of them left out."""
        longer = {code for start in starts for code in _below_in(self._starts, start) if code != start}
        found = sorted(code for code in longer if not self._means(code, reach))
        return [code for code in found if not any(_is_below(code, other) for other in found if other != code)]

    def _means(self, code: Code, reach: frozenset[str]) -> bool:
        return any(each.counts and each.concept in reach for each in self._vocabulary.meanings(Coded((code,))))


def _within(vocabulary: Vocabulary) -> Mapping[str, set[str]]:
    """Give what each concept is made of: the concepts directly below it, and the verified members of a class."""
    found: dict[str, set[str]] = defaultdict(set)
    for concept in vocabulary.concepts.values():
        for parent in concept.broader:
            found[parent].add(concept.id)
    for group, members in vocabulary.members.items():
        found[group] |= {name for name, verified in members.items() if verified}
    return found


def _below_in(codes: list[Code], start: Code) -> list[Code]:
    """Give those of some sorted codes that begin with one."""
    found = []
    for code in codes[bisect_left(codes, start) :]:
        if not _is_below(code, start):
            break
        found.append(code)
    return found


def _is_below(code: Code, start: Code) -> bool:
    return code.system == start.system and code.value.startswith(start.value)


def _below(code: Code) -> Json:
    """Give a code with all below it: in ICD and ATC, those that begin with it."""
    return {"system": code.system, "filter": [{"property": "concept", "op": "is-a", "value": code.value}]}


def _listed(codes: Mapping[Code, str]) -> list[Json]:
    """List codes with their names, system by system."""
    found: dict[str, list[Json]] = defaultdict(list)
    for code, display in sorted(codes.items()):
        found[code.system].append({"code": code.value, **({"display": display} if display else {})})
    return [{"system": system, "concept": concepts} for system, concepts in found.items()]


_EQUIVALENCE = {
    Relation.EXACT.value: "equivalent",
    Relation.NARROW.value: "wider",
    Relation.BROAD.value: "narrower",
    Relation.RELATED.value: "relatedto",
}
"""In R4 the equivalence is the target's: the concept is *wider* than a code that says something within it."""


def _concept_map(system: str, entries: Iterable[_Entry], vocabulary: Vocabulary, frame: Frame) -> Json:
    elements: dict[Code, Json] = {}
    for entry in entries:
        element = elements.setdefault(entry.code, {**entry.shown, "target": []})
        targets = element["target"]
        assert isinstance(targets, list)  # noqa: S101 - put there in the line above
        targets.append(_target(entry, vocabulary))
    short = re.sub(r"[^A-Za-z0-9]+", "-", re.sub(r"^https?://", "", short_name(system)))[-64:].strip("-")
    group = {"source": system, "target": frame.url("CodeSystem", "concepts"), "element": list(elements.values())}
    says = "What codes mean among the concepts of Trialcards, look-alikes as disjoint. Verified rows only."
    return {**frame.head("ConceptMap", short, f"From {short} to Trialcards concepts", says), "group": [group]}


def _target(entry: _Entry, vocabulary: Vocabulary) -> Json:
    equivalence = "disjoint" if entry.denied else _EQUIVALENCE[entry.relation]
    said = [entry.comment] if entry.comment else []
    if entry.starts:
        said.append("stands for every code that begins so, unless a longer one is listed")
    if equivalence == "narrower":
        said.append("the code says less than the concept: it settles nothing")
    comment = {"comment": "; ".join(said)} if said else {}
    display = vocabulary.display(entry.concept)
    return {"code": entry.concept, "display": display, "equivalence": equivalence, **comment}
