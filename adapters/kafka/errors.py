"""What librdkafka's errors say about a record: whether sending it again is of use."""

from confluent_kafka import KafkaError

TOO_MUCH = (
    KafkaError.MSG_SIZE_TOO_LARGE,
    KafkaError.RECORD_LIST_TOO_LARGE,
    KafkaError.INVALID_RECORD,
    KafkaError.INVALID_TIMESTAMP,
)
"""How a broker, or librdkafka for it, says that it will never take a record."""


def is_too_much(error: KafkaError) -> bool:
    """Whether no broker will ever take the record: Kafka is not away."""
    return error.code() in TOO_MUCH
