"""What a reader of ``trials/`` should be told before a patient is: every fault of the definitions, with its place."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from cds.errors import BadTrial
from cds.files import Fault, by_place
from cds.trials.codebook import Codebook
from cds.trials.lint_examples import example_faults, stray_examples
from cds.trials.lint_parts import at_odds, dead
from cds.trials.lint_reach import beyond_reach
from cds.trials.load import definition_files, load_definition
from cds.trials.records import load_records, unescaped
from cds.trials.walk import contradiction, misfits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from cds.core.criteria import Criterion, Rule
    from cds.core.vocabulary import Vocabulary
    from cds.trials.definition import Definition
    from cds.trials.records import Record

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_LABEL = 100
_OWN_WORDS = 6
"""A label of so many words or more that stands word for word in the registry's text is not our own wording."""


def lint_trials(folder: Path, vocabulary: Vocabulary, records: Path | None = None) -> list[Fault]:
    """Find every fault in a ``trials/`` folder, sorted by place; an empty list means that it may be used.

    Given a folder of registry records, each definition is also held against its record.
    """
    faults: list[Fault] = []
    try:
        known = load_records(records) if records is not None else {}
    except BadTrial as problem:
        known = {}
        faults.append(Fault.of(problem))
    files, codebook = definition_files(folder), Codebook.of(vocabulary)
    for path in files:
        try:
            definition = load_definition(path, vocabulary)
        except BadTrial as problem:
            faults.append(Fault.of(problem))
            continue
        faults += lint_definition(definition, codebook, known.get(definition.trial.nct_id))
        faults += example_faults(definition, folder, codebook)
    faults += stray_examples(folder, {path.stem for path in files})
    if not files:
        faults.append(Fault(folder.name, "there are no trial definitions"))
    return sorted(faults, key=by_place)


def lint_definition(definition: Definition, codebook: Codebook, record: Record | None = None) -> list[Fault]:
    """Find every fault of one definition, and how it differs from its registry record where that is given.

    Of a draft that is still to be reviewed, only that it names what there is and accounts for every line: what it says
    twice, or in the registry's words, a person will mend.
    """
    if definition.trial.draft:
        faults = [*_identity(definition), *_lines(definition), *_misfits(definition, codebook.vocabulary)]
        return sorted(set(faults), key=by_place)
    faults = [
        *_identity(definition),
        *_lines(definition),
        *_words_for_patients(definition),
        *_rules(definition, codebook),
        *_together(definition, codebook.vocabulary),
        *(differences(definition, record) if record is not None else ()),
    ]
    return sorted(set(faults), key=by_place)


def criteria_of(definition: Definition) -> Iterator[Criterion]:
    """Give every criterion of a definition, those of its cohorts too."""
    yield from definition.trial.criteria
    for cohort in definition.trial.cohorts:
        yield from cohort.criteria


def _identity(definition: Definition) -> Iterator[Fault]:
    trial, file = definition.trial, definition.file
    for name, times in Counter(each.id for each in criteria_of(definition)).items():
        if times > 1:
            yield Fault(file, f"criterion {name}: the id stands {times} times")
        if not _SLUG.fullmatch(name):
            yield Fault(file, f"criterion {name}: the id is not a lower-case slug")
    for name, times in Counter(cohort.id for cohort in trial.cohorts).items():
        if times > 1:
            yield Fault(file, f"cohort {name}: the id stands {times} times")
    yield from _labels(definition)
    yield from _about(definition)


def _labels(definition: Definition) -> Iterator[Fault]:
    trial, file = definition.trial, definition.file
    labels = [(f"criterion {each.id}", each.label) for each in criteria_of(definition)]
    labels += [(f"cohort {cohort.id}", cohort.label) for cohort in trial.cohorts]
    for owner, label in labels:
        if not label:
            yield Fault(file, f"{owner}: the label is blank")
        if len(label) > _LONGEST_LABEL and not trial.draft:
            yield Fault(file, f"{owner}: the label is longer than {_LONGEST_LABEL} characters")


def _about(definition: Definition) -> Iterator[Fault]:
    trial, file = definition.trial, definition.file
    if not trial.title or not trial.version or not trial.status:
        yield Fault(file, "title, version and status may not be blank")
    if bool(trial.reviewer) is not bool(trial.reviewed_on):
        yield Fault(file, "reviewer and reviewed_on go together")
    if trial.draft:
        return
    of_trial = any(each.disease for each in trial.criteria)
    of_cohorts = [any(each.disease for each in cohort.criteria) for cohort in trial.cohorts]
    if not of_trial and not (of_cohorts and all(of_cohorts)):
        yield Fault(file, "no criterion says which disease the trial is about")


