"""By the broker's own account, when a topic was last written to: its clock, as far as somebody writes."""

from collections.abc import Sequence
from concurrent.futures import Future

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import ListOffsetsResultInfo, OffsetSpec

from kasugai.adapters.kafka.client import client_config
from kasugai.adapters.kafka.reader import SETTLING
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.timing import BrokerTime

PATIENCE = 10.0
"""Seconds that a broker gets for its answer."""


def newest(kafka: KafkaSettings, topics: Sequence[str]) -> BrokerTime | None:
    """Return the highest timestamp in these topics; None where nothing stands in those that we are shown. LogAway when
    the broker does not answer, or cannot say (before 3.0)."""
    admin = AdminClient(client_config(kafka, "kasugai-cli-newest"))
    try:
        known = admin.list_topics(timeout=PATIENCE).topics
        wanted = {
            TopicPartition(topic, number): OffsetSpec.max_timestamp()  # type: ignore[no-untyped-call]
            for topic in topics
            if topic in known and known[topic].error is None
            for number in known[topic].partitions
        }
        asked = admin.list_offsets(wanted, request_timeout=PATIENCE) if wanted else {}
        stamps = [_stamp(answer) for answer in asked.values()]
    except KafkaException as error:
        raise LogAway(error.args[0].str()) from error
    return max((BrokerTime(stamp) for stamp in stamps if stamp > 0), default=None)


def _stamp(answer: Future[ListOffsetsResultInfo]) -> int:
    """A partition that has no leader for the moment says nothing."""
    try:
        return int(answer.result().timestamp)
    except KafkaException as error:
        if error.args[0].code() in SETTLING:
            return -1
        raise
