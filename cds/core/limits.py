"""What the nodes of the criterion language are told with: limits, equations, washouts, doses, kinds spared."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction


class Against(enum.Enum):
    """What a limit is a number of: the unit named, or times the upper or lower limit of the result's own range."""

    UNIT = "unit"
    ULN = "uln"
    LLN = "lln"


@dataclass(frozen=True, slots=True)
class Limit:
    """One end of what a trial allows: ``2.5`` × ULN, inclusive; ``9`` g/dL, strict. The unit is blank for multiples."""

    value: Fraction
    unit: str = ""
    against: Against = Against.UNIT
    inclusive: bool = True


class Formula(enum.Enum):
    """The equations by which a value is computed from others; which weight Cockcroft-Gault takes is part of its name.

    ``cds.core.derive`` holds them, each with its source.
    """

    MDRD = "mdrd"
    CKD_EPI_2009 = "ckd-epi-2009"
    CKD_EPI_2021 = "ckd-epi-2021"
    COCKCROFT_GAULT_ACTUAL = "cockcroft-gault-actual"
    COCKCROFT_GAULT_IDEAL = "cockcroft-gault-ideal"
    COCKCROFT_GAULT_ADJUSTED = "cockcroft-gault-adjusted"
    ANC_FROM_PERCENT = "anc-from-percent"
    ANC_FROM_COUNTS = "anc-from-counts"
    QTC_FRIDERICIA = "qtc-fridericia"
    QTC_BAZETT = "qtc-bazett"
    BMI = "bmi"
    BSA_MOSTELLER = "bsa-mosteller"
    BSA_DU_BOIS = "bsa-du-bois"
    CORRECTED_CALCIUM = "corrected-calcium"


@dataclass(frozen=True, slots=True)
class Clear:
    """Results count only if taken at least ``days`` days after one of the drugs was last begun or given."""

    drugs: tuple[str, ...]
    days: int


class Whichever(enum.Enum):
    """Which of two spans a washout takes: days, or a number of half-lives."""

    LONGER = "longer"
    SHORTER = "shorter"


@dataclass(frozen=True, slots=True)
class HalfLives:
    """A number of half-lives of the drug, beside the days of a washout, and which of the two counts."""

    count: int
    whichever: Whichever


@dataclass(frozen=True, slots=True)
class DailyDose:
    """A daily dose in milligrams of a scale's drug: 10 mg of ``prednisone`` and all that it is equivalent to."""

    scale: str
    mg: Fraction


@dataclass(frozen=True, slots=True)
class Spared:
    """A kind of other tumour that does not count: of these histologies, sites and behaviours (none given: any)."""

    histologies: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    behaviours: tuple[str, ...] = ()
