"""Names of cancers as registries and protocols write them: ``mappings/diseases.csv``, and how several words make one.

A row is a *disease* or *histology* that stands by itself, a *site* or a *head* ("cancer") that need each other, a word
that makes it *narrower* than the tables can tell ("triple negative"), or one that is *idle* ("metastatic", "stage IV"):
which stage is asked for is another question than which disease.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cds.core.criteria import AllOf, AnyOf, Asked, Diagnosis, Readings, Reason, Rule
from cds.core.vocabulary import Vocabulary
from cds.errors import BadMapping
from cds.files import read_rows
from cds.trials.text.tokens import Sort, Token, compared, tokens_of

__all__ = ["COLUMNS", "DiseaseNames", "Found", "Role", "load_diseases", "narrows"]

COLUMNS = ("phrase", "role", "histologies", "sites", "comment")


class Role(enum.Enum):
    """What a phrase is in the name of a disease."""

    DISEASE = "disease"
    HISTOLOGY = "histology"
    SITE = "site"
    HEAD = "head"
    NARROWER = "narrower"
    IDLE = "idle"


def narrows(role: Role, comment: str) -> bool:
    """Say whether a row means less than its concepts: whoever has them may still have another kind."""
    return role is Role.NARROWER or comment.startswith("narrows")


@dataclass(frozen=True, slots=True)
class _Entry:
    role: Role
    histologies: tuple[str, ...]
    sites: tuple[str, ...]
    narrows: bool


@dataclass(slots=True)
class _Node:
    next: dict[str, _Node] = field(default_factory=dict)
    entry: _Entry | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Diseases that words name: the rule, the first token, and the one behind the last."""

    rule: Rule
    first: int
    behind: int


@dataclass(frozen=True, slots=True)
class DiseaseNames:
    """The table, as a tree of words."""

    _root: _Node

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, Sequence[str], Sequence[str], str]]) -> DiseaseNames:
        """Take rows of phrase, role, histologies, sites and comment."""
        root = _Node()
        for phrase, role, histologies, sites, comment in rows:
            node = root
            for word in compared(phrase):
                node = node.next.setdefault(word, _Node())
            told = Role(role)
            node.entry = _Entry(told, tuple(histologies), tuple(sites), narrows(told, comment))
        return cls(root)

    def whole(self, text: str) -> Rule | None:
        """Give the disease that a text names and nothing besides; nothing where a word of it is not understood."""
        if _SPREAD.search(text):
            return None
        tokens = tokens_of(text)
        run = self.at(tokens, 0)
        return run.rule if run is not None and run.behind == len(tokens) else None

    def all_in(self, text: str) -> Rule | None:
        """Give the diseases named in a text, any of them; nothing where none is, or a word of one is not understood."""
        tokens = tokens_of(text)
        rules: list[Rule] = []
        place = 0
        while place < len(tokens):
            run = self.at(tokens, place)
            if run is not None and (_turned(tokens, place) or self._qualified(tokens, place)):
                return None
            if run is not None:
                rules.append(run.rule)
                place = run.behind
            elif _speaks_of_cancer(tokens[place]):
                return None
            else:
                place += 1
        return _either(rules)

    def _qualified(self, tokens: Sequence[Token], place: int) -> bool:
        """Say whether a bare "tumour" or "cancer" stands right behind a word that is not known: "stromal tumor"."""
        entry, _ = self._entry(tokens, place)
        bare = entry is not None and entry.role is Role.HEAD
        return bare and place > 0 and tokens[place - 1].sort is Sort.WORD

    def names_none(self, text: str) -> bool:
        """Say whether a text names no cancer at all, by any word that is known or looks like one."""
        tokens = tokens_of(text)
        return not any(
            _speaks_of_cancer(token) or self.at(tokens, place) is not None for place, token in enumerate(tokens)
        )

    def at(self, tokens: Sequence[Token], first: int) -> Found | None:
        """Give the disease whose name begins at a token, idle words before it included.

        Names that "and", "or" and commas join are read together, up to the first word that belongs to none.
        """
        run = _Run(tokens, first)
        place = first
        while place < len(tokens):
            entry, after = self._entry(tokens, place)
            if entry is not None:
                run.take(entry, place, after)
                place = after
            elif tokens[place].text in _BETWEEN or tokens[place].form in _JOINING:
                place = self._past_abbreviation(tokens, place, run) or run.part(place)
            else:
                break
        return run.found()

    def _past_abbreviation(self, tokens: Sequence[Token], place: int, run: _Run) -> int:
        """Go past a short name in brackets behind a whole one, "(FL)", that says nothing of its own."""
        inside = tokens[place : place + 3]
        if len(inside) < _BRACKETED or (inside[0].text, inside[2].text) != ("(", ")") or not run.told.is_complete:
            return 0
        entry, _ = self._entry(tokens, place + 1)
        short = inside[1].text.isupper() and (entry is None or entry.role is Role.SITE)
        if short:
            run.behind = place + _BRACKETED
        return run.behind if short else 0

    def _entry(self, tokens: Sequence[Token], place: int) -> tuple[_Entry | None, int]:
        node, best, after = self._root, None, place
        while place < len(tokens):
            token = tokens[place]
            if token.sort is Sort.SIGN:
                if token.text not in "-‐–/,":
                    break
                if best is not None and token.text in "/,":
                    ahead = tokens[place + 1].form if place + 1 < len(tokens) else ""
                    if ahead not in node.next:
                        break
            else:
                following = node.next.get(token.form)
                if following is None:
                    break
                node = following
                if node.entry is not None:
                    best, after = node.entry, place + 1
            place += 1
        return best, after


