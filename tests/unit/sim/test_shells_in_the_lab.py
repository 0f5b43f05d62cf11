"""The laboratory runs the real shells: what they do when Kafka gives them rubbish, or goes away under their hands."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn
from unittest.mock import patch
from uuid import UUID

import pytest

from kasugai.adapters.faust.port import Record
from kasugai.core.deciding.rows import ClockRow
from kasugai.core.words.incident import Open
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Fault, InventoryChange, Source, Symptom
from kasugai.core.words.subject import Kind, host_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.schemas.codec import encode
from kasugai.schemas.topics import dead_letters_of
from kasugai.sim.lab.actors.route import QUIET
from kasugai.sim.lab.actors.worker import Commits
from kasugai.sim.lab.broker import FAULTS, INCIDENTS, SIGNALS
from kasugai.sim.lab.laboratory import Lab
from kasugai.sim.loop import run
from kasugai.streams.correlate_shell import CorrelateShell
from kasugai.streams.route_shell import DAY, PAUSE
from kasugai.workers.intake import AGAIN

HOST = "cmp1"
WELL_MADE: dict[str, Any] = {
    "incident": UUID(int=7),
    "subject": host_subject("cmp2"),
    "n": 1,
    "attempt": 1,
    "segment": "rack1",
    "host_uuid": "",
    "decided_at": BrokerTime(7),
    "opened_at": BrokerTime(7),
    "asserted_at": None,
    "policy": Policy(),
}
RUBBISH = b"rubbish"
STRANGER = encode(ClockRow(partition=0))
"""A row of correlate's table: it belongs on none of the topics."""
RACE = 0.0005
"""Seconds after a record has come in, before its consequence goes out."""

Story = Callable[[Lab], Awaitable[None]]


def play(story: Story) -> Lab:
    """Let a story happen to a host with a guest, and a spare one."""

    async def main() -> Lab:
        lab = Lab()
        lab.describe_segment("rack1")
        for name in (HOST, "cmp2"):
            lab.cloud.add_host(name)
            lab.describe_host(name, "rack1")
        lab.cloud.add_guest("web1", HOST)
        lab.start()
        await asyncio.sleep(10)
        await story(lab)
        lab.finish()
        return lab

    return run(main())


def report(lab: Lab) -> None:
    """The host is off, and somebody trusted says so."""
    lab.cloud.hosts.power_off(HOST)
    lab.observe(HOST, "api", Source.REPORTED, Symptom.DOWN, "1", asserted=True)


def kafka_goes_away(lab: Lab, seconds: float) -> None:
    """Let it be away for so long, from now on."""
    lab.broker.is_away = True
    lab.later(seconds, partial(setattr, lab.broker, "is_away", False))


def buried(lab: Lab, topic: str) -> list[tuple[bytes | None, dict[str, str]]]:
    """Return the dead letters of a topic, each with its headers."""
    records = lab.broker.all(dead_letters_of(topic))
    return [(r.raw, {name: value.decode() for name, value in r.headers}) for r in records]


def faults(lab: Lab) -> list[Fault]:
    """Return the faults in the mailbox."""
    signals = [record.value.signal for record in lab.broker.all(SIGNALS)]
    return [signal for signal in signals if isinstance(signal, Fault)]


def changes(lab: Lab) -> list[InventoryChange]:
    """Return the descriptions in the mailbox."""
    signals = [record.value.signal for record in lab.broker.all(SIGNALS)]
    return [signal for signal in signals if isinstance(signal, InventoryChange)]


