"""The limits of a test that only says whether something is there."""

from __future__ import annotations

from fractions import Fraction

from cds.core.limits import Against, Limit

__all__ = ["ABSENT", "PRESENT"]

PRESENT = Limit(Fraction(1), "{presence}", Against.UNIT, inclusive=True)
ABSENT = Limit(Fraction(0), "{presence}", Against.UNIT, inclusive=True)
