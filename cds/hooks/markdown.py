"""Trial and chart text as Markdown that shows exactly that text.

Eligibility text is full of signs that GitHub-Flavored Markdown takes for its own: ``platelets <LLN or >ULN`` loses
``<LLN or >`` as an HTML tag, ``1.5*ULN`` turns italic. CDS Hooks card details are GitHub-Flavored Markdown
(https://cds-hooks.hl7.org/2.0/#card-attributes), so everything that is not ours is escaped.
"""

from __future__ import annotations

import re

_SIGNS = re.compile(r"[\\`*_\[\]<>&|~$^{}]")
"""Signs that mean something anywhere in a line (GitHub's mathematics and footnotes among them)."""

_AUTOLINK = re.compile(r"(?i)(:)(?=/)|(?<=www)(\.)|(@)|(?<=mailto)(:)|(?<=xmpp)(:)")
"""What a bare web address, e-mail address or @mention is recognised by."""

_HEAD = re.compile(r"(?i)https?(?=\\:/)|www(?=\\\.)")
_DOMAIN = re.compile(r"(?<=\\@)(?:[-.a-zA-Z0-9]|\\[_.])+")
_LABEL = re.compile(r"[a-zA-Z0-9]+")
"""Where an address is taken apart. Some clients (the CDS Hooks sandbox is one) look for addresses once the escapes
are gone, in each stretch of text by itself; emphasis amid an address makes several stretches of it."""

_LINE_START = re.compile(r"[-+=#:!]|(?<=\d)[.)](?=\s|$)")
"""Signs that begin a list, a heading, a table's rule or an underline when they lead a line."""

_CONTROL = re.compile(r"[\x01-\x1f\x7f]")
_EDGE_SPACES = re.compile(r"^ +| +$")


def escaped(text: str) -> str:
    """Give Markdown that renders as exactly this text: in a paragraph, a list item or a table cell, on one line.

    Line breaks and other control characters become character references. Only NUL cannot be shown in Markdown at all
    and becomes the replacement character.
    """
    text = _SIGNS.sub(r"\\\g<0>", text.replace("\x00", "\ufffd"))
    text = _apart(_AUTOLINK.sub(r"\\\g<0>", text))
    text = _at_line_start(text)
    text = _CONTROL.sub(_reference, text)
    return _EDGE_SPACES.sub(lambda spaces: "&#32;" * len(spaces[0]), text)


def _apart(text: str) -> str:
    """Emphasise a part of every web and e-mail address, so that no client makes a link of what a chart says."""
    text = _HEAD.sub(r"*\g<0>*", text)
    return _DOMAIN.sub(
        lambda domain: _LABEL.sub(r"*\g<0>*", domain[0], count=1) if "." in domain[0] else domain[0], text
    )


def _at_line_start(text: str) -> str:
    body = text.lstrip(" ")
    lead = len(text) - len(body)
    number = re.match(r"\d{1,9}(?=[.)])", body)
    place = number.end() if number else 0
    if _LINE_START.match(body, place):
        return f"{text[: lead + place]}\\{text[lead + place :]}"
    return text


def _reference(sign: re.Match[str]) -> str:
    return f"&#{ord(sign[0])};"


def shown(text: str) -> str:
    """Give escaped text for a card: runs of white space, line breaks too, become single spaces first."""
    return escaped(" ".join(text.split()))


def link(words: str, url: str) -> str:
    """Give a link; the address must be one of ours (no spaces or brackets in it)."""
    return f"[{shown(words)}]({url})"


def bullets(items: list[str]) -> str:
    """Give a list, one item per line; the items are Markdown already."""
    return "\n".join(f"- {item}" for item in items)
