"""The site's own facilities and the statuses it offers, from settings to cards."""

from dataclasses import replace

import pytest

from cds.app import make_service
from cds.core.plan import Plan
from cds.core.trial import Site
from cds.hooks.markdown import shown
from cds.service import answer
from cds.settings import Settings
from tests.core.builders import VOCABULARY
from tests.service.world import LUNG, NEC, ScriptedRecords, call, service

pytestmark = pytest.mark.anyio
OURS = Site("Example Hospital", "Springfield", "Ruritania", contact="Ada Roth")
FIRST, SECOND = replace(NEC, nct_id="NCT00000005"), replace(NEC, nct_id="NCT00000006", facilities=(OURS,))
PLAN = Plan.of((FIRST, SECOND, LUNG), VOCABULARY)


async def test_a_trial_at_the_sites_own_facility_is_told_first_with_its_contact() -> None:
    told = (await answer(call(), service(plan=PLAN, facilities=("EXAMPLE HOSPITAL, Springfield",)))).cards
    assert [each.source.topic.code for each in told if each.source.topic] == [SECOND.nct_id, FIRST.nct_id]
    assert shown("Ada Roth") in told[0].detail
    (first, _) = (await answer(call(), service(plan=PLAN))).cards
    assert (first.source.topic and first.source.topic.code) == FIRST.nct_id


async def test_what_the_site_has_set_reaches_the_cards() -> None:
    settings = Settings.read({"CDS_STATUSES": "available", "CDS_FACILITIES": "Example Hospital"})
    made = make_service(settings, PLAN, records=ScriptedRecords())
    assert (made.statuses, made.facilities) == (frozenset({"AVAILABLE"}), ("Example Hospital",))
    assert made.here.own == {SECOND.nct_id: (OURS,)}
    assert (await answer(call(), replace(service(plan=PLAN), statuses=made.statuses))).cards == ()
