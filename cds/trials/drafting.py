"""A registry record into a draft trial: what its text asks, line by line, with its age, sex, disease and places.

Nobody has reviewed a draft. Every line of the text is in it, as a computation, a question or text to review; what a
computation could not be kept for, or would be at odds with another one, is put as a question too.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cds.core.chart import Sex
from cds.core.criteria import DRAFT, Age, AllOf, AnyOf, Asked, Criterion, Reason, Rule, SexIs, leaves
from cds.core.trial import Trial
from cds.errors import BadTrial
from cds.trials.facilities import sites_of
from cds.trials.fields import Place
from cds.trials.lint_parts import at_odds
from cds.trials.other_cancer import own_tumours, with_own_tumours
from cds.trials.records import text_sha256
from cds.trials.rules import RuleReader
from cds.trials.text.compose import Outcome
from cds.trials.text.draft import Drafted, drafted
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.reading import Reader, ReadingKind
from cds.trials.text.source import cleaned
from cds.trials.walk import contradiction, misfits
from cds.trials.writing import block_of, written_rule

if TYPE_CHECKING:
    from cds.core.vocabulary import Vocabulary
    from cds.trials.study import Study

__all__ = ["NOTE", "DiseaseReader", "Drafting", "draft_trial", "fingerprint", "heading_lines", "no_disease"]

NOTE: Final = "Made by machine from the registry's text; nobody has reviewed it."

DiseaseReader = Callable[["Study", Lexicon, Sequence[Drafted]], Criterion | None]
"""Says which disease a trial is about, from a record and what was read of its text; nothing where that is not sure."""


def no_disease(study: Study, lexicon: Lexicon, drafts: Sequence[Drafted]) -> Criterion | None:
    """Say of no trial which disease it is about."""
    del study, lexicon, drafts
    return None


@dataclass(frozen=True, slots=True)
class Drafting:
    """All that drafts are made with. ``trusted`` are the kinds of statement that may speak against a patient."""

    readers: Sequence[Reader]
    lexicon: Lexicon
    trusted: frozenset[ReadingKind]
    disease: DiseaseReader = no_disease

    def trial(self, study: Study) -> Trial:
        """Draft the trial of a record."""
        drafts = drafted(study.text, self.readers, self.lexicon, self.trusted)
        return sound(
            draft_trial(study, drafts, self.disease(study, self.lexicon, drafts)), study, self.lexicon.vocabulary
        )


def draft_trial(study: Study, drafts: Sequence[Drafted], disease: Criterion | None) -> Trial:
    """Put together what was read of a record.

    The disease is told by ``disease`` alone: a line of the text that names one is a criterion like any other, which
    may not fit a patient, but never says by itself that the trial is none of theirs. A draft is complete only where
    every line was understood, or is plainly a person's to answer: nobody is a candidate on text that nobody has read.
    """
    own = own_tumours(disease)
    of_lines = tuple(with_own_tumours(replace(each.criterion, disease=False), own) for each in drafts)
    about = (disease,) if disease is not None else ()
    criteria = (*about, *_of_fields(study, drafts), *of_lines)
    return Trial(
        nct_id=study.nct_id,
        title=" ".join(study.title.split()),
        status=study.status,
        criteria=tuple(map(_told, criteria)),
        version=f"{study.updated or 'undated'}.draft",
        record_date=dt.date.fromisoformat(study.updated) if study.updated else None,
        complete=bool(drafts) and not any(each.outcome is Outcome.REVIEW for each in drafts),
        draft=True,
        note=NOTE,
        facilities=sites_of(study),
        text_sha256=text_sha256(study.text),
    )


def _told(criterion: Criterion) -> Criterion:
    """Give a criterion the words of a draft, in one line each, as files hold them."""
    label, note = (" ".join(each.split()) for each in (criterion.label, f"{DRAFT} {criterion.note}"))
    return replace(criterion, label=label, note=note)


def heading_lines(text: str, criteria: Iterable[Criterion]) -> tuple[int, ...]:
    """Give the lines of a text that are neither blank nor any criterion's: its headings."""
    told = {line for each in criteria for line in each.lines}
    return tuple(at for at, line in enumerate(text.split("\n"), 1) if line.strip() and at not in told)


# ------------------------------------------------------------------------- what the record says besides: age and sex
def _of_fields(study: Study, drafts: Sequence[Drafted]) -> Iterable[Criterion]:
    """Give age and sex as the record's own fields say them, each where the text settles nothing of the kind."""
    age = _age(study.minimum_age, study.maximum_age)
    if age is not None and not _settles(drafts, ReadingKind.AGE):
        told = f"Age: {_ends(study)}"
        yield Criterion("registry-age", told, age, note=f"The record's own field, not its text: {_ends(study)}.")
    sex = {"MALE": Sex.MALE, "FEMALE": Sex.FEMALE}.get(study.sex)
    if sex is not None and not _settles(drafts, ReadingKind.SEX):
        told = {Sex.MALE: "Men", Sex.FEMALE: "Women"}[sex]
        yield Criterion("registry-sex", told, SexIs(sex), note="The record's own field, not its text.")


