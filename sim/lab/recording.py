"""What a laboratory's broker holds at the end, as a recording: what `kasugai record` writes of a real one."""

from collections.abc import Iterator
from typing import IO

from kasugai.core.words.timing import BrokerTime, Timing
from kasugai.schemas.recordings import NUMBERS, About, Entry, RecordingWriter
from kasugai.schemas.topics import SIGNALS
from kasugai.sim.cloud.world import NEW_YEAR
from kasugai.sim.lab.broker import Broker

MADE_BY = "the laboratory"


def write(broker: Broker, timing: Timing, file: IO[bytes]) -> None:
    """Write all that was decided and done, then the mailbox from its beginning."""
    end = BrokerTime(broker.now() + 1)
    about = About(begin=BrokerTime(round(NEW_YEAR * 1000)), end=end, timing=timing, made_by=MADE_BY)
    with RecordingWriter(file, about) as recording:
        for topic in sorted(NUMBERS, key=lambda name: (name == SIGNALS, NUMBERS[name])):
            for entry in _entries(broker, topic):
                recording.add(entry)


def _entries(broker: Broker, topic: str) -> Iterator[Entry]:
    for partition in range(broker.partitions_of(topic)):
        for record in broker.log(topic, partition):
            if record.raw is not None:
                yield Entry(topic, partition, record.stamp.offset, record.stamp.at, record.raw)
