"""Hypothesis strategies for whole mailboxes: what observers, workers, operators and the clock may say, in any order.

A script is a list of moves; playing it resolves what a move can only mean then (the open incident, the next version).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import uuid5

from hypothesis import settings
from hypothesis import strategies as st

from kasugai.core.deciding.rows import SegmentRow, SubjectRow
from kasugai.core.words.facts import FactKind, Result, StepState
from kasugai.core.words.hardware import hardware_subject
from kasugai.core.words.policy import Degraded, Exhausted, Policy
from kasugai.core.words.signals import Command, Fault, Instruction, Limit, Outcome, Source, Symptom
from kasugai.core.words.subject import Kind, Subject, host_subject, process_subject
from kasugai.core.words.timing import Millis
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import INCIDENT, down, fact, host, record, segment, uuid_of
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
    """A worker speaks about a subject's open incident, or about none of ours."""

    subject: Subject
    kind: FactKind
    epoch: int
    behind: int
    """How many publications it is behind."""
    result: Result
    effects: bool
    ours: bool
    shuts: bool = False
    """Whether the incident had the host get no new guests."""
    adopts: bool = False
    """Whether the worker has adopted the incident before it speaks of it."""


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
    subject: Subject | None
    """None for the segment."""
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


def works_about(*subjects: Subject, adopts: bool = False) -> st.SearchStrategy[Move]:
    """Return a strategy for what workers say about these."""
    return st.builds(
        Work,
        subject=st.sampled_from(subjects),
        kind=st.sampled_from([kind for kind in FactKind if kind.is_outcome]),
        epoch=st.sampled_from([1, 2, 2, 3]),
        behind=st.sampled_from([0, 0, 0, 1]),
        result=st.sampled_from(Result),
        effects=st.booleans(),
        ours=st.sampled_from([True] * 6 + [False]),
        shuts=st.booleans(),
        adopts=st.sampled_from([adopts, adopts, adopts, False]),
    )


def bids_about(*subjects: Subject | None) -> st.SearchStrategy[Move]:
    """Return a strategy for what persons order about these."""
    return st.builds(
        Bid,
        order=st.sampled_from([*Instruction, Instruction.RETRY]),
        subject=st.sampled_from(subjects),
        by_incident=st.booleans(),
        limit=st.sampled_from([*Limit, None]),
        again=st.sampled_from([False] * 5 + [True]),
    )


OF_HOSTS = tuple(host_subject(name) for name in MOSTLY)
works = works_about(*OF_HOSTS)
describes = st.builds(
    Describe,
    host=st.sampled_from(["", *HOSTS]),
    allowed=st.sampled_from([True, True, False]),
    confirm_after=st.sampled_from([0, 4_000, 20_000]),
)
bids = bids_about(None, None, *OF_HOSTS)
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
            _work(story, move)
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


def _work(story: Story, work: Work) -> None:
    said = _outcome(story, work)
    if work.adopts:
        story.hear(said.fact)
    else:
        story.write(said)


def _outcome(story: Story, work: Work) -> Outcome:
    row = story.post.table.get(f"s1/subject/{work.subject.name}")
    said = replace(
        fact(
            work.kind,
            subject=work.subject,
            epoch=work.epoch,
            result=work.result if work.kind is FactKind.FINISHED else None,
            reason=Reason.PARTIAL,
            effects=work.effects,
            steps=(SHUT,) if work.shuts and work.subject.kind is Kind.PROCESS else (),
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
        about = story.post.table["s1/about"]
        assert isinstance(about, SegmentRow)
        policy = replace(about.record.policy, confirm_after=Millis(move.confirm_after))
        story.describe(segment(version=version, armed=move.allowed, policy=policy))


def _bid(story: Story, move: Bid) -> None:
    number = sum(isinstance(letter.signal, Command) for letter, _ in story.mail)
    row = story.post.table.get(f"s1/subject/{move.subject.name}") if move.subject else None
    incident = None
    if move.by_incident and isinstance(row, SubjectRow):
        known = row.incident.order.incident if row.incident else row.closed.incident if row.closed else None
        incident = known or INCIDENT
    story.write(
        Command(
            command_id=uuid_of(0xC0DE00 + max(0, number - move.again)),
            order=move.order,
            segment="s1",
            subject=None if incident else move.subject or host_subject(""),
            incident=incident,
            limit=move.limit,
            author="ann",
            reason="why not",
        )
    )


SHUT = record("disable-compute:cmp1", StepState.DONE, tries=1)
GUESTS = (
    Subject(kind=Kind.INSTANCE, host="cmp1", detail="web1"),
    Subject(kind=Kind.INSTANCE, host="cmp2", detail="web1"),
    Subject(kind=Kind.INSTANCE, host="cmp1", detail="web2"),
    process_subject("cmp1", "nova-compute"),
    process_subject("cmp1", "libvirtd"),
    process_subject("cmp1", "chronyd"),
    hardware_subject("cmp1"),
    hardware_subject("cmp2"),
)
"""Instances, of which one moves, and processes: without one its host gets no guests, without one it is useless, and one
is of no importance; and hardware, of one host of which guests are moved away at a time."""
GUEST_POLICY = Policy(
    restart_budget=2,
    process_evacuate=("libvirtd",),
    process_quiet=Millis(5_000),
    degraded=Degraded.DRAIN,
)


def guests() -> st.SearchStrategy[Move]:
    """Return a strategy for what is said of instances and processes."""

    def make(subject: Subject, source: Source, symptom: Symptom, number: int, episode: str) -> Say:
        said = down(source, episode, kind=subject.kind, host=subject.host, detail=subject.detail)
        told = replace(said, symptom=symptom, observer=f"{source}/{number}")
        name = f"{told.observer} {subject.name} {symptom} {episode}"
        return Say(replace(told, event_id=uuid5(INCIDENT, name)))

    return st.builds(
        make,
        st.sampled_from(GUESTS),
        st.sampled_from([Source.REPORTED, Source.REPORTED, Source.HEARTBEAT]),
        st.sampled_from([Symptom.DOWN, Symptom.DOWN, Symptom.ALIVE, Symptom.CLEAR]),
        st.integers(1, 2),
        st.sampled_from([f"g{number}" for number in range(30)]),
    )


boots = st.builds(
    lambda name, boot, episode: Say(
        down(Source.HEARTBEAT, episode, host=name, symptom=Symptom.ALIVE, boot_id=boot)
    ),
    st.sampled_from(MOSTLY),
    st.sampled_from(["b1", "b2"]),
    st.sampled_from([f"b{number}" for number in range(20)]),
)


def town(*, size: int = 40) -> st.SearchStrategy[list[Move]]:
    """Return a strategy for scripts about hosts, their guests and their processes."""
    work = works_about(*GUESTS, host_subject("cmp1"), adopts=True)
    bid = bids_about(None, *GUESTS)
    some = (sayings, losses, boots, works, bids, describes)
    return scripts(guests(), guests(), guests(), work, work, work, bid, *some, passes, passes, size=size)


def town_story(*, relocates: bool = False) -> Story:
    """Return the story of a segment with guests."""
    then = Exhausted.RELOCATE if relocates else Exhausted.HOLD
    return Story(hosts=HOSTS, policy=replace(GUEST_POLICY, restart_then=then))
