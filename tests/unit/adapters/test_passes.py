"""Whoever asks gets what he would get if everything were read for him alone, whatever was read before; and a subject
that is new costs no more than what has come since."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kasugai.adapters.kafka.passed import Passed
from kasugai.adapters.kafka.passes import Known, Pass, Wish, read_pass
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.kafka.scanner import Scanned, Scanner, Starts, _start
from kasugai.adapters.kafka.tails import Tail, Tails
from kasugai.core.recovering.doors import LogUnreadable
from kasugai.core.words.facts import Fact
from kasugai.core.words.incident import Stop
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.schemas.codec import Undecodable, decode, encode
from kasugai.schemas.registry import LAST_ID
from tests.support.logs import fact, guest_of, stop

PLACE = "kasugai.recovery/0@one"
NEWER = b"\0" + LAST_ID.to_bytes(4, "big") + b"of the future"
HOSTS = ("cmp1", "cmp2", "cmp3")
GUESTS = 4
OTHERS = (b"", b"rubbish", NEWER, encode(fact("cmp9")), *(encode(stop(host, UUID(int=7))) for host in HOSTS))
"""What others may write under a host's key, and flags."""
MOST = [(4_096, 20_000, 4_096), (2, 20_000, 5), (4_096, 2, 2), (0, 0, 0), (0, 0, 4_096), (4_096, 20_000, 0)]
"""Keys, subjects and records that are remembered."""


class Partition:
    """One partition in memory, read as a scanner reads it; counts what was passed."""

    def __init__(self) -> None:
        self.low = 0
        self.records: list[tuple[bytes, bytes]] = []
        """From offset 0 on: those below `low` are deleted."""
        self.passed = 0

    def add(self, host: str, value: bytes) -> None:
        self.records.append((host.encode(), value))

    def about(self, host: str, number: int) -> None:
        """A fact about the host, or one of its guests."""
        subject = guest_of(host, number) if number else host_subject(host)
        self.add(host, encode(fact(host, len(self.records) + 1, subject=subject)))

    def begin_anew(self) -> None:
        """Another log in its place, which nobody tells."""
        self.low, self.records = 0, []

    def scan(self, topic: str, key: str, starts: Starts) -> Scanned:
        high = len(self.records)
        start = min(_start(topic, since, self.low, high) for since in starts(PLACE))
        seen = list(enumerate(self.records))[start:]
        self.passed += len(seen)
        firsts: dict[bytes, int] = {}
        for offset, (name, _) in seen:
            firsts.setdefault(name, offset)
        found = tuple(incoming(*each) for each in seen if each[1][0] == key.encode())
        return Scanned(found, PLACE, self.low, start, high, firsts)

    def expected(self, host: str, subject: str, since: int) -> list[int] | None:
        """Return the offsets that one gets who reads alone; None where that is unreadable."""
        begin = self.low if since > len(self.records) else max(since, self.low)
        own = [
            (n, value) for n, (key, value) in enumerate(self.records) if n >= begin and key == host.encode()
        ]
        if any(value == NEWER for _, value in own):
            return None
        return [n for n, value in own if subject in names(value)]


def incoming(offset: int, record: tuple[bytes, bytes]) -> Incoming:
    key, value = record
    return Incoming(
        topic="kasugai.recovery",
        partition=0,
        offset=offset,
        at=BrokerTime(1),
        key=key,
        value=value,
        headers=(),
    )


def names(value: bytes) -> list[str]:
    return [each for host in HOSTS for each in subjects(host) if named(value, each)]


def subjects(host: str) -> list[str]:
    return [host_subject(host).name, *(guest_of(host, number).name for number in range(1, GUESTS))]


def named(value: bytes, subject: str) -> bool:
    try:
        said = decode(value)
    except Undecodable:
        return False
    return isinstance(said, Fact | Stop) and said.subject.name == subject


def read(partition: Partition, known: Known, host: str, *wishes: Wish) -> Pass:
    return read_pass(cast("Scanner", partition), known, "kasugai.recovery", host, wishes)


