"""Who, by the records, cannot become pregnant: what a protocol's request for a pregnancy test is never made of."""

from __future__ import annotations

from cds.core.chart import Sex
from cds.core.criteria import Age, AnyOf, HasCondition, SexIs, Underwent

__all__ = ["CONDITIONS", "PROCEDURES", "cannot_conceive"]

CONDITIONS = ("no-childbearing-potential",)
PROCEDURES = ("hysterectomy", "bilateral-oophorectomy")


def cannot_conceive(from_age: int) -> AnyOf:
    """Write out who cannot become pregnant, from the age in years at which a protocol takes it for granted."""
    return AnyOf((SexIs(Sex.MALE), Age(at_least=from_age), HasCondition(CONDITIONS), Underwent(PROCEDURES)))
