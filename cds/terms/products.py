"""What a product or brand holds, as a terminology server tells it, down to ingredients of the tables.

RxNorm says it in steps (appendix 1 of its documentation, https://www.nlm.nih.gov/research/umls/rxnorm/docs/appendix1.html):
a branded product is the trade name of a generic one, which consists of components, each of which has one ingredient. A
server tells these relations as properties, if at all. One that tells half of it, or ends at a substance which is no
ingredient of the tables, leaves the product unmapped. One that tells no relation, only the name, is taken at its name,
where that is put together as RxNorm does (:mod:`cds.core.product_names`).
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.codes import NAME, Code, normalised_name
from cds.core.product_names import ingredient_names
from cds.core.vocabulary import ConceptKind, Meaning, Relation

if TYPE_CHECKING:
    from collections.abc import Collection

    from cds.core.vocabulary import Vocabulary
    from cds.terms.answers import Properties
    from cds.terms.server import TerminologyServer, Visit

_PRECISE = "has_precise_ingredient"
_STEPS_DOWN = {
    "tradename_of": False,
    "consists_of": True,
    "contains": True,
    "has_ingredients": False,
    "has_part": True,
    "has_ingredient": True,
    "form_of": False,
}
"""The relations that lead from a product towards its ingredients, and whether one code may have several of them.

They stand in the order in which they are believed: the *ingredient* of a branded product is its brand. A brand of
several substances may be one preparation of them all or several preparations, so it stays unmapped.
"""
RELATIONS = (*_STEPS_DOWN, _PRECISE)
_FURTHEST, _MOST_LOOKED_UP = 5, 24
_LOCAL = re.compile(
    r"\b(?:topical|medicated|ophthalmic|otic|nasal|inhal\w*|vaginal|rectal|cream|ointment|lotion|shampoo|mouthwash|"
    r"irrigation|intravesical|dental|buccal film|chewing gum|implant|intrauterine|actuat)\b",
    re.IGNORECASE,
)
"""Words of RxNorm's names for forms that act where they are put, which the tables do not count as the drug either."""
_RXCUI = re.compile(r"[1-9][0-9]{0,7}")


async def ingredients_in(
    product: Code, vocabulary: Vocabulary, server: TerminologyServer, visit: Visit
) -> tuple[Meaning, ...]:
    """Give what a product holds, every ingredient of it as *narrow*; nothing unless all of it is told and known."""
    if not _RXCUI.fullmatch(product.value):
        return ()
    climb = _Climb(vocabulary, server, visit)
    told = await climb.ask(product)
    if told is None or not told.display or _LOCAL.search(told.display):
        return ()
    if not any(told.values.get(each) for each in RELATIONS):
        return _by_name(told.display, vocabulary)
    found = await climb.follow(told, (product,))
    if len(found) < _named(told.display):
        return ()
    concepts = sorted({concept for code in found for concept in climb.meant(code)})
    return tuple(Meaning(concept, Relation.NARROW) for concept in concepts)


async def ingredients_named(
    product: Code, vocabulary: Vocabulary, server: TerminologyServer, visit: Visit
) -> tuple[Meaning, ...]:
    """Give what a product holds by the name that the server has for it: an NDC has no relations of its own."""
    told = await server.properties(product, (), visit)
    return () if told is None else _by_name(told.display, vocabulary)


def _by_name(display: str, vocabulary: Vocabulary) -> tuple[Meaning, ...]:
    """Give the ingredients in a product's name; nothing unless it is taken apart whole and the tables know each."""
    found = [_Climb.known(Code(NAME, normalised_name(each)), vocabulary) for each in ingredient_names(display)]
    concepts = sorted({concept for each in found for concept in each})
    return tuple(Meaning(each, Relation.NARROW) for each in concepts) if all(found) else ()


def _named(display: str) -> int:
    """Give how many substances a product's name tells apart; a pack's parts may hold the same one."""
    return 1 if display.startswith("{") else display.count(" / ") + 1


@dataclass(slots=True)
class _Climb:
    """One product being followed down: an empty answer means that it is not told whole."""

    vocabulary: Vocabulary
    server: TerminologyServer
    visit: Visit
    left: int = _MOST_LOOKED_UP

    def meant(self, code: Code) -> tuple[str, ...]:
        """Give the ingredient that a code is in the tables."""
        return self.known(code, self.vocabulary)

    @staticmethod
    def known(code: Code, vocabulary: Vocabulary) -> tuple[str, ...]:
        """Give the ingredient that a code is in the tables: verified, and neither more nor less than it."""
        if code in vocabulary.denied:
            return ()
        return tuple(
            each.concept
            for each in vocabulary.exact.get(code, ())
            if each.counts
            and each.relation is Relation.EXACT
            and vocabulary.concepts[each.concept].kind is ConceptKind.INGREDIENT
        )

    async def ask(self, code: Code) -> Properties | None:
        """Look a code up, unless this product has cost too much already."""
        if self.left <= 0:
            return None
        self.left -= 1
        return await self.server.properties(code, RELATIONS, self.visit)

    async def follow(self, told: Properties, path: tuple[Code, ...]) -> frozenset[Code]:
        """Take the first relation that leads on; of a component whose ingredient is too coarse, the precise one."""
        for relation, several in _STEPS_DOWN.items():
            values = told.values.get(relation)
            if values:
                found = await self._all(values, path) if several or len(values) == 1 else frozenset()
                precise = told.values.get(_PRECISE, frozenset())
                if not found and relation == "has_ingredient" and len(values) == len(precise) == 1:
                    return await self._all(precise, path)
                return found
        return frozenset()

    async def _all(self, values: Collection[str], path: tuple[Code, ...]) -> frozenset[Code]:
        if not all(_RXCUI.fullmatch(each) for each in values):
            return frozenset()
        told = await asyncio.gather(*(self._down(Code(path[0].system, each), path) for each in sorted(values)))
        return frozenset().union(*told) if all(told) else frozenset()

    async def _down(self, code: Code, path: tuple[Code, ...]) -> frozenset[Code]:
        if self.meant(code):
            return frozenset({code})
        if code in path or len(path) >= _FURTHEST:
            return frozenset()
        told = await self.ask(code)
        return frozenset() if told is None else await self.follow(told, (*path, code))
