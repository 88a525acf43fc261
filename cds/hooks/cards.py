"""Verdicts as cards: the best few trials one by one, then one card for the rest, or one that says what is not known.

A summary holds words of the trial and counts, nothing about the patient. Nothing fits and all was read: no cards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds.core.chart import Kind
from cds.core.explain import explain
from cds.core.finding import Cause
from cds.core.needs import needs_of
from cds.core.trial import OFFERED
from cds.core.truth import Truth
from cds.core.verdict import CohortVerdict, Standing, Verdict
from cds.core.vocabulary import Vocabulary
from cds.hooks.detail import Unread, detail_of, unread_text
from cds.hooks.markdown import bullets, link, shown
from cds.hooks.match import match_of
from cds.hooks.places import NOWHERE, Here, where
from cds.hooks.reasons import OVERRIDE_REASONS
from cds.hooks.steps import NO_STEPS, Steps
from cds.hooks.topics import about, about_trial, registry_link
from cds.hooks.wire import Card

if TYPE_CHECKING:
    from cds.core.trial import Trial

SUMMARY_LIMIT = 140
"""A summary stays below this, in characters and in UTF-16 units (https://cds-hooks.hl7.org/2.0/#card-attributes)."""

_SHOWN_TRIALS = 20
_SHOWN_REASONS = 6


@dataclass(frozen=True, slots=True)
class Telling:
    """How cards are told here: the words of the vocabulary, how many, whether drafts, and where card ids come from.

    ``quieted`` counts what could have been told and was dismissed before; ``steps`` is what the site offers to do next.
    ``statuses`` are those of trials that are told, and ``here`` the site's own facilities.
    """

    vocabulary: Vocabulary
    new_id: Callable[[], str]
    max_cards: int = 3
    show_drafts: bool = False
    quieted: int = 0
    steps: Steps = NO_STEPS
    statuses: frozenset[str] = OFFERED
    here: Here = NOWHERE


def tell(verdicts: Sequence[Verdict], unread: Unread, telling: Telling) -> tuple[Card, ...]:
    """Tell verdicts, best first, as cards: of the same standing what was reviewed, of that what is open at this site.

    ``unread`` is what could not be read of the kinds of entry that the trials need.
    """
    offered = [each for each in verdicts if may_be_told(each, telling)]
    offered.sort(key=lambda each: (each.trial.draft, not telling.here.is_open(each.trial, telling.statuses)))
    fitting = [each for each in offered if each.standing is Standing.CANDIDATE]
    fitting += [each for each in offered if each.standing is Standing.NEAR]
    possible = [each for each in offered if each.standing is Standing.POSSIBLE]
    if fitting:
        cards = [_trial_card(each, unread, telling) for each in fitting[: telling.max_cards]]
        rest = fitting[telling.max_cards :]
        return (*cards, _more_card(rest, possible, telling)) if rest or possible else _counting_quiet(cards, telling)
    if possible:
        return (_possible_card(possible, unread, telling),)
    if unread and any(_could_change(each, unread.kinds) for each in offered):
        return (_unread_card(unread, telling),)
    return ()


def may_be_told(verdict: Verdict, telling: Telling) -> bool:
    """Say whether a trial may be told at all: it takes patients, and it is no draft unless the site shows drafts."""
    return verdict.trial.offered(telling.statuses) and (telling.show_drafts or not verdict.trial.draft)


def _could_change(verdict: Verdict, kinds: frozenset[Kind]) -> bool:
    """Say whether what was not read could make a trial fit: tell the disease, or lift every obstacle of some cohort."""
    return verdict.standing is not Standing.NOT_RELEVANT and any(
        each.open and (_disease_not_read(each) or _obstacles_depend_on(each, kinds)) for each in verdict.cohorts
    )


def _disease_not_read(cohort: CohortVerdict) -> bool:
    return any(each.criterion.disease and each.finding.cause is Cause.NOT_READ for each in cohort.findings)


def _obstacles_depend_on(cohort: CohortVerdict, kinds: frozenset[Kind]) -> bool:
    obstacles = [each for each in cohort.findings if each.finding.truth is Truth.UNMET]
    return all(needs_of(each.criterion.rule).keys() & kinds for each in obstacles)


def _trial_card(verdict: Verdict, unread: Unread, telling: Telling) -> Card:
    trial, steps = verdict.trial, telling.steps
    suggestions = steps.suggestions(trial, telling.new_id)
    return Card(
        uuid=telling.new_id(),
        summary=_summary(verdict),
        indicator="info",
        detail=detail_of(verdict, telling.vocabulary, unread, where(trial, telling.here, telling.statuses)),
        source=about_trial(trial),
        suggestions=suggestions,
        selectionBehavior="any" if suggestions else None,
        overrideReasons=OVERRIDE_REASONS,
        links=(registry_link(trial), *steps.links(trial)),
        extension=match_of(verdict, telling.quieted),
    )


def _summary(verdict: Verdict) -> str:
    trial = verdict.trial
    name = "Candidate trial" if verdict.standing is Standing.CANDIDATE else "Near match"
    draft = " (draft)" if trial.draft else ""
    counts = [f"{count} {word}" for truth, word in _COUNTED if (count := len(verdict.having(truth)))]
    tail = f" ({trial.nct_id})" + "".join(f", {each}" for each in counts)
    return fitted(f"{name}{draft}: ", trial.title, tail)


_COUNTED = ((Truth.UNMET, "unmet"), (Truth.UNKNOWN, "to check"))


def fitted(head: str, middle: str, tail: str, most: int = SUMMARY_LIMIT - 1) -> str:
    """Join the three on one line, cutting the middle short so that all stays below the limit of a summary."""
    room = most - _units(head) - _units(tail)
    words = " ".join(middle.split())
    if _units(words) > room:
        while words and _units(words) > room - 1:
            words = words[:-1]
        words = words.rstrip() + "…"
    return f"{head}{words}{tail}"


def _units(text: str) -> int:
    """Count UTF-16 units, of which a text never has fewer than characters."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _more_card(rest: list[Verdict], possible: list[Verdict], telling: Telling) -> Card:
    said = []
    if rest:
        said.append(f"{_trials(len(rest), 'more trial')} may fit")
    if possible:
        said.append(f"{_trials(len(possible), 'trial' if not rest else 'further one')} possible but not certain")
    blocks = []
    if rest:
        blocks.append(f"**May fit too**\n\n{_listed(rest, telling)}")
    if possible:
        blocks.append(f"**Possible:** what was read does not show whether these fit\n\n{_listed(possible, telling)}")
    blocks += _quieted_text(telling)
    return _own_card("moreTrials", "; ".join(said), "\n\n".join(blocks), (*rest, *possible), telling)


def _possible_card(possible: list[Verdict], unread: Unread, telling: Telling) -> Card:
    reasons = _first(_SHOWN_REASONS, (reason for each in possible for reason in _reasons(each, telling.vocabulary)))
    blocks = ["**Why it is not certain**\n\n" + bullets([shown(each) for each in reasons])]
    blocks += [unread_text(unread)] if unread else []
    blocks.append(f"**Possible trials**\n\n{_listed(possible, telling)}")
    blocks += _quieted_text(telling)
    fit = "it fits" if len(possible) == 1 else "they fit"
    summary = f"{_trials(len(possible), 'trial')} possible: what was read does not show whether {fit}"
    return _own_card("possibleTrials", summary, "\n\n".join(blocks), tuple(possible), telling)


def _first(count: int, words: Iterable[str]) -> list[str]:
    """Give the first different words, and look no further: hundreds of trials may be possible."""
    found: dict[str, None] = {}
    for each in words:
        found[each] = None
        if len(found) == count:
            break
    return list(found)


def _reasons(verdict: Verdict, vocabulary: Vocabulary) -> list[str]:
    diseases = [each for each in verdict.findings if each.criterion.disease and each.finding.truth is Truth.UNKNOWN]
    told = [explain(each.finding, vocabulary) for each in diseases]
    told += (
        [f"{verdict.trial.nct_id}: not every line of its text is covered yet."] if not verdict.trial.complete else []
    )
    return told or [f"{verdict.trial.nct_id}: the records do not settle it."]


def _unread_card(unread: Unread, telling: Telling) -> Card:
    other = "other " if telling.quieted else ""
    lead = f"No {other}trial can be told to fit on what was read. What could not be read may matter:"
    summary = "Trials could not be checked fully: part of the record could not be read"
    detail = "\n\n".join([lead, unread_text(unread), *_quieted_text(telling)])
    return _own_card("notRead", summary, detail, (), telling)


def refusals_unread(why: str, telling: Telling) -> Card:
    """Tell, in the place of all other cards, that it could not be read whether the patient refuses research."""
    summary = "Trials are not told: whether this patient refuses research could not be read"
    lead = "There is something to tell of trials. It is left out: flags or consents against research could not be read."
    return _own_card("refusalsNotRead", summary, f"{lead}\n\n{bullets([shown(why)])}", (), telling)


def _quieted_text(telling: Telling) -> list[str]:
    """Say how many trials are left out because they were dismissed or just told, so that none is lost in silence."""
    count = telling.quieted
    return [f"Not shown, as dismissed or told before: {_trials(count, 'trial')}."] if count else []


def _counting_quiet(cards: list[Card], telling: Telling) -> tuple[Card, ...]:
    """Let the last card say how many trials are left out, where no card of several trials follows that would."""
    last = cards[-1]
    return (*cards[:-1], last.model_copy(update={"detail": "\n\n".join([last.detail, *_quieted_text(telling)])}))


def _own_card(topic: str, summary: str, detail: str, verdicts: tuple[Verdict, ...], telling: Telling) -> Card:
    return Card(
        uuid=telling.new_id(),
        summary=fitted("", summary, ""),
        indicator="info",
        detail=detail,
        source=about(topic),
        links=tuple(registry_link(each.trial) for each in verdicts[:_SHOWN_TRIALS]) or None,
    )


def _listed(verdicts: list[Verdict], telling: Telling) -> str:
    lines = [
        f"{link(each.trial.nct_id, each.trial.url)} {shown(each.trial.title)}{_if_here(each.trial, telling)}"
        for each in verdicts[:_SHOWN_TRIALS]
    ]
    more = len(verdicts) - _SHOWN_TRIALS
    return bullets([*lines, f"{more} more"] if more > 0 else lines)


def _if_here(trial: Trial, telling: Telling) -> str:
    return " (open at this site)" if telling.here.is_open(trial, telling.statuses) else ""


def _trials(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
