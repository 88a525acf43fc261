"""Draft orders of the ordering hooks into what the chart would hold if they were carried out today.

Source: https://cds-hooks.hl7.org/hooks/ (order-select, order-sign): in R4 the orders are MedicationRequest and
ServiceRequest resources with a draft status; while they are being written, much of them may not be said yet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cds.core.chart import Lost, Procedure, Told, Vaccination
from cds.core.dates import PartialDate
from cds.core.orders import Draft
from cds.errors import BadCall
from cds.fhir.reading.elements import Elements
from cds.fhir.reading.medications import Drugs, read_exposures
from cds.fhir.reading.person import Subjects
from cds.fhir.reading.read import GARBLED
from cds.fhir.reading.versions import Entry
from cds.fhir.values import CannotReadError, Json, text, true, word

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from cds.core.chart import Chart, Exposure
    from cds.core.codes import Coded
    from cds.core.vocabulary import Vocabulary

_WITHDRAWN = frozenset(
    {"cancelled", "canceled", "completed", "ended", "entered-in-error", "on-hold", "revoked", "stopped"}
)
"""An order that is being signed again in order to end it, or to halt it for a while, starts nothing."""
_NO_CODE = "it does not say what is ordered"


@dataclass(frozen=True, slots=True)
class Drafts:
    """The orders that could be read, and those that could not; orders of other kinds are passed over."""

    orders: tuple[Draft, ...] = ()
    lost: tuple[Lost, ...] = ()

    def counted(self, vocabulary: Vocabulary) -> Mapping[str, int]:
        """Say how many could be judged: an order whose code is not in the tables closes nothing that is known."""
        strange = sum(not any(map(vocabulary.recognises, each.codes)) for each in self.orders)
        told = {"judged": len(self.orders) - strange, "unrecognised": strange, "unread": len(self.lost)}
        return {state: number for state, number in told.items() if number}

    def beside(self, chart: Chart) -> Chart:
        """Give the chart with the orders that could not be read counted among what was lost."""
        return replace(chart, lost=chart.lost + self.lost) if self.lost else chart


def read_drafts(resources: Sequence[object], patient_id: str, zone: ZoneInfo, as_of: dt.date) -> Drafts:
    """Read the orders that are being written for a patient, each taken to start on ``as_of``.

    A vaccine may be ordered as a drug or as a service: what the code means decides, not the type. Raises ``BadCall``
    for an order that is another patient's.
    """
    sent = [each for each in resources if isinstance(each, dict)]
    drugs = Drugs(Entry(each, f"Medication/{text(each.get('id'))}", "") for each in sent if _is(each, "Medication"))
    reading = _Reading(Elements(zone), drugs, PartialDate.on(as_of), Subjects([patient_id], (), lonely=True))
    orders: list[Draft] = []
    lost: list[Lost] = []
    for number, order in enumerate(sent, start=1):
        read = reading.reader(order)
        if read is None:
            continue
        name = f"{order['resourceType']}/{text(order.get('id')) or number}"
        if reading.subjects.fault(order) is not None:
            raise BadCall("context.draftOrders: holds an order that is not of the patient named in context.patientId")
        try:
            orders += read(order, name)
        except CannotReadError as why:
            lost.append(Lost(name, str(why)))
        except GARBLED:
            lost.append(Lost(name, "it is not put together as FHIR says"))
    return Drafts(tuple(orders), tuple(lost))


def _is(resource: Json, name: str) -> bool:
    return resource.get("resourceType") == name


@dataclass(frozen=True, slots=True)
class _Reading:
    elements: Elements
    drugs: Drugs
    today: PartialDate
    subjects: Subjects

    def reader(self, order: Json) -> Callable[[Json, str], list[Draft]] | None:
        """Give what reads an order of this type; nothing for one that no criterion could be closed by."""
        if word(order.get("status")) in _WITHDRAWN or true(order.get("doNotPerform")):
            return None
        kinds = {"MedicationRequest": self._drug, "ServiceRequest": self._service}
        kind = order.get("resourceType")
        return kinds.get(kind) if isinstance(kind, str) else None

    def _drug(self, order: Json, name: str) -> list[Draft]:
        """Read an order of a drug as one that is active and was written today."""
        written = order | {"status": "active", "intent": "order", "authoredOn": self.today.earliest.isoformat()}
        read = read_exposures("MedicationRequest", self.drugs)
        exposures = tuple(self._from_today(each) for each in read(written, name, self.elements))
        code = exposures[0].code
        return [Draft(name, _words(code), exposures, (), (Vaccination(code, name, self.today),))]

    def _from_today(self, exposure: Exposure) -> Exposure:
        """Let a course that is planned for a later day begin today: what is ordered counts from its signing on."""
        late = exposure.start is not None and exposure.start.earliest > self.today.earliest
        return replace(exposure, start=self.today if late else exposure.start, told=Told.DRAFTED)

    def _service(self, order: Json, name: str) -> list[Draft]:
        """Read an order of something to be done as done today."""
        code = self.elements.named(_concept(order.get("code")))
        if code is None:
            raise CannotReadError(_NO_CODE)
        sites = self.elements.all_coded(order.get("bodySite"))
        done = Procedure(code, name, self.today, self.today, sites)
        return [Draft(name, _words(code), (), (done,), (Vaccination(code, name, self.today),))]


def _concept(sent: object) -> object:
    """Give the concept where it may stand inside a CodeableReference (R5)."""
    return sent["concept"] if isinstance(sent, dict) and "concept" in sent else sent


def _words(code: Coded) -> str:
    """Give what an order is called: its text, else what its codes are shown as."""
    return code.text or next((each.value for each in code.codes), "this order")
