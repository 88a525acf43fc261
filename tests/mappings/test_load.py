import time
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import pytest

from cds.core.chart import Sex
from cds.core.codes import ATC, ICD10CM, LOINC, NAME, RXNORM, SNOMED, Code, Coded
from cds.core.vocabulary import (
    Absence,
    ConceptKind,
    Crosswalk,
    Equivalent,
    HalfLife,
    Meaning,
    Normal,
    Reaches,
)
from cds.errors import BadMapping
from cds.terms import load_vocabulary
from tests.shipped import vocabulary as real

REAL = Path(__file__).resolve().parents[2] / "mappings"


class Mappings(Protocol):
    folder: Path

    def write(self, name: str, text: str) -> None: ...
    def change(self, name: str, old: str, new: str) -> None: ...


def coded(system: str, code: str) -> Coded:
    return Coded((Code(system, code),))


def test_a_concept_carries_its_policy(mappings: Mappings) -> None:
    concept = load_vocabulary(mappings.folder).concepts["platelets"]
    assert (concept.kind, concept.display, concept.remediable) == (ConceptKind.MEASUREMENT, "Platelets", True)
    assert concept.absence is Absence.OPEN
    assert concept.scale is not None
    assert concept.scale.factors == {"/uL": Fraction(1, 1000), "10*9/L": Fraction(1), "K/uL": Fraction(1)}
    assert concept.scale.plausible == (Fraction(0), Fraction("5000.5"))
    assert (concept.scale.unit_display, concept.scale.freshness_days) == ("× 10⁹/L", 28)
    assert concept.scale.category == "laboratory"


def test_absence_and_parents_are_read(mappings: Mappings) -> None:
    vocabulary = load_vocabulary(mappings.folder)
    assert vocabulary.concepts["cisplatin"].absence is Absence.CLOSED
    assert vocabulary.broader("liver-metastasis") == {"metastasis"}


def test_answers_are_kept_in_the_form_codes_are_compared_in(mappings: Mappings) -> None:
    scale = load_vocabulary(mappings.folder).concepts["ecog"].scale
    assert scale is not None
    assert scale.answers == {Code(LOINC, "LA9622-7"): Fraction(0), Code(NAME, "fully active"): Fraction(0)}


def test_codes_names_and_beginnings_reach_their_concepts(mappings: Mappings) -> None:
    vocabulary = load_vocabulary(mappings.folder)
    assert vocabulary.meanings(coded(RXNORM, "2555")) == (Meaning("cisplatin"),)
    assert vocabulary.meanings(coded(NAME, " CISplatinum ")) == (Meaning("cisplatin", verified=False),)
    found = {meaning.concept for meaning in vocabulary.meanings(coded(ICD10CM, "c3412"))}
    assert found == {"lung", "malignant"}
    assert vocabulary.meanings(coded("urn:oid:2.16.840.1.113883.6.1", "777-3")) == (Meaning("platelets"),)


def test_a_look_alike_is_denied_and_still_known(mappings: Mappings) -> None:
    vocabulary = load_vocabulary(mappings.folder)
    assert vocabulary.meanings(coded(LOINC, "32623-1")) == ()
    assert vocabulary.recognises(coded(LOINC, "32623-1"))
    assert not vocabulary.recognises(coded(LOINC, "718-7"))


def test_classes_and_crosswalks_are_read(mappings: Mappings) -> None:
    vocabulary = load_vocabulary(mappings.folder)
    assert vocabulary.members == {"platinum": {"cisplatin": True}}
    assert vocabulary.crosswalks == (
        Crosswalk("karnofsky", Fraction(80), Fraction(100), "ecog", Fraction(0), Fraction(1)),
    )


def test_an_unverified_step_converts_nothing(mappings: Mappings) -> None:
    mappings.change("crosswalks.csv", "a paper,yes,", "a paper,no,")
    assert load_vocabulary(mappings.folder).crosswalks == ()


def test_half_lives_are_told_in_days(mappings: Mappings) -> None:
    assert load_vocabulary(mappings.folder).half_lives == {
        "cisplatin": HalfLife(Fraction(1, 2), Fraction(3, 2), verified=False),
        "dexamethasone": HalfLife(Fraction(1, 8), Fraction(3, 16)),
    }


def test_equivalents_are_read_by_scale(mappings: Mappings) -> None:
    assert load_vocabulary(mappings.folder).equivalents == {
        "prednisone": {
            "dexamethasone": Equivalent(Fraction("6.25"), Fraction(20, 3)),
            "prednisone": Equivalent(Fraction(1), Fraction(1)),
        }
    }


