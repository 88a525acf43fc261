"""Every quirk of records alone, on golden charts, and several at a time: findings stay right or become unknown."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.golden.cases import SLUGS
from tests.quirks.charts import judged
from tests.quirks.quirk import QUIRKS, Quirk, everyone, named, some

EVERY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
FEW = 1
"""On so many charts that it changes each quirk is tried in a quick run; in the nightly one, on all."""
COMBINED = 1500 if EVERY else 12


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda each: each.name)
def test_a_quirk_does_what_it_says_and_no_more(quirk: Quirk) -> None:
    start = QUIRKS.index(quirk)
    tried = 0
    for slug in SLUGS[start % len(SLUGS) :] + SLUGS[: start % len(SLUGS)]:
        found = judged(slug, (quirk,), everyone)
        assert not found, (slug, found[:5])
        tried += found is not None
        if tried >= FEW and not EVERY:
            break
    assert tried, "no golden chart has anything that this quirk changes"


WHOLE = {"a bundle in the bundle"}
"""What wraps the whole Bundle leaves the other quirks no entries to change."""
COMBINABLE = [each for each in QUIRKS if each.name not in WHOLE and each.zone == "UTC"]


@settings(max_examples=COMBINED)
@given(
    st.sampled_from(SLUGS),
    st.lists(st.sampled_from(COMBINABLE), min_size=2, max_size=5, unique_by=lambda each: each.name),
    st.integers(0, 999),
)
def test_quirks_together_never_settle_nor_turn_a_finding(slug: str, quirks: list[Quirk], seed: int) -> None:
    """Each of them over half of the tests, diagnoses and drugs; what one of them may do, all may."""
    assert not judged(slug, tuple(quirks), some(seed))


def test_quirks_are_told_apart_and_explained() -> None:
    assert len({each.name for each in QUIRKS}) == len(QUIRKS) >= 60
    for quirk in QUIRKS:
        assert quirk.about.endswith("."), quirk.name
        assert quirk.seen, quirk.name
        assert quirk.does, quirk.name
        assert named(quirk.name) is quirk
