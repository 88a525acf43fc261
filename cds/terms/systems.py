"""Short names of code systems, for people who type them and tables that are read."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cds.core import codes
from cds.core.codes import Code

if TYPE_CHECKING:
    from collections.abc import Mapping

SHORT_NAMES = {
    "loinc": codes.LOINC,
    "snomed": codes.SNOMED,
    "rxnorm": codes.RXNORM,
    "icd-10-cm": codes.ICD10CM,
    "icd-9-cm": codes.ICD9CM,
    "icd-o-3": codes.ICDO3,
    "cvx": codes.CVX,
    "atc": codes.ATC,
    "ndc": "http://hl7.org/fhir/sid/ndc",
    "name": codes.NAME,
    "variant": codes.VARIANT,
}
_SHORT = {uri: short for short, uri in SHORT_NAMES.items()}


def short_name(system: str) -> str:
    """Give the short name of a system; the system itself where it has none (a site's own)."""
    return _SHORT.get(system, system)


def code_of(text: str, aliases: Mapping[str, str]) -> Code:
    """Read ``SYSTEM|CODE``, the system by its URI, its short name or another spelling that the tables know.

    Raises ``ValueError`` with the reason.
    """
    system, bar, value = (part.strip() for part in text.partition("|"))
    if not bar or not system or not value:
        raise ValueError(f"{text!r} is not a code: write SYSTEM|CODE")
    known = SHORT_NAMES.get(system.casefold(), system)
    if known not in _SHORT and known not in aliases and not urlsplit(known).scheme:
        raise ValueError(f"{system!r} is no code system: write its URI, or one of {', '.join(SHORT_NAMES)}")
    return Code(known, value)
