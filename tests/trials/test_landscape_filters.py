"""Which trials a filter finds: by what names mean, or word by word; and the rows that are told of them."""

from typing import Any

import pytest

from cds.errors import BadCall
from cds.trials.filters import FILTERS, PHASES, STATUSES, Filters, filters_of, phases_of
from cds.trials.landscape import Landscape
from cds.trials.study import Study
from cds.trials.text.lexicon import Lexicon
from tests.core.builders import VOCABULARY
from tests.trials.studies import TEXT, drug, place, study

PHRASES = (
    ("small-cell-carcinoma", "SCLC"),
    ("lung", "SCLC"),
    ("small-cell-carcinoma", "small cell lung cancer"),
    ("lung", "small cell lung cancer"),
    ("pancreas", "pancreatic"),
    ("nivolumab", "Opdivo"),
)
LEXICON = Lexicon.of(VOCABULARY, PHRASES)


def numbered(number: int, **changes: Any) -> Study:  # noqa: ANN401 - any member of a study
    given: dict[str, Any] = {"title": f"Trial {number}", "conditions": (), "interventions": ()}
    return study(f"NCT0000000{number}", **(given | changes))


LUNG = numbered(1, conditions=("Extensive Stage Small Cell Lung Cancer",), interventions=(drug("Opdivo"),))
PANCREAS = numbered(
    2,
    conditions=("Neuroendocrine Carcinoma of the Pancreas",),
    interventions=(drug("X-99", "cisplatin"),),
    phases=("PHASE1", "PHASE2"),
    status="NOT_YET_RECRUITING",
    facilities=(place("St. Example's Clinic", country="Elbonia", state="Mud"), place("", country="United States")),
)
SKIN = numbered(3, conditions=("Frobnicated skin",), interventions=(drug("Snake Oil", kind="OTHER"),), phases=())
MIXED = numbered(
    4,
    conditions=("Lung Metastases", "Small Cell Carcinoma of the Bladder"),
    text=TEXT + "* Earlier nivolumab\n* Melanoma of the pancreas\n",
    phases=("PHASE3",),
    status="COMPLETED",
)
ALL = (LUNG, PANCREAS, SKIN, MIXED)
LANDSCAPE = Landscape.of(ALL, LEXICON)


def found(**asked: str | tuple[str, ...]) -> list[int]:
    given = {name: (texts,) if isinstance(texts, str) else texts for name, texts in asked.items()}
    return sorted(int(each.nct_id[-1]) for each in LANDSCAPE.studies(filters_of(given)))


def test_without_filters_all_are_told_open_ones_first_and_later_phases_before() -> None:
    assert [each.nct_id[-1] for each in LANDSCAPE.studies(Filters())] == ["1", "3", "2", "4"]


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ("SCLC", [1]),
        ("small-cell lung cancer", [1]),
        ("extensive stage SCLC", [1]),
        ("limited stage SCLC", []),
        ("lung", [1, 4]),
        ("lung cancer", [1, 4]),
        ("cancer", [1]),
        ("digestive system", [2]),
        ("cancer of the pancreas", [2]),
        ("pancreatic cancer", [2]),
        ("FROBNICATED", [3]),
        ("skin frobnicated", [3]),
        ("frob", []),
        ("melanoma", []),
    ],
)
def test_a_condition_is_found_by_what_it_means_or_word_by_word(asked: str, numbers: list[int]) -> None:
    assert found(condition=asked) == numbers


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ("nivolumab", [1]),
        ("immune checkpoint inhibitor", [1]),
        ("platinum", [2]),
        ("cisplatin", [2]),
        ("x99", [2]),
        ("carboplatin", []),
        ("snake oil", [3]),
        ("of", []),
    ],
)
def test_a_drug_is_found_by_its_class_and_its_other_names_but_not_in_what_is_excluded(
    asked: str, numbers: list[int]
) -> None:
    assert found(drug=asked) == numbers


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({"phase": "2"}, [1, 2]),
        ({"phase": "1/2"}, [2]),
        ({"phase": ("3", "1")}, [2, 4]),
        ({"status": "recruiting"}, [1, 3]),
        ({"status": ("not yet recruiting", "COMPLETED")}, [2, 4]),
        ({"country": "elbonia"}, [2]),
        ({"country": "USA"}, [2]),
        ({"country": "Elb"}, []),
        ({"site": "st examples clinic"}, [2]),
        ({"site": "Springfield, Mud, Elbonia"}, [2]),
        ({"site": "example"}, [1, 3, 4]),
        ({"text": "Earlier  NIVOLUMAB"}, [4]),
        ({"text": "trial 3"}, [3]),
        ({"condition": "lung", "status": "completed"}, [4]),
        ({"condition": ("frobnicated", "SCLC")}, [1, 3]),
    ],
)
def test_filters_narrow_together_and_each_takes_any_of_what_it_is_given(asked: Any, numbers: list[int]) -> None:  # noqa: ANN401
    assert found(**asked) == numbers