def _lines(definition: Definition) -> Iterator[Fault]:
    """Account for every line of the registry's text: nothing may be dropped, and nothing invented."""
    file, record = definition.file, definition.record
    told = {line for each in criteria_of(definition) for line in each.lines}
    headings, blank = set(definition.headings), set(record.blank)
    text = set(range(1, record.lines + 1)) - blank
    if definition.trial.complete:
        for line in sorted(text - told - headings):
            yield Fault(file, f"line {line} of the registry's text is not accounted for")
    for line in sorted((told | headings | blank) - set(range(1, record.lines + 1))):
        yield Fault(file, f"line {line}: the registry's text has only {record.lines} lines")
    for line in sorted(told & headings):
        yield Fault(file, f"line {line} is called a heading and belongs to a criterion")
    for line in sorted((told | headings) & blank):
        yield Fault(file, f"line {line} is called blank and belongs to a criterion or heading")
    yield from _without_text(definition)
    for each in criteria_of(definition):
        if not each.lines and record.lines and not definition.trial.draft:
            yield Fault(file, f"criterion {each.id}: stands for no line of the registry's text")


def _without_text(definition: Definition) -> Iterator[Fault]:
    """Allow a definition for which the registry's text was not at hand, if it says so: incomplete, and in its note."""
    file, record, trial = definition.file, definition.record, definition.trial
    if bool(record.sha256) is not bool(record.lines):
        yield Fault(file, "record: lines and sha256 go together: both, or 0 and blank where there was no text")
    if not record.lines and trial.complete:
        yield Fault(file, "complete: a definition without the registry's text cannot be")
    if not record.lines and not trial.note:
        yield Fault(file, "note: must say what a definition without the registry's text was made from")


def _words_for_patients(definition: Definition) -> Iterator[Fault]:
    if definition.trial.complete:
        for each in criteria_of(definition):
            if not each.plain:
                yield Fault(
                    definition.file, f"criterion {each.id}: plain is missing, what it asks in words for everyone"
                )


def _misfits(definition: Definition, vocabulary: Vocabulary) -> Iterator[Fault]:
    for each in criteria_of(definition):
        for name, needed in misfits(each.rule, vocabulary):
            yield Fault(definition.file, f"criterion {each.id}: {name} is not a concept of kind {needed}")


def _rules(definition: Definition, codebook: Codebook) -> Iterator[Fault]:
    for each in criteria_of(definition):
        for reason in rule_faults(each.rule, codebook):
            yield Fault(definition.file, f"criterion {each.id}: {reason}")


def rule_faults(rule: Rule, codebook: Codebook) -> list[str]:
    """Say everything that is wrong with a rule by itself: what is out of place, always or never so, or beyond reach."""
    vocabulary = codebook.vocabulary
    reasons = [f"{name} is not a concept of kind {needed}" for name, needed in misfits(rule, vocabulary)]
    if not reasons:
        reasons += filter(None, [contradiction(rule, vocabulary), at_odds([rule], vocabulary)])
        reasons += [*dead(rule, vocabulary), *beyond_reach(rule, codebook)]
    return reasons


def _together(definition: Definition, vocabulary: Vocabulary) -> Iterator[Fault]:
    """Hold the criteria of a trial, and those of each cohort beside them, against each other."""
    trial, file = definition.trial, definition.file
    for owner, criteria in (("", ()), *((f"cohort {each.id}: ", each.criteria) for each in trial.cohorts)):
        every = (*trial.criteria, *criteria)
        alone = any(at_odds([each.rule], vocabulary) for each in every)
        reason = None if alone else at_odds([each.rule for each in every], vocabulary)
        if reason is not None:
            yield Fault(file, f"{owner}no patient can meet all criteria: {reason}")
        first: dict[Rule, str] = {}
        for each in every:
            if first.setdefault(each.rule, each.id) != each.id:
                yield Fault(file, f"criterion {each.id}: asks what criterion {first[each.rule]} asks")


def differences(definition: Definition, record: Record) -> Iterator[Fault]:
    """Say in what a definition differs from a record of its trial, and where it speaks in the registry's words."""
    file, note = definition.file, definition.record
    said: Mapping[str, tuple[object, object]] = {
        "status": (note.status, record.status),
        "date": (str(note.date or ""), record.updated),
        "lines": (note.lines, len(record.lines)),
        "blank": (note.blank, tuple(at for at, line in enumerate(record.lines, 1) if not line.strip())),
        "sha256": (note.sha256, record.sha256),
    }
    for field, (ours, theirs) in said.items():
        if ours != theirs:
            yield Fault(file, f"record: {field} is {ours} here and {theirs} in the registry's record")
    text = _flattened(unescaped(record.text))
    for each in criteria_of(definition):
        words = _flattened(each.label)
        if words in text and len(words.split()) >= _OWN_WORDS:
            yield Fault(file, f"criterion {each.id}: the label is the registry's wording, not our own")


def _flattened(text: str) -> str:
    return " ".join(re.sub(r"[^\w]+", " ", text.casefold()).split())
