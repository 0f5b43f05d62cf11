"""A toy processor on the real Faust shell, run as a process of its own.

A new subject becomes a record on `<topic>.out` and a row, a repeat nothing; a subject's first word may ask for trouble.
`--without` (or KASUGAI_TOY_WITHOUT, separated by commas) takes a remedy out of the shell, `--exit-between` ends the
process by chance between publishing and writing the row. Nothing but this program reads these switches.
"""

import argparse
import asyncio
import json
import logging
import os
import random
import sys
from collections.abc import Iterable
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from kasugai.adapters.faust.membership import Membership
from kasugai.adapters.faust.port import Poison, Record, Write
from kasugai.adapters.faust.run import run_processor
from kasugai.adapters.faust.settings import ProcessorSettings
from tests.support.remedies import take_out
from tests.support.trouble import arm_signals


class Publisher:
    """Publishes and waits for the delivery report."""

    def __init__(self, bootstrap: str, membership: Membership) -> None:
        """Connect lazily; `membership` is asked before each record."""
        settings = {"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True, "log_level": 0}
        self._producer = Producer(settings)
        self._membership = membership

    async def publish(self, topic: str, value: str) -> None:
        """Return when the broker has acknowledged."""
        await self._membership.prove()
        reports: list[KafkaError | None] = []

        def report(error: KafkaError | None, _: Message) -> None:
            reports.append(error)

        self._producer.produce(topic, key=value.encode(), value=value.encode(), on_delivery=report)
        while not reports:
            self._producer.poll(0)
            await asyncio.sleep(0.001)
        if reports[0]:
            raise RuntimeError(str(reports[0]))


class Toy:
    """The handler."""

    def __init__(self, publisher: Publisher, topic: str, *, exit_between: float, ticks: bool) -> None:
        """Know nothing yet."""
        self._publisher = publisher
        self._topic = topic
        self._exit_between = exit_between
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

    async def handle(self, record: Record, write: Write) -> None:
        """Publish a new subject, then remember it."""
        subject = (record.value or b"").decode()
        match subject.split():
            case ["tick", *_]:
                return
            case ["poison", *_]:
                raise Poison(subject)
            case ["bug", *_]:
                raise ZeroDivisionError(subject)
            case ["slow", *_]:
                tell({"slow": subject})
                await asyncio.sleep(1.5)
            case _:
                pass
        if subject in self._known[record.partition]:
            return
        await self._publisher.publish(f"{self._topic}.out", subject)
        if random.random() < self._exit_between:
            os._exit(90)
        padding = "x" * 4000 if subject.startswith("big") else ""
        await write(subject, json.dumps({"offset": record.offset, "padding": padding}).encode())
        self._known[record.partition].add(subject)

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
    parser.add_argument("--exit-between", type=float, default=0.0)
    parser.add_argument("--ticks", action="store_true")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(relativeCreated)d %(name)s %(levelname)s %(message)s")
    settings = ProcessorSettings(**json.loads(given.settings))
    membership = Membership(settings.session)
    publisher = Publisher(settings.bootstrap, membership)
    toy = Toy(publisher, settings.topic, exit_between=given.exit_between, ticks=given.ticks)

    async def bury(record: Record, poison: Poison) -> None:
        await publisher.publish(f"{settings.topic}.dlq", f"{record.offset} {poison}")

    for remedy in filter(None, [*given.without, *os.environ.get("KASUGAI_TOY_WITHOUT", "").split(",")]):
        take_out(remedy)
    arm_signals()
    return run_processor(settings, toy, offset_of=offset_of, bury=bury, membership=membership)


if __name__ == "__main__":
    sys.exit(main())
