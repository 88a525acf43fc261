"""Draft trials kept as JSON text: written once when a record is imported, read at every start.

The text holds all that a screen needs, so that no record has to be read again. Equal rules of many trials are read once
and are one and the same object.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from cds.core.criteria import Asked, Criterion, Reason, Rule, Section
from cds.core.trial import Site, Trial
from cds.errors import BadTrial
from cds.trials.fields import Place
from cds.trials.rules import RuleReader
from cds.trials.writing import block_of, written_rule

if TYPE_CHECKING:
    from cds.core.vocabulary import Vocabulary

__all__ = ["SavedReader", "saved"]


class _Criterion(msgspec.Struct, omit_defaults=True):
    """One criterion. ``ask`` and ``review`` are the rules there are most of, and stand as they are."""

    id: str
    label: str
    lines: tuple[int, ...] = ()
    span: tuple[int, int] | None = None
    exclusion: bool = False
    disease: bool = False
    note: str = ""
    plain: str = ""
    ask: str = ""
    review: str = ""
    rule: msgspec.Raw = msgspec.Raw()


class _Trial(msgspec.Struct, omit_defaults=True):
    """One draft trial, without cohorts or reviewer: a draft has none."""

    nct_id: str
    title: str
    status: str
    version: str
    criteria: list[_Criterion]
    record_date: dt.date | None = None
    complete: bool = False
    note: str = ""
    facilities: tuple[Site, ...] = ()
    text_sha256: str = ""


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Trial)


def saved(trial: Trial) -> str:
    """Write a draft trial down; raise :class:`BadTrial` where a rule cannot be written."""
    told = _Trial(
        trial.nct_id,
        trial.title,
        trial.status,
        trial.version,
        [_criterion(each) for each in trial.criteria],
        trial.record_date,
        trial.complete,
        trial.note,
        trial.facilities,
        trial.text_sha256,
    )
    return _ENCODER.encode(told).decode()


def _criterion(criterion: Criterion) -> _Criterion:
    told = _Criterion(
        criterion.id,
        criterion.label,
        criterion.lines,
        criterion.span,
        exclusion=criterion.section is Section.EXCLUSION,
        disease=criterion.disease,
        note=criterion.note,
        plain=criterion.plain,
    )
    match criterion.rule:
        case Asked(question=question, reason=Reason.JUDGEMENT):
            told.ask = question
        case Asked(question=question):
            told.review = question
        case rule:
            told.rule = msgspec.Raw(_ENCODER.encode(written_rule(rule)))
    return told


@dataclass(frozen=True, slots=True)
class SavedReader:
    """Reads saved drafts with the vocabulary of today, of many trials one after the other."""

    vocabulary: Vocabulary
    _rules: dict[bytes, Rule] = field(default_factory=dict)

    def trial(self, text: str, whose: str) -> Trial:
        """Give the draft trial; raise :class:`BadTrial` with the trial's number for what is none."""
        try:
            told = _DECODER.decode(text)
        except msgspec.MsgspecError as problem:
            raise BadTrial(f"{whose}: the saved draft cannot be read") from problem
        return Trial(
            told.nct_id,
            told.title,
            told.status,
            tuple([self._criterion(each, whose) for each in told.criteria]),
            version=told.version,
            record_date=told.record_date,
            complete=told.complete,
            draft=True,
            note=told.note,
            facilities=told.facilities,
            text_sha256=told.text_sha256,
        )

    def _criterion(self, told: _Criterion, whose: str) -> Criterion:
        return Criterion(
            told.id,
            told.label,
            self._rule(told, whose),
            Section.EXCLUSION if told.exclusion else Section.INCLUSION,
            told.lines,
            told.disease,
            told.note,
            told.plain,
            told.span,
        )

    def _rule(self, told: _Criterion, whose: str) -> Rule:
        if told.review:
            return Asked(told.review, Reason.NOT_COMPUTABLE)
        if told.ask:
            return Asked(told.ask, Reason.JUDGEMENT)
        written = bytes(told.rule)
        known = self._rules.get(written)
        if known is None:
            if not written:
                raise BadTrial(f"{whose}: criterion {told.id}: the saved draft holds no rule")
            block = block_of(msgspec.json.decode(written))
            known = RuleReader(self.vocabulary).rule(block, Place(whose, 0, (f"criterion {told.id}",)))
            self._rules[written] = known
        return known
