"""Patients who do not want to hear of research, as flags and consents say: what is asked for, and whether it was read.

Labels on the patient come with the patient. Flags are asked for where the site lists codes for such patients, consents
where it says that it keeps refusals in them; elsewhere neither is. In a Bundle with a whole chart both count always.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from cds.core.codes import Code
from cds.fhir.answer import NOT_ASKED, Answer, AnswerState
from cds.fhir.reading.sorting import bundle_entries, is_bundle, pages_missing, says_incomplete, type_of
from cds.fhir.searches import Search
from cds.fhir.values import Json, many, part, text, word

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

__all__ = ["FLAG_OR_CONSENT", "flagged", "refusal_searches", "refusals_in", "refuses_research", "unread_refusals"]

FLAG_OR_CONSENT = frozenset({"Flag", "Consent"})

_FLAGS = Search("flags", "Flag", None)
_CONSENTS = Search("consents", "Consent", None)
_BESIDES = frozenset({"Patient", "Provenance"})
"""What may come along with the results of a search."""
_READ = frozenset({AnswerState.COMPLETE, AnswerState.NOT_OFFERED})
"""A server that has no resources of the type at all has no refusal of that form."""


def refusal_searches(opt_out: Collection[Code], *, consents: bool) -> tuple[Search, ...]:
    """Give what is asked for besides the chart: flags where codes are listed for them, consents where they are kept.

    Neither search is narrowed by code or scope: a server that ignores or mistakes a parameter could hide a refusal.
    """
    return ((_FLAGS,) if opt_out else ()) + ((_CONSENTS,) if consents else ())


def refusals_in(answer: Answer) -> list[tuple[object, str]]:
    """Give the flags and consents of an answer with their addresses; it is not asked to hold anything else."""
    return [(each, url) for each, url in _entries(answer) if type_of(each) in FLAG_OR_CONSENT]


def _entries(answer: Answer) -> Iterable[tuple[object, str]]:
    for each in answer.resources:
        if is_bundle(each):
            yield from ((resource, url) for resource, url, _ in bundle_entries(each))
        else:
            yield each, ""


def unread_refusals(answers: Mapping[str, Answer], searches: Iterable[Search]) -> str:
    """Say what kept flags or consents from being read whole; nothing where all that were asked for were read."""
    asked = [each for each in searches if each.resource_type in FLAG_OR_CONSENT]
    faults = ((each.key, _fault(answers.get(each.key, NOT_ASKED), each.resource_type)) for each in asked)
    return "; ".join(f"{key}: {why}" for key, why in faults if why)


def _fault(answer: Answer, wanted: str) -> str:
    if answer.state not in _READ:
        return answer.why or answer.state.value
    if any(is_bundle(each) and pages_missing(each) for each in answer.resources):
        return "more pages or entries were announced than came"
    for each, _ in _entries(answer):
        if isinstance(each, dict) and type_of(each) == "OperationOutcome":
            if says_incomplete(each):
                return "the server says that something may be missing"
        elif type_of(each) not in {wanted, *_BESIDES}:
            return "it holds what was not asked for"
    return ""


_OVER = frozenset({"inactive", "entered-in-error"})


def flagged(flag: Json, opt_out: Collection[Code]) -> bool:
    """Say whether a Flag marks a patient who does not want to hear of research, by one of the site's codes.

    It counts unless its status says that it is over: a flag without a status, or with one that FHIR does not know, may
    be meant. Source: https://hl7.org/fhir/R4/flag.html (codes of ``flag-status``).
    """
    if word(flag.get("status")) in _OVER:
        return False
    codings = chain.from_iterable(many(part(each, "coding")) for each in many(flag.get("code")))
    return any(Code(text(part(each, "system")), text(part(each, "code"))) in opt_out for each in codings)


_IN_FORCE = frozenset({"active", "proposed", "draft", ""})


def refuses_research(consent: Json) -> bool:
    """Say whether a Consent is a standing refusal to take part in research.

    That is one of the scope ``research`` whose rule is *deny* (R4 ``provision.type``, R5 ``decision``, STU3 ``except``)
    or whose policy is ``OPTOUT`` (HL7 consent scope and v3 ActCode code systems); and one of any scope with a rule
    inside it, at whatever depth, that denies use for research and is not narrowed to some persons or data.

    A *deny* that is but the ground for what is permitted within it is a consent: so Germany's Medical Informatics
    Initiative writes those that were given, and those that were refused with nothing permitted (examples of its profile
    ``mii-pr-consent-einwilligung``, ``medizininformatik-initiative/kerndatensatzmodul-consent``).
    """
    if word(consent.get("status")) not in _IN_FORCE:
        return False
    scopes = [*many(consent.get("scope")), *many(consent.get("category"))]
    scoped = any(word(each) == "research" for each in scopes)
    rules = (part(consent, "provision", "type"), consent.get("decision"), part(consent, "except", "type"))
    policy = word(consent.get("policyRule"))
    if scoped and policy in {"optout", "optoute"}:
        return True
    denied = scoped and any(word(each) == "deny" for each in rules)
    within = list(_rules(consent))
    if denied and not any(_permits_research(rule, said) for rule, said in within):
        return True
    return any(_denies_research(rule, said, scoped=scoped and not denied) for rule, said in within)


_FOR_RESEARCH = frozenset({"hresch", "clintrch"})
"""Healthcare research, and clinical trial research within it (HL7 v3 ActReason, purposes of use)."""
_NARROWING = ("actor", "securityLabel", "class", "documentType", "resourceType", "code", "data", "expression")
"""What makes a rule one about some persons or some data only."""
_NEGATED = {"permit": "deny", "deny": "permit"}
_DEEPEST_RULE = 8


def _denies_research(rule: Json, said: str, *, scoped: bool) -> bool:
    """Say whether a rule within a Consent plainly denies research: by its purpose, or as all that a research one says.

    A denial that R5 makes of a rule by its place alone must name the purpose.
    """
    if said != "deny" or any(rule.get(name) for name in _NARROWING):
        return False
    purposes = many(rule.get("purpose"))
    if purposes:
        return any(word(each) in _FOR_RESEARCH for each in purposes)
    return scoped and word(rule.get("type")) == "deny" and not rule.get("action")


def _permits_research(rule: Json, said: str) -> bool:
    """Say whether a rule within a denial of research lets some of it be, for others than the persons it names.

    A permission that R5 makes of a rule by its place alone must name the purpose.
    """
    purposes = many(rule.get("purpose"))
    named = any(word(each) in _FOR_RESEARCH for each in purposes)
    plain = not purposes and word(rule.get("type")) == "permit"
    return said == "permit" and not rule.get("actor") and (named or plain)


def _rules(consent: Json) -> Iterator[tuple[Json, str]]:
    """Give each rule within a Consent with what it says, *permit* or *deny*.

    In R4 (and in STU3's ``except``) each rule says so itself. In R5 it negates the one above it, beginning with the
    ``decision``. Source: descriptions of ``Consent.provision.type`` in R4B 4.3.0 and of ``Consent.decision`` in R5.
    """
    decision = word(consent.get("decision"))
    level = [(each, decision) for name in ("provision", "except") for each in many(consent.get(name))]
    for _ in range(_DEEPEST_RULE):
        told = [
            (each, word(each.get("type")) or _NEGATED.get(above, "")) for each, above in level if isinstance(each, dict)
        ]
        yield from told
        level = [(inner, said) for each, said in told for inner in many(each.get("provision"))]
