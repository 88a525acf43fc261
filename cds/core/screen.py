"""The one entry to the core: a chart against all trials, on one day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cds.core.evaluate import evaluate
from cds.core.finding import Attestation, Basis, Cause, CriterionFinding, Finding, Wanted
from cds.core.findings import Findings
from cds.core.recognise import recognise
from cds.core.sketches import Sketch, Sketches, sketched
from cds.core.truth import Truth
from cds.core.verdict import (
    CohortVerdict,
    Standing,
    Terms,
    Verdict,
    Weighed,
    Withheld,
    disease_of,
    place_of,
    ranked,
    standing_of,
    standing_with,
)

if TYPE_CHECKING:
    import datetime as dt

    from cds.core.chart import Chart
    from cds.core.criteria import Criterion, Rule
    from cds.core.evaluate import Decided
    from cds.core.plan import Group, Laid, Plan
    from cds.core.recognise import Case
    from cds.core.trial import Trial


def screen(
    chart: Chart,
    plan: Plan,
    as_of: dt.date,
    attestations: tuple[Attestation, ...] = (),
    *,
    relevant_only: bool = False,
) -> tuple[Verdict, ...]:
    """Hold a chart against every trial of a plan and give one verdict each, best first.

    ``as_of`` stands for the first dose. What a person attested of a criterion takes the place of what records give.
    ``relevant_only`` leaves everything but the disease undecided for cohorts that are not relevant, of which nothing
    is told anyway. The result depends on the arguments alone: not on the order of entries, and on no clock.
    """
    asked = _Asked(recognise(chart, plan.vocabulary, as_of), plan, Terms(as_of, plan.near_days, plan.vocabulary))
    said: dict[str, dict[str, Attestation]] = {}
    for each in attestations:
        said.setdefault(each.trial, {})[each.criterion] = each
    return ranked([_weighed(laid, asked, said.get(laid.trial.nct_id), brief=relevant_only) for laid in plan.laid])


def withheld(chart: Chart, as_of: dt.date) -> Withheld | None:
    """Say why no cards may be told of this patient, if so: deceased by that day, or opted out of research."""
    person = chart.person
    if person.died is not None:
        if person.died.on_or_before(as_of) is not Truth.UNMET:
            return Withheld.DECEASED
    elif person.deceased:
        return Withheld.DECEASED
    return Withheld.OPTED_OUT if person.opted_out else None


_MET, _UNKNOWN, _UNMET = 1, 2, 3
"""What a rule came to, as far as a trial's place among others depends on it; what only a person can settle is met."""


class _Asked:
    """One chart asked what the plan's rules ask, each once, and only those that somebody needs to know of."""

    __slots__ = ("_case", "_decided", "_diseases", "_found", "_plan", "_sketches", "_weights", "answers", "terms")

    def __init__(self, case: Case, plan: Plan, terms: Terms) -> None:
        self._case, self._plan, self.terms = case, plan, terms
        self._decided: Decided = {}
        self._found: dict[int, Finding] = {}
        self._diseases: dict[int, Truth | None] = {}
        self._weights: dict[int, _Weight] = {}
        self.answers = bytearray(len(plan.rules))
        self._sketches = Sketches(case, self._decided)

    def find(self, criterion: Criterion) -> Finding:
        """Give the finding of a criterion, its words included."""
        return self._of(criterion.rule)

    def disease(self, place: int) -> Truth | None:
        """Say whether the patient has one of the plan's diseases; nothing where it is ruled out."""
        if place not in self._diseases:
            self._diseases[place] = disease_of(self._about(place))
        return self._diseases[place]

    def weight(self, place: int) -> _Weight:
        """Count what the answers on one of the plan's diseases come to."""
        if place not in self._weights:
            self._weights[place] = _weight(self._about(place))
        return self._weights[place]

    def _about(self, place: int) -> list[Sketch]:
        return [self._sketches.of(self._plan.rules[each]) for each in self._plan.diseases[place]]

    def finding(self, place: int) -> Finding:
        """Give the finding of one of the plan's rules."""
        return self._of(self._plan.rules[place])

    def answer(self, place: int) -> int:
        """Give what one of the plan's rules came to, and note it."""
        found = self.answers[place] = _answer(self._sketches.of(self._plan.rules[place]))
        return found

    def _of(self, rule: Rule) -> Finding:
        found = self._found.get(id(rule))
        if found is None:
            found = self._found[id(rule)] = evaluate(rule, self._case, self._decided)
        return found


