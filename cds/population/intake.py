"""One file of an export taken in: each line to the patient it belongs to, each fault named by its place.

Lines are looked at as far as it takes to see whose they are; what they say is read later, with the rest of the chart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import msgspec

from cds.errors import BadCall
from cds.fhir.reading.sorting import (
    bundle_entries,
    holds_document,
    pages_missing,
    says_incomplete,
    type_of,
)
from cds.fhir.wire import decode
from cds.population.job import part_of
from cds.population.lines import BUNDLE, MOST_NAMED, NOTHING, SHARED, WANTED, Account, Fault, Row
from cds.population.sources import Cut, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cds.population.sources import Source

__all__ = ["take_in"]

_NAMES_DRUGS = frozenset(
    {"MedicationStatement", "MedicationRequest", "MedicationAdministration", "MedicationDispense", "Medication"}
)
_DRUG = re.compile(rb'Medication/([^"/?#|\\\s]{1,128})')
_PATIENT = re.compile(rb'"(?:[^"\\]*/)?Patient/([^"/?#|\\\s]{1,128})(?:/_history/[^"]*)?"')
_LARGEST_DOCUMENT = 128 * 1024 * 1024
"""Unpacked; larger ones hold more values than are decoded at once."""
_CONTROL = re.compile(r"[\x00-\x1f]")


class _Head(msgspec.Struct):
    """As much of a resource as says what and whose it is."""

    resourceType: Any = None  # noqa: N815 - as FHIR writes it
    id: Any = None
    subject: Any = None
    patient: Any = None


_HEAD = msgspec.json.Decoder(_Head)
_WRITER = msgspec.json.Encoder(decimal_format="number")
Names: TypeAlias = "dict[str, str]"
"""The ids of a Bundle's patients, by the URLs of their entries, or by type and id where an entry has none."""


def take_in(source: Source, parts: int, keep: Callable[[Row], None]) -> Account:
    """Read a file, give each line that is of use to ``keep``, and say what it held.

    Nothing in a file stops the rest of it, nor what is broken about the file. Raises ``OSError`` where it cannot be
    opened or what is kept cannot be written.
    """
    taking = _Taking(source, parts, keep, Account(source.name))
    try:
        if not (_is_document(source) and taking.document()):
            for number, line in lines_of(source):
                taking.account.lines += 1
                taking.line(number, line)
    except Cut as cut:
        taking.bad(0, str(cut), b"")
    taking.finish()
    return taking.account


def _is_document(source: Source) -> bool:
    """Say whether a file looks like one JSON value over many lines: neither of the first two is one of its own."""
    try:
        first = [line for _, line in islice(lines_of(source), 2)]
    except Cut:
        return False
    return len(first) > 1 and not any(map(_is_value, first))


