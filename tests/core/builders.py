"""A small vocabulary and short ways to write charts, so that a test reads like a line of a chart."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from cds.core.chart import (
    Chart,
    ClinicalStatus,
    Condition,
    Exposure,
    ExposureStatus,
    Extent,
    Kind,
    Measurement,
    Person,
    Procedure,
    ReferenceRange,
    ResultStatus,
    Sex,
    Told,
    Vaccination,
    Verification,
)
from cds.core.codes import NAME, Code, Coded
from cds.core.criteria import Criterion
from cds.core.dates import PartialDate
from cds.core.evaluate import evaluate
from cds.core.limits import Against, Limit
from cds.core.quantities import Comparator, Quantity
from cds.core.recognise import recognise
from cds.core.said import Said, laid_over
from cds.core.vocabulary import (
    LOCAL_ROUTE,
    SYSTEMIC_ROUTE,
    Absence,
    Concept,
    ConceptKind,
    Crosswalk,
    Equivalent,
    HalfLife,
    Meaning,
    Reaches,
    Relation,
    Scale,
    Vocabulary,
)

if TYPE_CHECKING:
    from cds.core.criteria import Rule
    from cds.core.finding import Finding

AS_OF = dt.date(2026, 6, 15)
SYSTEM = "urn:test"

_CELLS = {"10*9/L": Fraction(1), "K/uL": Fraction(1), "/uL": Fraction(1, 1000)}
_MASS = {"mg/dL": Fraction(1), "umol/L": Fraction("113.118") / 10000}
_ENZYME = {"U/L": Fraction(1), "IU/L": Fraction(1)}
_SCORE = {"": Fraction(1), "{score}": Fraction(1)}
_CALCIUM = {"mg/dL": Fraction(1), "mmol/L": Fraction("4.0078")}
_ALBUMIN = {"g/dL": Fraction(1), "g/L": Fraction(1, 10)}
_SHARE = {"%": Fraction(1)}
_FOUND = {Code(NAME, "not detected"): Fraction(0), Code(NAME, "detected"): Fraction(1)}
_LOAD = Scale(
    "{copies}/mL",
    "copies/mL",
    {"copies/mL": Fraction(1)},
    90,
    (Fraction(0), Fraction(10**9)),
    "laboratory",
    {Code(NAME, "not detected"): Fraction(0)},
    Fraction(200),
)
_SIGNS = {Code(NAME, "negative"): Fraction(0), Code(NAME, "positive"): Fraction(1)}
_SIGN = Scale("{presence}", "", {"{presence}": Fraction(1)}, 90, (Fraction(0), Fraction(1)), "laboratory", _SIGNS)
_FOUND_OR_NOT = Scale("{presence}", "", {}, 90, (Fraction(0), Fraction(1)), "laboratory", _FOUND)


def _scale(unit: str, factors: dict[str, Fraction], days: int | None, low: int, high: int) -> Scale:
    answers = {Code(SYSTEM, f"grade-{grade}"): Fraction(grade) for grade in range(6)} if unit == "{score}" else {}
    answers |= {Code(NAME, "grade one"): Fraction(1)} if unit == "{score}" else {}
    return Scale(unit, unit, factors, days, (Fraction(low), Fraction(high)), "laboratory", answers)


def _concept(
    name: str,
    kind: ConceptKind,
    *broader: str,
    absence: Absence = Absence.CLOSED,
    remediable: bool = False,
    scale: Scale | None = None,
    reaches: Reaches = Reaches.EITHER,
) -> Concept:
    return Concept(name, kind, name.replace("-", " ").capitalize(), broader, absence, remediable, scale, reaches)


_CYTOTOXIC = (
    "cisplatin",
    "carboplatin",
    "topotecan",
    "etoposide",
    "paclitaxel",
    "docetaxel",
    "doxorubicin",
    "epirubicin",
)
_CLASSES: dict[str, tuple[str, ...]] = {
    "platinum": ("cisplatin", "carboplatin"),
    "taxane": ("paclitaxel", "docetaxel"),
    "anthracycline": ("doxorubicin", "epirubicin"),
    "immune-checkpoint-inhibitor": ("atezolizumab", "nivolumab"),
    "cytotoxic-chemotherapy": _CYTOTOXIC,
    "anticancer-therapy": (*_CYTOTOXIC, "atezolizumab", "nivolumab"),
    "corticosteroid": ("prednisone", "dexamethasone", "cortisone"),
}


_CONCEPTS = [
    _concept("platelets", ConceptKind.MEASUREMENT, remediable=True, scale=_scale("10*9/L", _CELLS, 28, 0, 5000)),
    _concept("creatinine", ConceptKind.MEASUREMENT, scale=_scale("mg/dL", _MASS, 28, 0, 50)),
    _concept("ast", ConceptKind.MEASUREMENT, scale=_scale("U/L", _ENZYME, 28, 0, 50000)),
    *(
        _concept(name, ConceptKind.MEASUREMENT, scale=_scale(unit, {unit: Fraction(1)}, freshness, 0, most))
        for name, unit, freshness, most in (
            ("body-weight", "kg", 28, 700),
            ("body-height", "cm", None, 280),
            ("creatinine-clearance", "mL/min", 28, 400),
            ("egfr-mdrd", "mL/min/{1.73_m2}", 28, 250),
            ("qt-interval", "ms", 28, 1000),
            ("heart-rate", "/min", 28, 400),
            ("qtc-fridericia", "ms", 28, 1000),
        )
    ),
    _concept("leukocytes", ConceptKind.MEASUREMENT, scale=_scale("10*9/L", _CELLS, 28, 0, 2000)),
    _concept("neutrophil-percent", ConceptKind.MEASUREMENT, scale=_scale("%", _SHARE, 28, 0, 100)),
    _concept("absolute-neutrophil-count", ConceptKind.MEASUREMENT, scale=_scale("10*9/L", _CELLS, 28, 0, 500)),
    _concept("viral-load", ConceptKind.MEASUREMENT, scale=_LOAD),
    _concept("surface-antigen", ConceptKind.MEASUREMENT, scale=_SIGN),
    _concept("viral-rna-detected", ConceptKind.MEASUREMENT, scale=_FOUND_OR_NOT),
    _concept("calcium-total", ConceptKind.MEASUREMENT, scale=_scale("mg/dL", _CALCIUM, 28, 4, 30)),
    _concept("calcium-corrected", ConceptKind.MEASUREMENT, scale=_scale("mg/dL", _CALCIUM, 28, 4, 30)),
    _concept("albumin", ConceptKind.MEASUREMENT, scale=_scale("g/dL", _ALBUMIN, 28, 0, 10)),
    _concept("ki-67", ConceptKind.MEASUREMENT, scale=_scale("%", _SHARE, None, 0, 100)),
    _concept("ecog", ConceptKind.MEASUREMENT, scale=_scale("{score}", _SCORE, 28, 0, 5)),
    _concept("karnofsky", ConceptKind.MEASUREMENT, scale=_scale("{score}", _SCORE, 28, 0, 100)),
    _concept("liver-metastasis", ConceptKind.CONDITION, "metastasis", absence=Absence.OPEN),
    _concept("metastasis", ConceptKind.CONDITION, absence=Absence.OPEN),
    _concept("myocardial-infarction", ConceptKind.CONDITION),
    _concept("gilbert-syndrome", ConceptKind.CONDITION),
    _concept("autoimmune-disease", ConceptKind.CONDITION),
    _concept("vitiligo", ConceptKind.CONDITION, "autoimmune-disease"),
    _concept("lupus-erythematosus", ConceptKind.CONDITION, "autoimmune-disease"),
    _concept("history-of-malignancy", ConceptKind.CONDITION, absence=Absence.OPEN),
    _concept("history-of-carcinoma-in-situ", ConceptKind.CONDITION, absence=Absence.OPEN),
    _concept("digestive-system", ConceptKind.SITE),
    _concept("pancreas", ConceptKind.SITE, "digestive-system"),
    _concept("colorectum", ConceptKind.SITE, "digestive-system"),
    _concept("prostate", ConceptKind.SITE),
    _concept("lung", ConceptKind.SITE),
    _concept("brain", ConceptKind.SITE),
    _concept("upper-lobe", ConceptKind.SITE, "lung"),
    _concept("skin", ConceptKind.SITE),
    _concept("carcinoma", ConceptKind.HISTOLOGY),
    _concept("adenocarcinoma", ConceptKind.HISTOLOGY, "carcinoma"),
    _concept("basal-cell-carcinoma", ConceptKind.HISTOLOGY, "carcinoma"),
    _concept("neuroendocrine-neoplasm", ConceptKind.HISTOLOGY),
    _concept("neuroendocrine-carcinoma", ConceptKind.HISTOLOGY, "carcinoma", "neuroendocrine-neoplasm"),
    _concept("small-cell-carcinoma", ConceptKind.HISTOLOGY, "neuroendocrine-carcinoma"),
    _concept("neuroendocrine-tumour", ConceptKind.HISTOLOGY, "neuroendocrine-neoplasm"),
    *(
        _concept(name, ConceptKind.BEHAVIOUR)
        for name in ("malignant", "in-situ", "benign", "uncertain", "unspecified-behaviour", "secondary")
    ),
    *(
        _concept(name, ConceptKind.INGREDIENT)
        for name in ("itraconazole", "grapefruit", "prednisone", "dexamethasone", "cortisone")
    ),
    *(
        _concept(name, ConceptKind.INGREDIENT, reaches=Reaches.SYSTEMIC)
        for name in (*_CYTOTOXIC, "atezolizumab", "nivolumab")
    ),
    *(_concept(name, ConceptKind.DRUG_CLASS) for name in (*_CLASSES, "cyp3a-inhibitor")),
    *(_concept(name, ConceptKind.ROUTE) for name in (SYSTEMIC_ROUTE, LOCAL_ROUTE)),
    *(_concept(f"intent-{name}", ConceptKind.INTENT) for name in ("palliative", "adjuvant", "neoadjuvant", "curative")),
    _concept("disease-status", ConceptKind.MEASUREMENT, scale=_scale("{score}", _SCORE, None, 0, 5)),
    _concept("body-surface-area", ConceptKind.MEASUREMENT, scale=_scale("m2", {"m2": Fraction(1)}, 28, 0, 5)),
    _concept("major-surgery", ConceptKind.PROCEDURE, absence=Absence.OPEN),
    _concept("radiotherapy", ConceptKind.PROCEDURE, absence=Absence.OPEN),
    _concept("brain-radiotherapy", ConceptKind.PROCEDURE, "radiotherapy", absence=Absence.OPEN),
    _concept("solid-organ-transplant", ConceptKind.PROCEDURE),
    _concept("live-vaccine", ConceptKind.VACCINE),
    _concept("mmr-vaccine", ConceptKind.VACCINE, "live-vaccine"),
]


def _exact(*meanings: Meaning) -> tuple[Meaning, ...]:
    return meanings


VOCABULARY = Vocabulary(
    concepts={concept.id: concept for concept in _CONCEPTS},
    exact={
        **{Code(SYSTEM, concept.id): (Meaning(concept.id),) for concept in _CONCEPTS},
        Code(SYSTEM, "platelets-unverified"): _exact(Meaning("platelets", verified=False)),
        Code(SYSTEM, "platelets-or-so"): _exact(Meaning("platelets", Relation.BROAD)),
        Code(SYSTEM, "cisplatin-unverified"): _exact(Meaning("cisplatin", verified=False)),
        Code(SYSTEM, "nec-of-pancreas"): _exact(
            Meaning("neuroendocrine-carcinoma"), Meaning("pancreas"), Meaning("malignant")
        ),
        Code(SYSTEM, "sclc"): _exact(Meaning("small-cell-carcinoma"), Meaning("lung"), Meaning("malignant")),
        Code(SYSTEM, "nec-somewhere"): _exact(Meaning("neuroendocrine-carcinoma"), Meaning("malignant")),
        Code(SYSTEM, "nen-somewhere"): _exact(Meaning("neuroendocrine-neoplasm"), Meaning("malignant")),
        Code(SYSTEM, "cancer-of-pancreas"): _exact(Meaning("pancreas"), Meaning("malignant")),
        Code(SYSTEM, "cancer-of-prostate"): _exact(Meaning("prostate"), Meaning("malignant")),
        Code(SYSTEM, "neoplasm-of-prostate"): _exact(Meaning("prostate"), Meaning("unspecified-behaviour")),
        Code(SYSTEM, "polyp-of-colon"): _exact(Meaning("colorectum"), Meaning("benign")),
        Code(SYSTEM, "liver-or-so"): _exact(Meaning("digestive-system", Relation.BROAD), Meaning("malignant")),
        Code(SYSTEM, "unsure-adenocarcinoma"): _exact(Meaning("adenocarcinoma", verified=False), Meaning("malignant")),
        Code(SYSTEM, "unsure-neoplasm"): _exact(Meaning("malignant", verified=False), Meaning("lung", verified=False)),
        Code(SYSTEM, "prostate-in-situ"): _exact(Meaning("prostate"), Meaning("in-situ")),
        Code(SYSTEM, "adenocarcinoma-of-colon"): _exact(
            Meaning("adenocarcinoma"), Meaning("colorectum"), Meaning("malignant")
        ),
        Code(SYSTEM, "liver-metastasis"): _exact(Meaning("liver-metastasis"), Meaning("secondary")),
        Code(SYSTEM, "liver-metastasis-of-a-kind"): _exact(Meaning("liver-metastasis", Relation.NARROW)),
        Code(SYSTEM, "metastasis-of-adenocarcinoma"): _exact(
            Meaning("metastasis"), Meaning("secondary"), Meaning("adenocarcinoma")
        ),
        Code(SYSTEM, "behcet-disease"): _exact(Meaning("autoimmune-disease", Relation.NARROW)),
        Code(SYSTEM, "skin-depigmented"): _exact(Meaning("lupus-erythematosus"), Meaning("vitiligo", Relation.BROAD)),
        Code(SYSTEM, "sclc-unplaced"): _exact(Meaning("small-cell-carcinoma"), Meaning("malignant")),
        Code(SYSTEM, "cancer-of-lung"): _exact(Meaning("lung"), Meaning("malignant")),
        Code(SYSTEM, "cancer-of-upper-lobe"): _exact(Meaning("upper-lobe"), Meaning("malignant")),
        Code(SYSTEM, "carcinoma-of-lung"): _exact(Meaning("carcinoma"), Meaning("lung"), Meaning("malignant")),
        Code(SYSTEM, "adenocarcinoma-of-lung"): _exact(
            Meaning("adenocarcinoma"), Meaning("lung"), Meaning("malignant")
        ),
        Code(SYSTEM, "perhaps-cancer-of-lung"): _exact(Meaning("lung", verified=False), Meaning("malignant")),
        Code(SYSTEM, "basal-cell-of-skin"): _exact(
            Meaning("basal-cell-carcinoma"), Meaning("skin"), Meaning("malignant")
        ),
        Code(SYSTEM, "cancer-of-skin"): _exact(Meaning("skin"), Meaning("malignant")),
        Code(SYSTEM, "cancer-somewhere"): _exact(Meaning("malignant")),
        Code(SYSTEM, "neoplasm-of-skin"): _exact(Meaning("skin"), Meaning("uncertain")),
        Code(SYSTEM, "in-situ-and-invasive-prostate"): _exact(
            Meaning("prostate"), Meaning("in-situ"), Meaning("malignant")
        ),
    },
    denied={Code(SYSTEM, "platelet-volume"): frozenset({"platelets"})},
    members={
        **{name: dict.fromkeys(members, True) for name, members in _CLASSES.items()},
        "cyp3a-inhibitor": {"itraconazole": True, "grapefruit": False},
    },
    half_lives={
        "itraconazole": HalfLife(Fraction("1.3"), Fraction("1.7")),
        "topotecan": HalfLife(Fraction("0.1"), Fraction("0.2")),
        "nivolumab": HalfLife(Fraction(25), Fraction(25), verified=False),
    },
    equivalents={
        "prednisone": {
            "dexamethasone": Equivalent(Fraction(6), Fraction(7)),
            "cortisone": Equivalent(Fraction("0.2"), Fraction("0.2"), verified=False),
        },
        "doxorubicin": {"epirubicin": Equivalent(Fraction("0.5"), Fraction("0.7"))},
    },
    crosswalks=tuple(
        Crosswalk("karnofsky", Fraction(low), Fraction(high), "ecog", Fraction(grade), Fraction(grade))
        for low, high, grade in ((90, 100, 0), (70, 80, 1), (50, 60, 2), (30, 40, 3), (10, 20, 4), (0, 0, 5))
    ),
)

EVERYTHING = dict.fromkeys(Kind, Extent.COMPLETE)


def coded(name: str) -> Coded:
    """Write a code of the test system with its name as words."""
    return Coded((Code(SYSTEM, name),), name)


def day(text: str | None) -> PartialDate | None:
    """Write a date as a chart would: `2026`, `2026-05`, `2026-05-03`, or none."""
    return PartialDate.parse(text) if text else None


def quantity(text: str) -> Quantity:
    """Write a result: `210 10*9/L`, `< 0.5 mg/dL`, `2`."""
    parts = text.split()
    comparator = Comparator(parts.pop(0)) if parts[0] in {"<", "<=", ">=", ">"} else Comparator.EXACTLY
    return Quantity(Decimal(parts[0]), tuple(parts[1:2]), comparator)


def lab(
    name: str,
    value: str | None,
    on: str | None = "2026-06-10",
    normal: str = "",
    status: ResultStatus = ResultStatus.FINAL,
    ref: str = "Observation/1",
) -> Measurement:
    """Write one result; `normal` is its reference range, `150-400` or `-40`; a value without digits is words."""
    is_number = value is not None and any(letter.isdigit() for letter in value)
    ranges: tuple[ReferenceRange, ...] = ()
    if normal:
        low, high = (Quantity(Decimal(end)) if end else None for end in normal.split("-"))
        unit = quantity(value).units if value and is_number else ()
        ranges = (
            ReferenceRange(
                Quantity(low.value, unit) if low else None,
                Quantity(high.value, unit) if high else None,
            ),
        )
    shown = quantity(value) if value is not None and is_number else value
    return Measurement(coded(name), ref, shown, day(on), status, ranges)


def says(
    name: str,
    value: str,
    on: str = "2026-06-15",
    *,
    low: str = "",
    high: str = "",
    note: str = "",
) -> Said:
    """Write a result as a person says it: `104 10*9/L`, with its limits of normal in the same unit."""
    told = quantity(value)
    below, above = (Decimal(end) if end else None for end in (low, high))
    return Said(name, told.value, told.unit, dt.date.fromisoformat(on), told.comparator, below, above, note)


def drug(
    name: str,
    start: str | None = None,
    end: str | None = None,
    status: ExposureStatus = ExposureStatus.ENDED,
    ref: str = "MedicationStatement/1",
) -> Exposure:
    """Write one drug taken."""
    return Exposure(coded(name), ref, status, day(start), day(end), said=status.value)


def taken(  # noqa: PLR0913 - an entry of a chart has as many parts
    name: str,
    start: str | None = None,
    end: str | None = None,
    *,
    told: Told = Told.STATED,
    dose: str = "",
    per_day: str = "",
    route: str = "",
    intent: str = "",
    stopped_for: str = "",
    ref: str = "",
) -> Exposure:
    """Write one drug with its dose, route and reasons: ended where it has an end or was given, else active."""
    status = ExposureStatus.ENDED if end or told is Told.GIVEN else ExposureStatus.ACTIVE
    return Exposure(
        coded(name),
        ref or f"{told.value.capitalize()}/{name}-{start}",
        status,
        day(start),
        day(end),
        coded(route) if route else Coded(),
        status.value,
        told,
        quantity(dose) if dose else None,
        Fraction(per_day) if per_day else None,
        coded(intent) if intent else Coded(),
        (Coded(text=stopped_for),) if stopped_for else (),
    )


def given(name: str, *days: str, dose: str = "", route: str = "") -> list[Exposure]:
    """Write the administrations of a drug, one for each day."""
    return [taken(name, each, each, told=Told.GIVEN, dose=dose, route=route) for each in days]


def problem(
    name: str,
    onset: str | None = "2025-01-01",
    clinical: ClinicalStatus = ClinicalStatus.ACTIVE,
    verification: Verification = Verification.CONFIRMED,
    ref: str = "Condition/1",
) -> Condition:
    """Write one diagnosis."""
    return Condition(coded(name), ref, clinical=clinical, verification=verification, onset=day(onset))


def operation(name: str, on: str | None, ref: str = "Procedure/1") -> Procedure:
    """Write one procedure."""
    return Procedure(coded(name), ref, day(on), day(on))


def vaccine(name: str, on: str | None, ref: str = "Immunization/1") -> Vaccination:
    """Write one vaccination."""
    return Vaccination(coded(name), ref, day(on))


PERSON = Person(PartialDate.parse("1960-03-01"), Sex.FEMALE)


def chart(
    *entries: Measurement | Exposure | Condition | Procedure | Vaccination,
    person: Person = PERSON,
    covered: dict[Kind, Extent] = EVERYTHING,
) -> Chart:
    """Put entries together to a chart that was read completely, unless told otherwise."""
    return Chart(
        person=person,
        measurements=tuple(entry for entry in entries if isinstance(entry, Measurement)),
        exposures=tuple(entry for entry in entries if isinstance(entry, Exposure)),
        conditions=tuple(entry for entry in entries if isinstance(entry, Condition)),
        procedures=tuple(entry for entry in entries if isinstance(entry, Procedure)),
        vaccinations=tuple(entry for entry in entries if isinstance(entry, Vaccination)),
        covered=covered,
    )


def hearing(the_chart: Chart, *said: Said) -> Chart:
    """Lay what a person says over a chart."""
    return laid_over(the_chart, said, VOCABULARY)


def find(rule: Rule, the_chart: Chart, as_of: dt.date = AS_OF) -> Finding:
    """Evaluate a rule on a chart."""
    return evaluate(rule, recognise(the_chart, VOCABULARY, as_of))


def limit(text: str) -> Limit:
    """Write a limit: `100 10*9/L`, `2.5 ULN`, `1 LLN`; a leading `<` or `>` makes it strict."""
    strict = text[0] in "<>"
    value, _, unit = text.lstrip("<> ").partition(" ")
    against = {"ULN": Against.ULN, "LLN": Against.LLN}.get(unit, Against.UNIT)
    return Limit(Fraction(value), "" if against is not Against.UNIT else unit, against, inclusive=not strict)


def criterion(name: str, rule: Rule, *, disease: bool = False) -> Criterion:
    """Write a criterion whose label is its id."""
    return Criterion(name, name, rule, disease=disease)
