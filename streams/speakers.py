"""Holds each word of an agent to its proof: it is what the observer's own host has signed, and it was not said before.

The topics on which that is asked are marked in their contracts. It knows the header by the port of who checks it, and
what stands before a record by the port of who reads it again.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.proving.checker import proof_in
from kasugai.adapters.proving.opening import Proofs
from kasugai.core.words.signals import Fault
from kasugai.schemas.topics import proved_topics
from kasugai.streams.replays import Replays
from kasugai.streams.sayings import AGENT

REMEMBERED = 20_000
"""Records of a partition that are read again to know what was said before: of agents' topics, most often all there
are."""


class Unproved(Exception):
    """A word that nobody proves to be his in whose name it is said."""

    def __init__(self, why: str, host: str) -> None:
        """`host`: in whose name."""
        super().__init__(why)
        self.host = host


class Replayed(Unproved):
    """A word that its host has said before."""


class Past(Protocol):
    """Who reads again what stands before a place."""

    def before(self, topic: str, partition: int, offset: int, most: int) -> AsyncIterator[Sequence[Incoming]]:
        """Yield the last `most` records before `offset`, in order; LogAway when they cannot be read."""
        ...


class Speakers:
    """One route's ear for who speaks."""

    def __init__(self, proofs: Proofs, past: Past) -> None:
        """Remember nothing."""
        self._proofs = proofs
        self._past = past
        self._replays = Replays()

    async def prepare(self, batch: Sequence[Incoming]) -> None:
        """Know what was said before each record of a batch; LogAway. To be called before each batch's checks: one
        that is read a second time is then judged as it was the first time."""
        if not self._proofs.are_asked:
            return
        heard = [record for record in batch if record.topic in proved_topics()]
        firsts = {(record.topic, record.partition): record for record in reversed(heard)}
        for place, first in firsts.items():
            if not self._replays.reads_on(place, first.offset):
                await self._recall(first)
        for record in heard:
            self._replays.passed((record.topic, record.partition), record.offset + 1)

    async def _recall(self, first: Incoming) -> None:
        place = first.topic, first.partition
        self._replays.begin(place, first.offset)
        async for records in self._past.before(*place, first.offset, REMEMBERED):
            for record in records:
                proof = proof_in(record.headers)
                if proof is not None and not self._doubt(record, proof.host):
                    self._replays.take(place, proof.host, proof.boot, proof.count)

    def check(self, record: Incoming, value: object) -> None:
        """Unproved for a fault on an agents' topic that its observer's host has not signed, Replayed for one that it
        has said before. What is said by nobody's agent is refused by what the topic may carry."""
        if record.topic not in proved_topics() or not isinstance(value, Fault) or not self._proofs.are_asked:
            return
        host = value.observer.removeprefix(AGENT)
        trouble = self._doubt(record, host)
        if trouble:
            raise Unproved(trouble, host)
        proof = proof_in(record.headers)
        assert proof is not None, "it was checked"
        said = self._replays.take((record.topic, record.partition), host, proof.boot, proof.count)
        if said:
            raise Replayed(said, host)

    def _doubt(self, record: Incoming, host: str) -> str:
        key = (record.key or b"").decode(errors="replace")
        return self._proofs.trouble(host, record.topic, key, record.value or b"", record.headers)
