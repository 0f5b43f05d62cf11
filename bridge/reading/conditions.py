"""The conditions of the table's rows, each a question to one notification."""

from kasugai.bridge.reading.heard import COMPUTE, Heard

OFF = ("paused", "suspended", "rescued", "shelved", "shelved_offloaded", "soft-delete", "resized")
MOVING = ("rebuild", "resiz", "migrat")
"""What stands in the tasks of a move."""
REQUESTERS = (
    *("NotFound", "Invalid", "InvalidState", "Forbidden"),
    *("Unauthorized", "Exceeded", "Conflict", "InUse"),
)
"""How the names of exceptions end that blame what was asked, not the host."""
ELSEWHERE = ("_Remote", "RemoteError", "MessagingTimeout")
"""How those end that were raised on another host, or by its silence."""
OURS = "Kasugai"
"""How every reason begins that we write into Nova's record of a service."""


def is_gone(heard: Heard) -> bool:
    """Whether the guest is deleted, or being deleted."""
    return heard.state in ("deleted", "soft-delete") or heard.task in ("deleting", "soft-deleting")


def turns(heard: Heard, state: str) -> bool:
    """Whether the guest gets into that state by this."""
    return heard.state == state and heard.was != state and not is_gone(heard)


def is_moving(heard: Heard) -> bool:
    """Whether it is in a rebuild, an evacuation, a resize or a migration."""
    return any(part in task for task in (heard.task, heard.was_task) for part in MOVING)


def is_by_hand(heard: Heard) -> bool:
    """Whether somebody has set its state, without any task."""
    return heard.user != "" and not heard.task and not heard.was_task


def never_ran(heard: Heard) -> bool:
    """Whether it is its first build."""
    return heard.was in ("building", "")


def errs(heard: Heard) -> bool:
    """Whether what Nova did with the guest has failed."""
    return turns(heard, "error") and not (never_ran(heard) or is_moving(heard) or is_by_hand(heard))


def is_stopped_by_nova(heard: Heard) -> bool:
    """Whether Nova has stopped it and nobody asked for that."""
    return turns(heard, "stopped") and not heard.task and heard.names_user and not heard.user


def blames_host(heard: Heard) -> bool:
    """Whether a nova-compute failed at what was asked, and what was asked is not to blame."""
    at_fault = not heard.exception.endswith(REQUESTERS)
    return heard.service == COMPUTE and heard.machine != "" and at_fault


def forced(heard: Heard) -> bool:
    """Whether a compute service is forced down."""
    return heard.binary == COMPUTE and heard.forced_down


def set_aside(heard: Heard) -> bool:
    """Whether one is disabled, and not forced down."""
    return heard.binary == COMPUTE and heard.disabled and not heard.forced_down
