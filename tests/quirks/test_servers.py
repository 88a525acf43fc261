"""Every quirk of servers alone, and some at a time: what could not be had is told as not read, never guessed."""

import asyncio
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.core.verdict import Verdict
from cds.errors import PatientUnavailable
from tests.golden.cases import SLUGS, case
from tests.quirks.charts import DEADLINE_S, fetched
from tests.quirks.oracle import faults
from tests.quirks.servers import SERVER_QUIRKS, ServerQuirk

pytestmark = pytest.mark.anyio

EVERY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
TOLD = [slug for slug in SLUGS if "withheld" not in case(slug).about]
CHARTS = TOLD if EVERY else ["pancreas-lcnec-clean"]
COMBINED = 300 if EVERY else 4
SHORT_S = 0.05
_CLEAN: dict[str, tuple[Verdict, ...]] = {}


async def clean(slug: str) -> tuple[Verdict, ...]:
    if slug not in _CLEAN:
        _CLEAN[slug] = (await fetched(slug)).verdicts
    return _CLEAN[slug]


def time_for(*quirks: ServerQuirk) -> float:
    return SHORT_S if any(each.name == "too slow" for each in quirks) else DEADLINE_S


@pytest.mark.parametrize("slug", CHARTS)
@pytest.mark.parametrize("quirk", SERVER_QUIRKS, ids=lambda each: each.name)
async def test_a_server_s_quirk_does_what_it_says_and_no_more(quirk: ServerQuirk, slug: str) -> None:
    if quirk.refused:
        with pytest.raises(PatientUnavailable, match=quirk.refused):
            await fetched(slug, (quirk.layer,), quirk.page)
        return
    answered = await fetched(slug, (quirk.layer,), quirk.page, time_for(quirk))
    assert faults(await clean(slug), answered.verdicts, quirk.causes) == []


@settings(max_examples=COMBINED)
@given(
    st.sampled_from(CHARTS),
    st.lists(
        st.sampled_from([each for each in SERVER_QUIRKS if each.name != "too slow" and not each.refused]),
        min_size=2,
        max_size=3,
        unique_by=lambda each: each.name,
    ),
)
def test_a_server_s_quirks_together_never_settle_nor_turn_a_finding(slug: str, quirks: list[ServerQuirk]) -> None:
    async def tried() -> list[str]:
        answered = await fetched(slug, [each.layer for each in quirks], min(each.page for each in quirks))
        causes = frozenset().union(*(each.causes for each in quirks))
        return faults(await clean(slug), answered.verdicts, causes)

    assert asyncio.run(tried()) == []
