"""Route holds agents to their proofs: who signed, in whose name, and whether it was said before, across restarts."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.proving.checker import Checker
from kasugai.adapters.proving.header import PROOF
from kasugai.adapters.proving.masters import Masters, derive, master_of
from kasugai.adapters.proving.opening import Proofs, Unasked
from kasugai.adapters.proving.prover import Prover
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.signals import Fault, Source, Symptom, fault
from kasugai.core.words.subject import Kind
from kasugai.schemas.codec import encode
from kasugai.schemas.topics import FAULTS, NOVA, PEERS, REPORTED, proved_topics
from kasugai.streams.speakers import REMEMBERED, Replayed, Speakers, Unproved

MASTER = master_of(b"m" * 32)
KEYS = Masters(current=MASTER, keys={MASTER.id: MASTER})
SAID = fault(host="cmp1", observer="host/cmp2", source=Source.PEER, symptom=Symptom.DOWN, episode="1")


class Host:
    """One hypervisor's agent."""

    def __init__(self, name: str, clock: int = 1_000, boot: str = "b1") -> None:
        self.now = clock
        self.prover = Prover(name, derive(MASTER, name), boot=boot, clock=lambda: self.now)

    def says(self, said: Fault = SAID, *, topic: str = PEERS, offset: int = 0) -> Incoming:
        value = encode(said)
        header = self.prover.header(topic, said.host, value)
        return Incoming(
            topic=topic,
            partition=0,
            offset=offset,
            at=0,
            key=said.host.encode(),
            value=value,
            headers=(("kasugai-schema", b"Fault/1001"), header),
        )


class Log:
    """The Past port: one partition; remembers what it was asked."""

    def __init__(self, records: Sequence[Incoming] = (), *, away: bool = False) -> None:
        self.records = list(records)
        self.away = away
        self.asked: list[tuple[str, int, int, int]] = []

    async def before(
        self, topic: str, partition: int, offset: int, most: int
    ) -> AsyncIterator[Sequence[Incoming]]:
        self.asked.append((topic, partition, offset, most))
        if self.away:
            raise LogAway("no answer")
        for record in self.records:
            if record.offset < offset:
                yield [record]


def judged(speakers: Speakers, *records: Incoming, said: Fault = SAID) -> list[type[Exception] | None]:
    """Prepare a batch and judge each of its records."""
    asyncio.run(speakers.prepare(records))
    return [_judged(speakers, record, said) for record in records]


def _judged(speakers: Speakers, record: Incoming, said: Fault) -> type[Exception] | None:
    try:
        speakers.check(record, said)
    except Unproved as error:
        return type(error)
    return None


def ear(log: Log | None = None, proofs: Proofs | None = None) -> Speakers:
    return Speakers(proofs or Checker(KEYS), log or Log())


def test_what_the_observers_own_host_has_signed_is_heard() -> None:
    assert judged(ear(), Host("cmp2").says()) == [None]


def test_another_hosts_key_and_no_key_are_not() -> None:
    speakers = ear()
    foreign = Host("cmp3").says()
    bare = replace(Host("cmp2").says(offset=1), headers=())
    asyncio.run(speakers.prepare([foreign, bare]))
    with pytest.raises(Unproved, match="it speaks as cmp2, and cmp3 has signed it") as named:
        speakers.check(foreign, SAID)
    assert named.value.host == "cmp2"
    with pytest.raises(Unproved, match="carries no header kasugai-proof"):
        speakers.check(bare, SAID)


@pytest.mark.parametrize("change", ["key", "value", "topic"])
def test_what_was_changed_on_the_way_is_not(change: str) -> None:
    whole = Host("cmp2").says()
    changed = {
        "key": replace(whole, key=b"cmp9"),
        "value": replace(whole, value=(whole.value or b"") + b"\0"),
        "topic": replace(whole, topic=FAULTS[Kind.PROCESS]),
    }[change]
    assert judged(ear(), changed) == [Unproved]


@pytest.mark.parametrize("topic", sorted(proved_topics() - {"kasugai.heartbeats"}))
def test_every_topic_of_agents_faults_is_held_to_it(topic: str) -> None:
    bare = replace(Host("cmp2").says(topic=topic), headers=())
    assert judged(ear(), bare) == [Unproved]
    assert topic in {PEERS, FAULTS[Kind.PROCESS], FAULTS[Kind.INSTANCE]}


@pytest.mark.parametrize("topic", [REPORTED, NOVA, FAULTS[Kind.HOST]])
def test_services_prove_nothing_their_logins_do(topic: str) -> None:
    log = Log()
    assert judged(ear(log), replace(Host("cmp2").says(topic=topic), headers=())) == [None]
    assert log.asked == []


def test_without_a_check_every_name_is_believed_and_nothing_is_read_again() -> None:
    log = Log()
    bare = replace(Host("cmp2").says(), headers=())
    assert judged(ear(log, Unasked()), bare, bare) == [None, None]
    assert log.asked == []


def test_without_a_master_key_nobody_is_believed(tmp_path: object) -> None:
    assert judged(ear(proofs=Checker.of(f"{tmp_path}/none")), Host("cmp2").says()) == [Unproved]


def test_a_word_counts_once() -> None:
    host = Host("cmp2")
    said, later = host.says(), host.says(offset=2)
    again = replace(said, offset=1)
    assert judged(ear(), said, again, later) == [None, Replayed, None]


def test_a_word_is_known_after_a_restart() -> None:
    host = Host("cmp2")
    said = host.says()
    log = Log([said])
    assert judged(ear(log), replace(said, offset=1), host.says(offset=2)) == [Replayed, None]
    assert log.asked == [(PEERS, 0, 1, REMEMBERED)]


def test_what_nobody_proved_before_a_restart_keeps_nobody_from_speaking() -> None:
    """An old record without a right code raises no count."""
    forged = replace(Host("cmp2", clock=10**9).says(), value=b"changed")
    log = Log(
        [forged, replace(forged, headers=(), offset=1), replace(forged, headers=((PROOF, b"?"),), offset=2)]
    )
    assert judged(ear(log), Host("cmp2").says(offset=3)) == [None]


def test_a_batch_that_is_read_again_is_judged_as_before() -> None:
    """Kafka did not take its letters: it comes again, and is no replay of itself."""
    host = Host("cmp2")
    first, again = host.says(), host.says(offset=1)
    batch = [first, again, replace(first, offset=2)]
    log = Log(batch)
    speakers = ear(log)
    assert judged(speakers, *batch) == judged(speakers, *batch) == [None, None, Replayed]
    assert judged(speakers, host.says(offset=3)) == [None]
    assert [offset for _, _, offset, _ in log.asked] == [0, 0], (
        "and what follows is read on without a look back"
    )


def test_what_others_read_meanwhile_is_looked_up() -> None:
    """A partition that went to another route and came back."""
    host = Host("cmp2")
    first, theirs = host.says(), host.says(offset=1)
    log = Log([first, theirs])
    speakers = ear(log)
    assert judged(speakers, first) == [None]
    assert judged(speakers, replace(theirs, offset=2)) == [Replayed]


def test_a_past_that_cannot_be_read_lets_the_batch_wait() -> None:
    with pytest.raises(LogAway):
        asyncio.run(ear(Log(away=True)).prepare([Host("cmp2").says()]))


def test_a_host_that_boots_counts_from_its_beginning() -> None:
    before, after = Host("cmp2", clock=10**12), Host("cmp2", clock=5, boot="b2")
    assert judged(ear(), before.says(), after.says(offset=1)) == [None, None]
