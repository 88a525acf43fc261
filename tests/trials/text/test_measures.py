"""How protocols write limits, form by form: units, multiples, signs; who shares a limit; and for whom it holds."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from cds.core.chart import Sex
from cds.core.criteria import (
    Age,
    AllOf,
    AnyOf,
    Asked,
    Exposed,
    HasCondition,
    IfThen,
    Measured,
    Not,
    Readings,
    Rule,
    SexIs,
)
from cds.core.limits import Against, Formula, Limit
from cds.core.vocabulary import Concept, ConceptKind, Scale, Vocabulary
from cds.trials.text.draft import drafted
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.outline import outline
from cds.trials.text.readers.measures import read_measures
from cds.trials.text.reading import Reading, ReadingKind
from cds.trials.text.sentences import parts_of

ONE, THOUSANDTH = Fraction(1), Fraction(1, 1000)
COUNTS = {"10*9/L": ONE, "10*3/uL": ONE, "/uL": THOUSANDTH, "10*3/mL": THOUSANDTH}
PRESSURE = {"mm[Hg]": ONE}
UNITS = {
    "absolute-neutrophil-count": COUNTS,
    "platelets": COUNTS,
    "haemoglobin": {"g/dL": ONE, "g/L": Fraction(1, 10)},
    "haematocrit": {"%": ONE},
    "bilirubin-total": {"mg/dL": ONE, "umol/L": Fraction(10, 171)},
    "bilirubin-direct": {"mg/dL": ONE},
    "creatinine": {"mg/dL": ONE, "umol/L": Fraction(10, 884)},
    "creatinine-clearance": {"mL/min": ONE},
    "egfr-unspecified": {"mL/min/{1.73_m2}": ONE},
    "ast": {"U/L": ONE},
    "alt": {"U/L": ONE},
    "inr": {"{INR}": ONE, "": ONE},
    "aptt": {"s": ONE},
    "prothrombin-time": {"s": ONE},
    "calcium": {"mg/dL": ONE},
    "albumin": {"g/L": ONE, "g/dL": Fraction(10)},
    "lvef": {"%": ONE},
    "bmi": {"kg/m2": ONE},
    "heart-rate": {"/min": ONE},
    "qtc-fridericia": {"ms": ONE, "s": Fraction(1000)},
    "systolic-blood-pressure": PRESSURE,
    "diastolic-blood-pressure": PRESSURE,
    "cea": {"ng/mL": ONE},
}
PHRASES = (
    ("absolute-neutrophil-count", "ANC"),
    ("bilirubin-total", "bilirubin"),
    ("bilirubin-direct", "direct bilirubin"),
    ("creatinine-clearance", "creatinine clearance"),
    ("creatinine-clearance", "CrCl"),
    ("aptt", "PTT"),
    ("qtc-fridericia", "QTcF"),
    ("systolic-blood-pressure", "systolic pressure"),
)
LEXICON = Lexicon.of(
    Vocabulary(
        {
            name: Concept(
                name, ConceptKind.MEASUREMENT, name.replace("-", " "), scale=Scale(next(iter(factors)), factors=factors)
            )
            for name, factors in UNITS.items()
        }
    ),
    PHRASES,
)
LIVER = HasCondition(("liver-metastasis",), active=True)
GILBERT = HasCondition(("gilbert-syndrome",))
THINNED = Exposed(("anticoagulant",), ongoing=True)
COMPUTED = {
    "absolute-neutrophil-count": (Formula.ANC_FROM_PERCENT, Formula.ANC_FROM_COUNTS),
    "qtc-fridericia": (Formula.QTC_FRIDERICIA,),
    "bmi": (Formula.BMI,),
}


def readings(text: str, section: str = "Inclusion") -> list[Reading]:
    lines = [each for each in outline(f"{section} Criteria:\n\n* {text}") if not each.heading]
    return [found for line in lines for part in parts_of(line, LEXICON) for found in read_measures(part, LEXICON)]


def rules(text: str, section: str = "Inclusion") -> list[Rule]:
    return [each.rule for each in readings(text, section)]


def limit(told: str) -> Limit:
    """Give a limit from its sign, number and unit: "≥ 1.5 10*9/L", "< 2 ULN"."""
    sign, number, *unit = told.split()
    against = {"ULN": Against.ULN, "LLN": Against.LLN}.get("".join(unit), Against.UNIT)
    return Limit(Fraction(number), "".join(unit) if against is Against.UNIT else "", against, sign in "≥≤")


def measured(concept: str, *told: str) -> Measured:
    low = next((limit(each) for each in told if each[0] in "≥>"), None)
    high = next((limit(each) for each in told if each[0] in "≤<"), None)
    return Measured((concept,), low, high, computed=COMPUTED.get(concept, ()))


@pytest.mark.parametrize(
    ("text", "concept", "told"),
    [
        # A count, with its power as written, lost, or in a unit of its own.
        ("Platelets ≥ 100 x 10^9/L", "platelets", "≥ 100 10*9/L"),
        ("Platelets ≥ 100 × 10⁹/L", "platelets", "≥ 100 10*9/L"),
        ("Platelets ≥ 100x109/L", "platelets", "≥ 100 10*9/L"),
        ("Platelets ≥ 100 × 10 9 /L", "platelets", "≥ 100 10*9/L"),
        ("Platelets ≥ 100 x 10(9)/L", "platelets", "≥ 100 10*9/L"),
        ("Platelets ≥ 100 x 10e9/L", "platelets", "≥ 100 10*9/L"),
        ("Platelets ≥ 100 x 10^3/µL", "platelets", "≥ 100 10*3/uL"),
        ("Platelets ≥ 100 G/L", "platelets", "≥ 100 10*9/L"),
        ("Platelets ≥ 100 K/uL", "platelets", "≥ 100 10*9/L"),
        ("Platelets ≥ 100,000 per microliter", "platelets", "≥ 100000 /uL"),
        ("Platelets ≥ 100,000 cells/mm³", "platelets", "≥ 100000 /uL"),
        ("Platelets ≥ 100000/mcL", "platelets", "≥ 100000 /uL"),
        ("Platelets ≥ 100,000/microliter (mcL)", "platelets", "≥ 100000 /uL"),
        ("Platelets ≥ 100,000/micro L", "platelets", "≥ 100000 /uL"),
        ("Platelets ≥ 100,000", "platelets", "≥ 100000 /uL"),
        # Signs and their words.
        ("Platelets of at least 100,000/mm3", "platelets", "≥ 100000 /uL"),
        ("Platelets greater than or equal to 100,000/mm3", "platelets", "≥ 100000 /uL"),
        ("Platelets more or equal to 100,000/mm3", "platelets", "≥ 100000 /uL"),
        ("Platelets no less than 100,000/mm3", "platelets", "≥ 100000 /uL"),
        ("Platelets more than 100,000/mm3", "platelets", "> 100000 /uL"),
        ("Platelets above 100,000/mm3", "platelets", "> 100000 /uL"),
        ("Platelets must be > 100,000/mm3", "platelets", "> 100000 /uL"),
        ("Creatinine not exceeding 2 mg/dL", "creatinine", "≤ 2 mg/dL"),
        ("Creatinine up to 2 mg/dL", "creatinine", "≤ 2 mg/dL"),
        ("Creatinine under 2 mg/dL", "creatinine", "< 2 mg/dL"),
        ("Creatinine of 2 mg/dL", "creatinine", ""),
        # Multiples of a laboratory's own limit.
        ("Creatinine ≤ 1.5 x ULN", "creatinine", "≤ 1.5 ULN"),
        ("Creatinine ≤ 1.5 × the upper limit of normal", "creatinine", "≤ 1.5 ULN"),
        ("Creatinine ≤ 1.5 times institutional upper limits of normal (ULN)", "creatinine", "≤ 1.5 ULN"),
        ("Creatinine ≤ 1.5 × upper limit of normal [ULN]", "creatinine", "≤ 1.5 ULN"),
        ("Creatinine less than 1.5-fold the ULN", "creatinine", "< 1.5 ULN"),
        ("Creatinine ≤ 1,5 x ULN", "creatinine", "≤ 1.5 ULN"),
        ("Creatinine ≤ ULN", "creatinine", "≤ 1 ULN"),
        ("LVEF at or above the institutional lower limit of normal", "lvef", "≥ 1 LLN"),
        ("LVEF above the lower limit of normal", "lvef", "> 1 LLN"),
        # Other units, and the limit said again in brackets.
        ("Haemoglobin ≥ 9 grams per deciliter", "haemoglobin", "≥ 9 g/dL"),
        ("Haemoglobin ≥ 90 g/L (9 g/dL)", "haemoglobin", "≥ 90 g/L"),
        ("Haemoglobin ≥ 9.0 g/dL (≥ 90 g/L)", "haemoglobin", "≥ 9 g/dL"),
        ("Bilirubin ≤ 25 µmol/L", "bilirubin-total", "≤ 25 umol/L"),
        ("Albumin ≥ 3 gm/dl", "albumin", "≥ 3 g/dL"),
        ("LVEF of at least 50 percent", "lvef", "≥ 50 %"),
        ("QTcF ≤ 470 msec", "qtc-fridericia", "≤ 470 ms"),
        ("QTcF ≤ 0.47 seconds", "qtc-fridericia", "≤ 47/100 s"),
        ("BMI ≥ 18.5 kg/m²", "bmi", "≥ 18.5 kg/m2"),
        ("BMI ≥ 18", "bmi", "≥ 18 kg/m2"),
        ("INR ≤ 1.5", "inr", "≤ 1.5"),
        ("Heart rate ≤ 100 beats per minute", "heart-rate", "≤ 100 /min"),
        ("Diastolic blood pressure ≤ 90 mm HG", "diastolic-blood-pressure", "≤ 90 mm[Hg]"),
        ("Diastolic blood pressure ≤ 90", "diastolic-blood-pressure", "≤ 90 mm[Hg]"),
    ],
)
def test_a_limit_in_its_unit(text: str, concept: str, told: str) -> None:
    assert rules(text) == ([measured(concept, told)] if told else [])


@pytest.mark.parametrize(
    "text",
    [
        "Platelets ≥ 100 x 10^9/fathom",
        "Platelets ≥ 100 million/L",
        "Platelets ≥ 100,000/L",
        "Platelets ≥ 1",
        "Haemoglobin ≥ 90",
        "Haemoglobin ≥ 900 g/dL",
        "Creatinine ≤ 0.1 mg/dL",
        "Creatinine ≤ 150 x ULN",
        "Bilirubin ≤ 1.5",
        "Platelets ≥ 14 days",
        "Platelets ≤ 14 days before the first visit",
        "LVEF within 28 days",
        "If the marrow is involved, then perhaps platelets ≥ 50,000/mm3",
        "Those must have platelets ≥ 50,000/mm3",
        "Platelets ≥ 50,000/mm3 in cohort B",
        "Platelets ≥ 50,000/mm3 for adults",
        "Platelets ≥ 50,000/mm3 (women)",
        "Platelets ≥ 50,000/mm3 (in populations of the north)",
        "AST ≤ 3 x ULN, or ≤ 5 x ULN if due to the weather, or with the sponsor's approval",
        "Platelets ≥ 50,000/mm3 (cohort)",
        "Platelets ≥ 50,000/mm3 when the marrow is involved",
        "Platelets ≥ 50,000/mm3 at diagnosis",
        "Platelets ≥ 50,000/mm3 are not allowed",
        "Phase 2: Platelets ≥ 50,000/mm3, ANC ≥ 500/mm3",
        "Creatinine ≤ 1.5 x ULN (in patients with one kidney), platelets ≥ 50,000/mm3",
        "Calcium (corrected for albumin) ≤ 12 mg/dL",
        "Pulmonary artery systolic pressure ≤ 50 mmHg",
        "Blood pressure ≥ 90/50 mmHg and ≤ 140/90 mmHg",
    ],
)
def test_what_might_be_meant_otherwise_is_left(text: str) -> None:
    assert rules(text) == []


def test_an_exclusion_that_lets_some_in_is_left() -> None:
    assert rules("Well controlled fibrillation with a heart rate < 100 bpm is permitted", "Exclusion") == []
    assert rules("Heart rate > 100 bpm", "Exclusion") == [measured("heart-rate", "> 100 /min")]
    assert rules("LVEF ≤ 50 % or lower than the lower limit of normal", "Exclusion") == []


@pytest.mark.parametrize("text", ["AST and ALT ≤ 3 x ULN", "AST, ALT ≤ 3 x ULN", "AST & ALT ≤ 3 x ULN"])
def test_a_limit_of_both(text: str) -> None:
    assert rules(text) == [AllOf((measured("ast", "≤ 3 ULN"), measured("alt", "≤ 3 ULN")))]


@pytest.mark.parametrize("text", ["AST or ALT ≤ 3 x ULN", "AST/ALT ≤ 3 x ULN", "AST and/or ALT ≤ 3 x ULN"])
def test_a_limit_of_one_or_both_has_two_readings(text: str) -> None:
    told = (measured("ast", "≤ 3 ULN"), measured("alt", "≤ 3 ULN"))
    assert rules(text) == [Readings((AllOf(told), AnyOf(told)))]


def test_one_that_is_too_high_is_enough_to_exclude_where_or_says_so() -> None:
    told = (measured("ast", "> 3 ULN"), measured("alt", "> 3 ULN"))
    assert rules("AST or ALT > 3 x ULN", "Exclusion") == [AnyOf(told)]


def test_within_normal_limits_is_beyond_neither_end() -> None:
    whole = measured("lvef", "≥ 1 LLN", "≤ 1 ULN")
    assert rules("LVEF within normal limits") == [whole]
    for name, concept in (("Creatinine", "creatinine"), ("Prothrombin time", "prothrombin-time")):
        assert rules(f"{name} within institutional normal limits") == [
            Readings((measured(concept, "≥ 1 LLN", "≤ 1 ULN"), measured(concept, "≤ 1 ULN")))
        ]


def test_both_pressures_of_a_pair() -> None:
    pressures = ("systolic-blood-pressure", "diastolic-blood-pressure")
    high = tuple(measured(name, f"> {value} mm[Hg]") for name, value in zip(pressures, (160, 100), strict=True))
    enough = tuple(measured(name, f"≤ {value} mm[Hg]") for name, value in zip(pressures, (160, 100), strict=True))
    least = tuple(measured(name, f"≥ {value} mm[Hg]") for name, value in zip(pressures, (90, 60), strict=True))
    assert rules("Blood pressure > 160/100 mmHg", "Exclusion") == [AnyOf(high)]
    assert rules("Blood pressure ≤ 160/100 mmHg") == [AllOf(enough)]
    assert rules("Blood pressure ≥ 90/60 mmHg") == [Readings((AllOf(least), AnyOf(least)))]
    assert rules("Systolic blood pressure ≥ 160 or diastolic blood pressure ≥ 100 mmHg", "Exclusion") == [
        measured("systolic-blood-pressure", "≥ 160 mm[Hg]"),
        measured("diastolic-blood-pressure", "≥ 100 mm[Hg]"),
    ]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (f"AST ≤ 3 x ULN{behind}", IfThen(LIVER, measured("ast", f"{sign} 5 ULN"), measured("ast", "≤ 3 ULN")))
        for sign, behind in [
            ("≤", " (≤ 5 x ULN if liver metastases)"),
            ("≤", " (or ≤ 5 x ULN for patients with liver metastases)"),
            ("≤", ", ≤ 5 x ULN in the presence of hepatic metastases"),
            ("≤", " unless liver metastases are present, in which case it must be ≤ 5 x ULN"),
            ("≤", " (if liver metastases are present, ≤ 5 x ULN)"),
            ("<", " (in patients with liver metastases, < 5 x ULN is allowed)"),
            ("≤", " (AST ≤ 5 x ULN is allowed for participants with liver metastases)"),
            ("≤", " or ≤ 5 x ULN with liver metastases (performed within 14 days of the first dose)"),
        ]
    ],
)
def test_another_limit_for_some(text: str, rule: IfThen) -> None:
    (found,) = rules(text)
    assert found == (_dated(rule, 14) if "14 days" in text else rule)


def _dated(rule: IfThen, days: int) -> IfThen:
    then, otherwise = (
        Measured(each.concepts, each.low, each.high, days)
        for each in (rule.then, rule.otherwise)
        if isinstance(each, Measured)
    )
    return IfThen(rule.condition, then, otherwise)


def test_what_a_bracket_says_at_the_end_may_be_meant_of_all_before_it() -> None:
    alone, whole = measured("ast", "≤ 3 ULN"), IfThen(LIVER, measured("ast", "≤ 5 ULN"), measured("ast", "≤ 3 ULN"))
    other = IfThen(LIVER, measured("alt", "≤ 5 ULN"), measured("alt", "≤ 3 ULN"))
    assert rules("AST ≤ 3 x ULN, ALT ≤ 3 x ULN (≤ 5 x ULN if liver metastases)") == [Readings((alone, whole)), other]
    assert rules("Creatinine ≤ 2 x ULN, bilirubin ≤ 1.5 x ULN unless Gilbert's syndrome") == [
        Readings((measured("creatinine", "≤ 2 ULN"), AnyOf((measured("creatinine", "≤ 2 ULN"), GILBERT)))),
        AnyOf((measured("bilirubin-total", "≤ 1.5 ULN"), GILBERT)),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Bilirubin ≤ 1.5 x ULN unless Gilbert's syndrome",
        "Bilirubin ≤ 1.5 x ULN, except for patients with known Gilbert syndrome",
        "Bilirubin ≤ 1.5 x upper limit of normal (ULN; except subjects with Gilbert s syndrome)",
        "Bilirubin ≤ 1.5 x ULN (with the exception of known/suspected Gilbert's disease)",
    ],
)
def test_whom_a_limit_spares(text: str) -> None:
    assert rules(text) == [AnyOf((measured("bilirubin-total", "≤ 1.5 ULN"), GILBERT))]


def test_a_limit_of_each_sex() -> None:
    least = measured("haemoglobin", "≥ 10 g/dL")
    for text in (
        "Haemoglobin ≥ 10 g/dL for women or ≥ 11 g/dL for men",
        "Haemoglobin ≥ 10 g/dL (women), ≥ 11 g/dL (men)",
    ):
        assert rules(text) == [IfThen(SexIs(Sex.MALE), measured("haemoglobin", "≥ 11 g/dL"), least)]
    assert rules("Haemoglobin ≥ 10 g/dL for women or ≥ 11 g/dL for girls") == []


@pytest.mark.parametrize(
    ("text", "whom", "rule"),
    [
        ("Patients with liver metastases must have AST ≤ 5 x ULN", LIVER, measured("ast", "≤ 5 ULN")),
        ("For those with liver metastases, AST ≤ 5 x ULN", LIVER, measured("ast", "≤ 5 ULN")),
        ("If the patient has liver metastases, AST ≤ 5 x ULN", LIVER, measured("ast", "≤ 5 ULN")),
        ("AST ≤ 5 x ULN if liver metastases are present.", LIVER, measured("ast", "≤ 5 ULN")),
        ("AST ≤ 5 x ULN (for patients with liver metastases)", LIVER, measured("ast", "≤ 5 ULN")),
        (
            "Subjects with known Gilbert's syndrome: bilirubin ≤ 3 x ULN",
            GILBERT,
            measured("bilirubin-total", "≤ 3 ULN"),
        ),
        ("Patients ≥ 18 years of age must have an LVEF ≥ 50 %", Age(18), measured("lvef", "≥ 50 %")),
        ("Patients < 18 years of age must have an LVEF ≥ 50 %", Age(at_most=17), measured("lvef", "≥ 50 %")),
    ],
)
def test_a_limit_for_some_alone_shuts_out_no_other(text: str, whom: Rule, rule: Rule) -> None:
    (found,) = readings(text)
    assert found.rule == AnyOf((Not(whom), rule))
    assert (found.first, found.for_some) == (0, True)


def test_a_limit_for_those_not_on_a_drug() -> None:
    for text in ("For patients not receiving anticoagulants: INR ≤ 1.5", "If not on anticoagulation: INR ≤ 1.5"):
        assert rules(text) == [AnyOf((THINNED, measured("inr", "≤ 1.5")))]
    (asked,) = rules("Patients taking tonic water must have an INR < 3")
    assert isinstance(asked, AnyOf)
    assert isinstance(asked.rules[0], Not)
    assert isinstance(asked.rules[0].rule, Asked)


def test_what_one_sentence_asks_of_all_and_another_of_some_is_not_settled() -> None:
    text = "Inclusion Criteria:\n\n* AST ≤ 3 x ULN. For those with liver metastases, AST ≤ 5 x ULN."
    (draft,) = drafted(text, (read_measures,), LEXICON, frozenset(ReadingKind))
    assert isinstance(draft.criterion.rule, Readings)
    (alone,) = drafted("Inclusion Criteria:\n\n* AST ≤ 3 x ULN.", (read_measures,), LEXICON, frozenset(ReadingKind))
    assert alone.criterion.rule == measured("ast", "≤ 3 ULN")


@pytest.mark.parametrize("label", ["REGISTRATION", "Enrollment", "Screening", "Bone marrow function"])
def test_a_label_that_says_for_nobody_is_covered(label: str) -> None:
    (found,) = readings(f"{label}: ANC ≥ 1500/mm3")
    assert (found.rule, found.first, found.for_some) == (measured("absolute-neutrophil-count", "≥ 1500 /uL"), 0, False)


CLEARANCE = Measured(("creatinine-clearance",), limit("≥ 60 mL/min"), computed=(Formula.COCKCROFT_GAULT_ACTUAL,))


@pytest.mark.parametrize(
    "behind",
    [
        " (Cockcroft-Gault formula)",
        " by the Cockcroft-Gault equation",
        " (measured or calculated with the Cockcroft-Gault equation)",
        " (Cockcroft-Gault equation) for participants with creatinine > 1.5 x ULN",
    ],
)
def test_how_a_clearance_is_computed_and_when_it_is_looked_at(behind: str) -> None:
    text = f"Creatinine ≤ 1.5 x ULN or creatinine clearance ≥ 60 mL/min{behind}"
    assert rules(text) == [measured("creatinine", "≤ 1.5 ULN"), CLEARANCE]


def test_in_a_list_or_joins_its_neighbours_alone() -> None:
    text = "ANC ≥ 1500/mm3, platelets ≥ 100,000/mm3, creatinine ≤ 1.5 x ULN or CrCl ≥ 60 mL/min (Cockcroft-Gault)"
    assert rules(text) == [
        measured("absolute-neutrophil-count", "≥ 1500 /uL"),
        measured("platelets", "≥ 100000 /uL"),
        AnyOf((measured("creatinine", "≤ 1.5 ULN"), CLEARANCE)),
    ]
    assert rules("ANC ≥ 1500/mm3, platelets ≥ 100,000/mm3 or haemoglobin ≥ 9 g/dL") == []
    assert len(rules("ANC < 1500/mm3, platelets < 100,000/mm3 or haemoglobin < 9 g/dL", "Exclusion")) == 3


def test_requirements_that_run_together_without_a_comma() -> None:
    assert rules("ANC ≥ 1500/mm3 Platelets ≥ 100,000/mm3 Haemoglobin ≥ 9 g/dL") == [
        measured("absolute-neutrophil-count", "≥ 1500 /uL"),
        measured("platelets", "≥ 100000 /uL"),
        measured("haemoglobin", "≥ 9 g/dL"),
    ]


def test_a_partial_prothrombin_time_is_none() -> None:
    told = rules("Prothrombin time and partial prothrombin time (PTT) ≤ 1.5 x ULN")
    assert told == [measured("aptt", "≤ 1.5 ULN")]


@pytest.mark.parametrize(
    ("behind", "days"),
    [
        (" within 14 days before enrollment", 14),
        (" (within 2 weeks before enrollment)", 14),
        (" (obtained ≤ 28 days prior to registration)", 28),
        (" (obtained ≤ 28 days prior to protocol registration/randomization)", 28),
        (" (by echocardiogram) within 28 days of registration", 28),
    ],
)
def test_how_old_a_result_may_be(behind: str, days: int) -> None:
    assert rules(f"LVEF ≥ 50 %{behind}") == [Measured(("lvef",), limit("≥ 50 %"), within_days=days)]


def words(found: Sequence[Reading]) -> list[str]:
    return [each.says for each in found]


def test_what_was_read_is_told() -> None:
    assert words(readings("AST and ALT ≤ 3 x ULN (≤ 5 x ULN if liver metastases) within 14 days of enrollment")) == [
        "Read as ast and alt at most 3 × ULN, at most 5 × ULN under a proviso, within 14 days."
    ]


def _under(section: str, heading: str, text: str) -> list[Reading]:
    lines = outline(f"{section} Criteria:\n\n* {heading}\n  * {text}")
    (line,) = [each for each in lines if not each.heading and each.text == text]
    (part,) = parts_of(line, LEXICON)
    return list(read_measures(part, LEXICON))


@pytest.mark.parametrize(
    ("heading", "days"),
    [
        ("Within 10 days before the first dose:", 10),
        ("Within one week of the operation:", 7),
        ("Within 28 calendar days of the operation:", 28),
        ("Within 1 month of the operation:", 31),
        ("During the past 2 weeks:", 14),
    ],
)
def test_the_time_of_a_heading_holds_for_the_tests_under_it(heading: str, days: int) -> None:
    (reading,) = _under("Inclusion", heading, "Haemoglobin >= 9 g/dL")
    assert isinstance(reading.rule, Measured)
    assert reading.rule.within_days == days


@pytest.mark.parametrize(
    "heading", ["Within 6 months before the first dose:", "Within 6 months of the last operation:"]
)
def test_a_heading_of_exclusions_that_looks_back_far_leaves_results_to_a_person(heading: str) -> None:
    assert _under("Exclusion", heading, "Haemoglobin < 9 g/dL") == []


def test_an_exclusion_that_looks_back_far_leaves_results_to_a_person() -> None:
    assert rules("Haemoglobin < 9 g/dL within 6 months before enrollment", "Exclusion") == []
    assert rules("Haemoglobin < 9 g/dL within 14 days before enrollment", "Exclusion") == [
        replace(measured("haemoglobin", "< 9 g/dL"), within_days=14)
    ]
    assert rules("LVEF >= 50% within 6 months before enrollment") == [
        replace(measured("lvef", "≥ 50 %"), within_days=183)
    ]
