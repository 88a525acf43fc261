"""Thirteen traps of coded oncology charts, each met while the tables were made: look-alikes never settle a finding."""

from fractions import Fraction

import pytest

from cds.core.chart import Condition, Measurement
from cds.core.codes import ATC, CVX, ICD10CM, ICDO3, LOINC, NAME, RXNORM, SNOMED, Code, Coded, fault_of
from cds.core.evaluate import evaluate
from cds.core.finding import Cause, Finding
from cds.core.recognise import recognise
from cds.core.truth import Truth
from cds.core.vocabulary import ConceptKind, Vocabulary
from cds.terms.tables import Tables
from tests.core.builders import AS_OF, chart, day, quantity
from tests.spec.notation import criterion_of

NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"


def counting(vocabulary: Vocabulary, *codes: tuple[str, str]) -> set[str]:
    """Give the concepts for which an entry with these codings counts."""
    coded = Coded(tuple(Code(system, value) for system, value in codes))
    return {meaning.concept for meaning in vocabulary.meanings(coded) if meaning.counts}


def of_kind(vocabulary: Vocabulary, kind: ConceptKind, *codes: tuple[str, str]) -> set[str]:
    return {name for name in counting(vocabulary, *codes) if vocabulary.concepts[name].kind is kind}


def found(vocabulary: Vocabulary, rule: str, entry: Condition | Measurement) -> Finding:
    """Hold a chart with one entry against a criterion, with the shipped tables."""
    return evaluate(criterion_of(rule, vocabulary, "trap"), recognise(chart(entry), vocabulary, AS_OF))


def diagnosis(system: str, code: str) -> Condition:
    return Condition(Coded((Code(system, code),)), "Condition/1", recorded=day("2026-06-01"))


def result(loinc: str, value: str) -> Measurement:
    return Measurement(Coded((Code(LOINC, loinc),)), "Observation/1", quantity(value), day("2026-06-10"))


# 1 --------------------------------------------------------------------------- an RxNorm ingredient can be too coarse


@pytest.mark.parametrize("ingredient", ["1534772", "1797118", "2360231"], ids=["lutetium", "dotatate", "sacituzumab"])
def test_1_an_ingredient_shared_by_several_drugs_is_none_of_them(vocabulary: Vocabulary, ingredient: str) -> None:
    assert counting(vocabulary, (RXNORM, ingredient)) == set()


def test_1_the_brands_behind_one_ingredient_stay_apart(vocabulary: Vocabulary) -> None:
    assert counting(vocabulary, (RXNORM, "1999683")) == {"lutetium-177-dotatate"}
    assert counting(vocabulary, (RXNORM, "2597047")) == {"lutetium-177-vipivotide-tetraxetan"}


# 2 ------------------------------------------------------------------ "Topoisomerase Inhibitor [EPC]" holds etoposide


def test_2_drugs_that_act_on_topoisomerase_2_are_no_topoisomerase_1_agents(vocabulary: Vocabulary) -> None:
    agents = vocabulary.members["topoisomerase-1-agent"].keys()
    assert agents & {"etoposide", "teniposide", "mitoxantrone", "doxorubicin", "amrubicin"} == set()


def test_2_payloads_that_act_on_topoisomerase_1_are(vocabulary: Vocabulary) -> None:
    agents = vocabulary.members["topoisomerase-1-agent"].keys()
    assert agents >= {"topotecan", "irinotecan", "sacituzumab-govitecan", "trastuzumab-deruxtecan"}


# 3 ---------------------------------------------------------------------------- ATC L01FF and L01FX hold many targets


def test_3_antibodies_against_one_target_are_in_its_class_alone(vocabulary: Vocabulary) -> None:
    drugs_of = {name: vocabulary.members[name].keys() for name in ("anti-pd-1", "anti-pd-l1", "anti-ctla-4")}
    for target, drugs in {
        "anti-pd-1": ("nivolumab", "pembrolizumab", "cemiplimab", "dostarlimab"),
        "anti-pd-l1": ("atezolizumab", "avelumab", "durvalumab"),
        "anti-ctla-4": ("ipilimumab", "tremelimumab"),
    }.items():
        for drug in drugs:
            assert [name for name, members in drugs_of.items() if drug in members] == [target], drug


