"""A CDS service's answers as a person reads them on the terminal; no text in them can steer it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rich.console import Console, Group
from rich.markdown import CodeBlock, Markdown
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from cds.ehr.calling import outcome_words
from cds.ehr.conformance import SPECIFICATION
from cds.ehr.plain import harmless, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from markdown_it.token import Token
    from rich.console import ConsoleOptions, RenderableType, RenderResult
    from rich.markdown import MarkdownElement

    from cds.ehr.calling import Called
    from cds.ehr.conformance import Finding
    from cds.ehr.prefetch import Part

_STYLES = {"info": "bold blue", "warning": "bold yellow", "critical": "bold red"}
_WEIGHTS = {"must": "bold red", "should": "yellow", "care": "dim"}
_INDENT = (0, 0, 0, 2)
_LONGEST_DETAIL = 20_000
_MOST_CARDS = 50


class _Code(CodeBlock):
    """Code as plain text: what colours code by its language is not meant for a stranger's."""

    @classmethod
    def create(cls, markdown: Markdown, token: Token) -> _Code:
        """Take the block without its language."""
        del token
        return cls("text", markdown.code_theme)


class _Detail(Markdown):
    """A card's detail; what entities would still make of steering characters is taken out of what is written."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {**Markdown.elements, "fence": _Code, "code_block": _Code}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render it, harmless."""
        for each in super().__rich_console__(console, options):
            if isinstance(each, Segment):
                yield Segment(harmless(each.text), each.style)


def as_json(called: Sequence[Called], findings: Sequence[Finding]) -> str:
    """Give the answers as they came, with what was sent along and the findings; no token and no chart."""
    import msgspec

    document = {
        "discovery": {"findings": [_finding(each) for each in findings]},
        "services": [
            {
                "id": each.service.id,
                "hook": each.service.hook,
                "status": each.status,
                "tookMs": round(each.took_s * 1000),
                **({"problem": each.problem} if each.problem else {}),
                "prefetch": {part.key: part.said for part in each.parts},
                "answer": each.answer,
                "findings": [_finding(found) for found in each.findings],
            }
            for each in called
        ],
    }
    written = msgspec.json.Encoder(decimal_format="number").encode(document)
    text = msgspec.json.format(written, indent=2).decode()
    return "".join(each if harmless(each) == each else f"\\u{ord(each):04x}" for each in text)


def _finding(found: Finding) -> dict[str, str]:
    said = {"weight": found.weight.value, "where": found.where, "what": found.what}
    return said | {"specification": f"{SPECIFICATION}#{found.anchor}"}


def show(called: Iterable[Called], findings: Sequence[Finding], console: Console | None = None) -> None:
    """Print what each service answered, and what deviates from the specification."""
    out = console or Console(highlight=False)
    for each in called:
        _show_call(each, out)
    if findings:
        out.print(Text("Discovery", style="bold"))
        out.print(_table(findings))


def _show_call(called: Called, out: Console) -> None:
    out.print(Text.assemble((called.service.title, "bold"), f" ({one_line(called.service.id, 60)})"))
    out.print(Text(f"{called.service.hook}: answered {called.status} in {called.took_s * 1000:.0f} ms"))
    out.print(_prefetch(called.parts))
    if called.problem:
        out.print(Text(f"{called.problem[:1].upper()}{called.problem[1:]}.", style="bold red"))
        words = outcome_words(called.answer)
        if words:
            out.print(Padding(Text(f"It says: {words}"), _INDENT))
        return
    cards = called.answer.get("cards") if isinstance(called.answer, dict) else None
    _show_cards(cards if isinstance(cards, list) else [], out)
    _show_actions(called.answer, out)
    out.print(
        _table(called.findings) if called.findings else Text("Keeps to CDS Hooks 2.0: nothing found.", style="green")
    )
    out.print()


