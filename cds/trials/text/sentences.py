"""A line into its sentences, each with its words and the names in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cds.core.criteria import Section
from cds.trials.text.lexicon import Lexicon
from cds.trials.text.outline import Line
from cds.trials.text.reading import Part
from cds.trials.text.tokens import Token, tokens_of

__all__ = ["parts_of", "plainly", "sentences_in"]

_END = re.compile(r"(?P<sign>[.;])\s+(?=[\"'(\[]*[A-Z0-9≥≤<>])|;\s*")
_SHORTENED = re.compile(
    r"(?:\b(?:e\.?g|i\.?e|vs|approx|dr|no|inc|al|etc|resp|incl|max|min|vol|fig|sect?)|\b[A-Z])\.$", re.IGNORECASE
)
_OPENING, _CLOSING = frozenset("(["), frozenset(")]")


def sentences_in(text: str) -> tuple[str, ...]:
    """Part a line at full stops and semicolons, not inside brackets and not behind what is shortened."""
    found, begun, depth, looked = [], 0, 0, 0
    for end in _END.finditer(text):
        depth += _depth(text[looked : end.start()])
        looked = end.start()
        if depth > 0 or _SHORTENED.search(text[max(begun, end.start() - 10) : end.start() + 1]):
            continue
        found.append(text[begun : end.end()].strip())
        begun, depth = end.end(), 0
    found.append(text[begun:].strip())
    return tuple(each for each in found if each.strip(" .;"))


def _depth(text: str) -> int:
    return sum((each in _OPENING) - (each in _CLOSING) for each in text)


_SIGNS = (
    (re.compile(r">\s?/?\s?=|=\s?>|≧|⩾"), "≥"),
    (re.compile(r"<\s?/?\s?=|=\s?<|≦|⩽"), "≤"),
    (re.compile(r"[‐\u2011\u2012–—―−]"), "-"),
    (re.compile(r"[✕✖\u2217]"), "×"),
    (re.compile(r"[’‘`]"), "'"),
)


def plainly(text: str) -> str:
    """Give the text with one form of each sign, blanks filling what is shorter, so that places stay the same."""
    for written, sign in _SIGNS:
        text = written.sub(lambda found, sign=sign: sign.ljust(len(found[0])), text)  # type: ignore[misc] # bound above
    return text


def parts_of(line: Line, lexicon: Lexicon) -> Iterable[Part]:
    """Give the sentences of a line, ready to be read; a line of no section is read as one that includes."""
    context = tuple(lead.text for lead in line.leads)
    for text in sentences_in(line.text):
        plain = plainly(text)
        tokens = tokens_of(plain)
        names = tuple(each for each in lexicon.find(tokens) if not _names_an_equation(tokens, each.behind))
        yield Part(text, plain, tokens, names, line.section or Section.INCLUSION, context)


def _names_an_equation(tokens: Sequence[Token], behind: int) -> bool:
    """Say whether a disease is but part of a name: the Chronic Kidney Disease Epidemiology Collaboration, CKD-EPI."""
    following = next((each.form for each in tokens[behind : behind + 2] if each.text != "-"), "")
    return following in {"epidemiology", "epi"}
