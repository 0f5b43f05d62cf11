"""What every Log must do (workers/ports.py): one suite, played in memory and on a real Kafka."""

import asyncio
from uuid import uuid4

import pytest

from kasugai.core.recovering.doors import Flagged, Logged
from kasugai.core.recovering.ledger import Flag
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.workers.ports import Log, Offsets
from tests.support.kafka import KafkaServer
from tests.support.logs import InMemory, OnKafka, Place, fact, guest_of, resume, stop, story


async def end_of(log: Log, host: str) -> Offsets:
    """Return where the host's log ends now."""
    return (await log.facts(host_subject(host), {}))[1]


class Facts:
    """What was published is read again."""

    @story
    async def test_of_an_unknown_host_there_is_nothing(self, place: Place) -> None:
        assert [*(await place.log.facts(host_subject(place.hosts[0]), {}))[0]] == []

    @story
    async def test_a_fact_comes_back_with_the_stamp_that_its_publication_returned(self, place: Place) -> None:
        host = place.hosts[0]
        stamp = await place.log.publish(fact(host))
        facts, end = await place.log.facts(host_subject(host), {})
        assert [*facts] == [Logged(fact=fact(host), stamp=stamp)]
        assert [*end.values()] == [stamp.offset + 1]

    @story
    async def test_facts_come_in_the_order_of_the_log(self, place: Place) -> None:
        host = place.hosts[0]
        published = [fact(host, n) for n in (3, 1, 2)]
        stamps = [await place.log.publish(one) for one in published]
        facts, _ = await place.log.facts(host_subject(host), {})
        assert [logged.fact for logged in facts] == published
        assert [logged.stamp for logged in facts] == stamps
        assert [s.offset for s in stamps] == sorted(s.offset for s in stamps)
        assert [s.at for s in stamps] == sorted(s.at for s in stamps)

    @story
    async def test_hosts_do_not_see_one_another_but_the_end_counts_every_record(self, place: Place) -> None:
        mine, neighbour, stranger = place.hosts
        await place.log.publish(fact(mine))
        last = await place.log.publish(fact(neighbour))
        await place.log.publish(fact(stranger))
        facts, end = await place.log.facts(host_subject(mine), {})
        assert [logged.fact.host for logged in facts] == [mine]
        assert [*end.values()] == [last.offset + 1]

    @story
    async def test_a_fold_goes_on_where_the_last_one_ended(self, place: Place) -> None:
        host = place.hosts[0]
        await place.log.publish(fact(host, 1))
        end = await end_of(place.log, host)
        assert await place.log.facts(host_subject(host), end) == ([], end)
        stamp = await place.log.publish(fact(host, 2))
        facts, after = await place.log.facts(host_subject(host), end)
        assert [logged.fact.n for logged in facts] == [2]
        assert [*after.values()] == [stamp.offset + 1]

    @story
    async def test_many_read_at_once(self, place: Place) -> None:
        for n, host in enumerate(place.hosts):
            await place.log.publish(fact(host, n + 1))
        reads = [place.log.facts(host_subject(host), {}) for host in place.hosts * 10]
        found = [[logged.fact.host for logged in facts] for facts, _ in await asyncio.gather(*reads)]
        assert found == [[host] for host in place.hosts * 10]

    @story
    async def test_subjects_of_one_host_do_not_see_one_another(self, place: Place) -> None:
        host = place.hosts[0]
        subjects = [host_subject(host), guest_of(host, 1), guest_of(host, 2)]
        stamps = [await place.log.publish(fact(host, 1, subject=subject)) for subject in subjects]
        for subject, stamp in zip(subjects, stamps, strict=True):
            facts, end = await place.log.facts(subject, {})
            assert [logged.stamp for logged in facts] == [stamp]
            assert [*end.values()] == [stamps[-1].offset + 1]

    @story
    async def test_one_that_is_new_gets_all_of_its_own_whoever_has_read_before(self, place: Place) -> None:
        """Also what another worker has written about it since the partition was last read here."""
        host = place.hosts[0]
        early = await place.log.publish(fact(host, 1, subject=guest_of(host, 1)))
        assert [*(await place.log.facts(guest_of(host, 2), {}))[0]] == []
        for number in range(3, 40):
            stamp = await place.log.publish(fact(host, number, subject=guest_of(host, number)))
            for subject, own in ((guest_of(host, number), stamp), (guest_of(host, 1), early)):
                facts, end = await place.log.facts(subject, {})
                assert [logged.stamp for logged in facts] == [own]
                assert [*end.values()] == [stamp.offset + 1]

    @story
    async def test_hundreds_that_are_new_at_once_get_each_their_own(self, place: Place) -> None:
        host = place.hosts[0]
        known = [fact(host, number, subject=guest_of(host, number)) for number in range(0, 200, 2)]
        await asyncio.gather(*map(place.log.publish, known))
        reads = [place.log.facts(guest_of(host, number), {}) for number in range(200)]
        found = await asyncio.gather(*reads)
        assert [logged.fact for facts, _ in found for logged in facts] == known
        assert len({tuple(end.items()) for _, end in found}) == 1


class Flags:
    """Stops and Resumes of the incidents topic."""

    @story
    async def test_stops_and_resumes_become_flags_with_their_offsets(self, place: Place) -> None:
        host, incident = place.hosts[0], uuid4()
        first = await place.order(stop(host, incident))
        second = await place.order(resume(host, incident))
        flags, end = await place.log.flags(host_subject(host), {})
        assert [*flags] == [
            Flagged(
                incident=incident,
                flag=Flag(said_at=BrokerTime(1), offset=first.offset, stop=True, reason="withdrawn"),
            ),
            Flagged(
                incident=incident,
                flag=Flag(said_at=BrokerTime(2), offset=second.offset, stop=False, reason="back"),
            ),
        ]
        assert [*end.values()] == [second.offset + 1]
        assert await place.log.flags(host_subject(host), end) == ([], end)

    @story
    async def test_other_hosts_flags_are_theirs(self, place: Place) -> None:
        mine, neighbour, _ = place.hosts
        last = await place.order(stop(neighbour, uuid4()))
        flags, end = await place.log.flags(host_subject(mine), {})
        assert ([*flags], [*end.values()]) == ([], [last.offset + 1])


class Logs(Facts, Flags):
    """The whole suite."""


class TestInMemory(Logs):
    """The simulator's log."""

    @pytest.fixture
    def place(self) -> Place:
        """Memory."""
        return InMemory()


class TestOnKafka(Logs):
    """The log of a deployment."""

    @pytest.fixture
    def place(self, kafka: KafkaServer) -> Place:
        """A real broker."""
        return OnKafka(kafka.bootstrap)
