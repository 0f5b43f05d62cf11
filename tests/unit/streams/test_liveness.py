"""The loop around `watching`: records in, faults out; what is unproved or unreadable is put aside, and told."""

from collections.abc import Callable, Sequence

import pytest
from confluent_kafka import Message

from kasugai.adapters.kafka.beat_source import Kept
from kasugai.adapters.kafka.records import Outgoing, incoming
from kasugai.adapters.proving.opening import Proofs, Unasked
from kasugai.core.watching.rules import Rules
from kasugai.core.words.heartbeats import Beat, Leave, Link, Pulse
from kasugai.core.words.lifelines import Lifeline
from kasugai.core.words.signals import Fault, Symptom
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.schemas.codec import decode, encode
from kasugai.schemas.topics import HEARTBEATS, HOSTS, dead_letters_of
from kasugai.streams.liveness import BURIED, FRESH, Liveness, stood_of

START = 1_800_000_000_000
CUT = (Link(network="storage", asked=4, reached=0),)
WELL = (Link(network="storage", asked=4, reached=4),)


class Kafka:
    """The Out port, and what a consumer would read of it; `now` is its clock and the process's."""

    owed = 0

    def __init__(self, proofs: Proofs | None = None) -> None:
        self.now = START
        self.sent: list[Outgoing] = []
        self.pulses: list[Message] = []
        self.keeps_pulses = True
        self.reports: list[Callable[[], None]] = []
        self.liveness = Liveness(
            rules=Rules(),
            proofs=proofs or Unasked(),
            out=self,
            author="liveness-1#a",
            clock=lambda: self.now / 1000,
        )
        self.liveness.begin(0, "1")

    def send(self, record: Outgoing) -> None:
        self.sent.append(record)

    def pulse(self, record: Outgoing, done: Callable[[], None]) -> None:
        self.reports.append(done)
        self.pulses.append(self.message(None, record.value))
        if self.keeps_pulses:
            done()

    def message(
        self,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
        partition: int = 0,
    ) -> Message:
        return Message(
            topic=HEARTBEATS,
            partition=partition,
            offset=7,
            key=key,
            value=value,
            headers=[*headers],
            timestamp=(2, self.now),
        )

    def beat(self, host: str = "cmp1", links: tuple[Link, ...] = (), leave: Leave = Leave.STAYS) -> None:
        value = encode(
            Beat(
                host=host,
                boot_id="b1",
                uptime=Millis(self.now - START + 1_000),
                every=Millis(1_000),
                late=Millis(0),
                leave=leave,
                links=links,
                sent_at=self.now,
            )
        )
        self.liveness.take([self.message(host.encode(), value)])

    def second(self, *hosts: str, links: tuple[Link, ...] = ()) -> None:
        """Let a second pass: these beat, and a pulse goes out and comes back."""
        self.now += 1_000
        for host in hosts:
            self.beat(host, links)
        self.liveness.pulse()
        self.liveness.take(self.pulses)
        self.pulses.clear()

    def hold(self, host: str, neighbour: str, *, number: int = 0, key: str = "") -> None:
        """Let an agent say that its host hangs on its watchdog."""
        up = Millis(self.now - START + 100_000)
        word = Lifeline(
            host=host,
            boot_id="b1",
            uptime=up,
            is_armed=True,
            timeout=Millis(7_000),
            neighbours=(neighbour,),
            clean_since=Millis(0),
            acknowledged=Millis(up - 1_000),
        )
        found = self.message((key or host).encode(), encode(word), partition=number)
        self.liveness.take([found])

    def said(self) -> list[Fault]:
        values = [decode(record.value or b"") for record in self.sent if record.topic == HOSTS]
        return [value for value in values if isinstance(value, Fault)]


def test_a_watchdog_that_has_run_out_is_told_repeated_and_taken_back() -> None:
    kafka = Kafka()
    for _ in range(5):
        kafka.hold("cmp1", "cmp2")
        kafka.hold("cmp2", "cmp1")
        kafka.second()
    for _ in range(60):
        kafka.hold("cmp2", "cmp1")
        kafka.second()
    told = kafka.said()
    assert [(word.symptom, word.observer, word.boot_id) for word in told] == 2 * [
        (Symptom.OFF, "watchdog", "b1")
    ]
    assert told[0].event_id == told[1].event_id
    kafka.hold("cmp1", "cmp2")
    kafka.second()
    assert kafka.said()[-1].symptom is Symptom.CLEAR
    assert kafka.liveness.counts["off"] == 2 and kafka.liveness.counts["said before"] == 0
    kafka.hold("cmp1", "cmp2")
    kafka.hold("cmp1", "cmp2")
    assert kafka.liveness.counts["said before"] == 1


def test_a_lifeline_in_another_partition_under_another_key_or_unproved_is_a_dead_letter() -> None:
    kafka = Kafka()
    kafka.liveness.begin(1, "1")
    kafka.hold("cmp1", "cmp2", number=1)
    kafka.hold("cmp1", "cmp2", key="cmp3")
    assert kafka.liveness.counts["unreadable"] == 2
    unproved = Kafka(Nobody())
    unproved.hold("cmp1", "cmp2")
    assert unproved.liveness.counts["unproved"] == 1


class Nobody:
    """Proofs of which none is right."""

    are_asked = True

    def trouble(self, *_: object) -> str:
        return "nobody proves it"


