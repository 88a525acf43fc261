"""What laboratories and monitors send: codes that look alike stay apart, and numbers mean the same in either unit.

The pairs of units are those of published conversion tables, to the three digits such tables give.
"""

from fractions import Fraction

import pytest

from cds.core.codes import LOINC, NAME, SNOMED, Code, Coded
from cds.core.vocabulary import ConceptKind, Vocabulary


def counted(vocabulary: Vocabulary, code: str) -> set[str]:
    """The measurements a LOINC code may settle."""
    meanings = vocabulary.meanings(Coded((Code(LOINC, code),)))
    found = {meaning.concept for meaning in meanings if meaning.counts}
    return {name for name in found if vocabulary.concepts[name].kind is ConceptKind.MEASUREMENT}


@pytest.mark.parametrize(
    ("concept", "code", "look_alike"),
    [
        pytest.param("sodium", "2951-2", "2955-3", id="of serum, of urine"),
        pytest.param("potassium", "2823-3", "2828-2", id="of serum, of urine: potassium"),
        pytest.param("glucose", "2345-7", "2342-4", id="of serum, of spinal fluid"),
        pytest.param("protein-total", "2885-2", "2888-6", id="of serum, of urine: protein"),
        pytest.param("urea-nitrogen", "3094-0", "72903-8", id="the nitrogen of urea, urea"),
        pytest.param("urea-level", "22664-7", "3094-0", id="urea, the nitrogen of urea"),
        pytest.param("carbon-dioxide-total", "2028-9", "1963-8", id="total carbon dioxide, bicarbonate"),
        pytest.param("bilirubin-direct", "1968-7", "1975-2", id="direct, total"),
        pytest.param("bilirubin-total", "1975-2", "1968-7", id="total, direct"),
        pytest.param("lymphocyte-count", "731-0", "736-9", id="a count, a percentage"),
        pytest.param("lymphocyte-percent", "736-9", "731-0", id="a percentage, a count"),
        pytest.param("rdw", "788-0", "21000-5", id="as a percentage, as a volume"),
        pytest.param("free-t4", "3024-7", "3026-2", id="free, total"),
        pytest.param("testosterone-level", "2986-8", "2991-8", id="total, free"),
        pytest.param("iron-binding-capacity", "2500-7", "2501-5", id="total, unsaturated"),
        pytest.param("bnp", "30934-4", "33762-6", id="BNP, NT-proBNP"),
        pytest.param("troponin-t", "6598-7", "10839-9", id="troponin T, troponin I"),
        pytest.param("calcitonin-level", "1992-7", "33959-8", id="calcitonin, procalcitonin"),
        pytest.param("thyroglobulin", "3013-0", "8098-6", id="the protein, antibodies against it"),
        pytest.param("ca-15-3", "6875-9", "17842-6", id="CA 15-3, CA 27.29"),
        pytest.param("d-dimer-feu", "48065-7", "48066-5", id="fibrinogen equivalents, D-dimer units"),
        pytest.param("5-hiaa-urine-24h", "1695-6", "1694-9", id="in a day, per volume"),
        pytest.param("ck-mb", "13969-1", "32673-6", id="mass, activity"),
        pytest.param("ldh", "2532-0", "2529-6", id="of serum, of body fluid"),
        pytest.param("cea", "2039-6", "12515-3", id="of serum, of body fluid: CEA"),
        pytest.param("anti-hbc-igm", "31204-1", "13952-7", id="IgM, total"),
        pytest.param("tb-igra", "71773-6", "71774-4", id="the answer, its control"),
        pytest.param("systolic-blood-pressure", "8480-6", "8462-4", id="systolic, diastolic"),
        pytest.param("pco2-arterial", "2019-8", "2021-4", id="arterial, venous"),
        pytest.param("kappa-free-light-chains", "36916-5", "11050-2", id="free, free and bound"),
    ],
)
def test_look_alikes_stay_apart(vocabulary: Vocabulary, concept: str, code: str, look_alike: str) -> None:
    assert counted(vocabulary, code) == {concept}
    assert concept not in counted(vocabulary, look_alike)


@pytest.mark.parametrize("code", ["14937-7", "59570-2"])
def test_moles_of_urea_nitrogen_settle_nothing(vocabulary: Vocabulary, code: str) -> None:
    assert counted(vocabulary, code) == set(), "laboratories mean moles of urea or of nitrogen: twice as many"


def test_fasting_glucose_is_glucose_and_glucose_leaves_fasting_open(vocabulary: Vocabulary) -> None:
    assert vocabulary.broader("glucose-fasting") >= {"glucose"}
    assert counted(vocabulary, "2345-7") == {"glucose"}
    assert counted(vocabulary, "1558-6") == {"glucose-fasting"}


