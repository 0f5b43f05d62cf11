"""What a guest's present state proves, with what was heard before it: that it failed, that all is well, or nothing yet.

The state decides and events explain: a destroy is heard as a shutdown too, one reset as three reboots, a watchdog that
switches a guest off as the very words of a QEMU that was killed. It knows no time but what it is given.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from kasugai.agents.instance.values import Description, Failure, Guest, OnEnd, Patience, PingPhase, State
from kasugai.core.words.timing import Millis, MonoTime, later

UNWANTED: Final = frozenset({"IOERROR", "WATCHDOG", "API_ERROR", "CRASHED"})
"""Reasons for which a guest stands still against its owner's wish. Everybody else who pauses one lets it go on."""
OWNERS: Final = frozenset({"SHUTDOWN", "DESTROYED", "MIGRATED", "SAVED", "FROM_SNAPSHOT"})
"""Reasons for which a guest is off by somebody's will, its own or a caller's of libvirt."""


class Finding(StrEnum):
    """What is found."""

    WELL = "well"
    FAILED = "failed"
    OVER = "over"
    """It does not run, and that is nobody's failure."""
    WAITS = "waits"
    """It is looked at again at a time."""
    KEEPS = "keeps"
    """Nothing: what stood before stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A finding with its reason."""

    finding: Finding
    failure: Failure | None = None
    """Of FAILED."""
    until: MonoTime | None = None
    """Of WAITS."""
    note: str = ""


WELL: Final = Judgement(finding=Finding.WELL)
OVER: Final = Judgement(finding=Finding.OVER)
KEEPS: Final = Judgement(finding=Finding.KEEPS)
PRESERVED: Final = Judgement(
    finding=Finding.OVER, note="it panicked, and on_crash=preserve keeps it so: nothing is said"
)
NOT_HERE: Final = Judgement(
    finding=Finding.OVER, note="it failed before it ran here: who started or sent it was told"
)


def judge(guest: Guest, manner: Description, now: MonoTime, patience: Patience) -> Judgement:
    """Return what its state proves now."""
    match guest.state:
        case State.RUNNING:
            return _running(guest, now, patience)
        case State.PAUSED:
            return _paused(guest, manner, now, patience)
        case State.OFF:
            return _off(guest, manner)
        case State.CRASHED:
            return _crashed(guest, manner, now, patience)
        case State.ENDING | State.ASLEEP | State.UNCLEAR:
            return KEEPS
        case _:
            assert_never(guest.state)


def _running(guest: Guest, now: MonoTime, patience: Patience) -> Judgement:
    if guest.io_error_at is not None and now < later(guest.io_error_at, patience.quiet):
        return _failed("IO_ERROR", "IO_ERROR_REPORT", "its disk answers with errors, which it was told")
    if guest.pinged.phase is PingPhase.LOST:
        return _failed("QEMU_GUEST_AGENT_ERROR", "STOPPED_FAILED", _unanswered(guest))
    if guest.asked_at is None or patience.hang == 0:
        return WELL
    if now < (until := later(guest.asked_at, patience.hang)):
        return Judgement(finding=Finding.WAITS, until=until)
    return _failed(
        "WATCHDOG", "WATCHDOG_SHUTDOWN", "its watchdog fired and asked it to shut down, and it still runs"
    )


def _unanswered(guest: Guest) -> str:
    if guest.pinged.silent:
        return f"its guest agent is connected and left {guest.pinged.silent} pings unanswered"
    return "its guest agent has been disconnected for too long"


def _paused(guest: Guest, manner: Description, now: MonoTime, patience: Patience) -> Judgement:
    if guest.reason not in UNWANTED:
        return KEEPS
    if guest.reason == "CRASHED":
        return _crashed(guest, manner, now, patience)
    why = {
        "IOERROR": "it stands still, for its disk answers with errors",
        "WATCHDOG": "its watchdog fired, and it stands still",
        "API_ERROR": "libvirt failed to let it go on, and it stands still",
    }[guest.reason]
    failure = Failure(event="LIFECYCLE", detail=f"SUSPENDED_{guest.reason}", why=why)
    return _after(failure, guest.since, patience.standstill, now)


def _crashed(guest: Guest, manner: Description, now: MonoTime, patience: Patience) -> Judgement:
    """What `on_crash` asks for may take its time: a dump, then an end or a start."""
    if manner.on_crash is OnEnd.PRESERVE:
        return PRESERVED
    failure = Failure(event="LIFECYCLE", detail="CRASHED_PANICKED", why="it panicked, and stands still")
    return _after(failure, guest.since, patience.standstill, now)


def _after(failure: Failure, since: MonoTime, wait: Millis, now: MonoTime) -> Judgement:
    """A failure, once it has stood for long enough."""
    if wait == 0:
        return KEEPS
    if now < (until := later(since, wait)):
        return Judgement(finding=Finding.WAITS, until=until)
    return Judgement(finding=Finding.FAILED, failure=failure)


def _off(guest: Guest, manner: Description) -> Judgement:
    if guest.excused:
        return OVER
    if guest.reason in OWNERS:
        return _ended(guest, manner)
    if guest.incoming:
        return NOT_HERE
    match guest.reason:
        case "CRASHED":
            return _died(guest)
        case "FAILED":
            return _died(guest) if guest.ran else NOT_HERE
        case _ if guest.said is not None:
            return KEEPS  # a daemon that was started anew has forgotten why
        case _ if guest.ran:
            return _failed("LIFECYCLE", "STOPPED_FAILED", "it is off, and libvirt does not know why")
        case _:
            return KEEPS


def _ended(guest: Guest, manner: Description) -> Judgement:
    """A guest that has ended by itself meant to be off, or to be started anew where libvirt makes an end of that."""
    if guest.reason == "SHUTDOWN" and guest.ran and manner.on_reboot is OnEnd.DESTROY:
        return Judgement(
            finding=Finding.OVER, note="it ended, perhaps to start anew: on_reboot=destroy has it stay off"
        )
    return OVER


def _died(guest: Guest) -> Judgement:
    heard = {cause.detail for cause in guest.causes}
    if heard & {"STOPPED_CRASHED", "CRASHED_PANICKED", "CRASHED_CRASHLOADED"}:
        return _failed("LIFECYCLE", "STOPPED_CRASHED", "it panicked, and libvirt ended it")
    if "WATCHDOG_POWEROFF" in heard:
        return _failed("LIFECYCLE", "STOPPED_FAILED", "its watchdog fired and switched it off")
    if "MEMORY_FAILURE_FATAL" in heard:
        return _failed("LIFECYCLE", "STOPPED_FAILED", "the host's memory failed below it, and its QEMU died")
    return _failed("LIFECYCLE", "STOPPED_FAILED", "its QEMU died")


def _failed(event: str, detail: str, why: str) -> Judgement:
    return Judgement(finding=Finding.FAILED, failure=Failure(event=event, detail=detail, why=why))
