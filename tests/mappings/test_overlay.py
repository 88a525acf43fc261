"""A site's overlay: what it adds, what it wins over, what it may not do, and how its faults are told."""

from fractions import Fraction
from pathlib import Path
from typing import Protocol

import pytest

from cds.core.codes import ATC, ICD10CM, LOINC, RXNORM, Code, Coded
from cds.core.vocabulary import Absence, HalfLife, Meaning, Normal, Relation, Vocabulary
from cds.errors import BadMapping
from cds.files import Fault
from cds.terms import load_vocabulary
from cds.terms.lint import lint_overlay
from tests.shipped import vocabulary as real

REAL = Path(__file__).resolve().parents[2] / "mappings"
CLAIM = "source,source_version,verified,reviewer,reviewed_on,comment"
CODES = f"concept_id,system,code,display,relation,match,include,{CLAIM}\n"
CLASSES = "class_id,ingredient,strength,source,verified,reviewer,reviewed_on,comment\n"
OFF = "concept_id,system,code,reason\n"
LOCAL = "https://hospital.example/lab"


class Mappings(Protocol):
    folder: Path

    def write(self, name: str, text: str) -> None: ...
    def change(self, name: str, old: str, new: str) -> None: ...


class Site:
    """An overlay beside the small tables."""

    def __init__(self, mappings: Mappings, folder: Path) -> None:
        self.mappings = mappings
        self.folder = folder

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())

    def vocabulary(self) -> Vocabulary:
        return load_vocabulary(self.mappings.folder, self.folder)

    def faults(self) -> list[Fault]:
        return lint_overlay(self.mappings.folder, self.folder)


@pytest.fixture
def site(mappings: Mappings, tmp_path: Path) -> Site:
    return Site(mappings, tmp_path / "site")


def row(concept: str, system: str, code: str, how: str = "exact,exact,+", verified: str = "yes") -> str:
    return f"{concept},{system},{code},its name,{how},the laboratory,,{verified},,,\n"


def meanings(vocabulary: Vocabulary, system: str, code: str) -> tuple[Meaning, ...]:
    return vocabulary.meanings(Coded((Code(system, code),)))


def test_a_local_code_reaches_a_shipped_concept_and_what_is_shipped_stays(site: Site) -> None:
    site.write("codes/lab.csv", CODES + row("platelets", LOCAL, "PLT"))
    vocabulary = site.vocabulary()
    assert meanings(vocabulary, LOCAL, "PLT") == (Meaning("platelets"),)
    assert meanings(vocabulary, LOINC, "777-3") == (Meaning("platelets"),)
    assert site.faults() == []
    assert meanings(load_vocabulary(site.mappings.folder), LOCAL, "PLT") == ()


def test_a_local_row_that_is_not_verified_counts_no_more_than_a_shipped_one(site: Site) -> None:
    site.write("codes/lab.csv", CODES + row("platelets", LOCAL, "PLT", verified="no"))
    (meaning,) = meanings(site.vocabulary(), LOCAL, "PLT")
    assert not meaning.counts


def test_a_local_row_does_not_count_without_a_source(site: Site) -> None:
    site.write("codes/lab.csv", CODES + row("platelets", LOCAL, "PLT").replace("the laboratory", ""))
    with pytest.raises(BadMapping, match=r"codes/lab\.csv:2: verified, but no source is named"):
        site.vocabulary()


def test_a_new_concept_may_have_units_and_codes_of_its_own(site: Site) -> None:
    site.write("concepts/own.yaml", "stool: {kind: measurement, display: Stools, unit: '{n}/d', quantity: per-day}\n")
    site.write("units.csv", "quantity,unit,factor,source,comment\nper-day,{n}/d,1,own,\n")
    site.write("codes/lab.csv", CODES + row("stool", LOCAL, "STOOL"))
    vocabulary = site.vocabulary()
    assert vocabulary.concepts["stool"].scale is not None
    assert meanings(vocabulary, LOCAL, "STOOL") == (Meaning("stool"),)
    assert site.faults() == []


