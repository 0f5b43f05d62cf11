"""What the log says about all hosts: one about which a newer Kasugai wrote is left, and the others are rebuilt."""

import asyncio
from collections.abc import Sequence
from typing import cast
from uuid import UUID

from kasugai.adapters.kafka.client import partition_of
from kasugai.adapters.kafka.reader import Range, Reader
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.kafka.topic_ids import TopicIds
from kasugai.core.words.facts import FactKind
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import Millis
from kasugai.schemas.codec import encode
from kasugai.schemas.topics import RECOVERY
from kasugai.sim.ledger import MemoryLedger
from kasugai.workers.archive import Archive
from kasugai.workers.rebuild import Difference, Done, rebuild
from tests.unit.core.makers import fact

NEWER = b"\0\0\0\x27\x0fof the future"
PARTITIONS = 2


class Log:
    """The Reader and the TopicIds of a log in memory."""

    def __init__(self, *values: tuple[str, bytes]) -> None:
        self._records: dict[tuple[str, int], list[Incoming]] = {}
        for host, value in values:
            place = (RECOVERY, partition_of(host, PARTITIONS))
            there = self._records.setdefault(place, [])
            there.append(
                Incoming(
                    topic=RECOVERY,
                    partition=place[1],
                    offset=len(there),
                    at=0,
                    key=host.encode(),
                    value=value,
                )
            )

    async def partitions(self, topic: str) -> list[int]:
        return [*range(PARTITIONS)]

    async def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        return 0, len(self._records.get((topic, partition), []))

    async def read_range(self, topic: str, partition: int, start: int, end: int) -> Range:
        return Range(tuple(self._records.get((topic, partition), [])[start:end]), end)

    def learn(self, *topics: str) -> None:
        pass

    def place(self, topic: str, partition: int) -> str:
        return f"{topic}/{partition}@id"


def rebuilt(log: Log, ledger: MemoryLedger, *hosts: str) -> Sequence[Difference]:
    async def main() -> list[Difference]:
        archive = Archive(cast(Reader, log), cast(TopicIds, log))
        async for _ in archive.read():
            pass
        found: list[Difference] = []
        for host in hosts:
            found += await rebuild(archive, ledger, f"me/{host}", host_subject(host), dry=False)
        return found

    return asyncio.run(main())


def test_a_host_that_cannot_be_read_is_left_by_name_and_the_others_are_written() -> None:
    facts = {host: fact(FactKind.ADOPTED, host=host, incident=UUID(int=1)) for host in ("cmp1", "cmp2")}
    log = Log(
        ("cmp1", encode(facts["cmp1"])),
        ("cmp1", NEWER),
        ("cmp2", encode(facts["cmp2"])),
        ("cmp2", b"rubbish"),
        ("cmp3", NEWER),
    )
    ledger = MemoryLedger(ttl=Millis(10_000))
    found = rebuilt(log, ledger, "cmp1", "cmp2", "cmp3")
    assert {(one.subject.host, one.done) for one in found} == {
        ("cmp1", Done.UNREADABLE),
        ("cmp2", Done.WRITTEN),
        ("cmp3", Done.UNREADABLE),
    }
    assert all("written by a newer Kasugai" in one.what for one in found if one.done is Done.UNREADABLE)

    async def kept(host: str) -> int:
        return len((await ledger.load(host_subject(host))).entries)

    assert [asyncio.run(kept(host)) for host in ("cmp1", "cmp2", "cmp3")] == [0, 1, 0]
