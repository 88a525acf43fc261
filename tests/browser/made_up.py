"""Made-up registry records in a store, as import and sync would bring them in: what the coordinator's page shows."""

from __future__ import annotations

import asyncio
import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from cds.catalogue.taking import Taking
from cds.catalogue.trials import Drafts
from cds.hooks.reasons import REASON_SYSTEM
from cds.registry.files import Found
from cds.store.store import Store
from cds.store.studies import Studies
from cds.store.values import GivenFeedback, ToldCard
from tests import shipped
from tests.registry.fake import nct, record

if TYPE_CHECKING:
    from pathlib import Path

LUNG, OTHER, GLIOMA, MARKED_UP = nct(900), nct(901), nct(800), nct(902)
TEXT = """Inclusion Criteria:

* Age \\>= 18 years
* Histologically confirmed small cell lung cancer
* ECOG performance status 0 or 1
* Willing to sign consent

Exclusion Criteria:

* Active infection
* Pregnant or breastfeeding"""
MARKUP = '<img src=x onerror=alert(1)> <b>bold</b> & "quoted"'


def study(number: int, *, phase: str = "PHASE2", drug: str = "Nivolumab", **changed: Any) -> dict[str, Any]:  # noqa: ANN401
    """Give a record with all that the landscape tells."""
    made = record(number, **({"text": TEXT, "condition": "Small Cell Lung Cancer"} | changed))
    contact = {"name": "Ada Example", "role": "CONTACT", "phone": "555 0100"}
    place = {"facility": "Made-up Hospital", "city": "Hill", "country": "Ruritania", "contacts": [contact]}
    made["protocolSection"] |= {
        "designModule": {"phases": [phase]},
        "contactsLocationsModule": {"locations": [place], "centralContacts": [contact]},
        "sponsorCollaboratorsModule": {"leadSponsor": {"name": "Example Institute"}},
        "armsInterventionsModule": {"interventions": [{"type": "DRUG", "name": drug}]},
        "descriptionModule": {"briefSummary": "A study that never was.\n\nIt asks nothing."},
    }
    return made


def fill(path: Path) -> str:
    """Make a store with records of three days in June 2026, and give its address."""
    url = f"sqlite:///{path}"
    store = Store.open(url)
    held = Studies(store)
    marked = study(902)
    marked["protocolSection"]["identificationModule"]["briefTitle"] = f"Marked up {MARKUP}"
    _take(held, 1, study(900), study(901, phase="PHASE3", drug="Carboplatin"), marked)
    later = TEXT.replace("0 or 1", "0 to 2").replace("* Active infection\n", "")
    stopped = study(901, phase="PHASE3", drug="Carboplatin", status="NOT_YET_RECRUITING", updated="2026-06-09")
    _take(held, 10, study(900, text=later, updated="2026-06-09"), stopped)
    _take(held, 12, study(800, condition="glioma", updated="2026-06-11"))
    with ThreadPoolExecutor(1) as beside:  # the browser's own loop may run in this thread
        beside.submit(lambda: asyncio.run(_tell(store))).result()
    store.close()
    return url


def _take(held: Studies, day: int, *records: dict[str, Any]) -> None:
    moment = dt.datetime(2026, 6, day, 9, tzinfo=dt.UTC)
    Taking(held, lambda: moment, Drafts("made-up", shipped.drafting)).take([Found(each, "a test") for each in records])


async def _tell(store: Store) -> None:
    """Have three cards of one trial told: one accepted, one dismissed, one left alone."""
    moment = dt.datetime(2026, 6, 13, 9, tzinfo=dt.UTC)
    ids = [f"00000000-0000-4000-8000-00000000000{number}" for number in range(3)]
    service = "trialcards-patient-view"
    await store.told([ToldCard(each, LUNG, service, "anonymous", "", "", moment, each) for each in ids])
    given = [GivenFeedback(ids[0], "accepted", moment, moment, "anonymous")]
    given += [GivenFeedback(ids[1], "overridden", moment, moment, "anonymous", REASON_SYSTEM, "patient-refuses")]
    await store.record(given)
