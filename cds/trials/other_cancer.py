"""The trial's own tumour, put into what its text says of other cancers: "no other malignancy" names no disease itself.

Only a disease that several places of the record tell is put in: of one alone it is not sure that a patient's own tumour
would not be taken for another one, so that there the question stays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cds.core.criteria import (
    AllOf,
    AnyOf,
    Asked,
    Criterion,
    Diagnosis,
    IfThen,
    Not,
    OtherMalignancy,
    Readings,
    Reason,
    Rule,
    leaves,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["own_tumours", "with_own_tumours"]


def own_tumours(disease: Criterion | None) -> tuple[Diagnosis, ...]:
    """Give every tumour that a disease criterion names; none where it asks besides because it is not sure."""
    if disease is None or not disease.disease or _is_unsure(disease.rule):
        return ()
    return tuple(dict.fromkeys(each for each in leaves(disease.rule) if isinstance(each, Diagnosis)))


def _is_unsure(rule: Rule) -> bool:
    return isinstance(rule, AnyOf) and any(isinstance(each, Asked) for each in rule.rules)


def with_own_tumours(criterion: Criterion, own: Sequence[Diagnosis]) -> Criterion:
    """Give a criterion with the trial's tumours where it speaks of others; without any, the other cancer is asked."""
    question = Asked(f"Is there another cancer, as this line has it: {criterion.label}?", Reason.NOT_COMPUTABLE)
    rule = _filled(criterion.rule, tuple(own), question)
    return criterion if rule == criterion.rule else replace(criterion, rule=rule)


def _filled(rule: Rule, own: tuple[Diagnosis, ...], question: Asked) -> Rule:
    match rule:
        case OtherMalignancy(than=()):
            return replace(rule, than=own) if own else question
        case AllOf() | AnyOf() | Readings():
            return replace(rule, rules=tuple(dict.fromkeys(_filled(each, own, question) for each in rule.rules)))
        case Not():
            return Not(_filled(rule.rule, own, question))
        case IfThen():
            return IfThen(*(_filled(each, own, question) for each in (rule.condition, rule.then, rule.otherwise)))
        case _:
            return rule
