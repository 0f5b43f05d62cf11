"""What is known of one guest, and what is said of it, as values: no libvirt, no clock, no text of its XML.

A guest is what was seen of it last, what has been heard since, and what of it stands as said.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from kasugai.core.words.signals import Symptom
from kasugai.core.words.timing import Millis, MonoTime


class State(StrEnum):
    """What libvirt holds a guest for."""

    RUNNING = "running"
    PAUSED = "paused"
    ENDING = "ending"
    """It is being shut down."""
    OFF = "off"
    CRASHED = "crashed"
    """Its kernel panicked, and its QEMU was kept."""
    ASLEEP = "asleep"
    """Its own power management has put it to sleep."""
    UNCLEAR = "unclear"
    """libvirt gives none, or one that is not known here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one look at a guest shows."""

    uuid: str
    state: State
    reason: str = "UNKNOWN"
    """libvirt's word for why it is in that state: `CRASHED`, `IOERROR`."""
    busy: bool = False
    """A job is under way (a migration, a dump, a snapshot): asked only of those that stand still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One event: it says that something happened, never what is so now."""

    uuid: str
    event: str
    """`LIFECYCLE`, `WATCHDOG`, ... as Masakari's monitors name them."""
    detail: str = "UNKNOWN"
    """`STOPPED_FAILED`, `WATCHDOG_PAUSE`, ..."""


class OnEnd(StrEnum):
    """What libvirt does when a guest ends in one way or another (`on_crash`, `on_reboot`, `on_poweroff`)."""

    DESTROY = "destroy"
    RESTART = "restart"
    PRESERVE = "preserve"
    OTHER = "other"
    """Anything else, and what is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """One disk of a guest, by what its XML says."""

    kind: str
    """`file`, `block`, `network`, ..."""
    source: str
    """A path, or a network disk's protocol."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a guest's XML says that matters here."""

    on_crash: OnEnd = OnEnd.DESTROY
    on_reboot: OnEnd = OnEnd.RESTART
    on_poweroff: OnEnd = OnEnd.DESTROY
    has_agent: bool = False
    """Whether it has a channel for QEMU's guest agent."""
    is_agent_connected: bool = False
    """Whether somebody holds that channel open inside the guest, when the XML was read."""
    disks: tuple[Disk, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """That a guest has failed, in the words of `core/words/guest_events.py`."""

    event: str
    detail: str
    why: str
    """For people."""

    @property
    def told(self) -> str:
        """All of it in one line."""
        return f"{self.event} {self.detail}: {self.why}"


class PingPhase(StrEnum):
    """What is known of the agent inside a guest."""

    NEVER = "never"
    """It has not answered in this life of the guest: its silence says nothing."""
    HEALTHY = "healthy"
    MISSING = "missing"
    """It has answered before and does not now."""
    LOST = "lost"
    """So often or so long that the guest counts as failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinged:
    """How the agent inside a guest has answered."""

    phase: PingPhase = PingPhase.NEVER
    silent: int = 0
    """How many pings in a row it did not answer."""
    absent_since: MonoTime | None = None
    """Since when it has not been connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What of a guest stands as said."""

    failure: Failure
    life: int
    """Of which life of the guest."""
    at: MonoTime
    """When it was said last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """One guest of this hypervisor."""

    uuid: str
    state: State = State.UNCLEAR
    reason: str = "UNKNOWN"
    since: MonoTime = MonoTime(0)
    """Since when it has been seen in that state for that reason, with no job under way."""
    life: int = 0
    """How often it was heard or seen to start."""
    ran: bool = False
    """Whether it has run here since it was off."""
    stopped: bool = False
    """It was heard to stop, and of no start since."""
    starting: bool = False
    """It was heard to run again, which libvirt tells before the start itself: what is heard in between is of that life.
    """
    excused: bool = False
    """It ended while the host was being shut down."""
    incoming: bool = False
    """It is arriving by a migration, and has not yet run here."""
    causes: tuple[Heard, ...] = ()
    """What has been heard in this life of what may explain its end, each once."""
    asked_at: MonoTime | None = None
    """When its watchdog fired and did no more than ask the guest to shut down."""
    io_error_at: MonoTime | None = None
    """When it was told of an I/O error last."""
    look_at: MonoTime | None = None
    """When it is to be looked at; None: with all others."""
    pinged: Pinged = field(default_factory=Pinged)
    said: Said | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """What is to be said of a guest."""

    uuid: str
    symptom: Symptom
    again: bool = False
    seen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A guest after something happened, and what that gives occasion to say."""

    guest: Guest
    say: Say | None = None
    note: str = ""
    """What is told in the log alone: why nothing is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a guest may be in doubt before something is concluded. 0: nothing is concluded from it, ever."""

    settle: Millis = Millis(1_000)
    """So long after an event the guest's state is read: what was only half done is over by then. Not 0."""
    standstill: Millis = Millis(60_000)
    """A guest that stands still against its owner's wish (its disk failed, its watchdog fired, libvirt could not let it
    go on), or whose crash is being dealt with, has failed after this."""
    hang: Millis = Millis(120_000)
    """A guest whose watchdog only asked it to shut down has failed if it still runs after this."""
    quiet: Millis = Millis(60_000)
    """An I/O error is over when there was no other for so long. Not 0."""
    repeat: Millis = Millis(30_000)
    """What stands is said again after this. Not 0."""
    pings: int = 3
    """One more ping in a row than this must go unanswered. Not below 0."""
    absent: Millis = Millis(0)
    """So long an agent that has answered before may be disconnected (stopped, updated, the guest boots). By default for
    ever: a guest without its agent is not one that has failed."""


DEFAULT: Patience = Patience()
