"""What a guest may be asked, as Nova's API has it: from which vm_states, by which task, to which end.

Source: Nova 34's compute/api.py (check_instance_state of each call), compute/instance_actions.py (how they are called)
and compute/manager.py (what each leaves). A guest that is suspended is off (libvirt saves its memory), one that is
paused stands still; one that is shelved is offloaded at once (shelved_offload_time is 0).
"""

from dataclasses import dataclass

from kasugai.sim.cloud.model import PAUSED, RUNNING, SHUT_DOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One thing that is asked of a guest."""

    action: str
    """As Nova calls it, in its instance actions and in what it refuses."""
    vm_states: tuple[str, ...]
    """In which it may be asked."""
    task: str
    """The task_state until it is carried out."""
    becomes: str
    """The vm_state afterwards."""
    power_state: int = RUNNING
    needs_host: bool = False
    """Whether Nova looks first whether the guest has a host at all."""
    is_at_once: bool = False
    """It takes no time where the host answers."""

    @property
    def event(self) -> str:
        """How nova-compute calls its part."""
        return f"compute_{self.action}_instance"


STOP = Verb(
    action="stop",
    vm_states=("active", "error"),
    task="powering-off",
    becomes="stopped",
    power_state=SHUT_DOWN,
    needs_host=True,
)
START = Verb(action="start", vm_states=("stopped",), task="powering-on", becomes="active", needs_host=True)
REBOOT = Verb(action="reboot", vm_states=("active",), task="rebooting", becomes="active")
SHELVE = Verb(
    action="shelve",
    vm_states=("active", "stopped", "paused", "suspended"),
    task="shelving",
    becomes="shelved_offloaded",
    power_state=SHUT_DOWN,
)
UNSHELVE = Verb(
    action="unshelve", vm_states=("shelved", "shelved_offloaded"), task="unshelving", becomes="active"
)

VERBS: dict[str, Verb] = {
    "stop": STOP,
    "start": START,
    "reboot": REBOOT,
    "hard reboot": Verb(
        action="reboot",
        vm_states=("active", "stopped", "paused", "suspended", "error"),
        task="rebooting_hard",
        becomes="active",
    ),
    "pause": Verb(
        action="pause",
        vm_states=("active",),
        task="pausing",
        becomes="paused",
        power_state=PAUSED,
        is_at_once=True,
    ),
    "unpause": Verb(
        action="unpause", vm_states=("paused",), task="unpausing", becomes="active", is_at_once=True
    ),
    "suspend": Verb(
        action="suspend",
        vm_states=("active",),
        task="suspending",
        becomes="suspended",
        power_state=SHUT_DOWN,
    ),
    "resume": Verb(action="resume", vm_states=("suspended",), task="resuming", becomes="active"),
    "rescue": Verb(
        action="rescue", vm_states=("active", "stopped", "error"), task="rescuing", becomes="rescued"
    ),
    "unrescue": Verb(action="unrescue", vm_states=("rescued",), task="unrescuing", becomes="active"),
    "shelve": SHELVE,
    "unshelve": UNSHELVE,
}
"""By how people call them."""

BY_TASK = {verb.task: verb for verb in VERBS.values()}
