"""Whether Kafka lets somebody in, for whoever only writes: asked once, without a topic."""

import confluent_kafka
from confluent_kafka import KafkaException

from kasugai.adapters.kafka.client import Brokers, client_config
from kasugai.adapters.kafka.complaints import reason


def why_unreachable(kafka: Brokers, seconds: float) -> str:
    """Return why Kafka cannot be reached within so many seconds, in one line; empty when it can. Blocks."""
    producer = confluent_kafka.Producer(client_config(kafka, "kasugai-agent-check"))
    try:
        producer.list_topics(timeout=seconds)
    except KafkaException as error:
        return reason(error.args[0], producer)
    return ""
