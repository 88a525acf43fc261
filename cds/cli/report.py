"""The account of a FHIR server as JSON, and as a person reads it on the terminal, which is made from the JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cds.cli.inspection import faults
from cds.terms.coverage import Outcome, share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cds.cli.inspection import Inspection, Line, Tried
    from cds.terms.coverage import Tally

__all__ = ["show", "told"]

Json = dict[str, Any]
_TOP = 12
_STATES = {
    "complete": ("answered", "green"),
    "partial": ("in part", "yellow"),
    "failed": ("failed", "red"),
    "not-offered": ("not offered", "yellow"),
    "not-asked": ("not asked", "yellow"),
}


def told(account: Inspection) -> Json:
    """Tell an account as plain JSON."""
    capability = account.capability
    document: Json = {
        "server": account.server,
        "software": capability.software,
        "fhirVersion": capability.version,
        "release": capability.release,
        "tls": account.tls,
        "tokenEndpoint": account.token_endpoint,
        "searches": [_line(each) for each in account.lines],
        "gaps": {kind.value: {"extent": extent.value, "why": why} for kind, (extent, why) in account.gaps.items()},
        "unsettled": [
            {
                "nctId": each.nct_id,
                "criteria": each.criteria,
                "kinds": {kind.value: number for kind, number in each.kinds.items()},
            }
            for each in account.unsettled
        ],
    }
    if account.tried is not None:
        document["chart"] = _chart(account.tried)
    return document | {"faults": list(faults(account)), "usable": not faults(account)}


def _line(line: Line) -> Json:
    listed, went = line.listed, line.went
    document: Json = {
        "key": line.search.key,
        "resourceType": line.search.resource_type,
        "listed": {"type": listed.offered, "unlisted": list(listed.unlisted), "include": listed.include},
    }
    if went is not None:
        document["went"] = {
            "state": went.state.value,
            "why": went.why,
            "otherwise": went.otherwise,
            "entries": went.entries,
            "pages": went.pages,
            "requests": went.requests,
            "seconds": round(went.seconds, 3),
        }
    return document


def _chart(tried: Tried) -> Json:
    return {
        "read": dict(tried.read),
        "lost": dict(tried.lost),
        "strict": dict(tried.strict),
        "codes": [_tally(each) for each in tried.tallies],
    }


def _tally(tally: Tally) -> Json:
    known = round(float(share(tally.uses)), 4)
    unmapped = tally.uses.get(Outcome.UNMAPPED, 0)
    return {"sort": tally.sort.value, "uses": sum(tally.uses.values()), "unmapped": unmapped, "known": known}


# ------------------------------------------------------------------------------------------------------ on the terminal


def show(document: Mapping[str, Any], console: Console | None = None) -> None:
    """Print an account."""
    out = console or Console(highlight=False)
    _show_server(document, out)
    out.print()
    out.print(_searches(document))
    _show_slowest(document, out)
    _show_gaps(document, out)
    if "chart" in document:
        _show_chart(document["chart"], out)
    _show_verdict(document, out)


def _show_server(document: Mapping[str, Any], out: Console) -> None:
    version = f"{document['release']} ({document['fhirVersion']})" if document["release"] else document["fhirVersion"]
    plain = document["server"].startswith("http:")
    rows = {
        "Server": document["server"],
        "Software": document["software"] or "it does not say",
        "FHIR": version or "it does not say",
        "TLS": "none: charts travel in the clear" if plain else document["tls"] or "yes",
        "Tokens": document["tokenEndpoint"] or "it names no place where tokens are had",
    }
    for name, value in rows.items():
        out.print(Text.assemble((f"{name:<10}", "dim"), value))


def _searches(document: Mapping[str, Any]) -> Table:
    tried = "chart" in document
    table = Table(show_edge=False, pad_edge=False, header_style="dim")
    for name in ("Search", "Type", "Its statement"):
        table.add_column(name)
    if tried:
        table.add_column("Tried")
        for name in ("Entries", "Pages", "Requests", "Seconds"):
            table.add_column(name, justify="right")
    for each in document["searches"]:
        row = [Text(each["key"]), Text(each["resourceType"]), _statement(each["listed"])]
        table.add_row(*row, *(_went(each["went"]) if tried else ()))
    return table


def _statement(listed: Mapping[str, Any]) -> Text:
    if listed["type"] is None:
        return Text("does not say", style="yellow")
    if listed["type"] is False:
        return Text("no such type", style="red")
    lacking = [f"not by {name}" for name in listed["unlisted"]]
    lacking += ["drugs not included"] if listed["include"] is False else []
    return Text(", ".join(lacking), style="yellow") if lacking else Text("listed", style="green")


def _went(went: Mapping[str, Any]) -> list[Text]:
    words, style = _STATES[went["state"]]
    way = f" {went['otherwise']}" if went["otherwise"] else ""
    numbers = [str(went[name]) for name in ("entries", "pages", "requests")]
    return [Text(f"{words}{way}", style=style), *map(Text, numbers), Text(f"{went['seconds']:.2f}")]


def _show_slowest(document: Mapping[str, Any], out: Console) -> None:
    went = [(each["went"]["seconds"], each["key"]) for each in document["searches"] if "went" in each]
    if went:
        seconds, key = max(went)
        out.print(Text(f"Slowest: {key}, {seconds:.2f} s; all, one after the other: {sum(s for s, _ in went):.2f} s"))


def _show_gaps(document: Mapping[str, Any], out: Console) -> None:
    out.print()
    if not document["gaps"]:
        out.print("A chart would lack no kind of entry that the trials need.")
        return
    out.print(Text("What a chart would lack", style="bold"))
    for kind, gap in document["gaps"].items():
        out.print(Text(f"  {kind}: {gap['extent'].replace('-', ' ')}: {gap['why']}", style="yellow"))
    for each in document["unsettled"]:
        kinds = ", ".join(f"{kind} {number}" for kind, number in each["kinds"].items())
        out.print(Text(f"  {each['nctId']}: {each['criteria']} criteria would be unknown by it ({kinds})"))


def _show_chart(chart: Mapping[str, Any], out: Console) -> None:
    out.print()
    read = ", ".join(f"{name} {number}" for name, number in sorted(chart["read"].items()))
    out.print(Text.assemble(("Read  ", "dim"), read or "nothing"))
    _show_counts("Not read", chart["lost"], "every entry could be read", out)
    _show_counts("By the letter of R4B", chart["strict"], "no fault", out)
    known = ", ".join(f"{each['sort']} {_percent(each['known'])} of {each['uses']}" for each in chart["codes"])
    out.print(Text.assemble(("Codes known  ", "dim"), known or "no entry that is counted"))


def _percent(part: float) -> str:
    """Give a share in per cent, rounded down: 99.96 must not read as all."""
    return f"{int(part * 1000) / 10:g} %"


def _show_counts(name: str, counts: Mapping[str, int], none: str, out: Console) -> None:
    total = sum(counts.values())
    out.print(Text.assemble((f"{name}  ", "dim"), str(total) if total else none))
    for reason, number in list(counts.items())[:_TOP]:
        out.print(Text(f"  {number:>5}  {reason}"))
    if len(counts) > _TOP:
        out.print(Text(f"         and {len(counts) - _TOP} other reasons", style="dim"))


def _show_verdict(document: Mapping[str, Any], out: Console) -> None:
    out.print()
    found = document["faults"]
    if not found:
        tried = "gave" if "chart" in document else "says that it gives"
        out.print(Text(f"Usable: the server {tried} all that the loaded trials need.", style="bold green"))
        return
    out.print(Text(f"Not all that the loaded trials need: {len(found)} to mend.", style="bold red"))
    for each in found:
        out.print(Text(f"  - {each}"))
