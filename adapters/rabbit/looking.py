"""How many messages wait in a queue and who reads it, asked without touching it."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from amqp.exceptions import NotFound, ResourceLocked


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """One queue as of now."""

    name: str
    messages: int
    """That wait to be delivered."""
    consumers: int


def look(connection: Any, names: Iterable[str]) -> list[QueueState]:
    """Return those that are there. Asking passively takes no right; a queue that is not there ends its channel."""
    return [state for name in names if (state := _state(connection, name)) is not None]


def _state(connection: Any, name: str) -> QueueState | None:
    channel = connection.channel()
    try:
        found = channel.queue_declare(name, passive=True)
    except (NotFound, ResourceLocked):
        return None
    finally:
        with suppress(Exception):
            channel.close()
    return QueueState(name=name, messages=found.message_count, consumers=found.consumer_count)