def test_ranges_of_normal_are_read_in_the_canonical_unit(mappings: Mappings) -> None:
    children, women, men = load_vocabulary(mappings.folder).normals["platelets"]
    assert children == Normal(low=Fraction(150), to_years=18)
    assert women == Normal(Fraction(150), Fraction(450), Sex.FEMALE, from_years=18)
    assert men == Normal(Fraction(150), Fraction(400), Sex.MALE, from_years=18, to_years=60)


def test_where_a_drug_acts_and_what_an_assay_can_measure_are_read(mappings: Mappings) -> None:
    concepts = load_vocabulary(mappings.folder).concepts
    assert concepts["prednisone"].reaches is Reaches.SYSTEMIC
    assert concepts["dexamethasone"].reaches is Reaches.EITHER
    scale = concepts["hiv-viral-load"].scale
    assert scale is not None
    assert scale.quantifiable_from == Fraction(200)


@pytest.mark.parametrize("name", ["half_lives.csv", "dose_equivalents.csv", "reference_ranges.csv"])
def test_what_a_site_or_a_release_need_not_have_may_be_missing(mappings: Mappings, name: str) -> None:
    (mappings.folder / name).unlink()
    vocabulary = load_vocabulary(mappings.folder)
    kept = [vocabulary.half_lives, vocabulary.equivalents, vocabulary.normals]
    assert sum(1 for table in kept if table) == len(kept) - 1


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("half_lives.csv", "cisplatin,12", "dexamethasone,12", "mappings/half_lives.csv:3: dexamethasone stands twice"),
        (
            "half_lives.csv",
            "cisplatin,12",
            "platinum,12",
            "half_lives.csv:2: ingredient: platinum is not an ingredient",
        ),
        ("half_lives.csv", "3,4.5", "-3,4.5", "mappings/half_lives.csv:3: hours_low must be above nought"),
        ("half_lives.csv", "3,4.5", "5,4.5", "mappings/half_lives.csv:3: hours_high is less than hours_low"),
        ("dose_equivalents.csv", "e,prednisone,1", "e,dexamethasone,1", "prednisone, dexamethasone stands twice"),
        ("dose_equivalents.csv", "prednisone,dexa", "predni,dexa", "scale: there is no concept 'predni'"),
        ("reference_ranges.csv", "150,,10*9/L", ",,10*9/L", "reference_ranges.csv:2: a range needs an end"),
        ("reference_ranges.csv", "150,,10*9/L", "150,,g/L", "platelets is not measured in 'g/L'"),
        ("reference_ranges.csv", "150,450", "450,150", "reference_ranges.csv:3: high is less than low"),
        ("reference_ranges.csv", "male,18,60", "male,60,18", "csv:4: to_years is not above from_years"),
        ("reference_ranges.csv", "male,18,60", "male,18,6.5", "csv:4: an age is a whole number of years"),
        ("reference_ranges.csv", "male,18,60", "boy,18,60", "csv:4: sex must be one of , female, male, not 'boy'"),
        ("concepts/steroids.yaml", "reaches: systemic", "reaches: local", "reaches must be one of systemic, either"),
        ("concepts/viruses.yaml", '"200"', '"about 200"', "quantifiable_from: not an exact number: 'about 200'"),
        (
            "codes/all.csv",
            "lung,http",
            "lunge,http",
            "mappings/codes/all.csv:5: concept_id: there is no concept 'lunge'",
        ),
        ("codes/all.csv", "exact,exact,-", "exact,exact,", "mappings/codes/all.csv:7: include must be one of +, -"),
        ("codes/all.csv", "exact,exact,-", "exact,prefix,-", "mappings/codes/all.csv:7: a code that is denied must"),
        ("codes/all.csv", ",no,,,", ",perhaps,,,", "mappings/codes/all.csv:3: verified must be one of yes, no"),
        (
            "codes/all.csv",
            "C78.7,Secondary tumour of liver,exact,prefix,+,a file",
            "C78.7,x,exact,prefix,+,",
            "csv:4: verified, but",
        ),
        ("classes/drug_classes.csv", "ATC L01XA,yes", " ,yes", "mappings/classes/drug_classes.csv:2: verified, but no"),
        ("half_lives.csv", "4.5,a label,,yes", "4.5,,,yes", "mappings/half_lives.csv:3: verified, but no source"),
        ("codes/all.csv", ",,not a count", ",not a count", "mappings/codes/all.csv:7: 12 cells, not 13"),
        ("codes/all.csv", "concept_id,system", "concept,system", "mappings/codes/all.csv:1: the columns must be"),
        ("units.csv", "0.001", "1e-3", "mappings/units.csv:2: not an exact number: '1e-3'"),
        ("units.csv", "0.001", "1/0", "mappings/units.csv:2: divides by nought"),
        ("units.csv", "0.001", "-1", "mappings/units.csv:2: a factor must be positive"),
        ("units.csv", "K/uL,1", "/uL,1", "mappings/units.csv:4: the unit '/uL' has two factors"),
        ("concepts/measurements.yaml", "unit: 10*9/L", "unit: /uL", "platelets: the unit '/uL' is not the canonical"),
        ("concepts/measurements.yaml", "cell-count", "cells", "no units are known of the quantity 'cells'"),
        ("concepts/measurements.yaml", '"5000.5"', '"-1"', "platelets: plausible ends before it begins"),
        ("concepts/measurements.yaml", "category:", "categry:", "platelets: unknown field: categry"),
        ("concepts/others.yaml", "[metastasis]", "[metastases]", "broader: there is no concept 'metastases'"),
        ("concepts/others.yaml", "absence: open", "absence: shut", "absence must be one of open, closed"),
        ("concepts/others.yaml", "display: lung", "kind: site", "others.yaml:3: the key 'kind' stands twice"),
        ("concepts/others.yaml", "lung:", "platelets:", "platelets: the concept is defined twice"),
        ("classes/drug_classes.csv", "platinum,cisplatin", "cisplatin,cisplatin", "must put an ingredient into a drug"),
        ("classes/drug_classes.csv", "platinum,cisplatin,,ATC L01XA,yes,,,\n", "", "class platinum has no members"),
        ("crosswalks.csv", "80,100", "100,80", "mappings/crosswalks.csv:2: an interval ends before it begins"),
        ("crosswalks.csv", ",yes,", ",perhaps,", "mappings/crosswalks.csv:2: verified must be one of yes, no"),
    ],
)
def test_what_would_change_an_answer_is_refused_with_its_place(
    mappings: Mappings, file: str, old: str, new: str, told: str
) -> None:
    mappings.change(file, old, new)
    with pytest.raises(BadMapping) as caught:
        load_vocabulary(mappings.folder)
    assert told in str(caught.value)


