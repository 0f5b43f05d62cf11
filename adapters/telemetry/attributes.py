"""The names of what spans say about themselves: one closed set, OpenTelemetry's own names where it has one.

Whoever makes metrics of spans turns dots and dashes into underscores, as Prometheus wants it: two names that differ in
nothing else would become one there, with both values in it. So each name must stay its own after that.
"""

from collections.abc import Mapping
from enum import StrEnum


class Attribute(StrEnum):
    """What a span can say."""

    SYSTEM = "messaging.system"
    OPERATION = "messaging.operation.type"
    KEY = "messaging.kafka.message.key"
    CONVERSATION = "messaging.message.conversation_id"
    """The incident's id: one trace is one incident's."""
    HOSTNAME = "kasugai.hostname"
    """Nova's service host, byte for byte, as in metrics."""
    SEGMENT = "kasugai.segment"
    """The segment's id."""
    EVENT = "kasugai.event"
    """A fault's id."""
    KIND = "kasugai.kind"
    ATTEMPT = "kasugai.attempt"
    STEP = "kasugai.step"
    SUBJECT = "kasugai.subject"
    DESTINATION = "kasugai.destination"
    REASON = "kasugai.reason"


Said = Mapping[Attribute, str | int]
"""What a span says about itself."""
