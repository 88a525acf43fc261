"""Orders that would close a trial, as cards: one per trial, which says plainly what would close it and for how long."""

from __future__ import annotations

from collections.abc import Sequence

from cds.core.chart import Lost
from cds.core.explain import explain
from cds.core.orders import Closed, Closing, Draft
from cds.core.verdict import Standing
from cds.core.vocabulary import Relation, Vocabulary
from cds.hooks.cards import Telling, fitted
from cds.hooks.detail import evidence_text, untold
from cds.hooks.markdown import bullets, link, shown
from cds.hooks.reasons import OVERRIDE_REASONS
from cds.hooks.topics import CLOSES, about, registry_link
from cds.hooks.wire import Card

_SHOWN_TRIALS = 20
_SHOWN_LOST = 5
_LONGEST_NAME = 40

_STANDINGS = {
    Standing.CANDIDATE: "Without the order, nothing that was read speaks against this trial.",
    Standing.NEAR: "Without the order, what stands in the way of this trial will pass, or may be corrected.",
    Standing.POSSIBLE: "Without the order, this trial is possible: nothing that was read speaks against it.",
}


def tell_orders(closed: Sequence[Closed], lost: Sequence[Lost], telling: Telling) -> tuple[Card, ...]:
    """Tell which trials the orders would close, best first; nothing where they close none.

    ``lost`` are the orders that could not be read: the cards that there are name them.
    """
    cards = tuple(_card(each, lost, telling) for each in closed[: telling.max_cards])
    rest = closed[telling.max_cards :]
    return (*cards, _more(rest, telling)) if rest else cards


def orders_unread(lost: Sequence[Lost], telling: Telling) -> tuple[Card, ...]:
    """Tell, where no card does, that orders could not be held against trials that the patient may fit.

    Without it, an order that nobody could read would look like one that closes nothing.
    """
    if not lost:
        return ()
    orders = "1 order" if len(lost) == 1 else f"{len(lost)} orders"
    return (
        Card(
            uuid=telling.new_id(),
            summary=f"{orders} could not be checked against trials this patient may fit",
            indicator="info",
            detail=_unread(lost),
            source=about("ordersNotRead"),
        ),
    )


def _card(closed: Closed, lost: Sequence[Lost], telling: Telling) -> Card:
    trial = closed.verdict.trial
    parts = [
        f"{shown(trial.title)}\n\n{_STANDINGS[closed.verdict.standing]}",
        _closings(closed, telling.vocabulary),
        _unread(lost),
        "The orders are taken to start today. This is no advice to leave a treatment out that the patient needs.",
    ]
    return Card(
        uuid=telling.new_id(),
        summary=_summary(closed, telling.vocabulary),
        indicator="warning",
        detail="\n\n".join(filter(None, parts)),
        source=about(f"{CLOSES}{trial.nct_id}"),
        overrideReasons=OVERRIDE_REASONS,
        links=(registry_link(trial),),
    )


def _summary(closed: Closed, vocabulary: Vocabulary) -> str:
    """Say what would close which trial, for which criterion; it holds nothing about the patient but the order."""
    first = closed.closings[0]
    more = len(closed.closings) - 1
    tail = f" and {more} more criteri{'on' if more == 1 else 'a'}" if more else ""
    head = f"{_ordering(first, vocabulary)} would close {closed.verdict.trial.nct_id}: "
    return fitted(head, first.found.criterion.label or first.found.criterion.id, tail)


def _ordering(closing: Closing, vocabulary: Vocabulary) -> str:
    names = _names(closing, vocabulary)
    if closing.together and len(names) > 1:
        return f"Ordering {len(names)} drugs or procedures together"
    return f"Ordering {fitted('', names[0], '', _LONGEST_NAME)}" + (f" (or {len(names) - 1} more)" if names[1:] else "")


def _names(closing: Closing, vocabulary: Vocabulary) -> list[str]:
    """Give what is ordered in the words of our tables: what an EHR calls an order may say more than what it is."""
    return list(dict.fromkeys(_name(each, vocabulary) for each in closing.drafts))


def _name(draft: Draft, vocabulary: Vocabulary) -> str:
    known = (
        each for code in draft.codes for each in vocabulary.meanings(code) if each.relation is not Relation.RELATED
    )
    return " with ".join(dict.fromkeys(vocabulary.display(each.concept) for each in known)) or draft.label


def _closings(closed: Closed, vocabulary: Vocabulary) -> str:
    lines = [_line(each, vocabulary) for each in closed.closings]
    return f"**Would become unmet ({len(lines)})**\n\n{bullets(lines)}"


def _line(closing: Closing, vocabulary: Vocabulary) -> str:
    finding = closing.found.finding
    names = _names(closing, vocabulary)
    by = ("together: " if closing.together and len(names) > 1 else "") + "; ".join(names)
    said = [f"**{shown(closing.found.criterion.label or closing.found.criterion.id)}** by ordering {shown(by)}:"]
    explained = explain(finding, vocabulary)
    said.append(shown(explained))
    ordered = {each.reference for each in closing.drafts}
    besides = tuple(each for each in untold(finding.evidence, explained) if each.reference not in ordered)
    if besides:
        said.append(f"On record besides: {evidence_text(besides)}.")
    said.append(_how_long(closing))
    return " ".join(said)


def _how_long(closing: Closing) -> str:
    """Say from which day it would be open again by time alone, as far as the order says when it ends."""
    finding = closing.found.finding
    if finding.resolves_on is not None:
        return f"As ordered, this would pass by itself on {finding.resolves_on.isoformat()}."
    if finding.clears_on is not None:
        return f"As ordered, time would remove this on {finding.clears_on.isoformat()}; what remains is then unknown."
    if closing.passes_after_end:
        return "The order names no end after which this would pass by itself."
    return "No day can be told on which time alone would remove this."


def _unread(lost: Sequence[Lost]) -> str:
    if not lost:
        return ""
    lines = [f"{shown(each.reference)}: {shown(each.why)}" for each in lost[:_SHOWN_LOST]]
    more = len(lost) - _SHOWN_LOST
    return f"**Orders that could not be read**\n\n{bullets([*lines, f'{more} more'] if more > 0 else lines)}"


def _more(rest: Sequence[Closed], telling: Telling) -> Card:
    count = len(rest)
    lines = [f"{_trial(each)} {_reason(each, telling.vocabulary)}" for each in rest]
    shown_lines = lines[:_SHOWN_TRIALS] + ([f"{count - _SHOWN_TRIALS} more"] if count > _SHOWN_TRIALS else [])
    return Card(
        uuid=telling.new_id(),
        summary=f"These orders would close {count} more trial{'' if count == 1 else 's'}",
        indicator="warning",
        detail=f"**Would be closed too**\n\n{bullets(shown_lines)}",
        source=about(f"{CLOSES}MoreTrials"),
        links=tuple(registry_link(each.verdict.trial) for each in rest[:_SHOWN_TRIALS]),
    )


def _trial(closed: Closed) -> str:
    return link(closed.verdict.trial.nct_id, closed.verdict.trial.url)


def _reason(closed: Closed, vocabulary: Vocabulary) -> str:
    by = [f"{_ordering(each, vocabulary)}: {each.found.criterion.label}" for each in closed.closings]
    return "; ".join(map(shown, by))
