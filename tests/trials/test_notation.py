"""The notation of example patients: what each word of a row makes of an entry, and which words are refused."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest

from cds.core.chart import (
    Allergy,
    ClinicalStatus,
    Condition,
    Exposure,
    ExposureStatus,
    Extent,
    Kind,
    Measurement,
    Procedure,
    ReferenceRange,
    ResultStatus,
    Sex,
    Told,
    Vaccination,
    Verification,
)
from cds.core.codes import CVX, ICD10CM, LOINC, NAME, RXNORM, SNOMED, Code, Coded
from cds.core.dates import PartialDate
from cds.core.quantities import Comparator, Quantity
from cds.core.vocabulary import Concept, ConceptKind, Meaning, Relation, Scale, Vocabulary
from cds.errors import BadTrial
from cds.trials.codebook import Codebook
from cds.trials.fields import Place
from cds.trials.notation import SECTIONS, chart_of

KINDS = {
    "platelets": ConceptKind.MEASUREMENT,
    "virus": ConceptKind.MEASUREMENT,
    "uncoded": ConceptKind.MEASUREMENT,
    "carcinoma": ConceptKind.HISTOLOGY,
    "small-cell-carcinoma": ConceptKind.HISTOLOGY,
    "malignant": ConceptKind.BEHAVIOUR,
    "lung": ConceptKind.SITE,
    "hiv-infection": ConceptKind.CONDITION,
    "prednisone": ConceptKind.INGREDIENT,
    "steroid": ConceptKind.DRUG_CLASS,
    "radiotherapy": ConceptKind.PROCEDURE,
    "live-vaccine": ConceptKind.VACCINE,
    "systemic-route": ConceptKind.ROUTE,
    "local-route": ConceptKind.ROUTE,
    "intent-palliative": ConceptKind.INTENT,
    "progression": ConceptKind.CONDITION,
}
BROADER = {"small-cell-carcinoma": ("carcinoma",)}
ANSWERS = {Code(NAME, "not detected"): Fraction(0)}
CODES = {
    Code(LOINC, "777-3"): [Meaning("platelets")],
    Code(LOINC, "26515-7"): [Meaning("platelets"), Meaning("virus")],
    Code(LOINC, "1-8"): [Meaning("virus")],
    Code(LOINC, "2-6"): [Meaning("uncoded", verified=False)],
    Code(LOINC, "3-4"): [Meaning("uncoded", Relation.BROAD)],
    Code(SNOMED, "74364000"): [Meaning("small-cell-carcinoma"), Meaning("malignant")],
    Code(SNOMED, "254632001"): [Meaning("small-cell-carcinoma"), Meaning("malignant"), Meaning("lung")],
    Code(SNOMED, "68453008"): [Meaning("carcinoma")],
    Code(SNOMED, "39607008"): [Meaning("lung")],
    Code(SNOMED, "86406008"): [Meaning("hiv-infection")],
    Code(SNOMED, "108290001"): [Meaning("radiotherapy")],
    Code(SNOMED, "26643006"): [Meaning("systemic-route", Relation.NARROW)],
    Code(SNOMED, "447694001"): [Meaning("local-route", Relation.NARROW)],
    Code(SNOMED, "363676003"): [Meaning("intent-palliative")],
    Code(SNOMED, "419835002"): [Meaning("progression")],
    Code(RXNORM, "8640"): [Meaning("prednisone")],
    Code(CVX, "03"): [Meaning("live-vaccine", Relation.NARROW)],
}
D = "2026-06-10"
DAY = PartialDate.on(dt.date(2026, 6, 10))


@pytest.fixture(scope="module")
def codebook() -> Codebook:
    scale = Scale("10*9/L", factors={"10*9/L": Fraction(1)}, answers=ANSWERS)
    concepts = {
        name: Concept(
            name, kind, name.title(), BROADER.get(name, ()), scale=scale if kind is ConceptKind.MEASUREMENT else None
        )
        for name, kind in KINDS.items()
    }
    exact = {code: tuple(meanings) for code, meanings in CODES.items()}
    prefixes = {ICD10CM: {"C80": (Meaning("malignant"),)}}
    return Codebook.of(Vocabulary(concepts, exact, prefixes, members={"steroid": {"prednisone": True}}))


def entry(codebook: Codebook, section: str, row: str) -> object:
    chart = chart_of({section: (row,)}, codebook, Place("patient.yaml"))
    entries = (
        chart.measurements,
        chart.conditions,
        chart.exposures,
        chart.procedures,
        chart.vaccinations,
        chart.allergies,
    )
    (found,) = entries[SECTIONS.index(section)]
    assert [len(each) for each in entries if each] == [1]
    return found


PLATELETS = Coded((Code(LOINC, "777-3"),), "Platelets")


def quantity(number: str, comparator: Comparator = Comparator.EXACTLY) -> Quantity:
    return Quantity(Decimal(number), ("10*9/L",), comparator)


@pytest.mark.parametrize(
    ("row", "result"),
    [
        (f"platelets 210 10*9/L on {D}", Measurement(PLATELETS, "results/1", quantity("210"), DAY)),
        ("platelets 1.50 10*9/L", Measurement(PLATELETS, "results/1", quantity("1.50"))),
        ("platelets <20 10*9/L", Measurement(PLATELETS, "results/1", quantity("20", Comparator.BELOW))),
        ("platelets >= 20 10*9/L", Measurement(PLATELETS, "results/1", quantity("20", Comparator.AT_LEAST))),
        ("platelets 2", Measurement(PLATELETS, "results/1", Quantity(Decimal(2)))),
        (
            "platelets 2026 10*9/L on 2026",
            Measurement(PLATELETS, "results/1", quantity("2026"), PartialDate.parse("2026")),
        ),
        (
            "platelets not detected on 2026-06",
            Measurement(PLATELETS, "results/1", "not detected", PartialDate.parse("2026-06")),
        ),
        ('platelets "see comment"', Measurement(PLATELETS, "results/1", "see comment")),
        ("platelets, no value", Measurement(PLATELETS, "results/1", absent="unknown")),
        (
            "platelets 2 10*9/L, preliminary, flag HH",
            Measurement(PLATELETS, "results/1", quantity("2"), status=ResultStatus.PRELIMINARY, interpretation=("HH",)),
        ),
        (
            "platelets 2 10*9/L, cancelled",
            Measurement(PLATELETS, "results/1", quantity("2"), status=ResultStatus.CANCELLED),
        ),
        (
            "platelets 2 10*9/L, normal 150 to 400.5",
            Measurement(
                PLATELETS, "results/1", quantity("2"), ranges=(ReferenceRange(quantity("150"), quantity("400.5")),)
            ),
        ),
        (
            "platelets 2 10*9/L, normal up to 1000 for women, normal from 3 for others aged 18 to 60",
            Measurement(
                PLATELETS,
                "results/1",
                quantity("2"),
                ranges=(
                    ReferenceRange(high=quantity("1000"), sex=Sex.FEMALE),
                    ReferenceRange(quantity("3"), from_years=Fraction(18), to_years=Fraction(60), other=True),
                ),
            ),
        ),
        ("loinc:9-1 2 10*9/L", Measurement(Coded((Code(LOINC, "9-1"),)), "results/1", quantity("2"))),
        (
            "platelets + virus 2 10*9/L",
            Measurement(
                Coded((Code(LOINC, "777-3"), Code(LOINC, "1-8")), "Platelets, Virus"), "results/1", quantity("2")
            ),
        ),
    ],
)
def test_results(codebook: Codebook, row: str, result: Measurement) -> None:
    assert entry(codebook, "results", row) == result


HIV = Coded((Code(SNOMED, "86406008"),), "Hiv-Infection")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("hiv-infection", Condition(HIV, "problems/1", clinical=ClinicalStatus.ACTIVE)),
        (f"hiv-infection, since {D}", Condition(HIV, "problems/1", clinical=ClinicalStatus.ACTIVE, onset=DAY)),
        (f"hiv-infection since {D}", Condition(HIV, "problems/1", clinical=ClinicalStatus.ACTIVE, onset=DAY)),
        (f"hiv-infection, until {D}", Condition(HIV, "problems/1", abated=DAY)),
        (f"hiv-infection, from {D} to {D}", Condition(HIV, "problems/1", onset=DAY, abated=DAY)),
        ("hiv-infection, inactive", Condition(HIV, "problems/1", clinical=ClinicalStatus.INACTIVE)),
        ("hiv-infection, status unknown", Condition(HIV, "problems/1")),
        (
            f"hiv-infection, refuted, recorded {D}",
            Condition(
                HIV,
                "problems/1",
                clinical=ClinicalStatus.ACTIVE,
                verification=Verification.REFUTED,
                recorded=DAY,
            ),
        ),
        (
            "hiv-infection, unconfirmed, recurred, stage progression",
            Condition(
                HIV,
                "problems/1",
                clinical=ClinicalStatus.ACTIVE,
                verification=Verification.UNCONFIRMED,
                recurred=True,
                stage=(Coded((Code(SNOMED, "419835002"),), "Progression"),),
            ),
        ),
        (
            "hiv-infection, stage IV A",
            Condition(HIV, "problems/1", clinical=ClinicalStatus.ACTIVE, stage=(Coded((), "IV A"),)),
        ),
        (
            '"cancer of the chest"',
            Condition(Coded((), "cancer of the chest"), "problems/1", clinical=ClinicalStatus.ACTIVE),
        ),
        (
            "malignant",
            Condition(Coded((Code(ICD10CM, "C80"),), "Malignant"), "problems/1", clinical=ClinicalStatus.ACTIVE),
        ),
        (
            "carcinoma + lung",
            Condition(
                Coded((Code(SNOMED, "68453008"),), "Carcinoma, Lung"),
                "problems/1",
                sites=(Coded((Code(SNOMED, "39607008"),), "Lung"),),
                clinical=ClinicalStatus.ACTIVE,
            ),
        ),
        (
            "small-cell-carcinoma",
            Condition(
                Coded((Code(SNOMED, "74364000"),), "Small-Cell-Carcinoma"),
                "problems/1",
                clinical=ClinicalStatus.ACTIVE,
            ),
        ),
    ],
)
def test_problems(codebook: Codebook, row: str, problem: Condition) -> None:
    assert entry(codebook, "problems", row) == problem


PREDNISONE = Coded((Code(RXNORM, "8640"),), "Prednisone")
TEN_MG = Quantity(Decimal(10), ("mg",))


@pytest.mark.parametrize(
    ("row", "drug"),
    [
        ("prednisone", Exposure(PREDNISONE, "drugs/1")),
        (f"prednisone, given {D}", Exposure(PREDNISONE, "drugs/1", ExposureStatus.ENDED, DAY, DAY, told=Told.GIVEN)),
        (
            f"prednisone, given from 2026-06 to {D}",
            Exposure(PREDNISONE, "drugs/1", ExposureStatus.ENDED, PartialDate.parse("2026-06"), DAY, told=Told.GIVEN),
        ),
        (f"prednisone, ordered {D}", Exposure(PREDNISONE, "drugs/1", start=DAY, told=Told.ORDERED)),
        (f"prednisone, dispensed {D}", Exposure(PREDNISONE, "drugs/1", start=DAY, told=Told.DISPENSED)),
        (
            f"prednisone, ordered {D}, ongoing",
            Exposure(PREDNISONE, "drugs/1", ExposureStatus.ACTIVE, DAY, told=Told.ORDERED),
        ),
        (f"prednisone, ongoing since {D}", Exposure(PREDNISONE, "drugs/1", ExposureStatus.ACTIVE, DAY)),
        (f"prednisone, ended {D}", Exposure(PREDNISONE, "drugs/1", ExposureStatus.ENDED, None, DAY)),
        (f"prednisone, since {D}, ended", Exposure(PREDNISONE, "drugs/1", ExposureStatus.ENDED, DAY)),
        (f"prednisone from {D} to {D}", Exposure(PREDNISONE, "drugs/1", start=DAY, end=DAY)),
        ("prednisone, never taken", Exposure(PREDNISONE, "drugs/1", ExposureStatus.NEVER)),
        ("prednisone, on hold", Exposure(PREDNISONE, "drugs/1", ExposureStatus.ON_HOLD)),
        ("prednisone 10 mg", Exposure(PREDNISONE, "drugs/1", dose=TEN_MG)),
        (
            "prednisone 10 mg every other day, by mouth",
            Exposure(
                PREDNISONE,
                "drugs/1",
                route=Coded((Code(SNOMED, "26643006"),), "by mouth"),
                dose=TEN_MG,
                per_day=Fraction(1, 2),
            ),
        ),
        (
            "prednisone, on the skin, intent palliative, stopped for progression",
            Exposure(
                PREDNISONE,
                "drugs/1",
                route=Coded((Code(SNOMED, "447694001"),), "on the skin"),
                intent=Coded((Code(SNOMED, "363676003"),), "Intent-Palliative"),
                stopped_for=(Coded((Code(SNOMED, "419835002"),), "Progression"),),
            ),
        ),
    ],
)
def test_drugs(codebook: Codebook, row: str, drug: Exposure) -> None:
    assert entry(codebook, "drugs", row) == drug


RADIOTHERAPY = Coded((Code(SNOMED, "108290001"),), "Radiotherapy")
VACCINE = Coded((Code(CVX, "03"),), "Live-Vaccine")


@pytest.mark.parametrize(
    ("section", "row", "made"),
    [
        ("procedures", f"radiotherapy on {D}", Procedure(RADIOTHERAPY, "procedures/1", DAY, DAY)),
        ("procedures", f"radiotherapy, since {D}", Procedure(RADIOTHERAPY, "procedures/1", DAY)),
        (
            "procedures",
            f"radiotherapy + lung from 2026 to {D}, intent intent-palliative",
            Procedure(
                Coded((Code(SNOMED, "108290001"),), "Radiotherapy, Lung"),
                "procedures/1",
                PartialDate.parse("2026"),
                DAY,
                (Coded((Code(SNOMED, "39607008"),), "Lung"),),
                Coded((Code(SNOMED, "363676003"),), "Intent-Palliative"),
            ),
        ),
        ("vaccines", f"live-vaccine on {D}", Vaccination(VACCINE, "vaccines/1", DAY)),
        ("allergies", "prednisone", Allergy(PREDNISONE, "allergies/1")),
        ("allergies", "prednisone, unconfirmed", Allergy(PREDNISONE, "allergies/1", confirmed=False)),
    ],
)
def test_procedures_vaccines_and_allergies(codebook: Codebook, section: str, row: str, made: object) -> None:
    assert entry(codebook, section, row) == made


@pytest.mark.parametrize(
    ("section", "row", "told"),
    [
        ("results", "thrombocytes 210", "there is no concept 'thrombocytes'"),
        ("results", "Platelets 210", "does not begin with a concept: 'Platelets 210'"),
        ("results", "platelets", "has no value: 'platelets'"),
        ("results", "platelets many", "'many' is no value here (there are normal, not detected, within normal limits)"),
        ("results", f"platelets 2 since {D}", f"a time 'since' says nothing here: 'platelets 2 since {D}'"),
        ("results", "platelets 2, nearly", "'nearly' says nothing here, or is said twice: 'platelets 2, nearly'"),
        ("results", "platelets 2 on 2026-13-01", "there is no such day: '2026-13-01'"),
        ("results", "platelets 2, normal 4", "normal: must be like '150 to 400', 'up to 40' or 'from 60', not '4'"),
        ("results", "lung 2", "lung is a site, which does not belong here"),
        ("results", "uncoded 2", "no verified code counts for uncoded, so that no chart can show it"),
        ("problems", "lung, active, active", "'active' says nothing here, or is said twice"),
        ("problems", f"hiv-infection on {D}", "a time 'on' says nothing here"),
        ("drugs", "prednisone daily", "'daily' is no dose: a number, a unit, and how often"),
        ("drugs", "prednisone 10 mg now and then", "'10 mg now and then' is no dose"),
        ("drugs", "prednisone, intent merciful", "there is no intent 'merciful'"),
        ("drugs", "steroid", "steroid is a drug-class, which does not belong here"),
        ("procedures", "radiotherapy 30 Gy", "'30 Gy' says nothing here"),
        ("vaccines", "live-vaccine, twice", "'twice' says nothing here"),
        ("allergies", "live-vaccine", "live-vaccine is a vaccine, which does not belong here"),
    ],
)
def test_words_nobody_knows_are_told_with_their_place(codebook: Codebook, section: str, row: str, told: str) -> None:
    good = {"results": "platelets 2", "problems": "lung", "drugs": "prednisone", "procedures": "radiotherapy"}
    rows = (good.get(section, "live-vaccine" if section == "vaccines" else "prednisone"), row)
    with pytest.raises(BadTrial) as caught:
        chart_of({section: rows}, codebook, Place("patient.yaml"))
    assert str(caught.value).startswith(f"patient.yaml: {section}: row 2: {told}")


def test_sections_nobody_knows_are_told(codebook: Codebook) -> None:
    with pytest.raises(BadTrial, match=r"^patient\.yaml: there is no section labs$"):
        chart_of({"labs": ()}, codebook, Place("patient.yaml"))


def test_all_was_read_unless_it_is_said_otherwise(codebook: Codebook) -> None:
    assert dict(chart_of({}, codebook, Place("")).covered) == dict.fromkeys(Kind, Extent.COMPLETE)


def test_a_code_that_says_the_rest_of_the_entry_too_says_nothing_besides(codebook: Codebook) -> None:
    assert codebook.code_for("small-cell-carcinoma") == Code(SNOMED, "74364000")
    assert codebook.code_for("small-cell-carcinoma", ("lung", "malignant")) == Code(SNOMED, "74364000")
    assert codebook.code_for("platelets", ("virus",)) == Code(LOINC, "777-3")
