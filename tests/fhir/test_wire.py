from decimal import Decimal

import pytest

from cds.errors import BadCall
from cds.fhir.wire import MOST_PARTS, decode


def test_numbers_keep_the_digits_that_were_sent() -> None:
    assert str(decode(b'{"a": 5.40}')) == "{'a': Decimal('5.40')}"
    assert decode(b"[1, 1e3, -0.5]") == [1, Decimal("1e3"), Decimal("-0.5")]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "truncated"),
        (b'{"a": NaN}', "byte 6"),
        (b'{"a": Infinity}', "byte 6"),
        (b"[1,]", "trailing comma"),
        (b'{"name": "Zebedee', "truncated"),
        (b'"\xff"', "UTF-8"),
        (b"<html>", "byte 0"),
        (b"1" * 6000, "out of range"),
    ],
)
def test_what_is_not_json_is_refused_with_a_place_and_without_its_content(body: bytes, words: str) -> None:
    with pytest.raises(BadCall) as refused:
        decode(body)
    assert words in str(refused.value)
    assert "Zebedee" not in str(refused.value)


@pytest.mark.parametrize("depth", [65, 500, 100_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    with pytest.raises(BadCall, match="nested deeper than 64 levels"):
        decode(b"[" * depth + b"]" * depth)
    with pytest.raises(BadCall, match="nested deeper"):
        decode(b'{"a":' * depth + b"1" + b"}" * depth)


def test_nesting_up_to_the_limit_is_read_whatever_brackets_the_texts_hold() -> None:
    assert decode(b"[" * 64 + b"]" * 64)
    assert decode(b'{"a": "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}') == {
        "a": "[" * 73
    }


def test_a_number_beyond_any_decimal_spoils_only_itself() -> None:
    assert decode(b'{"a": 1e99999999999999999999, "b": 2.0}') == {"a": "a number beyond reading", "b": Decimal("2.0")}


def test_more_values_than_are_taken_are_refused_before_they_are_made() -> None:
    assert decode(b"[" + b"[]," * (MOST_PARTS // 2 - 1) + b"0]")
    for body in (b"[" + b"[]," * (MOST_PARTS // 2) + b"0]", b"[" + b"0," * MOST_PARTS + b"0]"):
        with pytest.raises(BadCall, match=r"^the body holds more than 2000000 values$"):
            decode(body)