@dataclass(frozen=True, slots=True)
class _Told:
    """What the words of one name have said so far."""

    histologies: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    is_complete: bool = False
    narrows: bool = False
    first: int = -1
    behind: int = -1

    @property
    def named(self) -> bool:
        """Whether a disease, and not only a head, was told."""
        return bool(self.histologies or self.sites)

    def _says_tumour(self, tokens: Sequence[Token]) -> bool:
        return any(each.form in {"tumor", "lesion"} for each in tokens[self.first : self.behind])

    def with_entry(self, entry: _Entry, place: int, after: int) -> _Told:
        histologies = self.histologies
        if entry.histologies and not (histologies and set(entry.histologies) == {"carcinoma"}):
            histologies = tuple(
                dict.fromkeys(
                    entry.histologies if set(histologies) <= {"carcinoma"} else (*histologies, *entry.histologies)
                )
            )
        complete = entry.role in {Role.DISEASE, Role.HISTOLOGY, Role.HEAD}
        first = place if self.first < 0 else self.first
        return _Told(
            histologies,
            tuple(dict.fromkeys((*self.sites, *entry.sites))),
            self.is_complete or complete,
            self.narrows or entry.narrows,
            first,
            after,
        )

    def rule(self, tokens: Sequence[Token]) -> Rule:
        named: Rule = Diagnosis(self.histologies, self.sites)
        anything = not self.histologies and not self.sites
        if anything:
            named = AnyOf((Diagnosis(sites=_ANYWHERE), Diagnosis(histologies=("haematologic-neoplasm",))))
        if self.sites and not self.histologies and set(self.sites) & _SPREAD_TO and self._says_tumour(tokens):
            return AnyOf((named, Asked("Is it a tumour that has spread there?", Reason.NOT_COMPUTABLE)))
        if not self.narrows and not anything:
            return named
        # "Cancer" alone is seldom all there is to say: whoever has none is another's, but which is meant is asked.
        words = " ".join(each.text for each in tokens[self.first : self.behind])
        return AllOf((named, Asked(f"Is it this kind: {words}?", Reason.NOT_COMPUTABLE)))


@dataclass(slots=True)
class _Run:
    """Names as they are read: those that are whole, the one that is being read, and wide ones that others specify.

    ``broken``: half a name stood before an "or", so that what was read is not all that is meant.
    """

    tokens: Sequence[Token]
    first: int
    behind: int = -1
    told: _Told = field(default_factory=_Told)
    rules: list[Rule] = field(default_factory=list)
    wide: list[Rule] = field(default_factory=list)
    broken: bool = False

    def take(self, entry: _Entry, place: int, after: int) -> None:
        """Take in a phrase; a disease right behind another that is whole begins a name of its own."""
        if self.told.is_complete and entry.role is Role.DISEASE and self.told.named:
            self._end()
        self.told = self.told.with_entry(entry, place, after)
        if self.told.is_complete:
            self.behind = after

    def part(self, place: int) -> int:
        """Take in what parts names; behind a bracket or a colon stands what specifies the names before it."""
        token = self.tokens[place]
        if self.told.is_complete and (token.form in _JOINING or token.text in _PARTING):
            self._end()
            self.behind = place
        elif token.form in _JOINING and self.told.narrows and not self.told.named:
            self.broken = True
        if token.text in _SPECIFYING and self.rules and not self.wide:
            self.wide, self.rules = self.rules, []
        return place + 1

    def found(self) -> Found | None:
        """Give all that was read, if anything was."""
        if self.told.is_complete:
            self._end()
        either = [each for each in (_either(self.wide), _either(self.rules)) if each is not None]
        if not either:
            return None
        rule = either[0] if len(set(either)) == 1 else Readings(tuple(either))
        behind = _closed(self.tokens, self.first, self.behind)
        if self.broken:
            words = " ".join(each.text for each in self.tokens[self.first : behind])
            rule = AnyOf((rule, Asked(f"Is it one of these: {words}?", Reason.NOT_COMPUTABLE)))
        return Found(rule, self.first, behind)

    def _end(self) -> None:
        self.rules.append(self.told.rule(self.tokens))
        self.told = _Told()


