"""A registry record as a study: everything read, little required, what cannot be used told."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.errors import BadTrial
from cds.trials.study import Arm, Contact, Facility, Intervention, study_of


def record() -> dict[str, Any]:
    return {
        "protocolSection": {
            "identificationModule": {
                "nctId": "NCT00000001",
                "briefTitle": "A made-up study of nothing",
                "officialTitle": "A Phase 1 Study of Nothing At All",
                "acronym": "NIL",
            },
            "statusModule": {
                "overallStatus": "WITHDRAWN",
                "whyStopped": "No one came.",
                "startDateStruct": {"date": "2026-03"},
                "completionDateStruct": {"date": "2028"},
                "lastUpdatePostDateStruct": {"date": "2026-05-04", "type": "ACTUAL"},
            },
            "sponsorCollaboratorsModule": {"leadSponsor": {"name": "Nobody Ltd", "class": "OTHER"}},
            "descriptionModule": {
                "briefSummary": "It tests nothing.\n\nNobody joins.",
                "detailedDescription": "At length.",
            },
            "conditionsModule": {"conditions": ["Glioma"], "keywords": ["brain"]},
            "designModule": {"studyType": "INTERVENTIONAL", "phases": ["PHASE1", "PHASE2"]},
            "armsInterventionsModule": {
                "armGroups": [{"label": "Nilumab", "type": "EXPERIMENTAL", "description": "nilumab alone"}],
                "interventions": [
                    {
                        "type": "DRUG",
                        "name": "nilumab",
                        "otherNames": ["NIL-1"],
                        "description": "by vein",
                        "armGroupLabels": ["Nilumab"],
                    }
                ],
            },
            "eligibilityModule": {
                "eligibilityCriteria": "\n* Adults\n* Platelets \\>= 100  ",
                "sex": "ALL",
                "minimumAge": "18 Years",
                "maximumAge": None,
            },
            "contactsLocationsModule": {
                "centralContacts": [{"name": "Ann", "role": "CONTACT", "phone": "555-0100", "phoneExt": "7"}],
                "locations": [
                    {
                        "facility": "Hospital",
                        "status": "RECRUITING",
                        "city": "Town",
                        "state": "North",
                        "country": "Country",
                        "contacts": [{"name": "Ben", "email": "ben@example.org"}],
                        "zip": "012-34",
                        "geoPoint": {"lat": 1.0, "lon": -2.25},
                    }
                ],
            },
        },
        "hasResults": False,
    }


def test_everything_that_is_said_is_there() -> None:
    study = study_of(record())

    assert (study.nct_id, study.title) == ("NCT00000001", "A made-up study of nothing")
    assert study.official_title == "A Phase 1 Study of Nothing At All"
    assert (study.status, study.why_stopped) == ("WITHDRAWN", "No one came.")
    assert (study.study_type, study.phases) == ("INTERVENTIONAL", ("PHASE1", "PHASE2"))
    assert (study.conditions, study.keywords) == (("Glioma",), ("brain",))
    assert study.interventions == (Intervention("DRUG", "nilumab", ("NIL-1",), "by vein", ("Nilumab",)),)
    assert study.arms == (Arm("Nilumab", "EXPERIMENTAL", "nilumab alone"),)
    assert study.text == "\n* Adults\n* Platelets \\>= 100  "
    assert (study.sex, study.minimum_age, study.maximum_age) == ("ALL", "18 Years", "")
    ben = Contact("Ben", email="ben@example.org")
    (place,) = study.facilities
    assert place == Facility("Hospital", "Town", "North", "Country", "RECRUITING", (ben,), "012-34", (1.0, -2.25))
    assert study.contacts == (Contact("Ann", "CONTACT", "555-0100 ext. 7"),)
    assert (study.sponsor, study.updated, study.start, study.end) == ("Nobody Ltd", "2026-05-04", "2026-03", "2028")
    assert study.summary == "It tests nothing.\n\nNobody joins."


def test_a_number_and_a_status_are_enough() -> None:
    bare = {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT00000002"},
            "statusModule": {"overallStatus": "WITHHELD"},
        }
    }

    study = study_of(bare)

    assert (study.nct_id, study.status, study.text, study.updated) == ("NCT00000002", "WITHHELD", "", "")
    assert study.facilities == ()
    assert study.interventions == ()


def test_unknown_elements_and_statuses_change_nothing() -> None:
    strange = record()
    strange["protocolSection"]["moonModule"] = {"phase": 3}
    strange["protocolSection"]["eligibilityModule"]["moons"] = [1]

    assert study_of(strange) == study_of(record())
    strange["protocolSection"]["statusModule"]["overallStatus"] = "PAUSED_FOR_MOON"
    assert study_of(strange).status == "PAUSED_FOR_MOON"


@pytest.mark.parametrize(
    ("module", "name", "value", "told"),
    [
        ("identificationModule", "nctId", "NCT1", r"^a record: .*nctId: there is no NCT number$"),
        ("identificationModule", "nctId", None, r"there is no NCT number"),
        (
            "statusModule",
            "overallStatus",
            None,
            r"^NCT00000001: protocolSection\.statusModule\.overallStatus: is missing",
        ),
        ("statusModule", "overallStatus", 7, r"overallStatus: must be text$"),
        (
            "statusModule",
            "lastUpdatePostDateStruct",
            {"date": "May 2026"},
            r"lastUpdatePostDateStruct\.date: must be a day",
        ),
        (
            "statusModule",
            "lastUpdatePostDateStruct",
            {"date": "2026-02-30"},
            r"lastUpdatePostDateStruct\.date: must be a day",
        ),
        ("statusModule", "lastUpdatePostDateStruct", [], r"lastUpdatePostDateStruct: must be an object$"),
        ("statusModule", "lastUpdatePostDateStruct", "2026", r"lastUpdatePostDateStruct: must be an object$"),
        ("eligibilityModule", "eligibilityCriteria", ["a"], r"eligibilityModule\.eligibilityCriteria: must be text$"),
        ("designModule", "phases", "PHASE1", r"designModule\.phases: must be a list$"),
        ("conditionsModule", "conditions", [1], r"conditions: must be a list of texts$"),
        ("contactsLocationsModule", "locations", [{}, 3], r"locations\[1\]: must be an object$"),
        ("contactsLocationsModule", "locations", [{"geoPoint": {"lat": "1"}}], r"geoPoint\.lat: must be a number"),
        ("contactsLocationsModule", "locations", [{"geoPoint": {"lat": True}}], r"geoPoint\.lat: must be a number"),
        ("contactsLocationsModule", "locations", [{"geoPoint": {"lon": 181}}], r"geoPoint\.lon: must be a number from"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_place(module: str, name: str, value: object, told: str) -> None:
    bad = record()
    bad["protocolSection"][module][name] = value

    with pytest.raises(BadTrial, match=told):
        study_of(bad)


@pytest.mark.parametrize("nothing", [{}, {"protocolSection": None}, {"protocolSection": []}, {"studies": []}])
def test_what_is_no_record_is_told(nothing: dict[str, Any]) -> None:
    with pytest.raises(BadTrial, match=r"^a record: "):
        study_of(nothing)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401 - JSON
    """Every place in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for name, each in inner for found in places(each, (*path, name)))]


