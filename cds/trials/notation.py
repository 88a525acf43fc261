"""The short notation for charts: one line an entry, made of concept ids and plain words, without a line of FHIR.

Example patients of trials, the chapters of the specification and variants of a patient are all written in it; what the
words mean is told in ``trials/README.md``. A fault names the section, the number of the row and the words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.core.chart import Chart, Extent, Kind, Person
from cds.trials.entries import Entries
from cds.trials.rows import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cds.trials.codebook import Codebook
    from cds.trials.fields import Place
    from cds.trials.rows import EntryT

SECTIONS = ("results", "problems", "drugs", "procedures", "vaccines", "allergies")
EVERYTHING: Mapping[Kind, Extent] = dict.fromkeys(Kind, Extent.COMPLETE)


def chart_of(
    rows: Mapping[str, Sequence[str]],
    codebook: Codebook,
    place: Place,
    *,
    person: Person | None = None,
    covered: Mapping[Kind, Extent] = EVERYTHING,
) -> Chart:
    """Make a chart of the rows of its sections; raise :class:`~cds.errors.BadTrial` for a row that cannot be read.

    Each entry's reference is its section and row (``results/3``). Unless it is said otherwise, all was read.
    """
    unknown = sorted(rows.keys() - set(SECTIONS))
    if unknown:
        raise place.fault(f"there is no section {', '.join(unknown)}")
    entries = Entries(codebook)

    def read(section: str, entry: Callable[[Row, str], EntryT]) -> tuple[EntryT, ...]:
        return tuple(
            _entry(text, entry, f"{section}/{number}", place.at(section).at(f"row {number}"))
            for number, text in enumerate(rows.get(section, ()), start=1)
        )

    return Chart(
        person=person or Person(),
        measurements=read("results", entries.result),
        conditions=read("problems", entries.problem),
        exposures=read("drugs", entries.drug),
        procedures=read("procedures", entries.procedure),
        vaccinations=read("vaccines", entries.vaccination),
        allergies=read("allergies", entries.allergy),
        covered=covered,
        read={section: len(rows.get(section, ())) for section in SECTIONS if rows.get(section)},
    )


def _entry(text: str, entry: Callable[[Row, str], EntryT], reference: str, place: Place) -> EntryT:
    row = Row.of(text, place)
    made = entry(row, reference)
    row.done()
    return made
