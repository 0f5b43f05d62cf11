"""A toy processor on the real Faust shell, run as a process of its own.

A new subject becomes a record on `<topic>.out` and a row, a repeat nothing, `end SUBJECT` ends its row; a first word
may ask for trouble.
`--without` (or KASUGAI_TOY_WITHOUT, separated by commas) takes a remedy out of the shell, `--exit-after` ends the
process by chance between publishing and writing a row, so many seconds after its first one on average: not by the
record, or a quick machine would end each life before any row of it was kept.
Nothing but this program reads these switches.
"""

import argparse
import asyncio
import json
import logging
import math
import os
import random
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import uvloop
from confluent_kafka import KafkaError, Message, Producer

from kasugai.adapters.faust.membership import Membership
from kasugai.adapters.faust.port import Ended, Poison, Record, Write
from kasugai.adapters.faust.run import prepare, serve
from kasugai.adapters.faust.settings import ProcessorSettings
from tests.support.remedies import take_out
from tests.support.trouble import arm_signals


class Publisher:
    """Publishes in the order of the calls, and waits for the delivery reports."""

    def __init__(self, bootstrap: str, membership: Membership) -> None:
        """Connect lazily; `membership` is asked before each record."""
        settings = {"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True, "log_level": 0}
        self._producer = Producer(settings)
        self._membership = membership
        self._turn = asyncio.Lock()

    def begin(self, topic: str, value: str, *, slow: bool = False) -> "asyncio.Task[None]":
        """Begin to publish."""
        return asyncio.get_running_loop().create_task(self.publish(topic, value, slow=slow))

    async def publish(self, topic: str, value: str, *, slow: bool = False) -> None:
        """Return when the broker has acknowledged."""
        reports: list[KafkaError | None] = []

        def report(error: KafkaError | None, _: Message) -> None:
            reports.append(error)

        async with self._turn:
            if slow:
                tell({"slow": value})
                await asyncio.sleep(1.5)
            await self._membership.prove()
            self._producer.produce(topic, key=value.encode(), value=value.encode(), on_delivery=report)
        while not reports:
            self._producer.poll(0)
            await asyncio.sleep(0.001)
        if reports[0]:
            raise RuntimeError(str(reports[0]))


@dataclass(frozen=True, slots=True)
class ToyRest:
    """What is left to do about a record."""

    record: Record
    subject: str = ""
    """The row to write; empty for none."""
    publishing: "asyncio.Task[None] | None" = None
    death: "Death | None" = None
    error: Exception | None = None
    ends: bool = False
    """Whether it is the row's end."""

    async def finish(self, write: Write) -> None:
        """Wait, then write."""
        if self.error is not None:
            raise self.error
        if self.ends:
            await write(self.subject, Ended(self.record.offset))
        if self.publishing is None:
            return
        await self.publishing
        if self.death is not None:
            self.death.strike()
        padding = "x" * 4000 if self.subject.startswith("big") else ""
        await write(self.subject, json.dumps({"offset": self.record.offset, "padding": padding}).encode())

    def drop(self) -> None:
        """Publish no more."""
        if self.publishing is not None:
            self.publishing.cancel()


class Death:
    """The moment at which a life ends, by chance."""

    def __init__(self, mean: float) -> None:
        """`mean`: seconds from the first call on; 0: never."""
        self._left = random.expovariate(1 / mean) if mean else math.inf
        self._at = math.inf

    def strike(self) -> None:
        """End the process if its time has come."""
        now = time.monotonic()
        self._at = min(self._at, now + self._left)
        if now >= self._at:
            os._exit(90)


class Toy:
    """The handler."""

    def __init__(self, publisher: Publisher, topic: str, *, death: Death, ticks: bool) -> None:
        """Know nothing yet."""
        self._publisher = publisher
        self._topic = topic
        self._death = death
        self._ticks = ticks
        self._known: dict[int, set[str]] = {}

    def restore(self, partition: int, rows: Iterable[tuple[str, bytes]]) -> None:
        """Learn the subjects, and tell the test what was restored."""
        kept = {key: offset_of(row) for key, row in rows}
        self._known[partition] = set(kept)
        tell({"restored": partition, "rows": kept})

    def revoke(self, partition: int) -> None:
        """Forget the subjects."""
        self._known.pop(partition, None)

    def begin(self, record: Record) -> ToyRest:
        """Begin to publish a new subject, and know it from now on."""
        subject = (record.value or b"").decode()
        known = self._known[record.partition]
        match subject.split():
            case ["tick", *_]:
                return ToyRest(record)
            case ["poison", *_]:
                raise Poison(subject)
            case ["bug", *_]:
                raise ZeroDivisionError(subject)
            case ["late-poison", *_]:
                return ToyRest(record, error=Poison(subject))
            case ["end", ended]:
                known.discard(ended)
                return ToyRest(record, ended, ends=True)
            case ["late-bug", *_]:
                return ToyRest(record, error=ZeroDivisionError(subject))
            case _ if subject in known:
                return ToyRest(record)
            case words:
                known.add(subject)
                publishing = self._publisher.begin(f"{self._topic}.out", subject, slow=words[:1] == ["slow"])
                return ToyRest(record, subject, publishing, self._death)

    def tick(self, partition: int) -> tuple[bytes, bytes] | None:
        """Tick at every chance, if told to."""
        return (b"tick", f"tick {partition}".encode()) if self._ticks else None


def tell(line: dict[str, Any]) -> None:
    """Say something to the test."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def offset_of(row: bytes) -> int:
    """Return the offset that a row was written at."""
    offset: int = json.loads(row)["offset"]
    return offset


def main() -> int:
    """Run until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("settings", help="JSON of ProcessorSettings")
    parser.add_argument(
        "--without", action="append", default=[], help="a remedy of tests/support/remedies.py"
    )
    parser.add_argument("--exit-after", type=float, default=0.0)
    parser.add_argument("--ticks", action="store_true")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(relativeCreated)d %(name)s %(levelname)s %(message)s")
    settings = ProcessorSettings(**json.loads(given.settings))
    membership = Membership(settings.session)
    publisher = Publisher(settings.bootstrap, membership)
    toy = Toy(publisher, settings.topic, death=Death(given.exit_after), ticks=given.ticks)

    async def bury(record: Record, poison: Poison) -> None:
        await publisher.publish(f"{settings.topic}.dlq", f"{record.offset} {poison}")

    for remedy in filter(None, [*given.without, *os.environ.get("KASUGAI_TOY_WITHOUT", "").split(",")]):
        take_out(remedy)
    arm_signals()
    prepare(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve(settings, toy, offset_of=offset_of, bury=bury, membership=membership))


if __name__ == "__main__":
    sys.exit(main())