@pytest.mark.parametrize("group", ["L01FF", "L01FX"])
def test_3_an_atc_group_of_several_targets_counts_as_no_drug(vocabulary: Vocabulary, group: str) -> None:
    assert counting(vocabulary, (ATC, group)) == set()


# 4 ---------------------------------------------------------------------- FDA's classes give no strength, no rifampin


def test_4_every_membership_of_a_cyp3a_class_tells_its_strength(tables: Tables) -> None:
    rows = [row for row in tables.classes if row["class_id"].startswith("cyp3a-")]
    assert rows
    assert [row.place for row in rows if row["strength"] not in {"moderate", "strong"}] == []


def test_4_rifampin_is_a_strong_inducer(tables: Tables) -> None:
    strengths = {
        row["strength"]
        for row in tables.classes
        if row["class_id"].startswith("cyp3a-inducer") and row["ingredient"] == "rifampin"
    }
    assert strengths == {"strong"}


# 5 ------------------------------------------------------------- ICD-10-CM tells site or histology of these, not both


@pytest.mark.parametrize(
    ("code", "site"), [("C34.90", "lung"), ("C34.11", "lung"), ("C37", "thymus"), ("C25.9", "pancreas")]
)
def test_5_a_code_of_a_site_tells_no_histology(vocabulary: Vocabulary, code: str, site: str) -> None:
    assert of_kind(vocabulary, ConceptKind.SITE, (ICD10CM, code)) == {site}
    assert of_kind(vocabulary, ConceptKind.HISTOLOGY, (ICD10CM, code)) == set()


def test_5_a_poorly_differentiated_neuroendocrine_tumour_tells_no_site(vocabulary: Vocabulary) -> None:
    assert counting(vocabulary, (ICD10CM, "C7A.1")) == {"neuroendocrine-carcinoma", "malignant"}


def test_5_two_codes_of_one_entry_tell_both(vocabulary: Vocabulary) -> None:
    both = counting(vocabulary, (ICD10CM, "C7A.1"), (ICD10CM, "C25.9"))
    assert both == {"neuroendocrine-carcinoma", "pancreas", "malignant"}


# 6 ------------------------------------------------------------------------------- the adjective is not the histology


@pytest.mark.parametrize(
    ("system", "code", "histology"),
    [
        pytest.param(ICDO3, "8249/3", "neuroendocrine-tumour", id="8249/3 is graded, and no carcinoma"),
        pytest.param(SNOMED, "133531000119104", "neuroendocrine-neoplasm", id="malignant tells no grade"),
        pytest.param(SNOMED, "722528008", "neuroendocrine-neoplasm", id="malignant, of the lung, tells no grade"),
        pytest.param(SNOMED, "717922007", "neuroendocrine-tumour", id="well-differentiated carcinoma of thymus"),
        pytest.param(SNOMED, "717921000", "neuroendocrine-carcinoma", id="poorly-differentiated carcinoma of thymus"),
    ],
)
def test_6_grade_comes_from_the_noun(vocabulary: Vocabulary, system: str, code: str, histology: str) -> None:
    assert of_kind(vocabulary, ConceptKind.HISTOLOGY, (system, code)) == {histology}


def test_6_a_neoplasm_without_a_grade_leaves_the_carcinoma_open(vocabulary: Vocabulary) -> None:
    rule = "require: {diagnosis: {histology: [neuroendocrine-carcinoma]}}"
    assert found(vocabulary, rule, diagnosis(SNOMED, "133531000119104")).truth is Truth.UNKNOWN
    assert found(vocabulary, rule, diagnosis(ICDO3, "8246/3")).truth is Truth.MET


# 7 -------------------------------------------------------------------------------------- labs that look like another


