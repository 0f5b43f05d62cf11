"""Ends a process one of whose Kafka clients stands still for good.

librdkafka (2.16 at least; confluentinc/librdkafka#5430) never uses a partition again of which an incremental metadata
update has once said that it has no leader: its producer times out for ever, its consumer gets nothing, and nothing but
one line of its log tells. A new client is well, and so is a process that is started again.
"""

import logging
from collections.abc import Callable

from kasugai.adapters.faust.exits import Exit, leave
from kasugai.adapters.kafka.set_back import end_when_set_back

LINE = "METADATAUPDATE "
SIGN = "not found in cache"

ENDS: list[Callable[[str], None]] = []
"""What a process that lives for long does then; a command that ends by itself leaves it empty."""


def notice(record: logging.LogRecord) -> bool:
    """See every line of librdkafka's log; lets all of them through."""
    text = record.getMessage()
    if LINE in text and "new leader" in text and SIGN in text:
        for end in ENDS:
            end(f"a Kafka client has lost a partition's leader for good: {text}")
    return True


def end_when_stranded() -> None:
    """Let this process end (exit code 75) as soon as one of its clients is stranded, or may be by a clock set back."""
    ENDS.append(lambda why: leave(Exit.STUCK, why))
    end_when_set_back()
