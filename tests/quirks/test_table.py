"""The table of quirks in the documents is made of the quirks themselves: REWRITE=1 writes it anew."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.quirks.charts import FAMILIES
from tests.quirks.quirk import QUIRKS, Quirk
from tests.quirks.servers import SERVER_QUIRKS, ServerQuirk

PAGE = Path(__file__).resolve().parents[2] / "docs" / "quirks.md"
TITLES = {
    "results": "Results",
    "wording": "Codes, words, dates, statuses",
    "medicines": "Drugs",
    "bundles": "Whose entries they are, and the Bundle",
}
HEAD = """# Quirks of real records and servers

What real systems send is not what the specification shows. Each deviation below is laid over the golden charts by
`tests/quirks/`, alone and several at a time, and held against one law: a finding stays as it was, or becomes unknown
by a cause that is named here. It never turns from met to unmet or back, an unknown is never settled, and nothing is
lost in silence.

*Same*: the same answer, on the same ground, with the same dates. *Counted as not recognised*: an entry in a code or in
words that no table knows is no evidence; the finding says how many such entries there were, since one of them may be
the obstacle (law 3 of the design). This page is made from the tests:
`REWRITE=1 .venv/bin/pytest tests/quirks/test_table.py`.
"""


def _rows(quirks: Iterable[Quirk | ServerQuirk]) -> Iterator[str]:
    yield "| quirk | what is sent | seen | what we do | effect on a finding |"
    yield "|---|---|---|---|---|"
    for each in quirks:
        yield f"| {each.name} | {each.about} | {each.seen} | {each.does} | {each.effect} |"


def _of(family: str) -> list[Quirk]:
    return [each for each in QUIRKS if each.family == family]


def page() -> str:
    parts = [HEAD]
    for family in FAMILIES:
        name = family.__name__.rpartition(".")[2]
        parts += [f"## {TITLES[name]}\n", "\n".join(_rows(_of(name))) + "\n"]
    parts += ["## Servers\n", "\n".join(_rows(SERVER_QUIRKS)) + "\n"]
    return "\n".join(parts)


def test_the_page_is_made_of_the_quirks(*, rewrite: bool) -> None:
    if rewrite:
        PAGE.write_text(page(), "utf-8")
    assert PAGE.read_text("utf-8") == page()


def test_every_quirk_has_its_row() -> None:
    assert sum(len(_of(family.__name__.rpartition(".")[2])) for family in FAMILIES) == len(QUIRKS)