@pytest.mark.parametrize(
    ("loinc", "never"),
    [
        pytest.param("770-8", {"absolute-neutrophil-count"}, id="a percentage of neutrophils"),
        pytest.param("26511-6", {"absolute-neutrophil-count"}, id="a percentage of neutrophils by another method"),
        pytest.param("20482-6", {"absolute-neutrophil-count"}, id="granulocytes"),
        pytest.param("35592-5", {"creatinine-clearance"}, id="a clearance per 1.73 m²"),
        pytest.param("62238-1", {"egfr-mdrd", "creatinine-clearance"}, id="CKD-EPI of 2009"),
        pytest.param("98979-8", {"egfr-mdrd", "egfr-ckd-epi-2009"}, id="CKD-EPI of 2021"),
        pytest.param("33914-3", {"egfr-ckd-epi-2009", "egfr-ckd-epi-2021"}, id="MDRD"),
        pytest.param("8636-3", {"qtc-fridericia", "qtc-bazett"}, id="a QTc that names no formula"),
        pytest.param("44974-4", {"qtc-unspecified", "qtc-fridericia", "qtc-bazett"}, id="intensity of the pulse"),
        pytest.param("2708-6", {"oxygen-saturation-room-air"}, id="saturation in arterial blood"),
        pytest.param("59408-5", {"oxygen-saturation-room-air"}, id="saturation by pulse oximetry"),
        pytest.param("3150-0", {"oxygen-saturation", "oxygen-saturation-room-air"}, id="inhaled oxygen"),
        pytest.param("95233-3", {"hcv-rna"}, id="albumin in urine"),
        pytest.param("83101-6", {"hbv-dna", "hiv-antibody"}, id="a panel for HIV"),
    ],
)
def test_7_a_look_alike_never_counts(vocabulary: Vocabulary, loinc: str, never: set[str]) -> None:
    reached = counting(vocabulary, (LOINC, loinc))
    above = {name for each in reached for name in vocabulary.broader(each)}
    assert (reached | above) & never == set()


def test_7_only_one_pulse_oximetry_code_says_room_air(vocabulary: Vocabulary) -> None:
    assert counting(vocabulary, (LOINC, "59410-1")) == {"oxygen-saturation-room-air"}


def test_7_qtc_comes_in_seconds_and_in_milliseconds(vocabulary: Vocabulary) -> None:
    rule = "require: {measured: {concept: qtc-unspecified, below: 470 ms}}"
    assert found(vocabulary, rule, result("8636-3", "0.44 s")).truth is Truth.MET
    assert found(vocabulary, rule, result("8636-3", "440 ms")).truth is Truth.MET
    assert found(vocabulary, rule, result("8636-3", "0.48 s")).truth is Truth.UNMET


def test_7_a_viral_load_may_be_counted_in_thousands(vocabulary: Vocabulary) -> None:
    scale = vocabulary.concepts["hcv-rna"].scale
    assert scale is not None
    assert scale.factors["k[IU]/mL"] == 1000 * scale.factors["[IU]/mL"] == Fraction(1000)


# 8 ------------------------------------------------------------------- a multiple of normal needs the range of normal


@pytest.mark.parametrize("value", ["12 U/L", "900 U/L"])
def test_8_a_multiple_of_normal_is_unknown_without_the_range(vocabulary: Vocabulary, value: str) -> None:
    finding = found(vocabulary, 'require: {measured: {concept: ast, at_most: "2.5 × ULN"}}', result("1920-8", value))
    assert (finding.truth, finding.cause) == (Truth.UNKNOWN, Cause.NO_REFERENCE_RANGE)


# 9 ------------------------------------------------------------------------------------------ which vaccines are live


@pytest.mark.parametrize("code", ["03", "04", "05", "06", "07", "19", "21", "56", "94"])
def test_9_a_vaccine_can_be_live_without_saying_so(vocabulary: Vocabulary, code: str) -> None:
    assert counting(vocabulary, (CVX, code)) == {"live-vaccine"}


def test_9_jynneos_is_live_and_does_not_replicate(vocabulary: Vocabulary) -> None:
    assert counting(vocabulary, (CVX, "206")) == {"live-non-replicating-vaccine"}


