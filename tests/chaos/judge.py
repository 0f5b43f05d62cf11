"""Judges a finished run: set equality between what went in and what came out, and no wrong on the way. Pure.

It is handed what Kafka, the processes and Nova's witness tell; it asks nobody.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

from kasugai.core.telling.incident_views import IncidentView, Seen
from kasugai.core.words.facts import Fact, FactKind, StepState
from kasugai.core.words.incident import Open, Phase
from kasugai.core.words.verdicts import Reason, Verdict

Spot = tuple[str, int, int]
"""Topic, partition and offset of a record."""

BUG_CODES = (2, 70, 72)
"""Exit codes after which something is wrong with the product, not with what it stands on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Everything that a run left behind."""

    faults: Mapping[UUID, str]
    """Every fault that Kafka has acknowledged, with its host."""
    seen: Sequence[Seen]
    """All records about incidents."""
    views: Sequence[IncidentView]
    """The same, folded."""
    losses: Mapping[str, int]
    """How often each host was lost."""
    breaches: Sequence[Mapping[str, str]]
    """What the witness wrote down."""
    guests: Mapping[str, Mapping[str, object]]
    """Nova's record of every guest, with `runs_on`, by uuid."""
    off: frozenset[str]
    """Hosts without power."""
    ends: Sequence[tuple[str, int, str]] = ()
    """Processes that ended by themselves: name, exit code, last line."""
    leases: Sequence[str] = ()
    """Subjects that are leased although everything is over, by name."""
    dead_letters: Mapping[str, int] = field(default_factory=dict)
    """Those of records that a bad neighbour has not sent, by topic."""
    wrongs: Sequence[str] = ()
    """What was done to guests and services that must not be (`parts`)."""
    left: Sequence[str] = ()
    """Services that are disabled and that nobody holds."""
    doomed: Mapping[Spot, str] = field(default_factory=dict)
    """Every record of his that must become a dead letter, and why."""
    buried: frozenset[Spot] = frozenset()
    """Every record that became one."""
    isolations: Mapping[str, int] = field(default_factory=dict)
    """How often each host was cut off from everything: only then may it be switched off while it lives."""
    away: Sequence[str] = ()
    """Hosts that were switched on again, whose agents beat, and that nobody has taken back into service."""
    mute: Sequence[str] = ()
    """Hosts with power whose agents are not heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A run's figures, and what is wrong with it."""

    incidents: int
    guests: int
    """Evacuations in all plans."""
    held: int
    """Incidents that ended in a hold, each with its reason."""
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    shot: tuple[str, ...]
    other: tuple[str, ...]
    longest_pause: float
    """Seconds for which nobody said a word about an open incident."""
    paused: str = ""
    """Between which two words that was."""
    holds: Mapping[str, int] = field(default_factory=dict)
    idle: int = 0
    """Incidents of hosts that are off and were recovered before, which found nothing to do."""

    @property
    def violations(self) -> tuple[str, ...]:
        """Everything that is wrong."""
        return (*self.lost, *self.doubled, *self.shot, *self.other)


def judge(told: Told) -> Judgement:
    """Return what there is to say about a run."""
    views = [view for view in told.views if view.incident is not None]
    held = [view for view in views if is_held(view)]
    longest, between = max(map(pause, views), default=(0.0, ""))
    return Judgement(
        incidents=len(views),
        guests=sum(len(view.instances) for view in views),
        held=len(held),
        idle=len(_idle(told, views)),
        holds=dict(Counter(view.why.split(":")[0] for view in held)),
        lost=(
            *_unjudged(told),
            *_unburied(told),
            *_unended(views),
            *_left(views),
            *_unopened(told, views),
            *(f"host {host} is on again and was not taken back into service" for host in told.away),
        ),
        doubled=(
            *_breaches(told, "doubled", "ran-twice"),
            *_opened_twice(told.seen),
            *_too_many(told, views),
            *told.wrongs,
        ),
        shot=(*_breaches(told, "shot"), *_fenced_alive(told)),
        other=(
            *_bugs(told),
            *(f"the agent of {host} is not heard" for host in told.mute),
            *_untidy(told),
            *_astray(told, held),
            *_disabled(told, held),
        ),
        longest_pause=longest,
        paused=between,
    )