def _settles(drafts: Sequence[Drafted], kind: ReadingKind) -> bool:
    return any(
        kind in each.kinds and not any(isinstance(leaf, Asked) for leaf in leaves(each.criterion.rule))
        for each in drafts
    )


def _ends(study: Study) -> str:
    low, high = (" ".join(each.split()) for each in (study.minimum_age, study.maximum_age))
    return " to ".join(filter(None, (low or "birth", high))) if high else f"{low} or older"


_SPAN = re.compile(r"(?P<number>\d{1,4}) (?P<unit>Year|Month|Week|Day|Hour|Minute)s?")
_IN_A_YEAR = {"Year": 1, "Month": 12, "Week": 53, "Day": 366, "Hour": 8784, "Minute": 527_040}
"""No year has more: what is rounded is rounded away from the patient's exclusion."""


def _age(lowest: str, highest: str) -> Rule | None:
    """Read the two ages; those that are no whole years ask besides what completed years do not tell."""
    low, high = _years(lowest), _years(highest)
    least = low[0] if low and low[0] else None
    most = high[0] if high else None
    if least is None and most is None:
        return None
    if least is not None and most is not None and least > most:
        return None
    rule: Rule = Age(least, most)
    if all(each is None or each[1] for each in (low, high)):
        return rule
    told = Asked(f"Is the patient's age from {lowest or 'birth'} to {highest or 'any'}?", Reason.NOT_COMPUTABLE)
    return AllOf((rule, told))


def _years(text: str) -> tuple[int, bool] | None:
    """Give an age in completed years, and whether that is exact."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        return None
    number, unit = int(found["number"]), found["unit"]
    return number // _IN_A_YEAR[unit], unit == "Year" or number == 0 or (unit == "Month" and number % 12 == 0)


# ------------------------------------------------------------------------------------- nothing wrong, nothing at odds
def sound(trial: Trial, study: Study, vocabulary: Vocabulary) -> Trial:
    """Put as questions the criteria that could not be kept or no patient could meet, alone or all together."""
    reader = RuleReader(vocabulary)
    criteria = tuple(_sound(each, study, reader) for each in trial.criteria)
    conflict = at_odds([each.rule for each in criteria], vocabulary)
    if conflict is not None:
        criteria = tuple(_weakened(each, study, conflict) for each in criteria)
    return replace(trial, criteria=criteria)


def _sound(criterion: Criterion, study: Study, reader: RuleReader) -> Criterion:
    reason = _unsound(criterion.rule, reader)
    if reason is None:
        return criterion
    note = f"{criterion.note} Left to review: {reason}.".strip()
    return replace(criterion, rule=_question(criterion, study), disease=False, note=" ".join(note.split()))


def _unsound(rule: Rule, reader: RuleReader) -> str | None:
    try:
        if reader.rule(block_of(written_rule(rule)), Place("a draft")) != rule:
            return "it would be read back as another rule"
    except BadTrial as problem:
        return str(problem)
    for name, needed in misfits(rule, reader.vocabulary):
        return f"{name} is not a concept of kind {needed}"
    return contradiction(rule, reader.vocabulary)


def _weakened(criterion: Criterion, study: Study, conflict: str) -> Criterion:
    """Let a criterion speak against nobody: of two that are at odds one was read wrong, or is not for everybody."""
    if criterion.disease or all(isinstance(leaf, Asked) for leaf in leaves(criterion.rule)):
        return criterion
    note = f"{criterion.note} Settles nothing alone: no patient could meet all criteria ({conflict}).".strip()
    return replace(criterion, rule=AnyOf((criterion.rule, _question(criterion, study))), note=note)


def _question(criterion: Criterion, study: Study) -> Asked:
    """Give a criterion's words in the record as text to review."""
    start, end = criterion.span or (0, 0)
    words = " ".join(cleaned(study.text[start:end]).text.split())
    return Asked(words if words not in {"", "null", "~"} else criterion.label, Reason.NOT_COMPUTABLE)


# ----------------------------------------------------------------------------------------------- what it was made with
def fingerprint(folders: Iterable[Path]) -> str:
    """Tell drafts made with these tables and this program from all others: the SHA-256 of both.

    ``folders`` hold the tables, a site's own among them. A draft that was made otherwise is made again.
    """
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for folder, endings in ((here, {".py"}), *((each, {".csv", ".yaml"}) for each in folders)):
        for path in sorted(each for each in folder.rglob("*") if each.suffix in endings):
            body = path.read_bytes()
            digest.update(f"{path.relative_to(folder).as_posix()} {len(body)}\n".encode())
            digest.update(body)
    return digest.hexdigest()
