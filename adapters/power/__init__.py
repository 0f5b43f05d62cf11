"""Power devices: who can switch a host off, how that is asked for, and what their answers are worth.

ClusterLabs' fence agents are the drivers; nothing here speaks a BMC's language. A host is switched on by its return
alone (`host-return: power-on`).
"""

from kasugai.adapters.power.agent import FenceAgent
from kasugai.adapters.power.devices_file import BadDevices
from kasugai.adapters.power.fencing import Device, DeviceTrouble, Fencing
from kasugai.adapters.power.none import NoPower
from kasugai.adapters.power.opening import devices, power_of

__all__ = [
    "BadDevices",
    "Device",
    "DeviceTrouble",
    "FenceAgent",
    "Fencing",
    "NoPower",
    "devices",
    "power_of",
]
