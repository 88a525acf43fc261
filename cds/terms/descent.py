"""What a terminology server adds to the tables in one call: meanings of SNOMED CT codes that stand below theirs.

The server is asked four things of a code: whether it holds it, what stands above it, what stands above each of those
that the tables hold, and, of the rows that then hand a meaning down, whether they really subsume it. A code of which
any of this is not told stays unmapped. Of a product (RxNorm, NDC) it is asked what
that holds or is called (:mod:`cds.terms.products`).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.codes import NDC, RXNORM, SNOMED, Code
from cds.core.descent import held, legacies
from cds.telemetry import event
from cds.terms.products import ingredients_in, ingredients_named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cds.core.vocabulary import Meaning, Vocabulary
    from cds.terms.server import TerminologyServer, Visit

ROOT = Code(SNOMED, "138875005")
"""SNOMED CT Concept, above every other: what does not reach up to it was not told whole."""
_MOST_ABOVE = 500
_STEPS = 30


@dataclass(frozen=True, slots=True)
class ServerTerminology:
    """A terminology server asked under one deadline a call, about so many codes at most."""

    server: TerminologyServer
    deadline_s: float = 2.0
    most: int = 200

    async def meanings(self, codes: Sequence[Code], vocabulary: Vocabulary) -> Mapping[Code, tuple[Meaning, ...]]:
        """Give what codes that the tables do not hold mean as a server tells it. Never raises; at worst empty."""
        visit = self.server.begin(self.deadline_s)
        if visit is None or not codes:
            return {}
        asked = codes[: self.most]
        told = await asyncio.gather(*(self._of_code(code, vocabulary, visit) for code in asked))
        self.server.end(visit)
        found = {code: meanings for code, meanings in zip(asked, told, strict=True) if meanings}
        event(
            "terminology",
            codes=len(codes),
            mapped=len(found),
            asked=visit.asked,
            remembered=visit.remembered,
            failed=visit.broken,
        )
        return found

    async def _of_code(self, code: Code, vocabulary: Vocabulary, visit: Visit) -> tuple[Meaning, ...]:
        if code.system == RXNORM:
            return await ingredients_in(code, vocabulary, self.server, visit)
        if code.system == NDC:
            return await ingredients_named(code, vocabulary, self.server, visit)
        if not await self.server.validate_code(code, visit):
            return ()
        over = await self._above(code, visit)
        if over is None:
            return ()
        known = sorted(held(over, vocabulary))
        chains = await asyncio.gather(*(self._above(each, visit) for each in known))
        above = {each: chain for each, chain in zip(known, chains, strict=True) if chain is not None}
        if len(above) < len(known):
            return ()
        handed = legacies(above, vocabulary)
        sure = await asyncio.gather(*(self.server.subsumes(each, code, visit) for each in handed))
        if not all(sure):
            return ()
        return tuple({each.concept: each for each in _flat(handed)}.values())

    async def _above(self, code: Code, visit: Visit) -> frozenset[Code] | None:
        """Give everything above a code, or nothing where that is not told up to the root.

        By one expansion where the server understands SNOMED CT's expression language (``> code``: all ancestors), and
        otherwise from parent to parent.
        """
        found = await self.server.expand(f"{SNOMED}?fhir_vs=ecl/>{code.value}", visit, at_most=_MOST_ABOVE)
        if found is None or ROOT not in found or len(found) >= _MOST_ABOVE:
            found = await self._climb(code, visit)
        return found if found is not None and ROOT in found and code not in found else None

    async def _climb(self, code: Code, visit: Visit) -> frozenset[Code] | None:
        found: set[Code] = set()
        waiting = {code}
        for _ in range(_STEPS):
            told = await asyncio.gather(*(self.server.parents(each, visit) for each in sorted(waiting)))
            stops = [each for each, parents in zip(sorted(waiting), told, strict=True) if not parents]
            if stops and stops != [ROOT]:
                return None
            waiting = {parent for parents in told for parent in parents or ()} - found
            if not waiting:
                return frozenset(found)
            found |= waiting
            if len(found) > _MOST_ABOVE:
                return None
        return None


def _flat(handed: Mapping[Code, tuple[Meaning, ...]]) -> list[Meaning]:
    return [meaning for meanings in handed.values() for meaning in meanings]
