"""Limits of results in text: signs, units and multiples, who shares one, for whom another holds; and what is left."""

from collections.abc import Sequence
from fractions import Fraction
from time import perf_counter

import pytest

from cds.core.chart import Sex
from cds.core.criteria import (
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
    Section,
    SexIs,
)
from cds.core.limits import Against, Formula, Limit
from cds.core.vocabulary import Concept, ConceptKind, Scale, Vocabulary
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.outline import outline
from cds.trials.text.readers.measures import read_measures
from cds.trials.text.reading import Part, Reading, ReadingKind
from cds.trials.text.sentences import parts_of, plainly
from cds.trials.text.tokens import tokens_of

ONE = Fraction(1)
UNITS: dict[str, tuple[str, dict[str, Fraction]]] = {
    "absolute-neutrophil-count": ("10*9/L", {"10*9/L": ONE, "10*3/uL": ONE, "/uL": Fraction(1, 1000)}),
    "platelets": ("10*9/L", {"10*9/L": ONE, "10*3/uL": ONE, "/uL": Fraction(1, 1000)}),
    "haemoglobin": ("g/dL", {"g/dL": ONE, "g/L": Fraction(1, 10), "mg/dL": Fraction(1, 1000)}),
    "bilirubin-total": ("mg/dL", {"mg/dL": ONE, "umol/L": Fraction(10, 171)}),
    "bilirubin-direct": ("mg/dL", {"mg/dL": ONE}),
    "creatinine": ("mg/dL", {"mg/dL": ONE, "umol/L": Fraction(10, 884)}),
    "ast": ("U/L", {"U/L": ONE}),
    "alt": ("U/L", {"U/L": ONE}),
    "inr": ("{INR}", {"": ONE, "{INR}": ONE}),
    "aptt": ("s", {"s": ONE}),
    "lvef": ("%", {"%": ONE}),
    "qtc-unspecified": ("ms", {"ms": ONE}),
    "qtc-fridericia": ("ms", {"ms": ONE}),
    "creatinine-clearance": ("mL/min", {"mL/min": ONE}),
    "egfr-unspecified": ("mL/min/{1.73_m2}", {"mL/min/{1.73_m2}": ONE}),
    "systolic-blood-pressure": ("mm[Hg]", {"mm[Hg]": ONE}),
    "diastolic-blood-pressure": ("mm[Hg]", {"mm[Hg]": ONE}),
    "psa": ("ng/mL", {"ng/mL": ONE}),
    "albumin": ("g/L", {"g/L": ONE, "g/dL": Fraction(10)}),
    "oxygen-saturation": ("%", {"%": ONE}),
    "oxygen-saturation-room-air": ("%", {"%": ONE}),
}
PHRASES = (
    ("absolute-neutrophil-count", "ANC"),
    ("absolute-neutrophil-count", "neutrophil count"),
    ("haemoglobin", "hemoglobin"),
    ("bilirubin-total", "bilirubin"),
    ("bilirubin-total", "total bilirubin"),
    ("bilirubin-direct", "direct bilirubin"),
    ("creatinine", "serum creatinine"),
    ("creatinine-clearance", "CrCl"),
    ("ast", "SGOT"),
    ("lvef", "LVEF"),
    ("qtc-unspecified", "QTc interval"),
    ("qtc-fridericia", "QTcF"),
)
LEXICON = Lexicon.of(
    Vocabulary(
        {
            name: Concept(name, ConceptKind.MEASUREMENT, name.replace("-", " "), scale=Scale(unit, factors=factors))
            for name, (unit, factors) in UNITS.items()
        }
    ),
    PHRASES,
)
LIVER = HasCondition(("liver-metastasis",), active=True)
GILBERT = HasCondition(("gilbert-syndrome",))
ANC = (Formula.ANC_FROM_PERCENT, Formula.ANC_FROM_COUNTS)


def parts(text: str, section: str = "Inclusion") -> Sequence[Part]:
    (line,) = [each for each in outline(f"{section} Criteria:\n\n* {text}") if not each.heading]
    return list(parts_of(line, LEXICON))