def check(partition: Partition, known: Known, host: str, wishes: Sequence[tuple[str, int]]) -> None:
    asked = [Wish(subject, {PLACE: since}) for subject, since in wishes]
    found = read(partition, known, host, *asked)
    assert found.ends == {PLACE: len(partition.records)}
    for wish in asked:
        expected = partition.expected(host, wish.subject, wish.since[PLACE])
        if expected is None:
            with pytest.raises(LogUnreadable):
                found.of(wish)
        else:
            assert [record.offset for record, _ in found.of(wish)] == expected


@st.composite
def happenings(draw: st.DrawFn) -> list[tuple[object, ...]]:
    host, number = st.sampled_from(HOSTS), st.integers(0, GUESTS - 1)
    since = st.one_of(st.just(0), st.integers(0, 60))
    one = st.one_of(
        st.tuples(st.just("about"), host, number),
        st.tuples(st.just("about"), host, number),
        st.tuples(st.just("add"), host, st.sampled_from(OTHERS)),
        st.tuples(st.just("retain"), st.integers(0, 60)),
        st.tuples(
            st.just("anew"),
        ),
        *[st.tuples(st.just("read"), host, st.lists(st.tuples(number, since), min_size=1, max_size=4))] * 3,
    )
    return draw(st.lists(one, max_size=60))


@settings(max_examples=200, deadline=None)
@given(happenings(), st.sampled_from(MOST))
def test_nobody_can_tell_what_was_read_before(
    said: list[tuple[object, ...]], most: tuple[int, int, int]
) -> None:
    """A log that was made anew is told by its being shorter, as it is for the ledger's offsets."""
    partition, known = Partition(), Known(Passed(*most[:2]), Tails(most[2]))
    for what, *more in said:
        play(partition, known, str(what), more)


def play(partition: Partition, known: Known, what: str, more: list[object]) -> None:
    match what, more:
        case "read", [str(host), list(wishes)]:
            check(partition, known, host, [(subjects(host)[n], since) for n, since in wishes])
        case "anew", _:
            partition.begin_anew()
            check(partition, known, HOSTS[0], [(subjects(HOSTS[0])[0], 0)])  # it is met while it is short
        case "retain", [int(low)]:
            partition.low = max(partition.low, min(low, len(partition.records)))
        case "about", [str(host), int(number)]:
            partition.about(host, number)
        case _, [str(host), bytes(value)]:
            partition.add(host, value)
        case other:
            raise AssertionError(other)


def test_a_subject_that_is_new_costs_what_has_come_since() -> None:
    partition, known = Partition(), Known()
    for number in range(1_000):
        partition.about(HOSTS[number % 2], number % 3)
    read(partition, known, "cmp1", Wish("instance/new", {}))
    assert partition.passed == 1_000
    for number in range(100):
        partition.about("cmp1", 1)
        read(partition, known, "cmp1", Wish(f"instance/new{number}", {}))
    assert partition.passed == 1_100, "one record each"


def test_a_host_that_is_new_costs_nothing_and_another_one_what_it_must() -> None:
    partition, known = Partition(), Known()
    for number in range(1_000):
        partition.about("cmp1" if number < 600 else "cmp2", 0)
    read(partition, known, "cmp1", Wish("host/cmp1", {}))
    read(partition, known, "cmp3", Wish("host/cmp3", {}))
    assert partition.passed == 1_000
    read(partition, known, "cmp2", Wish("host/cmp2", {}))
    assert partition.passed == 1_400


def test_all_who_wait_are_served_by_one_pass() -> None:
    partition, known = Partition(), Known()
    for number in range(1_000):
        partition.about("cmp1", number % GUESTS)
    wishes = [Wish(name, {}) for name in subjects("cmp1")]
    found = read(partition, known, "cmp1", *wishes)
    assert partition.passed == 1_000 and [len(found.of(wish)) for wish in wishes] == [250] * GUESTS


