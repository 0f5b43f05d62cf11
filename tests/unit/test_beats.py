"""Beats read by comparing them with the last one are what the codec reads, byte for byte, and so is what is refused."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kasugai.core.words.heartbeats import Beat, DiskCount, Leave, Link, Pulse
from kasugai.core.words.lifelines import Lifeline
from kasugai.core.words.timing import Millis
from kasugai.schemas import beats as module
from kasugai.schemas.beats import Beats, Known
from kasugai.schemas.codec import Undecodable, decode, encode

BEAT = Beat(
    host="cmp1.example.org",
    boot_id="4f0c1f44-7b5e-4f0e-9a0e-0d5c9f1b7a01",
    uptime=Millis(86_400_123),
    every=Millis(1_000),
    late=Millis(2),
    links=(Link(network="management", asked=4, reached=4), Link(network="storage", asked=4, reached=3)),
    guests=12,
    disks=(DiskCount(disk="rbd", guests=12),),
    version="0.1.0",
    sent_at=1_795_305_600_000,
)
KEY = BEAT.host.encode()

numbers = st.integers(0, 2**53 - 1)
beats = st.builds(
    Beat,
    host=st.sampled_from(["cmp1.example.org", "cmp2", "ü"]),
    boot_id=st.sampled_from(["b1", "b2", ""]),
    uptime=numbers,
    every=st.integers(1, 3_600_000),
    late=numbers | st.integers(0, 300),
    leave=st.sampled_from(Leave),
    links=st.lists(
        st.builds(Link, network=st.sampled_from(["management", "storage"]), asked=numbers, reached=numbers),
        max_size=3,
    ).map(tuple),
    guests=st.integers(-1, 100),
    version=st.sampled_from(["0.1.0", ""]),
    sent_at=st.integers(1_700_000_000_000, 1_900_000_000_000) | st.integers(0, 253_402_300_799_999),
)


def said(found: Known | Pulse | Lifeline) -> tuple[object, ...]:
    """Return what was read of a beat."""
    assert isinstance(found, Known)
    return (found.host, found.boot_id, found.uptime, found.every, found.late, found.leave, found.links)


def judged(reader: Beats, key: bytes, value: bytes) -> object:
    """Return what a reader makes of a record: the values, or why it refuses them."""
    try:
        return said(reader.read(key, value))
    except Undecodable as error:
        return str(error)


def by_codec(value: bytes) -> object:
    """Return what the codec makes of it."""
    try:
        beat = decode(value)
    except Undecodable as error:
        return str(error)
    assert isinstance(beat, Beat)
    return (beat.host, beat.boot_id, beat.uptime, beat.every, beat.late, beat.leave, beat.links)


@given(st.lists(beats, min_size=1, max_size=12))
def test_what_is_read_is_what_the_codec_reads(row: list[Beat]) -> None:
    reader = Beats()
    for beat in row:
        value = encode(beat)
        assert judged(reader, beat.host.encode(), value) == by_codec(value)


@given(beats, st.integers(0, 400), st.integers(0, 255))
@example(BEAT, 114, 0x80)
def test_a_spoiled_byte_is_judged_as_the_codec_judges_it(beat: Beat, at: int, byte: int) -> None:
    reader, value = Beats(), bytearray(encode(beat))
    reader.read(beat.host.encode(), bytes(value))
    value[at % len(value)] = byte
    told = by_codec(bytes(value)) if bytes(value)[:5] == encode(beat)[:5] else None
    if told is not None and not (isinstance(told, tuple) and told[0] != beat.host):
        assert judged(reader, beat.host.encode(), bytes(value)) == told


@given(beats, st.integers(1, 40))
def test_a_beat_that_is_cut_or_goes_on_is_refused(beat: Beat, by: int) -> None:
    reader, value = Beats(), encode(beat)
    reader.read(beat.host.encode(), value)
    for spoiled in (value[:-by], value + bytes(by), value[:-1] + b"\xff" * 12):
        assert judged(reader, beat.host.encode(), spoiled) == by_codec(spoiled)


def test_the_next_beat_of_a_host_asks_no_codec(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Beats()
    reader.read(KEY, encode(BEAT))

    def asked(_: bytes) -> object:
        raise AssertionError("the codec was asked")

    monkeypatch.setattr(module, "decode", asked)
    later = replace(BEAT, uptime=Millis(86_401_130), late=Millis(300), sent_at=BEAT.sent_at + 1_000)
    assert said(reader.read(KEY, encode(later)))[2] == 86_401_130


def test_a_beat_under_anothers_key_is_refused() -> None:
    reader = Beats()
    reader.read(KEY, encode(BEAT))
    with pytest.raises(Undecodable, match="lies under the key cmp2"):
        reader.read(b"cmp2", encode(BEAT))
    with pytest.raises(Undecodable, match="lies under the key"):
        reader.read(None, encode(BEAT))


def test_what_is_no_heartbeat_is_refused() -> None:
    with pytest.raises(Undecodable, match="short data"):
        Beats().read(KEY, None)
    tick = bytes(1) + (1002).to_bytes(4, "big") + b"\x02"
    with pytest.raises(Undecodable, match="does not belong among heartbeats"):
        Beats().read(KEY, tick)


def test_a_pulse_is_read() -> None:
    pulse = Pulse(author="liveness-1#ab/7", every=Millis(1_000))
    assert Beats().read(None, encode(pulse)) == pulse


def test_made_up_hosts_make_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MANY", 2)
    reader = Beats()
    for name in ("a", "b", "c"):
        reader.read(name.encode(), encode(replace(BEAT, host=name)))
    assert set(reader._known) == {b"c"}


@given(beats, beats, st.integers(0, 400))
def test_a_first_beat_in_other_bytes_than_ours_makes_nothing_of_the_next_ones(
    beat: Beat, other: Beat, at: int
) -> None:
    value = encode(beat)
    at = 5 + at % (len(value) - 5)
    reader, longer = Beats(), value[:at] + bytes([value[at] | 0x80, 0]) + value[at + 1 :]
    for each in (longer, value, longer, encode(replace(other, host=beat.host)), value):
        found, told = judged(reader, beat.host.encode(), each), by_codec(each)
        if not (isinstance(told, tuple) and told[0] != beat.host):
            assert found == told