def readings(text: str, section: str = "Inclusion") -> list[Reading]:
    return [each for part in parts(text, section) for each in read_measures(part, LEXICON)]


def rules(text: str, section: str = "Inclusion") -> list[Rule]:
    found = readings(text, section)
    assert all(each.kind is ReadingKind.LAB for each in found)
    return [each.rule for each in found]


def limit(value: str, unit: str = "", *, inclusive: bool = True) -> Limit:
    against = Against(unit.casefold()) if unit in {"ULN", "LLN"} else Against.UNIT
    return Limit(Fraction(value), "" if unit in {"ULN", "LLN"} else unit, against, inclusive)


def least(concept: str, value: str, unit: str = "", *, inclusive: bool = True) -> Measured:
    computed = ANC if concept == "absolute-neutrophil-count" else ()
    return Measured((concept,), low=limit(value, unit, inclusive=inclusive), computed=computed)


def most(concept: str, value: str, unit: str = "ULN", *, inclusive: bool = True) -> Measured:
    return Measured((concept,), high=limit(value, unit, inclusive=inclusive))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("ANC ≥ 1.5 x 10^9/L", least("absolute-neutrophil-count", "1.5", "10*9/L")),
        ("ANC ≥ 1.5 × 109/L", least("absolute-neutrophil-count", "1.5", "10*9/L")),
        ("ANC >= 1,500/mm^3", least("absolute-neutrophil-count", "1500", "/uL")),
        ("ANC at least 1500 cells/µL", least("absolute-neutrophil-count", "1500", "/uL")),
        ("ANC ≥ 1.5 x 10^9/L (1500/mm3)", least("absolute-neutrophil-count", "1.5", "10*9/L")),
        ("Platelets > 100 K/uL", least("platelets", "100", "10*9/L", inclusive=False)),
        ("Platelets ≥ 100,000", least("platelets", "100000", "/uL")),
        ("Hemoglobin of 9 g/dL", None),
        ("Hemoglobin ≥ 90 g/L", least("haemoglobin", "90", "g/L")),
        ("Hemoglobin must be greater than or equal to 9.0 g/dL", least("haemoglobin", "9", "g/dL")),
        ("Bilirubin ≤ 1.5 x ULN", most("bilirubin-total", "1.5")),
        (
            "Bilirubin no more than 1.5 times the institutional upper limit of normal (ULN)",
            most("bilirubin-total", "1.5"),
        ),
        ("Bilirubin < 2 mg/dL", most("bilirubin-total", "2", "mg/dL", inclusive=False)),
        ("Bilirubin ≤ ULN", most("bilirubin-total", "1")),
        ("LVEF ≥ 50%", least("lvef", "50", "%")),
        ("INR ≤ 1.5", most("inr", "1.5", "")),
        ("PSA ≥ 2 ng/mL", least("psa", "2", "ng/mL")),
    ],
)
def test_one_limit(text: str, rule: Rule | None) -> None:
    assert rules(text) == ([] if rule is None else [rule])


@pytest.mark.parametrize(
    "text",
    [
        "Platelets ≥ 100,000/mL",
        "Platelets ≥ 100 x 10^9/furlong",
        "Hemoglobin ≥ 9 mg/dL",
        "ANC ≥ 1.5",
        "Creatinine ≤ 1.5",
        "ANC ≥ 1500 million per drop",
        "PSA ≥ 20 ng/mL at diagnosis",
        "Note: ANC ≥ 1500/mm3 in the second cycle",
        "ANC ≥ 1500/mm3 only for cohort B",
        "Weight loss ≥ 10 %",
        "LVEF within 14 days",
    ],
)
def test_what_is_no_limit_for_sure_is_left(text: str) -> None:
    assert rules(text) == []


