"""What a sentence names of treatments, put so that patterns can be written over it.

Names of drugs, procedures and vaccines, windows and daily doses each become a run of one sign that no text holds, as
long as what stood there: places stay the same, and a grammar of sentences is a few plain patterns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from cds.core.limits import DailyDose
from cds.core.vocabulary import ConceptKind
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers.windows import Window, windows_in
from cds.trials.text.reading import Part

__all__ = ["ANY", "DOSE", "DRUG", "PROCEDURE", "VACCINE", "WINDOW", "Shape", "Treated", "shape_of"]

DRUG, PROCEDURE, VACCINE, DOSE, WINDOW = "\ue000", "\ue001", "\ue002", "\ue003", "\ue004"
ANY = f"[{DRUG}{PROCEDURE}{VACCINE}]"
_SIGNS = {
    ConceptKind.INGREDIENT: DRUG,
    ConceptKind.DRUG_CLASS: DRUG,
    ConceptKind.PROCEDURE: PROCEDURE,
    ConceptKind.VACCINE: VACCINE,
}


@dataclass(frozen=True, slots=True)
class Treated:
    """A treatment as named: the concepts it is one of. ``vague``: it is one only where the words say "prior"."""

    concepts: tuple[str, ...]
    sign: str
    vague: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A sentence with signs for what it names, and what each sign stands for by the place it begins at."""

    text: str
    named: dict[int, Treated]
    windows: dict[int, Window]
    doses: dict[int, DailyDose]


_DOSE = re.compile(
    r"\(?(?:at |in )?(?:a |any )?(?:daily )?(?:doses? |dosing )?(?:of )?"
    r"(?:exceeding|greater than|more than|in excess of|above|>|higher than|over) ?(?:a dose of |the equivalent of )?"
    r"(?P<mg>\d{1,3}(?:\.\d)?) ?mg(?P<first> ?/ ?d(?:ay)?| daily| per day| a day)?(?:,? of)?(?P<second> daily)?"
    r" (?:oral )?(?:prednisone|prednisolone)"
    r"(?P<third> ?/ ?d(?:ay)?| daily| per day)?(?:[ ,(]*(?:or|/)? ?(?:its |an |a |the )?(?:daily )?equivalents?"
    r"(?: dose| doses| daily dose| steroid| corticosteroid)?\)?)?(?P<fourth> ?/ ?d(?:ay)?| daily| per day)?\)?",
    re.IGNORECASE,
)
_JOINED = r"(?:or|and|and/or|/)"
_KINDS = (
    rf"(?:inhibitors? ?{_JOINED} ?inducers?|inducers? ?{_JOINED} ?inhibitors?|inhibitors?|inducers?)"
    r"(?! ?(?:or|and|and/or|/) ?(?:inducer|inhibitor))"
)
_CYP = re.compile(
    rf"\b(?P<how>(?:strong|potent|moderate)(?: ?(?:{_JOINED}|to) ?(?:strong|moderate))?) "
    r"(?:(?:cytochrome P-?450 (?:\(CYP\) ?)?|cytochrome )?(?:\(?CYP ?450\)? )?(?:CYP ?)?3A4?(?:/5)?(?: ?\(CYP3A4?\))? "
    rf"(?P<what>{_KINDS})"
    rf"|(?P<of>{_KINDS}) of (?:the )?(?:cytochrome P-?450 (?:\(CYP\) ?)?(?:enzyme )?)?(?:CYP ?)3A4?(?:/5)?(?:"
    rf" enzymes?)?)"
    r"(?![\w/]| ?(?:and|or|,) (?:CYP|P-?gp|2))",
    re.IGNORECASE,
)
_STEROID = re.compile(
    r"\b(?:systemic (?:treatment|therapy) with (?:either )?(?:cortico|glucocortico)?steroids?"
    r"|(?:systemic )?(?:cortico|glucocortico|gluco-cortico)?steroids?(?: therapy| treatment)?(?=,? ?\(?(?:at|in"
    r"|>|exceed|above|more|great|dos)))",
    re.IGNORECASE,
)
_SYSTEMIC = re.compile(
    r"\bsystemic (?:therap(?:y|ies)|treatments?)\b(?! (?:with|by|using|of|requir\w*)\b)", re.IGNORECASE
)
_NOT_OF_CANCER = re.compile(
    r"\b(?:psoriasis|eczema|dermat\w+|autoimmun\w+|immune|infect\w*|arthrit\w*|asthma|lupus|alopecia|graft|GVHD"
    r"|colitis|"
    r"pneumonitis|acne|vitiligo|antibiotic\w*|antifung\w*|replacement)\b",
    re.IGNORECASE,
)
_CHECKPOINTS = re.compile(
    r"\b(?P<anti>anti[- ]?)?\(?(?P<first>PD-?1|PD-?L-?1|CTLA-?4|PD-?\(L\)-?1)\)?"
    r"(?P<rest>(?:(?:,? ?(?:/|,|or|and/or|and) ?)(?:an? )?(?:anti[- ]?)?(?:PD-?1|PD-?L-?1|L1|CTLA-?4)\b){0,3})"
    r"(?P<kind>[- ](?:directed |targeted |targeting |blocking |immune )?(?:checkpoint )?"
    r"(?:inhibitors?|antibod(?:y|ies)|monoclonal antibod(?:y|ies)|mAbs?|agents?|therap(?:y|ies)|treatments?|drugs?|"
    r"blockade|immunotherapy|ICIs?|checkpoint blockade|inhibition|blockers?)"
    r"(?: (?:therapy|treatment|antibod(?:y|ies)|agents?|immunotherapy))?)?(?!\w)",
    re.IGNORECASE,
)


