"""Codes, dates and amounts: what their forms mean and where they refuse to be precise."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest

from cds.core.codes import CVX, ICD9CM, ICD10CM, LOINC, NAME, SNOMED, Code, fault_of, normalised_code
from cds.core.dates import PartialDate, age_on, days_later, years_later
from cds.core.quantities import Bound, Comparator, Interval, plain
from cds.core.truth import Truth

MET, UNKNOWN, UNMET = Truth.MET, Truth.UNKNOWN, Truth.UNMET


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (Code(LOINC, "777-3"), None),
        (Code(LOINC, "777-4"), "the LOINC check digit is wrong"),
        (Code(LOINC, "3150-0"), None),
        (Code(LOINC, "3150-6"), "the LOINC check digit is wrong"),
        (Code(LOINC, "platelets"), "not the form of a code in this system"),
        (Code(LOINC, "LA9622-7"), None),
        (Code(SNOMED, "254632001"), None),
        (Code(SNOMED, "1081841000119106"), None),
        (Code(SNOMED, "1081841000119100"), "the SNOMED CT check digit is wrong"),
        (Code(SNOMED, "0254632001"), "not the form of a code in this system"),
        (Code(ICD10CM, "C7A.1"), None),
        (Code(ICD10CM, "C7A1"), "not the form of a code in this system"),
        (Code(CVX, "206"), None),
        (Code("urn:local", "anything at all"), None),
    ],
)
def test_forms_and_check_digits(code: Code, fault: str | None) -> None:
    assert fault_of(code) == fault


@pytest.mark.parametrize(
    ("sent", "held"),
    [
        (Code(ICD10CM, "C7A8"), "C7A.8"),
        (Code(ICD10CM, " c34.90 "), "C34.90"),
        (Code(ICD10CM, "C3490"), "C34.90"),
        (Code(ICD10CM, "C61"), "C61"),
        (Code(ICD9CM, "1629"), "162.9"),
        (Code(ICD9CM, "V1083"), "V10.83"),
        (Code(ICD9CM, "E8490"), "E849.0"),
        (Code(NAME, "  CISplatin   50 MG "), "cisplatin 50 mg"),
        (Code(LOINC, " 777-3 "), "777-3"),
    ],
)
def test_codes_are_compared_in_one_form(sent: Code, held: str) -> None:
    assert normalised_code(sent) == Code(sent.system, held)


@pytest.mark.parametrize(
    ("text", "day", "before", "on_or_after", "on_or_before"),
    [
        ("2026-06-14", "2026-06-15", MET, UNMET, MET),
        ("2026-06-15", "2026-06-15", UNMET, MET, MET),
        ("2026-06-16", "2026-06-15", UNMET, MET, UNMET),
        ("2026-06", "2026-06-15", UNKNOWN, UNKNOWN, UNKNOWN),
        ("2026-05", "2026-06-01", MET, UNMET, MET),
        ("2025", "2026-06-15", MET, UNMET, MET),
        ("2026-06", "2026-06-30", UNKNOWN, UNKNOWN, MET),
        ("2026-06", "2026-06-01", UNMET, MET, UNKNOWN),
    ],
)
def test_a_partial_date_compares_as_the_days_it_may_be(
    text: str, day: str, before: Truth, on_or_after: Truth, on_or_before: Truth
) -> None:
    date, then = PartialDate.parse(text), dt.date.fromisoformat(day)
    assert (date.before(then), date.on_or_after(then), date.on_or_before(then)) == (before, on_or_after, on_or_before)
    assert str(date) == text


@pytest.mark.parametrize("text", ["", "2026-6", "2026-13", "2026-02-30", "26", "2026-06-15T10:00", "june", "0000"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        PartialDate.parse(text)


def test_age_is_a_span_where_the_birthday_is_not_known() -> None:
    assert age_on(PartialDate.parse("2008-06-15"), dt.date(2026, 6, 15)) == (18, 18)
    assert age_on(PartialDate.parse("2008-06-16"), dt.date(2026, 6, 15)) == (17, 17)
    assert age_on(PartialDate.parse("2008"), dt.date(2026, 6, 15)) == (17, 18)
    assert age_on(PartialDate.parse("2008-02-29"), dt.date(2026, 2, 28)) == (17, 17)
    assert years_later(dt.date(2008, 2, 29), 18) == dt.date(2026, 3, 1)


def test_the_calendar_has_ends() -> None:
    assert days_later(dt.date(9999, 12, 30), 5) == dt.date.max
    assert days_later(dt.date(1, 1, 2), -5) == dt.date.min


def _bound(text: str) -> Bound:
    return Bound(Fraction(text.lstrip("!")), inclusive=not text.startswith("!"))


@pytest.mark.parametrize(
    ("comparator", "value", "limit", "at_least", "at_most"),
    [
        ("=", "3.0", "3", MET, MET),
        ("=", "3.0", "!3", UNMET, UNMET),
        ("<", "0.5", "0.5", UNMET, MET),
        ("<", "0.5", "0.4", UNKNOWN, UNKNOWN),
        ("<", "0.5", "!0.5", UNMET, MET),
        ("<=", "0.5", "0.5", UNKNOWN, MET),
        ("<=", "0.5", "!0.5", UNMET, UNKNOWN),
        (">", "90", "90", MET, UNMET),
        (">", "90", "!90", MET, UNMET),
        (">=", "90", "90", MET, UNKNOWN),
        (">=", "90", "!90", UNKNOWN, UNMET),
        (">=", "90", "100", UNKNOWN, UNKNOWN),
    ],
)
def test_a_comparator_is_an_interval(comparator: str, value: str, limit: str, at_least: Truth, at_most: Truth) -> None:
    interval = Interval.of(Fraction(value), Comparator(comparator))
    assert interval.at_least(_bound(limit)) is at_least
    assert interval.at_most(_bound(limit)) is at_most


def test_numbers_are_shown_as_they_were_sent() -> None:
    assert plain(Decimal("5.40")) == "5.40"
    assert plain(Decimal("1E+2")) == "100"
    assert plain(Fraction(5, 2)) == "2.5"
    assert plain(Fraction(1, 3)) == "0.3333"
    assert plain(Fraction(100)) == "100"
