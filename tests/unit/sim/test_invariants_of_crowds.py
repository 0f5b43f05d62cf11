"""The watchers over who works on a host, and on how many hosts at a time: each bites, and is silent where it should."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from kasugai.core.words.domains import Domain
from kasugai.core.words.facts import Fact, FactKind, Result
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Command, Instruction, Limit
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.sim.lab.invariants.crowd import Crowd
from kasugai.sim.lab.invariants.domain_storm import DomainStorm
from kasugai.sim.lab.invariants.one_attempt import OneAttempt
from kasugai.sim.lab.invariants.watcher import Sight, Watcher
from tests.unit.core import makers
from tests.unit.sim.watching import told

TWO = UUID(int=2)
APPROVED = Command(
    command_id=UUID(int=8),
    order=Instruction.APPROVE,
    limit=Limit.STORM,
    segment=makers.SEGMENT,
    author="me",
    reason="ok",
)


def fact(kind: FactKind = FactKind.STARTED, **given: Any) -> Fact:
    """A fact about h1."""
    return makers.fact(kind, **{"host": "h1", **given})


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ((fact(), fact(epoch=2)), []),
        ((fact(), fact(incident=TWO)), ["two incidents of h1 have effects at a time"]),
        ((fact(), fact(FactKind.HELD), fact(incident=TWO)), ["two incidents of h1 have effects at a time"]),
        ((fact(), fact(FactKind.FINISHED), fact(incident=TWO)), []),
        ((fact(), fact(attempt=2)), ["two attempts for h1 are live at a time"]),
        ((fact(), fact(FactKind.HELD), fact(attempt=2)), []),
        ((fact(), fact(host="h2", incident=TWO)), []),
        (
            (fact(epoch=2), fact(FactKind.FINISHED, epoch=1), fact(attempt=2, epoch=2)),
            ["two attempts for h1 are live at a time"],
        ),
        ((fact(epoch=2), fact(attempt=2, epoch=1)), []),
    ],
)
def test_one_attempt_of_one_incident_per_host(facts: tuple[Fact, ...], said: list[str]) -> None:
    assert told(OneAttempt, *facts) == said


def closed(incident: UUID = makers.INCIDENT, verb: Verb = Verb.CLOSE) -> Verdict:
    """A decision about h1's incident."""
    return Verdict(
        verdict_id=UUID(int=7),
        verb=verb,
        subject=host_subject("h1"),
        segment=makers.SEGMENT,
        reason=Reason.STOPPED,
        evidence=(),
        count=0,
        at=BrokerTime(0),
        incident=incident,
    )


@pytest.mark.parametrize(
    ("seen", "is_over"),
    [
        ((fact(), fact(FactKind.HELD), closed()), True),
        ((fact(), closed()), False),
        ((fact(), fact(FactKind.HELD), closed(TWO)), False),
        ((fact(), fact(FactKind.HELD), closed(verb=Verb.HOLD)), False),
    ],
)
def test_what_was_answered_is_over_with_its_incident(seen: tuple[Sight, ...], is_over: bool) -> None:
    said = told(OneAttempt, *seen, fact(incident=TWO))
    assert said == ([] if is_over else ["two incidents of h1 have effects at a time"])


def crowd(*history: Sight, hosts: int = 4) -> list[str]:
    """What is said of a history in a segment of so many hosts."""
    segment = makers.segment(name="one", policy=Policy(max_unhealthy=50))
    described = [makers.host(f"h{number}", deleted=number > hosts) for number in range(1, 6)]
    return told(Crowd, segment, *described, *history)


SECOND = fact(host="h2", incident=TWO)


def test_no_more_hosts_than_the_policy_allows() -> None:
    assert crowd(fact(), SECOND) == ["2 of 4 hosts of one are acted upon, more than its limit"]
    assert crowd(fact(), SECOND, hosts=5) == []
    assert crowd(fact(), hosts=1) == []


def test_a_recovered_host_is_still_a_dead_one() -> None:
    assert crowd(fact(), fact(FactKind.FINISHED, result=Result.RECOVERED), SECOND) != []


def test_whoever_is_seen_alive_or_given_up_counts_no_more() -> None:
    assert crowd(fact(), makers.alive(host="h1"), SECOND) == []
    assert crowd(fact(), fact(FactKind.FINISHED, result=Result.WITHDRAWN), SECOND) == []


def test_another_incidents_end_and_a_fenced_owners_word_free_nobody() -> None:
    withdrawn = fact(FactKind.FINISHED, result=Result.WITHDRAWN)
    assert crowd(fact(), replace(withdrawn, incident=TWO), SECOND) != []
    assert crowd(fact(epoch=2), withdrawn, SECOND) != []


def test_a_person_may_approve_a_storm_and_nothing_else() -> None:
    assert crowd(APPROVED, fact(), SECOND) == []
    assert crowd(replace(APPROVED, limit=Limit.HOLD), fact(), SECOND) != []


PDU = Domain(kind="pdu", name="p1")
THIRD = fact(host="h3", incident=UUID(int=3))


def domain(kind: type[Watcher], policy: Policy, *history: Sight, hosts: int = 8, share: int = 4) -> list[str]:
    """What is said of a history in a segment of so many hosts, of which the first share a PDU."""
    segment = makers.segment(name="one", policy=policy)
    described = [
        makers.host(f"h{number}", domains=(PDU,) if number <= share else ()) for number in range(1, hosts + 1)
    ]
    return told(kind, segment, *described, *history)


SMALL = Policy(domain_trip=50, domain_small=4)
LARGE = Policy(domain_trip=50, domain_small=3, domain_cap=1)


def test_a_small_domain_in_a_storm_is_left_alone() -> None:
    said = ["2 of 4 hosts of pdu/p1 are acted upon, more than its limit"]
    assert domain(DomainStorm, SMALL, fact(), SECOND) == said
    assert domain(DomainStorm, Policy(), fact(), SECOND) == []
    assert domain(DomainStorm, SMALL, fact(), SECOND, share=5) == []
    assert domain(DomainStorm, SMALL, fact(), SECOND, share=1) == []
    assert domain(DomainStorm, SMALL, APPROVED, fact(), SECOND) == []


def test_a_large_domain_in_a_storm_is_recovered_one_by_one() -> None:
    said = ["2 hosts of pdu/p1 are recovered at a time, more than its limit"]
    assert domain(DomainStorm, LARGE, fact(), SECOND) == said
    assert domain(DomainStorm, LARGE, fact(), fact(FactKind.FINISHED), SECOND) == []
    assert domain(DomainStorm, LARGE, fact(), fact(FactKind.HELD), SECOND) == []


AS_ONE = Policy(max_unhealthy=30, domain_as_one=("pdu",))
DOOMED = tuple(makers.down(host=f"h{number}") for number in range(1, 5))


def test_a_whole_domain_counts_as_one_host_only_where_the_policy_says_so() -> None:
    assert domain(Crowd, AS_ONE, *DOOMED, fact(), SECOND, THIRD) == []
    plain = Policy(max_unhealthy=30)
    assert domain(Crowd, plain, *DOOMED, fact(), SECOND, THIRD) != []
    assert domain(Crowd, AS_ONE, *DOOMED[:3], fact(), SECOND, THIRD) != [], "one of it lives"
    lives = makers.alive(host="h4")
    assert domain(Crowd, AS_ONE, *DOOMED, lives, fact(), SECOND, THIRD) != []
    assert domain(Crowd, AS_ONE, *DOOMED, fact(), SECOND, THIRD, hosts=7) != [], "it is most of its segment"
