"""How the newest result decides a rule: what each may say, what several of one day come to, and what is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.chart import Kind, Measurement, ResultStatus
from cds.core.dates import days_later
from cds.core.finding import Basis, Cause, Evidence, Finding, Wanted
from cds.core.ranges import shown_range
from cds.core.results import in_time, lapses
from cds.core.scales import Derived
from cds.core.truth import Truth

if TYPE_CHECKING:
    from cds.core.recognise import Case, Known, Results
    from cds.core.results import Asked


@dataclass(frozen=True, slots=True)
class Answer:
    """What one result says of the rule: settled, or unknown by a cause.

    ``normal`` is the range of normal that stood in for the result's own, ``flag`` the laboratory's flag that settled
    it. ``beside`` is what else decided (the drug after which it was taken too early), ``why`` says so in words.
    """

    truth: Truth
    cause: Cause | None = None
    basis: Basis = Basis.DOCUMENTED
    normal: str = ""
    flag: str = ""
    beside: tuple[Evidence, ...] = ()
    why: str = ""


Judge = Callable[["Known[Measurement]"], Answer]


def unknown(cause: Cause) -> Answer:
    """Say that a result settles nothing, and why."""
    return Answer(Truth.UNKNOWN, cause)


def decide(rule: Asked, case: Case, results: Results, judge: Judge, wanted: Callable[[], Wanted]) -> Finding:
    """Let the newest result answer; if several share that day, let them answer together."""

    def open_by(cause: Cause, evidence: tuple[Evidence, ...], why: str = "") -> Finding:
        return Finding(rule, Truth.UNKNOWN, cause=cause, evidence=evidence, wanted=wanted(), note=why)

    newest = results.newest
    if results.cause is not None:
        return open_by(results.cause, _evidence([(known, None) for known in results.every[:1]], case))
    answers = [_answer(rule, known, judge, case) for known in newest]
    evidence = _evidence(list(zip(newest, answers, strict=True)), case)
    met = any(answer.truth is Truth.MET for answer in answers)
    unmet = any(answer.truth is Truth.UNMET for answer in answers)
    if met and unmet:
        exact = all(known.entry.date is not None and known.entry.date.exact for known in newest)
        return open_by(Cause.CONFLICTING if exact else Cause.DATE_IMPRECISE, evidence)
    for answer in answers:
        if answer.cause is Cause.TOO_OLD or answer.why:
            return open_by(answer.cause or Cause.TOO_OLD, evidence, answer.why)
        if answer.cause is not None:
            older = [(known, None) for known in _older(results, rule, judge, case)]
            return open_by(answer.cause, evidence + _evidence(older, case))
    return Finding(
        rule,
        Truth.MET if met else Truth.UNMET,
        basis=_basis(newest, answers),
        evidence=evidence,
        turns=lapses(rule, newest, case),
    )


def _basis(newest: list[Known[Measurement]], answers: list[Answer]) -> Basis:
    """Give the weakest that the results and their limits stand on: what a person said is no record."""
    if any(known.entry.attested for known in newest):
        return Basis.ATTESTED
    return Basis.ASSUMED if any(answer.basis is Basis.ASSUMED for answer in answers) else Basis.DOCUMENTED


def _answer(rule: Asked, known: Known[Measurement], judge: Judge, case: Case) -> Answer:
    late = in_time(rule, known, case)
    return judge(known) if late is None else unknown(late)


def _older(results: Results, rule: Asked, judge: Judge, case: Case) -> list[Known[Measurement]]:
    """Give the newest older result that can be interpreted, to be shown beside one that cannot."""
    passed = {id(known) for known in results.newest}
    for known in results.every:
        if id(known) in passed or known.entry.date is None:
            continue
        late = in_time(rule, known, case)
        if late is Cause.TOO_OLD:
            return []
        if late is None and judge(known).cause is None:
            return [known]
    return []


def wanted_of(
    rule: Asked, case: Case, concepts: tuple[str, ...], inputs: tuple[str, ...] = (), *, birth: bool = False
) -> Wanted:
    """Ask for a newer result of the first concept, or for the inputs that it could be computed from.

    ``birth`` says that the date of birth is among those.
    """
    days = rule.within_days
    if days is None:
        concept = case.vocabulary.concepts.get(concepts[0])
        days = concept.scale.freshness_days if concept and concept.scale else None
    since = f" since {days_later(case.as_of, -days)}" if days is not None else ""
    names = [*map(case.vocabulary.display, inputs), *(["date of birth"] if birth else [])]
    instead = f" Or, to compute it: {', '.join(names)}?" if names else ""
    question = f"{case.vocabulary.display(concepts[0])}{since}?{instead}"
    return Wanted(question, Kind.MEASUREMENT, tuple(dict.fromkeys(concepts + inputs)))


def _evidence(results: Sequence[tuple[Known[Measurement], Answer | None]], case: Case) -> tuple[Evidence, ...]:
    """Show results with what else decided; a computed value first, then what it was computed from."""
    found: list[Evidence] = []
    for known, answer in sorted(results, key=lambda each: each[0].entry.reference):
        found += _shown(known, answer, case)
    return tuple(dict.fromkeys(found))


def _shown(known: Known[Measurement], answer: Answer | None, case: Case) -> list[Evidence]:
    entry = known.entry
    label = case.vocabulary.display(known.meaning.concept) if known.meaning.counts else str(entry.code)
    told = "" if entry.value is None else str(entry.value)
    flag = f" (flagged {answer.flag})" if answer is not None and answer.flag else ""
    early = " (preliminary)" if entry.status is ResultStatus.PRELIMINARY else ""
    seen = Evidence(
        reference=entry.reference,
        label=entry.said if isinstance(entry, Derived) else label,
        value=f"{told}{flag}{early}",
        range=answer.normal if answer is not None and answer.normal else shown_range(known, case),
        date=str(entry.date or ""),
        note=entry.attested.note if entry.attested is not None else "",
    )
    inputs: list[Evidence] = []
    if isinstance(entry, Derived):
        for each in entry.leading + entry.others:
            inputs += _shown(each, None, case)
        inputs += entry.person
    return [seen, *inputs, *(answer.beside if answer is not None else ())]
