"""Charts and rules at random, over the small vocabulary of the builders.

What a strategy draws from is built once, outside of it: built at every draw, it would take longer than the drawing.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

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
from cds.core.codes import Coded
from cds.core.criteria import (
    Age,
    AllOf,
    AnyOf,
    Asked,
    Cycles,
    Diagnosis,
    Exposed,
    HasCondition,
    IfThen,
    Lines,
    Measured,
    Not,
    OtherMalignancy,
    PerformanceStatus,
    Progressed,
    Readings,
    Received,
    Rule,
    SexIs,
    Underwent,
    Undetectable,
    Vaccinated,
)
from cds.core.dates import PartialDate
from cds.core.limits import Against, Clear, DailyDose, Formula, HalfLives, Limit, Spared, Whichever
from cds.core.quantities import Comparator, Quantity
from tests.core.builders import AS_OF, coded

UNITS = {
    "platelets": ["10*9/L", "K/uL", "/uL", "furlongs"],
    "creatinine": ["mg/dL", "umol/L"],
    "ast": ["U/L", "IU/L"],
    "body-weight": ["kg"],
    "viral-load": ["copies/mL"],
}
_SCORES = {"ecog": (5, 1), "karnofsky": (10, 10), "disease-status": (3, 1)}
"""The scores by name: the highest number of steps, and how much a step is."""


_AWAY = st.integers(-60, 10)
_LETTERS = st.sampled_from([len("2026-06-15")] * 4 + [len("2026-06"), len("2026")])


@st.composite
def _days(draw: st.DrawFn) -> PartialDate:
    day = AS_OF + dt.timedelta(days=draw(_AWAY))
    return PartialDate.parse(day.isoformat()[: draw(_LETTERS)])


_DAYS = _days()
_MAYBE_DAYS = st.none() | _DAYS


def days() -> st.SearchStrategy[PartialDate]:
    """Give a day around the screen's, a month or a year of that time."""
    return _DAYS


_AMOUNTS = st.integers(0, 300).map(Decimal) | st.decimals(0, 300, places=1)
_COMPARATORS = st.sampled_from([Comparator.EXACTLY] * 6 + list(Comparator))
_MEASURED = st.sampled_from([*UNITS, *_SCORES, "platelets-unverified"])
_STEPS = {name: st.integers(0, steps) for name, (steps, _) in _SCORES.items()}
_UNITS_OF = {name: st.sampled_from(units) for name, units in UNITS.items()}
_CELL_COUNTS = st.just("10*9/L")
_HIGHS = st.integers(1, 60)
_WHOSE = st.sampled_from([None, None, Sex.MALE, Sex.FEMALE])
_CLOTTED = st.sampled_from([False, True])
_STATUSES = st.sampled_from([ResultStatus.FINAL] * 4 + list(ResultStatus))
_FLAGS = st.sampled_from([(), (), ("N",), ("H",), ("L",), ("A",)])
_YES_OR_NO = st.booleans()


@st.composite
def measurements(draw: st.DrawFn, sound: str = "") -> Measurement:
    """Give a result with its unit, its range if it has one, and its faults; a sound one of one concept if asked."""
    name = sound or draw(_MEASURED)
    if name in _SCORES:
        _, step = _SCORES[name]
        return Measurement(coded(name), "", Quantity(Decimal(draw(_STEPS[name]) * step)), draw(_DAYS))
    units = (UNITS[name][0] if sound else draw(_UNITS_OF.get(name, _CELL_COUNTS)),)
    ranges: tuple[ReferenceRange, ...] = ()
    if sound or draw(_YES_OR_NO):
        high = Decimal(draw(_HIGHS))
        ranges = (ReferenceRange(high=Quantity(high, units), sex=None if sound else draw(_WHOSE)),)
    if sound:
        return Measurement(coded(name), "", Quantity(draw(_AMOUNTS), units), draw(_DAYS), ranges=ranges)
    return Measurement(
        coded(name),
        "",
        "clotted" if draw(_CLOTTED) else Quantity(draw(_AMOUNTS), units, draw(_COMPARATORS)),
        draw(_MAYBE_DAYS),
        draw(_STATUSES),
        ranges,
        draw(_FLAGS),
    )


_MEASUREMENTS = measurements()


