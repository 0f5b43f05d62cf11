"""The options of [agents] and [liveness]: whose word a heartbeat is, and what its absence means.

Liveness' lengths of time are drawn from the core's dataclass, as policies are.
"""

from typing import Any

from oslo_config import cfg

from kasugai.adapters.settings.values import MASTER_KEYS_FILE, LivenessSettings
from kasugai.core.watching.rules import Rules
from kasugai.schemas.draw import field_docs

AGENTS = [
    cfg.StrOpt(
        "proof",
        default="hmac",
        choices=["hmac", "none"],
        help="How each word of an agent proves whose it is: `hmac`, by a key that each host has of its own "
        "(`kasugai agent enroll HOST`); what is not proved is a dead letter. With `none` whoever may write the agents' "
        "topics speaks as every host: for trials.",
    ),
    cfg.StrOpt(
        "master_keys_file",
        default=MASTER_KEYS_FILE,
        help="The master keys that hosts' keys follow from (`kasugai agent keys new` makes the file; mode 0600, or "
        "0640 with a group of its own), where route and liveness run, and on no hypervisor. It is looked at once a "
        "second. When this file is not there, and proof is hmac: nothing that agents say is believed.",
    ),
]

LIVENESS_BOUNDS: dict[str, tuple[int, int]] = {
    "silence": (1_000, 60_000),
    "repeat": (5_000, 45_000),
    "pulse": (100, 5_000),
    "reboot": (0, 3_600_000),
    "isolation": (1_000, 3_600_000),
    "forget": (600_000, 2_592_000_000),
    "memory": (10_000, 3_000_000),
}
"""What liveness' lengths of time may be, from and to (ms)."""


def liveness_options() -> list[Any]:
    """Return one option per length of time of `Rules`, in milliseconds, and its matrix as a list."""
    docs = field_docs(Rules)
    times = [
        cfg.IntOpt(name, default=getattr(Rules(), name), min=low, max=high, help=f"{docs[name]} (ms)")
        for name, (low, high) in LIVENESS_BOUNDS.items()
    ]
    return [
        *times,
        cfg.ListOpt("witness", default=[], help=docs["witness"], sample_default="storage,storage+tenant"),
    ]


def liveness_of(values: dict[str, Any]) -> LivenessSettings:
    """Return the group's settings."""
    witness = tuple("+".join(sorted(case.split("+"))) for case in values.pop("witness"))
    return LivenessSettings(rules=Rules(**values, witness=witness))
