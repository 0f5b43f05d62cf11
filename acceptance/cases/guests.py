"""Guests in mixed states on a host that will die, and what must have become of each (docs/recovery.md, *States*)."""

from collections.abc import Mapping
from dataclasses import dataclass

from acceptance.stack.admin import Admin


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Guests of one state."""

    count: int
    action: str
    """What is done to an active guest, with its argument, so that it is in that state; nothing for active ones."""
    argument: object = None
    status: str
    """Nova's status once that is done."""
    ends: str
    """The vm_state that it must have after its recovery."""


KINDS: Mapping[str, Kind] = {
    "active": Kind(count=22, action="", status="ACTIVE", ends="active"),
    "locked": Kind(count=5, action="lock", status="ACTIVE", ends="active"),
    "stopped": Kind(count=8, action="os-stop", status="SHUTOFF", ends="stopped"),
    "paused": Kind(count=5, action="pause", status="PAUSED", ends="stopped"),
    "suspended": Kind(count=4, action="suspend", status="SUSPENDED", ends="stopped"),
    "rescued": Kind(count=2, action="rescue", argument={}, status="RESCUE", ends="stopped"),
    "error": Kind(
        count=4, action="os-resetState", argument={"state": "error"}, status="ERROR", ends="active"
    ),
}
GUESTS = sum(kind.count for kind in KINDS.values())


def kind_of(name: str) -> Kind:
    """Return a guest's kind by its name, `paused-3`."""
    return KINDS[name.partition("-")[0]]


def names() -> list[str]:
    """Return the names of all guests."""
    return [f"{name}-{n}" for name, kind in KINDS.items() for n in range(1, kind.count + 1)]


def boot(admin: Admin, host: str) -> dict[str, str]:
    """Boot all on a host, bring each into its state, and return their ids by name."""
    ids = admin.boot(host, names())
    for name, uuid in ids.items():
        kind = kind_of(name)
        if kind.action:
            admin.act(uuid, kind.action, kind.argument).raise_for_status()
    for kind in KINDS.values():
        admin.await_status([ids[name] for name in ids if kind_of(name) is kind], kind.status)
    return ids
