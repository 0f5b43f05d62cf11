"""What was decided beside what would be: which incidents, fencings and evacuations differ, and which decisions. Pure.

Both sides are records as topics hold them. Incidents are the same if their ids are (an id follows from what opened it);
of the others two about one subject within an hour are compared as one that went otherwise. Times are those of the
decisions, to the millisecond: where nothing has changed nothing differs.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import zip_longest
from uuid import UUID

from kasugai.core.telling.incident_views import IncidentView, Seen, fold
from kasugai.core.telling.narrate import narrate_verdict
from kasugai.core.telling.progress import close_of
from kasugai.core.words.actions import Meaning
from kasugai.core.words.facts import FactKind
from kasugai.core.words.incident import Open, Phase
from kasugai.core.words.subject import OfSubject, Subject
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.core.words.verdicts import Verb, Verdict

SAME_OUTAGE: Millis = Millis(3_600_000)
"""Two incidents about one subject that open within this are taken for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story(OfSubject):
    """What a comparison knows of an incident."""

    incident: UUID
    subject: Subject
    segment: str
    opened_at: BrokerTime
    why: str
    """The reason of the verdict that opened it."""
    end: Phase
    """Where it stood at last."""
    ended_at: BrokerTime | None
    undoes: bool
    """Whether it brought back what another one had taken out of service."""
    fencings: int | None
    moves: int | None
    """How many hosts were fenced and guests moved, or begun to be; None: nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incidents:
    """One incident as it was and as it would be; one of the two may be missing."""

    was: Story | None
    would: Story | None
    instead: Verdict | None = None
    """Where one is missing: what was, or would be, decided about its subject by then."""

    @property
    def story(self) -> Story:
        """The one that is there; of both the one that was."""
        story = self.was or self.would
        assert story is not None
        return story


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """One decision as it was and as it would be: another one, at another time, or missing on one side."""

    was: Verdict | None
    would: Verdict | None

    @property
    def at(self) -> BrokerTime:
        """When the first of them was, or would be."""
        return min(each.at for each in (self.was, self.would) if each is not None)

    @property
    def subject(self) -> Subject:
        """Whom it is about."""
        either = self.was or self.would
        assert either is not None
        return either.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All that differs, in the order of time."""

    incidents: tuple[Incidents, ...]
    decisions: tuple[Decisions, ...]
    same_incidents: int
    same_decisions: int

    @property
    def differs(self) -> bool:
        """Whether anything does."""
        return bool(self.incidents or self.decisions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which decisions are compared: those from `begin` on, up to, without, `end`."""

    begin: BrokerTime
    end: BrokerTime

    def has(self, at: BrokerTime) -> bool:
        """Whether a decision of that time is compared."""
        return self.begin <= at < self.end


def compare(
    was: Iterable[Seen], would: Iterable[Seen], window: Window, assumed: Mapping[UUID, UUID | None]
) -> Comparison:
    """Compare two sets of records. `assumed`: the incidents that would be and that no worker has answered, with the
    one that was whose recovery stands in for theirs (None: nobody knows how much there was to do)."""
    was, would = list(was), list(would)
    old, new = stories(was, window), stories(would, window)
    known = {story.incident: story for story in old}
    new = [_assumed(story, known, assumed) for story in new]
    pairs = _paired(old, new)
    verdicts = _verdicts(was, window), _verdicts(would, window)
    other, same = _other_decisions(*verdicts)
    told = [_instead(pair, *verdicts) for pair in pairs if _differs(pair)]
    return Comparison(
        incidents=tuple(sorted(told, key=lambda pair: (pair.story.opened_at, pair.story.subject))),
        decisions=tuple(sorted(other, key=lambda each: (each.at, each.subject))),
        same_incidents=len(pairs) - len(told),
        same_decisions=same,
    )


def stories(seen: Sequence[Seen], window: Window) -> list[Story]:
    """Return the incidents that were opened in a time, in its order."""
    views = [view for view in fold(seen) if view.incident is not None]
    found = [story for view in views if (story := _story(view)) is not None]
    return sorted((s for s in found if window.has(s.opened_at)), key=lambda s: (s.opened_at, s.subject))


def _story(view: IncidentView) -> Story | None:
    """Return an incident's story; None of one whose opening is not among the records."""
    orders = [seen.value for seen in view.records if isinstance(seen.value, Open)]
    first = next((order for order in orders if order.n == 1), None)
    verdicts = [seen.value for seen in view.records if isinstance(seen.value, Verdict)]
    if first is None or view.incident is None:
        return None
    closing = close_of(verdicts)
    return Story(
        incident=view.incident,
        subject=view.subject,
        segment=view.segment,
        opened_at=first.decided_at,
        why=next((str(v.reason) for v in verdicts if v.verb is Verb.OPEN), ""),
        end=view.phase,
        ended_at=closing.at if closing is not None else None,
        undoes=first.undoes is not None,
        fencings=_begun(view, Meaning.FENCED),
        moves=_begun(view, Meaning.MOVED),
    )


def _begun(view: IncidentView, meaning: Meaning) -> int:
    """How many of the subjects of such steps are not as they were."""
    facts = [seen.value for seen in view.records if not isinstance(seen.value, Verdict)]
    steps = [fact.step for fact in facts if getattr(fact, "kind", None) in _BEGUN]  # type: ignore[union-attr]
    return len({step.key for step in steps if step is not None and step.words.meaning is meaning})


_BEGUN = frozenset({FactKind.STARTED, FactKind.DONE})


def _assumed(story: Story, known: Mapping[UUID, Story], assumed: Mapping[UUID, UUID | None]) -> Story:
    """What would have been done in an incident that nobody has carried out: as much as in the one that was; where there
    was none, a host is fenced once, and of its guests nobody knows."""
    if story.incident not in assumed:
        return story
    model = known.get(assumed[story.incident] or story.incident)
    if model is not None and model.undoes == story.undoes:
        return replace(story, fencings=model.fencings, moves=model.moves)
    is_fenced = story.subject.is_host and not story.undoes
    return replace(story, fencings=1 if is_fenced else 0, moves=None if is_fenced else 0)


def _paired(old: Sequence[Story], new: Sequence[Story]) -> list[Incidents]:
    """Return each incident once: by its id, then with the nearest one about the same subject."""
    ids = {story.incident: story for story in new}
    pairs = [Incidents(was=story, would=ids.pop(story.incident, None)) for story in old]
    left = list(ids.values())
    for place, pair in enumerate(pairs):
        near = [story for story in left if pair.would is None and _is_same_outage(pair.story, story)]
        if near:
            would = min(near, key=lambda s: (abs(s.opened_at - pair.story.opened_at), s.opened_at))
            left.remove(would)
            pairs[place] = replace(pair, would=would)
    return pairs + [Incidents(was=None, would=story) for story in left]


def _is_same_outage(one: Story, other: Story) -> bool:
    is_near = abs(one.opened_at - other.opened_at) <= SAME_OUTAGE
    return one.subject == other.subject and one.undoes == other.undoes and is_near


def _differs(pair: Incidents) -> bool:
    if pair.was is None or pair.would is None:
        return True
    return replace(pair.was, incident=pair.would.incident) != pair.would


def _instead(pair: Incidents, was: "Told", would: "Told") -> Incidents:
    if pair.was is not None and pair.would is not None:
        return pair
    others = (would if pair.would is None else was).get(pair.story.subject.name, [])
    until = [verdict for verdict in others if verdict.at <= pair.story.opened_at]
    return replace(pair, instead=until[-1] if until else None)


Told = Mapping[str, list[Verdict]]
"""By subject: what was decided about it, in the order of its log, each once."""


def _verdicts(seen: Iterable[Seen], window: Window) -> Told:
    """The order is that of the records; what was published again is left out."""
    found: dict[str, dict[object, Verdict]] = defaultdict(dict)
    for each in seen:
        if isinstance(each.value, Verdict) and window.has(each.value.at):
            found[each.value.subject.name].setdefault(each.value.verdict_id, each.value)
    return {name: list(verdicts.values()) for name, verdicts in found.items()}


def _other_decisions(was: Told, would: Told) -> tuple[list[Decisions], int]:
    """Return what differs, and how many decisions do not."""
    other: list[Decisions] = []
    same = 0
    for name in sorted({*was, *would}):
        old, new = was.get(name, []), would.get(name, [])
        pairs = list(_side_by_side(old, new))
        differing = [pair for pair in pairs if not _is_same(pair)]
        same += len(pairs) - len(differing)
        other += differing
    return other, same


def _side_by_side(old: Sequence[Verdict], new: Sequence[Verdict]) -> Iterator[Decisions]:
    """Yield the decisions about one subject in their order, the same ones beside one another."""
    words = [_word(verdict) for verdict in old], [_word(verdict) for verdict in new]
    if words[0] == words[1]:
        yield from (Decisions(was=a, would=b) for a, b in zip(old, new, strict=True))
        return
    for _, begin, end, first, last in SequenceMatcher(None, *words, autojunk=False).get_opcodes():
        pairs = zip_longest(old[begin:end], new[first:last])
        yield from (Decisions(was=a, would=b) for a, b in pairs)


def _is_same(pair: Decisions) -> bool:
    one, other = pair.was, pair.would
    return one is not None and other is not None and (one.at, _word(one)) == (other.at, _word(other))


def _word(verdict: Verdict) -> tuple[object, ...]:
    """What makes it the same decision, but for its time."""
    return narrate_verdict(verdict), verdict.also, verdict.detail, verdict.count
