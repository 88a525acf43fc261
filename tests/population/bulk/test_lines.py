"""Bytes as they stream by, in pieces of any size."""

from __future__ import annotations

import gzip
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.population.bulk.lines import Lines, Unpacked


def pieces(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


@given(st.lists(st.sampled_from([b'{"a": 1}', b"", b"  ", b"\r"])), st.integers(1, 9), st.booleans())
def test_lines_are_counted_however_they_come(lines: list[bytes], size: int, broken: bool) -> None:  # noqa: FBT001
    content = b"\n".join(lines) + (b"\n" if broken else b"")
    seen = Lines()
    for piece in pieces(content, size):
        seen.take(piece)
    assert seen.count == sum(bool(each.strip()) for each in lines)
    assert (seen.bytes, seen.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    seen.end()
    assert seen.first.strip() == next((each for each in lines if each.strip()), b"").strip()
    assert seen.whole


@pytest.mark.parametrize("end", [b'{"a": ', b'{"a": 1}}', b"[1]", b"1", b'{"a": "\xff"}'])
def test_an_end_within_a_line_is_seen(end: bytes) -> None:
    seen = Lines()
    for piece in pieces(b'{"a": 1}\n' + end, 3):
        seen.take(piece)
    assert (seen.whole, seen.count) == (False, 2)


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=3), st.integers(1, 50))
def test_packings_are_undone_one_behind_the_other(members: list[bytes], size: int) -> None:
    packed = b"".join(map(gzip.compress, members))
    inner = Unpacked("gzip")
    assert b"".join(inner.take(each) for each in pieces(packed, size)) == b"".join(members)
    assert inner.whole


def test_a_packing_without_its_end_is_seen() -> None:
    inner = Unpacked("GZIP ")
    inner.take(gzip.compress(b"x" * 1000)[:-1])
    assert not inner.whole
    with pytest.raises(ValueError, match="not gzip"):
        Unpacked("gzip").take(b"plain text")
    assert Unpacked("").take(b"plain text") == b"plain text"