@pytest.mark.parametrize(
    ("topic", "app"), [(FAULTS, "kasugai-route"), (SIGNALS, "kasugai-correlate"), (INCIDENTS, "worker-2")]
)
@pytest.mark.parametrize("raw", [RUBBISH, STRANGER], ids=["rubbish", "stranger"])
def test_what_cannot_be_read_is_put_aside_and_the_recovery_goes_on(topic: str, app: str, raw: bytes) -> None:
    """In front of the records that the recovery needs, in each of their partitions."""

    async def story(lab: Lab) -> None:
        for partition in range(lab.broker.partitions_of(topic)):
            lab.broker.append(topic, HOST, raw, partition)
        await asyncio.sleep(1)
        report(lab)
        await asyncio.sleep(60)

    lab = play(story)
    assert [value for value, _ in buried(lab, topic)] == [raw] * lab.broker.partitions_of(topic)
    assert {headers["dlq-app"] for _, headers in buried(lab, topic)} == {app}
    assert any("close cmp1 (recovered)" in line for line in lab.lines)
    assert not lab.invariants.broken


def test_an_order_of_another_kind_is_put_aside_by_the_worker() -> None:
    async def story(lab: Lab) -> None:
        report(lab)
        await asyncio.sleep(1)
        order = lab.broker.all(INCIDENTS)[0]
        lab.broker.append(INCIDENTS, "cmp2", order.raw)
        await asyncio.sleep(30)

    ((_, headers),) = buried(play(story), INCIDENTS)
    assert headers["dlq-error"] == "an order about host cmp1 does not belong here"


@pytest.mark.parametrize("told", ["asserted_at", "confirmed_at", "opened_at"])
def test_an_order_that_stands_on_the_future_is_put_aside_by_the_worker(told: str) -> None:
    """A fence that will have been: what it stands on would never be old enough, or always."""

    async def story(lab: Lab) -> None:
        order = replace(Open(**{**WELL_MADE, told: BrokerTime(8)}))
        lab.broker.append(INCIDENTS, "cmp2", order)
        lab.broker.append(INCIDENTS, "cmp2", Open(**WELL_MADE))
        await asyncio.sleep(30)

    ((_, headers),) = buried(play(story), INCIDENTS)
    assert "stands on what was said after it was decided" in headers["dlq-error"]


def test_a_worker_that_cannot_bury_tries_again_and_commits_nothing_meanwhile() -> None:
    committed: list[Commits] = []

    async def story(lab: Lab) -> None:
        lab.broker.append(INCIDENTS, HOST, RUBBISH)
        lab.later(RACE, partial(kafka_goes_away, lab, 3.5 * AGAIN))
        await asyncio.sleep(3 * AGAIN)
        committed.append(dict(lab.committed))
        await asyncio.sleep(10)
        lab.broker.append(INCIDENTS, HOST, RUBBISH)  # the next record is when this laboratory commits
        await asyncio.sleep(1)
        committed.append(dict(lab.committed))

    lab = play(story)
    partition = lab.broker.partition_of(HOST)
    first, second = buried(lab, INCIDENTS)
    assert (first[1]["dlq-attempt"], second[1]["dlq-attempt"]) == ("5", "1")
    assert [offsets.get((Kind.HOST, partition), 0) for offsets in committed] == [0, 1]


def test_a_correlate_that_ends_itself_breaks_the_run() -> None:
    def raises(self: CorrelateShell, record: Record) -> NoReturn:
        raise ZeroDivisionError("a bug")

    with patch.object(CorrelateShell, "begin", raises):
        lab = play(lambda lab: asyncio.sleep(1))
    (sentence,) = lab.invariants.broken
    assert sentence.startswith("correlate left (unhandled): record 0 of partition 0: ZeroDivisionError")
    assert lab.rows() == []


def test_route_reads_a_batch_again_whose_letters_kafka_did_not_take() -> None:
    async def story(lab: Lab) -> None:
        report(lab)
        lab.later(RACE, partial(kafka_goes_away, lab, 2.0))
        await asyncio.sleep(2.0 + 2 * PAUSE)
        assert len(faults(lab)) == 1

    play(story)


def test_route_tells_the_whole_inventory_at_its_start_and_a_day_later() -> None:
    """At the start it comes twice: as a whole, and by the records that nobody has routed yet."""

    async def story(lab: Lab) -> None:
        told = [len(changes(lab))]
        await asyncio.sleep(DAY + QUIET)
        told.append(len(changes(lab)))
        assert told == [6, 9]

    play(story)
