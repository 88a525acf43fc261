"""Results that a person says, laid over a chart: each is a result of its day, and told for what it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from cds.core.chart import Measurement, ReferenceRange, Word
from cds.core.codes import NAME, Code, Coded
from cds.core.dates import PartialDate
from cds.core.finding import SAID
from cds.core.quantities import Comparator, Quantity
from cds.core.scales import reads_unit, shown_unit
from cds.core.wording import PRESENCE

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from cds.core.chart import Chart
    from cds.core.vocabulary import Scale, Vocabulary

__all__ = ["Said", "laid_over", "unknown_in"]


@dataclass(frozen=True, slots=True)
class Said:
    """A result as a person says it: what was measured, how much, on which day.

    ``low`` and ``high`` are the limits of normal in the same unit, where they were said too. ``note`` is what else was
    said: who measured, who told.
    """

    concept: str
    value: Decimal
    unit: str
    date: dt.date
    comparator: Comparator = Comparator.EXACTLY
    low: Decimal | None = None
    high: Decimal | None = None
    note: str = ""


def unknown_in(said: Said, vocabulary: Vocabulary) -> str | None:
    """Name what of a result the tables do not know, ``concept`` or ``unit``, so that it could not be heard."""
    concept = vocabulary.concepts.get(said.concept)
    if concept is None or concept.scale is None:
        return "concept"
    return None if reads_unit(said.unit, concept.scale) else "unit"


def laid_over(chart: Chart, said: Sequence[Said], vocabulary: Vocabulary) -> Chart:
    """Give the chart with these results in it, the first as ``attested/1``; the tables must know them.

    What was read, and how completely, stays as it is: a person's word is no reading.
    """
    if not said:
        return chart
    laid = (_measurement(each, place, vocabulary) for place, each in enumerate(said, start=1))
    return replace(chart, measurements=(*chart.measurements, *laid))


def _measurement(said: Said, place: int, vocabulary: Vocabulary) -> Measurement:
    concept = vocabulary.concepts[said.concept]
    shown = said.unit if concept.scale is None else shown_unit(said.unit, concept.scale)
    units = tuple(dict.fromkeys((said.unit, shown)))

    def end(number: Decimal | None) -> Quantity | None:
        return None if number is None else Quantity(number, units)

    normal = ReferenceRange(end(said.low), end(said.high))
    return Measurement(
        Coded(text=concept.display),
        f"{SAID}{place}",
        _in_words(said, concept.scale) or Quantity(said.value, units, said.comparator),
        PartialDate.on(said.date),
        ranges=() if normal == ReferenceRange() else (normal,),
        attested=Word(said.concept, said.note),
    )


def _in_words(said: Said, scale: Scale | None) -> str:
    """Say what is there or not in words, as a laboratory would: nought and one are how it is counted."""
    exact = said.comparator is Comparator.EXACTLY
    words = {Decimal(0): "negative", Decimal(1): "positive"}.get(said.value, "") if exact else ""
    present = scale is not None and scale.unit == PRESENCE
    return words if present and scale is not None and Code(NAME, words) in scale.answers else ""
