"""What the answers of a guest's agent come to: only one that has answered before can fail to.

Who is paused, has a job under way or is gone is excused; an agent that is not connected has been stopped, or its guest
boots, which is another thing than one that is connected and says nothing.
"""

from dataclasses import replace
from enum import StrEnum
from typing import assert_never

from kasugai.agents.instance.values import Guest, Patience, Pinged, PingPhase
from kasugai.core.words.timing import MonoTime, later


class Answer(StrEnum):
    """What came of a ping."""

    ANSWERED = "answered"
    SILENT = "silent"
    """Its agent is connected and does not answer."""
    ABSENT = "absent"
    """Its agent is not connected."""
    EXCUSED = "excused"
    """It cannot answer: it is paused, off or gone, or a job (migration, snapshot, freeze) is under way."""
    UNKNOWN = "unknown"
    """Nobody could ask it."""


def answered(guest: Guest, answer: Answer, now: MonoTime, patience: Patience) -> Guest:
    """Return the guest after a ping; it is looked at now where that changes what is to be said."""
    pinged = _after(guest.pinged, answer, now, patience)
    turned = PingPhase.LOST in (guest.pinged.phase, pinged.phase) and guest.pinged.phase is not pinged.phase
    return replace(guest, pinged=pinged, look_at=now if turned else guest.look_at)


def _after(pinged: Pinged, answer: Answer, now: MonoTime, patience: Patience) -> Pinged:
    match answer:
        case Answer.ANSWERED:
            return Pinged(phase=PingPhase.HEALTHY)
        case Answer.UNKNOWN:
            return pinged
        case _ if pinged.phase in (PingPhase.NEVER, PingPhase.LOST):
            return pinged
        case Answer.EXCUSED:
            return replace(pinged, silent=0)
        case Answer.SILENT:
            silent = pinged.silent + 1
            phase = PingPhase.LOST if silent > patience.pings else PingPhase.MISSING
            return Pinged(phase=phase, silent=silent)
        case Answer.ABSENT:
            since = now if pinged.absent_since is None else pinged.absent_since
            over = patience.absent > 0 and now >= later(since, patience.absent)
            return Pinged(phase=PingPhase.LOST if over else PingPhase.MISSING, absent_since=since)
        case _:
            assert_never(answer)
