"""Entries that say there is nothing to record, or that nothing is known: no diagnosis, drug, allergy or procedure.

"No known problems" is no problem, so that such an entry never fills a problem list; "no information about problems" is
not "none", so that silence about problems stops speaking. Neither is told apart by words once there is a code that all
know: a hospital's own code for it says nothing to us, and its words do. One word alone ("None") is not enough beside a
code, since programs write it where there was no text.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from cds.core.codes import (
    ATC,
    CVX,
    ICD9CM,
    ICD10CM,
    ICDO3,
    LOINC,
    NAME,
    NDC,
    RXNORM,
    SNOMED,
    Code,
    Coded,
    normalised_name,
)
from cds.fhir.values import CannotReadError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Absence", "absence_in"]


class Absence(enum.Enum):
    """What an entry says that names nothing: that nothing is known of, or that nobody knows."""

    NONE_KNOWN = "none known"
    NO_INFORMATION = "no information"


_IPS = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
"""``no-known-problems``, ``no-problem-info`` and the like, for each section of a patient summary. Its definition of the
former: none are known, "or that those known are not relevant for the purpose of this record"."""

_NO_INFORMATION = ("-info", "-not-known")

_SITUATIONS = frozenset(
    Code(SNOMED, value)
    for value in (
        "716186003",  # No known allergy
        "409137002",  # No known drug allergy
        "428607008",  # No known environmental allergy
        "429625007",  # No known food allergy
        "787482006",  # No known immunizations
        "787481004",  # No known medications
        "160245001",  # No current problems or disability
        "787480003",  # No known procedures
    )
)
"""Source: HL7/fhir-ips, ValueSet ``absent-or-unknown-snomed-uv-ips``."""

_WORDS = {
    "none": Absence.NONE_KNOWN,
    "none known": Absence.NONE_KNOWN,
    "no known allergy": Absence.NONE_KNOWN,
    "no known allergies": Absence.NONE_KNOWN,
    "no known drug allergies": Absence.NONE_KNOWN,
    "no known drug allergy": Absence.NONE_KNOWN,
    "no known medication allergies": Absence.NONE_KNOWN,
    "nka": Absence.NONE_KNOWN,
    "nkda": Absence.NONE_KNOWN,
    "no known immunizations": Absence.NONE_KNOWN,
    "no known medications": Absence.NONE_KNOWN,
    "no current medications": Absence.NONE_KNOWN,
    "no known problems": Absence.NONE_KNOWN,
    "no current problems": Absence.NONE_KNOWN,
    "no active problems": Absence.NONE_KNOWN,
    "no known active problems": Absence.NONE_KNOWN,
    "no current problems or disability": Absence.NONE_KNOWN,
    "no known procedures": Absence.NONE_KNOWN,
    "no information about allergies": Absence.NO_INFORMATION,
    "no information about immunizations": Absence.NO_INFORMATION,
    "no information about current medications": Absence.NO_INFORMATION,
    "no information about current problems": Absence.NO_INFORMATION,
    "no information about past history of procedures": Absence.NO_INFORMATION,
}
"""How the same codes are displayed, in their versions, ``NKA`` (HL7 ``list-empty-reason``, ``nilknown``), and what
people write in their place."""

_PUBLIC = frozenset({SNOMED, RXNORM, NDC, ICD10CM, ICD9CM, ICDO3, CVX, ATC, LOINC})
"""Systems whose codes say what they say, whatever words stand beside them."""

_NOTHING_SAID = frozenset(
    {
        "http://terminology.hl7.org/CodeSystem/data-absent-reason",
        "http://hl7.org/fhir/data-absent-reason",
        "http://terminology.hl7.org/CodeSystem/v3-NullFlavor",
        "http://hl7.org/fhir/v3/NullFlavor",
    }
)
"""Systems whose codes say why there is no code; US Core asks for ``unknown`` of the first where a code must be sent."""

_NO_WORDS = frozenset({"", "unknown", "asked but unknown", "not asked", "masked", "no information", "noinformation"})


def absence_in(told: Iterable[Coded]) -> Absence | None:
    """Say which absence the codes of one entry tell, if they do.

    Raises :class:`CannotReadError` where all they tell is that there is no code: what the entry is stays open.
    """
    for coded in told:
        found = _absence(coded)
        if found is not None:
            return found
    return None


def _absence(coded: Coded) -> Absence | None:
    systems = set()
    for code in coded.codes:
        if code.system == _IPS:
            return Absence.NO_INFORMATION if code.value.endswith(_NO_INFORMATION) else Absence.NONE_KNOWN
        if code in _SITUATIONS:
            return Absence.NONE_KNOWN
        systems.add(code.system)
    systems.discard(NAME)
    words = normalised_name(coded.text)
    if words in _WORDS and (not systems or (not systems & _PUBLIC and " " in words)):
        return _WORDS[words]
    if systems <= _NOTHING_SAID and words in _NO_WORDS:
        raise CannotReadError("it says that its code is not known")
    return None
