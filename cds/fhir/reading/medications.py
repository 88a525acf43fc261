"""Medication entries into exposures: what was stated, ordered, handed over or given, and which drug it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.core.chart import Exposure, ExposureStatus, Told
from cds.core.codes import Coded
from cds.core.product_names import ingredient_names
from cds.fhir.reading.amounts import exact
from cds.fhir.reading.days import later
from cds.fhir.reading.dosages import read_dosage
from cds.fhir.reading.elements import NOWHEN, Elements, Span, merged, names
from cds.fhir.reading.extensions import TERMINATION, extended, intent_of
from cds.fhir.reading.versions import server_of
from cds.fhir.values import CannotReadError, Json, first, many, part, text, true, word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cds.core.dates import PartialDate
    from cds.fhir.reading.versions import Entry

_DROPPED = "entered-in-error"
_NOT_ORDERS = frozenset({"proposal", "option"})
_DEEPEST_MIXTURE = 4

_COMMON = {
    "active": ExposureStatus.ACTIVE,
    "in-progress": ExposureStatus.ACTIVE,
    "completed": ExposureStatus.ENDED,
    "stopped": ExposureStatus.ENDED,
    "ended": ExposureStatus.ENDED,
    "on-hold": ExposureStatus.ON_HOLD,
    "not-taken": ExposureStatus.NEVER,
    "not-done": ExposureStatus.NEVER,
    "cancelled": ExposureStatus.NEVER,
    "canceled": ExposureStatus.NEVER,
    "declined": ExposureStatus.NEVER,
    "intended": ExposureStatus.NEVER,
    "draft": ExposureStatus.NEVER,
    "preparation": ExposureStatus.NEVER,
}

_DISPENSED = {
    "in-progress": ExposureStatus.NEVER,
    "on-hold": ExposureStatus.NEVER,
    "stopped": ExposureStatus.UNKNOWN,
    "completed": ExposureStatus.UNKNOWN,
}
"""A dispense is under way until the drug is handed over; once it is, nobody has said whether it is still taken."""

_STATED = {"draft": ExposureStatus.UNKNOWN}
"""A statement of R5 that is not finished may still be right; an order that is a draft is none yet."""

_ADHERENCE = {"taking": ExposureStatus.ACTIVE, "on-hold": ExposureStatus.ON_HOLD, "stopped": ExposureStatus.ENDED}
"""Whether a drug is taken, by R5 ``medication-statement-adherence``, in which a narrower code begins with its broader
one (``stopped-as-directed``). ``not-taking`` is not here: it does not say whether the drug was taken before, so that
the entry is not read: as a drug of unknown status it would count as one that was taken at some time."""

_BY_TYPE = {"MedicationDispense": _DISPENSED, "MedicationStatement": _STATED}


_NEGATIONS = ("doNotPerform", "notGiven", "notDone", "wasNotGiven", "wasNotTaken")
"""An order not to give (R4), and what STU3 and DSTU2 say beside the status of what was not given, dispensed or taken.