def test_a_silent_host_is_told_and_a_successor_is_left_word() -> None:
    kafka = Kafka()
    kafka.second("cmp1")
    for _ in range(4):
        kafka.second()
    (record,) = kafka.sent
    (fault,) = kafka.said()
    assert (record.key, fault.symptom) == (b"cmp1", Symptom.DOWN)
    stood = stood_of(
        incoming(
            Message(
                topic=HOSTS,
                partition=0,
                offset=1,
                value=record.value,
                headers=list(record.headers),
                timestamp=(2, kafka.now),
            )
        ),
        fault,
    )
    assert stood is not None
    assert (stood.said.uptime, stood.said.former, stood.at) == (2_000, (), kafka.now)
    heir = Kafka()
    heir.now = kafka.now
    heir.liveness.begin(0, "1", [stood])
    for _ in range(31):
        heir.second()
    assert [each.event_id for each in heir.said()] == [fault.event_id]


def test_what_we_have_not_said_is_nothing_that_stood() -> None:
    record = incoming(Message(topic=HOSTS, partition=0, offset=1, value=b"", timestamp=(2, 1)))
    assert stood_of(record, Pulse(author="x", every=Millis(1))) is None


def test_a_pulse_that_is_old_or_anothers_concludes_nothing() -> None:
    kafka = Kafka()
    kafka.second("cmp1")
    for _ in range(10):
        kafka.now += 1_000
        kafka.liveness.pulse()
        (mine,) = kafka.pulses
        other = kafka.message(None, encode(Pulse(author="liveness-2#b/1", every=Millis(1_000))))
        kafka.now += int(FRESH * 1_000) + 1
        kafka.liveness.take([mine, other])
        kafka.pulses.clear()
        kafka.now -= int(FRESH * 1_000) + 1
    assert kafka.said() == []


def test_a_pulse_that_is_under_way_is_not_sent_again() -> None:
    kafka = Kafka()
    kafka.keeps_pulses = False
    for _ in range(5):
        kafka.now += 1_000
        kafka.liveness.pulse()
    assert len(kafka.pulses) == 1
    kafka.reports[0]()
    kafka.liveness.pulse()
    assert len(kafka.pulses) == 2


def test_pulses_go_once_a_second() -> None:
    kafka = Kafka()
    for _ in range(20):
        kafka.now += 100
        kafka.liveness.pulse()
    assert len(kafka.pulses) == 2


def test_what_is_not_proved_is_a_dead_letter_and_counts_for_nothing() -> None:
    kafka = Kafka(proofs=Nobody())
    for _ in range(BURIED + 5):
        kafka.beat()
    assert [record.topic for record in kafka.sent] == [dead_letters_of(HEARTBEATS)] * BURIED
    assert dict(kafka.sent[0].headers)["dlq-error"] == b"nobody proves it"
    assert kafka.liveness.counts["unproved"] == BURIED + 5
    assert kafka.liveness.states().total() == 0
    kafka.now += 1_000
    kafka.beat()
    assert len(kafka.sent) == BURIED + 1


@pytest.mark.parametrize("value", [None, b"", b"{}", bytes(9)])
def test_rubbish_is_a_dead_letter(value: bytes | None) -> None:
    kafka = Kafka()
    kafka.liveness.take([kafka.message(b"cmp1", value)])
    assert [record.topic for record in kafka.sent] == [dead_letters_of(HEARTBEATS)]
    assert kafka.liveness.counts["unreadable"] == 1


def test_a_beat_said_again_is_counted_once_it_looks() -> None:
    kafka = Kafka()
    kafka.beat()
    kafka.beat()
    assert kafka.liveness.counts["said before"] == 0
    kafka.second()
    kafka.now -= 1_000
    kafka.beat()
    assert kafka.liveness.counts["said before"] == 1


def test_a_successor_is_left_since_when_it_must_read_again() -> None:
    kafka = Kafka()
    kafka.second("cmp1", "cmp2")
    kafka.second("cmp2")
    assert kafka.liveness.kept() == {0: Kept(8, BrokerTime(START + 1_000))}
    assert kafka.liveness.kept() == {}, "once a conclusion"
    kafka.second("cmp2")
    assert kafka.liveness.kept() == {0: Kept(8, BrokerTime(START + 1_000))}
    kafka.now += 100
    kafka.liveness.take([kafka.message(None, encode(Pulse(author="another", every=Millis(1_000))))])
    kafka.now += 900
    assert kafka.liveness.kept() == {}, "nothing was concluded"


def test_a_successor_is_left_nothing_while_a_word_is_under_way() -> None:
    kafka = Kafka()
    kafka.second("cmp1", "cmp2")
    for _ in range(4):
        kafka.second("cmp2")
    (fault,) = kafka.said()
    assert fault.host == "cmp1"
    kafka.owed = 1
    assert kafka.liveness.kept() == {}
    kafka.owed = 0
    assert kafka.liveness.kept() == {0: Kept(8, BrokerTime(START + 5_000))}, (
        "its silence is known by the word"
    )


def test_partitions_that_are_not_ours_are_passed_over() -> None:
    kafka = Kafka()
    kafka.liveness.end()
    kafka.second("cmp1")
    assert (kafka.sent, kafka.liveness.states().total()) == ([], 0)


def test_it_waits_until_it_has_looked_at_each_partition() -> None:
    kafka = Kafka()
    assert "partitions [0]" in kafka.liveness.waits_for
    kafka.second()
    assert kafka.liveness.waits_for == ""


def test_hosts_are_counted_by_state(caplog: pytest.LogCaptureFixture) -> None:
    kafka = Kafka()
    kafka.second("silent", "cut", "well", "left")
    for _ in range(14):
        kafka.now += 1_000
        kafka.beat("cut", CUT)
        for host in ("well", "fine"):
            kafka.beat(host, WELL)
        kafka.now -= 1_000
        kafka.second()
    states = kafka.liveness.states()
    assert (states["isolated"], states["beating"], states["silent"]) == (1, 2, 2)
    told = [record.getMessage() for record in caplog.records if "reaches nobody on" in record.getMessage()]
    assert len(told) == 1
