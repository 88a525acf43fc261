"""The criterion language: what a trial may ask of a patient, as a closed union of frozen nodes.

A rule states something about the patient. A criterion is a rule with its identity, its words and the lines of the
registry's text it stands for; exclusions are written as ``Not(rule)``, so that *met* always means "no obstacle".
Whoever adds a node must teach it to ``evaluate``, ``needs`` and ``wording``, and to the definitions in
``cds.trials``; the type checker says so.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from cds.core.chart import Sex
    from cds.core.limits import Clear, DailyDose, Formula, HalfLives, Limit, Spared


@dataclass(frozen=True, slots=True)
class Age:
    """Completed years on the day of the first dose, both limits included."""

    at_least: int | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class SexIs:
    """Administrative sex."""

    sex: Sex


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A malignant tumour whose histology is one of these and whose primary site is one of these (none given: any).

    Site and histology must belong to the same tumour. ``except_sites`` are sites it must not have started in.
    """

    histologies: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    except_sites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HasCondition:
    """One of these conditions is or was there.

    ``active`` asks that it be there now; ``within_days`` that it began fewer than so many days ago. ``listed`` asks of
    the problem list alone: where it was read and does not name the condition, that settles it, whatever the concept's
    absence policy. It belongs beside a test that defines the condition, so that a recorded one outweighs the test.
    ``but_not`` are kinds of the condition that do not count.
    """

    concepts: tuple[str, ...]
    active: bool = False
    within_days: int | None = None
    listed: bool = False
    but_not: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """The newest result of one of these concepts lies within the limits.

    ``within_days``: the oldest age at which a result still counts; otherwise the concept's own freshness. ``computed``
    are equations that give a value of the same thing: a computed value is as old as its leading input, and the newest
    decides, whether reported or computed. ``clear_of`` keeps results away that a treatment has disturbed.
    """

    concepts: tuple[str, ...]
    low: Limit | None = None
    high: Limit | None = None
    within_days: int | None = None
    computed: tuple[Formula, ...] = ()
    clear_of: Clear | None = None


@dataclass(frozen=True, slots=True)
class Undetectable:
    """The newest load of one of these viruses is not detected, or lies below what the assay can measure."""

    concepts: tuple[str, ...]
    within_days: int | None = None


PERFORMANCE_SCORES = ("ecog", "karnofsky")
"""The concepts that tell performance status: the scale criteria are written in, then those that stand in for it."""


@dataclass(frozen=True, slots=True)
class PerformanceStatus:
    """ECOG performance status within these grades; a Karnofsky score stands in, *assumed*, where it is the newest."""

    at_most: int
    at_least: int = 0
    within_days: int | None = None


@dataclass(frozen=True, slots=True)
class Exposed:
    """One of these drugs, or a member of one of these classes, has been taken.

    ``ongoing`` asks that it be taken now; ``within_days`` that fewer than so many days have passed since its end, which
    ``half_lives`` lengthens or shortens. ``but_not`` are drugs or classes that do not count. ``systemic`` leaves out
    what acts in one place only (inhaled, on the skin). ``above`` asks that the daily doses together exceed one.
    ``stable_days`` asks of what is ongoing that it has been taken for so many days without a change of dose.
    """

    drugs: tuple[str, ...]
    but_not: tuple[str, ...] = ()
    ongoing: bool = False
    within_days: int | None = None
    half_lives: HalfLives | None = None
    systemic: bool = False
    above: DailyDose | None = None
    stable_days: int | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """So much of these drugs has been given in a lifetime, in mg/m² of a scale's drug (``doxorubicin``)."""

    drugs: tuple[str, ...]
    scale: str
    at_least: Fraction


@dataclass(frozen=True, slots=True)
class Lines:
    """So many lines of systemic treatment with these drugs were given, both ends included.

    ``since`` counts only what was begun once such a tumour was diagnosed (treatment before a transformation is not
    counted). How courses become regimens and lines is told in ``cds.core.lines``.
    """

    drugs: tuple[str, ...]
    but_not: tuple[str, ...] = ()
    at_least: int | None = None
    at_most: int | None = None
    since: Diagnosis | None = None


@dataclass(frozen=True, slots=True)
class Cycles:
    """So many cycles of these drugs were given, both ends included; days of one cycle lie less than two weeks apart."""

    drugs: tuple[str, ...]
    at_least: int | None = None
    at_most: int | None = None


