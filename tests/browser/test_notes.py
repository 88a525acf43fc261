"""What is taken away from the page: the note, and one result for the record."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.opening import open_chart
from tests.browser.supposing import NEAR, questions, unfold, verdict

if TYPE_CHECKING:
    from playwright.sync_api import Page

Json = dict[str, Any]


@pytest.fixture
def asked(page: Page) -> list[Json]:
    return questions(page)


@pytest.fixture
def opened(page: Page, service: str, asked: list[Json]) -> Page:
    open_chart(page, service, "colon-nec-near", NEAR)
    assert asked
    return page


# ------------------------------------------------------------------------------------- the note

LISTEN = """() => {
  const write = navigator.clipboard.writeText.bind(navigator.clipboard);
  navigator.clipboard.writeText = async (words) => {
    await write(words);
    globalThis.copied = words;
  };
}"""
"""The service lets no page read the clipboard, so what is written to it is heard on its way."""


def test_the_note_is_copied_as_plain_text_without_the_patient(opened: Page, service: str) -> None:
    opened.context.grant_permissions(["clipboard-write"], origin=service)
    opened.evaluate(LISTEN)
    unfold(opened, "platelets").get_by_role("radio", name="met", exact=True).check()
    expect(verdict(opened)).to_have_text("Candidate")
    opened.get_by_role("button", name="Copy as note").click()
    expect(opened.get_by_role("status")).to_have_text("Copied")
    note = opened.evaluate("copied")
    for words in (NEAR, "Candidate: ", "15 June 2026", "Not known:", "For a person to judge:", "Attested on the page"):
        assert words in note
    assert "- Platelets at least 100 × 10⁹/L: met" in note
    assert "Is there measurable disease by RECIST 1.1?" in note
    assert not re.search("Ashgrove|Cornelius|1966", note)


def test_where_the_clipboard_is_closed_the_note_is_shown_to_be_copied(opened: Page) -> None:
    opened.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")
    opened.get_by_role("button", name="Copy as note").click()
    area = opened.get_by_label("The note, to be copied")
    expect(area).to_have_value(re.compile(f"Trial screen: {NEAR}.*Stands in the way:.*Platelets", re.DOTALL))
    assert area.evaluate("each => each.selectionEnd - each.selectionStart === each.value.length")


# ------------------------------------------------------------------------------------- saving one result

SAVE = """async ({ user, may }) => {
  const { saveButton, observationOf } = await import("/app/assets/notes.js");
  const coding = [{ system: "http://loinc.org", code: "777-3", display: "Platelets" }];
  const other = [{ system: "http://loinc.org", code: "26515-7" }];
  const earlier = (id, code, coding) => ({
    resourceType: "Observation", id, code: { coding }, valueQuantity: { value: 1, code },
  });
  const entries = [
    earlier("1", "10*9/L", other),
    earlier("2", "10*9/L", coding),
    earlier("3", "10*3/uL", other),
    earlier("4", "10*9/L", other),
  ];
  const bundle = { entry: entries.map((resource) => ({ resource })) };
  const points = entries.map(({ id }) => ({ reference: `Observation/${id}`, own: id !== "4" }));
  const measured = { concept: "platelets", name: "Platelets", unit: "10*9/L", units: ["10*9/L"], points };
  const trial = { findings: [{ criterion: "p", measured }], cohorts: [] };
  const written = (globalThis.written = []);
  const save = async (resource) => void written.push(resource);
  const session = { patientId: "p1", user, canWrite: () => may, ...(may ? { save } : {}) };
  const result = { concept: "platelets", value: "104", unit: "10*9/L", date: "2026-06-15" };
  const settings = { today: "2026-06-15" };
  const source = { kind: "smart", session };
  const state = { settings, source, bundle, answer: { trials: [trial] }, ask: { results: [result] } };
  const act = { ask: (changes) => (globalThis.changed = changes) };
  document.body.replaceChildren(...[saveButton(result, state, act)].filter(Boolean));
  return [Boolean(observationOf({ ...result, unit: "mg/dL" }, measured, { session, bundle })), written.length];
}"""


def test_a_result_is_saved_only_after_it_was_shown_and_confirmed(opened: Page) -> None:
    assert opened.evaluate(SAVE, {"user": "Practitioner/7", "may": True}) == [False, 0]
    opened.get_by_role("button", name="Save to the record").click()
    expect(opened.locator("pre")).to_contain_text('"subject": {')
    assert opened.evaluate("written.length") == 0
    opened.get_by_role("button", name="Do not write").click()
    opened.get_by_role("button", name="Save to the record").click()
    opened.get_by_role("button", name="Write this to the record").click()
    opened.wait_for_function("globalThis.changed")
    (observation,) = opened.evaluate("written")
    assert observation["resourceType"] == "Observation"
    assert observation["subject"] == {"reference": "Patient/p1"}
    assert observation["performer"] == [{"reference": "Practitioner/7"}]
    assert observation["code"]["coding"][0]["code"] == "777-3"
    quantity = {"value": 104, "unit": "10*9/L", "system": "http://unitsofmeasure.org", "code": "10*9/L"}
    assert observation["valueQuantity"] == quantity
    assert opened.evaluate("changed.results[0].saved") is True


def test_without_the_right_to_write_saving_is_not_offered(opened: Page) -> None:
    opened.evaluate(SAVE, {"user": None, "may": False})
    expect(opened.get_by_role("button")).to_have_count(0)
