"""The ingredients in a drug product's name, where it is put together as RxNorm puts names together, and not otherwise.

``12 HR carbamazepine 200 MG Extended Release Oral Tablet [Tegretol]``: each ingredient with its strength, the form, the
brand. A name is taken apart whole or not at all, and its ingredients are then names like any other, which the tables
know exactly or do not know. Forms that act where they are put (creams, eye drops, inhalers) are not read, nor packs.
Source: https://www.nlm.nih.gov/research/umls/rxnorm/overview.html (normalised names).
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["ingredient_names"]

_AMOUNT = r"[0-9][0-9.,]*"
_STRENGTH = rf"{_AMOUNT} ?(?:mg|mcg|ug|g|unt|units?|meq|mmol|mci|mbq)(?:/(?:{_AMOUNT} ?)?(?:ml|hr))?"
_RELEASE = r"(?:(?:extended release|delayed release|disintegrating|chewable|effervescent|sublingual) )*"
_FORM = "|".join(
    (
        rf"{_RELEASE}(?:oral )?(?:tablet|capsule|tab|cap)s?",
        rf"{_RELEASE}oral (?:solution|suspension|granules|powder|film|pellet)",
        r"(?:tablet|powder|granules) for oral (?:solution|suspension)",
        r"inject(?:ion|able solution|able suspension)|prefilled syringe|auto-injector|pen injector|cartridge",
        r"transdermal system",
    )
)
_PRODUCT = re.compile(
    rf"(?:{_AMOUNT} (?:hr|ml|day) )?(?P<parts>\S.*?{_STRENGTH}) (?:{_FORM})(?: \[[^\[\]]+\])?", re.IGNORECASE | re.ASCII
)
_PART = re.compile(rf"(?P<name>\S(?:.*\S)?) {_STRENGTH}", re.IGNORECASE | re.ASCII)
_LONGEST = 200


@lru_cache(maxsize=4096)
def ingredient_names(words: str) -> tuple[str, ...]:
    """Give the ingredients that a product's name names, each once; none where the name is put together otherwise."""
    product = _PRODUCT.fullmatch(words.strip()) if len(words) <= _LONGEST else None
    if product is None:
        return ()
    parts = [_PART.fullmatch(each) for each in product["parts"].split(" / ")]
    found = [each["name"] for each in parts if each is not None and not _AMOUNTS.search(each["name"])]
    return tuple(dict.fromkeys(found)) if len(found) == len(parts) else ()


_AMOUNTS = re.compile(_STRENGTH, re.IGNORECASE | re.ASCII)
"""A second strength within a name: two ingredients that are not told apart as RxNorm tells them."""
