"""What a processor must be told, and the Faust settings that follow from it (docs/streaming.md 4.5).

It reads no file and no environment: whoever starts a processor fills it in.
"""

import re
from dataclasses import dataclass
from typing import Any

from faust.types.auth import CredentialsT

from kasugai.adapters.kafka.client import MAX_MESSAGE_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorSettings:
    """One processor; all times are seconds."""

    app_id: str
    """Consumer group, and the first part of the changelog's name."""
    bootstrap: str
    """host:port, several separated by commas."""
    topic: str
    """The one input topic: `delete` clean-up, no transactions, so that offsets are dense."""
    table: str = "rows"
    instance_id: str
    """Stable per process and unique in the group (static membership): a restart within the session time-out
    causes no rebalance."""
    credentials: CredentialsT | None = None
    """faust.SASLCredentials or faust.SSLCredentials; None for plaintext."""
    store: str = "memory://"
    session: float = 10.0
    """The broker gives our partitions away after so long without a heartbeat."""
    heartbeat: float = 2.0
    rebalance: float = 20.0
    request: float = 30.0
    commit: float = 0.5
    fetch_wait: float = 0.5
    """The broker answers an empty fetch after this; Faust's own 1.5 s are hard-coded (drivers/aiokafka.py:615)."""

    @property
    def changelog(self) -> str:
        """Faust's name for the table's changelog topic (tables/base.py:470)."""
        return f"{self.app_id}-{self.table}-changelog"

    @property
    def brokers(self) -> list[str]:
        """The addresses as Faust wants them."""
        return [f"aiokafka://{address.strip()}" for address in self.bootstrap.split(",")]

    @property
    def url(self) -> str:
        """What the assignor knows this member by: a static member that comes back must show the same one, or it
        refuses its own assignment (assignor/partition_assignor.py:133)."""
        return f"http://{re.sub('[^A-Za-z0-9.-]', '-', self.instance_id)}"

    def faust(self) -> dict[str, Any]:
        """Return the keyword arguments of `faust.App`.

        The buffer is large: once it is full, Faust's fetcher sleeps for a second (transport/consumer.py:808), and a
        handler that costs more than the way to it would empty a small one meanwhile and stand idle.
        """
        return {
            "broker": self.brokers,
            "broker_credentials": self.credentials,
            "store": self.store,
            "version": 1,
            "topic_allow_declare": False,
            "topic_disable_leader": True,
            "web_enabled": False,
            "canonical_url": self.url,
            "processing_guarantee": "at_least_once",
            "stream_wait_empty": True,
            "stream_buffer_maxsize": 65_536,
            "stream_recovery_delay": 0.0,
            "broker_client_id": f"{self.app_id}-{self.instance_id}",
            "broker_commit_interval": self.commit,
            "broker_commit_every": 1000,
            "broker_session_timeout": self.session,
            "broker_heartbeat_interval": self.heartbeat,
            "broker_rebalance_timeout": self.rebalance,
            "broker_request_timeout": self.request,
            "consumer_auto_offset_reset": "earliest",
            "consumer_group_instance_id": self.instance_id,
            "producer_acks": -1,
            "producer_linger": 0.02,
            "producer_max_batch_size": 262_144,
            "producer_max_request_size": MAX_MESSAGE_BYTES,
            "producer_request_timeout": 20.0,
            "table_standby_replicas": 0,
        }
