"""Who is a member of our consumer groups: whether anybody does a process's work, by the broker's own account."""

from collections.abc import Mapping, Sequence

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from kasugai.adapters.kafka.client import client_config
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.recovering.doors import LogAway

PATIENCE = 5.0
"""Seconds that a broker gets for its answer."""


def members(kafka: KafkaSettings, groups: Sequence[str]) -> Mapping[str, int]:
    """Return by group how many members it has; 0 where there is no such group, nothing where the broker cannot say (the
    demo's). LogAway when it does not answer, or does not let us see."""
    admin = AdminClient(client_config(kafka, "kasugai-cli-groups"))
    try:
        asked = admin.describe_consumer_groups(list(groups), request_timeout=PATIENCE)
        return {name: len(answer.result().members) for name, answer in asked.items()}
    except KafkaException as error:
        if error.args[0].code() == KafkaError._UNSUPPORTED_FEATURE:
            return {}
        raise LogAway(error.args[0].str()) from error
