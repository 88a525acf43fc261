"""Lines of systemic treatment, counted from the courses on record. What is clinical opinion here is all in this room.

1. **What counts.** The drugs asked of, by a route into the whole body. Doses of a drug less than six weeks apart are
   one episode of it, and so are those less than three months apart with no progression recorded between.
2. **A regimen** is what was begun within four weeks of its first day: carboplatin, etoposide and atezolizumab are one.
3. **A new drug begun later opens a line**, with three exceptions. A platinum for a platinum, or a taxane for a taxane,
   within three months and with no progression between is a change for tolerance: the same line. A drug that is given
   as maintenance (checkpoint inhibitors, targeted drugs, pemetrexed, capecitabine, lurbinectedin) begun within three
   months of the end of what went before, with no progression between, may be either. So may a further drug where all
   of the treatment was meant to cure: sequences are planned. Treatment with palliative intent after one meant to cure
   is a new line.
4. **A drug of the line that goes on alone** is maintenance: the same line. **Given again** half a year or more after
   its last dose, or after a recorded progression, it opens a line; between three and six months it may.
5. **Treatment meant to cure** (adjuvant, neoadjuvant, curative) counts as a line in some protocols, mostly where the
   disease came back within six months, and not in others: it may be a line.
6. **Since a diagnosis**: only what was begun on or after its onset counts, and what was begun in the four weeks before
   may. Where only the day of recording is known, all treatment begun before that day may count.

So the count is a range. Dates that are not exact, courses without a beginning, codes or routes that are not sure, and
entries that name a class instead of a drug make it wider; each is counted both ways.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cds.core.courses import span
from cds.core.dates import PartialDate, days_later
from cds.core.routes import systemic
from cds.core.truth import Truth, any_of
from cds.core.vocabulary import ConceptKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cds.core.courses import Course
    from cds.core.progressions import Progression
    from cds.core.recognise import Case

REGIMEN_DAYS = 28
GOES_ON_DAYS, NEAR_DAYS, FAR_DAYS = 42, 90, 180
PALLIATIVE = "intent-palliative"
MEANT_TO_CURE = frozenset({"intent-adjuvant", "intent-neoadjuvant", "intent-curative"})
STANDS_IN = ("platinum", "taxane")
MAINTENANCE = ("immune-checkpoint-inhibitor", "targeted-therapy", "pemetrexed", "capecitabine", "lurbinectedin")
_FOLLOWED = 60
"""How many episodes are followed: the ways in which they can be lines grow with the cube of their number."""
_NOT, _MAYBE, _YES = Truth.UNMET, Truth.UNKNOWN, Truth.MET


@dataclass(frozen=True, slots=True)
class Episode:
    """Courses of one drug that follow each other closely. ``sure`` says that they count for certain.

    ``vague`` says that the entries name a class and not a drug.
    """

    name: str
    start: PartialDate
    end: PartialDate
    courses: tuple[Course, ...]
    sure: bool
    vague: bool = False
    intents: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Placed:
    """An episode with the fewest and the most lines up to and including its own."""

    episode: Episode
    fewest: int
    most: int


@dataclass(frozen=True, slots=True)
class Lined:
    """The lines of treatment: the fewest and the most there can have been, each episode's place, and what has none.

    ``undated`` are courses of which it is not known when they began.
    """

    fewest: int
    most: int
    placed: tuple[Placed, ...]
    undated: tuple[Course, ...]


def lined(
    courses: Sequence[Course], events: Sequence[Progression], case: Case, since: PartialDate | None = None
) -> Lined:
    """Count the lines that courses make; ``since`` is when the diagnosis was made that they are counted from."""
    heard = [course for course in courses if systemic(course, case) is not Truth.UNMET]
    undated = tuple(course for course in heard if course.entry.start is None)
    episodes = []
    for episode in _episodes(heard, events, case):
        counts = Truth.MET if since is None else _ge(episode.start, since)
        if counts is not Truth.UNMET:
            episodes.append(replace(episode, sure=episode.sure and counts is Truth.MET))
    placed = _placed(episodes, events, case)
    fewest, most = (placed[-1].fewest, max(each.most for each in placed)) if placed else (0, 0)
    if since is None and any(_counts(course, case) and not _intents([course], case) for course in undated):
        fewest = max(fewest, 1)
    return Lined(fewest, most + len(undated), placed, undated)


def _counts(course: Course, case: Case) -> bool:
    return course.doubt is None and systemic(course, case) is Truth.MET


def _ge(date: PartialDate, since: PartialDate) -> Truth:
    """Say whether a date is on or after another."""
    if date.earliest >= since.latest:
        return Truth.MET
    return Truth.UNKNOWN if date.latest >= since.earliest else Truth.UNMET


def _intents(courses: Iterable[Course], case: Case) -> frozenset[str]:
    return frozenset(
        meaning.concept
        for course in courses
        for meaning in case.vocabulary.meanings(course.entry.intent)
        if meaning.counts
    )


def _episodes(courses: Iterable[Course], events: Sequence[Progression], case: Case) -> list[Episode]:
    """Put the courses of each drug together to episodes, in the order of their beginning."""
    by_drug: dict[tuple[str, bool], list[Episode]] = defaultdict(list)
    for course in sorted(courses, key=_begins):
        start = course.entry.start
        if start is None:
            continue
        sure = _counts(course, case)
        concept = case.vocabulary.concepts.get(course.name)
        vague = concept is not None and concept.kind is ConceptKind.DRUG_CLASS
        begun = PartialDate(start.earliest, max(start.earliest, min(start.latest, case.known_on)))
        end = span(course.entry, case)[0]
        end = PartialDate(max(end.earliest, begun.earliest), max(end.latest, begun.latest))
        episode = Episode(course.name, begun, end, (course,), sure, vague, _intents((course,), case))
        before = by_drug[course.name, sure]
        if before and _goes_on(before[-1], episode, events):
            before[-1] = _fused(before[-1], episode)
        else:
            before.append(episode)
    found = [episode for episodes in by_drug.values() for episode in episodes]
    return sorted(found, key=lambda each: (each.start.earliest, each.start.latest, each.name, not each.sure))


def _begins(course: Course) -> tuple[dt.date, dt.date, str]:
    start = course.entry.start or PartialDate.on(dt.date.max)
    return start.earliest, start.latest, course.entry.reference


def _goes_on(before: Episode, after: Episode, events: Sequence[Progression]) -> bool:
    longest = (after.start.latest - before.end.earliest).days
    if longest < GOES_ON_DAYS or longest >= NEAR_DAYS:
        return longest < GOES_ON_DAYS
    return _progressed((before,), after, events) is Truth.UNMET


def _fused(before: Episode, after: Episode) -> Episode:
    ends = before.end, after.end
    end = PartialDate(max(each.earliest for each in ends), max(each.latest for each in ends))
    return replace(before, end=end, courses=before.courses + after.courses, intents=before.intents | after.intents)


def _placed(episodes: Sequence[Episode], events: Sequence[Progression], case: Case) -> tuple[Placed, ...]:
    """Go through the episodes and follow every way in which they can be lines.

    A way is known by the episode that opened its present line; what went before it is a lowest and a highest count. Of
    more episodes than can be followed, each may be a line of its own, or all of them one.
    """
    if len(episodes) > _FOLLOWED:
        return tuple(
            Placed(episode, _own(episodes[: place + 1])[0], place + 1) for place, episode in enumerate(episodes)
        )
    ways: dict[int, tuple[int, int]] = {}
    found: list[Placed] = []
    for place, episode in enumerate(episodes):
        after: dict[int, tuple[int, int]] = {}
        for first, before in ways.items():
            opens = _opens(episodes[first:place], episode, events, case)
            if opens is not _YES or not episode.sure:
                _widen(after, first, before)
            if opens is not _NOT:
                low, high = _own(episodes[first:place])
                _widen(after, place, (before[0] + low, before[1] + high))
        ways = after or {place: (0, 0)}
        counts = [(low, high, _own(episodes[first : place + 1])) for first, (low, high) in ways.items()]
        fewest = min(low + own[0] for low, _, own in counts)
        found.append(Placed(episode, fewest, max(high + own[1] for _, high, own in counts)))
    return tuple(found)


def _widen(ways: dict[int, tuple[int, int]], place: int, count: tuple[int, int]) -> None:
    low, high = ways.get(place, count)
    ways[place] = min(low, count[0]), max(high, count[1])


def _own(line: Sequence[Episode]) -> tuple[int, int]:
    """Give the fewest and the most that one line counts for: treatment meant to cure may count or not."""
    sure = any(each.sure for each in line)
    return (1 if sure and not _to_cure(line) else 0), 1


def _to_cure(line: Iterable[Episode]) -> bool:
    intents = frozenset[str]().union(*(each.intents for each in line))
    return bool(intents & MEANT_TO_CURE) and PALLIATIVE not in intents


def _opens(line: Sequence[Episode], episode: Episode, events: Sequence[Progression], case: Case) -> Truth:
    """Say whether an episode opens a new line after the one that has gone on up to it."""
    progressed = _progressed(line, episode, events)
    if episode.vague or all(each.vague for each in line):
        return _YES if _gap(line, episode)[0] >= FAR_DAYS else _MAYBE
    same = [each for each in line if each.name == episode.name]
    if same:
        return _again(same, episode, progressed)
    soonest = (episode.start.earliest - line[0].start.latest).days
    latest = (episode.start.latest - line[0].start.earliest).days
    if soonest <= REGIMEN_DAYS:
        return _NOT if latest <= REGIMEN_DAYS and progressed is not Truth.MET else _MAYBE
    if progressed is Truth.MET or (_to_cure(line) and PALLIATIVE in episode.intents):
        return _YES
    if _to_cure([*line, episode]) and _to_cure([episode]):
        return _MAYBE
    replaced = [each for each in line if _stands_in(each, episode, case)]
    if replaced:
        return _again(replaced, episode, progressed)
    maintains = episode.name in case.vocabulary.ingredients_of(MAINTENANCE)
    return _MAYBE if maintains and _gap(line, episode)[0] < NEAR_DAYS else _YES


def _again(earlier: Sequence[Episode], episode: Episode, progressed: Truth) -> Truth:
    """Say whether a drug given again, or one in its place, opens a line: by the time between and by progression."""
    shortest, longest = _gap(earlier, episode)
    if progressed is Truth.MET or shortest >= FAR_DAYS:
        return _YES
    return _NOT if longest < NEAR_DAYS and progressed is Truth.UNMET else _MAYBE


def _gap(earlier: Sequence[Episode], episode: Episode) -> tuple[int, int]:
    """Give the fewest and the most days between the last end of some episodes and the beginning of another."""
    last = max(each.end.latest for each in earlier)
    surely = max(each.end.earliest for each in earlier)
    return (episode.start.earliest - last).days, (episode.start.latest - surely).days


def _stands_in(one: Episode, other: Episode, case: Case) -> bool:
    members = (case.vocabulary.ingredients_of((name,)) for name in STANDS_IN)
    return any(one.name in each and other.name in each for each in members)


def _progressed(line: Sequence[Episode], episode: Episode, events: Sequence[Progression]) -> Truth:
    """Say whether the disease progressed after a line was begun and by the day on which an episode began."""
    return any_of(_between(line[0].start, each, episode.start) for each in events)


def _between(first: PartialDate, event: Progression, then: PartialDate) -> Truth:
    if max(event.when.earliest, days_later(first.earliest, 1)) > min(event.when.latest, then.latest):
        return Truth.UNMET
    surely = event.when.earliest > first.latest and event.when.latest <= then.earliest
    return Truth.MET if surely and event.sure else Truth.UNKNOWN
