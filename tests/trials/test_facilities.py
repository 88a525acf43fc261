"""The places of a record as places of a trial: each with someone to ask."""

from cds.core.trial import Site
from cds.trials.facilities import contact_of, sites_of
from tests.trials.studies import CALLED, place, study

HEAD = CALLED("Cy Head", "PRINCIPAL_INVESTIGATOR", "+00 9")
NURSE = CALLED("Ada Roth", "CONTACT", "+00 1", "a@example.org")


def test_a_place_has_its_own_contact_or_else_the_whole_studys() -> None:
    found = sites_of(
        study(
            facilities=(place("A", contacts=(HEAD, NURSE)), place("B", status="COMPLETED")), contacts=(CALLED("Line"),)
        )
    )
    assert found == (
        Site("A", "Springfield", "Ruritania", "RECRUITING", "Ada Roth, +00 1, a@example.org"),
        Site("B", "Springfield", "Ruritania", "COMPLETED", "Line"),
    )


def test_who_can_be_reached_comes_before_who_cannot() -> None:
    assert contact_of((CALLED("Nobody", "CONTACT"), HEAD)) == "Cy Head, +00 9"
    assert contact_of(()) == ""


def test_a_contact_is_one_line_of_bearable_length() -> None:
    line = contact_of((CALLED("x\n" * 500),))
    assert "\n" not in line
    assert len(line) == 160
