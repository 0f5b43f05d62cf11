"""The keys of the laboratory: agents sign what they say as they do on hypervisors, and route checks it by the same
master key. It plays the file of keys and the clock since boot; the rest is the product's own.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

from kasugai.adapters.kafka.records import Headers, Incoming
from kasugai.adapters.proving.checker import Checker
from kasugai.adapters.proving.masters import Masters, derive, master_of
from kasugai.adapters.proving.prover import Prover
from kasugai.schemas.codec import encode
from kasugai.schemas.topics import proved_topics
from kasugai.sim.lab.broker import Broker
from kasugai.streams.speakers import Speakers

MASTER = master_of(b"the laboratory's own master key.")


class Agents:
    """All hosts' voices, each with its own key."""

    def __init__(self) -> None:
        """None has spoken."""
        self._provers: dict[str, Prover] = {}

    def headers(self, signer: str, topic: str, key: str, value: object) -> Headers:
        """Return what the agent of a host signs a record with; nothing where nobody signs, or nothing is asked."""
        if topic not in proved_topics() or not signer:
            return ()
        return self.sign(signer, topic, key, encode(value))

    def sign(self, signer: str, topic: str, key: str, value: bytes) -> Headers:
        """Return what the agent of a host signs a record of these bytes with."""
        if signer not in self._provers:
            self._provers[signer] = Prover(signer, derive(MASTER, signer), boot="first", clock=_since_boot)
        return (self._provers[signer].header(topic, key, value),)


def _since_boot() -> int:
    return int(asyncio.get_running_loop().time() * 1_000_000)


class BrokerPast:
    """The Past port: what stands before a place, on the simulated broker."""

    def __init__(self, broker: Broker) -> None:
        """Read from `broker`."""
        self._broker = broker

    async def before(
        self, topic: str, partition: int, offset: int, most: int
    ) -> AsyncIterator[Sequence[Incoming]]:
        """See the port."""
        records = self._broker.log(topic, partition)[max(0, offset - most) : offset]
        yield [record.incoming(topic) for record in records]


def speakers(broker: Broker) -> Speakers:
    """Return the ear of one route process."""
    return Speakers(Checker(Masters(current=MASTER, keys={MASTER.id: MASTER})), BrokerPast(broker))
