"""The names that the tables know, found in text: the longest that stands at each place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cds.core.codes import NAME
from cds.core.vocabulary import ConceptKind, Vocabulary
from cds.trials.text.diseases import DiseaseNames
from cds.trials.text.tokens import Sort, Token, compared

__all__ = ["Lexicon", "Named"]


@dataclass(frozen=True, slots=True)
class Named:
    """A name in a text: the concepts it may stand for, and its first token and the one behind its last."""

    concepts: tuple[str, ...]
    first: int
    behind: int


@dataclass(slots=True)
class _Node:
    """A place in the tree of names: what may follow, and what ends here."""

    next: dict[str, _Node] = field(default_factory=dict)
    concepts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All names of all concepts, and the vocabulary they belong to."""

    vocabulary: Vocabulary
    _root: _Node
    diseases: DiseaseNames

    @classmethod
    def of(
        cls,
        vocabulary: Vocabulary,
        phrases: Iterable[tuple[str, str]] = (),
        diseases: DiseaseNames | None = None,
    ) -> Lexicon:
        """Take the displayed names, the names among the codes, and ``phrases``: pairs of concept id and words.

        ``diseases`` are the names of cancers, which are put together of several words.

        Only exact and verified names count; a single letter or number is no name.
        """
        names: dict[tuple[str, ...], dict[str, None]] = defaultdict(dict)
        for concept, words in (*_names_of(vocabulary), *phrases):
            form = compared(words)
            if form and (len(form) > 1 or len(form[0]) > 1):
                names[form][concept] = None
        root = _Node()
        for form, concepts in names.items():
            node = root
            for word in form:
                node = node.next.setdefault(word, _Node())
            node.concepts = tuple(concepts)
        return cls(vocabulary, root, diseases or DiseaseNames.of(()))

    def find(self, tokens: Sequence[Token]) -> tuple[Named, ...]:
        """Give the names in a text from left to right, none overlapping another, each as long as it can be."""
        found: list[Named] = []
        place = 0
        while place < len(tokens):
            named = self._at(tokens, place)
            if named is not None:
                found.append(named)
            place = named.behind if named else place + 1
        return tuple(found)

    def kinds(self, named: Named) -> frozenset[ConceptKind]:
        """Say what kinds of concept a name may stand for."""
        return frozenset(self.vocabulary.concepts[each].kind for each in named.concepts)

    def _at(self, tokens: Sequence[Token], first: int) -> Named | None:
        if tokens[first].form not in self._root.next:
            return None
        node, place, best = self._root, first, None
        while place < len(tokens):
            token = tokens[place]
            if token.sort is Sort.SIGN:
                if token.text not in _WITHIN_NAMES:
                    break
            else:
                following = node.next.get(token.form)
                if following is None:
                    break
                node = following
                if node.concepts:
                    best = Named(node.concepts, first, place + 1)
            place += 1
        return best


_WITHIN_NAMES = frozenset("-‐–/'’")
"""Signs that do not part a name."""


def _names_of(vocabulary: Vocabulary) -> Iterable[tuple[str, str]]:
    for concept in vocabulary.concepts.values():
        yield concept.id, concept.display
    for code, meanings in vocabulary.exact.items():
        if code.system == NAME:
            yield from (
                (each.concept, code.value) for each in meanings if each.counts and each.relation.value == "exact"
            )