_CELLS = r"allogene?ic (?:(?:ha?ematopoietic )?stem[- ]cells?|bone marrow|ha?ematopoietic cells?|HSCT)"
_TRANSPLANT = re.compile(
    rf"\b(?:{_CELLS}(?: transplant(?:ation)?)? (?:or|and/or|/) (?:solid )?organ"
    rf"|(?:solid )?organ (?:or|and/or|/) {_CELLS}) transplant(?:ations?|s)?\b",
    re.IGNORECASE,
)
_SPECIAL = re.compile(r"systemic|steroid|PD-?\(?L?|CTLA|3A4?", re.IGNORECASE)


def shape_of(part: Part, lexicon: Lexicon) -> Shape:
    """Put signs in place of what a sentence names."""
    plain = part.plain
    shape = Shape(plain, {}, {}, {})
    if not part.names and not _SPECIAL.search(plain):
        return shape
    signs = list(plain)
    for found, dose in _doses(plain):
        if _put(signs, *found.span(), DOSE):
            shape.doses[found.start()] = dose
    for window in windows_in(plain):
        if _put(signs, window.start, window.end, WINDOW):
            shape.windows[window.start] = window
    for start, end, treated in (*_special(plain), *_transplants(plain), *_names(part, lexicon)):
        if _put(signs, start, end, treated.sign):
            shape.named[start] = treated
    return Shape("".join(signs), shape.named, shape.windows, shape.doses)


def _put(signs: list[str], start: int, end: int, sign: str) -> bool:
    """Put a sign over a stretch, unless another stands there."""
    if any(DRUG <= each <= WINDOW for each in signs[start:end]):
        return False
    signs[start:end] = sign * (end - start)
    return True


def _doses(plain: str) -> Iterable[tuple[re.Match[str], DailyDose]]:
    for found in _DOSE.finditer(plain) if "redniso" in plain else ():
        daily = "daily" in found[0].casefold() or any(found[each] for each in ("first", "second", "third", "fourth"))
        if daily and found[0].count("(") == found[0].count(")"):
            yield found, DailyDose("prednisone", Fraction(found["mg"]))


def _special(plain: str) -> Iterable[tuple[int, int, Treated]]:
    for found in _CYP.finditer(plain):
        yield *found.span(), Treated(_cyp(found["how"].casefold(), (found["what"] or found["of"]).casefold()), DRUG)
    for found in _CHECKPOINTS.finditer(plain):
        concepts = _checkpoints(found)
        if concepts:
            yield *found.span(), Treated(concepts, DRUG)
    for found in _STEROID.finditer(plain):
        if found[0].casefold().startswith("systemic") or _DOSE.match(plain, found.end() + 1):
            yield *found.span(), Treated(("systemic-corticosteroid",), DRUG)
    for found in _SYSTEMIC.finditer(plain):
        if not _NOT_OF_CANCER.search(plain):
            yield *found.span(), Treated(("anticancer-therapy",), DRUG, vague=True)


def _transplants(plain: str) -> Iterable[tuple[int, int, Treated]]:
    for found in _TRANSPLANT.finditer(plain):
        yield *found.span(), Treated(("allogeneic-stem-cell-transplant", "solid-organ-transplant"), PROCEDURE)


def _cyp(how: str, what: str) -> tuple[str, ...]:
    kinds = [each for each in ("inhibitor", "inducer") if each in what]
    if "moderate" in how and ("strong" in how or "potent" in how):
        return tuple(f"cyp3a-{each}-moderate-strong" for each in kinds)
    return tuple(f"cyp3a-{'moderate' if 'moderate' in how else 'strong'}-{each}" for each in kinds)


def _checkpoints(found: re.Match[str]) -> tuple[str, ...]:
    """Give the classes a run of checkpoint names stands for; nothing where it may be a test or a pathway."""
    if not found["anti"] and not found["kind"]:
        return ()
    told = (found["first"] + found["rest"]).casefold().replace("-", "").replace(" ", "")
    both = "(l)" in told
    names = (
        ("anti-pd-1", "pd1" in told or both),
        ("anti-pd-l1", "l1" in told or both),
        ("anti-ctla-4", "ctla4" in told),
    )
    return tuple(name for name, there in names if there)


def _names(part: Part, lexicon: Lexicon) -> Iterable[tuple[int, int, Treated]]:
    for named in part.names:
        treatments = tuple(each for each in named.concepts if lexicon.vocabulary.concepts[each].kind in _SIGNS)
        if len(treatments) != 1:
            continue
        sign = _SIGNS[lexicon.vocabulary.concepts[treatments[0]].kind]
        start, end = part.tokens[named.first].start, part.tokens[named.behind - 1].end
        if not _BESIDE.match(part.plain, end) and not _BEFORE.search(part.plain[max(0, start - 12) : start]):
            yield start, end, Treated(treatments, sign)


_BESIDE = re.compile(
    r"[- ](?:resistan\w*|refractor\w*|sensitiv\w*|eligib\w*|ineligib\w*|free|like|induced|related|associated|"
    r"intoleran\w*|antagonists?|vaccin\w*|unfit|allerg\w*|receptors?|deficien\w*|levels?|pump|port|toxicit\w*"
    r"|simulation|"
    r"planning|oncolog\w*|field|pneumonitis|necrosis|clearance|stud(?:y|ies)|trials?|cream|gel|arms?|cohorts?|groups?"
    r"|dose)\b|[- ]?\w*biosimilar",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"\b(?:non|anti|pre|post|un)-$|\bnon $", re.IGNORECASE)
