"""Which events of a guest are failures of it: one table for all who see such events.

They are named as Masakari's instance monitors name them (masakari.md 2.4, 3.4): libvirt's event, and what it says.
"""

from typing import Final

FAILURES: Final = frozenset(
    {
        ("LIFECYCLE", "STOPPED_FAILED"),
        ("IO_ERROR", "IO_ERROR_REPORT"),
        ("QEMU_GUEST_AGENT_ERROR", "STOPPED_FAILED"),
    }
)
"""(event, detail) of those after which the guest is looked at, as with Masakari: its QEMU has died, its disk answers
with an error, or the agent inside it has fallen silent. Every other one is an ordinary part of a guest's life: a
shutdown, a reboot, a pause, a migration."""


SEEN_BY_AGENTS: Final = FAILURES | frozenset(
    {
        ("LIFECYCLE", "STOPPED_CRASHED"),
        ("LIFECYCLE", "CRASHED_PANICKED"),
        ("LIFECYCLE", "SUSPENDED_IOERROR"),
        ("LIFECYCLE", "SUSPENDED_WATCHDOG"),
        ("LIFECYCLE", "SUSPENDED_API_ERROR"),
        ("WATCHDOG", "WATCHDOG_SHUTDOWN"),
    }
)
"""Those that an agent of ours says. It has looked at the guest before, and waited: over REST the same words come of
guests that go on, or whose libvirt mends them, and stay ordinary there, as with Masakari."""


def is_failure(event: str, detail: str) -> bool:
    """Whether the event says that its guest has failed."""
    return (event, detail) in FAILURES