def test_a_limit_is_as_strict_as_its_sign_in_both_sections() -> None:
    assert rules("ANC < 1000/mm3", "Exclusion") == [
        Measured(("absolute-neutrophil-count",), high=limit("1000", "/uL", inclusive=False), computed=ANC)
    ]
    assert rules("Creatinine ≥ 1.5 x ULN", "Exclusion") == [least("creatinine", "1.5", "ULN")]


@pytest.mark.parametrize(
    ("text", "section"),
    [
        ("Albumin ≤ 2.5 x ULN", "Inclusion"),
        ("AST, ALT and albumin ≤ 2.5 x ULN", "Inclusion"),
        ("Total bilirubin > 1.5 x ULN", "Inclusion"),
        ("Needs oxygen for an oxygen saturation > 93%", "Exclusion"),
        ("Platelets ≥ 100,000/mm3", "Exclusion"),
        ("QTcF ≤ 470 ms", "Exclusion"),
    ],
)
def test_a_limit_that_would_take_the_sick_and_leave_the_well_is_left(text: str, section: str) -> None:
    assert rules(text, section) == []


def test_brackets_that_say_the_limit_again_must_agree() -> None:
    assert rules("Hemoglobin ≥ 9 g/dL (90 g/L)") == [least("haemoglobin", "9", "g/dL")]
    assert rules("Creatinine ≤ 1.5 mg/dL (133 μmol/L)") == [most("creatinine", "1.5", "mg/dL")]
    assert rules("Hemoglobin ≥ 9 g/dL (100 g/L)") == []
    assert rules("Platelets ≥ 75,000/mm^3 (100 x 10^9/L)") == []


def test_an_or_at_the_end_of_a_line_stays_left_over() -> None:
    (found,) = readings("Creatinine ≤ 1.5 x ULN OR")
    assert found.rule == most("creatinine", "1.5")
    assert found.behind == len(parts("Creatinine ≤ 1.5 x ULN OR")[0].tokens) - 1


def test_a_saturation_on_room_air_must_be_told_to_be_one() -> None:
    either = ("oxygen-saturation", "oxygen-saturation-room-air")
    high = limit("92", "%")
    (rule,) = rules("Oxygen saturation ≥ 92% on room air")
    assert isinstance(rule, AllOf)
    assert rule.rules[0] == Measured(either, high)
    assert isinstance(rule.rules[1], AnyOf)
    assert rule.rules[1].rules[0] == Measured(either[1:], high)
    assert isinstance(rule.rules[1].rules[1], Asked)
    low = limit("92", "%", inclusive=False)
    assert rules("Oxygen saturation < 92% on room air", "Exclusion") == [Measured(either, None, low)]


def test_several_share_a_limit() -> None:
    both = (most("ast", "3"), most("alt", "3"))
    assert rules("AST and ALT ≤ 3 x ULN") == [AllOf(both)]
    assert rules("AST or ALT ≤ 3 x ULN") == [Readings((AllOf(both), AnyOf(both)))]
    high = (least("ast", "3", "ULN", inclusive=False), least("alt", "3", "ULN", inclusive=False))
    assert rules("AST or ALT > 3 x ULN", "Exclusion") == [AnyOf(high)]
    assert rules("AST and ALT > 3 x ULN", "Exclusion") == [Readings((AllOf(high), AnyOf(high)))]


def test_two_names_of_one_thing_are_one() -> None:
    assert rules("AST (SGOT) ≤ 3 x ULN") == [most("ast", "3")]


@pytest.mark.parametrize(
    "text",
    [
        "AST ≤ 2.5 x ULN (≤ 5 x ULN if liver metastases)",
        "AST ≤ 2.5 x ULN or ≤ 5 x ULN for patients with liver metastases",
        "AST ≤ 2.5 x ULN (or AST ≤ 5 x ULN in patients with known liver metastases)",
        "AST ≤ 2.5 x ULN, or ≤ 5 x ULN in the presence of liver metastases",
    ],
)
def test_another_limit_under_a_proviso(text: str) -> None:
    assert rules(text) == [IfThen(LIVER, most("ast", "5"), most("ast", "2.5"))]


