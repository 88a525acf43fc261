import json
from pathlib import Path

import pytest

from cds.errors import BadTrial
from cds.trials.records import Record, load_records, record_of, unescaped
from cds.trials.study import study_of
from tests.registry.fake import nct, record


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"Age \>=18, count 10\^9", "Age >=18, count 10^9"),
        ("Age &gt;= 18 and &lt; 75", "Age >= 18 and < 75"),
        (r"\[HBsAg\] 5\*ULN", "[HBsAg] 5*ULN"),
        ("C:\\data", "C:\\data"),
        ("\\\\", "\\"),
    ],
)
def test_markdown_escapes_are_undone(text: str, shown: str) -> None:
    assert unescaped(text) == shown


def test_lines_count_from_one_and_blank_ones_count() -> None:
    made = Record("NCT00000001", "", "RECRUITING", "", "In:\n\n* Age \\> 18")
    assert made.lines == ("In:", "", "* Age \\> 18")
    assert made.shown(3) == "* Age > 18"
    assert made.sha256 == "14f58ced0fdc19d3a5e8d611614041b2eb82b796de0da18cde158e92cfde6b46"


@pytest.mark.parametrize("text", ["", "{", "{}", '{"protocolSection": {"statusModule": []}}'])
def test_a_file_that_is_no_record_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "NCT00000009.json").write_text(text, encoding="utf-8")
    with pytest.raises(BadTrial, match=r"^NCT00000009\.json: not a ClinicalTrials\.gov v2 record$"):
        load_records(tmp_path)


def test_a_record_is_read_as_a_study_is_and_one_without_a_text_is_refused(tmp_path: Path) -> None:
    whole = record(1, text="Inclusion Criteria:")
    (tmp_path / f"{nct(1)}.json").write_text(json.dumps(whole), encoding="utf-8")
    assert load_records(tmp_path) == {nct(1): record_of(study_of(whole))}
    assert load_records(tmp_path)[nct(1)].text == "Inclusion Criteria:"
    del whole["protocolSection"]["eligibilityModule"]
    (tmp_path / f"{nct(1)}.json").write_text(json.dumps(whole), encoding="utf-8")
    with pytest.raises(BadTrial, match=r"^NCT00000001\.json: .* has no eligibility text$"):
        load_records(tmp_path)


def test_the_real_records_have_the_lines_the_definitions_speak_of(shared: Path) -> None:
    records = load_records(shared / "trials" / "ctgov")
    lines = {name: len(records[name].lines) for name in ("NCT06893783", "NCT07328490", "NCT07343453")}
    assert lines == {"NCT06893783": 73, "NCT07328490": 49, "NCT07343453": 33}
    assert records["NCT06893783"].status == "RECRUITING"
    assert records["NCT07328490"].shown(6) == "* Age >=18 years."
