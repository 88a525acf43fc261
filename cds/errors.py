"""Everything that Trialcards raises on purpose.

::

    CdsError
    ├── CallerError                 the call is at fault; its message may be shown to the caller
    │   ├── BadCall                 400  malformed JSON, wrong hook, a missing or contradictory element
    │   ├── UnknownService          404  no such service id, trial or chart
    │   ├── PatientUnavailable      412  the patient cannot be had from prefetch or from the FHIR server
    │   ├── TooLarge                413  the body is larger than the setting allows
    │   └── NoPatient               422  the bundle holds no patient, or several and none was named
    ├── RecordsError                the FHIR server is at fault; becomes a named unknown, or 412 for the patient
    │   ├── Unreachable             no connection, or one that broke
    │   ├── Refused                 401, 403, 404, 429, 5xx … with the status kept
    │   ├── Unreadable              an answer that is not a FHIR resource
    │   └── TooSlow                 the deadline passed
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


class TooSlow(RecordsError):
    """The deadline passed before the FHIR server answered."""


class DefinitionError(CdsError):
    """A file of ours is at fault; the message names file, place and reason."""


class BadTrial(DefinitionError):
    """A trial definition cannot be used."""


class BadMapping(DefinitionError):
    """A mapping table cannot be used."""


class BadSetting(DefinitionError):
    """A setting cannot be used."""
