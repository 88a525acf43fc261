"""What a heading says: inclusion or exclusion, for which part of the trial, and how it takes what stands under it."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from cds.core.criteria import Section

__all__ = ["Heading", "Mode", "Scope", "asks_nothing", "mode_of", "names_part", "scope_of", "section_of"]

_LONGEST = 160
"""No heading is longer; what is longer is not looked at."""


class Mode(enum.Enum):
    """How a line takes those that stand under it.

    *All* of them hold; *any* one is enough; *none* may hold; they are *exceptions* from it.
    """

    ALL = "all"
    ANY = "any"
    NONE = "none"
    EXCEPT = "except"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a section: ``length`` is how much of its line it takes, ``scope`` whom it is for (blank: all)."""

    section: Section | None
    scope: str
    length: int


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of a trial that a line is about, and how much of the line says so."""

    name: str
    length: int


_SECTION = re.compile(
    r"\W*(?P<before>[\w\s/&(),.+'-]{0,80}?)\b"
    r"(?P<what>non[ -]?inclusion|inclusion|exclusion|ineligibility|eligibility)"
    r"(?:s\b|\b)(?P<both>\s*(?:/|and|&)\s*(?:inclusion|exclusion))?\s*(?P<criteria>criteri(?:a|on)\b)?"
    r"(?P<after>[^:]{0,90}?)(?P<colon>:|$)",
    re.IGNORECASE,
)
_CRITERIA_FOR = re.compile(
    r"\W*(?:additional |specific )?criteria for (?P<what>inclusion|exclusion)\b(?P<after>[^:]{0,90})(?P<colon>:|$)",
    re.IGNORECASE,
)
_PLAIN = frozenset(
    re.findall(
        r"\w+",
        """key main major general principal selected summary of the a all additional other further are is include
        includes including but not limited to following as follows applicable study trial patient patients subject
        subjects participant participants individual individuals specific for in and list brief these this criteria each
        any must meet apply if they have who which based on clinical protocol defined full abbreviated overall prior
        concomitant therapy therapies medication medications treatment treatments medical condition conditions disease
        diseases history laboratory characteristics status type types hematological hematologic hepatic renal cardiac
        cardiovascular pulmonary organ function as defined""",
    )
)
_ALONE_BEFORE = frozenset(
    re.findall(
        r"\w+",
        """key main major general patient patients subject participant case cases control controls donor recipient
        cohort caregiver treatment""",
    )
)
_SENTENCE = re.compile(
    r"\b(?:may|will|met?|meets?|does|not meet|eligible|apply|applies|defined above|fulfil\w*|satisf\w*|continue)\b",
    re.IGNORECASE,
)


def section_of(text: str) -> Heading | None:
    """Say whether a line begins a section; nothing for a line that only speaks of criteria."""
    text = text[:_LONGEST]
    found = _SECTION.match(text)
    if found is None or (found["both"] and found["colon"] != ":") or not _is_heading(found):
        return _criteria_for(text)
    section = None if found["both"] else _SECTIONS.get(found["what"].casefold().replace("-", " "))
    return Heading(section, _scope_words(f"{found['before']} {found['after']}"), found.end())


def _is_heading(found: re.Match[str]) -> bool:
    around = f"{found['before']} {found['after']}"
    if _SENTENCE.search(around) and not _is_plain(around):
        return False
    if _REFERS.search(found["before"]) or found["before"].count("(") > found["before"].count(")"):
        return False
    if found["criteria"]:
        return True
    alone = all(word.casefold() in _ALONE_BEFORE for word in found["before"].split())
    return alone and not found["after"].strip(" .") and not found["what"].casefold().endswith("eligibility")


_REFERS = re.compile(
    r"\b(?:noted|listed|described|stated|specified|defined|outlined|mentioned|given|as|in|per|see|under|by|to|of|the|"
    r"with|meet(?:s|ing)?|an?|considered|not|"
    r"fulfil(?:l|ls|ling)?|above|below|other|these|this|those|also|no)\W*$",
    re.IGNORECASE,
)
"""Words before "inclusion criteria" by which a sentence only refers to them."""
_SECTIONS = {
    "inclusion": Section.INCLUSION,
    "eligibility": Section.INCLUSION,
    "exclusion": Section.EXCLUSION,
    "non inclusion": Section.EXCLUSION,
    "noninclusion": Section.EXCLUSION,
    "ineligibility": Section.EXCLUSION,
}


def _criteria_for(text: str) -> Heading | None:
    found = _CRITERIA_FOR.match(text)
    return Heading(_SECTIONS[found["what"].casefold()], _scope_words(found["after"]), found.end()) if found else None


def _is_plain(words: str) -> bool:
    return not _scope_words(words)


def _scope_words(words: str) -> str:
    """Give what a section heading says beyond being one: whom or which part of the trial it is for."""
    told = " ".join(words.split()).strip(" -–:.,()")
    narrowing = [word for word in re.findall(r"[\w+-]+", told.casefold()) if word not in _PLAIN and not word.isdigit()]
    return told if narrowing else ""


_PART = (
    r"cohorts?|arms?|parts?|groups?|strat(?:um|a)|phase|sub-?stud(?:y|ies)|sub-?protocols?|steps?|stages?(?= \d\b)|"
    r"dose[ -](?:escalation|expansion|finding|optimi[sz]ation)|expansion|escalation|safety run-in|"
    r"healthy (?:volunteers?|controls?|donors?)|donors?|caregivers?|controls?|physicians?|clinicians?|providers?|"
    r"parents?"
)
_SCOPED = re.compile(
    rf"\W*(?:(?:for|in|only for)\s+)?(?:(?:patients?|participants?|subjects?)\s+(?:in|enrolled in|of)\s+)?(?:the\s+)?"
    rf"(?P<part>(?:{_PART})\b[^:.]{{0,60}}?)\s*(?P<mark>:|\bonly:?|$)",
    re.IGNORECASE,
)
_FOR_SOME = re.compile(
    r"\W*(?:additional(?:ly)?[,]? )?(?:for|in) "
    r"(?P<who>(?:patients?|participants?|subjects?|women|men|females?|males?|those|individuals)\b[^:]{0,80}):",
    re.IGNORECASE,
)


_BARE_PART = re.compile(
    r"(?:group|cohort|arm|part|stratum|phase) {1,2}(?:[A-Z]|\d{1,2}[a-zA-Z]?|[IVX]{1,4})", re.IGNORECASE
)
"""A line that is nothing but the name of a part of the trial."""


def names_part(text: str) -> bool:
    """Say whether a line is nothing but the name of a part of the trial."""
    return _BARE_PART.fullmatch(text.strip()) is not None


def scope_of(text: str) -> Scope | None:
    """Say which part of the trial a line is about, where it begins with that: ``Cohort 2:``, ``Part B only:``."""
    head = text[:_LONGEST]
    if names_part(head):
        return Scope(" ".join(head.split()), len(head))
    for form, name in ((_SCOPED, "part"), (_FOR_SOME, "who")):
        found = form.match(head)
        if found is not None and (name == "who" or found["mark"]) and not (found.end() == len(head) < len(text)):
            return Scope(" ".join(found[name].split()), found.end())
    return None


_EXCEPT = re.compile(
    r"\b(?:except(?:ions?)?(?:\s+for|\s+are|\s+include)?|unless|other than|with the exceptions? of|"
    r"not includ(?:e|ing)|exclud(?:es?|ing)|"
    r"(?:are|is|will be|may be) (?:allowed|eligible|permitted|acceptable|exempt)\b.{0,40}|"
    r"allowed if|permitted if|eligible if|provided)\b[^.;:]{0,80}:?\s*$",
    re.IGNORECASE,
)
_ANY = re.compile(
    r"\b(?:(?:at least|any|either|minimum of|meet(?:s|ing)?) (?:one|1|a|any)|one or more|any|either|"
    r"one(?! (?:prior|previous|line)))"
    r"(?: \(?1\)?)?(?: or more| or both)? of\b|\beither\b[^.;]{0,30}:\s*$|\bany of the\b",
    re.IGNORECASE,
)
_SOME = re.compile(r"\b(?:two|three|2|3)(?: or more)? of (?:the )?", re.IGNORECASE)
_NONE = re.compile(
    r"\b(?:none of|must not|may not|should not|cannot|do(?:es)? not have|have not|has not|not have|without|"
    r"no (?:prior|previous|history|evidence|known|current|active)\b"
    r"|are not eligible|is not eligible|not be eligible|not permitted|not allowed|(?<!not )prohibited|are excluded|"
    r"(?<!not )be excluded|"
    r"(?<!not )ineligible|disqualif\w+|disallowed|not be (?:enrolled|included|allowed|admitted))\b",
    re.IGNORECASE,
)


_ASKING = re.compile(r"[^\W\d_]+")
_OF_EVERYBODY = frozenset(
    _ASKING.findall(
        """to be being in order for a an the this that study trial protocol eligible eligibility enrol enroll enrolled
        enrolment enrollment participate participation participant participants patient patients subject subjects
        individual individuals candidate candidates person persons people all each every any one or more at least must
        should shall need needs required require meet meets meeting met fulfil fulfill satisfy have has is are will only
        if when of following criteria criterion requirement requirements condition conditions as listed below defined
        described stated follows apply applies screening baseline entry time into enter entering inclusion include
        included considered qualify who they he she potential on examination addition also general additional prior
        registration randomization randomisation and both"""
    )
)
_NOT_OF_EVERYBODY = frozenset({"they", "he", "she", "who", "if", "when"})
_MARKS = re.compile(r"\b(?:following|criteria|criterion|requirements?|must|below|inclusion|eligible)\b", re.IGNORECASE)
_NUMBERED = re.compile(r"\W{0,3}(?:\d{1,2}\.){1,4}\d{0,2}\s")


def asks_nothing(text: str) -> bool:
    """Say whether a heading only announces what everybody must meet: "To be eligible, patients must meet all of …:".

    Every one of its words is on a short list; a single other one may narrow, except or turn what stands under it.
    """
    if len(text) > 2 * _LONGEST:
        return False
    told = _NUMBERED.sub("", text, count=1) if text[:1].isdigit() else text
    words = [each.casefold() for each in _ASKING.findall(told)]
    if not words or any(each not in _OF_EVERYBODY for each in words) or words[0] in _NOT_OF_EVERYBODY:
        return False
    return _MARKS.search(told) is not None and not any(each.isdigit() for each in told)


def mode_of(text: str) -> Mode:
    """Say how a line takes those under it; a count ("two of the following") is like *any*: none of them is required."""
    tail = text[-_LONGEST:]
    if _EXCEPT.search(tail) and not asks_nothing(text):
        return Mode.EXCEPT
    if _NONE.search(tail):
        return Mode.NONE
    if _ANY.search(tail) or _SOME.search(tail):
        return Mode.ANY
    return Mode.ALL