def test_a_proviso_no_table_expresses_is_a_question() -> None:
    (rule,) = rules("AST ≤ 2.5 x ULN (≤ 5 x ULN if due to the weather)")
    assert isinstance(rule, IfThen)
    assert isinstance(rule.condition, Asked)
    assert (rule.then, rule.otherwise) == (most("ast", "5"), most("ast", "2.5"))


def test_unless_loosens_a_requirement_and_an_exclusion() -> None:
    assert rules("Bilirubin ≤ 1.5 x ULN unless known Gilbert's syndrome") == [
        AnyOf((most("bilirubin-total", "1.5"), GILBERT))
    ]
    warfarin = Exposed(("anticoagulant",), ongoing=True)
    high = least("inr", "1.5", "", inclusive=False)
    assert rules("INR > 1.5 unless on anticoagulants", "Exclusion") == [AllOf((high, Not(warfarin)))]


def test_men_and_women() -> None:
    (rule,) = rules("QTcF > 450 ms in males or > 470 ms in females", "Exclusion")
    men, women = (
        Measured(("qtc-fridericia",), low=limit(ms, "ms", inclusive=False), computed=(Formula.QTC_FRIDERICIA,))
        for ms in ("450", "470")
    )
    assert rule == IfThen(SexIs(Sex.FEMALE), women, men)


def test_a_range() -> None:
    assert rules("Platelets ≥ 50 and ≤ 100 x 10^9/L") == []
    assert rules("Hemoglobin ≥ 8 g/dL and ≤ 12 g/dL") == [
        Measured(("haemoglobin",), limit("8", "g/dL"), limit("12", "g/dL"))
    ]


def test_alternatives_stay_apart_for_the_words_between_to_join() -> None:
    assert rules("Creatinine ≤ 1.5 x ULN or creatinine clearance ≥ 60 mL/min by the Cockcroft-Gault formula") == [
        most("creatinine", "1.5"),
        Measured(("creatinine-clearance",), limit("60", "mL/min"), computed=(Formula.COCKCROFT_GAULT_ACTUAL,)),
    ]


def test_clearance_without_a_named_equation_has_two_readings() -> None:
    (rule,) = rules("CrCl ≥ 60 mL/min")
    assert isinstance(rule, Readings)
    assert [each.computed for each in rule.rules if isinstance(each, Measured)] == [
        (Formula.COCKCROFT_GAULT_ACTUAL,),
        (Formula.COCKCROFT_GAULT_IDEAL,),
    ]


def test_a_filtration_rate_counts_only_by_the_equation_that_is_named() -> None:
    assert rules("eGFR ≥ 30 mL/min/1.73 m2 by MDRD") == [
        Measured(("egfr-mdrd",), limit("30", "mL/min/{1.73_m2}"), computed=(Formula.MDRD,))
    ]
    (rule,) = rules("eGFR ≥ 30 mL/min/1.73 m2")
    assert isinstance(rule, Readings)
    assert len(rule.rules) == 3
    assert rules("GFR ≥ 30 mL/min by Cockcroft-Gault") == [
        Measured(("creatinine-clearance",), limit("30", "mL/min"), computed=(Formula.COCKCROFT_GAULT_ACTUAL,))
    ]


def test_the_formula_of_qtc_is_the_one_named_or_both() -> None:
    (named,) = rules("QTc interval ≤ 470 ms by Fridericia's formula")
    assert named == Measured(("qtc-fridericia",), high=limit("470", "ms"), computed=(Formula.QTC_FRIDERICIA,))
    (unnamed,) = rules("QTc interval ≤ 470 ms")
    assert isinstance(unnamed, Readings)
    assert {each.computed for each in unnamed.rules if isinstance(each, Measured)} == {
        (Formula.QTC_FRIDERICIA,),
        (Formula.QTC_BAZETT,),
    }


