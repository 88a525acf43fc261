"""docs/intervention.md is true: its definitions are those that are shipped, and its words those of the code.

The part on the definitions is generated: REWRITE=1 writes it anew, to be reviewed.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cds.api.audit import Outcome
from cds.core.attributes import Attribute, Attributes, Way
from cds.core.chart import Kind, Sex
from cds.core.criteria import Criterion, SexIs
from cds.settings import Settings
from cds.trials.definition import Definition
from cds.trials.sources import PARAGRAPH, SourceAttributes, source_attributes
from tests.shipped import definitions, vocabulary

PAGE = Path(__file__).resolve().parents[2] / "docs" / "intervention.md"
OPENING, CLOSING = "<!-- definitions -->\n", "<!-- /definitions -->"
WAYS = {Way.ASKED: "asked by", Way.COMPUTED: "computed with, in", Way.RANGE: "choosing the range of normal, in"}
UNDATED = {
    True: "a text of the record whose day is not known",
    False: "a public page, without the record's text",
}
SHORT = {
    Attribute.SOCIAL_DETERMINANTS: "social determinants",
    Attribute.HEALTH_STATUS: "health status",
}


def sources() -> list[tuple[Definition, SourceAttributes]]:
    attributes = Attributes(vocabulary())
    return [(each, source_attributes(each.trial, attributes, each)) for each in definitions()]


def page(told: list[tuple[Definition, SourceAttributes]]) -> str:
    """Write the generated part."""
    return "\n".join([*matrix(told), "", *(line for each in told for line in section(*each))]).strip()


def matrix(told: list[tuple[Definition, SourceAttributes]]) -> Iterator[str]:
    """Give a row for each definition, and a column for each attribute."""
    yield f"| Trial | {' | '.join(SHORT.get(each, each.value.replace('-', ' ')) for each in Attribute)} |"
    yield f"| --- |{' --- |' * len(Attribute)}"
    for _, source in told:
        used = {use.attribute for use in source.uses}
        cells = " | ".join("yes" if each in used else "no" for each in Attribute)
        yield f"| [{source.trial.nct_id}](#{source.trial.nct_id.lower()}) | {cells} |"


def section(definition: Definition, source: SourceAttributes) -> Iterator[str]:
    trial = source.trial
    funded = Settings().funding or "none stated"
    yield f"### {trial.nct_id}"
    yield ""
    yield f"{source.citation}"
    yield ""
    kind = "draft" if trial.draft else "complete" if trial.complete else "not complete: at best *possible*"
    yield f"- Developer: {Settings().developer}. {source.translation} {source.review} Definition: {kind}."
    yield f"- Funding of the technical implementation: {funded}."
    day = f"the record of {source.made_from}" if source.made_from else UNDATED[bool(definition.record.lines)]
    yield f"- Dates: version {trial.version}, made from {day}; {'reviewed' if trial.reviewed_on else 'not reviewed'}."
    for use in source.uses:
        yield f"- Uses {use.attribute.value.replace('-', ' ')}: {WAYS[use.way]} {listed(use.criteria)}."
    for kind_, concepts in source.reads.items():
        names = ", ".join(vocabulary().display(each) for each in sorted(concepts))
        yield f"- Reads {kind_.value}{f': {names}' if names else ''}."
    yield ""


def listed(criteria: tuple[str, ...]) -> str:
    return ", ".join(f"`{each}`" for each in criteria)


def test_the_definitions_on_the_page_are_the_shipped_ones(rewrite: bool) -> None:  # noqa: FBT001 - a fixture
    wanted = page(sources())
    before, opened, rest = PAGE.read_text("utf-8").partition(OPENING)
    standing, closed, after = rest.partition(CLOSING)
    assert opened
    assert closed
    if rewrite:
        PAGE.write_text(f"{before}{OPENING}\n{wanted}\n\n{CLOSING}{after}", "utf-8")
        standing = wanted
    assert standing.strip() == wanted, "docs/intervention.md is stale: REWRITE=1, and review the diff"


def test_the_page_goes_stale_with_a_criterion() -> None:
    first = definitions()[0]
    sexed = Criterion("sexed", "Women", SexIs(Sex.FEMALE))
    trial = replace(first.trial, criteria=(*first.trial.criteria, sexed))
    changed = replace(first, trial=trial)
    told = [(changed, source_attributes(trial, Attributes(vocabulary()), changed)), *sources()[1:]]
    assert page(told) != page(sources())
    assert "Uses sex: asked by `sexed`" in page(told)


def test_the_page_tells_every_attribute_with_its_number_in_the_rule() -> None:
    text = PAGE.read_text("utf-8")
    numbers = [int(each) for each in re.findall(r"^\| \(b\)\(11\)\(iv\)\(A\)\((\d+)\) \|", text, re.MULTILINE)]
    assert numbers == list(range(1, 14))
    told = re.findall(r"^\| \(b\)\(11\)\(iv\)\(A\)\(\d+\) \| use of ([^|]+) \|", text, re.MULTILINE)
    words = {Attribute.SOCIAL_DETERMINANTS: "social determinants of health data"}
    words |= {Attribute.HEALTH_STATUS: "health status assessments data"}
    assert told == [words.get(each, each.value.replace("-", " ")) for each in Attribute]
    assert PARAGRAPH in text


def test_the_page_tells_every_outcome_of_a_call() -> None:
    (row,) = re.findall(r"^\| `outcome` \| (.+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert re.findall(r"`([a-z-]+)`", row) == [
        each.value for each in sorted(Outcome, key=lambda each: row.index(f"`{each.value}`"))
    ]


@pytest.mark.parametrize("trial", definitions(), ids=lambda each: each.trial.nct_id)
def test_no_shipped_trial_uses_what_no_criterion_asks(trial: Definition) -> None:
    """No protocol here asks for these; one that does is to be looked at by a person before it is shipped."""
    used = {each.attribute for each in Attributes(vocabulary()).uses(trial.trial)}
    assert used <= {Attribute.SEX, Attribute.DATE_OF_BIRTH, Attribute.HEALTH_STATUS}
    assert (Kind.PERSON in source_attributes(trial.trial, Attributes(vocabulary())).reads) == bool(
        used & {Attribute.SEX, Attribute.DATE_OF_BIRTH}
    )
