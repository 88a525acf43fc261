"""Charts and rules at random, over the small vocabulary of the builders."""

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


@st.composite
def days(draw: st.DrawFn) -> PartialDate:
    """Give a day around the screen's, a month or a year of that time."""
    day = AS_OF + dt.timedelta(days=draw(st.integers(-60, 10)))
    shape = draw(st.sampled_from(["day", "day", "day", "day", "month", "year"]))
    return PartialDate.parse({"day": day.isoformat(), "month": day.isoformat()[:7], "year": day.isoformat()[:4]}[shape])


_AMOUNTS = st.integers(0, 300).map(Decimal) | st.decimals(0, 300, places=1)
_COMPARATORS = st.sampled_from([Comparator.EXACTLY] * 6 + list(Comparator))


@st.composite
def measurements(draw: st.DrawFn, sound: str = "") -> Measurement:
    """Give a result with its unit, its range if it has one, and its faults; a sound one of one concept if asked."""
    names = st.sampled_from([*UNITS, *_SCORES, "platelets-unverified"])
    name = sound or draw(names)
    if name in _SCORES:
        steps, step = _SCORES[name]
        return Measurement(coded(name), "", Quantity(Decimal(draw(st.integers(0, steps)) * step)), draw(days()))
    units = (draw(st.sampled_from(UNITS.get(name, ["10*9/L"])[: 1 if sound else None])),)
    ranges: tuple[ReferenceRange, ...] = ()
    if sound or draw(st.booleans()):
        high = Decimal(draw(st.integers(1, 60)))
        whose = st.none() if sound else st.sampled_from([None, None, Sex.MALE, Sex.FEMALE])
        ranges = (ReferenceRange(high=Quantity(high, units), sex=draw(whose)),)
    if sound:
        return Measurement(coded(name), "", Quantity(draw(_AMOUNTS), units), draw(days()), ranges=ranges)
    return Measurement(
        coded(name),
        "",
        draw(st.one_of(st.builds(Quantity, _AMOUNTS, st.just(units), _COMPARATORS), st.just("clotted"))),
        draw(st.none() | days()),
        draw(st.sampled_from([ResultStatus.FINAL] * 4 + list(ResultStatus))),
        ranges,
        draw(st.sampled_from([(), (), ("N",), ("H",), ("L",), ("A",)])),
    )


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
    onset=st.none() | days(),
    abated=st.none() | st.none() | days(),
    recorded=st.none() | days(),
)
_DRUGS = ["cisplatin", "carboplatin", "etoposide", "itraconazole", "grapefruit", "prednisone", "doxorubicin", "??"]


@st.composite
def exposures(draw: st.DrawFn) -> Exposure:
    """Give a drug stated, ordered, dispensed or given, with its dose, its route and reasons where they are told."""
    dose = st.builds(Quantity, st.integers(1, 60).map(Decimal), st.sampled_from([("mg",), ("mg/m2",), ("{tbl}",)]))
    return Exposure(
        coded(draw(st.sampled_from(_DRUGS))),
        "",
        draw(st.sampled_from(ExposureStatus)),
        draw(st.none() | days()),
        draw(st.none() | days()),
        draw(st.sampled_from(["", "", "systemic-route", "local-route"]).map(_coded_or_none)),
        told=draw(st.sampled_from(Told)),
        dose=draw(st.none() | dose),
        per_day=draw(st.sampled_from([None, Fraction(1), Fraction(2), Fraction(1, 2)])),
        intent=draw(st.sampled_from(["", "", "intent-adjuvant", "intent-palliative"]).map(_coded_or_none)),
        stopped_for=draw(st.sampled_from([(), (), (Coded(text="progressive disease"),)])),
    )


def _coded_or_none(name: str) -> Coded:
    return coded(name) if name else Coded()


procedures = st.builds(
    Procedure,
    st.sampled_from(["major-surgery", "solid-organ-transplant", "??"]).map(coded),
    st.just(""),
    st.none() | days(),
)
vaccinations = st.builds(
    Vaccination, st.sampled_from(["mmr-vaccine", "live-vaccine", "??"]).map(coded), st.just(""), st.none() | days()
)
persons = st.builds(
    Person,
    born=st.none() | st.dates(dt.date(1940, 1, 1), dt.date(2010, 1, 1)).map(PartialDate.on),
    sex=st.none() | st.sampled_from(Sex),
)


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    """Give a chart with a few entries of every kind, read more or less completely."""
    extents = st.sampled_from([Extent.COMPLETE] * 4 + list(Extent))
    return Chart(
        person=draw(persons),
        measurements=_numbered(draw(st.lists(measurements(), max_size=5)), "Observation"),
        conditions=_numbered(draw(st.lists(conditions, max_size=4)), "Condition"),
        exposures=_numbered(draw(st.lists(exposures(), max_size=4)), "MedicationStatement"),
        procedures=_numbered(draw(st.lists(procedures, max_size=2)), "Procedure"),
        vaccinations=_numbered(draw(st.lists(vaccinations, max_size=2)), "Immunization"),
        covered={kind: draw(extents) for kind in Kind},
    )


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


@st.composite
def measured(draw: st.DrawFn) -> Measured:
    """Give a rule about one measured concept, with its limits in that concept's unit."""
    name, unit = draw(st.sampled_from([("platelets", "10*9/L"), ("creatinine", "mg/dL"), ("ast", "U/L")]))

    def fitted(limit: Limit) -> Limit:
        return limit if limit.against is not Against.UNIT else Limit(limit.value, unit, inclusive=limit.inclusive)

    low, high = draw(st.sampled_from([(True, False), (False, True), (True, True)]))
    return Measured(
        (name,),
        fitted(draw(_LIMITS)) if low else None,
        fitted(draw(_LIMITS)) if high else None,
        draw(_WINDOWS),
        clear_of=draw(st.sampled_from([None, None, None, Clear(("platinum",), 21)])),
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
