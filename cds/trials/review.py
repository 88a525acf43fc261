"""A draft as a definition that a coordinator edits: YAML, each criterion below the lines of the registry's text.

The registry's lines stand as comments; what is written is read back as the very trial that it was written from, and
``trialcards trials lint`` takes it while it is marked a draft.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml

from cds.trials.drafting import heading_lines
from cds.trials.records import text_sha256
from cds.trials.writing import written_criterion

if TYPE_CHECKING:
    from cds.core.criteria import Criterion
    from cds.core.trial import Cohort, Trial
    from cds.trials.layering import Flag
    from cds.trials.study import Study

__all__ = ["review_text"]

_WIDTH = 120
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""What YAML takes for a line's end, or does not take at all (YAML 1.2, 5.1: ``c-printable``)."""


def review_text(trial: Trial, study: Study, headings: Sequence[int] | None = None, flags: Sequence[Flag] = ()) -> str:
    """Write a trial as the file that a definition is, with the registry's lines and what should be looked at.

    Raises :class:`~cds.errors.BadTrial` for a rule that no file can hold.
    """
    lines = study.text.split("\n") if study.text else []
    every = (*trial.criteria, *(each for cohort in trial.cohorts for each in cohort.criteria))
    found = heading_lines(study.text, every) if headings is None else tuple(headings)
    parts = [
        _comment(f"{study.nct_id}: {trial.title}"),
        *(_comment(f"TO LOOK AT: {each}") for each in flags),
        _yaml(_head(trial, study, lines, found)),
        "criteria:",
        *_criteria(trial.criteria, lines),
    ]
    if trial.cohorts:
        parts += ["cohorts:", *(_cohort(each) for each in trial.cohorts)]
    return "\n".join(part.rstrip("\n") for part in parts) + "\n"


def _head(trial: Trial, study: Study, lines: Sequence[str], headings: Sequence[int]) -> Mapping[str, Any]:
    return {
        "nct_id": trial.nct_id,
        "title": _printable(trial.title),
        "version": trial.version if not trial.draft else f"{study.updated or 'undated'}.1",
        "record": {
            "date": study.updated or None,
            "status": study.status,
            "lines": len(lines),
            "blank": [at for at, line in enumerate(lines, 1) if not line.strip()],
            "sha256": text_sha256(study.text) if lines else "",
        },
        "complete": trial.complete,
        "draft": trial.draft,
        "reviewer": trial.reviewer,
        "reviewed_on": trial.reviewed_on.isoformat() if trial.reviewed_on else None,
        **({"note": " ".join(trial.note.split())} if trial.note else {}),
        **({"purpose": " ".join(trial.purpose.split())} if trial.purpose else {}),
        **({"phases": list(trial.phases)} if trial.phases else {}),
        **({"sites": list(trial.sites)} if trial.sites else {}),
        "headings": list(headings),
    }


def _criteria(criteria: Iterable[Criterion], lines: Sequence[str]) -> Iterator[str]:
    """Write criteria in the order of their lines, each below those lines of the text that come before it."""
    told = 0
    for each in sorted(criteria, key=lambda criterion: min(criterion.lines, default=0)):
        last = max(each.lines, default=0)
        yield from _lines(lines, told, last)
        told = max(told, last)
        yield _item(each)
    yield from _lines(lines, told, len(lines))


def _lines(lines: Sequence[str], told: int, last: int) -> Iterator[str]:
    for at in range(told + 1, min(last, len(lines)) + 1):
        if lines[at - 1].strip():
            yield _comment(f"{at:>3} | {lines[at - 1].rstrip()}")


def _item(criterion: Criterion) -> str:
    return _indented(_yaml([written_criterion(criterion)]))


def _cohort(cohort: Cohort) -> str:
    told = {
        "id": cohort.id,
        "label": cohort.label,
        "open": cohort.open,
        "criteria": [written_criterion(each) for each in cohort.criteria],
    }
    return _indented(_yaml([told]))


def _yaml(value: object) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH - 4)


class _Dumper(yaml.SafeDumper):
    """Writes lists of words and numbers in one line, and never the mark of a value that stood before."""

    def ignore_aliases(self, data: object) -> bool:
        """Write everything out: who edits one criterion must not change another."""
        del data
        return True


def _list(dumper: _Dumper, value: list[object]) -> yaml.Node:
    plain = all(isinstance(each, int | str) for each in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=plain)


_Dumper.add_representer(list, _list)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" if line else "" for line in text.rstrip("\n").split("\n"))


def _comment(text: str) -> str:
    return f"# {_printable(text)}"


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", text)
