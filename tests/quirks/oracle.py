"""What a quirk may do to an answer, and what it never may: law 4 of the design, and the quirk's own word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from cds.core.chart import Chart, Extent
from cds.core.finding import Basis, Cause, Finding
from cds.core.truth import Truth
from cds.core.verdict import Standing, Verdict
from cds.fhir.names import KIND_OF
from cds.fhir.reading.person import OTHER_PATIENT
from tests.quirks.quirk import Json

Found = Mapping[tuple[str, str, str], Finding]


def findings(verdicts: Iterable[Verdict]) -> Found:
    """Give every finding by trial, cohort and criterion."""
    return {
        (verdict.trial.nct_id, cohort.id, each.criterion.id): each.finding
        for verdict in verdicts
        for cohort in verdict.cohorts
        for each in cohort.findings
    }


def faults(
    before: tuple[Verdict, ...], after: tuple[Verdict, ...], causes: frozenset[Cause], *, unseen: bool = False
) -> list[str]:
    """Name each finding and verdict that changed in a way that it may not; ``causes`` empty: none may change at all."""
    was, now = findings(before), findings(after)
    assert was.keys() == now.keys()
    found = [
        f"{'/'.join(key)}: {_shown(was[key])} -> {_shown(now[key])}"
        for key in was
        if not _allowed(was[key], now[key], causes, unseen=unseen)
    ]
    return found + list(_flips(before, after, same=not causes and not unseen))


def _shown(finding: Finding) -> str:
    ground = finding.basis or finding.cause
    return f"{finding.truth.name} ({ground.value if ground else ''})"


def _allowed(was: Finding, now: Finding, causes: frozenset[Cause], *, unseen: bool) -> bool:
    if not causes and not unseen:
        return _essence(was) == _essence(now)
    if now.truth is Truth.UNKNOWN:
        return was.truth is Truth.UNKNOWN or bool(causes & set(_causes(now)))
    if now.truth is was.truth:
        return True
    return unseen and now.basis is Basis.NO_RECORD and _unrecognised(now) > _unrecognised(was)


def _essence(finding: Finding) -> tuple[object, ...]:
    return (finding.truth, finding.basis, finding.cause, finding.resolves_on, finding.clears_on, finding.expires_on)


def _causes(finding: Finding) -> Iterator[Cause]:
    if finding.cause is not None:
        yield finding.cause
    for part in finding.parts:
        yield from _causes(part)


def _unrecognised(finding: Finding) -> int:
    return finding.unrecognised + sum(map(_unrecognised, finding.parts))


_NEVER = {
    Standing.NOT_RELEVANT: {Standing.CANDIDATE, Standing.NEAR, Standing.POSSIBLE, Standing.DOES_NOT_FIT},
    Standing.DOES_NOT_FIT: {Standing.CANDIDATE, Standing.POSSIBLE},
}
"""A standing, and those from which no unknown leads to it: it takes an obstacle that was not there."""


def _flips(before: tuple[Verdict, ...], after: tuple[Verdict, ...], *, same: bool) -> Iterator[str]:
    was = {(each.trial.nct_id, cohort.id): cohort.standing for each in before for cohort in each.cohorts}
    for each in after:
        for cohort in each.cohorts:
            earlier = was[each.trial.nct_id, cohort.id]
            if (same and cohort.standing is not earlier) or earlier in _NEVER.get(cohort.standing, set()):
                yield f"{each.trial.nct_id}/{cohort.id}: {earlier.value} -> {cohort.standing.value}"


def lost_in_silence(bundle: Json, chart: Chart) -> list[str]:
    """Name what a chart neither read nor lists as lost, and kinds that count as complete although entries were lost."""
    sent = Counter(_names(bundle))
    told = Counter(each.reference.partition("/")[0].partition(" ")[0] for each in chart.lost)
    found = [
        f"{name}: {count} sent, {chart.read.get(name, 0)} read, {told[name]} lost"
        for name, count in sent.items()
        if chart.read.get(name, 0) + told[name] < count
    ]
    return found + [
        f"{lost.reference} was lost and its kind is complete"
        for lost in chart.lost
        if lost.why != OTHER_PATIENT and lost.kind is not None and chart.extent(lost.kind) is Extent.COMPLETE
    ]


def _names(bundle: Json) -> Iterator[str]:
    """Give the type of each distinct resource of those that are read."""
    seen: set[tuple[str, str]] = set()
    for place, entry in enumerate(bundle["entry"]):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        name = resource.get("resourceType") if isinstance(resource, dict) else None
        if name in KIND_OF and isinstance(resource, dict):
            key = (name, str(resource.get("id") or place))
            if key not in seen:
                seen.add(key)
                yield name
