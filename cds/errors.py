"""Everything that Trialcards raises on purpose.

::

    CdsError
    ├── CallerError                 the call is at fault; its message may be shown to the caller
    │   ├── BadCall                 400  malformed JSON, wrong hook, a missing or contradictory element
    │   ├── NotAuthenticated        401  nobody whom the site lists; the answer says nothing, the log one word
    │   ├── UnknownService          404  no such service id, trial or chart
    │   ├── PatientUnavailable      412  the patient cannot be had from prefetch or from the FHIR server
    │   ├── TooLarge                413  the body is larger than the setting allows
    │   ├── NoPatient               422  the bundle holds no patient, or several and none was named
    │   └── TooManyCalls            429  this caller calls more often than was agreed
    ├── Unavailable                 503  this service cannot, for now; the caller may come back
    │   ├── Overloaded              as many calls are being answered as it takes
    │   └── StoreDown               what must be kept cannot be kept
    ├── KeysUnavailable             the address of a caller's keys gave none; the caller is not let in
    ├── RecordsError                the FHIR server is at fault; becomes a named unknown, or 412 for the patient
    │   ├── Unreachable             no connection, or one that broke
    │   ├── Refused                 401, 403, 404, 429, 5xx … with the status kept
    │   ├── Unreadable              an answer that is not a FHIR resource
    │   ├── NoAccess                no token for it could be had
    │   ├── ExportFailed            it begins no bulk export, or failed in it
    │   ├── ExportGone              it has a bulk export no more: a new one must be asked for
    │   └── TooSlow                 the deadline passed
    ├── RegistryError               the trial registry is at fault, or has no such study (NoSuchStudy)
    ├── RunStopped                  a run over a population ended before its time; the same command goes on with it
    ├── NoAnswer                    a CDS service that is called as an EHR would gave no answer that can be read
    └── DefinitionError             our own files are at fault; stops start-up with file, place and reason
        ├── BadTrial
        ├── BadMapping
        └── BadSetting

Messages say what was wrong and where. They never hold a value from a chart, a token, or a URL with a patient in it.
"""

from __future__ import annotations


class CdsError(Exception):
    """Anything that Trialcards raises on purpose."""


class CallerError(CdsError):
    """The call is at fault; the message is for the caller."""

    status = 400
    code = "invalid"


class BadCall(CallerError):
    """The call is malformed: the message names the element."""


class NotAuthenticated(CallerError):
    """The caller is nobody whom the site lists, or has not proved it. The message is one word, for the log alone."""

    status = 401
    code = "login"


class UnknownService(CallerError):
    """The call names a service, trial or chart that is not here."""

    status = 404
    code = "not-found"


class PatientUnavailable(CallerError):
    """The patient cannot be had, so nothing at all can be said (CDS Hooks: 412)."""

    status = 412
    code = "incomplete"


class TooLarge(CallerError):
    """The body is larger than the service takes."""

    status = 413
    code = "too-costly"


class NoPatient(CallerError):
    """The bundle does not say which patient it is about."""

    status = 422
    code = "required"


class TooManyCalls(CallerError):
    """This caller calls more often than was agreed with it; it may come back after ``retry_after_s`` seconds."""

    status = 429
    code = "throttled"

    def __init__(self, retry_after_s: int) -> None:
        """Keep when to come back."""
        super().__init__("there were more calls than were agreed with this caller")
        self.retry_after_s = retry_after_s


class Unavailable(CdsError):
    """This service cannot answer for now; the caller may come back after ``retry_after_s`` seconds."""

    status = 503
    code = "transient"
    retry_after_s = 1


class Overloaded(Unavailable):
    """As many calls are being answered as this service takes at a time."""


class StoreDown(Unavailable):
    """What must be kept (feedback) cannot be kept, so it is not acknowledged."""

    retry_after_s = 30


class RunStopped(CdsError):
    """A run over a population ended before its time: a full disk, a process that was killed. It can be gone on with."""


class KeysUnavailable(CdsError):
    """The address where a caller's public keys should be gave none."""


class RecordsError(CdsError):
    """The FHIR server did not give what was asked; the message says how, without naming the patient."""


class Unreachable(RecordsError):
    """No connection to the FHIR server, or one that broke."""


class Refused(RecordsError):
    """The FHIR server answered with an error status."""

    def __init__(self, status: int) -> None:
        """Keep the HTTP status."""
        super().__init__(f"the FHIR server answered {status}")
        self.status = status


class Unreadable(RecordsError):
    """The FHIR server's answer is not a FHIR resource."""


class NoAccess(RecordsError):
    """No token for the FHIR server could be had; the message says why, and holds nothing that was sent or answered."""


class ExportFailed(RecordsError):
    """The FHIR server begins no bulk export, failed in one, or told of it in a way that is not read."""


class ExportGone(RecordsError):
    """The FHIR server has a bulk export, or files of it, no more: a new one must be asked for."""


class TooSlow(RecordsError):
    """The deadline passed before the FHIR server answered."""


class RegistryError(CdsError):
    """The trial registry did not give what was asked; the message says how, and what to do."""


class NoSuchStudy(RegistryError):
    """The trial registry has no study of this number."""


class NoAnswer(CdsError):
    """A CDS service that is called as an EHR would gave no answer; the message says how, and holds nothing of it."""


class DefinitionError(CdsError):
    """A file of ours is at fault; the message names file, place and reason."""


class BadTrial(DefinitionError):
    """A trial definition cannot be used."""


class BadMapping(DefinitionError):
    """A mapping table cannot be used."""


class BadSetting(DefinitionError):
    """A setting cannot be used."""