def _unburied(told: Told) -> list[str]:
    """A record that cannot be taken is put aside, not passed over."""
    return [
        f"{topic}/{partition} at {offset} is no dead letter: {why}"
        for (topic, partition, offset), why in told.doomed.items()
        if (topic, partition, offset) not in told.buried
    ]


def is_return(view: IncidentView) -> bool:
    """Whether it brought a host back that another incident had recovered."""
    orders = (seen.value for seen in view.records if isinstance(seen.value, Open))
    return view.subject.is_host and any(order.undoes is not None for order in orders)


def is_over(view: IncidentView) -> bool:
    """Whether correlate has closed it: an answer alone closes nothing, another attempt may follow."""
    return view.until is not None


def is_held(view: IncidentView) -> bool:
    """Whether it waits, with a reason that a worker gave."""
    last = [seen.value for seen in view.records if isinstance(seen.value, Fact)]
    holds = [fact for fact in last if fact.kind is FactKind.HELD and fact.reason]
    return not is_over(view) and view.phase is Phase.HELD and bool(holds)


def unjudged(faults: Iterable[UUID], seen: Iterable[Seen]) -> set[UUID]:
    """Return the faults that no verdict names."""
    named = {
        evidence.event_id for one in seen if isinstance(one.value, Verdict) for evidence in one.value.evidence
    }
    return set(faults) - named


def pause(view: IncidentView) -> tuple[float, str]:
    """Return the longest time in seconds between two records of an incident before its end, and which ones."""
    records = sorted(
        (seen for seen in view.records if view.until is None or seen.at <= view.until),
        key=lambda seen: seen.at,
    )
    gaps = [
        ((after.at - before.at) / 1000, f"{view.host}: {_word(before)} ... {_word(after)}")
        for before, after in pairwise(records)
    ]
    return max(gaps, default=(0.0, ""))


def _word(seen: Seen) -> str:
    match seen.value:
        case Fact(kind=kind, reason=reason, author=author):
            return f"{kind} {reason} by {author}".replace("  ", " ")
        case Verdict(verb=verb, reason=reason):
            return f"{verb} ({reason})"
        case other:
            return type(other).__name__


def _unjudged(told: Told) -> list[str]:
    missing = unjudged(told.faults, told.seen)
    return [f"fault {fault} about {told.faults[fault]} has no verdict" for fault in sorted(missing, key=str)]


def _unended(views: Iterable[IncidentView]) -> list[str]:
    return [
        f"incident {view.incident} about {view.host} is {view.phase} ({view.why}): neither ended nor held"
        for view in views
        if not is_over(view) and not is_held(view)
    ]


def _left(views: Iterable[IncidentView]) -> list[str]:
    """Guests of a plan without a terminal step. A hold is told, with its reason, and counted apart."""
    return [
        f"guest {step.step.name} of {view.host} (incident {view.incident}) has no terminal step: {step.word}"
        for view in views
        if is_over(view) and view.phase is not Phase.WITHDRAWN
        for step in view.instances
        if step.record is None or not step.record.state.is_final
    ]


def _unopened(told: Told, views: Sequence[IncidentView]) -> list[str]:
    """Each loss of a host is an incident."""
    idle = _idle(told, views)
    about = Counter(
        view.host for view in views if view.subject.is_host and not is_return(view) and view not in idle
    )
    return [
        f"host {host} was lost {number} times and has {about[host]} incidents"
        for host, number in told.losses.items()
        if about[host] < number
    ]


def _opened_twice(seen: Iterable[Seen]) -> list[str]:
    """One publication of an incident has one number; two different ones with the same number are two decisions."""
    numbers: dict[tuple[UUID, int, int], set[str]] = {}
    for one in seen:
        if isinstance(one.value, Open):
            order = one.value
            numbers.setdefault((order.incident, order.attempt, order.n), set()).add(repr(order))
    return [
        f"incident {key[0]} has {len(found)} different publications numbered {key[2]}"
        for key, found in numbers.items()
        if len(found) > 1
    ]


