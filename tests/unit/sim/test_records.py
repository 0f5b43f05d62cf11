"""A record of the simulated log is bytes to whoever reads it and a value to whoever watches it."""

from kasugai.adapters.kafka.records import Incoming
from kasugai.core.words.signals import Stamp
from kasugai.core.words.timing import BrokerTime
from kasugai.schemas.codec import decode, encode
from kasugai.sim.lab.records import Record
from tests.unit.core.makers import HOST, down

STAMP = Stamp(partition=2, offset=7, at=BrokerTime(1000))
HEADERS = (("kasugai-fp", b"1"),)


def test_a_value_is_read_as_its_bytes() -> None:
    record = Record(STAMP, HOST, down())
    assert record.value == down() and record.raw == encode(down())
    assert decode(record.raw or b"") == down()


def test_bytes_are_watched_as_their_value() -> None:
    record = Record(STAMP, HOST, encode(down()), HEADERS)
    assert record.value == down() and record.raw == encode(down())


def test_what_is_no_value_of_ours_stands_as_it_is() -> None:
    for raw in (b"", b"rubbish"):
        assert Record(STAMP, HOST, raw).value is None
        assert Record(STAMP, HOST, raw).raw == raw
    assert Record(STAMP, HOST, None).raw is None


def test_a_consumer_gets_it_with_its_place() -> None:
    assert Record(STAMP, HOST, b"rubbish", HEADERS).incoming("topic") == Incoming(
        topic="topic", partition=2, offset=7, at=1000, key=b"cmp1", value=b"rubbish", headers=HEADERS
    )