@pytest.mark.parametrize(
    ("text", "phases"),
    [
        ("2", {"PHASE2"}),
        ("Phase 1 / Phase 2", {"PHASE1", "PHASE2"}),
        ("PHASE2,PHASE3", {"PHASE2", "PHASE3"}),
        ("early 1", {"EARLY_PHASE1"}),
        ("EARLY_PHASE1", {"EARLY_PHASE1"}),
        ("n/a", None),
        ("NA", {"NA"}),
        ("5", None),
        ("II", None),
        ("", None),
    ],
)
def test_phases_are_read_however_they_are_written(text: str, phases: set[str] | None) -> None:
    if phases is None:
        with pytest.raises(BadCall, match=r"^phase: "):
            phases_of(text)
    else:
        assert phases_of(text) == phases


def test_phases_that_an_export_writes_otherwise_are_the_same() -> None:
    odd = Landscape.of((numbered(5, phases=("EARLYPHASE1",)), numbered(6, phases=("NOTAPPLICABLE",))), LEXICON)
    assert [each.nct_id[-1] for each in odd.studies(filters_of({"phase": ("early 1",)}))] == ["5"]
    assert [each.nct_id[-1] for each in odd.studies(filters_of({"phase": ("na",)}))] == ["6"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"colour": "red"}, "colour: there is no such filter; there are condition, drug,"),
        ({"condition": " "}, "condition: must be 1 to 200 characters"),
        ({"condition": "x" * 201}, "condition: must be 1 to 200 characters"),
        ({"drug": "--"}, "drug: must hold a letter or a figure"),
        ({"site": "?"}, "site: must hold"),
        ({"country": "."}, "country: must hold"),
        ({"status": "open"}, "status: must be one of RECRUITING,"),
        ({"phase": "9"}, "phase: must be"),
    ],
)
def test_what_is_no_filter_is_refused_by_name(asked: dict[str, str], words: str) -> None:
    with pytest.raises(BadCall) as refused:
        filters_of({name: (text,) for name, text in asked.items()})
    assert str(refused.value).startswith(words)


def test_a_row_tells_what_a_programme_lead_asks() -> None:
    (row,) = LANDSCAPE.rows(filters_of({"phase": ("1/2",)}))
    assert (row.nct_id, row.title, row.phases, row.status) == (
        "NCT00000002",
        "Trial 2",
        ("PHASE1", "PHASE2"),
        "NOT_YET_RECRUITING",
    )
    assert (row.drugs, row.sponsor, row.countries, row.sites, row.start, row.updated) == (
        ("X-99",),
        "Example Institute",
        ("Elbonia", "United States"),
        2,
        "2026-01",
        "2026-06-01",
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((drug("Scan", kind="DIAGNOSTIC_TEST"), drug("Cisplatin")), ("Cisplatin",)),
        ((drug("Scan", kind=""), drug("Cisplatin", kind="")), ("Cisplatin",)),
        ((drug("Scan", kind=""), drug("New-1", kind="")), ("Scan", "New-1")),
        ((drug("Walking", kind="BEHAVIORAL"),), ()),
    ],
)
def test_drugs_are_told_and_scans_are_not_where_that_can_be_known(given: Any, told: tuple[str, ...]) -> None:  # noqa: ANN401
    (row,) = Landscape.of((numbered(7, interventions=given),), LEXICON).rows(Filters())
    assert row.drugs == told


def test_the_lists_of_statuses_and_phases_are_whole_and_every_filter_is_known() -> None:
    assert (len(set(STATUSES)), len(set(PHASES))) == (14, 6)
    assert FILTERS == ("condition", "drug", "phase", "status", "country", "site", "text")