def _too_many(told: Told, views: Sequence[IncidentView]) -> list[str]:
    """One loss is one incident, however often it is told. One that waits for a person and has done nothing is told as
    HELD: a mistaken report and a lying agent are two kinds of witnesses, and may well open it."""
    hosts = [
        view
        for view in views
        if view.subject.is_host
        and not is_return(view)
        and view.phase is not Phase.WITHDRAWN
        and view not in _idle(told, views)
    ]
    acted = Counter(view.host for view in hosts if not _waits(view))
    return [
        f"host {host} has {number} incidents for {told.losses.get(host, 0)} losses"
        for host, number in acted.items()
        if number > told.losses.get(host, 0)
    ]


def _idle(told: Told, views: Sequence[IncidentView]) -> list[IncidentView]:
    """Incidents of hosts that were lost and recovered before, and are off still: a further witness spoke of them, their
    power reads off, and there was nothing left to do. They are told, and no violation: nobody is moved by them."""
    recovered: set[str] = set()
    found = []
    for view in sorted(views, key=lambda view: view.records[0].at):
        if not view.subject.is_host or is_return(view):
            continue
        if view.host in recovered and told.losses.get(view.host, 0) and not view.instances:
            found.append(view)
        elif view.phase is Phase.RECOVERED:
            recovered.add(view.host)
    return found


def _waits(view: IncidentView) -> bool:
    """Whether it is held, and nothing was done: what it had begun, if anything, was never carried out."""
    facts = [seen.value for seen in view.records if isinstance(seen.value, Fact)]
    last = {fact.step.key: fact.step.state for fact in facts if fact.step is not None}
    did = bool(last) or any(fact.effects for fact in facts)
    never = bool(last) and all(state is StepState.ABSOLVED for state in last.values())
    return is_held(view) and (never or not did)


def _breaches(told: Told, *wrong: str) -> list[str]:
    return [
        f"{breach['wrong']}: {breach['subject']}: {breach['detail']}"
        for breach in told.breaches
        if breach["wrong"] in wrong
    ]


def _fenced_alive(told: Told) -> list[str]:
    """A host that lives may be switched off if its own silence, its peers and Nova's record agree, and only then."""
    fenced = Counter(breach["subject"] for breach in told.breaches if breach["wrong"] == "fenced")
    return [
        f"host {host} was switched off {number} times while it lived, and cut off {told.isolations.get(host, 0)} times"
        for host, number in fenced.items()
        if number > told.isolations.get(host, 0)
    ]


def _bugs(told: Told) -> list[str]:
    return [
        f"{name} ended by itself with {code}: {last}"
        for name, code, last in told.ends
        if code in BUG_CODES or code < 0
    ]


def _untidy(told: Told) -> list[str]:
    leases = [f"{name} is still leased" for name in told.leases]
    letters = [f"{topic} has {number} dead letters" for topic, number in told.dead_letters.items()]
    return leases + letters


def _astray(told: Told, held: Sequence[IncidentView]) -> list[str]:
    """Guests that are not where they should be although nothing is held: on a dead host, or not as they were. A guest
    whose host is suspected waits without an incident, and that is told."""
    waiting = [view for view in told.views if view.incident is None and _waits_for_its_host(view)]
    excused = {step.step.subject for view in held for step in view.instances} | {
        view.subject.detail for view in (*held, *waiting)
    }
    return [
        f"guest {guest['name']} is {guest['vm_state']} on {guest['host']} and runs on {guest['runs_on'] or 'nothing'}"
        for uuid, guest in told.guests.items()
        if uuid not in excused and not _is_well(guest, told.off)
    ]


def _waits_for_its_host(view: IncidentView) -> bool:
    return view.phase is Phase.HELD and view.why.startswith(Reason.HOST_FIRST)


def _disabled(told: Told, held: Sequence[IncidentView]) -> list[str]:
    """Services that are left disabled although nothing about their host is held, and none waits for a suspected one."""
    excused = {view.host for view in held}
    excused |= {view.host for view in told.views if view.incident is None and _waits_for_its_host(view)}
    return [line for line in told.left if not any(f"host {host} " in line for host in excused)]


def _is_well(guest: Mapping[str, object], off: frozenset[str]) -> bool:
    runs = [guest["host"]] if guest["wanted"] == "active" else []
    as_it_was = guest["vm_state"] == guest["wanted"] and guest["task_state"] is None
    return as_it_was and guest["host"] not in off and guest["runs_on"] == runs
