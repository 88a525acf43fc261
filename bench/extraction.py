"""How much of real eligibility text is read: lines by outcome and by kind, shares, and how fast.

Reads the registry's records in a file (``oncology-trials.dev.jsonl.gz`` of the shared data, unless another is named)
with the readers and tables as they are. Lines that state a limit of a measurement, a performance status or an age are
told by plain patterns that know nothing of the readers, so that what is missed is seen. ``--sample`` prints lines with
what was read of them; ``--draw`` writes computed lines for the hand check: what is said into one file, what was read
into another, so that the first can be labelled before the second is opened. Measures, and judges nothing.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import random
import re
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cds.core.wording import describe
from cds.terms.load import load_vocabulary
from cds.trials.text.compose import Outcome
from cds.trials.text.draft import Drafted, drafted
from cds.trials.text.outline import Line, outline
from cds.trials.text.phrases import load_lexicon
from cds.trials.text.readers import READERS
from cds.trials.text.reading import ReadingKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cds.core.vocabulary import Vocabulary
    from cds.trials.text.lexicon import Lexicon

ROOT = Path(__file__).resolve().parent.parent
MAPPINGS = ROOT / "mappings"
LINES = ("id", "nct", "registry line", "section", "headings above", "text")
READINGS = ("id", "kinds", "rule", "says")
_READ = frozenset({Outcome.COMPUTED, Outcome.PARTLY})

_MEASURED = re.compile(
    r"\b(?:ha?emoglobin|hgb?|platelets?|plt|thrombocytes?|neutrophils?|anc|leu[ck]ocytes?|wbc|white blood cells?|"
    r"lymphocytes?|alc|creatinine|clearance|crcl|e?gfr|filtration rate|bilirubin|ast|alt|sgot|sgpt|aspartate|alanine|"
    r"transaminases?|aminotransferases?|alkaline phosphatase|alp|albumin|inr|prothrombin|pt|a?ptt|thromboplastin|"
    r"amylase|lipase|calcium|potassium|magnesium|sodium|glucose|hba1c|lvef|ejection fraction|qtc[fb]?|blood pressure|"
    r"oxygen saturation|spo2|psa|testosterone|ldh|lactate dehydrogenase|urine protein|proteinuria|upcr|cd4|bmi|"
    r"body mass index|triglycerides?|cholesterol|troponin|ferritin|fev1|dlco)\b",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"[<>≤≥=]|\b(?:at least|less than|(?:great|high|low)er than|more than|above|below|exceed(?:s|ing)?|or (?:more|less|"
    r"greater|higher|above|below)|between|no (?:more|less) than|uln|lln|upper limit|lower limit|m?g/d?l|[mµμu]mol/l|"
    r"m?mol/l|/?mm3|ml/min|mm ?hg|i?u/m?l|ms(?:ec)?|milliseconds)\b|"
    r"%|/ ?(?:[µμu]l|mm|mcl|l)\b|\b10 ?(?:\^|\*|e)? ?[39]\b|×",
    re.IGNORECASE,
)
_PERFORMANCE = re.compile(
    r"\b(?:ecog|karnofsky|kps|lansky|zubrod|performance (?:status|score|scale)|who[ -]ps)\b", re.IGNORECASE
)
_AGE = re.compile(
    r"(?<!bearing )(?<!bearing-)(?<!reproductive )\bage[ds]?\b[^.;\d]{0,30}\d{1,3}\b|"
    r"\b\d{1,3} ?\+? ?(?:years?|yrs?)[ -](?:old|of age)\b|\b\d{1,3} years?(?: \w+){0,3} (?:of age|old)\b",
    re.IGNORECASE,
)
STATED = ("a measured limit", "a performance status", "an age")

_NUMBER = re.compile(r"\d")
_NEAR = 80
"""Characters behind a name within which its number and its sign or unit are looked for."""


@dataclass(frozen=True, slots=True)
class Read:
    """One criterion of a draft with the trial and the lines it was made of."""

    nct: str
    draft: Drafted
    lines: tuple[Line, ...]

    @property
    def id(self) -> str:
        """Name it for the hand check: the trial and the criterion's own id, which stays as long as its words do."""
        return f"{self.nct}.{self.draft.criterion.id}"

    @property
    def kinds(self) -> list[str]:
        """Give the kinds of statement that were read, by name."""
        return sorted(each.value for each in self.draft.kinds)

    @property
    def words(self) -> str:
        """Give the text of the lines."""
        return " / ".join(line.text for line in self.lines)

    @property
    def above(self) -> str:
        """Give the headings it stands under, the outermost first, and the part of the trial it is for."""
        leads = dict.fromkeys(lead.text for line in self.lines for lead in line.leads)
        scopes = dict.fromkeys(line.scope for line in self.lines if line.scope)
        return " › ".join([*(f"[{each}]" for each in scopes), *leads])


