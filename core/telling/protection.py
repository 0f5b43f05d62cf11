"""Whether a host would be recovered if it failed now, by all that the topics tell, and if not, why not. Pure.

That a host has no fence device, or that its agent is silent, is known only once that stood in the way of something; a
silence in Alertmanager likewise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kasugai.core.telling.host_states import ON_PROBATION, OUT, RETIRED, HostState, Place
from kasugai.core.words.incident import Phase
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.timing import Instant
from kasugai.core.words.verdicts import Reason


class Unprotected(StrEnum):
    """Why a host would not be recovered if it failed now, the first that fits."""

    NO_SEGMENT = "no-segment"
    """Faults about it came, and no segment has it: nothing is done about it."""
    RETIRED = "retired"
    """A person has given it up, and it is still described."""
    OUT = "out"
    """It is out of service since its recovery."""
    IN_RECOVERY = "in-recovery"
    """It has failed, and its incident is open."""
    MAINTENANCE = "maintenance"
    """An operator has set it aside."""
    PLANNED_STOP = "planned-stop"
    """Its segment is switched off on purpose."""
    DISARMED = "disarmed"
    """Its segment may not act, by its description, a command or a bug."""
    NO_FENCE_DEVICE = "no-fence-device"
    """It is held because nothing proves that it is off."""
    SILENCED = "silenced"
    """It is held because a silence in Alertmanager names it."""
    HELD = "held"
    """It is held for another reason."""
    AGENT_SILENT = "agent-silent"
    """Its own agent's silence is all that speaks against it: no heartbeat would tell that it dies."""
    SUSPECTED = "suspected"
    """Something speaks against it, and it is not known whether it lives."""


_GONE = {
    RETIRED: Unprotected.RETIRED,
    OUT: Unprotected.OUT,
    str(Phase.OPENED): Unprotected.IN_RECOVERY,
    str(Phase.RECOVERING): Unprotected.IN_RECOVERY,
}
"""By the host's state: what has already happened to it."""
_HELD: Mapping[str, Unprotected] = {
    Reason.MAINTENANCE: Unprotected.MAINTENANCE,
    Reason.PLANNED_STOP: Unprotected.PLANNED_STOP,
    Reason.DISARMED: Unprotected.DISARMED,
    Reason.DISARMED_BY_COMMAND: Unprotected.DISARMED,
    Reason.NO_FENCE_DEVICE: Unprotected.NO_FENCE_DEVICE,
    Reason.SILENCED: Unprotected.SILENCED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What there is to know about hosts and segments besides their descriptions."""

    states: Mapping[Place, HostState]
    disarmed: Mapping[str, Reason]
    """Why a segment may not act, by its id, whatever its description says."""
    stopped: frozenset[str]
    """Segments in a planned stop, by their ids."""
    silent: frozenset[Place]
    """Hosts that nothing but their own agents' silence speaks against."""


def unprotected(
    host: HostRecord, segment: SegmentRecord | None, state: HostState | None, known: Known, now: Instant
) -> Unprotected | None:
    """Return why a host is not protected; None: it is. `state`: where it stands; None: it is in service."""
    if segment is None:
        return Unprotected.NO_SEGMENT
    if state is not None and state.word in _GONE:
        return _GONE[state.word]
    if host.is_set_aside(now):
        return Unprotected.MAINTENANCE
    if host.segment_id in known.stopped:
        return Unprotected.PLANNED_STOP
    if not segment.armed or host.segment_id in known.disarmed:
        return Unprotected.DISARMED
    if state is None or state.word == ON_PROBATION:
        return None
    if state.word == Phase.HELD:
        return _HELD.get(state.why, Unprotected.HELD)
    is_silent = (host.segment_id, host.name) in known.silent
    return Unprotected.AGENT_SILENT if is_silent else Unprotected.SUSPECTED
