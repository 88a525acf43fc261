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
    Vaccination,
    Verification,
)
from cds.core.criteria import (
    Against,
    Age,
    AllOf,
    AnyOf,
    Asked,
    Diagnosis,
    Exposed,
    HasCondition,
    IfThen,
    Limit,
    Measured,
    Not,
    PerformanceStatus,
    Readings,
    Rule,
    SexIs,
    Underwent,
    Vaccinated,
)
from cds.core.dates import PartialDate
from cds.core.quantities import Comparator, Quantity
from tests.core.builders import AS_OF, coded

UNITS = {
    "platelets": ["10*9/L", "K/uL", "/uL", "furlongs"],
    "creatinine": ["mg/dL", "umol/L"],
    "ast": ["U/L", "IU/L"],
}


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
    names = st.sampled_from(["platelets", "creatinine", "ast", "ecog", "karnofsky", "platelets-unverified"])
    name = sound or draw(names)
    if name in {"ecog", "karnofsky"}:
        value = Quantity(
            Decimal(draw(st.integers(0, 5) if name == "ecog" else st.integers(0, 10).map(lambda n: n * 10)))
        )
        return Measurement(coded(name), "", value, draw(days()))
    units = (draw(st.sampled_from(UNITS.get(name, ["10*9/L"])[: 1 if sound else None])),)
    ranges: tuple[ReferenceRange, ...] = ()
    if sound or draw(st.booleans()):
        high = Decimal(draw(st.integers(1, 60)))
        ranges = (ReferenceRange(high=Quantity(high, units)),)
    if sound:
        return Measurement(coded(name), "", Quantity(draw(_AMOUNTS), units), draw(days()), ranges=ranges)
    return Measurement(
        coded(name),
        "",
        draw(st.one_of(st.builds(Quantity, _AMOUNTS, st.just(units), _COMPARATORS), st.just("clotted"))),
        draw(st.none() | days()),
        draw(st.sampled_from([ResultStatus.FINAL] * 4 + list(ResultStatus))),
        ranges,
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
            "??",
        ]
    ).map(coded),
    st.just(""),
    clinical=st.sampled_from(ClinicalStatus),
    verification=st.sampled_from([Verification.CONFIRMED] * 3 + list(Verification)),
    onset=st.none() | days(),
)
exposures = st.builds(
    Exposure,
    st.sampled_from(["cisplatin", "carboplatin", "etoposide", "itraconazole", "grapefruit", "prednisone", "??"]).map(
        coded
    ),
    st.just(""),
    st.sampled_from(ExposureStatus),
    st.none() | days(),
    st.none() | days(),
)
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
        exposures=_numbered(draw(st.lists(exposures, max_size=4)), "MedicationStatement"),
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
    )


_sites = st.sampled_from([(), ("digestive-system",), ("pancreas",), ("prostate",), ("lung",)])
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
    measured(),
    st.builds(PerformanceStatus, st.integers(0, 3)),
    st.builds(
        Exposed,
        st.sampled_from([("platinum",), ("cytotoxic-chemotherapy",), ("cyp3a-inhibitor",), ("prednisone",)]),
        st.just(()),
        st.booleans(),
        _WINDOWS,
    ),
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