def test_a_policy_is_overridden_field_by_field(site: Site) -> None:
    site.write(
        "concepts/own.yaml",
        "ecog: {answers: {'https://hospital.example/ecog|A': '0'}}\n"
        "metastasis: {absence: closed}\nplatelets: {freshness_days: 7, plausible: ['1', '3000']}\n",
    )
    concepts = site.vocabulary().concepts
    assert concepts["metastasis"].absence is Absence.CLOSED
    assert concepts["metastasis"].display == "Metastases"
    scale, answers = concepts["platelets"].scale, concepts["ecog"].scale
    assert scale is not None
    assert answers is not None
    assert (scale.freshness_days, scale.plausible) == (7, (Fraction(1), Fraction(3000)))
    assert (scale.unit, scale.category) == ("10*9/L", "laboratory")
    assert answers.answers.keys() >= {Code(LOINC, "LA9622-7"), Code("https://hospital.example/ecog", "A")}
    assert site.faults() == []


@pytest.mark.parametrize(
    "field",
    ["unit: /uL", "kind: condition", "broader: [ecog]", "quantity: score"],
    ids=lambda field: field.split(":")[0],
)
def test_what_a_shipped_concept_is_cannot_be_changed(site: Site, field: str) -> None:
    site.write("concepts/own.yaml", f"# ours\nplatelets: {{{field}}}\n")
    name = field.partition(":")[0]
    reason = f"platelets: an overlay may not change what a shipped concept is: {name}"
    with pytest.raises(BadMapping, match=f"^site/concepts/own.yaml:2: {reason}$"):
        site.vocabulary()
    assert site.faults() == [Fault("site/concepts/own.yaml:2", reason)]


def test_a_row_wins_over_the_shipped_rows_of_the_same_code_match_and_kind(site: Site) -> None:
    site.write(
        "codes/own.csv",
        CODES + row("karnofsky", LOINC, "777-3") + row("metastasis", ICD10CM, "C34", "exact,prefix,+"),
    )
    vocabulary = site.vocabulary()
    assert meanings(vocabulary, LOINC, "777-3") == (Meaning("karnofsky"),)
    found = {meaning.concept for meaning in meanings(vocabulary, ICD10CM, "C34.1")}
    assert found == {"lung", "malignant", "metastasis"}
    assert site.faults() == []


def test_a_weaker_claim_of_the_site_wins_too(site: Site) -> None:
    site.write("codes/own.csv", CODES + row("platelets", LOINC, "777-3", "broad,exact,+"))
    assert meanings(site.vocabulary(), LOINC, "777-3") == (Meaning("platelets", Relation.BROAD),)


def test_an_accepted_look_alike_is_denied_no_more(site: Site) -> None:
    site.write("codes/own.csv", CODES + row("platelets", LOINC, "32623-1"))
    assert meanings(site.vocabulary(), LOINC, "32623-1") == (Meaning("platelets"),)
    assert site.faults() == []


def test_a_denied_code_loses_that_concept_alone(site: Site) -> None:
    both = row("cisplatin", "name", "p") + row("dexamethasone", "name", "p")
    site.mappings.write("codes/mixed.csv", CODES + both)
    site.write("codes/own.csv", CODES + row("cisplatin", "name", "P", "exact,exact,-"))
    vocabulary = site.vocabulary()
    assert meanings(vocabulary, "name", "p") == (Meaning("dexamethasone"),)
    assert site.faults() == []


def test_rows_are_switched_off_with_a_reason(site: Site) -> None:
    site.write("off.csv", OFF + f"platelets,{LOINC},777-3,sent for calibration runs\nlung,{ICD10CM},C34,ours\n")
    vocabulary = site.vocabulary()
    assert meanings(vocabulary, LOINC, "777-3") == ()
    assert meanings(vocabulary, ICD10CM, "C34.1") == (Meaning("malignant"),)
    assert site.faults() == []


def test_a_drug_leaves_a_class_and_the_last_one_may_not(site: Site) -> None:
    classes = "classes/drug_classes.csv"
    site.mappings.change(classes, "platinum,cisplatin", "platinum,dexamethasone,,x,yes,,,\nplatinum,cisplatin")
    site.write("off.csv", OFF + "platinum,class,dexamethasone,it is none\n")
    assert site.vocabulary().members == {"platinum": {"cisplatin": True}}
    site.write("off.csv", OFF + "platinum,class,dexamethasone,it is none\nplatinum,class,cisplatin,out of stock\n")
    with pytest.raises(BadMapping, match=r"^site/off.csv:\d: the class platinum has no members$"):
        site.vocabulary()


