"""The patient: age, sex, whether alive, whether open to research; and which entries are about this patient at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cds.core.chart import Person, Sex
from cds.core.codes import Code
from cds.fhir.reading.elements import Elements
from cds.fhir.reading.versions import server_of
from cds.fhir.values import Json, first, many, part, text, word

if TYPE_CHECKING:
    from collections.abc import Iterable

OTHER_PATIENT = "belongs to another patient"
_NO_PATIENT = "it does not say which patient it is about"
_NOT_A_PATIENT = "it is not about a patient"

_SEX = {
    "male": Sex.MALE,
    "m": Sex.MALE,
    "female": Sex.FEMALE,
    "f": Sex.FEMALE,
    "other": Sex.OTHER,
    "unknown": Sex.UNKNOWN,
}


def read_person(resource: Json, elements: Elements, opt_out: frozenset[Code], *, refused: bool) -> Person:
    """Give the patient.

    ``opt_out`` are the labels (``meta.security``, ``meta.tag``) by which a site marks patients who do not
    want to be told of research; ``refused`` says that a Flag or Consent does.
    """
    meta = resource.get("meta")
    labels = [*many(part(meta, "security")), *many(part(meta, "tag"))]
    marked = any(Code(text(part(each, "system")), text(part(each, "code"))) in opt_out for each in labels)
    return Person(
        born=elements.date(resource.get("birthDate")),
        sex=_SEX.get(word(resource.get("gender"))),
        deceased=any(_says_deceased(resource.get(name)) for name in _DECEASED),
        died=elements.date(resource.get("deceasedDateTime")),
        opted_out=marked or refused,
        reference=f"Patient/{text(resource.get('id'))}".rstrip("/"),
    )


_DECEASED = ("deceasedBoolean", "deceasedDateTime", "_deceasedDateTime", "deceased")


def _says_deceased(value: object) -> bool:
    """Say whether an element tells of a death: whatever it holds, unless that is a plain no."""
    sent = first(value)
    return sent is not None and sent != False and word(sent) != "false"  # noqa: E712 - a nought is a no as well


class Subjects:
    """Tells this patient's entries from those of others, by what their ``subject`` or ``patient`` refers to."""

    __slots__ = ("_judged", "_lonely", "_others", "_own", "_servers")

    def __init__(self, own: Iterable[str], others: Iterable[str], *, lonely: bool) -> None:
        """Know the patient by id and entry URL; ``others`` are patients known to be different ones.

        ``lonely``: nobody else is around, so that an entry which names nobody is taken for this patient's.
        """
        self._own = frozenset(filter(None, own))
        self._others = frozenset(filter(None, others))
        self._servers = frozenset(filter(None, map(server_of, self._own)))
        self._lonely = lonely
        self._judged: dict[str, str | None] = {}

    def fault(self, resource: Json) -> str | None:
        """Say why an entry is not to be read as this patient's, or nothing."""
        pointer = resource.get("subject")
        if pointer is None:
            pointer = resource.get("patient")
        if pointer is None:
            return None if self._lonely else _NO_PATIENT
        pointer = _only(pointer)
        sent = _only(pointer.get("reference")) if isinstance(pointer, dict) else pointer
        if not isinstance(sent, str):
            return _NO_PATIENT
        try:
            return self._judged[sent]
        except KeyError:
            found = self._judged[sent] = self._judge(sent.strip())
            return found

    def may_be_own(self, resource: Json) -> bool:
        """Say whether an entry is this patient's, or does not say whose it is: so much counts where it is a refusal."""
        return self.fault(resource) in {None, _NO_PATIENT}

    def knows_as_other(self, resource: Json) -> bool:
        """Say whether an entry is about another patient who is present, so that nothing of this one's is missing."""
        sent = text(part(resource.get("subject") or resource.get("patient"), "reference"))
        return sent in self._others or _tail(sent) in self._others

    def _judge(self, sent: str) -> str | None:
        if not sent or sent.startswith("#"):
            return _NO_PATIENT
        if sent in self._own:
            return None
        path = sent.partition("/_history/")[0]
        kind = path.rpartition("/")[0].rpartition("/")[2]
        if kind not in {"", "Patient"}:
            return _NOT_A_PATIENT
        server = server_of(sent)
        if server and self._servers and server not in self._servers:
            return OTHER_PATIENT
        return None if _tail(sent) in self._own else OTHER_PATIENT


def _only(value: object) -> object:
    """Give the one member of a list of one, and anything else as it is."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _tail(reference: str) -> str:
    """Give the id that a reference ends in: ``Patient/1/_history/2`` and ``urn:uuid:1`` both end in ``1``."""
    return reference.partition("/_history/")[0].rpartition("/")[2].removeprefix("urn:uuid:").removeprefix("urn:oid:")