conditions = st.builds(
    Condition,
    st.sampled_from(
        [
            "nec-of-pancreas",
            "sclc",
            "nec-somewhere",
            "cancer-of-pancreas",
            "neoplasm-of-prostate",
            "prostate-in-situ",
            "adenocarcinoma-of-colon",
            "liver-metastasis",
            "metastasis",
            "myocardial-infarction",
            "gilbert-syndrome",
            "lupus-erythematosus",
            "vitiligo",
            "history-of-malignancy",
            "basal-cell-of-skin",
            "cancer-of-prostate",
            "??",
        ]
    ).map(coded),
    st.just(""),
    clinical=st.sampled_from(ClinicalStatus),
    verification=st.sampled_from([Verification.CONFIRMED] * 3 + [Verification.REFUTED] + list(Verification)),
    onset=_MAYBE_DAYS,
    abated=st.none() | _MAYBE_DAYS,
    recorded=_MAYBE_DAYS,
)
_DRUGS = ["cisplatin", "carboplatin", "etoposide", "itraconazole", "grapefruit", "prednisone", "doxorubicin", "??"]
_DOSES = st.builds(Quantity, st.integers(1, 60).map(Decimal), st.sampled_from([("mg",), ("mg/m2",), ("{tbl}",)]))
_NOWHERE = Coded()
_EXPOSURES = st.builds(
    Exposure,
    st.sampled_from([coded(name) for name in _DRUGS]),
    st.just(""),
    st.sampled_from(ExposureStatus),
    _MAYBE_DAYS,
    _MAYBE_DAYS,
    st.sampled_from([_NOWHERE, _NOWHERE, coded("systemic-route"), coded("local-route")]),
    told=st.sampled_from(Told),
    dose=st.none() | _DOSES,
    per_day=st.sampled_from([None, Fraction(1), Fraction(2), Fraction(1, 2)]),
    intent=st.sampled_from([_NOWHERE, _NOWHERE, coded("intent-adjuvant"), coded("intent-palliative")]),
    stopped_for=st.sampled_from([(), (), (Coded(text="progressive disease"),)]),
)


def exposures() -> st.SearchStrategy[Exposure]:
    """Give a drug stated, ordered, dispensed or given, with its dose, its route and reasons where they are told."""
    return _EXPOSURES


procedures = st.builds(
    Procedure,
    st.sampled_from(["major-surgery", "solid-organ-transplant", "??"]).map(coded),
    st.just(""),
    _MAYBE_DAYS,
)
vaccinations = st.builds(
    Vaccination, st.sampled_from(["mmr-vaccine", "live-vaccine", "??"]).map(coded), st.just(""), _MAYBE_DAYS
)
persons = st.builds(
    Person,
    born=st.none() | st.dates(dt.date(1940, 1, 1), dt.date(2010, 1, 1)).map(PartialDate.on),
    sex=st.none() | st.sampled_from(Sex),
)


_FEW_MEASUREMENTS = st.lists(_MEASUREMENTS, max_size=5)
_FEW_CONDITIONS = st.lists(conditions, max_size=4)
_FEW_EXPOSURES = st.lists(_EXPOSURES, max_size=4)
_FEW_PROCEDURES = st.lists(procedures, max_size=2)
_FEW_VACCINATIONS = st.lists(vaccinations, max_size=2)
_EXTENTS = st.sampled_from([Extent.COMPLETE] * 4 + list(Extent))


@st.composite
def _charts(draw: st.DrawFn) -> Chart:
    return Chart(
        person=draw(persons),
        measurements=_numbered(draw(_FEW_MEASUREMENTS), "Observation"),
        conditions=_numbered(draw(_FEW_CONDITIONS), "Condition"),
        exposures=_numbered(draw(_FEW_EXPOSURES), "MedicationStatement"),
        procedures=_numbered(draw(_FEW_PROCEDURES), "Procedure"),
        vaccinations=_numbered(draw(_FEW_VACCINATIONS), "Immunization"),
        covered={kind: draw(_EXTENTS) for kind in Kind},
    )


_CHARTS = _charts()


def charts() -> st.SearchStrategy[Chart]:
    """Give a chart with a few entries of every kind, read more or less completely."""
    return _CHARTS


def _numbered(entries: list, prefix: str) -> tuple:  # type: ignore[type-arg]  # any kind of entry
    return tuple(dataclasses.replace(entry, reference=f"{prefix}/{place}") for place, entry in enumerate(entries, 1))


_WINDOWS = st.none() | st.integers(1, 60)
_LIMITS = st.builds(
    lambda value, *, ratio, inclusive, unit: Limit(
        Fraction(value, 10), "" if ratio else unit, Against.ULN if ratio else Against.UNIT, inclusive=inclusive
    ),
    st.integers(1, 2000),
    ratio=st.booleans(),
    inclusive=st.booleans(),
    unit=st.just("?"),
)


_LIMITED = st.sampled_from([("platelets", "10*9/L"), ("creatinine", "mg/dL"), ("ast", "U/L")])
_ENDS = st.sampled_from([(True, False), (False, True), (True, True)])
_CLEAR_OF = st.sampled_from([None, None, None, Clear(("platinum",), 21)])


