"""One trial definition as it stands in its file: the trial, and what the file says of the registry's text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.criteria import Criterion, Not, Reason, Rule, Section
from cds.core.trial import Cohort, Trial
from cds.trials.fields import Fields, Place, day, flag, items, one_of, whole, wholes, word, words
from cds.trials.filters import PHASES
from cds.trials.rules import RuleReader, asked

if TYPE_CHECKING:
    import datetime as dt

    from cds.core.vocabulary import Vocabulary
    from cds.files import Block

_NCT = re.compile(r"NCT\d{8}")
_SECTIONS = one_of({section.value: section for section in Section})
_FORMS = ("require", "forbid", "ask", "review")


@dataclass(frozen=True, slots=True)
class RecordNote:
    """Which registry record a definition was made from: its day, status, lines, and the SHA-256 of its criteria.

    Where the registry's text was not at hand, ``lines`` is 0 and ``sha256`` blank; such a definition is never complete.
    """

    date: dt.date | None
    status: str
    lines: int
    blank: tuple[int, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class Definition:
    """A trial with the account of its source: the record, and the lines that are headings only."""

    file: str
    trial: Trial
    record: RecordNote
    headings: tuple[int, ...]


def definition_of(block: Block, file: str, vocabulary: Vocabulary) -> Definition:
    """Read a definition; raise :class:`~cds.errors.BadTrial` with file, line, criterion and key."""
    fields = Fields.of(block, Place(file))
    reader = RuleReader(vocabulary)
    record = fields.need("record", _record)
    trial = Trial(
        nct_id=fields.need("nct_id", _nct_id),
        title=fields.need("title", word),
        status=record.status,
        criteria=fields.need("criteria", lambda value, place: _criteria(reader, value, place)),
        cohorts=fields.read("cohorts", lambda value, place: _cohorts(reader, value, place), ()),
        version=fields.need("version", word),
        record_date=record.date,
        complete=fields.need("complete", flag),
        draft=fields.read("draft", flag, default=False),
        reviewer=fields.read("reviewer", word, ""),
        reviewed_on=fields.read("reviewed_on", day, None),
        sites=fields.read("sites", words, ()),
        note=fields.read("note", word, ""),
        text_sha256=record.sha256,
        purpose=fields.read("purpose", word, ""),
        phases=fields.read("phases", _phases, ()),
    )
    definition = Definition(
        file=file,
        trial=trial,
        record=record,
        headings=fields.read("headings", wholes, ()),
    )
    fields.done()
    return definition


def _nct_id(value: object, place: Place) -> str:
    text = word(value, place)
    if not _NCT.fullmatch(text):
        raise place.fault(f"must be an NCT number, not {text!r}")
    return text


def _phases(value: object, place: Place) -> tuple[str, ...]:
    """Read phases in the registry's words."""
    read = words(value, place)
    strange = [each for each in read if each not in PHASES]
    if strange:
        raise place.fault(f"must be phases of the registry ({', '.join(PHASES)}), not {strange[0]!r}")
    return read


def _record(value: object, place: Place) -> RecordNote:
    fields = Fields.of(value, place)
    record = RecordNote(
        date=fields.need("date", day),
        status=fields.need("status", word),
        lines=fields.need("lines", whole),
        blank=fields.read("blank", wholes, ()),
        sha256=fields.need("sha256", word),
    )
    fields.done()
    return record


def _cohorts(reader: RuleReader, value: object, place: Place) -> tuple[Cohort, ...]:
    return tuple(_cohort(reader, each, place) for each in items(value, place))


def _cohort(reader: RuleReader, value: object, place: Place) -> Cohort:
    fields = Fields.of(value, place)
    name = fields.need("id", word)
    fields.place = Place(place.file, fields.place.line, (f"cohort {name}",))
    cohort = Cohort(
        id=name,
        label=fields.need("label", word),
        criteria=fields.need("criteria", lambda inner, where: _criteria(reader, inner, where)),
        open=fields.need("open", flag),
    )
    fields.done()
    return cohort


def _criteria(reader: RuleReader, value: object, place: Place) -> tuple[Criterion, ...]:
    return tuple(_criterion(reader, each, place) for each in items(value, place))


def _criterion(reader: RuleReader, value: object, place: Place) -> Criterion:
    fields = Fields.of(value, place)
    name = fields.need("id", word)
    fields.place = Place(place.file, fields.place.line, (*place.path[:-1], f"criterion {name}"))
    criterion = Criterion(
        id=name,
        label=fields.need("label", word),
        rule=rule_of(reader, fields),
        section=fields.need("section", _SECTIONS),
        lines=fields.need("lines", wholes),
        disease=fields.read("disease", flag, default=False),
        note=fields.read("note", word, ""),
        plain=fields.read("plain", word, ""),
        span=fields.read("span", _span, None),
    )
    fields.done()
    return criterion


def _span(value: object, place: Place) -> tuple[int, int]:
    match wholes(value, place):
        case (start, end) if start <= end:
            return start, end
        case _:
            raise place.fault("must be two places in the registry's text, the first and the one behind the last")


def rule_of(reader: RuleReader, fields: Fields) -> Rule:
    """Read what a criterion states: what it requires or forbids, asks a person, or leaves to review."""
    forms = [form for form in _FORMS if fields.has(form)]
    match forms:
        case ["require"]:
            return fields.need("require", reader.rule)
        case ["forbid"]:
            return Not(fields.need("forbid", reader.rule))
        case ["ask"]:
            return fields.need("ask", lambda text, where: asked(text, where, Reason.JUDGEMENT))
        case ["review"]:
            return fields.need("review", lambda text, where: asked(text, where, Reason.NOT_COMPUTABLE))
        case _:
            raise fields.place.fault(f"needs exactly one of {', '.join(_FORMS)}")
