"""What must not have been: "at least 4 weeks since the last …", "…-naive". Read only where nothing narrows it.

Words that narrow a treatment widen what is left when it is forbidden; in these forms the prohibition is in the words
themselves, so that the joining of the words cannot keep open what they leave open.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from cds.core.criteria import Exposed, Not, Section
from cds.trials.text.effects import Effect, effects_of
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.readers.lists import LIST, Group, group_of, kind_of, rule_of, said_of
from cds.trials.text.readers.naming import ANY, Shape, shape_of
from cds.trials.text.readers.windows import days_of, span
from cds.trials.text.reading import Part, Reading
from cds.trials.text.tokens import covering

__all__ = ["read_washed_out"]

_SINCE = re.compile(
    rf"(?:at least|≥|>|a minimum of|minimum of|more than|greater than) ?{span('number', 'unit')}"
    r"(?: washout)?(?: (?:must |should )?(?:have |has )?(?:elapsed|passed))?(?: must)? (?:since|from"
    r"|after)(?: (?:the|their|any|last|most|recent|"
    r"completion|end|final|prior|previous|dose|doses|administration|treatment|receipt|date|day|of|with)\b){0,8} "
    rf"(?P<list>{LIST})(?P<tail>)(?P<but>)?",
    re.IGNORECASE,
)
_NAIVE = re.compile(
    rf"(?P<list>{ANY}+)(?: therapy| treatment)?[- ]?na[iï]ve\b(?P<but>)?|na[iï]ve to (?:prior "
    rf"|any )?(?P<list_behind>{ANY}+)",
    re.IGNORECASE,
)


_ABOUT = re.compile(r"na[iï]ve|(?:least|≥|>|minimum|than)\W.{1,60}\b(?:since|from|after)\b", re.IGNORECASE)


def read_washed_out(part: Part, lexicon: Lexicon) -> Sequence[Reading]:
    """Read of an inclusion what was never given, or not for so long."""
    if part.section is not Section.INCLUSION or not _ABOUT.search(part.plain):
        return ()
    shape = shape_of(part, lexicon)
    reading = _elapsed(shape, part, lexicon) or _naive(shape, part, lexicon)
    return () if reading is None else (reading,)


def _elapsed(shape: Shape, part: Part, lexicon: Lexicon) -> Reading | None:
    """Read "at least 4 weeks since …" of an inclusion: not given within 28 days. Only where nothing else is said."""
    found = _SINCE.search(shape.text)
    if found is None:
        return None
    group = group_of(shape, found, part)
    if group is None:
        return None
    frame = Exposed((), within_days=days_of(found["number"], found["unit"]))
    return _turned(found, replace(group, together=False), frame, shape, part, lexicon)


def _naive(shape: Shape, part: Part, lexicon: Lexicon) -> Reading | None:
    """Read "…-naive" of an inclusion: never given. Only where nothing else is said."""
    found = _NAIVE.search(shape.text)
    if found is None:
        return None
    treated = shape.named.get(found.start("list") if found["list"] else found.start("list_behind"))
    if treated is None or treated.vague:
        return None
    return _turned(found, Group((treated,), (), together=False), Exposed(()), shape, part, lexicon)


def _turned(
    found: re.Match[str], group: Group, frame: Exposed, shape: Shape, part: Part, lexicon: Lexicon
) -> Reading | None:
    """Give what must not have been; nothing where other words narrow it, which would widen what is forbidden."""
    rule = rule_of(group, frame, shape)
    first, behind = covering(part.tokens, *found.span())
    rest = effects_of([part.tokens[:first], part.tokens[behind:]], part.text)
    if rule is None or rest - {Effect.DEMANDS}:
        return None
    return Reading(
        kind_of(group, frame), Not(rule), first, behind, said_of(group, frame, lexicon).replace("as ", "as not ", 1)
    )
