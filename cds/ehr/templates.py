"""Prefetch templates filled in, as an EHR does (https://cds-hooks.hl7.org/2.0/#prefetch-template).

A template is written by the service, and what it asks for is sent to the service. So only reads and searches are run
that are bound to the patient, the encounter or the user of this very call; nothing else on the server can be asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from cds.ehr.plain import one_line
from cds.errors import BadCall

__all__ = ["LeftOutError", "Question", "Scene", "question"]

_ID = r"[A-Za-z0-9\-._]{1,128}"
_TOKEN = re.compile(r"\{\{([^{}]*)\}\}")
_READ = re.compile(rf"(?P<type>[A-Z][A-Za-z]{{1,60}})/(?P<id>{_ID})")
_SEARCH = re.compile(r"(?P<type>[A-Z][A-Za-z]{1,60})\?(?P<query>[^\s#\\]+)")
_USER = re.compile(rf"(?P<type>Practitioner|PractitionerRole|Patient|RelatedPerson)/(?P<id>{_ID})")
_BINDING = frozenset({"patient", "subject", "encounter"})
"""Search parameters that bind a search to one patient or encounter, whatever else it asks. That a type may not have
them, and a server then heed none, is seen from the answer (:mod:`cds.ehr.belonging`)."""
_BINDING_OF = {"Coverage": "beneficiary", "ResearchSubject": "individual"}
_USER_TOKENS = {
    "Practitioner": "userPractitionerId",
    "PractitionerRole": "userPractitionerRoleId",
    "Patient": "userPatientId",
    "RelatedPerson": "userRelatedPersonId",
}
_KNOWN = frozenset({"context.patientId", "context.userId", "context.encounterId", *_USER_TOKENS.values()})


class LeftOutError(Exception):
    """This prefetch key is not sent. The message says why, without an id."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Who looks at whom: the patient's id, the user as ``Type/id``, and the encounter's id if there is one."""

    patient_id: str
    user: str
    encounter_id: str | None = None

    def __post_init__(self) -> None:
        """Refuse what would become another address or another question; raise ``BadCall``."""
        for name, value in (("--patient", self.patient_id), ("--encounter", self.encounter_id)):
            if value is not None and (not re.fullmatch(_ID, value) or not value.strip(".")):
                raise BadCall(f"{name}: must be a FHIR id: letters, digits, '-', '.' and '_'")
        if not _USER.fullmatch(self.user):
            raise BadCall("--user: must be Practitioner/…, PractitionerRole/…, Patient/… or RelatedPerson/… with an id")

    @property
    def context(self) -> dict[str, str]:
        """The context that every hook has (https://cds-hooks.hl7.org/hooks/patient-view/)."""
        said = {"userId": self.user, "patientId": self.patient_id}
        return said | ({"encounterId": self.encounter_id} if self.encounter_id else {})

    @property
    def tokens(self) -> Mapping[str, str]:
        """What each token stands for (https://cds-hooks.hl7.org/2.0/#prefetch-tokens); of users, the one kind."""
        kind, _, user_id = self.user.partition("/")
        return {f"context.{name}": value for name, value in self.context.items()} | {_USER_TOKENS[kind]: user_id}


@dataclass(frozen=True, slots=True)
class Question:
    """A template filled in: a read of one resource where it has an ``id``, else a search; ``relative``: its address.

    ``scene`` says whose the answer must be.
    """

    resource_type: str
    relative: str
    scene: Scene
    id: str | None = None
    params: tuple[tuple[str, str], ...] = ()


def question(template: str, scene: Scene) -> Question:
    """Fill a template in; raise ``LeftOutError`` for a token that has no value, and for what is not asked at all."""
    relative = _TOKEN.sub(lambda token: _value(token[1].strip(), scene.tokens), template)
    if not _TOKEN.search(template):
        raise LeftOutError("its template names neither patient nor user, so it is not asked")
    ids = {scene.patient_id, scene.encounter_id, scene.user.partition("/")[2]}
    if (read := _READ.fullmatch(relative)) and read["id"] in ids:
        return Question(read["type"], relative, scene, id=read["id"])
    if search := _SEARCH.fullmatch(relative):
        asked = Question(search["type"], relative, scene, params=tuple(map(_param, search["query"].split("&"))))
        if not any(_is_bound(asked.resource_type, name, value, scene) for name, value in asked.params):
            raise LeftOutError(
                "its template is not bound to the patient, the encounter or the user, so it is not asked"
            )
        return asked
    raise LeftOutError("its template is neither a read of them nor a search")


def _value(token: str, tokens: Mapping[str, str]) -> str:
    if token in tokens:
        return tokens[token]
    if token in _KNOWN:
        raise LeftOutError(f"{token} has no value in this call")
    raise LeftOutError(f"{one_line(token, 60)} is no token of CDS Hooks 2.0")


def _param(pair: str) -> tuple[str, str]:
    name, _, value = pair.partition("=")
    return unquote_plus(name), unquote_plus(value)


def _is_bound(resource_type: str, name: str, value: str, scene: Scene) -> bool:
    """Say whether a parameter narrows a search to this call. A server may ignore one that its type does not have."""
    kind, _, user_id = scene.user.partition("/")
    ids = {"Patient": scene.patient_id, "Encounter": scene.encounter_id, kind: user_id}
    if name == "_id":
        own = {scene.patient_id} if resource_type == "Patient" else set()
        return value in own | {ids.get(resource_type)}
    bare = value.removeprefix("Patient/").removeprefix("Encounter/")
    binds = name in _BINDING or name == _BINDING_OF.get(resource_type)
    return resource_type != "Patient" and binds and bare in {scene.patient_id, scene.encounter_id}
