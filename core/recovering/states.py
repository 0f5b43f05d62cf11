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


class During(StrEnum):
    """What a task_state says about a guest of a dead host."""

    DIED = "died"
    """The task died with the host: the vm_state counts."""
    LEAVES = "leaves"
    """Its user has just deleted it: an evacuation would bring it back (Nova checks no task_state)."""
    MOVES = "moves"
    """It may already run elsewhere."""
    REBUILDS = "rebuilds"
    """An evacuation is under way."""
    STOPS = "stops"
    """Its user has just stopped it: on a dead host Nova takes the request and never carries it out (nova.md)."""
    STARTS = "starts"
    """Its user has just started it."""


def _each(what: During, names: str) -> dict[str, During]:
    return dict.fromkeys(names.split(), what)


TASK_STATES: dict[str, During] = {
    **_each(During.LEAVES, "deleting soft-deleting"),
    **_each(
        During.MOVES,
        "migrating resize_prep resize_migrating resize_migrated resize_finish resize_reverting resize_confirming",
    ),
    **_each(During.REBUILDS, "rebuilding rebuild_block_device_mapping rebuild_spawning"),
    **_each(During.STOPS, "powering-off"),
    **_each(During.STARTS, "powering-on"),
    **_each(During.DIED, "scheduling block_device_mapping networking spawning"),
    **_each(
        During.DIED,
        "image_snapshot image_snapshot_pending image_pending_upload image_uploading image_backup",
    ),
    **_each(
        During.DIED,
        "updating_password rebooting reboot_pending reboot_started rebooting_hard reboot_pending_hard "
        "reboot_started_hard",
    ),
    **_each(During.DIED, "pausing unpausing suspending resuming rescuing unrescuing restoring"),
    **_each(
        During.DIED,
        "shelving shelving_image_pending_upload shelving_image_uploading shelving_offloading unshelving",
    ),
}
"""By task_state."""

WISHES = {During.STOPS: Prior.STOPPED, During.STARTS: Prior.ACTIVE}
"""How a guest ends as its user wished."""


def during(task_state: str | None) -> During:
    """Return what a task_state says. One that is not in the table is one of a newer Nova: by its beginning it may be a
    migration or a rebuild, else it died with the host, as all the others did."""
    if task_state in TASK_STATES:
        return TASK_STATES[task_state]
    name = task_state or ""
    if name.startswith(("migrat", "resize_")):
        return During.MOVES
    return During.REBUILDS if name.startswith("rebuild") else During.DIED


def treatment(vm_state: str, task_state: str | None) -> Treatment:
    """Return what is done about a guest in these states. What may run elsewhere or is being evacuated is the step's own
    business."""
    task = during(task_state)
    if task is During.LEAVES:
        return _left("deleted")
    usual = VM_STATES.get(vm_state) or _left(f"{UNKNOWN_STATE}{vm_state}")
    wish = WISHES.get(task)
    return usual if wish is None or usual.do is not Do.MOVE else replace(usual, prior=wish)


def was_left(why: str) -> bool:
    """Whether that is why a guest turned out to be left where it is after its plan was made."""
    return why.startswith(UNKNOWN_STATE) or any(why == each.why for each in VM_STATES.values() if each.why)


NOT_RESTARTED: dict[str, str] = {
    "paused": "it is paused: a restart would lose its memory, and its user unpauses it",
    "suspended": "it is suspended: its user resumes it",
    "rescued": "it is in rescue mode: its user unrescues it",
    "resized": "its resize waits for a confirmation: confirm or revert it first",
    "building": "it is being built, or never was",
    "shelved": "it is shelved: its disk is an image, and its user unshelves it",
    "shelved_offloaded": "it is shelved: its disk is an image, and its user unshelves it",
    "soft-delete": "its user has deleted it",
    "deleted": "its user has deleted it",
}
"""Why a guest is left that is said to have failed, by vm_state."""
RESTARTED = ("active", "stopped", "error")
"""The vm_states from which a guest is restarted: Nova stops the first and the last of them, and starts the second."""


def why_not_restarted(vm_state: str) -> str:
    """Return why a guest in that vm_state is not restarted; empty for one that is. One of a newer Nova's is left."""
    if vm_state in RESTARTED:
        return ""
    return NOT_RESTARTED.get(vm_state) or f"this Kasugai does not know its state {vm_state!r}"
