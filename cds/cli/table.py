"""An assessment as a person reads it on the terminal, made from the same document that ``/api/assessments`` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_VERDICTS = {
    "candidate": ("candidate", "bold green"),
    "near": ("near", "bold yellow"),
    "possible": ("possible", "yellow"),
    "does-not-fit": ("does not fit", "red"),
    "not-relevant": ("not relevant", "dim"),
}
_WITHHELD = {
    "deceased": "This patient is deceased: no trial is told. (--as-of a day before the death shows what was.)",
    "opted-out": "This patient does not want to be told of research: no trial is told.",
    "viewer": "No trial is told to this viewer.",
}
_TRUTHS = {"unmet": ("✗", "bold red"), "unknown": ("?", "bold yellow"), "met": ("✓", "green")}
_JUDGEMENT = frozenset({"judgement", "not-computable"})
_SHOWN_LOST = 10
_INDENT = (0, 0, 0, 2)


def show(document: Mapping[str, Any], *, in_full: Collection[str] = (), console: Console | None = None) -> None:
    """Print an assessment; the trials in ``in_full`` with every finding, the others with what is unmet or unknown."""
    out = console or Console(highlight=False)
    _show_chart(document, out)
    withheld = document.get("withheld")
    if withheld:
        out.print(Text(_WITHHELD[withheld], style="bold"))
        return
    trials = document["trials"]
    if not trials:
        out.print("No trial is loaded.")
        return
    out.print(_overview(trials))
    for trial in trials:
        _show_trial(trial, out, full=trial["nctId"] in in_full)


def _show_chart(document: Mapping[str, Any], out: Console) -> None:
    chart = document["chart"]
    read = ", ".join(f"{name} {count}" for name, count in sorted(chart["read"].items()))
    out.print(Text.assemble(("As of ", "dim"), document["asOf"], ("  Read ", "dim"), read or "nothing"))
    gaps = chart.get("gaps", {})
    for name, extent in chart["covered"].items():
        if extent != "complete":
            why = f": {gaps[name]}" if name in gaps else ""
            out.print(Text(f"  {name} {extent.replace('-', ' ')}{why}", style="yellow"))
    lost = chart["lost"]
    for each in lost[:_SHOWN_LOST]:
        out.print(Text(f"  Not read: {each['reference']}: {each['why']}", style="yellow"))
    if len(lost) > _SHOWN_LOST:
        out.print(Text(f"  and {len(lost) - _SHOWN_LOST} more that could not be read", style="yellow"))


def _overview(trials: Iterable[Mapping[str, Any]]) -> Table:
    table = Table(show_edge=False, pad_edge=False, title_justify="left", header_style="dim", expand=True)
    table.add_column("Trial", ratio=1)
    table.add_column("Verdict", no_wrap=True)
    for name in ("Met", "Unmet", "Unknown", "For a person"):
        table.add_column(name, justify="right", no_wrap=True)
    for trial in trials:
        words, style = _VERDICTS[trial["verdict"]]
        since = f"\nfrom {trial['earliestDate']}" if "earliestDate" in trial else ""
        counts = [str(trial["counts"][name]) for name in ("met", "unmet", "unknown", "judgement")]
        told = Text.assemble((trial["nctId"], "bold"), f" {trial['title']}", (_marks(trial), "dim"))
        table.add_row(told, Text(f"{words}{since}", style=style), *counts)
    return table


def _marks(trial: Mapping[str, Any]) -> str:
    definition = trial["definition"]
    marks = ["draft"] if definition.get("draft") else []
    marks += [] if definition.get("complete") else ["definition incomplete"]
    marks += [] if definition.get("reviewedOn") else ["not clinically reviewed"]
    return f" ({', '.join(marks)})" if marks else ""


def _show_trial(trial: Mapping[str, Any], out: Console, *, full: bool) -> None:
    words, style = _VERDICTS[trial["verdict"]]
    out.print()
    out.print(Text.assemble((trial["nctId"], "bold"), ": ", (words, style)))
    for cohort in trial.get("cohorts", ()):
        closed = "" if cohort.get("open", True) else ", closed"
        told = f"  Cohort {cohort['id']}, {cohort['label']}: {_VERDICTS[cohort['verdict']][0]}{closed}"
        out.print(Text(told, style="dim"))
    findings = trial["findings"]
    by_person = [each for each in findings if each.get("cause") in _JUDGEMENT]
    rest = [each for each in findings if each.get("cause") not in _JUDGEMENT]
    unread = trial["verdict"] == "not-relevant" and not full
    for truth in ("unmet", "unknown", "met"):
        if full or truth == "unmet" or (truth == "unknown" and not unread):
            _show_findings([each for each in rest if each["truth"] == truth], out, searches=full)
    if by_person and not unread:
        asked = "; ".join(each["label"] for each in by_person)
        out.print(Padding(Text.assemble(("For a person: ", "bold"), asked), _INDENT))
    if not full:
        out.print(Text(f"  (--trial {trial['nctId']} lists every finding)", style="dim"))


def _show_findings(findings: Iterable[Mapping[str, Any]], out: Console, *, searches: bool) -> None:
    for each in findings:
        sign, style = _TRUTHS[each["truth"]]
        grid = Table.grid(padding=(0, 1))
        grid.add_column()
        grid.add_column(overflow="fold")
        told = Text.assemble((each["label"], "bold"), "\n", _reasons(each), (_grounds(each, searches=searches), "dim"))
        grid.add_row(Text(sign, style=style), told)
        out.print(Padding(grid, _INDENT, expand=False))


def _reasons(finding: Mapping[str, Any]) -> str:
    told = [finding["explanation"]]
    if "cause" in finding:
        told.append(f"Unknown: {finding['cause'].replace('-', ' ')}.")
    if finding.get("basis") not in {None, "documented"}:
        told.append(f"Basis: {finding['basis'].replace('-', ' ')}.")
    if "resolvesOn" in finding:
        told.append(f"Passes by itself on {finding['resolvesOn']}.")
    elif "clearsOn" in finding:
        told.append(f"Time removes this on {finding['clearsOn']}; what remains is then unknown.")
    if "expiresOn" in finding:
        told.append(f"Holds until {finding['expiresOn']}.")
    return " ".join(told)


def _grounds(finding: Mapping[str, Any], *, searches: bool) -> str:
    """Give the evidence, and for an unknown what would settle it: the question, and the search if that is wanted."""
    told = ""
    if finding["evidence"]:
        told = "\nEvidence: " + "; ".join(map(_evidence, finding["evidence"]))
    settled = finding.get("settledBy", {})
    if finding["truth"] != "unknown" or not settled:
        return told
    search = f" [{settled['search']}]" if searches and "search" in settled else ""
    return f"{told}\nTo settle it: {settled.get('question', '')}{search}"


def _evidence(seen: Mapping[str, Any]) -> str:
    told = [seen["label"], seen.get("value", ""), f"(range {seen['range']})" if "range" in seen else ""]
    return " ".join(filter(None, (*told, seen.get("date", ""), f"<{seen['reference']}>")))
