"""Which topics a broker does not show to our login, told apart from topics that are not there.

A list of all topics leaves out what we may not see; asked for one by its name, the broker says that it may not tell.
"""

from collections.abc import Sequence
from concurrent.futures import Future

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

PATIENCE = 3.0
"""Seconds for the answer about all of them."""


def hidden(admin: AdminClient, names: Sequence[str]) -> frozenset[str]:
    """Return those of `names` that the broker refuses to tell about; of a broker that does not answer none. Nothing is
    made by it, also where a broker makes topics that are asked for."""
    if not names:
        return frozenset()
    answers = admin.describe_topics(TopicCollection(list(names)), request_timeout=PATIENCE)
    return frozenset(name for name, answer in answers.items() if _is_refused(answer))


def _is_refused(answer: "Future[object]") -> bool:
    try:
        answer.result()
    except KafkaException as error:
        return bool(error.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED)
    return False
