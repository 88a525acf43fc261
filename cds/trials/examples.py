"""Example patients of a trial: a chart in the short notation, with what the trial must come to for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cds.core.chart import Chart, Extent, Kind, Person, Sex
from cds.core.dates import PartialDate
from cds.core.truth import Truth
from cds.core.verdict import Standing
from cds.errors import BadTrial
from cds.files import read_yaml
from cds.trials.fields import Fields, Place, ValueT, day, flag, one_of, word, words
from cds.trials.notation import EVERYTHING, SECTIONS, chart_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from cds.files import Block
    from cds.trials.codebook import Codebook

_STANDINGS = one_of({standing.value: standing for standing in Standing})
_TRUTHS = one_of({truth.value: truth for truth in Truth})
_SEXES = one_of({sex.value: sex for sex in Sex})
_EXTENTS = one_of({extent.value: extent for extent in Extent})
_NO_ROWS: tuple[str, ...] = ()
_KINDS = {kind.value: kind for kind in Kind}


@dataclass(frozen=True, slots=True)
class ExamplePatient:
    """An example patient as the file has it: who, the rows of the chart, and what the trial must come to on a day.

    ``cohorts`` and ``findings`` say what single cohorts and criteria must come to, by their ids. The rows are kept as
    they were written, so that a variant of a patient is the same rows with one of them changed.
    """

    file: str
    about: str
    as_of: dt.date
    verdict: Standing
    person: Person
    rows: Mapping[str, tuple[str, ...]]
    covered: Mapping[Kind, Extent]
    chart: Chart
    cohorts: Mapping[str, Standing] = field(default_factory=dict)
    findings: Mapping[str, Truth] = field(default_factory=dict)


def example_of(block: Block, file: str, codebook: Codebook) -> ExamplePatient:
    """Read an example patient; raise :class:`~cds.errors.BadTrial` with file, section, row and words."""
    place = Place(file)
    fields = Fields.of(block, place)
    person = fields.read("patient", _person, Person())
    rows = {section: fields.read(section, words, _NO_ROWS) for section in SECTIONS}
    covered = fields.read("covered", _covered, EVERYTHING)
    as_of = fields.need("as_of", day)
    if as_of is None:
        raise place.fault("as_of is missing")
    example = ExamplePatient(
        file=file,
        about=fields.need("about", word),
        as_of=as_of,
        verdict=fields.need("verdict", _STANDINGS),
        person=person,
        rows=rows,
        covered=covered,
        chart=chart_of(rows, codebook, place, person=person, covered=covered),
        cohorts=fields.read("cohorts", lambda value, where: _each(value, where, _STANDINGS), {}),
        findings=fields.read("findings", lambda value, where: _each(value, where, _TRUTHS), {}),
    )
    fields.done()
    return example


def example_files(folder: Path, nct_id: str) -> list[Path]:
    """Give the files of a trial's example patients, beside the definitions, in the order of their names."""
    return sorted((folder / "examples" / nct_id).glob("*.yaml"))


def load_example(path: Path, codebook: Codebook) -> ExamplePatient:
    """Read one example patient of a trial."""
    file = f"examples/{path.parent.name}/{path.name}"
    return example_of(read_yaml(path, file, BadTrial), file, codebook)


def _person(value: object, place: Place) -> Person:
    fields = Fields.of(value, place)
    person = Person(
        born=fields.read("born", _partial, None),
        sex=fields.read("sex", _SEXES, None),
        deceased=fields.read("deceased", flag, default=False),
        died=fields.read("died", _partial, None),
        opted_out=fields.read("opted_out", flag, default=False),
        reference="patient",
    )
    fields.done()
    return person


def _partial(value: object, place: Place) -> PartialDate:
    text = word(value, place)
    try:
        return PartialDate.parse(text)
    except ValueError as problem:
        raise place.fault(f"must be a date, not {text!r}") from problem


def _covered(value: object, place: Place) -> Mapping[Kind, Extent]:
    """Read how much was read: ``all``, or the kinds of which not all was; those that are not named were read whole."""
    if value == "all":
        return EVERYTHING
    named = _each(value, place, _EXTENTS)
    for name in named.keys() - _KINDS.keys():
        raise place.fault(f"there is no kind {name!r} (there are {', '.join(_KINDS)})")
    return {**EVERYTHING, **{_KINDS[name]: extent for name, extent in named.items()}}


def _each(value: object, place: Place, reader: Callable[[object, Place], ValueT]) -> dict[str, ValueT]:
    fields = Fields.of(value, place)
    return {name: fields.need(name, reader) for name in fields.block}
