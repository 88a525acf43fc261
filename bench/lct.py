"""What our reading of criteria contains of numbers, against the logical forms that people wrote for the same criteria.

The corpus is that of Leaf Clinical Trials (``lct/criterion-to-logical-form.train.json`` of the shared data): criteria
of trials of every field of medicine, each with a logical form. The corpus does not say whether a criterion includes or
excludes: each is read as a line of inclusion criteria or, where that gives no computation, of exclusion criteria, with
readers and tables as they are. Compared, criterion by criterion, are sets of

- *numbers*: the values of limits, of ages, scores, results and counts; how long something lasted too;
- *operators*: direction, strictness and value together;
- *units*: a value with years of age, or as a multiple of normal. Units of results are not in the logical forms (they
  stand there as ``unit()``) and are not compared;
- *windows*: how long before the trial, in days.

Recall is the share of what the logical forms contain that ours contain too; precision is the share of ours that stands
in the logical forms. An age is whole years with both ends included, on both sides (older than 65 is 66 at least); where
ours keeps two readings of the words, the stricter is compared; a lower end of nought is left out. What ours says
otherwise counts as wrong though it may mean the same: a Karnofsky score told as ECOG, a prohibition told the other way
round. Measures, and judges nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from cds.core.criteria import Age, Cycles, Lines, Measured, PerformanceStatus, leaves
from cds.core.limits import Against
from cds.terms.load import load_vocabulary
from cds.trials.text.compose import Outcome
from cds.trials.text.draft import drafted
from cds.trials.text.phrases import load_lexicon
from cds.trials.text.readers import READERS
from cds.trials.text.readers.windows import days_of
from cds.trials.text.reading import ReadingKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cds.core.criteria import Rule
    from cds.core.limits import Limit
    from cds.trials.text.lexicon import Lexicon

ROOT = Path(__file__).resolve().parent.parent
MAPPINGS = ROOT / "mappings"
WHAT = ("numbers", "operators", "units", "windows")
_COMPUTED = frozenset({Outcome.COMPUTED, Outcome.PARTLY})
YEAR, NORMAL = "year of age", "× normal"

_FILTER = re.compile(r"(age\(\)\.)?\b(num_filter|temporal_filter|duration)\(")
_CALL = re.compile(r"\b(eq|op|val|temporal_unit|unit)\((?:'([^']*)'|([A-Z-]*))\)?")
_SIGNS = {"GTEQ": "≥", "GT": ">", "LTEQ": "≤", "LT": "<", "EQ": "="}
_WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_VALUE = re.compile(r"\d[\d ,]*(?:\.\d+)?")
_TIMES = frozenset({"DAY", "WEEK", "MONTH", "YEAR"})

Fact = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What one criterion contains, by what is compared."""

    sets: dict[str, set[Fact]] = field(default_factory=lambda: {name: set() for name in WHAT})

    def limit(self, sign: str, value: Fraction, unit: str = "") -> None:
        """Add a number with what is told of it."""
        if sign == "≥" and not value:
            return
        self.sets["numbers"].add((value,))
        if sign:
            self.sets["operators"].add((sign, value))
        if unit:
            self.sets["units"].add((value, unit))

    def age(self, sign: str, years: Fraction) -> None:
        """Add an age with both ends included."""
        whole = {">": ("≥", years + 1), "<": ("≤", years - 1)}.get(sign, (sign, years))
        self.limit(*whole, YEAR)

    def window(self, days: int | None) -> None:
        """Add a time before the trial."""
        if days is not None:
            self.sets["windows"].add((days,))


@dataclass(frozen=True, slots=True)
class Compared:
    """A criterion: how far it was understood, what ours contains and what the logical form does."""

    outcome: Outcome
    ours: Facts
    theirs: Facts


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = Path(os.environ.get("CDS_SHARED") or ROOT.parent / "shared")
    usual = shared / "data" / "lct" / "criterion-to-logical-form.train.json"
    parser.add_argument("--corpus", type=Path, default=usual, help="criteria with their logical forms")
    parser.add_argument("--missed", type=int, default=0, metavar="N", help="print N criteria that differ")
    chosen = parser.parse_args()
    if not chosen.corpus.is_file():
        print(f"{chosen.corpus.name} is not here (CDS_SHARED names the folder of shared data): skipped")
        return
    lexicon = load_lexicon(MAPPINGS, load_vocabulary(MAPPINGS))
    pairs = [(each["intent"], each["snippet"]) for each in json.loads(chosen.corpus.read_bytes())]
    every = [compared(text, form, lexicon) for text, form in pairs]
    print("\n".join(report(every)))
    differing = (pair for pair, each in zip(pairs, every, strict=True) if _differs(each))
    for (text, form), _ in zip(differing, range(chosen.missed), strict=False):
        print(f"\n{text}\n  {form}")


def _differs(each: Compared) -> bool:
    return each.outcome in _COMPUTED and any(each.ours.sets[name] != each.theirs.sets[name] for name in WHAT)