@dataclass(frozen=True, slots=True)
class Measure:
    """All that was read, how many headings there were, and the seconds that reading took."""

    read: tuple[Read, ...]
    trials: int
    headings: int
    seconds: float

    def lines(self) -> Iterator[tuple[Line, Read]]:
        """Give every line that states something, with what was made of it."""
        return ((line, each) for each in self.read for line in each.lines)


def main() -> None:
    """Measure, and print or write."""
    chosen = _parser().parse_args()
    if not chosen.records.is_file():
        print(f"{chosen.records.name} is not here (CDS_SHARED names the folder of shared data): skipped")
        return
    vocabulary = load_vocabulary(MAPPINGS)
    measure = measured(list(texts(chosen.records, chosen.trials)), load_lexicon(MAPPINGS, vocabulary))
    wanted = [each for each in measure.read if _wanted(each, chosen.kind, chosen.outcome)]
    if chosen.states:
        wanted = [each for each in wanted if any(states(line.text, chosen.states) for line in each.lines)]
    dice = random.Random(chosen.seed)
    if chosen.draw:
        earlier = frozenset(row["id"] for folder in chosen.without for row in _rows(folder / "lines.csv"))
        wanted = [each for each in wanted if each.draft.outcome in _READ and each.id not in earlier]
        drawn = dice.sample(wanted, min(chosen.draw, len(wanted)))
        write_draw(chosen.folder, drawn, vocabulary)
        print(f"{len(drawn)} of {len(wanted)} read lines drawn with seed {chosen.seed}: {chosen.folder}")
    elif chosen.sample:
        for each in dice.sample(wanted, min(chosen.sample, len(wanted))):
            print(shown(each, vocabulary))
    else:
        print("\n".join(report(measure)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    shared = Path(os.environ.get("CDS_SHARED") or ROOT.parent / "shared")
    usual = shared / "data" / "oncology-trials.dev.jsonl.gz"
    parser.add_argument("--records", type=Path, default=usual, help="the registry's records, as JSON lines")
    parser.add_argument("--trials", type=int, help="read so many trials only, picked evenly (default: all)")
    parser.add_argument("--kind", choices=[each.value for each in ReadingKind], help="only lines of this kind")
    parser.add_argument("--outcome", choices=[each.value for each in Outcome], help="only lines with this outcome")
    parser.add_argument("--states", choices=STATED, help="only lines that state this, by the plain patterns")
    parser.add_argument("--seed", type=int, default=1, help="seed of what is picked by chance (default: 1)")
    parser.add_argument("--sample", type=int, metavar="N", help="print N lines and what was read of them")
    parser.add_argument("--draw", type=int, metavar="N", help="write N lines that were read, for the hand check")
    parser.add_argument("--folder", type=Path, default=Path("draw"), help="where a draw is written (default: draw)")
    parser.add_argument(
        "--without", type=Path, nargs="*", default=[], metavar="FOLDER", help="earlier draws, left out of this one"
    )
    return parser


def _wanted(read: Read, kind: str | None, outcome: str | None) -> bool:
    return (kind is None or kind in read.kinds) and (outcome is None or read.draft.outcome.value == outcome)


# ------------------------------------------------------------------------------------------------------------- reading
def texts(records: Path, most: int | None = None) -> Iterator[tuple[str, str]]:
    """Give NCT number and eligibility text of the records in a file; all of them, or so many picked evenly."""
    packed = records.read_bytes()
    lines = (gzip.decompress(packed) if records.suffix == ".gz" else packed).splitlines()
    found = [json.loads(line)["protocolSection"] for line in lines]
    step = max(1, len(found) // most) if most else 1
    for each in found[::step][:most]:
        text = each.get("eligibilityModule", {}).get("eligibilityCriteria", "")
        yield each["identificationModule"]["nctId"], text


def measured(records: Sequence[tuple[str, str]], lexicon: Lexicon) -> Measure:
    """Read all texts with everything the readers can, as if all kinds were trusted, and take the time."""
    began = time.perf_counter()
    drafts = [(nct, text, drafted(text, READERS, lexicon, frozenset(ReadingKind))) for nct, text in records]
    seconds = time.perf_counter() - began
    read, headings = [], 0
    for nct, text, found in drafts:
        every = outline(text)
        headings += sum(line.heading for line in every)
        by_span = {line.span: line for line in every if not line.heading}
        read += [Read(nct, each, tuple(by_span[span] for span in each.spans)) for each in found]
    return Measure(tuple(read), len(records), headings, seconds)


# ----------------------------------------------------------------------------------------------------------- reporting
def report(measure: Measure) -> Iterator[str]:
    """Tell the outcomes, the kinds, the shares and the speed."""
    lines = list(measure.lines())
    rate = measure.seconds or 1.0
    yield f"{measure.trials} trials, {len(lines)} lines and {measure.headings} headings in {measure.seconds:.1f} s: "
    yield f"  {measure.trials / rate:.0f} trials and {len(lines) / rate:.0f} lines a second"
    yield from _by_outcome("lines", [each.draft.outcome for _, each in lines])
    settled = [each for _, each in lines if each.draft.outcome is not Outcome.REVIEW]
    yield f"computed, wholly or partly, or judgement: {_share(len(settled), len(lines))} (aim: 60 %)"
    stated = {name: [each for line, each in lines if states(line.text, name)] for name in STATED}
    some = [each for line, each in lines if any(states(line.text, name) for name in STATED)]
    for name, found in (*stated.items(), ("any of the three", some)):
        yield from _by_outcome(f"lines that state {name}", [each.draft.outcome for each in found])
        computed = sum(each.draft.outcome in _READ for each in found)
        yield f"  computed, wholly or partly: {_share(computed, len(found))} (aim: 95 %)"
    yield "lines by kind (a line may be of several): all, computed wholly, in part"
    yield from _by_kind([each for _, each in lines])


def _by_outcome(name: str, outcomes: Sequence[Outcome]) -> Iterator[str]:
    count = Counter(outcomes)
    yield f"{name}: {len(outcomes)}"
    for each in Outcome:
        yield f"  {each.value:16} {_share(count[each], len(outcomes))}"


def _by_kind(read: Sequence[Read]) -> Iterator[str]:
    count = Counter((kind, each.draft.outcome) for each in read for kind in each.draft.kinds)
    for kind in ReadingKind:
        every = sum(count[kind, outcome] for outcome in Outcome)
        yield f"  {kind.value:26} {every:6} {count[kind, Outcome.COMPUTED]:6} {count[kind, Outcome.PARTLY]:6}"


def _share(part: int, whole: int) -> str:
    return f"{part:6} {100 * part / whole:5.1f} %" if whole else f"{part:6}     – "


def states(text: str, name: str) -> bool:
    """Say whether a line states one of ``STATED``, by patterns that know nothing of the readers.

    A measured limit: the name of something measured, and within 80 characters behind it a number and a sign or unit.
    """
    if name == STATED[0]:
        behind = (text[found.end() : found.end() + _NEAR] for found in _MEASURED.finditer(text))
        return any(_NUMBER.search(each) and _LIMIT.search(each) for each in behind)
    return bool((_PERFORMANCE if name == STATED[1] else _AGE).search(text))


def shown(read: Read, vocabulary: Vocabulary) -> str:
    """Write a line, where it stands, and what was read of it."""
    draft = read.draft
    head = f"{read.nct} {draft.criterion.section.value} {draft.outcome.value} {', '.join(read.kinds)}"
    told = [head, f"  above: {read.above}", f"  text:  {read.words}"]
    if draft.outcome in _READ:
        told.append(f"  rule:  {describe(draft.criterion.rule, vocabulary)}")
    return "\n".join([*told, f"  says:  {draft.says}", ""])


# ------------------------------------------------------------------------------------------------------ the hand check
def write_draw(folder: Path, drawn: Sequence[Read], vocabulary: Vocabulary) -> None:
    """Write what the lines say and what was read of them into two files; the first is to be labelled alone."""
    folder.mkdir(parents=True, exist_ok=True)
    said = (
        (each.id, each.nct, _numbers(each), each.draft.criterion.section.value, each.above, each.words)
        for each in drawn
    )
    _write(folder / "lines.csv", LINES, said)
    read = (
        (each.id, " ".join(each.kinds), describe(each.draft.criterion.rule, vocabulary), each.draft.says)
        for each in drawn
    )
    _write(folder / "readings.csv", READINGS, read)


def _numbers(read: Read) -> str:
    numbers = read.draft.criterion.lines
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}-{numbers[-1]}"


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
