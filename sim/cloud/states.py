"""Nova's check of a guest's states before it takes a call (compute/api.py, check_instance_state)."""

from kasugai.sim.cloud.model import Guest, Refused


def need_host(guest: Guest) -> None:
    """Refuse with 409 where the guest is on no host, whatever its states (check_instance_host)."""
    if guest.host is None:
        raise Refused(409, f"Instance {guest.uuid} is not ready")


def need(guest: Guest, action: str, vm_states: tuple[str, ...]) -> None:
    """Refuse with 409 in another vm_state (measured), or with a task under way (its default; evacuate asks for
    neither)."""
    wrong = None
    if guest.vm_state not in vm_states:
        wrong = f"vm_state {guest.vm_state}"
    elif guest.task_state is not None:
        wrong = f"task_state {guest.task_state}"
    if wrong:
        raise Refused(409, f"Cannot '{action}' instance {guest.uuid} while it is in {wrong}")
