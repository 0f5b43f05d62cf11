"""When two notifications say the same: the key under which the first one stands until its incident closes.

Neither clocks nor whole payloads count (masakari.md 7 (6)), but for the word that a host has been fenced: a later one
may be true where the first was too early, so it is taken, and a POST that is sent again is not. The API claims the key
before it publishes, the projector releases it when the notification's status is final.
"""

from collections.abc import Mapping

from kasugai.api.words import canonical
from kasugai.core.words.signals import Notification

WORDS: Mapping[str, tuple[str, ...]] = {
    "COMPUTE_HOST": ("event", "host_status"),
    "VM": ("event", "vir_domain_event", "instance_uuid"),
    "PROCESS": ("event", "process_name"),
}
"""What tells one occurrence on a host from another, by notification type."""

SHOWS_TENS_OF_SECONDS = len("YYYY-MM-DDTHH:MM:S")
"""So much of a time is kept: the monitors of a cluster that say the same at once are one."""


def occurrence(host_uuid: str, notification: Notification) -> str:
    """Return the key: (type, host uuid, event, host_status), and for VM and PROCESS what they are about."""
    words = WORDS.get(notification.notification_type, ("event",))
    said = [_spelt(word, notification.payload.get(word, "")) for word in words]
    if said == ["STOPPED", "NORMAL"]:
        said.append(notification.generated_time[:SHOWS_TENS_OF_SECONDS])
    return "/".join([notification.notification_type, host_uuid, *said])


def _spelt(word: str, said: str) -> str:
    """One instance is one, however its uuid is written."""
    return canonical(said) if word == "instance_uuid" else said