def test_the_other_tables_are_replaced_by_what_their_rows_are_about(site: Site) -> None:
    site.write("half_lives.csv", f"ingredient,hours_low,hours_high,{CLAIM}\ncisplatin,24,48,our pharmacy,,yes,,,\n")
    site.write(
        "dose_equivalents.csv",
        f"scale,ingredient,factor_low,factor_high,{CLAIM}\nprednisone,dexamethasone,7,7,our pharmacy,,yes,,,\n",
    )
    site.write(
        "reference_ranges.csv",
        "concept_id,sex,from_years,to_years,low,high,unit,source,comment\nplatelets,,,,140,400,K/uL,our laboratory,\n",
    )
    site.write("systems.csv", "system,canonical,comment\nurn:our-loinc,http://loinc.org,\n")
    site.write("classes/drug_classes.csv", CLASSES + "platinum,cisplatin,,ours,no,,,\n")
    site.write("units.csv", "quantity,unit,factor,source,comment\ncell-count,Plt/fl,1,our laboratory,\n")
    site.write(
        "crosswalks.csv",
        "from_concept,from_low,from_high,to_concept,to_low,to_high,source,verified,comment\n"
        "karnofsky,80,100,ecog,0,2,ours,yes,\n",
    )
    vocabulary = site.vocabulary()
    assert vocabulary.half_lives["cisplatin"] == HalfLife(Fraction(1), Fraction(2))
    assert vocabulary.equivalents["prednisone"]["dexamethasone"].low == 7
    assert vocabulary.equivalents["prednisone"]["prednisone"].low == 1
    assert vocabulary.normals["platelets"] == (Normal(Fraction(140), Fraction(400)),)
    assert meanings(vocabulary, "urn:our-loinc", "777-3") == (Meaning("platelets"),)
    assert vocabulary.members == {"platinum": {"cisplatin": False}}
    scale = vocabulary.concepts["platelets"].scale
    assert scale is not None
    assert scale.factors.keys() == {"/uL", "10*9/L", "K/uL", "Plt/fl"}
    assert [each.target_high for each in vocabulary.crosswalks] == [2]
    assert site.faults() == []


@pytest.mark.parametrize(
    ("file", "text", "fault"),
    [
        pytest.param(
            "codes/lab.csv", CODES + row("platelet", LOCAL, "PLT"),
            Fault("site/codes/lab.csv:2", "there is no concept 'platelet'"), id="unknown concept",
        ),
        pytest.param(
            "codes/lab.csv", CODES + row("platelets", LOINC, "778-2"),
            Fault("site/codes/lab.csv:2", "778-2: the LOINC check digit is wrong"), id="check digit",
        ),
        pytest.param(
            "codes/lab.csv", CODES + row("platelets", f"{LOINC}/", "778-1"),
            Fault("site/codes/lab.csv:2", "write the system as http://loinc.org"), id="a public system misspelt",
        ),
        pytest.param(
            "codes/lab.csv", CODES + row("platelets", "our lab", "PLT"),
            Fault("site/codes/lab.csv:2", "unknown code system 'our lab'"), id="a system that is no URI",
        ),
        pytest.param(
            "codes/lab.csv", CODES + row("platelets", LOCAL, "PLT") + row("karnofsky", LOCAL, "KPS"),
            Fault("site/codes/lab.csv:3", "karnofsky, https://hospital.example/lab, KPS stands after platelets, "
                  "https://hospital.example/lab, PLT: not sorted"), id="order",
        ),
        pytest.param(
            "codes/lab.csv", CODES + row("karnofsky", LOCAL, "PLT") + row("platelets", LOCAL, "PLT"),
            Fault("site/codes/lab.csv:3", "PLT is platelets here and karnofsky at site/codes/lab.csv:2"),
            id="one code, one concept",
        ),
        pytest.param(
            "off.csv", OFF + f"platelets,{LOINC},718-7,not ours\n",
            Fault("site/off.csv:2", "switches off a row that is not there"), id="nothing to switch off",
        ),
        pytest.param(
            "off.csv", OFF + f"platelets,{LOINC},777-3,\n",
            Fault("site/off.csv:2", "say why the row is switched off"), id="no reason",
        ),
        pytest.param(
            "off.csv", "concept_id,system,code\n",
            Fault("site/off.csv:1", "the columns must be concept_id,system,code,reason"), id="columns",
        ),
        pytest.param(
            "code/lab.csv", CODES, Fault("site/code/lab.csv", "is not the name of a table"), id="misspelt file",
        ),
        pytest.param(
            "concepts/own.yaml", "ecog: {absence: sometimes}\n",
            Fault("site/concepts/own.yaml:1", "ecog: absence must be one of open, closed"), id="policy",
        ),
        pytest.param(
            "off.csv", OFF.replace("\n", "\r\n"), Fault("site/off.csv", "lines must end in LF alone"), id="line ends",
        ),
        pytest.param(
            "dose_equivalents.csv",
            f"scale,ingredient,factor_low,factor_high,{CLAIM}\n"
            "cisplatin,dexamethasone,1,1,x,,yes,,,\n",
            Fault("site/dose_equivalents.csv:2", "the scale cisplatin does not hold cisplatin itself as 1"), id="scale",
        ),
    ],
)  # fmt: skip
def test_a_fault_of_the_overlay_names_its_file_and_line(site: Site, file: str, text: str, fault: Fault) -> None:
    site.write(file, text)
    assert site.faults() == [fault]