def test_what_has_been_read_of_a_host_is_not_read_again() -> None:
    """Many work on subjects of one host, and each of them asks anew about his own."""
    partition, known = Partition(), Known()
    for turn in range(100):
        for number in range(1, GUESTS):
            partition.about("cmp1", number)
        found = read(partition, known, "cmp1", *(wishes := [Wish(name, {}) for name in subjects("cmp1")[1:]]))
        assert [len(found.of(wish)) for wish in wishes] == [turn + 1] * (GUESTS - 1)
    assert partition.passed == 100 * (GUESTS - 1)


def test_records_are_kept_of_those_who_were_asked_about_last() -> None:
    partition, known = Partition(), Known(tails=Tails(10))
    for number in range(18):
        partition.about(HOSTS[number % 3], 0)
    for host in HOSTS[:2]:
        read(partition, known, host, Wish(f"host/{host}", {}))
    first, second, third = (known.tails.known(PLACE, host.encode()) for host in HOSTS)
    assert first is None and second is not None and len(second) == 6 and third is None
    for _ in range(8):
        partition.about("cmp2", 0)
    read(partition, known, "cmp2", Wish("host/cmp2", {}))
    assert len(second) == 10, "the newest"
    assert len(read(partition, known, "cmp2", wish := Wish("host/cmp2", {})).of(wish)) == 14, (
        "the rest is read"
    )


def test_what_is_kept_is_bounded_by_its_bytes_too() -> None:
    """A big host's plan is a hundred kilobytes."""
    partition, small = Partition(), len(encode(fact("cmp1", 1)))
    known = Known(tails=Tails(most_bytes=5 * small))
    for _ in range(4):
        partition.about("cmp1", 0)
    partition.about("cmp2", 0)
    for host in HOSTS[:2]:
        read(partition, known, host, Wish(f"host/{host}", {}))
    first, second = (known.tails.known(PLACE, host.encode()) for host in HOSTS[:2])
    assert first is not None and second is not None and first.size + second.size <= 5 * small
    partition.add("cmp2", encode(replace(fact("cmp2", 9), detail="x" * 5 * small)))
    found = read(partition, known, "cmp2", wish := Wish("host/cmp2", {}))
    assert len(found.of(wish)) == 2, "he gets it all the same"
    second = known.tails.known(PLACE, b"cmp2")
    assert (
        known.tails.known(PLACE, b"cmp1") is None
        and second is not None
        and (len(second), second.size) == (0, 0)
    )
    assert len(read(partition, known, "cmp2", wish).of(wish)) == 2, "and again"


def test_a_tail_that_is_dropped_by_others_meanwhile_still_serves_who_relies_on_it() -> None:
    partition, known = Partition(), Known()
    for _ in range(5):
        partition.about("cmp1", 0)
    read(partition, known, "cmp1", wish := Wish("host/cmp1", {}))
    scan = partition.scan

    def meanwhile(topic: str, key: str, starts: Starts) -> Scanned:
        found = scan(topic, key, starts)
        known.tails.keep(PLACE, b"cmp9", Tail(0))
        known.forget(PLACE)
        return found

    partition.scan = meanwhile  # type: ignore[method-assign]
    assert len(read(partition, known, "cmp1", wish).of(wish)) == 5


def test_what_is_remembered_is_bounded() -> None:
    passed = Passed(most_keys=10, most_subjects=100)
    for number in range(50):
        key = f"cmp{number}".encode()
        passed.saw_keys(PLACE, number, number + 1, {key: number}, low=0)
        names = {f"instance/{number}-{n}": number for n in range(30)}
        passed.saw_subjects(PLACE, key, 0, number + 1, names, low=0)
    assert sum(len(seen.firsts) for seen in passed._subjects.values()) <= 100
    assert sum(len(seen.firsts) for seen in passed._keys.values()) <= 10
    assert passed.start(PLACE, b"cmp0", "instance/0-0") == 0, "what is forgotten is read"
    assert passed.start(PLACE, b"cmp49", "instance/other") == 50
