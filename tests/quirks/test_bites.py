"""Quirks that must tell: what was settled has to become unknown, by the cause that the law names for it.

The other tests let a finding stay as it was. Here a reader that forgot a quirk is found. Each row follows from the laws
of the design for one golden patient and trial, with the reason beside it.
"""

from zoneinfo import ZoneInfo

import pytest

from cds.core.finding import Cause
from cds.core.screen import screen
from cds.core.truth import Truth
from cds.fhir.reading.read import chart_of_bundle
from tests.golden.cases import case
from tests.quirks.charts import with_quirks
from tests.quirks.oracle import Found, findings
from tests.quirks.quirk import everyone, named
from tests.shipped import plan

SLUG = "colon-nec-near"


def found(quirk: str | None, trial: str = "NCT07328490") -> Found:
    """Give the findings of the patient, as the chart is or under a quirk of all its entries."""
    bundle = with_quirks(SLUG, (named(quirk),), everyone) if quirk else case(SLUG).bundle
    covered = case(SLUG).about["covered"]
    chart = chart_of_bundle(bundle, patient_id=case(SLUG).patient_id, covered=covered, zone=ZoneInfo("UTC"))
    return findings(screen(chart, plan().only([trial]), case(SLUG).as_of))


@pytest.mark.parametrize(
    ("quirk", "criteria", "cause"),
    [
        # A number at most so high may lie below what is asked for; one at least so high may lie above.
        ("at most", {"haemoglobin", "neutrophils"}, Cause.TOO_GENERAL),
        ("at least", {"platelets", "bilirubin", "ast", "alt"}, Cause.TOO_GENERAL),
        ("sign in words", {"haemoglobin"}, Cause.TOO_GENERAL),
        # What is no number settles nothing, and an older result does not take its place.
        ("a comparator that is none", {"haemoglobin", "neutrophils", "platelets"}, Cause.IMPLAUSIBLE),
        ("two values that differ", {"haemoglobin", "platelets"}, Cause.IMPLAUSIBLE),
        ("value and reason for none", {"haemoglobin", "platelets"}, Cause.IMPLAUSIBLE),
        # A number alone is in no unit; multiples of the normal need none.
        ("unit missing", {"haemoglobin", "neutrophils", "platelets", "qtc"}, Cause.UNIT_NOT_COMPARABLE),
        # A result that says why it has no value is no result.
        ("value absent", {"haemoglobin", "neutrophils", "platelets"}, Cause.NO_RECORD),
        # Of two versions neither can be trusted, and the kind is not read whole any more.
        ("two versions of no order", {"haemoglobin", "platelets"}, Cause.NOT_READ),
        # Silence speaks only where all was read.
        ("a remark that something may be missing", {"hiv", "hepatitis-b", "autoimmune-disease"}, Cause.NOT_READ),
        ("entries that are none", {"hiv", "hepatitis-b", "autoimmune-disease"}, Cause.NOT_READ),
        ("drug not sent", {"erythropoietin", "corticosteroids"}, Cause.NOT_READ),
        ("subject by number", {"disease", "ecog", "haemoglobin"}, Cause.NOT_READ),
        # A code that no table holds may be anything.
        ("local code only", {"disease"}, Cause.UNMAPPED),
        ("words only", {"haemoglobin", "ecog"}, Cause.NO_RECORD),
        ("drug by ndc only", {"prior-treatment"}, Cause.NO_RECORD),
        # A result of this year, or of no day, may be too old.
        ("year only", {"ecog", "platelets", "bilirubin"}, Cause.DATE_IMPRECISE),
        ("date missing", {"ecog", "platelets"}, Cause.DATE_IMPRECISE),
    ],
)
def test_what_must_become_unknown(quirk: str, criteria: set[str], cause: Cause) -> None:
    before, after = found(None), found(quirk)
    seen = {key[2]: after[key].cause for key in after if key[2] in criteria}
    assert all(before[key].truth is not Truth.UNKNOWN for key in before if key[2] in criteria)
    assert seen == dict.fromkeys(criteria, cause)
