"""Whose power is read, how often, and what an answer is worth."""

import asyncio
from collections.abc import Collection
from itertools import count

from kasugai.core.recovering.look import PowerState
from kasugai.core.words.signals import Symptom
from kasugai.core.words.subject import Kind, Subject, host_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.observers.power import MOST, PowerWatch, Suspects
from tests.unit.core.makers import uuid_of

HOSTS = frozenset({"cmp1", "cmp2", "cmp3"})


class Bmcs:
    """Devices of all hosts but cmp3."""

    def __init__(self) -> None:
        self.state: dict[str, PowerState] = {}
        self.read_hosts: list[str] = []

    def has(self, host: str) -> bool:
        return host != "cmp3"

    async def read(self, host: str) -> PowerState:
        self.read_hosts.append(host)
        return self.state.get(host, PowerState.ON)


def verdict(verb: Verb, host: str = "cmp1", subject: Subject | None = None) -> Verdict:
    return Verdict(
        verdict_id=uuid_of(1),
        verb=verb,
        subject=subject or host_subject(host),
        segment="rack1",
        reason=Reason.FIRST_SIGHTING,
        evidence=(),
        count=1,
        at=BrokerTime(0),
    )


class Stage:
    """A watch with its devices and suspects."""

    def __init__(self, *suspected: str) -> None:
        self.bmcs, self.suspects, numbers = Bmcs(), Suspects(), count(1)
        for host in suspected:
            self.suspects.hear(verdict(Verb.SUSPECT, host))
        self.watch = PowerWatch(
            "w1", self.bmcs, self.suspects, every=10.0, new_episode=lambda: str(next(numbers))
        )

    def look(self, now: float, hosts: Collection[str] = HOSTS) -> list[tuple[str, Symptom, str]]:
        seen = asyncio.run(self.watch.look(hosts, now))
        return [(each.host, each.symptom, each.episode) for each in seen]


def test_only_suspected_hosts_with_a_device_are_read() -> None:
    stage = Stage("cmp2", "cmp3", "stranger")
    assert stage.look(0.0) == []
    assert stage.bmcs.read_hosts == ["cmp2"]


def test_off_is_said_for_as_long_as_it_reads_off_and_taken_back_when_it_reads_on() -> None:
    stage = Stage("cmp1")
    stage.bmcs.state["cmp1"] = PowerState.OFF
    assert stage.look(0.0) == stage.look(10.0) == [("cmp1", Symptom.OFF, "1")]
    stage.bmcs.state["cmp1"] = PowerState.ON
    assert stage.look(20.0) == [("cmp1", Symptom.CLEAR, "1")]
    assert stage.look(30.0) == [], "on is no sign of life"


def test_what_cannot_be_read_has_no_opinion() -> None:
    stage = Stage("cmp1")
    stage.bmcs.state["cmp1"] = PowerState.OFF
    stage.look(0.0)
    stage.bmcs.state["cmp1"] = PowerState.UNKNOWN
    assert stage.look(10.0) == []


def test_one_host_is_not_read_more_often_than_asked_for() -> None:
    stage = Stage("cmp1")
    for now in (0.0, 3.0, 9.9, 10.0):
        stage.look(now)
    assert len(stage.bmcs.read_hosts) == 2


def test_in_a_storm_hosts_take_turns() -> None:
    many = [f"c{n:03d}" for n in range(MOST + 10)]
    stage = Stage(*many)
    stage.look(0.0, many)
    assert len(stage.bmcs.read_hosts) == MOST
    stage.look(1.0, many)
    assert sorted(stage.bmcs.read_hosts) == many, "those who waited come next, nobody twice"


def test_a_suspicion_ends_with_correlates_word_and_guests_make_none() -> None:
    suspects = Suspects()
    suspects.hear(verdict(Verb.SUSPECT))
    suspects.hear(verdict(Verb.OPEN, "cmp2"))
    suspects.hear(verdict(Verb.OPEN, subject=Subject(kind=Kind.PROCESS, host="cmp3", detail="nova-compute")))
    assert suspects.hosts == {"cmp1", "cmp2"}
    suspects.hear(verdict(Verb.WITHDRAW))
    suspects.hear(verdict(Verb.IGNORE, "cmp2"))
    assert suspects.hosts == {"cmp2"}
