"""A life of an agent's voice and sender for whoever kills it somewhere, and what comes after it. Kafka is a file that
takes a line per record; what the agent has said is told on stdout.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from kasugai.adapters.kafka.post import Report
from kasugai.adapters.outbox import Outbox
from kasugai.agents.sending import Sender
from kasugai.agents.store import Store
from kasugai.agents.telling import Teller
from kasugai.core.words.signals import Fault, Symptom
from kasugai.core.words.subject import process_subject
from kasugai.core.words.timing import Instant, Millis
from kasugai.schemas.codec import decode
from tests.support.saying import say

NAMES = ("a",)


class FileMail:
    """Kafka as a file: a record is there once its line is, and its report comes with the next look."""

    def __init__(self, file: Path) -> None:
        """Append to `file`."""
        self._out = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._reports: list[Report] = []

    def send(
        self, topic: str, key: str, value: bytes, headers: Sequence[tuple[str, bytes]], report: Report
    ) -> None:
        """Take a record."""
        fault = decode(value)
        assert isinstance(fault, Fault)
        os.write(self._out, f"{fault.event_id} {fault.subject.name} {fault.symptom}\n".encode())
        self._reports.append(report)

    def serve(self) -> None:
        """Tell the reports."""
        reports, self._reports = self._reports, []
        for report in reports:
            report(None)


class Clocks:
    """Clocks that stand, as after a restore of the machine."""

    def uptime(self) -> Millis:
        """Return a time since boot."""
        return Millis(1)

    def now(self) -> Instant:
        """Return a time of day."""
        return 1


def kafka_of(file: Path) -> Path:
    """Return where the records of a life are."""
    return file.with_suffix(".kafka")


def live(file: Path) -> None:
    """Say that processes fail and come back, and send it."""
    asyncio.run(_live(file))


async def _live(file: Path) -> None:
    store = Store(lambda: Outbox(file, 100))
    sender = Sender(store, FileMail(kafka_of(file)), None)
    teller = Teller(host="cmp1", boot_id="b", clocks=Clocks(), store=store, wake=sender.wake)
    task = asyncio.create_task(sender.run())
    for name in NAMES:
        _say(teller, name, Symptom.DOWN)
    await _drained(store)
    _say(teller, NAMES[0], Symptom.CLEAR)
    _say(teller, NAMES[0], Symptom.DOWN)
    await _drained(store)
    task.cancel()


def _say(teller: Teller, name: str, symptom: Symptom) -> None:
    teller.say(process_subject("cmp1", name), symptom)
    say(f"{name} {symptom}")


async def send_rest(file: Path) -> None:
    """Do what the next life does: send what waits."""
    store = Store(lambda: Outbox(file, 100))
    task = asyncio.create_task(Sender(store, FileMail(kafka_of(file)), None).run())
    await _drained(store)
    task.cancel()
    store.close()


async def _drained(store: Store) -> None:
    while len(store):  # noqa: ASYNC110 - a store tells nobody
        await asyncio.sleep(0.001)
