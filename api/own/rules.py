"""Who may do what with Kasugai's own resources: rules of their own. Who may read the system may read, a project may
read of its own servers, all else is for admins, unless a policy file says otherwise.
"""

from collections.abc import Mapping
from typing import Final

from kasugai.core.words.signals import Instruction

PREFIX: Final = "kasugai:"

Told = tuple[str, tuple[tuple[str, str], ...]]
"""A sentence, and the operations by method and path."""

MOUNT: Final = "/kasugai/v1"

_ORDERS: Mapping[Instruction, str] = {
    Instruction.ARM: "Let a segment act again.",
    Instruction.DISARM: "Let a segment do nothing.",
    Instruction.HOLD: "Let nothing be done about a host.",
    Instruction.APPROVE: "Let a segment or a host pass a limit.",
    Instruction.CANCEL: "Give an incident up.",
    Instruction.RETRY: "Try a held or failed incident again.",
    Instruction.RETIRE: "Have the compute service of a host deleted that does not come back.",
    Instruction.BEGIN_STOP: "Let nothing be done in a segment that is switched off on purpose.",
    Instruction.END_STOP: "Let a planned stop end.",
}

_BY_LINK = (Instruction.HOLD, Instruction.APPROVE)


def _places(order: Instruction) -> tuple[tuple[str, str], ...]:
    links = (("POST", f"{MOUNT}/links/{{link}}"),) if order in _BY_LINK else ()
    return (("POST", f"{MOUNT}/commands"), *links)


OPERATIONS: Mapping[str, Told] = {
    "incidents:index": ("List incidents.", (("GET", f"{MOUNT}/incidents"),)),
    "incidents:detail": (
        "Show an incident, its plan and its story.",
        (
            ("GET", f"{MOUNT}/incidents/{{incident}}"),
            ("GET", f"{MOUNT}/incidents/{{incident}}/plan"),
            ("GET", f"{MOUNT}/incidents/{{incident}}/timeline"),
        ),
    ),
    "recoveries:index": (
        "List what became of the servers of one's own project.",
        (("GET", f"{MOUNT}/recoveries"),),
    ),
    "recoveries:detail": (
        "Show what became of a server of one's own project.",
        (("GET", f"{MOUNT}/recoveries/{{recovery}}"),),
    ),
    "recoveries:inside": (
        "See the hosts, the incident and the operator's words there, too.",
        (("GET", f"{MOUNT}/recoveries"), ("GET", f"{MOUNT}/recoveries/{{recovery}}")),
    ),
    "notification:assert": (
        "Assert that a host has been fenced: host_status NORMAL (else it is one witness).",
        (("POST", "/notifications"),),
    ),
    "notification:alive": (
        "Say that a host lives (STARTED): it ends what others hold against it (else it takes the API's own word back).",
        (("POST", "/notifications"),),
    ),
    "verdicts:index": ("Show why, and why not.", (("GET", f"{MOUNT}/verdicts"),)),
    "explain:show": (
        "Explain a host, an instance, a process or a segment: how it stands, why and why not.",
        (("GET", f"{MOUNT}/explain"),),
    ),
    **{f"commands:{order}": (sentence, _places(order)) for order, sentence in _ORDERS.items()},
}
"""Every rule by its name without the prefix."""

NOBODY: Final = "!"
OWNER, ADMIN = "rule:project_api", "rule:admin_api"
DEFAULTS: Mapping[str, str] = {
    "notification:assert": NOBODY,
    "recoveries:index": OWNER,
    "recoveries:detail": OWNER,
    "recoveries:inside": ADMIN,
}
"""Where the default is another one than the operation's."""
