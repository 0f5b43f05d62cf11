"""When two notifications say the same: the key under which the first one stands until its incident closes.

Neither clocks nor whole payloads count (masakari.md 7 (6)): the API claims the key before it publishes, the projector
releases it when the notification's status is final.
"""

from collections.abc import Mapping

from kasugai.core.words.signals import Notification

WORDS: Mapping[str, tuple[str, ...]] = {
    "COMPUTE_HOST": ("event", "host_status"),
    "VM": ("event", "vir_domain_event", "instance_uuid"),
    "PROCESS": ("event", "process_name"),
}
"""What tells one occurrence on a host from another, by notification type."""


def occurrence(host_uuid: str, notification: Notification) -> str:
    """Return the key: (type, host uuid, event, host_status), and for VM and PROCESS what they are about."""
    words = WORDS.get(notification.notification_type, ("event",))
    said = [notification.payload.get(word, "") for word in words]
    return "/".join([notification.notification_type, host_uuid, *said])