@given(st.data())
def test_whatever_stands_anywhere_a_record_is_read_or_told(data: st.DataObject) -> None:
    changed: Any = {"whole": record()}
    way = ("whole", *data.draw(st.sampled_from(places(record()))))
    inside = changed
    for step in way[:-1]:
        inside = inside[step]
    inside[way[-1]] = data.draw(ANYTHING)
    told = "NCT00000001"
    try:
        told = study_of(changed["whole"]).nct_id
    except BadTrial as problem:
        told = str(problem)
    assert told.startswith(("NCT00000001", "a record: "))


def test_the_registrys_own_records_are_read(shared: Path) -> None:
    trials, ctgov = shared / "data" / "oncology-trials.dev.jsonl.gz", shared / "data" / "ctgov-v2"
    raw = [json.loads(line) for line in gzip.decompress(trials.read_bytes()).splitlines()]
    raw.append(json.loads(gzip.decompress((ctgov / "NCT02513394.json.gz").read_bytes())))
    raw += [json.loads(path.read_bytes()) for path in sorted(ctgov.glob("NCT*.json"))]

    studies = [study_of(one) for one in raw]

    assert len({study.nct_id for study in studies}) > 880
    assert all(study.text for study in studies)
    assert studies[886].updated == "2023-06-15"
