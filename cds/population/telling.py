"""A summary in words: as Markdown that a research office reads, and as JSON for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from cds.core.verdict import Standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cds.population.summary import CriterionCount, Summary, TrialSummary

__all__ = ["markdown", "plain"]

_MOST_CRITERIA = 8
_STANDINGS = [each.value for each in Standing if each is not Standing.NOT_RELEVANT]


def markdown(summary: Summary, *, details: int = 20) -> str:
    """Write a summary as Markdown; ``details`` is for how many trials the criteria are told, best first."""
    in_order = sorted(summary.trials, key=_promise)
    parts = [*_head(summary), *_table(in_order, summary)]
    for each in in_order[:details]:
        parts += _details(each)
    if len(in_order) > details:
        parts.append(f"The criteria of {len(in_order) - details} more trials are in `summary.json`.\n")
    return "\n".join(parts)


def _promise(trial: TrialSummary) -> tuple[object, ...]:
    counts = [-trial.standings.get(each, 0) for each in ("candidate", "near")]
    return (*counts, trial.draft, -trial.with_disease, -trial.standings.get("possible", 0), trial.nct_id)


def _head(summary: Summary) -> Iterator[str]:
    yield (
        f"Screened for {summary.as_of}: {_many(summary.patients, 'patient')}, "
        f"{_many(summary.resources, 'resource')} of {_many(summary.files, 'file')}; "
        f"trials and tables `{summary.version[:12]}`.\n"
    )
    for why, count in summary.withheld.items():
        yield f"- Of {_many(count, 'patient')} no trial is told: {_WITHHELD.get(why, why)}."
    for why, count in summary.problems.items():
        yield f"- {_many(count, 'patient')} not screened: {_PROBLEMS.get(why, why)}."
    counts = (
        (summary.nobodys, "resource", "of ids that no Patient resource bears"),
        (summary.earlier_day, "patient", "unchanged: their rows are of an earlier day"),
        (summary.duplicates, "line", "with the type and id of another; the newest version counts"),
        (summary.lost, "entr", "not read, and nothing was concluded from their absence"),
    )
    yield from (f"- {_many(count, noun)} {says}." for count, noun, says in counts if count)
    yield from (f"- {count} × {why}." for why, count in summary.faults.items())
    lacking = [kind for kind, extent in summary.extents.items() if extent != "complete"]
    if lacking:
        yield f"- Not whole in this export, so that absence proves nothing: {', '.join(lacking)}."
    yield from (f"- {each}." for each in summary.gaps)
    yield ""


_WITHHELD = {
    "deceased": "they have died",
    "opted-out": "they refuse research",
    "refusals-not-read": "it cannot be seen who refuses research",
}
_PROBLEMS = {"no-patient-resource": "no Patient resource bears the id that entries name"}


def _table(trials: Sequence[TrialSummary], summary: Summary) -> Iterator[str]:
    standings = " | ".join(each.replace("-", " ") for each in _STANDINGS)
    yield f"| trial | told of | concerned | has the disease | {standings} |"
    yield f"|---|{'--:|' * (3 + len(_STANDINGS))}"
    for each in trials:
        counts = " | ".join(str(each.standings.get(one, 0)) for one in _STANDINGS)
        mark = " (draft)" if each.draft else ""
        yield f"| {each.nct_id}{mark} | {each.told} | {each.concerned} | {each.with_disease} | {counts} |"
    yield f"\nTrials that concern nobody here: {len(summary.passed_over)}.\n"


def _details(trial: TrialSummary) -> Iterator[str]:
    yield f"### {trial.nct_id} {_cell(trial.title)}\n"
    yield from _criteria("What stands in the way", "the only obstacle", trial.losses)
    yield from _criteria("What to collect", "all that is unknown", trial.unknowns)


def _criteria(title: str, alone: str, counts: Sequence[CriterionCount]) -> Iterator[str]:
    if not counts:
        return
    yield f"| {title} | patients | {alone} |"
    yield "|---|--:|--:|"
    for each in counts[:_MOST_CRITERIA]:
        yield f"| {_cell(each.label)} | {each.patients} | {each.alone} |"
    more = len(counts) - _MOST_CRITERIA
    yield f"\nand {_many(more, 'criteri')} more.\n" if more > 0 else ""


def _cell(text: str) -> str:
    """Keep words of a definition from being read as Markdown, and on one line."""
    return "".join(f"\\{each}" if each in "|<>*_`[]\\" else each for each in " ".join(text.split()))


_PLURALS = {"entr": ("entry", "entries"), "criteri": ("criterion", "criteria")}


def _many(count: int, noun: str) -> str:
    one, several = _PLURALS.get(noun, (noun, f"{noun}s"))
    return f"{count:,} {one if count == 1 else several}"


def plain(summary: Summary) -> Mapping[str, object]:
    """Give a summary as values for JSON."""
    return asdict(summary) | {"told": summary.told}
