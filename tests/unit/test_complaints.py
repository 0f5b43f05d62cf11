"""An absent broker is one line a minute, whatever librdkafka says; everything else is said at once."""

import asyncio
import logging
from dataclasses import dataclass

import confluent_kafka
import pytest

from kasugai.adapters.kafka.client import consumer_config, producer_config
from kasugai.adapters.kafka.complaints import Complaints, Pace, is_no_repetition
from kasugai.adapters.settings import KafkaSettings


@dataclass
class Trouble:
    """What Complaints asks of a KafkaError."""

    number: int
    text: str = "Connection refused"
    is_fatal: bool = False

    def code(self) -> int:
        return self.number

    def name(self) -> str:
        return "NAME"

    def str(self) -> str:
        return self.text

    def fatal(self) -> bool:
        return self.is_fatal


ABSENT = Trouble(confluent_kafka.KafkaError._TRANSPORT)


def test_the_same_trouble_is_told_once_a_minute_with_a_count(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    pace = Pace(clock=lambda: now[0])
    one, two = Complaints("one", pace), Complaints("two", pace)
    for _ in range(100):
        one.hear(ABSENT)
        two.hear(ABSENT)
    now[0] = 60.0
    two.hear(ABSENT)
    assert caplog.messages == [
        "Kafka does not answer (one): Connection refused",
        "Kafka does not answer (two): Connection refused (199 more like it since the last such line)",
    ]


def test_another_trouble_is_told_at_once(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints("client", Pace(clock=lambda: 0.0))
    complaints.hear(ABSENT)
    complaints.hear(Trouble(29, "no rights\nhere"))
    complaints.hear(Trouble(-144, "fenced", is_fatal=True))
    assert caplog.messages[1:] == [
        "Kafka says NAME (client): no rights here",
        "Kafka client has failed for good (client): fenced",
    ]


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("FAIL [c#producer-1] [thrd:x]: refused", False),
        ("ERROR [c#producer-1] all brokers down", False),
        ("GETPID [c#producer-1] Coordinator load in progress: retrying", False),
        ("GETPID [c#producer-1] giving up", True),
        ("CONFWARN [c#producer-1] unknown property", True),
        (
            "ADDPARTS [c#producer-1] TxnCoordinator/1: Broker: Producer attempted an operation with an old epoch",
            False,
        ),
        (
            "TXNERR [c#producer-1] Fatal transaction error: Local: This instance has been fenced by a newer instance",
            False,
        ),
        (
            "FATAL [c#producer-1] Fatal error: Local: This instance has been fenced by a newer instance: x",
            False,
        ),
        ("FATAL [c#producer-1] Fatal error: Broker: Out of order sequence number", True),
        ("ADDPARTS [c#producer-1] Broker: Topic authorization failed", True),
    ],
)
def test_librdkafkas_log_keeps_what_the_callback_does_not_say(text: str, stays: bool) -> None:
    record = logging.LogRecord("x", logging.ERROR, "", 0, text, None, None)
    assert is_no_repetition(record) is stays


def test_an_absent_broker_gives_one_line_and_nothing_on_stderr(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kasugai.adapters.kafka.complaints.SHARED.told", {})
    nowhere = KafkaSettings(bootstrap_servers="127.0.0.1:1,127.0.0.1:2")

    async def try_for_a_while() -> None:
        producer = confluent_kafka.Producer(producer_config(nowhere, "producer"))
        consumer = confluent_kafka.Consumer(consumer_config(nowhere, "consumer", "group"))
        for _ in range(15):
            producer.poll(0.05)
            consumer.poll(0.05)
        consumer.close()

    asyncio.run(try_for_a_while())
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("Kafka does not answer (")
    assert capfd.readouterr().err == ""


def test_a_refusal_explains_why_nothing_answers_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    pace = Pace(clock=lambda: now[0])
    complaints = Complaints("one", pace)
    for _ in range(3):
        complaints.hear(
            Trouble(confluent_kafka.KafkaError._AUTHENTICATION, "no such user (after 3ms in state AUTH_REQ)")
        )
        complaints.hear(ABSENT)
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("Kafka does not let us in (one): no such user")
    assert pace.refused() == "no such user"
    now[0] = 31.0
    assert pace.refused() == ""
    complaints.hear(ABSENT)
    assert caplog.messages[1] == "Kafka does not answer (one): Connection refused"
