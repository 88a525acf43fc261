"""One slip of the finger in a code never lands on a meaning, unless the slip makes another row of the tables."""

from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.core.codes import ICD9CM, ICD10CM, LOINC, NAME, SNOMED, Code, Coded, fault_of, normalised_code
from cds.core.vocabulary import Meaning
from tests.shipped import vocabulary as real

LETTERS = "0123456789-./ABCDEFGHJKLMPQRSTUVWXZ abcdefghijklmnopqrstuvwxyz"


@cache
def coded_rows() -> tuple[Code, ...]:
    """Every code of a code system that counts for something by its own row, not by its beginning."""
    exact = real().exact.items()
    return tuple(
        sorted(code for code, meanings in exact if code.system != NAME and any(each.counts for each in meanings))
    )


def meanings(code: Code) -> tuple[Meaning, ...]:
    return real().meanings(Coded((code,)))


def counting(code: Code) -> set[str]:
    return {meaning.concept for meaning in meanings(code) if meaning.counts}


def begins_as_a_row(code: Code) -> bool:
    """Whether the code is well formed and continues the beginning of a prefix row: a narrower code of a known group."""
    known = real().canonical(code)
    value = known.value
    return fault_of(known) is None and any(value.startswith(start) for start in real().prefixes.get(code.system, ()))


def plain(code: Code) -> Code:
    """A code without what carries no meaning, worked out apart from the program: spaces; of ICD, dot and case."""
    value = code.value.strip()
    return Code(code.system, value.replace(".", "").upper() if code.system in {ICD10CM, ICD9CM} else value)


@cache
def plain_rows() -> frozenset[Code]:
    return frozenset(map(plain, (*real().exact, *real().denied)))


@st.composite
def edited(draw: st.DrawFn) -> tuple[Code, Code]:
    """A code of the tables, and the same with one character left out, put in, changed or swapped with the next."""
    code = draw(st.sampled_from(coded_rows()))
    text, place = code.value, draw(st.integers(0, len(code.value) - 1))
    sign = draw(st.sampled_from(LETTERS))
    edits = [
        text[:place] + text[place + 1 :],
        text[:place] + sign + text[place:],
        text[:place] + sign + text[place + 1 :],
        text[:place] + text[place : place + 2][::-1] + text[place + 2 :],
    ]
    return code, Code(code.system, draw(st.sampled_from(edits)))


@given(edited())
def test_no_edit_of_a_code_means_anything_unless_it_is_itself_a_row(pair: tuple[Code, Code]) -> None:
    slip = pair[1]
    if plain(slip) not in plain_rows() and not begins_as_a_row(slip):
        assert meanings(slip) == ()
        assert not real().recognises(Coded((slip,)))


@given(
    st.sampled_from([code for code in coded_rows() if code.system in {LOINC, SNOMED} and code.value[0].isdigit()]),
    st.data(),
)
def test_one_changed_digit_breaks_the_check_digit(code: Code, data: st.DataObject) -> None:
    """Luhn and Verhoeff find any one changed digit, and so does the linter: no row is one digit off the right code."""
    place = data.draw(st.sampled_from([at for at, sign in enumerate(code.value) if sign.isdigit()]))
    digit = data.draw(st.sampled_from(sorted(set("0123456789") - {code.value[place]})))
    assert fault_of(Code(code.system, code.value[:place] + digit + code.value[place + 1 :]))


def prefix_rows() -> list[Code]:
    return sorted(Code(system, start) for system, starts in real().prefixes.items() for start in starts)


@given(st.sampled_from(prefix_rows()), st.text("0123456789ABCDX", max_size=4))
def test_a_prefix_row_holds_for_longer_codes_only(row: Code, more: str) -> None:
    """What a longer code means by its beginning comes from beginnings it has, never from one it merely resembles."""
    longer = real().canonical(Code(row.system, row.value + more))
    by_beginning = {
        meaning.concept
        for start, rows in real().prefixes[row.system].items()
        if longer.value.startswith(start)
        for meaning in rows
    }
    own = {meaning.concept for meaning in real().exact.get(longer, ())}
    assert {meaning.concept for meaning in meanings(longer)} <= by_beginning | own
    shorter = Code(row.system, row.value[:-1])
    if shorter not in real().exact and not begins_as_a_row(shorter):
        assert meanings(shorter) == ()


def undotted(value: str) -> str:
    return value.replace(".", "")


@given(
    st.sampled_from([*coded_rows(), *prefix_rows()]),
    st.sampled_from(["", " ", "\t", "  "]),
    st.sampled_from([str, undotted]),
    st.sampled_from([str.upper, str.lower]),
)
def test_spaces_dots_and_case_do_not_change_what_a_code_means(
    code: Code, space: str, dots: Callable[[str], str], case: Callable[[str], str]
) -> None:
    value = case(dots(code.value)) if code.system in {ICD10CM, ICD9CM} else code.value
    assert meanings(Code(code.system, f"{space}{value}{space}")) == meanings(code)


@pytest.mark.parametrize("value", ["C15-C26", "C34.1/2", "C34.90 ?", "C50.9 (female)", "C34.", "C34.1.1"])
def test_what_is_no_icd_code_has_no_beginning(value: str) -> None:
    """Charts send ranges of blocks and notes in the place of a code; C15-C26 is not the oesophagus."""
    assert meanings(Code(ICD10CM, value)) == ()


@pytest.mark.parametrize("system", [LOINC, SNOMED])
def test_only_icd_is_free_with_dots_and_case(system: str) -> None:
    assert normalised_code(Code(system, "La6576.8")) == Code(system, "La6576.8")


NAMES = sorted(code.value for code in real().exact if code.system == NAME and counting(code))


@given(st.sampled_from(NAMES), st.data())
def test_no_edit_of_a_name_counts_unless_it_is_itself_a_row(name: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(name) - 1))
    sign = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz-0123456789"))
    slip = Code(
        NAME, data.draw(st.sampled_from([name[:place] + name[place + 1 :], name[:place] + sign + name[place:]]))
    )
    if " ".join(slip.value.split()).casefold() not in {code.value for code in real().exact if code.system == NAME}:
        assert meanings(slip) == ()


@given(
    st.sampled_from(NAMES), st.sampled_from([str.upper, str.title, str.swapcase]), st.sampled_from([" ", "  ", "\n"])
)
def test_case_and_spaces_do_not_change_what_a_name_means(name: str, cased: Callable[[str], str], space: str) -> None:
    written = Code(NAME, f"{space}{cased(name).replace(' ', space)}{space}")
    assert counting(written) == counting(Code(NAME, name))
