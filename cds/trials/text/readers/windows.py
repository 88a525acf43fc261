"""How long before the first dose: "within 4 weeks", "≤ 28 days", "14 days or 5 half-lives, whichever is longer".

Weeks are seven days; months and years are those of the calendar, as the curated trials have them, months rounded up
and years down: 1 month is 31 days, 3 are 92, 6 are 183; a year is 365 and five are 1,826. Only windows that end at
the beginning of the trial are read: its first dose, enrolment, registration, randomisation, consent, screening, or
none named. "Within 6 months of completing" something else is no washout, and is left.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cds.core.limits import HalfLives, Whichever

__all__ = ["Window", "days_of", "span", "window_behind", "windows_in"]

_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twelve": 12, "fourteen": 14, "twenty-one": 21, "twenty-eight": 28, "thirty": 30,
}  # fmt: skip
_NUMBER = rf"(?:\d{{1,3}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_BRACKETED = r"(?: ?\(\d{1,3}\))?"
_UNIT = r"(?:days?|weeks?|wks?|months?|mos?|years?|yrs?)"


def span(number: str, unit: str) -> str:
    """Give the pattern of a span of time with the names of its two groups."""
    return rf"(?P<{number}>{_NUMBER}){_BRACKETED}[- ]?(?:calendar )?(?P<{unit}>{_UNIT})\b"


_HALF_LIVES = rf"(?P<halves>{_NUMBER}){_BRACKETED}(?: elimination| terminal| drug)?[- ]half[- ]?li(?:ves|fes?|fe)\b"
_HALF_LIVES_AGAIN = _HALF_LIVES.replace("halves", "halves_first")
_OF_THE_DRUG = (
    r"(?: \((?:t ?1/2|t½)\))?(?: of (?:the |that |each |its |their )?(?:previous |prior |last |investigational "
    r"|study )?"
    r"(?:drug|agent|therapy|treatment|medication|compound|product|substance)s?(?:\(s\))?)?"
)
_WHICH = (
    r"[,;]? ?\(?,? ?(?:whichever|which ever|whatever)(?: (?:is|was|period is|one is|time is|comes|occurs))?(?: the)? "
    r"(?P<which>longer|longest|greater|shorter|shortest|lesser|less|shorter period|later)\)?"
)
_LENGTH = (
    rf"(?:{span('number', 'unit')}(?:,? or (?:within )?(?:at least )?{_HALF_LIVES}{_OF_THE_DRUG}{_WHICH})?"
    rf"|{_HALF_LIVES_AGAIN}{_OF_THE_DRUG},? or (?:within )?{span('number_last', 'unit_last')}"
    rf"{_WHICH.replace('?P<which>', '?P<which_last>')})"
)
_DOSED = (
    r"(?:(?:the |their |his |her )?(?:first|1st|initial|planned|assigned|start|starting|starts?|initiation|initiating|"
    r"beginning|commencement|commencing|administration|receiving|day 1|day one|dosing|date|doses?|treatments?|therapy|"
    r"study|trial|protocol-specified|protocol-directed|protocol|drugs?|interventions?|medications?|investigational|"
    r"products?|medicinal|agents?|IMP|IP|infusion|of|with|on|the|this|in|and|cycle 1,? day 1|cycle 1|C1D1|C1/D1|"
    r"\(?(?:C1D1|cycle 1,? day 1|day 1)\)?)(?:\b|(?<=\)))(?:\(s\))?[ ,]{0,2}){1,12}"
)
_ENTRY = (
    r"(?:the |their |date of |time of |study |trial |signing (?:of )?(?:the )?|patient |subject |participant |day of |"
    r"first |initial |protocol ){0,4}"
    r"(?:enrol{1,2}ment|enrol{1,2}ing|registration|registering|randomi[sz]ation|screening|consent|informed consent|"
    r"inclusion|entry|study entry|baseline|ICF|informed consent form|screening visit)\b"
    r"(?: (?:in|into|on|to|onto|form|visit|date|period)?(?: ?(?:the |this )?(?:study|trial|protocol))?)?"
)
_BEFORE = r"(?:prior to|before|preceding|previous to|of|from|in advance of)"
_ANCHOR = rf"(?:,? ?\(?(?:{_BEFORE}) (?:{_ENTRY}|{_DOSED}))"
_FORM = re.compile(
    rf"\(?(?:(?:within|in|during)(?: (?:the|a period of))?(?: (?P<back>last|past|previous|prior|preceding))?|"
    rf"(?P<fewer>≤|<|less than or equal to|less than|fewer than|(?:no|not) (?:less|more) than|up to))"
    rf" {{0,3}}(?:approximately )?(?:≤ {{0,2}}|the last )?{_LENGTH}(?P<anchor>{_ANCHOR})?(?P<bare> (?:before"
    rf"|prior|previously|ago|earlier)\b(?! (?:to|the|of|than)\b))?\)?",
    re.IGNORECASE,
)
_OPEN_END = re.compile(
    r"\s*(?:of|from|after|since|following|prior|before|preceding|post|or(?= (?:\d|one|two|three|four|five|six"
    r"|within|half))|to|-|–|until|for|\()\b|\s*[-/+]|\s*\(",
    re.IGNORECASE,
)
"""What may not follow a window whose end is not named: then it ends elsewhere, or is half of another."""


@dataclass(frozen=True, slots=True)
class Window:
    """A window before the beginning of the trial, and where it stands in the sentence."""

    days: int
    half_lives: HalfLives | None
    start: int
    end: int


def days_of(number: str, unit: str) -> int:
    """Give a span in days; months and years are rounded as in the curated trials."""
    told = number.casefold()
    count = _NUMBERS[told] if told in _NUMBERS else int(told)
    match unit.casefold()[0]:
        case "d":
            return count
        case "w":
            return 7 * count
        case "m" if count % 12:
            return -(-count * 48_700 // 1600)
        case "m":
            return days_of(str(count // 12), "year")
        case _:
            return count * 1461 // 4


def windows_in(plain: str) -> tuple[Window, ...]:
    """Give the windows of a sentence from left to right."""
    return tuple(told for found in _FORM.finditer(plain) if (told := _window_of(found, plain)) is not None)


def window_behind(plain: str, place: int) -> tuple[int | None, int]:
    """Give the days of a window that stands right behind a place, and where it ends; else nothing, and the place.

    One that is also counted in half-lives is of a drug, and is none here.
    """
    told = plain[place : place + _FAR]
    window = next(iter(windows_in(told)), None)
    if window is None or told[: window.start].strip(" ,(") or window.half_lives is not None:
        return None, place
    return window.days, place + window.end


_FAR = 160


def _window_of(found: re.Match[str], plain: str) -> Window | None:
    """Give what a match says; nothing where it is a span of time that ends elsewhere."""
    lead = found["fewer"] or ""
    if ("less" in lead and lead.casefold().startswith("no")) or lead.casefold() == "up to":
        return None
    if not _ends_at_the_beginning(found, plain):
        return None
    number, unit = found["number"] or found["number_last"], found["unit"] or found["unit_last"]
    halves, which = found["halves"] or found["halves_first"], found["which"] or found["which_last"]
    half_lives = None
    if halves is not None:
        count = _NUMBERS.get(halves.casefold()) or int(halves)
        half_lives = HalfLives(count, _WHICHEVER[which.casefold().split()[0]])
    start, end = found.span()
    told = plain[start:end].rstrip(" ,")
    of_a_drug = _A_DRUG.match(plain, start + len(told)) if _OF_A_DRUG.search(told) else None
    end = of_a_drug.end("name") if of_a_drug else end
    whole = _LINKING.sub("", plain[start:end].rstrip(" ,"))
    if whole.count("(") != whole.count(")"):
        start, whole = (start + 1, whole[1:]) if whole.startswith("(") else (start, whole.removesuffix(")"))
    return Window(days_of(number, unit), half_lives, start, start + len(whole))


_WHICHEVER = {
    **dict.fromkeys(("longer", "longest", "greater", "later"), Whichever.LONGER),
    **dict.fromkeys(("shorter", "shortest", "lesser", "less"), Whichever.SHORTER),
}


def _ends_at_the_beginning(found: re.Match[str], plain: str) -> bool:
    if found["anchor"] is not None:
        return _is_beginning(found, plain)
    if found["back"] or found["bare"]:
        return True
    return not found["fewer"] and _OPEN_END.match(plain, found.end()) is None


def _is_beginning(found: re.Match[str], plain: str) -> bool:
    """Say whether the words behind "prior to" name the beginning of the trial, and end where they should."""
    told = found["anchor"].rstrip(" ,")
    kept = _LINKING.sub("", told)
    if not _BEGINNING.search(kept):
        return False
    if _OF_A_DRUG.search(told) and _A_DRUG.match(plain, found.start("anchor") + len(told)):
        return True
    broken = _DANGLING.search(told[len(kept) :]) is not None
    return not broken and _BEHIND.match(plain, found.start("anchor") + len(told)) is not None


_OF_A_DRUG = re.compile(r"\bfirst (?:dose|administration|infusion|injection) of$", re.IGNORECASE)
_A_DRUG = re.compile(
    r" (?!(?:last|prior|previous|any|most)\b)(?P<name>\w[\w-]{1,30}(?: \w[\w-]{1,20})?)\s*(?:$|[.,;:()])", re.IGNORECASE
)
_LINKING = re.compile(r"(?:[ ,]+(?:of|with|on|the|this|in|and))+$", re.IGNORECASE)
_DANGLING = re.compile(r"\b(?:of|with|the|this)\b", re.IGNORECASE)
_BEGINNING = re.compile(
    r"\b(?:first|1st|start\w*|initiat\w+|beginning|commenc\w+|C1/?D1|day (?:1|one)|cycle 1|"
    r"enrol\w+|regist\w+|randomi\w+|screening|consent|inclusion|entry|baseline|ICF|"
    r"(?:the |this )?(?:study|trial)$|protocol-\w+ (?:therapy|treatment)|"
    r"(?:study|trial|protocol|investigational) (?:drug|treatment|therapy|intervention|medication|agent|product"
    r"|dosing))",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"\s*(?:$|[.,;:()\[\]]|(?:and|or|with|that|for|is|are|unless|except|excluding|will|has|have|but|if|on)\b)",
    re.IGNORECASE,
)