def _prefetch(parts: Iterable[Part]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for each in parts:
        style = "" if each.is_sent else "yellow"
        table.add_row(Text(f"  {one_line(each.key, 40)}", style="dim"), Text(each.said, style=style))
    return table


def _show_cards(cards: Sequence[object], out: Console) -> None:
    out.print()
    if not cards:
        out.print("No cards: the service has nothing to tell.")
    for number, card in enumerate(cards[:_MOST_CARDS], start=1):
        _show_card(card if isinstance(card, dict) else {}, f"{number} of {len(cards)}", out)
    if len(cards) > _MOST_CARDS:
        out.print(f"and {len(cards) - _MOST_CARDS} more cards")


def _show_card(card: dict[str, Any], place: str, out: Console) -> None:
    indicator = one_line(card.get("indicator"), 20)
    summary = one_line(card.get("summary"), 400)
    style = _STYLES.get(indicator, "bold magenta")
    out.print(Text.assemble((f"{place}  ", "dim"), (f"{indicator}  ", style), (summary, "bold")))
    if isinstance(card.get("detail"), str):
        out.print(Padding(_detail(card["detail"]), _INDENT))
    out.print(Padding(Group(*map(Text, _rows(card))), _INDENT))
    out.print()


def _detail(detail: str) -> RenderableType:
    cut = harmless(detail[:_LONGEST_DETAIL])
    return Group(
        _Detail(cut, hyperlinks=False),
        *([Text(f"… cut: {len(detail)} characters", style="yellow")] if len(detail) > _LONGEST_DETAIL else []),
    )


def _rows(card: dict[str, Any]) -> list[str]:
    source = card.get("source") if isinstance(card.get("source"), dict) else {}
    rows = [f"Source: {_joined(source, 'label', 'url')}"] if source else []
    rows += [f"Suggestion: {_suggestion(each)}" for each in _objects(card, "suggestions")]
    if "selectionBehavior" in card:
        rows.append(f"Of the suggestions: {one_line(card['selectionBehavior'], 20)}")
    rows += [
        f"Link ({one_line(each.get('type'), 20)}): {_joined(each, 'label', 'url')}" for each in _objects(card, "links")
    ]
    reasons = [one_line(each.get("display") or each.get("code"), 80) for each in _objects(card, "overrideReasons")]
    return rows + ([f"Reasons to override: {'; '.join(reasons)}"] if reasons else [])


def _suggestion(suggestion: dict[str, Any]) -> str:
    actions = "; ".join(map(_action, _objects(suggestion, "actions")))
    recommended = " (recommended)" if suggestion.get("isRecommended") is True else ""
    return f"{one_line(suggestion.get('label'))}{recommended}{f' [{actions}]' if actions else ''}"


def _action(action: dict[str, Any]) -> str:
    resource = action.get("resource")
    of = resource.get("resourceType") if isinstance(resource, dict) else action.get("resourceId")
    words = f": {one_line(action['description'])}" if "description" in action else ""
    return f"{one_line(action.get('type'), 20)} {one_line(of, 80)}{words}"


def _show_actions(answer: object, out: Console) -> None:
    for each in _objects(answer, "systemActions") if isinstance(answer, dict) else ():
        out.print(Text(f"System action, done without being asked: {_action(each)}", style="bold yellow"))


def _objects(of: dict[str, Any], name: str) -> list[dict[str, Any]]:
    held = of.get(name)
    return [each for each in held if isinstance(each, dict)] if isinstance(held, list) else []


def _joined(of: dict[str, Any], *names: str) -> str:
    return ", ".join(one_line(of[name], 400) for name in names if name in of)


def _table(findings: Sequence[Finding]) -> Table:
    table = Table(show_edge=False, pad_edge=False, header_style="dim")
    for name in ("#", "Weight", "Where", "What", "CDS Hooks 2.0"):
        table.add_column(name, overflow="fold")
    for number, each in enumerate(findings, start=1):
        weight = Text(each.weight.value, style=_WEIGHTS[each.weight.value])
        table.add_row(str(number), weight, Text(one_line(each.where)), Text(each.what), Text(f"#{each.anchor}"))
    return table
