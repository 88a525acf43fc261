"""Codes from the code systems that charts and tables use, their formats and their check digits."""

from __future__ import annotations

import re
from dataclasses import dataclass

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
NDC = "http://hl7.org/fhir/sid/ndc"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD9CM = "http://hl7.org/fhir/sid/icd-9-cm"
ICDO3 = "http://terminology.hl7.org/CodeSystem/icd-o-3"
CVX = "http://hl7.org/fhir/sid/cvx"
ATC = "http://www.whocc.no/atc"
NAME = "name"
"""Not a code system: a drug's generic, brand or investigational name, compared as :func:`normalised_name` gives it."""
VARIANT = "variant"
"""Not a code system: what the components of a genetic variant say together, such as ``HGNC:1097 p.Val600Glu``."""
NOT_SENT = frozenset({NAME, VARIANT})
"""What is written as a code here and stands in no chart, so that no server can be asked for it."""


@dataclass(frozen=True, slots=True, order=True)
class Code:
    """One code of one system, as sent: both are opaque strings, never numbers."""

    system: str
    value: str

    def __str__(self) -> str:
        """Show it the way FHIR searches write it: ``system|value``."""
        return f"{self.system}|{self.value}"


@dataclass(frozen=True, slots=True)
class Coded:
    """What an entry says it is: all its codings, most specific first as sent, and its words."""

    codes: tuple[Code, ...] = ()
    text: str = ""

    def __str__(self) -> str:
        """Show the words, or the first code where there are none."""
        return self.text or (str(self.codes[0]) if self.codes else "")


_SPACES = re.compile(r"\s+")


def normalised_name(text: str) -> str:
    """Give a name in the one form names are compared in: trimmed, single spaces, case folded."""
    return _SPACES.sub(" ", text.strip()).casefold()


_ICD10_UNDOTTED = re.compile(r"[A-Z][0-9][0-9A-Z][0-9A-Z]{1,4}")
_ICD9_UNDOTTED = re.compile(r"(?:[0-9]{3}|V[0-9]{2})[0-9]{1,2}|E[0-9]{3}[0-9]")


def normalised_code(code: Code) -> Code:
    """Give a code in the form the tables hold: trimmed, and ICD with its dot and in capitals.

    Hospitals send ICD both ways (``C7A8``, ``C7A.8``); the dot carries no meaning and its place is fixed.
    """
    value = code.value.strip()
    if code.system == ICD10CM:
        value = value.upper()
        if _ICD10_UNDOTTED.fullmatch(value):
            value = f"{value[:3]}.{value[3:]}"
    elif code.system == ICD9CM:
        value = value.upper()
        if _ICD9_UNDOTTED.fullmatch(value):
            cut = 4 if value.startswith("E") else 3
            value = f"{value[:cut]}.{value[cut:]}"
    elif code.system == NAME:
        value = normalised_name(value)
    return code if value == code.value else Code(code.system, value)


_FORMATS = {
    LOINC: re.compile(r"(?:LA)?[0-9]{1,7}-[0-9]|LP[0-9]+-[0-9]"),
    SNOMED: re.compile(r"[1-9][0-9]{5,17}"),
    RXNORM: re.compile(r"[1-9][0-9]{0,7}"),
    ICD10CM: re.compile(r"[A-Z][0-9][0-9A-Z](?:\.[0-9A-Z]{1,4})?"),
    ICD9CM: re.compile(r"(?:[0-9]{3}|V[0-9]{2})(?:\.[0-9]{1,2})?|E[0-9]{3}(?:\.[0-9])?"),
    ICDO3: re.compile(r"[0-9]{4}/[0-9]|C[0-9]{2}(?:\.[0-9])?"),
    CVX: re.compile(r"[0-9]{2,3}"),
    ATC: re.compile(r"[A-Z](?:[0-9]{2}(?:[A-Z](?:[A-Z](?:[0-9]{2})?)?)?)?"),
}


def fault_of(code: Code) -> str | None:
    """Say what is wrong with a code's form or check digit, or nothing.

    LOINC numbers end in a mod-10 (Luhn) digit; SNOMED CT ids end in a Verhoeff digit (SNOMED CT editorial guide,
    "SCTID"). A code of a system not listed here is never at fault.
    """
    form = _FORMATS.get(code.system)
    if form is not None and not form.fullmatch(code.value):
        return "not the form of a code in this system"
    if code.system == LOINC and code.value[0].isdigit() and not _luhn_holds(code.value.replace("-", "")):
        return "the LOINC check digit is wrong"
    if code.system == SNOMED and not _verhoeff_holds(code.value):
        return "the SNOMED CT check digit is wrong"
    return None


def _luhn_holds(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled  # noqa: PLR2004 - casting out nines is the rule itself
    return total % 10 == 0


_VERHOEFF_STEP = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
_DIHEDRAL_ORDER = 5


def _dihedral(left: int, right: int) -> int:
    """Multiply in the dihedral group of the pentagon, whose ten members Verhoeff numbers 0 to 9."""
    turn_left, turn_right = left % _DIHEDRAL_ORDER, right % _DIHEDRAL_ORDER
    if left < _DIHEDRAL_ORDER:
        turned = (turn_left + turn_right) % _DIHEDRAL_ORDER
        return turned if right < _DIHEDRAL_ORDER else turned + _DIHEDRAL_ORDER
    turned = (turn_left - turn_right) % _DIHEDRAL_ORDER
    return turned + _DIHEDRAL_ORDER if right < _DIHEDRAL_ORDER else turned


def _verhoeff_holds(digits: str) -> bool:
    check = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        for _ in range(place % 8):
            value = _VERHOEFF_STEP[value]
        check = _dihedral(check, value)
    return check == 0
