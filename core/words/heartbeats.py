"""What an agent says of its own host once a second, and what keeps silence apart from blindness.

A beat is one host's word about itself; whether it is believed, and what its absence means, is decided elsewhere.
"""

from dataclasses import dataclass
from enum import StrEnum

from kasugai.core.words.timing import Instant, Millis


class Leave(StrEnum):
    """Whether the host says that it is about to go: an orderly end is said, so that it is not taken for death."""

    STAYS = "stays"
    SHUTDOWN = "shutdown"
    """The host is being shut down; its guests are ended by that and by nobody's fault."""
    REBOOT = "reboot"
    """The host is being started anew."""
    AGENT = "agent"
    """Only the agent ends; the host goes on unwatched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What the host sees of its peers by one network."""

    network: str
    """`management`, `storage`, `tenant`, or what the operator calls it."""
    asked: int
    """How many peers were asked lately; 0: nobody was, and nothing is known."""
    reached: int
    """How many of them answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskCount:
    """How many guests have a disk of one class, as the hypervisor shows it."""

    disk: str
    """`rbd`, `shared-file`, `local-file`, `lvm`, `other`."""
    guests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One heartbeat of a host's agent."""

    host: str
    """Nova's service host, byte for byte."""
    boot_id: str
    """The kernel's id of this boot (`/proc/sys/kernel/random/boot_id`)."""
    uptime: Millis
    """Since boot, suspension included (CLOCK_BOOTTIME): rises from beat to beat of one boot, whoever restarts the
    agent, so that an old beat said again is known as one."""
    every: Millis
    """The next beat is announced for so much later."""
    late: Millis
    """How late the agent's own loop was at its worst since the last beat: a wedged agent is seen."""
    leave: Leave = Leave.STAYS
    """Whether it is about to go, by its own word."""
    links: tuple[Link, ...] = ()
    guests: int = -1
    """How many guests its hypervisor runs; -1: not known."""
    disks: tuple[DiskCount, ...] = ()
    version: str = ""
    """Of Kasugai on that host."""
    sent_at: Instant = 0
    """By the host's own clock: told, never decided on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """Liveness' own word in a partition of heartbeats: who reads pulses and no beat is not blind."""

    author: str
    """Which process wrote it."""
    every: Millis
    """The next pulse is announced for so much later."""
