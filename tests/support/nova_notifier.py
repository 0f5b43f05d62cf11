"""Nova's side of either bus, in a process of its own: oslo.messaging's own notifier, as a nova.conf sets it up.

`python -m tests.support.nova_notifier CONF samples` says each sample once, `CONF many COUNT` the same sample so often,
its guest numbered.
"""

import sys
import warnings
from collections.abc import Iterator
from typing import Any

with warnings.catch_warnings():  # it imports eventlet, which warns of itself
    warnings.simplefilter("ignore")
    import oslo_messaging
from oslo_config import cfg

from tests.support.nova_samples import NAMES, message

MANY = "instance.update.active-error.None-None"


def conf(url: str, *, durable: bool = False, quorum: bool = False) -> str:
    """Return the nova.conf that notifies on `url`."""
    return (
        f"[oslo_messaging_notifications]\ntransport_url = {url}\ndriver = messagingv2\n"
        f"[oslo_messaging_rabbit]\namqp_durable_queues = {str(durable).lower()}\n"
        f"rabbit_quorum_queue = {str(quorum).lower()}\n"
    )


def main(file: str, what: str, count: str = "0") -> int:
    """Say it all, and leave when the bus has it."""
    opened = cfg.ConfigOpts()
    opened(["--config-file", file], project="nova")
    oslo_messaging.set_transport_defaults("nova")
    transport = oslo_messaging.get_notification_transport(opened)
    notifier = oslo_messaging.Notifier(transport, topics=["versioned_notifications"], retry=-1)
    for said in _samples() if what == "samples" else _many(int(count)):
        speaker = notifier.prepare(publisher_id=said["publisher_id"])
        send = speaker.error if said["priority"] == "ERROR" else speaker.info
        send({}, said["event_type"], said["payload"])
    transport.cleanup()
    return 0


def _samples() -> Iterator[dict[str, Any]]:
    yield from map(message, NAMES)


def _many(count: int) -> Iterator[dict[str, Any]]:
    said = message(MANY)
    for number in range(count):
        said["payload"]["nova_object.data"]["uuid"] = f"guest-{number}"
        yield said


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