_ANYWHERE = (
    "breast", "central-nervous-system", "digestive-system", "endocrine-system", "eye", "female-genital-system",
    "genitourinary-system", "head-neck", "male-genital-system", "nervous-system", "peritoneum-or-retroperitoneum",
    "respiratory-system", "skin", "soft-tissue", "bone", "thorax",
)  # fmt: skip
_SPREAD_TO = frozenset({"liver", "lung", "brain", "bone", "central-nervous-system", "spinal-cord", "adrenal-gland"})
"""Organs whose "tumours" may have begun elsewhere."""
_JOINING = frozenset({"and", "or", "versus", "plus"})
_PARTING = frozenset(",;/&(:")
_SPECIFYING = frozenset("(:")
_BRACKETED = 3
_BETWEEN = frozenset(",;/&()[]-–:'’.")


_SPREAD = re.compile(r"\bmetasta\w+ (?:[\w-]+ ){0,3}(?:in|to) the\b|\bmetastas[ei]s\b", re.IGNORECASE)
"""Where a tumour has spread to, which is not where it began."""


def _either(rules: Sequence[Rule]) -> Rule | None:
    kept = tuple(dict.fromkeys(rules))
    return None if not kept else kept[0] if len(kept) == 1 else AnyOf(kept)


def _closed(tokens: Sequence[Token], first: int, behind: int) -> int:
    """Take in what closes a bracket that was opened inside the name."""
    while behind < len(tokens) and tokens[behind].text in ")]" and _open(tokens[first:behind]):
        behind += 1
    return behind


def _open(tokens: Sequence[Token]) -> bool:
    return sum((each.text in "([") - (each.text in ")]") for each in tokens) > 0


def _turned(tokens: Sequence[Token], place: int) -> bool:
    """Say whether the words before a name turn it into others: "non-melanoma", "without lymphoma"."""
    before = [each.form for each in tokens[max(0, place - 2) : place] if each.sort is not Sort.SIGN]
    return bool(before) and before[-1] in {"non", "no", "not", "without", "than", "except", "excluding"}


_OF_CANCER = frozenset(
    [
        "cancer",
        "carcinoma",
        "tumor",
        "neoplasm",
        "malignancy",
        "lymphoma",
        "leukemia",
        "sarcoma",
        "melanoma",
        "myeloma",
        "glioma",
        "blastoma",
        "metastasis",
        "metastase",
        "carcinoid",
        "metastatic",
    ]
)


def _speaks_of_cancer(token: Token) -> bool:
    return token.form in _OF_CANCER or (token.sort is Sort.WORD and token.form.endswith(("oma", "sarcoma", "blastoma")))


def load_diseases(mappings: Path, vocabulary: Vocabulary) -> DiseaseNames:
    """Read the table; raise ``BadMapping`` with file and line for an unknown role or concept."""
    return DiseaseNames.of(_rows(mappings / "diseases.csv", vocabulary))


def _rows(path: Path, vocabulary: Vocabulary) -> Iterator[tuple[str, str, Sequence[str], Sequence[str], str]]:
    roles = {each.value for each in Role}
    for row in read_rows(path, path.name, COLUMNS, BadMapping):
        histologies, sites = row["histologies"].split(), row["sites"].split()
        for concept in (*histologies, *sites):
            if concept not in vocabulary.concepts:
                raise BadMapping(f"{row.place}: there is no concept {concept!r}")
        if row["role"] not in roles:
            raise BadMapping(f"{row.place}: {row['role']!r} is none of {', '.join(sorted(roles))}")
        yield row["phrase"], row["role"], histologies, sites, row["comment"]
