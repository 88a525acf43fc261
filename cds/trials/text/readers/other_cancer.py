"""Other cancers: "history of another malignancy within 3 years, except treated skin cancer".

Which tumour is the trial's own no line says. The rule is given without it, and ``cds.trials.other_cancer`` puts it in
where the whole record tells. What is spared, and on what terms, is asked: a patient who never had another cancer needs
no answer to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cds.core.criteria import AllOf, AnyOf, Asked, Not, OtherMalignancy, Reason, Rule, Section
from cds.core.vocabulary import ConceptKind
from cds.trials.text.effects import forms
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers.windows import window_behind
from cds.trials.text.reading import Part, Reading, ReadingKind
from cds.trials.text.tokens import Sort, Token, covering

__all__ = ["read_other_cancer"]

_DENIALS = forms("no not must have had without absence patient participant subject")
_IDLE = forms(
    """patient participant subject individual those a an any the with who have has had is are diagnosed diagnosis of
    known history presence evidence personal or and medical documented been primary malignant established there"""
)
_OTHER = forms(
    "other another additional second secondary different separate prior previous past nonstudy unrelated multiple"
)
_NARROWER = forms(
    """active current currently concurrent concomitant synchronous simultaneous invasive progressing uncontrolled
    significant clinically solid hematologic hematological haematologic untreated recent life threatening"""
)
_NOUNS = forms("malignancy malignancies cancer cancers neoplasm neoplasms tumor tumors neoplasia")
_MOST = 16
_SPARING = re.compile(
    r"[\s,(]{0,3}(?:except\w*|with (?:the |some |certain )?(?:following )?exceptions?|excluding|other than|apart from|"
    r"unless|aside from|besides|that|which|requir\w+|for which|whose|treated|not |but|outside|in addition to|"
    r"different from|diagnosed|in the opinion|with (?:the )?potential)\b",
    re.IGNORECASE,
)
_STUDIED = re.compile(
    r"\s?\(?(?:other than|apart from|besides|in addition to|different from) (?:the )?(?:\w{1,20} ){0,3}"
    r"(?:under (?:study|investigation|treatment)|being (?:studied|treated|investigated)|studied|of interest|"
    r"for (?:this|the) study|study (?:disease|cancer|indication))\)?(?: in this (?:study|trial))?",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"\s?whose (?:natural|disease) history\b[^.;]{0,240}\b(?:is|are|will be|may be) (?:also )?"
    r"(?:eligible|allowed|permitted)[^.;]{0,60}[.\s]{0,2}",
    re.IGNORECASE,
)
_SPARES = re.compile(
    r"[\s,(]{0,3}(?:except\w*|with (?:the |some |certain )?(?:following )?exceptions?|excluding|other than|apart from|"
    r"unless|aside from|besides|but not)\b",
    re.IGNORECASE,
)
_LETS_IN = re.compile(
    r"\b(?:allowed|permitted|acceptable|eligible|may|can|not (?:be )?(?:exclu\w+|considered|counted)|are not|is not)\b",
    re.IGNORECASE,
)
"""What lets in those of whom it is said: no such sentence says who is shut out."""
_ANOTHER_MATTER = re.compile(
    r"\b(?:infections?|hepatitis|HIV|cardi\w+|heart|transplant\w*|pregnan\w+|psychiatric|illness(?:es)?|disorders?|"
    r"allerg\w+|hypersensitiv\w+|seizures?|stroke)\b",
    re.IGNORECASE,
)
_OF_TUMOURS = frozenset({ConceptKind.HISTOLOGY, ConceptKind.SITE})


def read_other_cancer(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
    """Read a sentence that begins with another cancer, or with its denial, to its end; otherwise nothing."""
    first = _denial(part)
    noun = _noun(part.tokens, first)
    if noun is None:
        return ()
    words = {each.form for each in part.tokens[first:noun]}
    end = part.tokens[noun].end
    if not words & (_OTHER | forms("history concurrent concomitant synchronous simultaneous")):
        return ()
    if part.section is Section.INCLUSION and _HARMLESS.fullmatch(part.plain, end) and first == 0:
        return (_spoken_of(part),)
    if part.section is Section.INCLUSION and first == 0:
        return ()
    return _read(part, lexicon, first, end, narrowed=bool(words & _NARROWER))


def _read(part: Part, lexicon: Lexicon, first: int, end: int, *, narrowed: bool) -> Sequence[Reading]:
    studied = _STUDIED.match(part.plain, end)
    end = studied.end() if studied else end
    days, end = window_behind(part.plain, end)
    rest = part.plain[end:]
    if rest.strip(" .;,"):
        if not _SPARING.match(rest) or _speaks_of_more(part, lexicon, end):
            return ()
        if not _SPARES.match(rest) and _LETS_IN.search(rest):
            return ()
        narrowed, end = True, len(part.plain)
    rule: Rule = OtherMalignancy((), within_days=days)
    if narrowed:
        rule = AllOf((rule, Asked(f"Does this hold of the other cancer: {part.text}?", Reason.NOT_COMPUTABLE)))
    _, behind = covering(part.tokens, 0, end)
    within = f" within {days} days" if days else ""
    says = f"Read as a cancer beside the trial's own{within}; what is spared is asked."
    return (Reading(ReadingKind.OTHER_CANCER, rule, first, behind, says),)


def _spoken_of(part: Part) -> Reading:
    """Read "those with a prior cancer that does not disturb the study are eligible": of all others it asks nothing."""
    asked = Asked(part.text, Reason.JUDGEMENT)
    says = "Read as: no other cancer, or one that does not disturb the study, which a person must say."
    return Reading(ReadingKind.OTHER_CANCER, AnyOf((Not(OtherMalignancy(())), asked)), 0, len(part.tokens), says)


def _denial(part: Part) -> int:
    """Give the first token behind "no", "must not have" at the beginning; 0 where nothing is denied."""
    place, denied = 0, 0
    while place < min(len(part.tokens), _MOST) and part.tokens[place].form in _DENIALS:
        place += 1
        if part.tokens[place - 1].form in {"no", "not", "without", "absence"}:
            denied = place
    return denied


def _noun(tokens: Sequence[Token], first: int) -> int | None:
    """Give the place of "malignancy" behind nothing but words that say which; nothing where others stand there."""
    for place in range(first, min(len(tokens), first + _MOST)):
        token = tokens[place]
        if token.form in _NOUNS:
            return place
        if token.sort is Sort.SIGN and token.text in ",/()-":
            continue
        if token.form not in _IDLE | _OTHER | _NARROWER:
            return None
    return None


def _speaks_of_more(part: Part, lexicon: Lexicon, end: int) -> bool:
    """Say whether the rest of the sentence names anything but tumours: it may be one more thing that shuts out."""
    if _ANOTHER_MATTER.search(part.plain, end):
        return True
    return any(part.tokens[each.first].start >= end and not lexicon.kinds(each) <= _OF_TUMOURS for each in part.names)
