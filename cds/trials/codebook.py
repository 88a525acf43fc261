"""Codes for concepts: the other way round from recognising, for charts that we write ourselves."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cds.core.codes import CVX, ICD9CM, ICD10CM, ICDO3, LOINC, NAME, RXNORM, SNOMED, Code, Coded
from cds.core.vocabulary import ConceptKind, Relation

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cds.core.vocabulary import Meaning, Vocabulary

SYSTEMS = {
    "loinc": LOINC,
    "snomed": SNOMED,
    "rxnorm": RXNORM,
    "icd-o-3": ICDO3,
    "cvx": CVX,
    "icd-10-cm": ICD10CM,
    "icd-9-cm": ICD9CM,
    "name": NAME,
}
"""The short names of code systems, in the order in which one is preferred where several codes do as well."""
_PREFERRED = {system: place for place, system in enumerate(SYSTEMS.values())}


@dataclass(frozen=True, slots=True)
class Codebook:
    """A vocabulary with the codes that count for each of its concepts: the exact ones, and the narrower ones.

    ``told`` are the concepts that any code says something of, if only that which is not verified or too general.
    """

    vocabulary: Vocabulary
    exact: Mapping[str, tuple[Code, ...]]
    narrow: Mapping[str, tuple[Code, ...]]
    told: frozenset[str]
    _chosen: dict[tuple[str, frozenset[str]], Code | None] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> Codebook:
        """Turn a vocabulary's tables round, once for all charts that are to be written with it."""
        found: dict[Relation, defaultdict[str, list[Code]]] = {
            Relation.EXACT: defaultdict(list),
            Relation.NARROW: defaultdict(list),
        }
        rows = [(code, meaning) for code, meanings in vocabulary.exact.items() for meaning in meanings]
        rows += [
            (Code(system, beginning), meaning)
            for system, beginnings in vocabulary.prefixes.items()
            for beginning, meanings in beginnings.items()
            for meaning in meanings
        ]
        told = frozenset(meaning.concept for _, meaning in rows if meaning.relation is not Relation.RELATED)
        for code, meaning in rows:
            if meaning.counts:
                found[meaning.relation][meaning.concept].append(code)
        exact, narrow = ({name: tuple(codes) for name, codes in each.items()} for each in found.values())
        return cls(vocabulary, exact, narrow, told)

    def code_for(self, concept: str, beside: Collection[str] = ()) -> Code | None:
        """Give a code that counts for a concept and says least besides; none where no verified code does.

        ``beside`` are concepts that the same entry is said to be: a code that says them too says nothing besides.
        """
        asked = concept, frozenset(beside)
        if asked not in self._chosen:
            self._chosen[asked] = self._choice(concept, beside)
        return self._chosen[asked]

    def _choice(self, concept: str, beside: Collection[str]) -> Code | None:
        said = {concept, *beside}
        said |= {above for name in said for above in self.vocabulary.broader(name)}
        ours = [code for code in self._codes(concept) if self._counts(code, concept)]
        return min(ours, key=lambda code: (self._besides(code, said), _preference(code)), default=None)

    def _codes(self, concept: str) -> tuple[Code, ...]:
        """Give a concept's own codes; those of what is narrower only where it has none."""
        own = self.exact.get(concept, ()) or self.narrow.get(concept, ())
        if own or self.vocabulary.concepts[concept].kind is ConceptKind.DRUG_CLASS:
            return own
        return tuple(code for name in self.vocabulary.narrower((concept,)) for code in self.exact.get(name, ()))

    def _counts(self, code: Code, concept: str) -> bool:
        wanted = self.vocabulary.narrower((concept,))
        return any(meaning.counts and meaning.concept in wanted for meaning in self._meanings(code))

    def _besides(self, code: Code, said: Collection[str]) -> int:
        return sum(
            meaning.concept not in said and meaning.relation is not Relation.RELATED for meaning in self._meanings(code)
        )

    def _meanings(self, code: Code) -> tuple[Meaning, ...]:
        return self.vocabulary.meanings(Coded((code,)))


def _preference(code: Code) -> tuple[int, int, str]:
    return _PREFERRED.get(code.system, len(_PREFERRED)), len(code.value), code.value
