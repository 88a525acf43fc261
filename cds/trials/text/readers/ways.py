"""Which limits of a list are two ways of one: "ANC ≥ 1500, platelets ≥ 100,000, creatinine ≤ 1.5 or clearance ≥ 60".

An "or" in a list of requirements joins its two neighbours alone, where both tell of the same organ; of others it is not
plain what it joins, and nothing is read then.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from cds.core.criteria import AnyOf
from cds.trials.text.readers.analytes import iter_concepts
from cds.trials.text.readers.claims import Claim, NotPlainError
from cds.trials.text.reading import Reading

__all__ = ["as_ways"]

_FEWEST = 3
_KIN = (
    frozenset(["creatinine", "creatinine-clearance", "creatinine-clearance-bsa", "egfr-unspecified"]),
    frozenset(["bilirubin-total", "bilirubin-direct", "bilirubin-indirect"]),
    frozenset(["inr", "prothrombin-time", "aptt"]),
    frozenset(["haemoglobin", "haematocrit"]),
)
_OR = re.compile(r"\bor\b|/", re.IGNORECASE)
_ONLY_OR = re.compile(
    r"[\s,;()]*or(?:[\s,;()]|\b(?:an?|the|else|calculated|measured|estimated|serum)\b)*", re.IGNORECASE
)


def as_ways(readings: Sequence[Reading], claims: Sequence[Claim], plain: str) -> tuple[Reading, ...]:
    """Join in a list of requirements those that "or" stands between; all others stay for the words to join."""
    between = [plain[before.end : claim.start] for before, claim in pairwise(claims)]
    either = [_OR.search(gap) is not None for gap in between]
    if len(claims) < _FEWEST or all(either) or not any(either):
        return tuple(readings)
    joined = [readings[0]]
    for at, reading in enumerate(readings[1:]):
        if not either[at]:
            joined.append(reading)
        elif _ONLY_OR.fullmatch(between[at]) and _kin(claims[at], claims[at + 1]):
            joined[-1] = _either(joined[-1], reading)
        else:
            raise NotPlainError
    return tuple(joined)


def _kin(one: Claim, other: Claim) -> bool:
    named = {*iter_concepts(one.mentions), *iter_concepts(other.mentions)}
    return any(named <= family for family in _KIN)


def _either(one: Reading, other: Reading) -> Reading:
    rule = AnyOf((*(one.rule.rules if isinstance(one.rule, AnyOf) else (one.rule,)), other.rule))
    return replace(one, rule=rule, behind=other.behind, says=f"{one.says} {other.says}")