def compared(text: str, form: str, lexicon: Lexicon) -> Compared:
    """Read a criterion and its logical form."""
    read = _read("Inclusion", text, lexicon)
    other = _read("Exclusion", text, lexicon) if read[0] not in _COMPUTED else read
    outcome, facts = other if other[0] in _COMPUTED else read
    return Compared(outcome, facts, theirs(form))


def _read(section: str, text: str, lexicon: Lexicon) -> tuple[Outcome, Facts]:
    drafts = drafted(f"{section} Criteria:\n\n* {text}", READERS, lexicon, frozenset(ReadingKind))
    outcomes = {each.outcome for each in drafts}
    whole = outcomes.pop() if len(outcomes) == 1 else Outcome.PARTLY if outcomes else Outcome.REVIEW
    return whole, ours(each.criterion.rule for each in drafts)


def report(every: list[Compared]) -> Iterator[str]:
    """Tell recall and precision of all criteria, and of those that were computed wholly."""
    yield f"{len(every)} criteria of every field of medicine, each read as a line by itself:"
    count = Counter(each.outcome for each in every)
    yield ", ".join(f"{each.value} {count[each]}" for each in Outcome)
    yield from _table("all of them", every)
    yield from _table("those that were computed wholly", [each for each in every if each.outcome is Outcome.COMPUTED])


def _table(name: str, every: list[Compared]) -> Iterator[str]:
    yield f"{name}: in the logical forms, in ours, in both; recall, precision"
    for what in WHAT:
        both = sum(len(each.ours.sets[what] & each.theirs.sets[what]) for each in every)
        in_theirs = sum(len(each.theirs.sets[what]) for each in every)
        in_ours = sum(len(each.ours.sets[what]) for each in every)
        yield f"  {what:10} {in_theirs:5} {in_ours:5} {both:5}  {_share(both, in_theirs)}  {_share(both, in_ours)}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:5.1f} %" if whole else "    –  "


# ---------------------------------------------------------------------------------------------------------------- ours
def ours(rules: Iterable[Rule]) -> Facts:
    """Give what our rules contain."""
    facts = Facts()
    every = [leaf for rule in rules for leaf in leaves(rule)]
    for rule in every:
        match rule:
            case Age(at_least=low) if low is not None and Age(low + 1, rule.at_most) in every:
                continue
            case Age():
                _ends(facts.age, rule.at_least, rule.at_most)
            case PerformanceStatus() | Lines() | Cycles():
                _ends(facts.limit, rule.at_least, rule.at_most)
            case Measured():
                _limit(facts, "≥", rule.low)
                _limit(facts, "≤", rule.high)
            case _:
                pass
        facts.window(getattr(rule, "within_days", None))
    return facts


def _ends(add: Callable[[str, Fraction], None], low: int | None, high: int | None) -> None:
    for sign, end in (("≥", low), ("≤", high)):
        if end is not None:
            add(sign, Fraction(end))


def _limit(facts: Facts, sign: str, limit: Limit | None) -> None:
    if limit is not None:
        unit = "" if limit.against is Against.UNIT else NORMAL
        facts.limit(sign if limit.inclusive else {"≥": ">", "≤": "<"}[sign], limit.value, unit)


# ------------------------------------------------------------------------------------------------------ logical forms
def theirs(form: str) -> Facts:
    """Give what a logical form contains."""
    facts = Facts()
    for found in _FILTER.finditer(form):
        for equation in re.split(r"\beq\(\)", _inside(form, found.end()))[1:]:
            _equation(facts, equation, found[2], of_age=bool(found[1]))
    return facts


def _inside(form: str, start: int) -> str:
    """Give what stands in a call's brackets, up to the one that closes it."""
    depth = 1
    for place in range(start, len(form)):
        depth += {"(": 1, ")": -1}.get(form[place], 0)
        if not depth:
            return form[start:place]
    return form[start:]


def _equation(facts: Facts, equation: str, where: str, *, of_age: bool) -> None:
    calls = [(found[1], found[2] or found[3]) for found in _CALL.finditer(equation)]
    sign = next((inner for name, inner in calls if name == "op"), "")
    values = [value for name, inner in calls if name == "val" and (value := _value(inner)) is not None]
    time = next((inner for name, inner in calls if name == "temporal_unit"), "")
    normal = any(name == "unit" and inner.startswith("REF-RANGE") for name, inner in calls)
    if where == "temporal_filter":
        for value in values:
            if time in _TIMES and value.denominator == 1:
                facts.window(days_of(str(value), time.lower()))
        return
    signs = ("≥", "≤") if sign == "BETWEEN" else (_SIGNS.get(sign, ""),) * len(values)
    values = sorted(values) if sign == "BETWEEN" else values
    for each, value in zip(signs, values, strict=False):
        if of_age and time in {"", "YEAR"}:
            facts.age(each, value)
        else:
            facts.limit(each, value, NORMAL if normal else "")


def _value(text: str) -> Fraction | None:
    if text.casefold() in _WORDS:
        return Fraction(_WORDS.index(text.casefold()))
    found = _VALUE.fullmatch(text.strip())
    return Fraction(re.sub(r"[ ,]", "", found[0])) if found else None


if __name__ == "__main__":
    main()
