"""Allergy to drugs, classes of drugs and substances: "hypersensitivity to platinum", "allergic to egg".

Excipients and "similar compounds" have no names in the tables: they are asked about beside what was read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cds.core.criteria import AllergicTo, AnyOf, Asked, Reason, Rule
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers.lists import LIST, items_of
from cds.trials.text.readers.naming import DRUG, shape_of
from cds.trials.text.reading import Part, Reading, ReadingKind
from cds.trials.text.tokens import covering

__all__ = ["read_allergy"]

_REACTION = (
    r"(?:(?:allergic|hypersensitivity|anaphylactic|anaphylactoid)(?: or (?:allergic|hypersensitivity"
    r"|anaphylactic))? reactions?"
    r"|hypersensitivit(?:y|ies)|allerg(?:y|ies)|allergic|anaphylaxis)"
)
_OTHERS = (
    r"(?P<others>(?:,? ?(?:\(?and/or|\(?or|and|/|,) (?:to )?(?:any |other )?(?:of )?(?:the |its |their "
    r"|other )?(?:other )?"
    r"(?:study )?(?:drug )?(?:(?:inactive )?(?:excipients?|components?|ingredients?|compounds?)"
    r"|drug formulations?|formulations?)"
    r"(?: \((?:or|and) [^()]{1,40}\))?(?: (?:thereof|used in|contained in|in|of) ?(?:the |its |their |these |this )?"
    r"(?:study )?(?:formulations?|drugs?|products?|agents?|excipients|composition)?)?\)?){0,3})"
)
_ALLERGY = re.compile(
    rf"\b(?P<reaction>{_REACTION}(?: or {_REACTION})?)(?P<grade> (?:reactions? )?\([^()]{{1,60}}\))?(?: reactions?)?"
    r"(?: (?:to|against))(?: (?:an?|any|either|the|prior|previous|treatment with|any of|study drugs?,?|another"
    r"|other)\b){0,4} "
    rf"(?P<list>{LIST}){_OTHERS}",
    re.IGNORECASE,
)


_ABOUT = re.compile(r"allerg|hypersens|anaphyl", re.IGNORECASE)


def read_allergy(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
    """Read a known allergy to what the tables know."""
    if not _ABOUT.search(part.plain):
        return ()
    shape = shape_of(part, lexicon)
    found = _ALLERGY.search(shape.text)
    if found is None or _SOMETHING_ELSE.search(shape.text[found.end() : found.end() + 12]):
        return ()
    if " both " in found[0].casefold():
        return ()
    items = [each for _, each in items_of(shape, *found.span("list"))]
    if any(each.sign != DRUG or each.vague for each in items):
        return ()
    substances = tuple(dict.fromkeys(concept for each in items for concept in each.concepts))
    rule: Rule = AllergicTo(substances)
    if found["others"]:
        rule = AnyOf((rule, Asked(f"Is there an allergy to what else is named: {part.text}", Reason.NOT_COMPUTABLE)))
    start = found.start("list") if found["grade"] else found.start()
    first, behind = covering(part.tokens, start, found.end())
    names = "; ".join(map(lexicon.vocabulary.display, substances))
    return (Reading(ReadingKind.ALLERGY, rule, first, behind, f"Read as allergy to: {names}."),)


_SOMETHING_ELSE = re.compile(r"^[- ]?(?:derived|like|analog\w*|related|cells?)\b", re.IGNORECASE)
