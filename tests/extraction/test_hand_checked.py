"""The hand check can be read, holds nobody else's sentences at length, and the measured precision is what it counts.

``hand_checked.csv`` holds one row for each kind of statement that was read of a drawn line: what the line says, written
down before the reading was seen, what was read, and whether that is right. REWRITE=1 writes ``mappings/precision.csv``
and the table in ``docs/extraction.md`` anew.
"""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from cds.errors import DefinitionError
from cds.files import Row, read_rows
from cds.trials.text.reading import ReadingKind
from cds.trials.text.trust import Round, load_precision, precision_table

ROOT = Path(__file__).resolve().parents[2]
CHECKED = Path(__file__).parent / "hand_checked.csv"
PRECISION = ROOT / "mappings" / "precision.csv"
DOCUMENT = ROOT / "docs" / "extraction.md"
COLUMNS = ("round", "seed", "nct", "line", "kind", "says", "read", "verdict", "why")
LONGEST = 160
"""Characters in which a line is told in our own words."""

_FORMS = {
    "round": re.compile(r"[1-9]\d?"),
    "seed": re.compile(r"\d{1,6}"),
    "nct": re.compile(r"NCT\d{8}"),
    "line": re.compile(r"[1-9]\d{0,3}(?:-[1-9]\d{0,3})?"),
    "kind": re.compile("|".join(each.value for each in ReadingKind if each is not ReadingKind.JUDGEMENT)),
    "says": re.compile(rf"\S.{{0,{LONGEST - 1}}}"),
    "read": re.compile(rf"\S.{{0,{LONGEST - 1}}}"),
    "verdict": re.compile("right|wrong"),
    "why": re.compile(r".{0,300}"),
}


def checked() -> list[Row]:
    return read_rows(CHECKED, CHECKED.name, COLUMNS, DefinitionError)


def faults(rows: Iterable[Row]) -> list[str]:
    """Give what is wrong with rows of the hand check, by line."""
    found, seen = [], set()
    for row in rows:
        found += [
            f"{row.place}: {column} {row[column]!r}" for column in COLUMNS if not _FORMS[column].fullmatch(row[column])
        ]
        if row["verdict"] == "wrong" and not row["why"].strip():
            found.append(f"{row.place}: wrong, and it does not say why")
        key = tuple(row[column] for column in ("round", "nct", "line", "kind", "says"))
        if key in seen:
            found.append(f"{row.place}: stands twice")
        seen.add(key)
    return found


def counted(rows: Iterable[Row]) -> list[Round]:
    """Give the rounds that the rows amount to, kind by kind."""
    verdicts = Counter((row["kind"], int(row["round"]), row["verdict"]) for row in rows)
    told = sorted({(kind, number) for kind, number, _ in verdicts})
    return [
        Round(ReadingKind(kind), number, verdicts[kind, number, "right"], verdicts[kind, number, "wrong"])
        for kind, number in told
    ]


def written(rounds: Iterable[Round]) -> str:
    rows = (f"{each.kind.value},{each.number},{each.right},{each.wrong}\n" for each in rounds)
    return "kind,round,right,wrong\n" + "".join(rows)


def test_every_row_of_the_hand_check_can_be_read() -> None:
    assert faults(checked()) == []


def test_measured_precision_is_what_the_hand_check_counts(rewrite: bool) -> None:  # noqa: FBT001 - a fixture's value
    wanted = counted(checked())
    if rewrite:
        PRECISION.write_text(written(wanted), "utf-8")
    assert list(load_precision(ROOT / "mappings")) == wanted


def test_the_document_tells_what_was_measured(rewrite: bool) -> None:  # noqa: FBT001 - a fixture's value
    wanted = precision_table(counted(checked()))
    opening, closing = "<!-- precision -->\n", "\n<!-- /precision -->"
    before, opened, rest = DOCUMENT.read_text("utf-8").partition(opening)
    standing, closed, after = rest.partition(closing)
    assert opened, f"the document lacks {opening}"
    assert closed, f"the document lacks {closing}"
    if rewrite:
        DOCUMENT.write_text(f"{before}{opening}\n{wanted}\n{closing}{after}", "utf-8")
        return
    assert standing.strip() == wanted


def test_the_document_tells_every_kind() -> None:
    told = re.findall(r"^\| `([a-z-]+)` \|", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    assert told == [each.value for each in ReadingKind]


# ------------------------------------------------------------------------------------------------- the lint bites
GOOD = "1,7,NCT00000001,8,age,adults from 18,age of 18 or more,right,"


def rows_of(tmp_path: Path, *lines: str) -> list[Row]:
    path = tmp_path / "hand_checked.csv"
    path.write_text("\n".join([",".join(COLUMNS), *lines, ""]), "utf-8")
    return read_rows(path, path.name, COLUMNS, DefinitionError)


def test_a_good_row_is_passed_and_counted(tmp_path: Path) -> None:
    rows = rows_of(tmp_path, GOOD, GOOD.replace(",8,", ",9-10,").replace("right,", "wrong,upside down"))
    assert faults(rows) == []
    assert counted(rows) == [Round(ReadingKind.AGE, 1, 1, 1)]
    assert written(counted(rows)) == "kind,round,right,wrong\nage,1,1,1\n"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (",age,", ",judgement,", "kind 'judgement'"),
        (",age,", ",ages,", "kind 'ages'"),
        ("NCT00000001", "NCT1", "nct 'NCT1'"),
        (",8,", ",8 and 9,", "line '8 and 9'"),
        ("1,7", "0,7", "round '0'"),
        (",right,", ",maybe,", "verdict 'maybe'"),
        (",right,", ",wrong,", "does not say why"),
        ("adults from 18", "", "says ''"),
        ("adults from 18", "a" * (LONGEST + 1), "says 'aaa"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    (fault,) = faults(rows_of(tmp_path, GOOD.replace(old, new, 1)))
    assert fault.startswith("hand_checked.csv:2: ")
    assert told in fault


def test_a_row_that_stands_twice_is_told(tmp_path: Path) -> None:
    assert faults(rows_of(tmp_path, GOOD, GOOD)) == ["hand_checked.csv:3: stands twice"]