def test_a_missing_table_is_refused(mappings: Mappings) -> None:
    (mappings.folder / "systems.csv").unlink()
    with pytest.raises(BadMapping, match=r"mappings/systems\.csv: there is no such file"):
        load_vocabulary(mappings.folder)


def test_a_folder_without_concepts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadMapping, match=r"units\.csv: there is no such file"):
        load_vocabulary(tmp_path)


def test_the_real_tables_load_quickly_and_say_what_they_should() -> None:
    started = time.perf_counter()
    vocabulary = load_vocabulary(REAL)
    assert time.perf_counter() - started < 5, "a few thousand rows take a fraction of a second on an idle machine"
    assert Meaning("platelets") in vocabulary.meanings(coded(LOINC, "777-3"))
    assert vocabulary.members["platinum"]["cisplatin"]
    assert ATC not in vocabulary.aliases


def test_the_real_tables_ship_no_ranges_of_normal() -> None:
    assert real().normals == {}, "only a site knows its laboratory"


@pytest.mark.parametrize(
    ("concept", "system", "answer", "score"),
    [
        ("disease-status", SNOMED, "271299001", 3),
        ("disease-status", NAME, "progressive disease", 3),
        ("disease-status", SNOMED, "359746009", 2),
        ("hiv-viral-load", NAME, "target not detected", 0),
        ("hbv-dna", NAME, "not detected", 0),
        ("hcv-rna", NAME, "undetectable", 0),
        ("nyha-class", NAME, "nyha class iii", 3),
        ("stage-group", NAME, "stage ivb", 4),
        ("tumour-grade", NAME, "g3", 3),
        ("differentiation", NAME, "poorly differentiated", 3),
        ("breastfeeding-status", LOINC, "LA32-8", 0),
    ],
)
def test_the_real_answers_score_as_trials_ask_for_them(concept: str, system: str, answer: str, score: int) -> None:
    scale = real().concepts[concept].scale
    assert scale is not None
    assert scale.answers[Code(system, answer)] == score