Source: the resources of STU3 as the PyPI package ``fhir.resources`` has them (``fhir.resources.STU3``).
"""
_NOT_TAKEN_NOW = "it says that the drug is not taken, and not whether it was before"


class Drugs:
    """The Medication resources that came with a chart, found by the references that entries make to them."""

    __slots__ = ("_by_reference", "_server", "_servers", "unsent")

    def __init__(self, sent: Iterable[Entry], server: str = "") -> None:
        """Take them with their references and the URLs of their entries; those without one are of ``server``.

        ``unsent`` tells whether a mixture was found with an ingredient of which nothing came, or an entry of which
        nothing came but the words for a product.
        """
        self.unsent = False
        self._by_reference: dict[str, Json] = {}
        self._servers: dict[str, str] = {}
        self._server = server_of(f"{server.rstrip('/')}/Medication/1")
        for each in sent:
            self._by_reference.update((name, each.resource) for name in (each.reference, each.url) if name)
            self._servers[each.reference] = server_of(each.url)

    def find(self, reference: str, contained: object) -> Json | None:
        """Give the Medication that a reference points to, inside the entry (``#id``) or beside it.

        A pointer without a reference (a display alone) points to none, even where a Medication came without an address.
        An address on another server is another drug, although it may end alike.
        """
        if not reference:
            return None
        if reference.startswith("#"):
            inside = (each for each in many(contained) if isinstance(each, dict))
            return next((each for each in inside if text(each.get("id")).lstrip("#") == reference[1:]), None)
        known = self._by_reference.get(reference)
        if known is not None:
            return known
        tail = reference.partition("/_history/")[0].rpartition("/")[2].rpartition(":")[2]
        found = f"Medication/{tail}"
        meant, here = server_of(reference), self._servers.get(found) or self._server
        return None if meant and here and meant != here else self._by_reference.get(found)


def read_exposures(name: str, drugs: Drugs) -> Callable[[Json, str, Elements], list[Exposure]]:
    """Give the reader for one of the four medication types.

    The reader gives the exposure of one entry, or none where it is an error or a mere proposal. It raises
    :class:`CannotReadError` where the entry does not say which drug, or refers to one that was not sent.
    """
    told, when, statuses = _TOLD[name], _TIMES[name], _COMMON | _BY_TYPE.get(name, {})

    def read(resource: Json, reference: str, elements: Elements) -> list[Exposure]:
        said = word(resource.get("status"))
        if said == _DROPPED or word(resource.get("intent")) in _NOT_ORDERS:
            return []
        code = _drug(resource, elements, drugs)
        if said == "recorded" and _adherence_code(resource) == "not-taking":
            raise CannotReadError(_NOT_TAKEN_NOW)
        start, end = when(resource, elements)
        status = _status(resource, statuses.get(said, ExposureStatus.UNKNOWN), end)
        taken = read_dosage(resource, elements)
        intent, why = intent_of(resource, elements), _stopped_for(resource, status, elements)
        return [
            Exposure(
                code, reference, status, start, end, taken.route, said, told, taken.dose, taken.per_day, intent, why
            )
        ]

    return read


# ----------------------------------------------------------------------------------------------------- which drug
def _drug(resource: Json, elements: Elements, drugs: Drugs) -> Coded:
    concept, pointer = resource.get("medicationCodeableConcept"), resource.get("medicationReference")
    if concept is None and pointer is None:
        concept, pointer = _either(resource.get("medication"))
    told = elements.named(concept)
    if pointer is None:
        if told is None:
            raise CannotReadError("it does not say which drug")
        return told
    target = drugs.find(text(part(pointer, "reference")), resource.get("contained"))
    display = _shown(pointer, elements)
    inside = None if target is None else _medication(target, elements, drugs, _DEEPEST_MIXTURE)
    found = merged(told, inside, display)
    if found is None:
        raise CannotReadError("the drug it refers to was not sent" if target is None else "its drug cannot be read")
    drugs.unsent |= target is None and told is None and _is_a_product(pointer)
    return found


def _is_a_product(pointer: object) -> bool:
    """Say whether the words beside a reference name a product, with a number in it, that cannot be taken apart.

    The Medication that did not come would have said by its code what it is.
    """
    shown = text(part(pointer, "display"))
    return bool(text(part(pointer, "reference"))) and any(map(str.isdigit, shown)) and not ingredient_names(shown)


def _shown(pointer: object, elements: Elements) -> Coded | None:
    """Take the words beside a reference for the name of the drug: of a product, as often as of what it is made of."""
    shown = text(part(pointer, "display"))
    return elements.named({"text": shown}) if shown else None


def _either(sent: object) -> tuple[object, object]:
    """Tell a concept from a reference where both may stand (R5 ``medication``)."""
    sent = first(sent)
    if not isinstance(sent, dict):
        return sent, None
    if "concept" in sent or ("reference" in sent and isinstance(sent["reference"], dict)):
        return sent.get("concept"), sent.get("reference")
    return (None, sent) if "reference" in sent else (sent, None)


def _medication(target: Json, elements: Elements, drugs: Drugs, depth: int) -> Coded | None:
    """Read a Medication: its code and those of its ingredients, mixtures of mixtures included."""
    told = elements.named(target.get("code"))
    if told is None or not told.text:
        told = merged(told, _identified(target))
    parts = [each for each in many(target.get("ingredient")) if isinstance(each, dict)] if depth else []
    inner = [_ingredient(each, target, elements, drugs, depth) for each in parts if each.get("isActive") is not False]
    return merged(told, *inner)


def _identified(target: Json) -> Coded | None:
    """Take the words among a Medication's identifiers as its names: some formularies keep them there."""
    words = [text(part(each, "value")) for each in many(target.get("identifier"))]
    found = [each for each in words if each.replace(" ", "").replace("-", "").isalpha()]
    return Coded(names(*found), found[-1]) if found else None


def _ingredient(sent: Json, target: Json, elements: Elements, drugs: Drugs, depth: int) -> Coded | None:
    concept, pointer = sent.get("itemCodeableConcept"), sent.get("itemReference")
    if concept is None and pointer is None:
        concept, pointer = _either(sent.get("item"))
    beside = None if pointer is None else drugs.find(text(part(pointer, "reference")), target.get("contained"))
    inside = None if beside is None else _medication(beside, elements, drugs, depth - 1)
    found = merged(elements.named(concept), inside, _shown(pointer, elements))
    drugs.unsent |= found is None
    return found


# ------------------------------------------------------------------------------------------------- whether and when
def _status(resource: Json, told: ExposureStatus, end: PartialDate | None) -> ExposureStatus:
    if any(true(resource.get(name)) for name in _NEGATIONS) or word(resource.get("taken")) == "n":
        return ExposureStatus.NEVER
    if told is not ExposureStatus.UNKNOWN:
        return told
    if end is not None and resource.get("daysSupply") is not None:
        return ExposureStatus.ENDED
    return _adherence(resource)


def _adherence(resource: Json) -> ExposureStatus:
    sent = _adherence_code(resource)
    told = (status for code, status in _ADHERENCE.items() if sent == code or sent.startswith(f"{code}-"))
    return next(told, ExposureStatus.UNKNOWN)


def _adherence_code(resource: Json) -> str:
    return word(part(resource.get("adherence"), "code"))


def _stopped_for(resource: Json, status: ExposureStatus, elements: Elements) -> tuple[Coded, ...]:
    """Give why it was ended; the reason for a status is that only where the status is an end."""
    told = extended(resource, TERMINATION, elements)
    if status is ExposureStatus.ENDED:
        told += elements.all_coded(resource.get("statusReason") or part(resource, "adherence", "reason"))
    return tuple(dict.fromkeys(told))


def _bounds(dosages: list[object], start: PartialDate | None, elements: Elements) -> Span:
    """Give the first beginning and the last end that the dosing instructions name."""
    if not dosages:
        return NOWHEN
    spans = [_bound(part(each, "timing", "repeat"), start, elements) for each in dosages]
    starts = [begun for begun, _ in spans if begun is not None]
    ends = [ended for _, ended in spans if ended is not None]
    last = max(ends, key=lambda day: day.latest) if ends and len(ends) == len(spans) else None
    return (min(starts, key=lambda day: day.earliest) if starts else None, last)


_DAYS = {"d": 1, "day": 1, "days": 1, "wk": 7, "week": 7, "weeks": 7}


def _bound(repeat: object, start: PartialDate | None, elements: Elements) -> Span:
    period = part(repeat, "boundsPeriod")
    if period is not None:
        return elements.period(period)
    length = part(repeat, "boundsDuration")
    days = _whole_days(part(length, "value"))
    step = _DAYS.get(text(part(length, "code")) or text(part(length, "unit")))
    if start is None or days is None or step is None:
        return NOWHEN
    return (start, later(start, days * step - 1))


def _whole_days(value: object) -> int | None:
    count = exact(value)
    return int(count) if count is not None and 1 <= count < 36500 and count == int(count) else None  # noqa: PLR2004


def _stated(resource: Json, elements: Elements) -> Span:
    if resource.get("effectiveDateTime") is not None and _goes_on(resource):
        return (elements.date(resource["effectiveDateTime"]), None)
    span = elements.span(resource, "effective")
    return span if any(span) else _bounds(many(resource.get("dosage")), None, elements)


def _goes_on(resource: Json) -> bool:
    said = word(resource.get("status"))
    if said == "recorded":
        return _adherence(resource) in {ExposureStatus.ACTIVE, ExposureStatus.ON_HOLD}
    return said in {"active", "on-hold"}


def _ordered(resource: Json, elements: Elements) -> Span:
    """Give when an ordered drug is taken: from the order on, unless its dosing (or R5's summary of it) says otherwise.

    The days on which the pharmacy may dispense (``dispenseRequest.validityPeriod``) say nothing of that.
    """
    written = elements.date(resource.get("authoredOn"))
    start, end = _bounds(many(resource.get("dosageInstruction")), written, elements)
    if start is None and end is None:
        start, end = elements.period(resource.get("effectiveDosePeriod"))
    return (start or written, end)


def _given(resource: Json, elements: Elements) -> Span:
    for stem in ("effective", "occurrence", "occurence", "effectiveTime"):
        start, end = elements.span(resource, stem)
        if start or end:
            return (start, end)
    return NOWHEN


def _handed_over(resource: Json, elements: Elements) -> Span:
    day = elements.date(resource.get("whenHandedOver")) or elements.date(resource.get("whenPrepared"))
    days = _whole_days(part(resource.get("daysSupply"), "value"))
    return (day, later(day, days - 1) if day and days else None)


_TIMES = {
    "MedicationStatement": _stated,
    "MedicationRequest": _ordered,
    "MedicationAdministration": _given,
    "MedicationDispense": _handed_over,
}

_TOLD = {
    "MedicationStatement": Told.STATED,
    "MedicationRequest": Told.ORDERED,
    "MedicationAdministration": Told.GIVEN,
    "MedicationDispense": Told.DISPENSED,
}
