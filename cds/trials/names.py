"""Names that are looked for among the names that a study gives: whole, word by word, and by what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cds.core.vocabulary import ConceptKind
from cds.trials.text.tokens import Sort, tokens_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cds.core.vocabulary import Vocabulary
    from cds.trials.text.lexicon import Lexicon, Named

__all__ = ["Entry", "Term", "all_in", "entry_of", "terms_of"]

_TUMOUR_WORDS: Final = frozenset({"cancer", "carcinoma", "tumor", "neoplasm", "malignancy", "malignant"})
"""Words that tell tumours of one place from nothing else: beside another word they need not be there."""

_IDLE: Final = frozenset({"a", "an", "and", "for", "in", "of", "or", "the", "with"})
_SAYING: Final = frozenset({Sort.WORD, Sort.NUMBER})


@dataclass(frozen=True, slots=True)
class Entry:
    """A condition, keyword, title or name of an intervention: its words, and the concepts that are named in it."""

    words: frozenset[str]
    concepts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Term:
    """A part of what is looked for: words of which an entry holds all, or concepts of which it holds one of each."""

    words: frozenset[str]
    concepts: tuple[frozenset[str], ...] = ()

    def is_in(self, entry: Entry) -> bool:
        """Say whether an entry names it."""
        if self.words <= entry.words:
            return True
        return bool(self.concepts) and all(not each.isdisjoint(entry.concepts) for each in self.concepts)


def entry_of(text: str, lexicon: Lexicon) -> Entry:
    """Take apart a name that a study gives."""
    tokens = tokens_of(text)
    words = frozenset(each.form for each in tokens if each.sort in _SAYING)
    return Entry(words, frozenset(concept for named in lexicon.find(tokens) for concept in named.concepts))


def terms_of(text: str, lexicon: Lexicon) -> tuple[Term, ...]:
    """Take apart what is looked for: each name that is known is one term, and each word that is left over another."""
    tokens = tokens_of(text)
    named = lexicon.find(tokens)
    covered = {place for each in named for place in range(each.first, each.behind)}
    terms = []
    for each in named:
        words = frozenset(token.form for token in tokens[each.first : each.behind] if token.sort in _SAYING)
        terms.append(Term(words, _alternatives(each, lexicon.vocabulary)))
    terms += [
        Term(frozenset({token.form}))
        for place, token in enumerate(tokens)
        if place not in covered and token.sort in _SAYING and token.form not in _IDLE
    ]
    telling = tuple(each for each in terms if not each.words <= _TUMOUR_WORDS)
    return telling or tuple(terms) or (Term(frozenset({text})),)


def _alternatives(named: Named, vocabulary: Vocabulary) -> tuple[frozenset[str], ...]:
    """Say what a name asks for: where it tells a place and a sort of tumour, one of each; else any that it means."""
    kinds = {each: vocabulary.concepts[each].kind for each in named.concepts}
    both = {ConceptKind.SITE, ConceptKind.HISTOLOGY}
    if both <= set(kinds.values()):
        groups = [
            tuple(name for name in kinds if kinds[name] is kind) for kind in (ConceptKind.SITE, ConceptKind.HISTOLOGY)
        ]
    else:
        groups = [named.concepts]
    return tuple(vocabulary.narrower(each) | frozenset(vocabulary.ingredients_of(each)) for each in groups)


def all_in(terms: Sequence[Term], entries: Sequence[Entry]) -> bool:
    """Say whether each term is in one of the entries."""
    return all(any(term.is_in(entry) for entry in entries) for term in terms)
