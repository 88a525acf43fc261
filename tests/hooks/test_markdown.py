"""Whatever a trial or a chart says stands on the card as it was written."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import cmarkgfm  # type: ignore[import-untyped] # it brings no types
import pytest
from cmarkgfm.cmark import Options  # type: ignore[import-untyped] # as above
from hypothesis import example, given
from hypothesis import strategies as st

from cds.hooks.markdown import bullets, escaped, link, shown

TRICKY = st.text(
    alphabet=st.one_of(
        st.sampled_from(list("\\`*_[]<>&|~#+-=!:.)(@$^{}/'\" \t\n\r0123456789abwmx×≥é😀")),
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
    ),
    max_size=40,
)
REAL = [
    "platelets <LLN or >ULN excluded",
    "- 1.5*ULN",
    "1. first",
    "12) second",
    "# heading",
    "+ plus",
    "=== under",
    "a*b*c _d_ ~~e~~ `f`",
    "see http://example.org/x?y=1&z=2 or www.example.org or ftp://example.org",
    "write to someone@example.org, @mention or mailto:someone@example.org",
    "a | b || c \\| d",
    "[x] task ![image](u) [^1] <!-- c --> &amp; &#38;",
    "ends with backslash \\",
    "  led and followed by spaces  ",
    ":--|--:",
    "> quote",
    "<script>alert(1)</script>",
    "<!-- comment at the start",
    "<script at the start",
    "</div at the start",
    "<?php <![CDATA[ x",
    "\ttab first",
    "line one\n\n    code\n***\n",
]


class Text(HTMLParser):
    """Collects the text of rendered HTML, and the names of its elements."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.tags: list[str] = []
        self.stretches: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data
        self.stretches.append(data)


def rendered(markdown: str) -> Text:
    page = Text()
    page.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE))
    page.close()
    return page


def shown_between_marks(markdown: str) -> str:
    text = rendered(markdown).text
    return text[text.index("⟦") + 1 : text.rindex("⟧")]


def all_real() -> list[str]:
    return list(dict.fromkeys(each for text in REAL for each in (text, text.strip(), text * 2)))


@pytest.mark.parametrize("text", all_real())
def test_awkward_text_is_shown_as_written(text: str) -> None:
    check_everywhere(text)


@given(TRICKY)
@example("www.x.y")
@example("\x0b\x0c\x1f\x7f\x85\u2028\ufeff")
def test_any_text_is_shown_as_written(text: str) -> None:
    check_everywhere(text)


def check_everywhere(text: str) -> None:
    markdown = escaped(text)
    assert "\n" not in markdown
    in_table = rendered(f"| ⟦ |\n| --- |\n| {markdown} |\n\n⟧").text
    plain_lines = rendered(f"⟦\n\n{markdown}\n\n⟧").text
    in_list = rendered(f"⟦\n\n- {markdown}\n- x\n\n⟧").text
    for page, tail in ((in_table, ""), (plain_lines, ""), (in_list, "\nx")):
        seen = page[page.index("⟦") + 1 : page.rindex("⟧")]
        assert seen.strip("\n") == (text + tail).strip("\n"), page
    assert shown_between_marks(f"- **Label:** ⟦{markdown}⟧") == text
    assert shown_between_marks(f"- x ⟦ {markdown} ⟧") == f" {text} "


@given(TRICKY)
@example("a@b.c")
@example("a@-.b-_@www.x")
def test_escaped_text_makes_no_element_but_emphasis_amid_addresses(text: str) -> None:
    page = rendered(f"- {escaped(text)}")
    assert set(page.tags) <= {"ul", "li", "em"}
    assert "em" not in page.tags or any(each in text.casefold() for each in ("@", "www", "http"))
    assert not any(ADDRESS.search(each) for each in page.stretches)


ADDRESS = re.compile(r"(?ia)(https?://|www\.)[-.\w]|[-.\w+]@[-\w]+(\.[-\w]+)*\.[-\w]*[a-z]")
"""What a client may make a link of that looks for addresses in text whose escapes are gone already."""


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org",
        "https://e.org/?to=https://f.org/www.g.org",
        "HTTPS://E.ORG",
        "www.example.org",
        "ftp://e.org",
        "someone@example.org",
        "some_one@my-_host.example.org",
        "someone@www.example.org",
        "mailto:someone@example.org",
    ],
)
def test_addresses_do_not_turn_into_links_before_or_after_escapes_are_taken_away(address: str) -> None:
    for text in (address, f"see ({address}), or {address}.", f"x{address}"):
        for markdown in (escaped(text), f"**{escaped(text)}**", f"- **{escaped(text)}:** {escaped(text)}"):
            page = rendered(markdown)
            assert "a" not in page.tags
            assert not any(ADDRESS.search(each) for each in page.stretches), page.stretches
            assert text in page.text


@given(TRICKY)
def test_text_for_a_card_has_its_white_space_joined(text: str) -> None:
    assert rendered(f"- {shown(text)}").text.strip("\n") == " ".join(text.split())


def test_a_link_shows_its_words() -> None:
    page = rendered(link("Trial [A] *x*", "https://clinicaltrials.gov/study/NCT00000000"))
    assert page.tags == ["p", "a"]
    assert page.text.strip() == "Trial [A] *x*"


def test_bullets_stay_apart() -> None:
    assert rendered(bullets([escaped("- a"), escaped("1. b")])).tags == ["ul", "li", "li"]


def test_every_line_of_real_trials_is_shown_as_written(shared: Path) -> None:
    files = sorted((shared / "trials" / "ctgov").glob("NCT*.json"))
    assert files, "the shared folder holds no trials"
    for file in files:
        record = json.loads(file.read_text(encoding="utf-8"))
        for line in record["protocolSection"]["eligibilityModule"]["eligibilityCriteria"].split("\n"):
            check_everywhere(line)
