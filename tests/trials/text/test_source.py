"""Escapes, entities and odd blanks are undone, and every piece can be found again in the record."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.trials.text.source import Span, cleaned


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (r"Age \>= 18", "Age >= 18"),
        (r"100 x 10\^9/L", "100 x 10^9/L"),
        ("ANC &gt; 1.5 &amp; platelets", "ANC > 1.5 & platelets"),
        ("18\u00a0years", "18 years"),
        ("non\u00adsmall\u200b cell", "nonsmall cell"),
        ("&nbsp;a", " a"),
        ("&notanentity;", "&notanentity;"),
        (r"a \ b", r"a \ b"),
        ("", ""),
    ],
)
def test_what_is_shown(raw: str, shown: str) -> None:
    assert cleaned(raw).text == shown


def test_a_piece_is_found_in_the_record_with_its_escape() -> None:
    raw = r"Age \>= 18 years"
    clean = cleaned(raw)
    start = clean.text.index(">=")
    span = clean.span(start, start + 2)
    assert span == Span(4, 7)
    assert raw[span.start : span.end] == r"\>="


@given(st.text(alphabet="ab\\>&lt;\u00a0\u200b# 1\n", max_size=40))
def test_spans_cover_the_record_in_order(raw: str) -> None:
    clean = cleaned(raw)
    assert len(clean.at) == len(clean.text) + 1
    assert list(clean.at) == sorted(clean.at)
    assert clean.at[-1] == len(raw)


@pytest.mark.parametrize("raw", [r"age \&lt; 18", r"age \&amp;amp;lt; 18", "age &lt; 18"])
def test_a_sign_that_was_escaped_more_than_once_is_the_sign(raw: str) -> None:
    clean = cleaned(raw)
    assert clean.text == "age < 18"
    assert clean.span(4, 5) == Span(4, raw.rindex(";") + 1)
