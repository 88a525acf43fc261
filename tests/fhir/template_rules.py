"""Whether a prefetch template keeps to what CDS Hooks 2.0.1 lets a service ask for.

Sources: https://cds-hooks.hl7.org/2.0/#prefetch-tokens, #prefetch-query-restrictions, and the hooks' own pages for the
fields of the context that may stand in a template. Some EHRs join repeated parameters into one list of alternatives, so
none may be repeated; a token that a hook does not always have leaves the template unfilled, so none is used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

_TOKEN = re.compile(r"\{\{(.*?)\}\}")
_ALWAYS_THERE = frozenset({"context.patientId", "context.userId"})
"""The fields that every hook we answer requires and lets stand in a template."""
_READ = re.compile(r"[A-Z][A-Za-z]+/[^/?]+")
_SEARCH = re.compile(r"([A-Z][A-Za-z]+)\?(.+)")
_PARAMETER = re.compile(r"(?P<name>[a-z][a-z-]*|_count|_sort)(?::(?P<modifier>[a-z-]+))?=(?P<value>.+)")
_DATED = re.compile(r"(?:eq|lt|gt|ge|le)\d{4}(?:-\d\d){0,2}")
_COMPARED = re.compile(r"[a-z]{2}\d{4}")


def template_faults(template: str) -> list[str]:
    """Say what in a template an EHR need not understand; nothing where all is well."""
    return [*_tokens(template), *_query(_TOKEN.sub("token", template))]


def _tokens(template: str) -> Iterator[str]:
    for token in _TOKEN.findall(template):
        if token not in _ALWAYS_THERE:
            yield f"{token} is no token that every hook has"
    if "{" in _TOKEN.sub("", template) or "}" in _TOKEN.sub("", template):
        yield "a token stands between two braces on each side"


def _query(query: str) -> Iterator[str]:
    if _READ.fullmatch(query):
        return
    search = _SEARCH.fullmatch(query)
    if search is None:
        yield "neither a read of one resource nor a search of one type"
        return
    parameters = [_PARAMETER.fullmatch(each) for each in search[2].split("&")]
    for number, each in enumerate(parameters, start=1):
        yield from [f"parameter {number} is not of the subset"] if each is None else _parameter(each)
    names = Counter(each["name"] for each in parameters if each is not None)
    yield from (f"{name} is repeated" for name, count in names.items() if count > 1)


def _parameter(parameter: re.Match[str]) -> Iterator[str]:
    name, modifier, value = parameter["name"], parameter["modifier"], parameter["value"]
    if modifier not in {None, "in"}:
        yield f"{name}:{modifier} is not of the subset"
    if name == "_count" and not value.isdigit():
        yield "_count must be a number"
    if _COMPARED.match(value) and not _DATED.fullmatch(value):
        yield f"{name} compares in a way that is not of the subset"