def test_blood_pressure_is_two_limits() -> None:
    systolic, diastolic = (
        least(f"{which}-blood-pressure", value, "mm[Hg]", inclusive=False)
        for which, value in (("systolic", "150"), ("diastolic", "90"))
    )
    for text in ("Blood pressure > 150/90 mmHg", "Blood pressure > 150/90"):
        (found,) = readings(text, "Exclusion")
        assert found.rule == AnyOf((systolic, diastolic))
        assert (found.first, found.behind) == (0, len(parts(text)[0].tokens))


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Platelets ≥ 100,000/mm3 (within 14 days prior to registration)", 14),
        ("Platelets ≥ 100,000/mm3 (obtained ≤ 28 days prior to sub-study registration)", 28),
        ("Platelets ≥ 100,000/mm3 (within 2 weeks of day 1 of protocol therapy unless otherwise stated)", 14),
        ("Platelets ≥ 100,000/mm3 within 7 days of enrollment", 7),
        ("Platelets ≥ 100,000/mm3", None),
    ],
)
def test_the_time_within_which_a_result_counts(text: str, days: int | None) -> None:
    assert rules(text) == [Measured(("platelets",), limit("100000", "/uL"), within_days=days)]


def test_a_bracket_that_says_more_than_a_time_is_not_swallowed() -> None:
    part = parts("Platelets ≥ 100,000/mm3 (within 14 days of enrollment and without bleeding)")[0]
    (found,) = read_measures(part, LEXICON)
    assert found.behind < len(part.tokens) - 1


def test_without_a_transfusion_is_a_question_of_its_own() -> None:
    (rule,) = rules("Hemoglobin ≥ 9 g/dL without transfusion within 7 days")
    assert isinstance(rule, AllOf)
    assert rule.rules[0] == least("haemoglobin", "9", "g/dL")
    assert isinstance(rule.rules[1], Asked)
    assert rules("Hemoglobin < 9 g/dL without transfusion", "Exclusion") == []


def test_that_transfusion_is_allowed_asks_nothing() -> None:
    (found,) = readings("Hemoglobin ≥ 9 g/dL (transfusions allowed)")
    assert found.rule == least("haemoglobin", "9", "g/dL")
    assert found.behind == len(parts("Hemoglobin ≥ 9 g/dL (transfusions allowed)")[0].tokens)
    assert rules("Hemoglobin ≥ 9 g/dL (transfusions not allowed)") == []


def test_what_stands_before_a_colon_may_say_for_whom_a_limit_holds() -> None:
    enough = least("platelets", "50000", "/uL")
    for text in ("With marrow disease: platelets ≥ 50,000/mm3", "TO GO ON TO THE NEXT PART: Platelets ≥ 50,000/mm3"):
        (found,) = readings(text)
        assert isinstance(found.rule, AnyOf)
        first, second = found.rule.rules
        assert isinstance(first, Not)
        assert isinstance(first.rule, Asked)
        assert second == enough
        assert found.first == 0
    for text in ("Bone marrow function: platelets ≥ 50,000/mm3", "Registration: platelets ≥ 50,000/mm3"):
        assert rules(text) == [enough]


@pytest.mark.parametrize(
    "piece",
    [
        "ANC ≥ 1500/mm3 (",
        "AST or ",
        "AST ≤ 5 x ULN if ",
        "bilirubin (",
        "within 14 days of ",
        "1 / ",
        "ANC ≥ 1 without transfusion ",
        "AST ≤ 3 x ULN (or ",
    ],
)
def test_the_time_grows_as_the_length(piece: str) -> None:
    def seconds(length: int) -> float:
        part = _part(("ANC ≥ 1500/mm3 " + piece * length)[:length])
        begun = perf_counter()
        read_measures(part, LEXICON)
        return perf_counter() - begun

    seconds(100)
    short, long = (min(seconds(length) for _ in range(3)) for length in (700, 1400))
    assert long < 5 * short + 0.02
    assert seconds(200_000) < 50 * long + 0.05


def _part(text: str) -> Part:
    tokens = tokens_of(text)
    return Part(text, plainly(text), tokens, LEXICON.find(tokens), Section.INCLUSION)
