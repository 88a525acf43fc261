"""How completely each kind of entry was read, from how the searches went or from what a caller says of a bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.core.chart import Extent, Kind
from cds.errors import BadCall
from cds.fhir.answer import NOT_ASKED, Answer, AnswerState
from cds.fhir.names import KIND_OF, TYPES_OF

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cds.fhir.searches import Search

_NOTHING = frozenset({AnswerState.FAILED, AnswerState.NOT_OFFERED, AnswerState.NOT_ASKED})
_MAIN_MEDICATION = frozenset({"MedicationStatement", "MedicationRequest"})


class Coverage:
    """An account of what was read, kind by kind, that can only get worse as reading goes on."""

    __slots__ = ("_extents", "_reasons")

    def __init__(self, extents: Mapping[Kind, Extent]) -> None:
        """Begin with what the searches or the caller promise."""
        self._extents = dict(extents)
        self._reasons: dict[Kind, dict[str, None]] = {}

    def note(self, kind: Kind, why: str) -> None:
        """Keep a reason why a kind is not complete."""
        self._reasons.setdefault(kind, {})[why] = None

    def dent(self, kind: Kind | None, why: str) -> None:
        """Take back that a kind was read completely (none: any of them may be the one)."""
        for each, extent in tuple(self._extents.items()):
            if kind in {None, each} and extent is not Extent.NOT_READ:
                self._extents[each] = Extent.PARTIAL
                self.note(each, why)

    def lose(self, kind: Kind, why: str) -> None:
        """Take back that a kind was read at all."""
        self._extents[kind] = Extent.NOT_READ
        self.note(kind, why)

    @property
    def extents(self) -> dict[Kind, Extent]:
        """The extent of each kind that was looked for."""
        return dict(self._extents)

    @property
    def gaps(self) -> dict[Kind, str]:
        """Why each incomplete kind is so, in words."""
        return {
            kind: "; ".join(self._reasons.get(kind, ())) or "it was not read"
            for kind, extent in self._extents.items()
            if extent is not Extent.COMPLETE
        }


def covered_by_answers(answers: Mapping[str, Answer], searches: Iterable[Search]) -> Coverage:
    """Judge coverage by how the searches went: a kind is complete where all its searches are.

    Medication is told in four types of resource, of which servers offer some: it is complete where each search was
    answered in full or is not offered there, and statements or requests are among those answered.
    """
    by_kind: dict[Kind, list[tuple[Search, Answer]]] = {}
    for search in searches:
        if search.kind is not None:
            by_kind.setdefault(search.kind, []).append((search, answers.get(search.key, NOT_ASKED)))
    coverage = Coverage({kind: _extent(kind, asked) for kind, asked in by_kind.items()})
    for kind, asked in by_kind.items():
        for search, answer in asked:
            if answer.state is not AnswerState.COMPLETE:
                coverage.note(kind, f"{search.key}: {answer.why or answer.state.value}")
    return coverage


def _extent(kind: Kind, asked: list[tuple[Search, Answer]]) -> Extent:
    told = (
        [pair for pair in asked if pair[1].state is not AnswerState.NOT_OFFERED] if kind is Kind.MEDICATION else asked
    )
    states = {answer.state for _, answer in told}
    if states <= _NOTHING:
        return Extent.NOT_READ
    main = kind is not Kind.MEDICATION or any(search.resource_type in _MAIN_MEDICATION for search, _ in told)
    return Extent.COMPLETE if states == {AnswerState.COMPLETE} and main else Extent.PARTIAL


_CHOSEN = "a document holds what its author chose"


def covered_by_types(covered: Mapping[str, str] | None, present: Iterable[str], *, chosen: bool = False) -> Coverage:
    """Judge a bundle's coverage: types that are present count as complete unless the caller says otherwise.

    In a document (``chosen``) they count as partial, but for the patient: a patient summary leaves out what its author
    did not find relevant, so that what it does not tell may be there all the same.
    Raises :class:`BadCall` for a type that is not read here and for a word that is not one of the three.
    """
    told_by_caller = _checked(covered or {})
    whole = Extent.PARTIAL if chosen else Extent.COMPLETE
    said = {name: whole for name in present if name in KIND_OF} | told_by_caller
    if chosen and "Patient" in said:
        said["Patient"] = told_by_caller.get("Patient", Extent.COMPLETE)
    extents = {}
    for kind, names in TYPES_OF.items():
        told = {said[name] for name in names if name in said}
        if told:
            extents[kind] = told.pop() if len(told) == 1 else Extent.PARTIAL
    coverage = Coverage(extents)
    for kind, extent in extents.items():
        if extent is not Extent.COMPLETE:
            by_caller = any(name in told_by_caller for name in TYPES_OF[kind])
            coverage.note(kind, "the caller says so" if by_caller else _CHOSEN)
    return coverage


def _checked(covered: Mapping[str, str]) -> dict[str, Extent]:
    words = {extent.value: extent for extent in Extent}
    for name, value in covered.items():
        if name not in KIND_OF:
            raise BadCall(f"covered: {name!r} is not a resource type that is read here ({', '.join(KIND_OF)})")
        if value not in words:
            raise BadCall(f"covered.{name}: must be one of {', '.join(words)}")
    return {name: words[value] for name, value in covered.items()}