def _is_value(line: bytes) -> bool:
    try:
        _HEAD.decode(line.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


class _Broken(NamedTuple):
    """What cannot be read, without what stands there: the patients it names (of several, two), and if it is FHIR."""

    line: int
    why: str
    patients: frozenset[str]
    resource: bool


@dataclass(slots=True)
class _Taking:
    source: Source
    parts: int
    keep: Callable[[Row], None]
    account: Account
    broken: list[_Broken] = field(default_factory=list)
    alike: set[tuple[frozenset[str], bool]] = field(default_factory=set)
    seen: set[tuple[str, str]] = field(default_factory=set)

    def line(self, number: int, line: bytes) -> None:
        """Take one line in, whatever it is."""
        line = line.removeprefix(b"\xef\xbb\xbf")
        try:
            head = _HEAD.decode(line)
            text = line.decode()
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self.bad(number, "it is not a JSON object", line)
            return
        if _CONTROL.search(text):
            try:
                line = _WRITER.encode(decode(line))
            except BadCall:
                self.bad(number, "it is not JSON: there is a control character in it", line)
                return
            text = line.decode()
        name = type_of({"resourceType": head.resourceType})
        if name == "Bundle":
            self._bundle(number, line)
        else:
            self._resource(number, name, head, ("", text, line), None)

    def document(self) -> bool:
        """Take a file in that is one JSON value over many lines; say whether it is one."""
        body = bytearray()
        try:
            for _, line in lines_of(self.source):
                body += line + b"\n"
                if len(body) > _LARGEST_DOCUMENT:
                    return False
            value = decode(bytes(body))
        except (BadCall, Cut):
            return False
        self.account.lines = 1
        self.line(1, _WRITER.encode(value))
        return True

    def _bundle(self, number: int, line: bytes) -> None:
        try:
            bundle = decode(line)
        except BadCall:
            self.bad(number, "it is a Bundle that cannot be read", b"")
            return
        entries = list(bundle_entries(bundle)) if isinstance(bundle, dict) else []
        names: Names = {}
        for resource, url, _ in entries:
            if type_of(resource) == "Patient" and isinstance(resource, dict):
                name = str(resource.get("id") or _tail(url))
                names |= {url or f"Patient/{name}": name} if name else {}
        if isinstance(bundle, dict) and (holds_document(bundle) or pages_missing(bundle)):
            why = "it is a document or a page, which does not hold all there is of the patient"
            for patient in names.values():
                self._found(Fault(self.source.name, number, why, "", patient))
        for resource, url, _ in entries:
            written = _WRITER.encode(resource)
            try:
                head = _HEAD.decode(written)
            except msgspec.MsgspecError:
                self._lost(number, "an entry of the Bundle is no resource", b"", names)
                continue
            text = written.decode()
            self._resource(number, type_of(resource), head, (url, text, written), names)

    def _resource(
        self, number: int, name: str | None, head: _Head, sent: tuple[str, str, bytes], names: Names | None
    ) -> None:
        """Give a resource to its patient, or say why that cannot be done."""
        url, text, line = sent
        if name is None:
            self._lost(number, "it is not a FHIR resource", line, names)
            return
        origin = BUNDLE if names is not None else self.source.export
        for counts in (self.account.types, *((self.account.loose,) if names is None else ())):
            counts[name] = counts.get(name, 0) + 1
        if name == "OperationOutcome" and says_incomplete(msgspec.json.decode(line)):
            self._lost(number, "the server says that something may be missing", b"", names)
        if name not in WANTED:
            return
        drugs = " ".join(sorted({each.decode() for each in _DRUG.findall(line)})) if name in _NAMES_DRUGS else ""
        identity = head.id if isinstance(head.id, str) else ""
        patient = self._whose(name, head, url, names or {})
        if _CONTROL.search(f"{patient}{identity}{url}"):
            self._found(Fault(self.source.name, number, "its id or reference holds a control character", name))
        elif name == "Medication" and not patient:
            self.keep(Row(SHARED, "", name, identity, url, drugs, text, origin))
        elif not patient:
            self._found(Fault(self.source.name, number, f"the {name} does not say whose it is", name))
        else:
            self.keep(Row(part_of(patient, self.parts), patient, name, identity, url, drugs, text, origin))

    def _lost(self, number: int, why: str, line: bytes, names: Names | None) -> None:
        """Note what cannot be used: of a Bundle it may be its patients' only."""
        for patient in sorted(set((names or {}).values())):
            self._found(Fault(self.source.name, number, why, "", patient))
        if not names:
            self.bad(number, why, line)

    def bad(self, number: int, why: str, line: bytes) -> None:
        """Note something broken until the file is known; so much of it as could come to different faults."""
        found = _Broken(number, why, _named_in(line), not line or b'"resourceType"' in line)
        alike = found.patients, found.resource
        if len(self.broken) < MOST_NAMED or alike not in self.alike:
            self.alike.add(alike)
            self.broken.append(found)
        else:
            self.account.unnamed += 1

    def _found(self, fault: Fault) -> None:
        self.account.found(fault, self.seen)

    def _whose(self, name: str, head: _Head, url: str, names: Names) -> str:
        if name == "Patient":
            return (str(head.id) if head.id else "") or names.get(url, "")
        pointer = head.subject if head.subject is not None else head.patient
        sent = _reference(pointer)
        if sent in names:
            return names[sent]
        if not sent and len(set(names.values())) == 1:
            return next(iter(names.values()))
        path = sent.partition("/_history/")[0]
        before, _, last = path.rpartition("/")
        kind = before.rpartition("/")[2]
        if kind not in {"", "Patient"} or set("?#") & {*path}:
            return ""
        return last if kind else _tail(path)

    def finish(self) -> None:
        """Name what could not be read, by the type that the rest of the file is of; a file of no resources is told."""
        types = self.account.types.keys() - {"OperationOutcome"}
        titled = next((each for each in sorted(WANTED, key=len, reverse=True) if each in self.source.path.name), "")
        if not self.account.types and not titled:
            self._nothing_found()
            return
        known = sorted(types & WANTED)
        if titled in known:
            of = titled
        elif known:
            of = known[0] if len(types) == 1 else ""
        else:
            of = titled or (NOTHING if types else "")
        for each in self.broken:
            self._found(Fault(self.source.name, each.line, each.why, of, _only(each.patients)))

    def _nothing_found(self) -> None:
        """Tell of a file without resources: it has nothing to do with charts, or what it has cannot be read at all."""
        self.account.unnamed = 0
        first = next((each for each in self.broken if each.resource), None)
        if first is not None:
            whose = _only(frozenset[str]().union(*(each.patients for each in self.broken)))
            self.account.faults.append(Fault(self.source.name, first.line, first.why, "", whose))
        elif self.account.lines or self.broken:
            self.account.faults.append(Fault(self.source.name, 0, _NO_RESOURCES, NOTHING))


_NO_RESOURCES = "it holds no FHIR resources and is passed over"


def _named_in(line: bytes) -> frozenset[str]:
    """Give the patients that something broken names, two at most; a garbled id names nobody."""
    names = {each.decode(errors="replace") for each in _PATIENT.findall(line)}
    return frozenset(sorted("" if "\ufffd" in each else each for each in names)[:2])


def _only(patients: frozenset[str]) -> str:
    """Give the one patient who is named; nothing where there are several, or none."""
    return next(iter(patients)) if len(patients) == 1 else ""


def _reference(pointer: object) -> str:
    if isinstance(pointer, list) and len(pointer) == 1:
        pointer = pointer[0]
    sent = pointer.get("reference") if isinstance(pointer, dict) else pointer
    return sent.strip() if isinstance(sent, str) else ""


def _tail(reference: str) -> str:
    return reference.rpartition("/")[2].rpartition(":")[2]