@dataclass(frozen=True, slots=True)
class Progressed:
    """The disease progressed or came back on or after one of these drugs.

    ``line`` asks that the drug belonged to that line of systemic treatment (1 is the first), and that it was the first
    progression after it.
    """

    after: tuple[str, ...]
    line: int | None = None


@dataclass(frozen=True, slots=True)
class OtherMalignancy:
    """A cancer beside the one the trial is about, present or treated fewer than ``within_days`` days ago.

    ``than`` says which tumours are the trial's own disease; ``spared`` which others do not count.
    """

    than: tuple[Diagnosis, ...]
    spared: tuple[Spared, ...] = ()
    within_days: int | None = None


@dataclass(frozen=True, slots=True)
class Underwent:
    """One of these procedures was done, fewer than ``within_days`` days ago if that is given."""

    procedures: tuple[str, ...]
    within_days: int | None = None


@dataclass(frozen=True, slots=True)
class Vaccinated:
    """One of these vaccines was given, fewer than ``within_days`` days ago if that is given."""

    vaccines: tuple[str, ...]
    within_days: int | None = None


@dataclass(frozen=True, slots=True)
class AllergicTo:
    """A known allergy to one of these drugs, classes or substances."""

    substances: tuple[str, ...]


class Reason(enum.Enum):
    """Why a line of the protocol is a question to a person and not a computation."""

    JUDGEMENT = "judgement"
    NOT_COMPUTABLE = "not-computable"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question no record settles: consent, contraception, life expectancy, an investigator's view."""

    question: str
    reason: Reason = Reason.JUDGEMENT


def _some(rules: tuple[Rule, ...]) -> None:
    if not rules:
        message = "a composite rule needs at least one part"
        raise ValueError(message)


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of these hold."""

    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        """Refuse to be made of nothing."""
        _some(self.rules)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these holds."""

    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        """Refuse to be made of nothing."""
        _some(self.rules)


@dataclass(frozen=True, slots=True)
class Not:
    """This does not hold. Absence of a record counts here only as the concept's absence policy allows."""

    rule: Rule


@dataclass(frozen=True, slots=True)
class IfThen:
    """One limit where a condition holds, another where it does not; where it is unknown, both are tested."""

    condition: Rule
    then: Rule
    otherwise: Rule


@dataclass(frozen=True, slots=True)
class Readings:
    """A protocol's wording that can be read in several ways: settled only where all readings agree."""

    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        """Refuse to be made of nothing."""
        _some(self.rules)


Rule = (
    Age
    | SexIs
    | Diagnosis
    | HasCondition
    | Measured
    | Undetectable
    | PerformanceStatus
    | Exposed
    | Received
    | Lines
    | Cycles
    | Progressed
    | OtherMalignancy
    | Underwent
    | Vaccinated
    | AllergicTo
    | Asked
    | AllOf
    | AnyOf
    | Not
    | IfThen
    | Readings
)


def parts_of(rule: Rule) -> tuple[Rule, ...]:
    """Give the rules that a rule is directly composed of."""
    match rule:
        case AllOf() | AnyOf() | Readings():
            return rule.rules
        case Not():
            return (rule.rule,)
        case IfThen():
            return rule.condition, rule.then, rule.otherwise
        case _:
            return ()


def leaves(rule: Rule) -> Iterator[Rule]:
    """Give the rules that a rule is composed of, down to those that look at the chart."""
    if isinstance(rule, AllOf | AnyOf | Readings | Not | IfThen):
        for part in parts_of(rule):
            yield from leaves(part)
    else:
        yield rule


class Section(enum.Enum):
    """Which part of the protocol a criterion stands in."""

    INCLUSION = "inclusion"
    EXCLUSION = "exclusion"


DRAFT = "Draft, not reviewed."
"""What the note of a criterion begins with that was read out of the registry's text by machine."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of one trial: its rule, its words, and the registry lines it stands for (numbered from 1).

    ``id`` stays the same across versions of a definition. ``disease`` marks the criteria that say which disease the
    trial is about. ``note`` says how the text was read where that is not plain. ``plain`` says to a patient what is
    asked, in words for everyone. ``span`` is the piece of the registry's text that a draft was made from: its first
    character, counted from 0, and the one behind its last.
    """

    id: str
    label: str
    rule: Rule
    section: Section = Section.INCLUSION
    lines: tuple[int, ...] = ()
    disease: bool = False
    note: str = ""
    plain: str = ""
    span: tuple[int, int] | None = None

    @property
    def draft(self) -> bool:
        """Whether a machine read it out of the registry's text and nobody has reviewed it."""
        return self.note.startswith(DRAFT)