@pytest.mark.parametrize(
    ("concept", "one", "other", "factor"),
    [
        ("ammonia", "ug/dL", "umol/L", 0.587),
        ("cholesterol-ldl", "mg/dL", "mmol/L", 0.0259),
        ("cortisol", "ug/dL", "nmol/L", 27.6),
        ("creatinine", "mg/dL", "umol/L", 88.4),
        ("folate", "ng/mL", "nmol/L", 2.266),
        ("free-t3", "pg/mL", "pmol/L", 1.536),
        ("free-t4", "ng/dL", "pmol/L", 12.87),
        ("glucose", "mg/dL", "mmol/L", 0.0555),
        ("iron-level", "ug/dL", "umol/L", 0.179),
        ("magnesium", "mg/dL", "mmol/L", 0.411),
        ("oestradiol-level", "pg/mL", "pmol/L", 3.671),
        ("phosphate", "mg/dL", "mmol/L", 0.323),
        ("progesterone-level", "ng/mL", "nmol/L", 3.18),
        ("testosterone-level", "ng/dL", "nmol/L", 0.0347),
        ("total-t3", "ng/dL", "nmol/L", 0.01536),
        ("total-t4", "ug/dL", "nmol/L", 12.87),
        ("triglycerides", "mg/dL", "mmol/L", 0.0113),
        ("urate", "mg/dL", "umol/L", 59.48),
        ("urea-level", "mg/dL", "mmol/L", 0.1665),
        ("vitamin-b12-level", "pg/mL", "pmol/L", 0.7378),
        ("vitamin-d-25-hydroxy", "ng/mL", "nmol/L", 2.496),
        ("crp", "mg/dL", "mg/L", 10),
        ("d-dimer-feu", "ug/mL FEU", "ng/mL", 1000),
        ("erythrocytes", "M/uL", "10*12/L", 1),
        ("haematocrit", "L/L", "%", 100),
        ("fibrinogen-level", "g/L", "mg/dL", 100),
        ("po2-arterial", "kPa", "mm[Hg]", 7.5006),
        ("troponin-t", "ng/mL", "ng/L", 1000),
        ("urine-albumin-creatinine", "mg/mmol", "mg/g", 8.84),
    ],
)
def test_units_convert_as_published(vocabulary: Vocabulary, concept: str, one: str, other: str, factor: float) -> None:
    scale = vocabulary.concepts[concept].scale
    assert scale is not None
    assert float(scale.factors[one] / scale.factors[other]) == pytest.approx(factor, rel=4e-3)


@pytest.mark.parametrize(
    ("concept", "unit"),
    [
        ("lactate", "mg/dL"),
        ("urea-nitrogen", "mmol/L"),
        ("nt-probnp", "pmol/L"),
        ("prolactin", "mIU/L"),
        ("afp", "IU/mL"),
        ("chromogranin-a", "nmol/L"),
        ("hba1c", "mmol/mol"),
        ("cmv-dna", "copies/mL"),
        ("d-dimer-feu", "ng/mL DDU"),
    ],
)
def test_units_without_one_factor_are_not_converted(vocabulary: Vocabulary, concept: str, unit: str) -> None:
    scale = vocabulary.concepts[concept].scale
    assert scale is not None
    assert unit not in scale.factors


@pytest.mark.parametrize(
    ("concept", "system", "answer", "score"),
    [
        ("anti-hbs", LOINC, "LA6576-8", 1),
        ("tb-igra", NAME, "negative", 0),
        ("syphilis-treponemal", SNOMED, "11214006", 1),
        ("urine-blood-dipstick", SNOMED, "167297006", 0),
        ("cmv-dna", NAME, "target not detected", 0),
    ],
)
def test_answers_in_words_and_codes_score(
    vocabulary: Vocabulary, concept: str, system: str, answer: str, score: int
) -> None:
    scale = vocabulary.concepts[concept].scale
    assert scale is not None
    assert scale.answers[Code(system, answer)] == score


def test_an_indeterminate_tuberculosis_test_has_no_score(vocabulary: Vocabulary) -> None:
    scale = vocabulary.concepts["tb-igra"].scale
    assert scale is not None
    assert Code(NAME, "indeterminate") not in scale.answers


def test_globulin_in_the_wrong_unit_is_not_plausible(vocabulary: Vocabulary) -> None:
    scale = vocabulary.concepts["globulin"].scale
    assert scale is not None
    assert scale.plausible is not None
    assert Fraction("2.8") * scale.factors["g/L"] < scale.plausible[0] < Fraction("2.8") * scale.factors["g/dL"]


def test_enough_codes_that_count_are_verified(vocabulary: Vocabulary) -> None:
    """The breadth a hospital was promised: 110 measured concepts with 500 codes, each seen with its name."""
    codes = {code for code in vocabulary.exact if code.system == LOINC and counted(vocabulary, code.value)}
    assert len(codes) >= 500
    assert len({name for code in codes for name in counted(vocabulary, code.value)}) >= 110
