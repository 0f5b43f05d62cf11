"""Every vm_state and every task_state that Nova has, and what a recovery does about a guest in it: one table.

vm_states and task_states are nova.compute.vm_states and task_states of Nova 34 (2026.1); what Nova's evacuate takes was
measured (nova.md). A state that is not here is one of a newer Nova: the guest is left, and told.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from kasugai.core.words.plan import Prior


class Do(StrEnum):
    """What is done about a guest."""

    MOVE = "move"
    ERROR_FIRST = "error-first"
    """Its vm_state is set to error first, which Nova evacuates."""
    LEAVE = "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What is done about a guest in a state."""

    do: Do
    why: str = ""
    """Why it is left."""
    prior: Prior | None = None
    """In which state it ends; None: by Nova's power_state."""


def _left(why: str) -> Treatment:
    return Treatment(do=Do.LEAVE, why=why)


VM_STATES: dict[str, Treatment] = {
    "active": Treatment(do=Do.MOVE, prior=Prior.ACTIVE),
    "stopped": Treatment(do=Do.MOVE, prior=Prior.STOPPED),
    "error": Treatment(do=Do.MOVE),
    "paused": Treatment(do=Do.ERROR_FIRST, prior=Prior.STOPPED),
    "suspended": Treatment(do=Do.ERROR_FIRST, prior=Prior.STOPPED),
    "rescued": Treatment(do=Do.ERROR_FIRST, prior=Prior.STOPPED),
    "resized": Treatment(do=Do.ERROR_FIRST),
    "building": _left("never-launched"),
    "shelved": _left("shelved"),
    "shelved_offloaded": _left("shelved"),
    "soft-delete": _left("deleted"),
    "deleted": _left("deleted"),
}
"""By vm_state. Memory that was paused or suspended is gone with the host: such guests end stopped, as with Masakari. A
shelved guest has its disk as an image in Glance, and its user unshelves it. Evacuating a guest that its user has
deleted (soft-delete: until the reclaim interval is over) would bring it back."""

UNKNOWN_STATE = "unknown-state-"
"""How the reason begins for which a guest is left whose vm_state is not in the table."""

LEAVING_TASKS = frozenset({"deleting", "soft-deleting"})
"""task_states of a guest whose user has just deleted it: an evacuation would bring it back (Nova checks no
task_state)."""


WISHES = {"powering-off": Prior.STOPPED, "powering-on": Prior.ACTIVE}
"""task_states of a guest whose user has just stopped or started it: on a dead host Nova takes the request and never
carries it out (nova.md), and the guest ends as its user wished."""


def treatment(vm_state: str, task_state: str | None) -> Treatment:
    """Return what is done about a guest in these states. Tasks that say that it may run elsewhere (`migrating`,
    `resize_*`) or that an evacuation is under way (`rebuild*`) are the step's own business; every other task died with
    the host, and the guest is treated by its vm_state."""
    if task_state in LEAVING_TASKS:
        return _left("deleted")
    usual = VM_STATES.get(vm_state) or _left(f"{UNKNOWN_STATE}{vm_state}")
    wish = WISHES.get(task_state or "")
    return usual if wish is None or usual.do is not Do.MOVE else replace(usual, prior=wish)


def was_left(why: str) -> bool:
    """Whether that is why a guest turned out to be left where it is after its plan was made."""
    return why.startswith(UNKNOWN_STATE) or any(why == each.why for each in VM_STATES.values() if each.why)