def _answer(sketch: Sketch) -> int:
    if sketch.truth is Truth.UNMET:
        return _UNMET
    return _UNKNOWN if sketch.truth is Truth.UNKNOWN and not sketch.for_a_person else _MET


_Weight = tuple[int, int]
"""How many findings are unmet, and how many unknown to the records."""


def _weight(sketches: Iterable[Sketch]) -> _Weight:
    answers = list(map(_answer, sketches))
    return answers.count(_UNMET), answers.count(_UNKNOWN)


def _weighed(laid: Laid, asked: _Asked, said: dict[str, Attestation] | None, *, brief: bool) -> Weighed:
    """Give a trial's verdict, told by the best of its cohorts."""
    cohorts = [_cohort(group, laid.trial, asked, said, brief=brief) for group in laid.groups]
    chosen, unmet, unknown = cohorts[0] if len(cohorts) == 1 else min(cohorts, key=lambda each: place_of(*each[:2]))
    every = tuple([each for each, _, _ in cohorts])
    return Weighed(Verdict(laid.trial, chosen.standing, every, chosen.findings, chosen.earliest), unmet, unknown)


_Counted = tuple[CohortVerdict, int, int]
"""A cohort's verdict, how many findings are unmet, and how many unknown to the records."""


def _cohort(group: Group, trial: Trial, asked: _Asked, said: dict[str, Attestation] | None, *, brief: bool) -> _Counted:
    if said:
        return _told_by_people(group, trial, asked, said, brief=brief)
    disease = asked.disease(group.disease)
    if disease is None and brief:
        return _passed_over(group, Findings(group.about, asked.find), asked.weight(group.disease))
    answers, unmet, unknown = asked.answers, [], 0
    for place in group.records:
        answer = answers[place] or asked.answer(place)
        if answer == _UNKNOWN:
            unknown += 1
        elif answer == _UNMET:
            unmet.append(asked.finding(place))
    standing, earliest = standing_with(disease, unmet, complete=trial.complete, terms=asked.terms)
    findings = Findings(group.criteria, asked.find)
    return _verdict_of(group, standing, findings, earliest), len(unmet), unknown


def _passed_over(group: Group, findings: Sequence[CriterionFinding], weight: _Weight) -> _Counted:
    """Give the verdict of a cohort that is about another disease, and no more than it takes to say so."""
    return _verdict_of(group, Standing.NOT_RELEVANT, findings, None), *weight


def _told_by_people(
    group: Group, trial: Trial, asked: _Asked, said: dict[str, Attestation], *, brief: bool
) -> _Counted:
    """Give the verdict of a cohort of which people attested something: their word stands in for the records."""

    def find(criterion: Criterion) -> CriterionFinding:
        finding, attestation = asked.find(criterion), said.get(criterion.id)
        return CriterionFinding(criterion, finding if attestation is None else _attested(finding, attestation))

    about = tuple(map(find, group.about))
    if brief and disease_of([each.finding for each in about]) is None:
        return _passed_over(group, about, _weight(sketched(each.finding) for each in about))
    findings = tuple(map(find, group.criteria))
    standing, earliest = standing_of(findings, complete=trial.complete, terms=asked.terms)
    return _verdict_of(group, standing, findings, earliest), *_weight(sketched(each.finding) for each in findings)


def _verdict_of(
    group: Group, standing: Standing, findings: Sequence[CriterionFinding], earliest: dt.date | None
) -> CohortVerdict:
    cohort = group.cohort
    return CohortVerdict(cohort.id, cohort.label, cohort.open, standing, findings, earliest)


def _attested(finding: Finding, attestation: Attestation) -> Finding:
    """Put a person's word in the place of what the records give; what the records show stays as evidence."""
    unknown = attestation.truth is Truth.UNKNOWN
    return replace(
        finding,
        truth=attestation.truth,
        basis=None if unknown else Basis.ATTESTED,
        cause=Cause.JUDGEMENT if unknown else None,
        wanted=(finding.wanted or Wanted(attestation.note or "What would settle it?")) if unknown else None,
        resolves_on=None,
        clears_on=None,
        expires_on=None,
        ruled_out=False,
        note=attestation.note,
        parts=(),
        answered=True,
    )
