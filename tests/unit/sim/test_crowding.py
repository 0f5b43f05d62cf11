"""The watch over how many hosts are acted upon says so when two attempts, two incidents or too many hosts are."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from kasugai.core.words.facts import Fact, FactKind, Result
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Command, Instruction, Limit
from kasugai.core.words.subject import host_subject
from kasugai.sim.lab.crowding import Crowd
from tests.support.subjects import about

ONE, TWO = UUID(int=1), UUID(int=2)
STARTED = Fact(
    fact_id=UUID(int=9),
    kind=FactKind.STARTED,
    incident=ONE,
    segment="rack1",
    subject=host_subject("h1"),
    attempt=1,
    epoch=1,
    author="w",
    n=1,
)
ORDER = Command(
    command_id=UUID(int=8),
    order=Instruction.APPROVE,
    limit=Limit.STORM,
    segment="rack1",
    author="me",
    reason="ok",
)


def told(*facts: Fact, hosts: int = 4, approved: bool = False, **other: Any) -> list[str]:
    """What is said about these facts in a segment of so many hosts."""
    said: list[str] = []
    crowd = Crowd(said.append)
    crowd.on_description(SegmentRecord(segment_id="rack1", name="one", policy=Policy(max_unhealthy=50)))
    for number in range(1, 6):
        record = HostRecord(host_uuid=f"u{number}", name=f"h{number}", segment_id="rack1")
        crowd.on_description(replace(record, deleted=number > hosts))
    if approved:
        crowd.on_command(replace(ORDER, **other))
    for fact in facts:
        crowd.on_fact(fact)
    return said


def fact(kind: FactKind = FactKind.STARTED, **given: Any) -> Fact:
    """A fact about h1."""
    return replace(STARTED, kind=kind, **about(given))


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ((fact(), fact(epoch=2)), []),
        ((fact(), fact(incident=TWO)), ["two incidents of h1 have effects at a time"]),
        ((fact(), fact(FactKind.HELD), fact(incident=TWO)), ["two incidents of h1 have effects at a time"]),
        ((fact(), fact(FactKind.FINISHED), fact(incident=TWO)), []),
        ((fact(), fact(attempt=2)), ["two attempts for h1 are live at a time"]),
        ((fact(), fact(FactKind.HELD), fact(attempt=2)), []),
        (
            (fact(epoch=2), fact(FactKind.FINISHED, epoch=1), fact(attempt=2, epoch=2)),
            ["two attempts for h1 are live at a time"],
        ),
        ((fact(epoch=2), fact(attempt=2, epoch=1)), []),
    ],
)
def test_one_attempt_of_one_incident_per_host(facts: tuple[Fact, ...], said: list[str]) -> None:
    assert told(*facts) == said


def test_whoever_is_seen_alive_counts_no_more() -> None:
    said: list[str] = []
    crowd = Crowd(said.append)
    crowd.on_description(SegmentRecord(segment_id="rack1", name="one", policy=Policy(max_unhealthy=50)))
    for name in ("h1", "h2"):
        crowd.on_description(HostRecord(host_uuid=name, name=name, segment_id="rack1"))
    crowd.on_fact(fact())
    crowd.on_sign_of_life("h1")
    crowd.on_fact(fact(host="h2", incident=TWO))
    assert said == []


def test_no_more_hosts_than_the_policy_allows() -> None:
    two = (fact(), fact(host="h2", incident=TWO))
    assert told(*two, hosts=5) == []
    assert told(*two, hosts=4) == ["2 of 4 hosts of one are acted upon, more than its limit"]
    assert told(fact(), hosts=1) == []
    assert told(two[0], fact(FactKind.FINISHED, result=Result.RECOVERED), two[1]) != []
    assert told(two[0], fact(FactKind.FINISHED, result=Result.WITHDRAWN), two[1]) == []
    assert told(*two, approved=True) == []
    assert told(*two, approved=True, limit=Limit.HOLD) != []
