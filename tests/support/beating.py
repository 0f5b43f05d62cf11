"""Hosts that beat on a real broker, each with a proof of its own, and what liveness says of them."""

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from confluent_kafka import Producer

from kasugai.adapters.kafka.client import producer_config
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.kafka.standing import written_since
from kasugai.adapters.proving.masters import Masters, derive, new_master
from kasugai.adapters.proving.prover import Prover
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.heartbeats import Beat, Link
from kasugai.core.words.signals import Fault
from kasugai.core.words.timing import Millis
from kasugai.schemas.beats import Known, again, known_of
from kasugai.schemas.codec import decode, encode
from kasugai.schemas.topics import HEARTBEATS, HOSTS

TRIES = 3
"""So often more a busy broker is asked."""
LINKS = tuple(Link(network=name, asked=4, reached=4) for name in ("management", "storage", "tenant"))


class Hosts:
    """Some hosts; `tick` lets all beat that do."""

    def __init__(self, kafka: KafkaSettings, names: Iterable[str], boot: str = "boot-1") -> None:
        """All beat, and have been up for a day."""
        master = new_master()
        self.masters = Masters(current=master, keys={master.id: master})
        self._producer = Producer(producer_config(kafka, "hosts") | {"linger.ms": 5})
        self._provers = {name: Prover(name, derive(master, name), boot=boot) for name in names}
        self._boot = boot
        self._since = time.monotonic() - 86_400
        self._known: dict[str, Known] = {}
        """What each one's next beat repeats of its first."""
        self.dead: set[str] = set()
        self._ended = Event()
        self._thread: Thread | None = None

    def keys_file(self, folder: Path) -> Path:
        """Write the master keys, and return where."""
        file = folder / "agents.keys"
        file.touch(mode=0o600)
        file.write_text(self.masters.text())
        return file

    def beat(self, name: str) -> Beat:
        """Return the host's beat as of now."""
        uptime = self._uptime()
        return Beat(
            host=name,
            boot_id=self._boot,
            uptime=uptime,
            every=Millis(1_000),
            late=Millis(uptime % 7),
            links=LINKS,
            guests=12,
            version="0.1.0",
            sent_at=round(time.time() * 1000),
        )

    def _uptime(self) -> Millis:
        return Millis(round((time.monotonic() - self._since) * 1000))

    def send(self, beats: Sequence[Beat], *, proved: bool = True) -> None:
        """Publish these."""
        for beat in beats:
            self._produce(beat.host, encode(beat), proved=proved)
        self._producer.poll(0)

    def _produce(self, name: str, value: bytes, *, proved: bool = True) -> None:
        prover = self._provers[name]
        headers = dict([prover.header(HEARTBEATS, name, value)] if proved else [])
        while True:
            try:
                self._producer.produce(HEARTBEATS, value=value, key=name.encode(), headers={**headers})
                return
            except BufferError:
                self._producer.poll(0.05)

    def tick(self, times: int = 1) -> None:
        """Let each that lives beat so often, a millisecond of uptime apart."""
        for more in range(times):
            for name in self._provers.keys() - self.dead:
                known = self._known.get(name) or self._known.setdefault(name, known_of(self.beat(name)))
                uptime = Millis(self._uptime() + more)
                self._produce(name, again(known, uptime, Millis(uptime % 7), round(time.time() * 1000)))
            self._producer.poll(0)

    def flush(self) -> None:
        """Wait until all of it is there."""
        self._producer.flush(60)

    def __enter__(self) -> "Hosts":
        """Beat once a second."""
        self._thread = Thread(target=self._go_on, name="hosts", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._ended.set()
        assert self._thread is not None, "it was started"
        self._thread.join()
        self.flush()

    def _go_on(self) -> None:
        while not self._ended.wait(1.0):
            self.tick()


def said_of_hosts(kafka: KafkaSettings, partitions: int, since: int = 0) -> list[Fault]:
    """Return all that liveness has said, in the order of the broker's time; a broker that is too busy to answer is
    asked again."""
    records = _written(kafka, partitions, since)
    found = [decode(record.value or b"") for record in sorted(records, key=lambda record: record.at)]
    return [fault for fault in found if isinstance(fault, Fault)]


def _written(kafka: KafkaSettings, partitions: int, since: int) -> list[Incoming]:
    for _ in range(TRIES):
        with suppress(LogAway):
            return written_since(kafka, "said", HOSTS, range(partitions), since)
    return written_since(kafka, "said", HOSTS, range(partitions), since)
