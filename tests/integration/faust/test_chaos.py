"""Two processors are killed, paused and crashed while new subjects arrive: none is lost, none is skipped.

It fails when a remedy is taken out: KASUGAI_TOY_WITHOUT=frozen-fetch (or seek-first) makes the guard exit with 73, and
with frozen-fetch,seek-first,own-offsets,guard subjects may be lost for good. tests/support/remedies.py lists the names.
"""

import logging
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.kafka import KafkaServer
from tests.support.toys import RunningToy, Toys, eventually

SECONDS = 20.0
PER_SECOND = 20


@pytest.fixture
def toys(kafka: KafkaServer, tmp_path: Path) -> Iterator[Toys]:
    """Four partitions."""
    made = Toys(kafka, "chaos", tmp_path, partitions=4)
    yield made
    made.stop()


class Tormentor:
    """Keeps two toys running and lets neither rest."""

    def __init__(self, toys: Toys, *switches: str) -> None:
        """Start both."""
        self._toys, self._switches = toys, ("--exit-after", "2", *switches)
        self._chance = random.Random(7)
        self._paused: dict[str, float] = {}
        self.running: dict[str, RunningToy] = {name: self._start(name) for name in "ab"}
        self.kills = self.pauses = 0
        self.exits: list[int] = []

    def step(self, now: float) -> None:
        """Bring the dead back, wake the paused, and sometimes strike."""
        for name, toy in self.running.items():
            code = toy.process.poll()
            if code is not None:
                self.exits += [code] if code > 0 else []
                self.running[name] = self._start(name)
            elif now >= self._paused.get(name, now + 1):
                del self._paused[name]
                toy.process.send_signal(signal.SIGCONT)

    def strike(self, now: float) -> None:
        """Kill or pause one that runs."""
        name = self._chance.choice("ab")
        if name in self._paused or self.running[name].process.poll() is not None:
            return
        if self._chance.random() < 0.6:
            self.kills += 1
            self.running[name].process.kill()
        else:
            self.pauses += 1
            self._paused[name] = now + 8.0
            self.running[name].process.send_signal(signal.SIGSTOP)

    def rest(self) -> None:
        """Wake everybody."""
        for name in list(self._paused):
            self._paused[name] = 0.0

    def _start(self, name: str) -> RunningToy:
        return self._toys.start(name, *self._switches)


@pytest.mark.chaos
def test_no_subject_is_lost_whatever_happens_to_two_processors(toys: Toys) -> None:
    tormentor = Tormentor(toys)
    sent: list[str] = []
    begin = now = time.monotonic()
    next_strike = begin + 5.0
    while now - begin < SECONDS:
        fresh = [f"subject-{len(sent) + i}" for i in range(PER_SECOND // 10)]
        toys.send(fresh + random.Random(len(sent)).sample(sent, k=min(2, len(sent))))
        sent += fresh
        tormentor.step(now)
        if now >= next_strike:
            tormentor.strike(now)
            next_strike = now + 4.0
        time.sleep(max(0.0, 0.1 - (time.monotonic() - now)))
        now = time.monotonic()
    tormentor.rest()

    def done() -> bool:
        tormentor.step(time.monotonic())
        return set(sent) <= set(toys.out())

    eventually(done, 90.0)
    out = toys.out()
    told = (
        f"{len(sent)} subjects, {len(out)} records out, {tormentor.kills} kills, {tormentor.pauses} pauses, "
        f"exits {tormentor.exits}, {time.monotonic() - begin:.0f} s"
    )
    logging.getLogger(__name__).info(told)
    assert sorted(set(sent) - set(out)) == [], f"lost: {told}"
    assert sorted(set(out) - set(sent)) == [], f"invented: {told}"
    assert 73 not in tormentor.exits, "with all remedies no record is skipped, so the guard has nothing to do"