def test_the_faults_of_the_shipped_tables_are_not_the_overlay_s(site: Site) -> None:
    site.mappings.change("codes/all.csv", "777-3", "777-4")
    site.write("codes/lab.csv", CODES + row("platelets", LOCAL, "PLT"))
    assert site.faults() == []


def test_a_shipped_row_that_the_overlay_leaves_at_fault_is_told(site: Site) -> None:
    site.write(
        "dose_equivalents.csv",
        f"scale,ingredient,factor_low,factor_high,{CLAIM}\nprednisone,prednisone,2,2,ours,,yes,,,\n",
    )
    told = "the scale prednisone does not hold prednisone itself as 1"
    assert site.faults() == [
        Fault("site", f"makes a fault of mappings/dose_equivalents.csv:2: {told}"),
        Fault("site/dose_equivalents.csv:2", told),
    ]


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (None, "site: there is no such folder"),
        ("notes.txt", "site: there are no tables in this folder"),
        ("labs.csv", "site/labs.csv: is not the name of a table"),
        ("concepts/own.yml", "site/concepts/own.yml: is not the name of a table"),
    ],
)
def test_a_folder_whose_rows_would_not_be_read_stops_the_start(site: Site, file: str | None, sentence: str) -> None:
    if file:
        site.write(file, "")
    with pytest.raises(BadMapping, match=f"^{sentence}$"):
        site.vocabulary()
    place, _, reason = sentence.partition(": ")
    assert Fault(place, reason) in site.faults()


def test_an_overlay_of_the_same_name_as_the_tables_is_told_apart(mappings: Mappings, tmp_path: Path) -> None:
    site = Site(mappings, tmp_path / "ours" / "mappings")
    site.write("codes/all.csv", CODES + row("platelet", LOCAL, "PLT"))
    assert site.faults() == [Fault("ours/mappings/codes/all.csv:2", "there is no concept 'platelet'")]
    site.write("codes/all.csv", CODES + row("platelets", LOCAL, "PLT"))
    assert meanings(site.vocabulary(), RXNORM, "2555") == (Meaning("cisplatin"),)


def test_an_overlay_whose_name_begins_that_of_the_tables_is_told_apart(mappings: Mappings, tmp_path: Path) -> None:
    site = Site(mappings, tmp_path / "map")
    equals = f"scale,ingredient,factor_low,factor_high,{CLAIM}\nprednisone,prednisone,2,2,ours,,yes,,,\n"
    site.write("dose_equivalents.csv", equals)
    assert [fault.place for fault in site.faults()] == ["map", "map/dose_equivalents.csv:2"]


def test_the_real_tables_take_an_overlay(tmp_path: Path) -> None:
    site = Site(mappings=_Real(), folder=tmp_path / "site")
    site.write("codes/lab.csv", CODES + row("dll3-expression", LOCAL, "DLL3-IHC") + row("platelets", LOCAL, "PLT"))
    site.write("off.csv", OFF + "platinum,class,cisplatin,to see it go\n")
    vocabulary, shipped = site.vocabulary(), real()
    assert meanings(vocabulary, LOCAL, "DLL3-IHC") == (Meaning("dll3-expression"),)
    assert "cisplatin" in shipped.members["platinum"]
    assert vocabulary.members["platinum"].keys() == shipped.members["platinum"].keys() - {"cisplatin"}
    assert len(vocabulary.exact) == len(shipped.exact) + 2
    assert meanings(vocabulary, ATC, "L01XA01") == meanings(shipped, ATC, "L01XA01")
    assert site.faults() == []


class _Real:
    folder = REAL

    def write(self, name: str, text: str) -> None:
        raise NotImplementedError(name, text)

    def change(self, name: str, old: str, new: str) -> None:
        raise NotImplementedError(name, old, new)
