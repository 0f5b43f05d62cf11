"""Makes a deployment's topics anew: the way to another number of partitions, at the price of what lies on them.

Offsets, rows and the ledger are about the old topics, so groups, the changelog and what Redis keeps go with them; the
inventory stays, for it has one partition for ever. Whoever calls has seen to it that nothing is under way. Each part
may be done twice: what was cut off in the middle is done by doing it again.
"""

import time

from confluent_kafka import ConsumerGroupState, KafkaError, KafkaException

from kasugai.adapters.kafka.layout import Report, wanted
from kasugai.adapters.kafka.topics import PATIENCE, Topics
from kasugai.adapters.redis_forgetting import forget
from kasugai.adapters.settings.values import Settings
from kasugai.core.recovering.doors import LogAway
from kasugai.schemas.topics import INVENTORY, contracts

PREFIX = "kasugai"
"""What the names of our groups begin with."""
AT_REST = (ConsumerGroupState.EMPTY, ConsumerGroupState.DEAD)


class Remaking:
    """One deployment's topics, groups and Redis. All calls block; LogAway and LedgerAway when a server is away."""

    def __init__(self, settings: Settings) -> None:
        """Connect when first asked."""
        self._settings = settings
        self._topics = Topics(settings, "kasugai-remake")
        self._admin = self._topics.admin

    def busy(self) -> list[str]:
        """Return our groups that somebody reads with."""
        return sorted(name for name, state in self._groups().items() if state not in AT_REST)

    def remake(self) -> list[Report]:
        """Forget the groups, what Redis keeps and the topics; make them anew, and return what a check finds then."""
        self._forget_groups()
        forget(self._settings.redis)
        self._forget_topics()
        return self._topics.apply(wanted(self._settings))

    def _groups(self) -> dict[str, ConsumerGroupState]:
        try:
            found = self._admin.list_consumer_groups(request_timeout=PATIENCE).result()
        except KafkaException as error:
            raise LogAway(error.args[0].str()) from error
        return {each.group_id: each.state for each in found.valid if each.group_id.startswith(PREFIX)}

    def _forget_groups(self) -> None:
        """A group that has got a member meanwhile is refused by the broker, before anything is forgotten."""
        names = list(self._groups())
        for name, answer in (self._admin.delete_consumer_groups(names) if names else {}).items():
            _done(name, answer, KafkaError.GROUP_ID_NOT_FOUND)

    def _forget_topics(self) -> None:
        names = [name for name in contracts() if name != INVENTORY and name in self._topics.present()]
        for name, answer in (self._admin.delete_topics(names) if names else {}).items():
            _done(name, answer, KafkaError.UNKNOWN_TOPIC_OR_PART)
        until = time.monotonic() + PATIENCE
        while set(names) & self._topics.present().keys():
            if time.monotonic() > until:
                raise LogAway("the topics are still there: say it again in a moment")
            time.sleep(0.1)


def _done(what: str, answer: "object", harmless: int) -> None:
    try:
        answer.result()  # type: ignore[attr-defined]
    except KafkaException as error:
        if error.args[0].code() != harmless:
            raise LogAway(f"{what}: {error.args[0].str()}") from error