@pytest.mark.parametrize("code", ["18", "40", "175", "176"])
def test_9_rabies_vaccines_of_the_united_states_are_not_live(vocabulary: Vocabulary, code: str) -> None:
    reached = counting(vocabulary, (CVX, code))
    assert reached == {"rabies-vaccine"}
    assert vocabulary.broader("rabies-vaccine") == {"inactivated-vaccine"}


@pytest.mark.parametrize("code", ["88", "188", "330"])
def test_9_an_unspecified_vaccine_may_be_either(vocabulary: Vocabulary, code: str) -> None:
    meanings = vocabulary.meanings(Coded((Code(CVX, code),)))
    assert {meaning.concept for meaning in meanings} >= {"live-vaccine", "inactivated-vaccine"}
    assert counting(vocabulary, (CVX, code)) == set()


def test_9_an_immune_globulin_is_no_vaccine(vocabulary: Vocabulary) -> None:
    assert vocabulary.meanings(Coded((Code(CVX, "36"),))) == ()
    assert vocabulary.recognises(Coded((Code(CVX, "36"),)))


# 10 ----------------------------------------------------------------- in situ or invasive; and an event without a day


def test_10_lentigo_maligna_is_in_situ_and_its_melanoma_is_not(vocabulary: Vocabulary) -> None:
    assert of_kind(vocabulary, ConceptKind.BEHAVIOUR, (SNOMED, "302836005")) == {"in-situ"}
    assert of_kind(vocabulary, ConceptKind.BEHAVIOUR, (SNOMED, "302837001")) == {"malignant"}


@pytest.mark.parametrize(("code", "event"), [("I25.2", "myocardial-infarction"), ("Z86.73", "stroke-or-tia")])
def test_10_an_old_event_without_a_day_leaves_a_window_open(vocabulary: Vocabulary, code: str, event: str) -> None:
    rule = f"forbid: {{condition: {{of: [{event}], within_days: 365}}}}"
    assert event in {meaning.concept for meaning in vocabulary.meanings(Coded((Code(ICD10CM, code),)))}
    assert event not in counting(vocabulary, (ICD10CM, code))
    assert found(vocabulary, rule, diagnosis(ICD10CM, code)).truth is Truth.UNKNOWN


# 11 ------------------------------------------------------------------------------------- no public code for DLL3 IHC


def test_11_dll3_is_known_by_its_words_and_no_borrowed_code(tables: Tables, vocabulary: Vocabulary) -> None:
    systems = {
        row["system"] for rows in tables.codes.values() for row in rows if row["concept_id"] == "dll3-expression"
    }
    assert systems == {NAME}
    assert counting(vocabulary, (NAME, "DLL3 IHC")) == {"dll3-expression"}


# 12 -------------------------------------------------------------------------- one NCIt code for two OncoTree tumours


def test_12_the_ncit_code_that_oncotree_gives_two_tumours_is_neither(vocabulary: Vocabulary) -> None:
    assert of_kind(vocabulary, ConceptKind.HISTOLOGY, (NCIT, "C9461")) == set()


# 13 ------------------------------------------------------------------------------------------------- codes are words


def test_13_a_code_rounded_as_a_number_reaches_nothing(vocabulary: Vocabulary) -> None:
    right, rounded = "1081841000119106", "1081841000119100"
    assert counting(vocabulary, (SNOMED, right)) == {"lung", "malignant", "small-cell-carcinoma"}
    assert float(rounded) == pytest.approx(float(right), rel=1e-14)
    assert fault_of(Code(SNOMED, rounded)) == "the SNOMED CT check digit is wrong"
    assert not vocabulary.recognises(Coded((Code(SNOMED, rounded),)))


def test_13_a_code_that_lost_its_leading_nought_reaches_nothing(vocabulary: Vocabulary) -> None:
    assert counting(vocabulary, (CVX, "03"))
    assert not vocabulary.recognises(Coded((Code(CVX, "3"),)))


def test_13_no_code_of_the_tables_is_a_number_in_powers_of_ten(tables: Tables) -> None:
    rows = [row for rows in tables.codes.values() for row in rows if row["system"] != NAME]
    assert [row.place for row in rows if "E+" in row["code"].upper()] == []
