"""Hypothesis strategies for whole mailboxes: what observers, workers, operators and the clock may say, in any order.

A script is a list of moves; playing it resolves what a move can only mean then (the open incident, the next version).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from hypothesis import settings
from hypothesis import strategies as st

from kasugai.core.deciding.rows import SubjectRow
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Command, Fault, Instruction, Limit, Outcome, Source, Symptom
from kasugai.core.words.subject import Kind, host_subject
from kasugai.core.words.timing import Millis
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import INCIDENT, down, fact, host, segment, uuid_of
from tests.unit.core.story import Story

MORE = int(os.environ.get("KASUGAI_EXAMPLES", "0"))


def examples(count: int) -> settings:
    """Return settings for so many examples, the same ones every day; KASUGAI_EXAMPLES=20 tries 20 times as many new
    ones."""
    return settings(max_examples=count * max(1, MORE), derandomize=not MORE, deadline=None)


HOSTS = ("cmp1", "cmp2")
MOSTLY = ("cmp1", "cmp1", "cmp1", "cmp2")
"""Stories become of interest when one host has most of the trouble."""
TESTIMONY = [source for source in Source if source not in (Source.REPORTED, Source.POWER)]


@dataclass(frozen=True)
class Say:
    """An observer speaks."""

    fault: Fault


@dataclass(frozen=True)
class Work:
    """A worker speaks about a host's open incident, or about none of ours."""

    host: str
    kind: FactKind
    epoch: int
    behind: int
    """How many publications it is behind."""
    result: Result
    effects: bool
    ours: bool


@dataclass(frozen=True)
class Describe:
    """An operator writes a description."""

    host: str
    """Empty for the segment."""
    allowed: bool
    confirm_after: int


@dataclass(frozen=True)
class Bid:
    """An operator gives a command."""

    order: Instruction
    host: str
    """Empty for the segment."""
    by_incident: bool
    limit: Limit | None
    again: bool
    """Whether it is a copy of the command before it."""


@dataclass(frozen=True)
class Pass:
    """Time passes; a tick follows, or nobody was there to strike one."""

    seconds: float
    ticks: int


Move = Say | Work | Describe | Bid | Pass

EPISODES = ("e1", "e2", "e3")


def faults(
    symptoms: list[Symptom], sources: list[Source] | None = None, *, asserted: bool = False
) -> st.SearchStrategy[Fault]:
    """Return a strategy for faults of two hosts, each by one of two observers of its kind."""

    def make(source: Source, symptom: Symptom, name: str, number: int, episode: str, vouch: bool) -> Fault:
        return down(
            source, episode, host=name, symptom=symptom, observer=f"{source}/{number}", asserted=vouch
        )

    return st.builds(
        make,
        st.sampled_from(sources or list(Source)),
        st.sampled_from(symptoms),
        st.sampled_from(MOSTLY),
        st.integers(1, 2),
        st.sampled_from(EPISODES),
        st.booleans() if asserted else st.just(False),
    )


works = st.builds(
    Work,
    host=st.sampled_from(MOSTLY),
    kind=st.sampled_from([kind for kind in FactKind if kind.is_outcome]),
    epoch=st.sampled_from([1, 2, 2, 3]),
    behind=st.sampled_from([0, 0, 0, 1]),
    result=st.sampled_from(Result),
    effects=st.booleans(),
    ours=st.sampled_from([True] * 6 + [False]),
)
describes = st.builds(
    Describe,
    host=st.sampled_from(["", *HOSTS]),
    allowed=st.sampled_from([True, True, False]),
    confirm_after=st.sampled_from([0, 4_000, 20_000]),
)
bids = st.builds(
    Bid,
    order=st.sampled_from([*Instruction, Instruction.RETRY]),
    host=st.sampled_from(["", "", *MOSTLY]),
    by_incident=st.booleans(),
    limit=st.sampled_from([*Limit, None]),
    again=st.sampled_from([False] * 5 + [True]),
)
passes = st.one_of(
    st.builds(Pass, seconds=st.sampled_from([0.001, 0.5, 2.0]), ticks=st.integers(0, 8)),
    st.builds(Pass, seconds=st.sampled_from([5.0, 25.0, 61.0, 100.0]), ticks=st.integers(1, 4)),
)
sayings = st.builds(Say, faults(list(Symptom), asserted=True))
losses = st.builds(Say, faults([Symptom.DOWN, Symptom.DOWN, Symptom.OFF], asserted=True))


def scripts(*moves: st.SearchStrategy[Move], size: int = 25) -> st.SearchStrategy[list[Move]]:
    """Return a strategy for scripts of these moves (default: all of them, with enough bad news to be of interest)."""
    chosen = moves or (sayings, losses, losses, works, works, works, describes, bids, passes, passes)
    return st.lists(st.one_of(*chosen), min_size=min(size, 10), max_size=size)


def play(script: list[Move], story: Story | None = None, after: Callable[[], None] = lambda: None) -> Story:
    """Return the story of a script; `after` is called behind every record."""
    told = story or Story(hosts=HOSTS)
    for move in script:
        _play(told, move, after)
    return told


def _play(story: Story, move: Move, after: Callable[[], None]) -> None:
    match move:
        case Say(fault=said):
            story.write(said)
        case Work():
            story.write(_outcome(story, move))
        case Describe():
            _describe(story, move)
        case Bid():
            _bid(story, move)
        case Pass(seconds=seconds, ticks=ticks):
            for _ in range(max(1, ticks)):
                story.sleep(story.seconds + seconds)
                if ticks:
                    story.tick()
                    after()
    after()


def _outcome(story: Story, work: Work) -> Outcome:
    row = story.post.table.get(f"s1/subject/host/{work.host}")
    said = replace(
        fact(
            work.kind,
            host=work.host,
            epoch=work.epoch,
            result=work.result if work.kind is FactKind.FINISHED else None,
            reason=Reason.PARTIAL,
            effects=work.effects,
        ),
        incident=INCIDENT,
    )
    if isinstance(row, SubjectRow) and row.incident is not None and work.ours:
        order = row.incident.order
        said = replace(said, incident=order.incident, attempt=order.attempt, n=max(1, order.n - work.behind))
    return Outcome(fact=said)


def _describe(story: Story, move: Describe) -> None:
    version = len(story.mail) + 1
    if move.host:
        story.describe(host(move.host, version=version, on_maintenance=not move.allowed))
    else:
        policy = Policy(confirm_after=Millis(move.confirm_after))
        story.describe(segment(version=version, armed=move.allowed, policy=policy))


def _bid(story: Story, move: Bid) -> None:
    number = sum(isinstance(letter.signal, Command) for letter, _ in story.mail)
    row = story.post.table.get(f"s1/subject/host/{move.host}")
    incident = None
    if move.by_incident and isinstance(row, SubjectRow):
        known = row.incident.order.incident if row.incident else row.closed.incident if row.closed else None
        incident = known or INCIDENT
    story.write(
        Command(
            command_id=uuid_of(0xC0DE00 + max(0, number - move.again)),
            order=move.order,
            segment="s1",
            subject=None if incident else host_subject(move.host),
            incident=incident,
            limit=move.limit,
            author="ann",
            reason="why not",
        )
    )


def instances() -> st.SearchStrategy[Move]:
    """Return a strategy for faults of instances and processes."""
    kinds = st.sampled_from([Kind.INSTANCE, Kind.PROCESS])
    return st.builds(
        lambda kind, source, episode: Say(down(source, episode, kind=kind, detail="x")),
        kinds,
        st.sampled_from(Source),
        st.sampled_from(EPISODES),
    )