@st.composite
def measured(draw: st.DrawFn) -> Measured:
    """Give a rule about one measured concept, with its limits in that concept's unit."""
    name, unit = draw(_LIMITED)

    def fitted(limit: Limit) -> Limit:
        return limit if limit.against is not Against.UNIT else Limit(limit.value, unit, inclusive=limit.inclusive)

    low, high = draw(_ENDS)
    return Measured(
        (name,),
        fitted(draw(_LIMITS)) if low else None,
        fitted(draw(_LIMITS)) if high else None,
        draw(_WINDOWS),
        clear_of=draw(_CLEAR_OF),
    )


def measured_or_computed() -> st.SearchStrategy[Measured]:
    """Give a rule about a clearance that may be computed from a creatinine, a weight and the person."""
    return st.builds(
        Measured,
        st.just(("creatinine-clearance",)),
        st.integers(10, 120).map(lambda value: Limit(Fraction(value), "mL/min")),
        within_days=_WINDOWS,
        computed=st.just((Formula.COCKCROFT_GAULT_ACTUAL,)),
    )


_sites = st.sampled_from([(), ("digestive-system",), ("pancreas",), ("prostate",), ("lung",)])
_spared = st.sampled_from([(), (Spared(("basal-cell-carcinoma",), ("skin",)), Spared(behaviours=("in-situ",)))])
_histologies = st.sampled_from([(), ("neuroendocrine-carcinoma",), ("small-cell-carcinoma",), ("adenocarcinoma",)])
leaves: st.SearchStrategy[Rule] = st.one_of(
    st.builds(Age, at_least=st.integers(16, 80)),
    st.builds(SexIs, st.sampled_from([Sex.MALE, Sex.FEMALE])),
    st.builds(Diagnosis, _histologies, _sites, st.sampled_from([(), ("lung",)])),
    st.builds(
        HasCondition,
        st.sampled_from([("liver-metastasis",), ("myocardial-infarction",), ("gilbert-syndrome",), ("metastasis",)]),
        st.booleans(),
        _WINDOWS,
    ),
    st.builds(HasCondition, st.just(("autoimmune-disease",)), st.booleans(), but_not=st.just(("vitiligo",))),
    st.builds(HasCondition, st.just(("liver-metastasis", "myocardial-infarction"))),
    st.builds(OtherMalignancy, st.just((Diagnosis(("small-cell-carcinoma",), ("lung",)),)), _spared, _WINDOWS),
    measured(),
    st.builds(PerformanceStatus, st.integers(0, 3)),
    st.builds(
        Exposed,
        st.sampled_from([("platinum",), ("cytotoxic-chemotherapy",), ("cyp3a-inhibitor",), ("prednisone",)]),
        st.just(()),
        st.booleans(),
        _WINDOWS,
    ),
    st.builds(
        Exposed,
        st.sampled_from([("platinum",), ("cyp3a-inhibitor",), ("prednisone",)]),
        within_days=st.integers(1, 60),
        half_lives=st.builds(HalfLives, st.integers(1, 5), st.sampled_from(Whichever)),
    ),
    st.builds(
        Exposed,
        st.just(("corticosteroid",)),
        ongoing=st.just(value=True),
        systemic=st.booleans(),
        above=st.none() | st.builds(DailyDose, st.just("prednisone"), st.integers(1, 60).map(Fraction)),
        stable_days=st.none() | st.integers(1, 30),
    ),
    st.builds(Undetectable, st.just(("viral-load",)), _WINDOWS),
    measured_or_computed(),
    st.builds(
        Lines,
        st.sampled_from([("anticancer-therapy",), ("platinum",)]),
        st.just(()),
        st.none() | st.integers(0, 2),
        st.integers(1, 3),
        st.sampled_from([None, None, Diagnosis(("neuroendocrine-carcinoma",), ())]),
    ),
    st.builds(Cycles, st.just(("platinum",)), st.none() | st.integers(1, 2), st.integers(1, 3)),
    st.builds(Received, st.just(("anthracycline",)), st.just("doxorubicin"), st.integers(1, 120).map(Fraction)),
    st.builds(Progressed, st.just(("platinum",)), st.sampled_from([None, 1])),
    st.builds(Underwent, st.sampled_from([("major-surgery",), ("solid-organ-transplant",)]), _WINDOWS),
    st.builds(Vaccinated, st.just(("live-vaccine",)), _WINDOWS),
    st.just(Asked("Consent?")),
)


def _grown(parts: st.SearchStrategy[Rule]) -> st.SearchStrategy[Rule]:
    some = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(AllOf, some),
        st.builds(AnyOf, some),
        st.builds(Not, parts),
        st.builds(IfThen, parts, parts, parts),
        st.builds(Readings, some),
    )


rules: st.SearchStrategy[Rule] = st.recursive(leaves, _grown, max_leaves=5)
