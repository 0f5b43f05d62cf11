"""How long everything in the simulated cloud takes, in seconds.

The defaults are an idle laboratory with the real Nova's settings (nova.md: measured); nothing here decides anything.
"""

from dataclasses import dataclass

Span = tuple[float, float]
"""From and to: each time a value between them is drawn."""


def large_cloud(_in_progress: int) -> float:
    """Return how much slower each evacuation is: not at all, however many are in progress."""
    return 1.0


def two_cores(in_progress: int) -> float:
    """Return how much slower each evacuation is on a Nova that lives on two cores.

    Fitted to nova.md's figures: 30 guests of one host land after 30, 25, 23 and 32-36 s with 2, 4, 8 and all of them
    in progress, 50 guests at once after 67 s.
    """
    return 1.0 if in_progress <= 1 else 0.9 + 0.53 * in_progress + 0.03 * in_progress**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Durations in seconds. A call's effect happens when it arrives; its reply comes after `read`, `call`, ..."""

    report_interval: float = 10.0
    """nova-compute moves its record this often."""
    service_down_time: float = 60.0
    """A service that has not reported for longer is `down`."""
    rpc_timeout: float = 60.04
    """What a call waits for a compute that does not answer (nova.md: disabling a freshly dead host)."""
    wire: Span = (0.001, 0.005)
    """One way between a client and Nova."""
    read: Span = (0.01, 0.04)
    """Nova answers a GET."""
    call: Span = (0.02, 0.04)
    """Nova answers a PUT or an action (nova.md: 29 and 33 ms)."""
    evacuate: Span = (0.06, 0.25)
    """Nova answers an evacuate action on an idle box; more with what is in progress."""
    schedule: float = 0.4
    """From the call to the choice of a destination, or to `No valid host`."""
    claim: float = 0.3
    """From the choice to task rebuild_block_device_mapping."""
    attach: float = 0.1
    """From there to task rebuild_spawning."""
    spawn: float = 0.0
    """The hypervisor builds the guest (the fake driver takes no time)."""
    land: float = 0.1
    """ACTIVE with no task, still on the source, before the host changes."""
    conflict: float = 0.3
    """From a lost race for the task_state to the ERROR that it writes."""
    live: float = 2.0
    """A live migration copies a guest's memory."""
    cold: float = 0.0
    """A cold migration copies what a guest has on its host's own disks."""
    power: float = 0.3
    """A stop or a start on a living host."""
    turn: float = 0.0
    """One turn of a nova-compute that works on its guests in turns (see `turns`); 0: each guest goes its own way."""
    crowding: float = 0.0
    """How much longer a turn takes for each guest that it has in hand."""
    boot: float = 60.0
    """From power on to nova-compute running."""
    startup: float = 3.6
    """From nova-compute's start to the first work that waited for it (nova.md: os-stop)."""
    reap: float = 1800.0
    """From one look of a nova-compute for guests that Nova has deleted to the next."""
    lifecycle: float = 15.0
    """From a guest's end to the moment at which nova-compute looks into it (Nova 34's libvirt driver waits so long, for
    it may be a reboot)."""
    power_sync: float = 600.0
    """From one comparison of a nova-compute with its hypervisor to the next (sync_power_state_interval)."""
    device: Span = (0.05, 0.2)
    """A power device answers a question."""
    fence: Span = (1.0, 2.0)
    """From the start of a fence to the host being off."""


REAL = Pace()
"""An idle laboratory with production settings."""

CONVOY = Pace(turn=0.055, crowding=0.0014)
"""The real Nova of nova.md on its two cores: guests land as a convoy."""

QUICK = Pace(
    report_interval=1.0,
    service_down_time=6.0,
    boot=5.0,
    startup=0.4,
    lifecycle=1.5,
    power_sync=60.0,
    fence=(0.2, 0.4),
)
"""Fits the worker's test profile: reports every second."""
