"""The documents are true: what they say of settings, commands, rooms, words and cards is what the code says.

The settings table and the card in the README are made from the code: REWRITE=1 writes them anew, to be reviewed.
"""

import argparse
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import cds
from cds.app import StoppedClock, create_app
from cds.cli.exits import Exit
from cds.cli.run import parser
from cds.core.finding import Basis, Cause
from cds.core.truth import Truth
from cds.core.verdict import Standing, Withheld
from cds.settings import Settings, settings_table
from cds.web.charts import demo_day, load_charts
from cds.web.cut import prefetch_of, read_templates
from tests.shipped import read_once

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
SKIPPED = {"build", "dist"}
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:cds|tests|mappings|trials|bench|openapi)/[^`\s]*)`")


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def generated(name: str, rewrite: bool, wanted: str) -> str:  # noqa: FBT001 - a fixture's value
    """Give what stands in the README between the two marks of a generated part; with REWRITE=1, write it first."""
    opening, closing = f"<!-- {name} -->\n", f"<!-- /{name.partition(':')[0]} -->"
    before, opened, rest = README.read_text("utf-8").partition(opening)
    standing, closed, after = rest.partition(closing)
    assert opened, f"the README lacks {opening}"
    assert closed, f"the README lacks {closing}"
    if rewrite:
        README.write_text(f"{before}{opening}\n{wanted.strip()}\n\n{closing}{after}", "utf-8")
        return wanted.strip()
    return standing.strip()


# ---------------------------------------------------------------------------------------------------------- the README
def test_the_readme_tells_every_setting_with_its_default(rewrite: bool) -> None:  # noqa: FBT001 - a fixture's value
    assert generated("settings", rewrite, settings_table()) == settings_table().strip()


def test_every_table_row_has_as_many_cells_as_its_head() -> None:
    """An upright stroke that is not escaped ends a cell, in code too, and the rest of the row is not shown."""
    for document in (path for path in documents() if len(path.parts) == 1):
        for table in re.findall(r"(?:^\|.*\|\n)+", text(str(document)), re.MULTILINE):
            cells = {row: len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
            assert {row for row, count in cells.items() if count != next(iter(cells.values()))} == set(), document


def commands(top: argparse.ArgumentParser, name: str) -> Iterator[str]:
    """Give the commands that do something, in full: those that only hold others are left out."""
    inner = [each for each in top._actions if isinstance(each, argparse._SubParsersAction)]  # noqa: SLF001 - argparse tells it nowhere else
    for each in inner:
        for word, parsed in each.choices.items():
            yield from commands(parsed, f"{name} {word}")
    if not inner:
        yield name


def test_the_readme_tells_every_command_and_no_other() -> None:
    told = re.findall(r"^\| `(trialcards(?: [a-z]+)+)[^`]*` \|", README.read_text("utf-8"), re.MULTILINE)
    assert sorted(told) == sorted(commands(parser(), "trialcards"))


def test_the_readme_tells_every_exit_code() -> None:
    told = re.findall(r"^\| (\d) \| (.+) \|$", README.read_text("utf-8"), re.MULTILINE)
    assert told == [(str(each.value), each.meaning) for each in Exit]


def test_the_readme_tells_every_answer_and_every_verdict() -> None:
    rows = re.findall(r"^\| ([a-z, ]+) \| `([a-z-]+)` \|", README.read_text("utf-8"), re.MULTILINE)
    settled = {name for truth, name in rows if truth != "unknown"}
    assert settled == {each.value for each in Basis}
    assert {name for truth, name in rows if truth == "unknown"} == {each.value for each in Cause}
    verdicts = re.findall(r"^\| `([a-z-]+)` \|", README.read_text("utf-8"), re.MULTILINE)
    assert verdicts == [each.value for each in Standing]


SHOWN_CHART, SHOWN_TRIAL = "colon-nec-near", "NCT07328490"


@pytest.mark.anyio
async def test_the_card_in_the_readme_is_what_the_service_answers(
    rewrite: bool,  # noqa: FBT001 - a fixture's value
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read_once(monkeypatch)
    charts = load_charts(ROOT / "tests" / "golden")
    chart = next(each for each in charts if each.slug == SHOWN_CHART)
    settings = Settings(authentication="off", store_url="sqlite://")
    app = create_app(settings, clock=StoppedClock(demo_day(charts), settings.time_zone))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://testserver") as ehr:
        (service,) = (await ehr.get("/cds-services")).json()["services"]
        call = {
            "hook": service["hook"],
            "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
            "context": {"userId": "Practitioner/example", "patientId": chart.patient_id},
            "prefetch": prefetch_of(chart.bundle, chart.patient_id, read_templates(service["prefetch"])),
        }
        answer = await ehr.post(f"/cds-services/{service['id']}", content=json.dumps(call))
    card = next(each for each in answer.json()["cards"] if each["source"]["topic"]["code"] == SHOWN_TRIAL)
    lines = [f"**{card['summary']}**", "", *card["detail"].splitlines()]
    wanted = "\n".join(f"> {line}".rstrip() for line in lines)
    assert generated(f"card: {SHOWN_CHART} {SHOWN_TRIAL}", rewrite, wanted) == wanted
    readme = README.read_text("utf-8")
    told = {key for key in (service["id"], service["hook"], *service["prefetch"]) if f"`{key}`" in readme}
    assert told == {service["id"], service["hook"], *service["prefetch"]}


# ------------------------------------------------------------------------------------------------------- the other ones
def test_the_newest_version_in_the_changelog_is_the_package_s() -> None:
    told = re.findall(r"^## (\d+\.\d+\.\d+) - \d{4}-\d{2}-\d{2}$", text("CHANGELOG.md"), re.MULTILINE)
    declared = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    assert told[0] == declared == cds.__version__
    assert told == sorted(told, key=lambda version: [int(part) for part in version.split(".")], reverse=True)


def rooms_in(folder: Path) -> set[str]:
    """Give the rooms of the package that hold Python: modules and packages at its top, without their endings."""
    found = {path.relative_to(folder).parts[0].removesuffix(".py") for path in folder.rglob("*.py")}
    return found - {"__init__"}


def test_every_module_is_in_a_room_that_the_architecture_tells() -> None:
    told = re.findall(r"^\| `cds/(\w+)(?:/|\.py)` \|", text("ARCHITECTURE.md"), re.MULTILINE)
    assert sorted(told) == sorted(rooms_in(ROOT / "cds"))


def test_the_order_of_the_rooms_is_the_one_that_is_kept() -> None:
    contracts = tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (kept,) = (each["layers"] for each in contracts if each["type"] == "layers")
    (told,) = re.findall(r"```text\n(__main__\n.*?)\n```", text("ARCHITECTURE.md"), re.DOTALL)
    assert told.splitlines() == [layer.replace("(", "").replace(")", "") for layer in kept]


def test_every_folder_of_tests_is_told() -> None:
    told = re.findall(r"^\| `tests/(\w+)/` \|", text("ARCHITECTURE.md"), re.MULTILINE)
    there = {path.parent.relative_to(ROOT / "tests").parts[0] for path in ROOT.glob("tests/*/test_*.py")}
    assert sorted(told) == sorted(there | {"golden"})


def entries(name: str) -> list[str]:
    return re.findall(r"^\*\*(.+?)\*\*(?: \(.+?\))?:", text(name), re.MULTILINE)


def plainly(word: str) -> str:
    return word.replace("-", " ").casefold()


def test_the_glossary_holds_every_word_an_answer_is_made_of() -> None:
    told = {plainly(word) for word in entries("GLOSSARY.md")}
    asked = {plainly(each.value) for words in (Truth, Basis, Cause, Standing) for each in words}
    assert asked - told == set()
    withheld = {each.value.replace("-", " ") for each in Withheld}
    (reasons,) = re.findall(r"^\*\*withheld\*\*: .*: (.+)\.$", text("GLOSSARY.md"), re.MULTILINE)
    assert set(reasons.split(", ")) == withheld


def test_the_glossary_begins_with_the_four_words_and_goes_on_by_the_alphabet() -> None:
    told = entries("GLOSSARY.md")
    assert told[:4] == ["chart", "criterion", "finding", "card"]
    assert [plainly(word) for word in told[4:]] == sorted(plainly(word) for word in told[4:])


def test_every_decision_tells_context_choice_and_price() -> None:
    records = re.split(r"^### ", text("DECISIONS.md"), flags=re.MULTILINE)[1:]
    parts = {each.partition("\n")[0]: re.findall(r"^\*\*(\w+)\.\*\*", each, re.MULTILINE) for each in records}
    assert {title: found for title, found in parts.items() if found != ["Context", "Choice", "Price"]} == {}


# ------------------------------------------------------------------------------------------------------ links and paths
def documents() -> list[Path]:
    every = (path.relative_to(ROOT) for path in ROOT.rglob("*.md"))
    return sorted(path for path in every if not any(part.startswith(".") or part in SKIPPED for part in path.parts))


def anchors(markdown: str) -> set[str]:
    """Give the anchors that a web page of the text would have, as code hosts make them of headings."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", markdown), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.casefold()).strip().replace(" ", "-") for title in titles}


def dead_links(document: Path, markdown: str) -> list[str]:
    """Give the relative links that lead nowhere, from a document to files and headings."""
    found = []
    for target in LINK.findall(re.sub(r"`[^`\n]*`", "", FENCE.sub("", markdown))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        place = (document.parent / name).resolve() if name else document
        known = place.is_relative_to(ROOT) and place.exists()
        if not known or (anchor and anchor not in anchors(place.read_text("utf-8"))):
            found.append(target)
    return found


def missing_paths(markdown: str) -> list[str]:
    """Give the paths of the project, written as code, that are not there; a module may be a package by now."""
    return [
        path
        for path in PATH.findall(markdown)
        if not any(ROOT.glob(path)) and not (ROOT / path).with_suffix("").is_dir()
    ]


def test_every_relative_link_leads_somewhere() -> None:
    found = {str(path): dead_links(ROOT / path, text(str(path))) for path in documents()}
    assert README.relative_to(ROOT) in documents()
    assert {path: links for path, links in found.items() if links} == {}


def test_every_path_that_is_named_is_there() -> None:
    found = {str(path): missing_paths(text(str(path))) for path in documents() if len(path.parts) == 1}
    assert {path: names for path, names in found.items() if names} == {}


def test_a_dead_link_and_a_missing_path_are_seen() -> None:
    markdown = (
        "# A title\n[a](nowhere.md) `[b](x.md)` [c](LICENSE) [d](https://example.org) `cds/nowhere.py` `cds/core/`"
    )
    assert dead_links(ROOT / "made-up.md", markdown) == ["nowhere.md"]
    assert anchors(markdown.partition("`")[0].replace("\n", "\n\n")) == {"a-title"}
    assert dead_links(README, "[a](#settings) [b](#nothing) [c](../outside.md)") == ["#nothing", "../outside.md"]
    assert missing_paths(markdown) == ["cds/nowhere.py"]
